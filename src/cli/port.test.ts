// Ports as their authors meet them: a directory begun, what may not be begun, exit code 3, and verdicts from workers.
import { execFile } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { initCommand } from './init.ts';
import { type VerifyOptions, verifyCommand } from './verify.ts';

const MAIN = fileURLToPath(new URL('./main.ts', import.meta.url));
const FAULTY = fileURLToPath(new URL('../../properties/process/faulty.ts', import.meta.url));
const before = process.cwd();
const home = mkdtempSync(join(tmpdir(), 'tautograd-port-'));
beforeAll(() => process.chdir(home));
afterAll(() => {
  process.chdir(before);
  rmSync(home, { recursive: true, force: true });
});

/** What a command prints, and how it ends. */
const captured = async (command: () => number | Promise<number>) => {
  const lines: string[] = [];
  const stdout = vi.spyOn(process.stdout, 'write').mockImplementation((text) => lines.push(String(text)) > 0);
  try {
    return { code: await command(), out: lines.join('') };
  } finally {
    stdout.mockRestore();
  }
};

describe('port init', () => {
  const init = (language: string, directory: string, json = false) =>
    captured(() => initCommand(language, directory, '0.1.0', json));

  test('writes a port where there is nothing, and says how to go on', async () => {
    mkdirSync(join('own', '.git'), { recursive: true }); // a repository without files
    const { code, out } = await init('c', 'own');
    expect(code).toBe(0);
    const files = ['.git', '.github', '.gitignore', 'CONTRACT.md', 'README.md', 'port.c', 'protocol.c', 'protocol.h'];
    expect(readdirSync('own').sort()).toEqual(files);
    expect(out).toMatch(/10 entries are done in port\.c; CONTRACT\.md has \d{3} to go on with\n/);
    expect(out).toMatch(/\n {2}cd own\n {2}cc .*\n {2}\S+ \S+ port doctor -- \.\/port\n {2}\S+ \S+ verify/);
    expect(out).not.toContain('npx'); // which would ask the public registry, as nothing is installed
    expect(readFileSync(join('own', 'README.md'), 'utf8')).toMatch(/^tautograd verify -- \.\/port$/m);
    const [, node = '', main = ''] = /^ {2}(\S+) (\S+) verify/m.exec(out) ?? [];
    for (const path of [node, main]) expect(existsSync(resolve('own', path)), path).toBe(true);
  });

  test('begins where npm has put this package, but overwrites nothing of it', async () => {
    mkdirSync(join('beside', 'node_modules'), { recursive: true });
    writeFileSync(join('beside', 'package.json'), '{}');
    expect((await init('python', 'beside')).code).toBe(0);
    expect(readdirSync('beside')).toEqual(expect.arrayContaining(['node_modules', 'package.json', 'port.py']));
    mkdirSync('taken');
    writeFileSync(join('taken', 'package.json'), '{}');
    await expect(init('javascript', 'taken')).rejects.toMatchObject({
      message: 'init: taken is not empty, it has package.json; name a new one, as: my-port',
    });
    expect(readFileSync(join('taken', 'package.json'), 'utf8')).toBe('{}');
  });

  test('changes nothing where there is something, and says what', async () => {
    mkdirSync('full');
    writeFileSync(join('full', 'port.py'), 'mine');
    writeFileSync('file', 'mine');
    for (const [directory, why] of [
      ['full', 'full is not empty, it has port.py; name a new one, as: my-port'],
      ['file', 'file is no directory'],
      [join('file', 'below'), /ENOTDIR/],
    ] as const)
      await expect(init('python', directory)).rejects.toMatchObject({
        name: 'Error',
        exit: 2,
        message: typeof why === 'string' ? `init: ${why}` : expect.stringMatching(why),
      });
    expect(readdirSync('full')).toEqual(['port.py']);
    expect(readFileSync(join('full', 'port.py'), 'utf8')).toBe('mine');
  });

  test('knows its languages', async () => {
    for (const language of ['cobol', 'toString'])
      await expect(init(language, 'new')).rejects.toMatchObject({
        exit: 2,
        message: `init: there is no starter for "${language}", known are python, numpy, c, rust, javascript`,
      });
    expect(readdirSync('.')).not.toContain('new');
  });

  test('tells machines what it wrote', async () => {
    const { code, out } = await init('javascript', 'for-machines', true);
    expect(code).toBe(0);
    expect(JSON.parse(out)).toMatchObject({
      schema: 1,
      language: 'javascript',
      files: expect.arrayContaining(['port.js', 'CONTRACT.md']),
      next: [
        'cd for-machines',
        expect.stringMatching(/^\(cd \S+ && npm run build && npm pack\)$/),
        expect.stringMatching(/^npm install --save-dev \S+\/tautograd-0\.1\.0\.tgz$/),
        expect.stringMatching(/^\S+ \S+main\.ts verify \.\/port\.js$/),
      ],
    });
  });
});

