// `bench` with a question, as people ask it: what is refused, what is written, and an adapter that cannot be loaded.
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { terminal } from './terminal.ts';

const { home, leave, run } = terminal('bench');
afterAll(leave);

test('questions that exclude each other, and names that do not exist, are refused in a sentence', async () => {
  for (const [args, said] of [
    [['--aa', '--scaling'], 'one question at a time, got --aa and --scaling'],
    [['--baseline', 'none'], 'there is no file'],
    [['--save-baseline', '../up'], 'is named by letters'],
    [['--aa', '--threshold', 'much'], 'percentage'],
    [['--port', 'nothing.ts'], 'there is no file nothing.ts'],
    [['--aa', '--filter', 'neg', '--inject', 'neg=2'], 'a task and a factor'],
  ] as const) {
    const { code, err, out } = await run(...args);
    expect([code, err + out]).toEqual([2, expect.stringContaining(said)]);
  }
});

test('a baseline is written under its name, and compared with', async () => {
  const quick = ['--filter', 'neg', '--time', '4', '--rounds', '2', '--out', 'here'] as const;
  expect((await run('--save-baseline', 'main', ...quick)).out).toContain('main.json');
  const baseline = JSON.parse(readFileSync(join(home, 'here/bench/baselines/main.json'), 'utf8')) as {
    readonly tasks: readonly { readonly name: string }[];
  }; // as written
  expect(baseline.tasks.map((t) => t.name)).toEqual(['neg small', 'neg medium', 'neg large']);
  const { code, out } = await run('--baseline', 'main', ...quick, '--threshold', '10000%');
  expect([code, out]).toEqual([2, '']); // no such threshold
  const compared = await run('--baseline', 'main', ...quick, '--threshold', '900%');
  expect(compared).toMatchObject({ code: 0, out: expect.stringContaining('Of 3 tasks none has changed.') });
});

test('what is no adapter of the benchmark is said to be none', async () => {
  writeFileSync(join(home, 'other.mjs'), 'export default 1;');
  const { code, err, out } = await run('--port', 'other.mjs', '--filter', 'W3/*', '--rounds', '2', '--time', '2');
  expect([code, err + out]).toEqual([3, expect.stringContaining('other.mjs')]);
});
