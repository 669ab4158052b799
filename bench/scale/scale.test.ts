// The recipes for schedulers: their shell parts run here, with the variables that each scheduler sets, and come to one sweep.
import { execFile, spawnSync } from 'node:child_process';
import {
  chmodSync,
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

const HERE = fileURLToPath(new URL('.', import.meta.url));
const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const { version } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as { readonly version: string };

/** YAML as JSON by Python's parser; null where there is none. */
const yaml = <T>(file: string): T | null => {
  const reader = "import json, sys, yaml; print(json.dumps(yaml.safe_load(open(sys.argv[1], encoding='utf-8'))))";
  const { status, stdout } = spawnSync('python3', ['-c', reader, join(HERE, file)], { encoding: 'utf8' });
  return status === 0 ? (JSON.parse(stdout) as T) : null;
};

interface Manifest {
  readonly spec: {
    readonly completionMode: string;
    readonly completions: number;
    readonly parallelism: number;
    readonly template: {
      readonly spec: {
        readonly containers: readonly {
          readonly command: readonly string[];
          readonly args: readonly string[];
          readonly env: readonly { readonly name: string; readonly value: string }[];
        }[];
      };
    };
  };
}
interface Workflow {
  readonly jobs: Readonly<
    Record<
      string,
      {
        readonly needs?: string;
        readonly strategy?: { readonly matrix: { readonly shard: readonly number[] } };
        readonly steps: readonly { readonly run?: string; readonly env?: Readonly<Record<string, string>> }[];
      }
    >
  >;
}
const manifest = yaml<Manifest>('kubernetes.yaml');
const workflow = yaml<Workflow>('github.yml');

const home = mkdtempSync(join(tmpdir(), 'tautograd-scale-'));
/** Many processes, on whatever machine. */
const LIMIT = 600_000;
/** Shards of these tests: the recipes have more, which start one after another here. */
const SHARDS = 2;

beforeAll(() => {
  // stands for npx, with whatever version: the sweep of this repository
  writeFileSync(
    join(home, 'npx'),
    `#!/bin/sh\nuntil [ "\${1#tautograd}" != "$1" ]; do shift; done\nshift\nexec "${process.execPath}" "${join(ROOT, 'src/cli/main.ts')}" "$@"\n`,
  );
  chmodSync(join(home, 'npx'), 0o755);
});
afterAll(() => rmSync(home, { recursive: true }));

/** Runs a shell line in a folder, as a scheduler does. @throws Error with what it says when it fails */
const shell = (folder: string, line: string, variables: Readonly<Record<string, string>> = {}): Promise<string> =>
  new Promise((resolve, reject) => {
    const env = { ...process.env, PATH: `${home}${delimiter}${process.env.PATH}`, ...variables };
    execFile('bash', ['-euo', 'pipefail', '-c', line], { cwd: join(home, folder), env }, (error, out, err) =>
      error === null ? resolve(out) : reject(new Error(`${line}: ${err}`, { cause: error })),
    );
  });
const SMALL = '--problems xor --optimizers adam --initializers heNormal,zeros --seeds 2 --steps 20';
/** A folder with the plan of a small sweep. */
const planned = async (folder: string): Promise<void> => {
  mkdirSync(join(home, folder), { recursive: true });
  await shell(folder, `npx tautograd sweep plan ${SMALL} -o plan.jsonl`);
};
/** The merged records of a folder, which are complete. */
const outcome = async (folder: string): Promise<string> => {
  await shell(
    folder,
    'npx tautograd sweep status --plan plan.jsonl runs/*.jsonl && npx tautograd sweep merge runs/*.jsonl -o merged',
  );
  return readFileSync(join(home, folder, 'merged'), 'utf8');
};
let once: string;
beforeAll(async () => {
  await planned('once');
  await shell('once', 'npx tautograd sweep run --plan plan.jsonl --cells --workers 0');
  once = await outcome('once');
}, LIMIT);

describe('a Slurm array', { timeout: LIMIT }, () => {
  test('comes to the same sweep, from whatever index on', async () => {
    await planned('slurm');
    copyFileSync(join(HERE, 'slurm.sh'), join(home, 'slurm', 'slurm.sh'));
    const says: string[] = [];
    for (let task = 0; task < SHARDS; task++)
      says.push(
        await shell('slurm', 'bash slurm.sh', {
          SLURM_ARRAY_TASK_ID: String(5 + task),
          SLURM_ARRAY_TASK_MIN: '5',
          SLURM_ARRAY_TASK_COUNT: String(SHARDS),
          SLURM_CPUS_PER_TASK: '1',
        }),
      );
    expect(says.map((text) => text.split(':')[0])).toEqual(['shard 1/2 (Slurm)', 'shard 2/2 (Slurm)']);
    expect(await outcome('slurm')).toBe(once);
  });

  test('is read by sbatch: options stand before the first command', () => {
    const lines = readFileSync(join(HERE, 'slurm.sh'), 'utf8').split('\n');
    const first = lines.findIndex((line) => line !== '' && !line.startsWith('#'));
    expect(lines.findLastIndex((line) => line.startsWith('#SBATCH'))).toBeLessThan(first);
    expect(lines.at(-2)).toMatch(/^exec /);
  });
});

describe.skipIf(manifest === null)(
  'an Indexed Job of Kubernetes (skipped without the YAML parser of Python)',
  { timeout: LIMIT },
  () => {
    test('has as many indices as it says to the sweep', () => {
      const { completionMode, completions, parallelism, template } = (manifest as Manifest).spec;
      const [{ env } = { env: [] }] = template.spec.containers;
      expect(completionMode).toBe('Indexed');
      expect(env.find(({ name }) => name === 'SHARDS')?.value).toBe(String(completions));
      expect(parallelism).toBe(completions);
    });

    test('comes to the same sweep', async () => {
      await planned('kubernetes');
      const [container] = (manifest as Manifest).spec.template.spec.containers;
      expect(container?.command).toEqual(['bash', '-c']);
      for (let index = 0; index < SHARDS; index++) {
        const own = Object.fromEntries((container?.env ?? []).map(({ name, value }) => [name, value]));
        const variables = { ...own, SHARDS: String(SHARDS), JOB_COMPLETION_INDEX: String(index) };
        expect(await shell('kubernetes', container?.args[0] ?? '', variables)).toMatch(/^shard \d\/2 \(Kubernetes\)/);
      }
      expect(await outcome('kubernetes')).toBe(once);
    });
  },
);

describe.skipIf(workflow === null)(
  'a matrix of GitHub Actions (skipped without the YAML parser of Python)',
  { timeout: LIMIT },
  () => {
    test('comes to the same sweep, and reports it', async () => {
      const { plan, shard, report } = (workflow as Workflow).jobs;
      const runOf = (job: Workflow['jobs'][string] | undefined) => job?.steps.find(({ run }) => run !== undefined);
      expect([shard?.needs, report?.needs]).toEqual(['plan', 'shard']);
      mkdirSync(join(home, 'github'));
      await shell('github', runOf(plan)?.run?.replace('--tier standard', SMALL) ?? '');
      expect(runOf(shard)?.env).toEqual({
        STRATEGY_JOB_INDEX: expect.stringContaining('{{ strategy.job-index }}'),
        STRATEGY_JOB_TOTAL: expect.stringContaining('{{ strategy.job-total }}'),
      });
      for (let index = 0; index < SHARDS; index++) {
        const variables = { STRATEGY_JOB_INDEX: String(index), STRATEGY_JOB_TOTAL: String(SHARDS) };
        expect(await shell('github', runOf(shard)?.run ?? '', variables)).toMatch(/^shard \d\/2 \(GitHub Actions\)/);
      }
      for (const file of readdirSync(join(home, 'github', 'runs'))) // as download-artifact lays them
        copyFileSync(join(home, 'github', 'runs', file), join(home, 'github', file));
      const said = await shell('github', runOf(report)?.run ?? '');
      expect(said).toContain('2 of 2 cells are complete');
      expect(readFileSync(join(home, 'github', 'merged.jsonl'), 'utf8')).toBe(once);
      expect(readdirSync(join(home, 'github', 'reports'))).toContain('sweep');
    });
  },
);

test('recipes ask for the version that this is', () => {
  for (const file of ['kubernetes.yaml', 'github.yml'])
    for (const [, asked] of readFileSync(join(HERE, file), 'utf8').matchAll(/npx --yes tautograd@(\S+)/g))
      expect(asked, file).toBe(version);
});
