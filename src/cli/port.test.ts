// Ports as their authors meet them: a directory begun, what may not be begun, the first function, exit codes, and workers.
import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

const MAIN = fileURLToPath(new URL('./main.ts', import.meta.url));
const FAULTY = fileURLToPath(new URL('../../properties/process/faulty.ts', import.meta.url));
let home = '';
beforeAll(() => {
  home = mkdtempSync(join(tmpdir(), 'tautograd-port-'));
});
afterAll(() => rmSync(home, { recursive: true, force: true }));

interface Ran {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}
const runIn = (cwd: string, ...args: readonly string[]): Promise<Ran> =>
  new Promise((resolve) => {
    execFile(
      process.execPath,
      [MAIN, ...args],
      { cwd, env: { ...process.env, NO_COLOR: '1' }, maxBuffer: 2 ** 26 },
      (error, out, err) => resolve({ code: typeof error?.code === 'number' ? error.code : 0, out, err }),
    );
  });
const run = (...args: readonly string[]): Promise<Ran> => runIn(home, ...args);
/** A program of Node with one fault on the number 13, or none. */
const faulty = (fault: string): readonly string[] => ['--', process.execPath, FAULTY, fault];

describe('port init', () => {
  test('writes a port where there is nothing, and says how to go on', async () => {
    mkdirSync(join(home, 'own', '.git'), { recursive: true }); // a repository without files
    const { code, out, err } = await run('port', 'init', 'c', 'own');
    expect({ code, err }).toEqual({ code: 0, err: '' });
    const files = ['.git', '.github', '.gitignore', 'CONTRACT.md', 'README.md', 'port.c', 'protocol.c', 'protocol.h'];
    expect(readdirSync(join(home, 'own')).sort()).toEqual(files);
    expect(out).toMatch(
      /next:\n {2}cd own\n {2}cc .*\n {2}npx tautograd port doctor -- \.\/port\n {2}npx tautograd verify/,
    );
  });

  test('changes nothing where there is something', async () => {
    mkdirSync(join(home, 'full'));
    writeFileSync(join(home, 'full', 'port.py'), 'mine');
    writeFileSync(join(home, 'file'), 'mine');
    for (const [directory, why] of [
      ['full', 'full is not empty, it has port.py; name a new one, as: my-port'],
      ['file', 'file is no directory'],
    ] as const)
      expect(await run('port', 'init', 'python', directory)).toEqual({
        code: 2,
        out: '',
        err: `tautograd: init: ${why}\n`,
      });
    expect(readdirSync(join(home, 'full'))).toEqual(['port.py']);
    expect(readFileSync(join(home, 'full', 'port.py'), 'utf8')).toBe('mine');
  });

  test('knows its languages', async () => {
    for (const language of ['cobol', 'toString'])
      expect(await run('port', 'init', language, 'new')).toEqual({
        code: 2,
        out: '',
        err: `tautograd: init: there is no starter for "${language}", known are python, numpy, c, rust, javascript\n`,
      });
    expect(readdirSync(home)).not.toContain('new');
  });

  test('tells machines what it wrote', async () => {
    const { code, out } = await run('port', 'init', 'javascript', 'for-machines', '--json');
    expect(code).toBe(0);
    expect(JSON.parse(out)).toMatchObject({
      schema: 1,
      language: 'javascript',
      files: expect.arrayContaining(['port.js', 'CONTRACT.md']),
      next: ['cd for-machines', expect.stringContaining('npm install'), 'npx tautograd verify ./port.js'],
    });
  });
});

describe('exit code 3 says that the port crashed or broke the protocol, not that its mathematics is wrong:', () => {
  const law = ['--law', 'activation/value,meta/bounds-bite', '--runs', '5', '--json'];
  const CODES: readonly (readonly [string, string, number, RegExp])[] = [
    ['a program that dies at start', 'dead at start', 3, /ended with exit code 1 before it said hello/],
    ['a first line that is no message', 'logs at start', 3, /wrote a first line that is no message/],
    ['another protocol', 'protocol', 3, /said a hello that is wrong/],
    ['an entry that there is not', 'unknown entry', 3, /declares entries that the contract does not have/],
    ['an exit code after bye', 'wrong exit code', 3, /ended with exit code 5 after bye/],
    ['none of these', 'none', 0, /"crashed": 0/],
  ];
  for (const [name, fault, code, says] of CODES)
    test(name, async () => {
      const ran = await run('verify', ...law, ...faulty(fault));
      expect(`${ran.out}${ran.err}`).toMatch(says);
      expect(ran.code).toBe(code);
    });

  test('a call that it dies of, beside verdicts that stay', async () => {
    const ran = await run('verify', ...law, '--', process.execPath, FAULTY, 'die', 'always');
    expect(ran.code).toBe(3);
    const { checks } = JSON.parse(ran.out) as { readonly checks: readonly { readonly status: string }[] };
    expect(checks.map((c) => c.status).sort()).toEqual(['crashed', 'crashed', 'holds']);
  });

  test('a program that there is not is a slip of usage', async () => {
    expect(await run('verify', '--', '/no/such/program')).toMatchObject({
      code: 2,
      err: expect.stringMatching(/there is no program/),
    });
  });
});

test('verdicts on a program are the same with and without workers, failures and crashes included', async () => {
  const laws = 'activation/value,activation/derivative,activation/nan,purity/deterministic,meta/bounds-bite';
  const args = ['verify', '--law', laws, '--runs', '20', '--json', ...faulty('everything is the identity'), 'always'];
  const [alone, crew] = await Promise.all(
    ['0', '2'].map((workers) => {
      const directory = join(home, `workers-${workers}`); // what failed before is tried first: each has its own
      mkdirSync(directory);
      return runIn(directory, ...args.toSpliced(1, 0, '--workers', workers));
    }),
  );
  expect(crew).toEqual(alone);
  expect(alone).toMatchObject({ code: 3, err: '' });
  const { checks } = JSON.parse(alone?.out ?? '') as { readonly checks: readonly { readonly status: string }[] };
  expect([...new Set(checks.map((c) => c.status))].sort()).toEqual(['crashed', 'falsified', 'holds']);
});
