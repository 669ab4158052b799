// Readers of golden vectors in C and Python under test: bit for bit the same numbers, all right for a right engine, and a fault is named.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ENTRIES } from '../../contract.ts';
import { LAWS } from '../../laws/index.ts';
import { type Case, numbersIn } from '../../vectors/case.ts';
import { filesOf, writeFiles } from '../../vectors/files.ts';
import { SEED, vectorsOf } from '../../vectors/make.ts';
import home from '../home.ts';

const ROOT = join(import.meta.dirname, '../../..');
const READER = join(import.meta.dirname, 'python');
const compiler = spawnSync('cc', ['--version']).status === 0 && spawnSync('make', ['--version']).status === 0;
const python = spawnSync('python3', ['--version']).status === 0;
const run = (command: string, args: readonly string[], cwd = ROOT) =>
  spawnSync(command, args, {
    cwd,
    encoding: 'utf8',
    maxBuffer: 2 ** 26,
    env: { ...process.env, PYTHONDONTWRITEBYTECODE: '1' },
  });

const scratch = mkdtempSync(join(tmpdir(), 'tautograd-readers-'));
const [whole, bent] = [join(scratch, 'whole'), join(scratch, 'bent')];
let cases: readonly Case[] = [];
beforeAll(async () => {
  const kinds = /^(clip|gain|random|session|perceptron)\./;
  const laws = LAWS.filter((l) => /^(clip|rng|perceptron)\/|gain-of|text-round-trip/.test(l.id));
  cases = await vectorsOf(home, { laws, entries: new Set([...ENTRIES.keys()].filter((id) => kinds.test(id))) });
  writeFiles(filesOf(cases, home, SEED), whole);
  // a number beyond what is allowed, in the last case of clipping
  const [last] = cases.filter((c) => c.op === 'clip.by_norm.apply').slice(-1);
  const wrong = cases.map((c) =>
    c === last
      ? {
          ...c,
          known: {
            gradients: { ...c.known.gradients, value: [{ shape: [1], data: [1e9] }], allowed: [0], signed: false },
          },
        }
      : c,
  );
  writeFiles(filesOf(wrong, home, SEED), bent);
}, 600_000);
afterAll(() => rmSync(scratch, { recursive: true, force: true }));

describe.skipIf(!compiler)('the reader in C (skipped where there is no C compiler)', () => {
  const [program, port] = [join(scratch, 'check'), join(scratch, 'port')];
  beforeAll(() => {
    const made = run('make', ['-C', join(import.meta.dirname, 'c'), `O=${scratch}`, 'CHECKED=1', program, port]);
    expect(made.status, made.stderr).toBe(0);
  }, 600_000);

  test('finds the complete port right', () => {
    const { status, stdout } = run(program, [whole]);
    expect(stdout).toBe(`${cases.length} cases: ${cases.length} right, 0 wrong, 0 not covered\n`);
    expect(status).toBe(0);
  }, 120_000);

  test('agrees with the command that asks the port by messages', () => {
    const { status, stdout } = run(process.execPath, [
      'src/cli/main.ts',
      'vectors',
      'check',
      '--from',
      whole,
      '--',
      port,
    ]);
    expect(stdout).toContain(`${cases.length} right, 0 wrong, 0 crashed, 0 not covered`);
    expect(status).toBe(0);
  }, 120_000);

  test('names the case that is wrong', () => {
    const { status, stdout } = run(program, [bent]);
    expect(stdout).toMatch(/^clip\.by_norm\.apply\/\d+: gradients: /);
    expect(stdout).toContain(' 1 wrong, ');
    expect(status).toBe(1);
    expect(run(program, [scratch]).status).toBe(2);
  }, 120_000);
});

describe.skipIf(!python)('the reader in Python (skipped where there is no Python)', () => {
  const clip = `
ENTRIES = ['clip.by_value.apply', 'session.text.round_trip', 'gain.relu.value', 'random.bernoulli.from_uniforms']
def answer(op, args):
    if op == 'session.text.round_trip': return {'values': args['values']}
    if op == 'gain.relu.value': return {'gain': GAIN}
    if op == 'random.bernoulli.from_uniforms':
        return {'values': {'shape': args['u']['shape'], 'data': [float(u < args['p']) for u in args['u']['data']]}}
    cut = lambda g: {'shape': g['shape'], 'data': [min(max(x, -args['limit']), args['limit']) for x in g['data']]}
    return {'gradients': [cut(g) for g in args['gradients']]}
`;
  const right = clip.replace('GAIN', '2 ** 0.5');

  test('gives every number bit for bit, those of the file of tensors too', () => {
    const script = `
import sys, struct
sys.path.insert(0, ${JSON.stringify(READER)})
import vectors
for case in vectors.cases(${JSON.stringify(whole)}):
    all = vectors.numbers(case['args']) + vectors.numbers(case['outputs'])
    print(case['op'], struct.pack(f'<{len(all)}d', *all).hex())
`;
    const { stdout, stderr } = run('python3', ['-c', script]);
    const lines = stdout.trimEnd().split('\n').sort();
    expect(stderr).toBe('');
    const expected = cases.map((c) => {
      const all = [...numbersIn(c.args), ...Object.values(c.known).flatMap((k) => numbersIn(k.value))];
      return `${c.op} ${Buffer.from(Float64Array.from(all).buffer).toString('hex')}`;
    });
    // NaN has one spelling in the files, and many bits
    const plain = (line: string): string => line.replaceAll('000000000000f8ff', '000000000000f87f');
    expect(lines.map(plain)).toEqual(expected.map(plain).sort());
  }, 120_000);

  test('judges a port that answers some of the entries, and writes its answers for the command', () => {
    writeFileSync(join(scratch, 'port.py'), right);
    const answers = join(scratch, 'answers.jsonl');
    const { status, stdout } = run('python3', [join(READER, 'vectors.py'), whole, '--answers', answers], scratch);
    const known = cases.filter((c) => /^(clip\.by_value|session|gain\.relu|random\.bernoulli)/.test(c.op)).length;
    expect(stdout).toBe(`${cases.length} cases: ${known} right, 0 wrong, ${cases.length - known} not covered\n`);
    expect(status).toBe(0);
    const told = run(process.execPath, ['src/cli/main.ts', 'vectors', 'check', '--from', whole, '--answers', answers]);
    expect(told.stdout).toContain(`${known} right, 0 wrong, 0 crashed, ${cases.length - known} not covered`);
    expect(told.status).toBe(0);
  }, 120_000);

  test('names the case that is wrong, as the command does', () => {
    writeFileSync(join(scratch, 'port.py'), clip.replace('GAIN', '1.4142'));
    const answers = join(scratch, 'wrong.jsonl');
    const { status, stdout } = run('python3', [join(READER, 'vectors.py'), whole, '--answers', answers], scratch);
    expect(stdout).toMatch(
      /^gain\.relu\.value\/1: gain, number 0: expected 1\.414213562\d+, got 1\.4142, allowed error /,
    );
    expect(status).toBe(1);
    expect(readFileSync(answers, 'utf8')).toContain('{"id": "gain.relu.value/1", "outputs": {"gain": 1.4142}}');
    const told = run(process.execPath, ['src/cli/main.ts', 'vectors', 'check', '--from', whole, '--answers', answers]);
    expect(told.stdout).toContain('✗ gain.relu.value/1  (initializer/gain-of-activation)');
    expect(told.status).toBe(1);
  }, 120_000);
});
