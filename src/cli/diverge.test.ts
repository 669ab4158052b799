// `tautograd diverge` as people meet it: a port, a program or a file, exit codes, JSON, and one sentence per fault.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { TautogradError } from '../index.ts';
import { type DivergeOptions, divergeCommand } from './diverge.ts';
import { CommandFault } from './fault.ts';
import { terminal } from './terminal.ts';

const at = (path: string): string => JSON.stringify(new URL(path, import.meta.url).href);
const { home, leave, run } = terminal('diverge');
afterAll(leave);

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

test('the built-in engine agrees, and the exit code is 0', async () => {
  expect(await run(...SMALL)).toMatchObject({
    code: 0,
    out: expect.stringMatching(/^✓ tautograd 0\.1\.0 \(f64\), adam, 2 steps: every step agrees, margin 0\.\d+\n/),
    err: '',
  });
});

test('a program is asked behind --', async () => {
  expect(await run(...SMALL, '--optimizer', 'sgd', '--', process.execPath, program('speaks'))).toMatchObject({
    code: 0,
    out: expect.stringMatching(/^✓ speaks 1 \(f64\), sgd, 2 steps: every step agrees/),
    err: '',
  });
});

test('a port that diverges is named with exit code 1, and its record says the same to a machine', async () => {
  const port = adapter('summing', `train({ ...a, reduction: 'sum' })`);
  const asked = await run('--port', port, ...SMALL, '--record', 'out/training.json');
  expect(asked).toMatchObject({ code: 1, err: '' });
  expect(asked.out).toMatch(/^✗ summing 1 \(f64\), adam, 2 steps: diverges at step 1, loss\n {4}expected {3}\d/);
  expect(asked.out).toMatch(/\n {4}fits {7}convention loss reduction sum\n/);
  const machine = await run('out/training.json', '--json');
  expect(machine).toMatchObject({ code: 1, err: '' });
  expect(JSON.parse(machine.out)).toMatchObject({
    schema: 1,
    engine: 'summing',
    agrees: false,
    steps: 2,
    first: { step: 1, tensor: 'loss', element: [] },
    readings: [{ says: 'loss reduction sum', kind: 'convention', fits: true, steps: 2 }, {}, {}, {}],
  });
});

describe('what cannot be followed ends in one sentence', () => {
  const options: DivergeOptions = {
    layers: '2',
    loss: 'mse',
    reduction: 'mean',
    optimizer: 'adam',
    inputs: 3,
    samples: 4,
    steps: 2,
    seed: 1,
  };
  const ended = async (file: string | undefined, changed: Partial<DivergeOptions> = {}): Promise<unknown> => {
    try {
      return await divergeCommand(file, undefined, { ...options, ...changed });
    } catch (error) {
      return error;
    }
  };
  const inHome = (file: string): string => join(home, file);

  test.each<readonly [string, string | undefined, Partial<DivergeOptions>, RegExp]>([
    ['no file', 'none.json', {}, /^diverge: there is no file none\.json$/],
    [
      'a file and a port',
      'a.json',
      { port: 'b.mjs' },
      /^diverge: either a file or a port, got a\.json and a port as well$/,
    ],
    ['no adapter', undefined, { port: 'none.mjs' }, /^diverge: there is no file none\.mjs$/],
    [
      'no number',
      undefined,
      { hyper: 'lr' },
      /^diverge: --hyper takes numbers by name, as lr=0\.1,beta1=0\.9, got "lr"$/,
    ],
    [
      'no hyper-parameter',
      undefined,
      { hyper: 'rate=1' },
      /^diverge: hyper: .*no row is called "rate", known are lr, /,
    ],
    [
      'no layer',
      undefined,
      { layers: '4,conv' },
      /^diverge: layers: each is a number of units, batch_norm, or an activation, got "conv"$/,
    ],
    ['no optimizer', undefined, { optimizer: 'adamant' }, /^optimizer: no row is called "adamant", known are /],
  ])('%s: 2', async (_, file, changed, says) => {
    const fault = await ended(file, changed);
    expect(fault).toBeInstanceOf(Error);
    expect((fault as Error).message).toMatch(says);
    if (fault instanceof CommandFault) expect(fault.exit).toBe(2);
    else expect(fault).toBeInstanceOf(TautogradError); // which the command line gives the same code
  });

  test('a file that is none: 2', async () => {
    writeFileSync(inHome('broken.json'), '{"schema":1,"engine":"mine"}');
    expect(await ended(inHome('broken.json'))).toMatchObject({
      exit: 2,
      message: expect.stringMatching(/broken\.json: "layers" is wrong, expected array, received undefined$/),
    });
  });

  test('a port that fails, or leaves out what it must give: 3', async () => {
    const failing = adapter('failing', `(() => { throw new Error('out of memory'); })()`);
    expect(await ended(undefined, { port: inHome(failing) })).toMatchObject({
      exit: 3,
      message: 'diverge: training.network.fit: the port threw Error: out of memory',
    });
    const short = adapter('short', '({ ...train(a), losses: [1] })');
    expect(await ended(undefined, { port: inHome(short) })).toMatchObject({
      exit: 3,
      message:
        'diverge: training.network.fit: the port answered wrongly, after.losses: there are 2 batches, one per step, got 1',
    });
  });
});
