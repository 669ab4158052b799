// The GitHub Action under test: its steps are read as YAML and run in bash, against a right port and a wrong one.
import { spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, test } from 'vitest';
import { filesOf, STARTERS } from '../../properties/ports/starters.ts';
import { terminal } from './terminal.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const { home, leave } = terminal();
afterAll(leave);

/** What Python makes of a file, as JSON; null where there is no Python that can. */
const python = <T>(program: string, file: string): T | null => {
  const { status, stdout } = spawnSync('python3', ['-c', `import json, sys\n${program}`, file], { encoding: 'utf8' });
  return status === 0 ? (JSON.parse(stdout) as T) : null;
};
const yaml = <T>(file: string): T | null =>
  python('import yaml\nprint(json.dumps(yaml.safe_load(open(sys.argv[1], encoding="utf-8"))))', file);
/** Name, kind and text of every failure in a file of JUnit. */
const failuresIn = (file: string): readonly (readonly string[])[] | null =>
  python(
    `import xml.etree.ElementTree as xml
cases = xml.parse(sys.argv[1]).iter('testcase')
print(json.dumps([[c.get('name'), f.tag, f.text] for c in cases for f in c if f.tag in ('failure', 'error')]))`,
    file,
  );

interface Step {
  readonly id?: string;
  readonly uses?: string;
  readonly run?: string;
  readonly if?: string;
  readonly env?: Readonly<Record<string, string>>;
  readonly with?: Readonly<Record<string, string>>;
}
interface Action {
  readonly inputs: Readonly<Record<string, { readonly default: string }>>;
  readonly outputs: Readonly<Record<string, { readonly value: string }>>;
  readonly runs: { readonly using: string; readonly steps: readonly Step[] };
}
interface Workflow {
  readonly permissions: Readonly<Record<string, string>>;
  readonly concurrency?: object;
  readonly jobs: Readonly<Record<string, { readonly 'timeout-minutes': number; readonly steps: readonly Step[] }>>;
}

const ACTION = join(ROOT, '.github/actions/verify/action.yml');
const action = yaml<Action>(ACTION);
const missing = 'there is no python3 with yaml here';
const bash = spawnSync('bash', ['--version']).status === 0;

/** The workflow that `port init` writes, for each language. */
const begun = Object.entries(STARTERS).map(([name, starter]) => {
  const file = join(home, `${name}.yml`);
  writeFileSync(file, filesOf(name, starter, '1.2.3').get('.github/workflows/tautograd.yml') ?? '');
  return [`port init ${name}`, file] as const;
});
const workflows = [
  ...readdirSync(join(ROOT, '.github/workflows')).map((f) => [f, join(ROOT, '.github/workflows', f)] as const),
  ...begun,
];

