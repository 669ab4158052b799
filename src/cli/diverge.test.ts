// `tautograd diverge` as people meet it: a port, a program or a file, exit codes, JSON, and one sentence per fault.
import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';

const at = (path: string): string => JSON.stringify(new URL(path, import.meta.url).href);
const MAIN = fileURLToPath(new URL('./main.ts', import.meta.url));
let home = '';
beforeAll(() => {
  home = mkdtempSync(join(tmpdir(), 'tautograd-diverge-'));
});
afterAll(() => rmSync(home, { recursive: true, force: true }));

interface Ran {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}
const run = (...args: readonly string[]): Promise<Ran> =>
  new Promise((resolve) => {
    execFile(
      process.execPath,
      [MAIN, 'diverge', ...args],
      { cwd: home, env: { ...process.env, NO_COLOR: '1' }, maxBuffer: 2 ** 26 },
      (error, out, err) => resolve({ code: typeof error?.code === 'number' ? error.code : 0, out, err }),
    );
  });

/** The built-in trainings with other arguments, in an adapter of its own. */
const adapter = (name: string, change: string): string => {
  writeFileSync(
    join(home, `${name}.mjs`),
    `import { definePort } from ${at('../../properties/port.ts')};
import home from ${at('../../properties/ports/home.ts')};
const train = (a) => home.call('training.network.fit', a);
const fit = (a) => ${change};
export default definePort({ engine: '${name}', version: '1', dtype: 'f64', entries: { training: { network: { fit } } } });`,
  );
  return `${name}.mjs`;
};

/** The same as a program that speaks the protocol. */
const program = (name: string): string => {
  writeFileSync(
    join(home, `${name}.mjs`),
    `import { createInterface } from 'node:readline';
import home from ${at('../../properties/ports/home.ts')};
import { recordOf, textOf } from ${at('../../properties/protocol.ts')};
const say = (v) => process.stdout.write(textOf(v, { tensors: 'json', dtype: 'f64' }) + '\\n');
for await (const line of createInterface(process.stdin)) {
  const m = JSON.parse(line);
  if (m.type === 'hello') say({ type: 'hello', protocol: 1, engine: '${name}', version: '1', dtype: 'f64', entries: ['training.network.fit'] });
  else if (m.type === 'call') say({ type: 'answer', id: m.id, answers: m.calls.map(({ entry, args }) => ({ result: home.call(entry, recordOf(args)) })) });
  else process.exit(0);
}`,
  );
  return `${name}.mjs`;
};

const SMALL = ['--steps', '2', '--layers', '2'] as const;

test('exits 0 where every step agrees: the built-in engine, and a program', async () => {
  expect(await run(...SMALL)).toMatchObject({
    code: 0,
    out: expect.stringMatching(/^✓ tautograd 0\.1\.0 \(f64\), adam, 2 steps: every step agrees, margin 0\.\d+\n/),
    err: '',
  });
  const spoken = await run(...SMALL, '--optimizer', 'sgd', '--', process.execPath, program('speaks'));
  expect(spoken).toMatchObject({ code: 0, out: expect.stringMatching(/^✓ speaks 1 \(f64\), sgd, 2 steps/), err: '' });
});

test('exits 1 where one does not, and its record says the same, for people and for machines', async () => {
  const port = adapter('summing', `train({ ...a, reduction: 'sum' })`);
  const asked = await run('--port', port, ...SMALL, '--record', 'out/training.json');
  expect(asked.code).toBe(1);
  expect(asked.out).toMatch(/^✗ summing 1 \(f64\), adam, 2 steps: diverges at step 1, loss\n {4}expected {3}\d/);
  expect(asked.out).toMatch(/\n {4}fits {7}convention loss reduction sum\n/);
  const again = await run('out/training.json');
  expect(again).toEqual(asked);
  const machine = await run('out/training.json', '--json');
  expect(machine.code).toBe(1);
  expect(JSON.parse(machine.out)).toMatchObject({
    schema: 1,
    engine: 'summing',
    agrees: false,
    steps: 2,
    first: { step: 1, tensor: 'loss', element: [] },
    readings: [{ says: 'loss reduction sum', kind: 'convention', fits: true, steps: 2 }, {}, {}],
  });
});

test('exits 2 with one sentence where it is asked wrongly, and 3 where the port fails', async () => {
  writeFileSync(join(home, 'broken.json'), '{"schema":1,"engine":"mine"}');
  const failing = adapter('failing', `(() => { throw new Error('out of memory'); })()`);
  const short = adapter('short', '({ ...train(a), losses: [1] })');
  const cases: readonly (readonly [code: number, says: RegExp, ...args: string[]])[] = [
    [2, /^tautograd: diverge: there is no file none\.json\n$/, 'none.json'],
    [2, /^tautograd: diverge: there is no file none\.mjs\n$/, '--port', 'none.mjs'],
    [2, /^tautograd: diverge: broken\.json: "layers" is wrong, expected array, received undefined\n$/, 'broken.json'],
    [
      2,
      /^tautograd: diverge: either a file or a port, got broken\.json and a port as well\n$/,
      'broken.json',
      '--port',
      failing,
    ],
    [2, /^tautograd: diverge: --hyper takes numbers by name, as lr=0\.1,beta1=0\.9, got "lr"\n$/, '--hyper', 'lr'],
    [2, /^tautograd: diverge: hyper: .*no row is called "rate", known are lr, /, '--hyper', 'rate=1'],
    [
      2,
      /^tautograd: diverge: layers: each is a number of units, batch_norm, or an activation, got "conv"\n$/,
      '--layers',
      '4,conv',
    ],
    [2, /^tautograd: optimizer: no row is called "adamant", known are /, '--optimizer', 'adamant'],
    [3, /^tautograd: diverge: training\.network\.fit: the port threw Error: out of memory\n$/, '--port', failing],
    [
      3,
      /^tautograd: diverge: training\.network\.fit: the port answered wrongly, after\.losses: there are 20 batches, one per step, got 1\n$/,
      '--port',
      short,
    ],
  ];
  for (const [code, says, ...args] of cases) {
    const ran = await run(...args);
    expect(ran.err, args.join(' ')).toMatch(says);
    expect(ran.code, args.join(' ')).toBe(code);
    expect(ran.out).toBe('');
  }
});