describe('exit code 3 says that the port crashed or broke the protocol, not that its mathematics is wrong:', () => {
  const options: VerifyOptions = {
    law: 'activation/value,meta/bounds-bite',
    seed: 1,
    profile: 'ci',
    runs: 5,
    workers: 0,
    format: 'json',
    github: 'never',
  };
  /** A program of Node with one fault on the number 13, or with `always` on every one. */
  const verify = (...args: readonly string[]) =>
    captured(() => verifyCommand({ command: [process.execPath, FAULTY, ...args] }, options));
  const statuses = (out: string): readonly string[] =>
    (JSON.parse(out) as { readonly checks: readonly { readonly status: string }[] }).checks.map((c) => c.status).sort();

  const STARTS: Readonly<Record<string, RegExp>> = {
    'dead at start': /ended with exit code 1 before it said hello/,
    'logs at start': /wrote a first line that is no message/,
    protocol: /said a hello that is wrong/,
    'unknown entry': /declares entries that the contract does not have/,
  };
  for (const [fault, says] of Object.entries(STARTS))
    test(`a start with the fault “${fault}”`, async () => {
      await expect(verify(fault)).rejects.toMatchObject({ exit: 3, message: expect.stringMatching(says) });
    });

  test('an end with another exit code, though every law holds', async () => {
    const { code, out } = await verify('wrong exit code');
    expect(code).toBe(3);
    expect(statuses(out)).toEqual(['holds', 'holds', 'holds']);
    expect(out).toContain('ended with exit code 5 after bye');
  });

  test('calls that it dies of, beside a verdict that stays', async () => {
    const { code, out } = await verify('die', 'always');
    expect(code).toBe(3);
    expect(statuses(out)).toEqual(['crashed', 'crashed', 'holds']);
  });

  test('none of these', async () => {
    const { code, out } = await verify('none');
    expect(code).toBe(0);
    expect(statuses(out)).toEqual(['holds', 'holds', 'holds']);
  });

  test('a program that there is not is a slip of usage', async () => {
    await expect(captured(() => verifyCommand({ command: ['/no/such/program'] }, options))).rejects.toMatchObject({
      exit: 2,
      message: expect.stringMatching(/there is no program/),
    });
  });
});

test('verdicts on a program are the same with and without workers, failures and crashes included', async () => {
  const law = 'activation/value,activation/derivative';
  const command = [process.execPath, FAULTY, 'everything is the identity', 'always'];
  const options = { law, seed: 1, profile: 'ci', runs: 5, workers: 0, format: 'json', github: 'never' } as const;
  rmSync('.tautograd', { recursive: true, force: true }); // what failed before would be tried first
  const alone = await captured(() => verifyCommand({ command }, options));
  const cwd = join(home, 'workers');
  mkdirSync(cwd);
  const args = ['verify', '--law', law, '--runs', '5', '--json', '--workers', '2', '--', ...command];
  const crew = await new Promise<object>((resolve) => {
    execFile(process.execPath, [MAIN, ...args], { cwd, maxBuffer: 2 ** 26 }, (error, out, err) =>
      resolve({ code: error?.code ?? 0, out, err }),
    );
  });
  expect(crew).toEqual({ ...alone, err: '' });
  expect(alone.code).toBe(3);
  const { checks } = JSON.parse(alone.out) as { readonly checks: readonly { readonly status: string }[] };
  expect([...new Set(checks.map((c) => c.status))].sort()).toEqual(['crashed', 'falsified', 'holds']);
}, 300_000);