test.each(workflows)('%s may read only, ends in time, and uses what is pinned', (name, file) => {
  const workflow = yaml<Workflow>(file);
  if (workflow === null) return expect(process.env.CI, missing).toBeUndefined();
  expect(workflow.permissions).toEqual({ contents: 'read' });
  if (!name.startsWith('port init')) expect(workflow.concurrency).toBeDefined();
  for (const job of Object.values(workflow.jobs)) {
    expect(job['timeout-minutes']).toBeLessThanOrEqual(30);
    for (const { uses, run, with: given = {} } of job.steps) {
      expect(run ?? '').not.toContain('${{');
      if (uses === './.github/actions/verify')
        expect(Object.keys(action?.inputs ?? given)).toEqual(expect.arrayContaining(Object.keys(given)));
      else if (uses !== undefined) expect(uses).toMatch(/^actions\/[\w-]+@[0-9a-f]{40}$/);
    }
  }
  expect(readFileSync(file, 'utf8')).not.toMatch(/@[0-9a-f]{40}(?! # v\d+\.\d+\.\d+$)/m);
});

test('the action has every input in the environment of a step, none in its text', ({ skip }) => {
  if (action === null) return skip(missing);
  const { steps, using } = action.runs;
  expect(using).toBe('composite');
  const used = steps.flatMap((s) => [...Object.values(s.env ?? {}), ...Object.values(s.with ?? {}), s.if ?? '']).join();
  for (const input of Object.keys(action.inputs)) expect(used).toContain(`inputs.${input}`);
  for (const { run = '' } of steps) expect(run).not.toContain('${{');
  for (const { uses = 'actions/x@'.padEnd(50, '0') } of steps) expect(uses).toMatch(/^actions\/[\w-]+@[0-9a-f]{40}$/);
});

/** Runs the step that verifies as a runner does, in a project that has tautograd installed; what it gave and wrote. */
const verified = (inputs: Readonly<Record<string, string>>) => {
  if (action === null || !bash) return null;
  const step = action.runs.steps.find((s) => s.id === 'verify');
  const given: Readonly<Record<string, string>> = {
    ...Object.fromEntries(Object.entries(action.inputs).map(([name, { default: value }]) => [name, value])),
    ...inputs,
  };
  const env = Object.entries(step?.env ?? {}).map(([name, text]) => [
    name,
    text.replace(/\$\{\{ inputs\.([\w-]+) \}\}/g, (_, input: string) => given[input] ?? ''),
  ]);
  for (const file of ['output', 'summary.md', 'tautograd.xml']) rmSync(join(home, file), { force: true });
  const own = { ...process.env, PATH: `${dirname(process.execPath)}:${process.env.PATH}` };
  const told = {
    GITHUB_ACTIONS: 'true',
    GITHUB_OUTPUT: join(home, 'output'),
    GITHUB_STEP_SUMMARY: join(home, 'summary.md'),
  };
  const { status, stdout, stderr } = spawnSync(
    'bash',
    ['--noprofile', '--norc', '-eo', 'pipefail', '-c', step?.run ?? ''],
    {
      cwd: home,
      env: { ...own, ...told, ...Object.fromEntries(env) },
      encoding: 'utf8',
    },
  );
  const read = (file: string): string => readFileSync(join(home, file), 'utf8');
  return { status, stdout, stderr, output: read('output'), read };
};

describe('the step that verifies', () => {
  const tool = join(home, 'node_modules/.bin/tautograd');
  mkdirSync(dirname(tool), { recursive: true });
  writeFileSync(tool, `#!/bin/sh\nexec '${process.execPath}' '${join(ROOT, 'src/cli/main.ts')}' "$@"\n`);
  chmodSync(tool, 0o755);
  writeFileSync(join(home, 'package.json'), '{ "private": true }');
  const port = (name: string, value: string): string => {
    writeFileSync(
      join(home, `${name}.mjs`),
      `import { definePort } from ${JSON.stringify(new URL('../../properties/adapter.ts', import.meta.url).href)};
const forward = ({ x }) => ({ y: { shape: x.shape, data: Array.from(x.data, (v) => ${value}) } });
export default definePort({ engine: '${name} | <b>', version: '1', dtype: 'f64', entries: { activation: { relu: { forward } } } });`,
    );
    return `${name}.mjs`;
  };
  const law = 'activation/value,activation/monotone,loss/value';

  test('passes a right port, and says so', ({ skip }) => {
    const ran = verified({ adapter: port('right', 'v > 0 ? v : 0 * v'), law, 'working-directory': './' });
    if (ran === null) return skip(missing);
    expect(ran.status, ran.stderr).toBe(0);
    expect(ran.output).toBe('verdict=holds\njunit=./tautograd.xml\n');
    expect(ran.read('summary.md')).toMatch(/^## ✓ right &#124; &lt;b&gt; 1 \(f64\): every law that applies holds\n/);
    expect(failuresIn(join(home, 'tautograd.xml'))).toEqual([]);
    expect(ran.stdout).not.toContain('::error');
  });

  test('fails a wrong one, with the card in the summary, in JUnit and as an annotation', ({ skip }) => {
    const ran = verified({ adapter: port('wrong', 'v > 3 ? 3 : v > 0 ? v : 0 * v'), law, args: '--runs 50' });
    if (ran === null) return skip(missing);
    expect(ran.status, ran.stderr).toBe(1);
    expect(ran.output).toBe('verdict=falsified\njunit=./tautograd.xml\n');
    const [[name, kind, card = ''] = [], ...others] = failuresIn(join(home, 'tautograd.xml')) ?? [];
    expect([name, kind, others.length]).toEqual(['activation/value [relu]', 'failure', 0]);
    expect(card).toMatch(
      /✗ activation\/value \[relu\] {2}falsified[\s\S]*found +y: expected [\s\S]*got 3\n[\s\S]*replay/,
    );
    const summary = ran.read('summary.md');
    expect(summary).toMatch(/^## ✗ wrong &#124; &lt;b&gt; 1 \(f64\): 1 failure\n/);
    expect(summary).toMatch(
      /^\| ✗ \| <code>activation\/value<\/code> \| relu \| falsified \| y: expected .*, got 3 \|$/m,
    );
    expect(summary).toContain(`<pre>${card.replaceAll('"', '&quot;')}</pre>`);
    expect(ran.stdout).toMatch(/^::error title=activation\/value \[relu\] falsified::/m);
  });

  test('says when the port crashes, and when the inputs are wrong', ({ skip }) => {
    const ran = verified({ adapter: port('broken', '(() => { throw new Error("]]> & <b>") })()'), law });
    if (ran === null) return skip(missing);
    expect([ran.status, ran.output.split('\n')[0]]).toEqual([3, 'verdict=port']);
    expect(failuresIn(join(home, 'tautograd.xml'))).toEqual(
      expect.arrayContaining([['activation/value [relu]', 'error', expect.stringContaining(']]> & <b>')]]),
    );
    expect(verified({ law: 'nope' })).toMatchObject({ status: 2, output: 'verdict=usage\n' });
  });

  test('runs nothing that stands in an input', ({ skip }) => {
    const ran = verified({
      law: 'activation/value',
      command: 'python3 $(touch$IFS"made") `touch made` *.mjs',
      args: '; touch made',
    });
    if (ran === null) return skip(missing);
    expect(ran.status).not.toBe(0);
    expect(readdirSync(home)).not.toContain('made');
  });

  test('asks a program, whose words are on lines of their own where they have blanks', ({ skip }) => {
    const { python } = STARTERS;
    if (python === undefined) throw new Error('there is no starter in Python');
    const folder = join(home, 'a folder');
    for (const [file, text] of filesOf('python', python, '1.2.3')) {
      mkdirSync(dirname(join(folder, file)), { recursive: true });
      writeFileSync(join(folder, file), text);
    }
    const law = 'loss/value';
    const ran = verified({ law, profile: 'smoke', command: 'python3\na folder/port.py\n' });
    if (ran === null) return skip(missing);
    expect(ran.status, ran.stderr).toBe(0);
    expect(verified({ law, profile: 'smoke', command: 'python3 port.py\n' })?.status).toBe(3);
  });
});
