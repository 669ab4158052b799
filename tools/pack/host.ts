// Programs run on a Node of choice: what they ended with, and a verdict with its reason.
import { execFile } from 'node:child_process';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { delimiter, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { FILES } from './project.ts';
import type { Found } from './report.ts';

export const ROOT = fileURLToPath(new URL('../..', import.meta.url));

export interface Ran {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

/** Runs a program outside of what GitHub has set. */
export const run = (program: string, args: readonly string[], cwd: string, env = process.env): Promise<Ran> =>
  new Promise((resolve) => {
    const { GITHUB_ACTIONS: _, GITHUB_STEP_SUMMARY: _2, ...own } = env;
    execFile(program, args, { cwd, env: { ...own, NO_COLOR: '1' }, maxBuffer: 2 ** 26 }, (error, out, err) =>
      resolve({ code: error === null ? 0 : typeof error.code === 'number' ? error.code : -1, out, err }),
    );
  });

/** @throws Error with what a program has said, where it is not what it should be */
export const expecting = (right: boolean, ran: Ran, what: string): void => {
  if (!right) throw new Error(`${what}; it ended with ${ran.code}: ${`${ran.out}${ran.err}`.trim().slice(-1500)}`);
};

/** Judges one thing, and says so; whatever the check throws is why it fails. */
export const judge =
  (quiet: boolean) =>
  async (what: string, on: string, holds: () => Promise<string>): Promise<Found> => {
    const begun = performance.now();
    const { ok, text } = await holds().then(
      (said) => ({ ok: true, text: said }),
      (error: unknown) => ({ ok: false, text: error instanceof Error ? error.message : String(error) }),
    );
    const seconds = ((performance.now() - begun) / 1000).toFixed(1);
    if (!quiet) console.log(`${ok ? '✓' : '✗'} ${what}${on === '' ? '' : `, ${on}`}: ${text} (${seconds} s)`);
    return { what, on, ok, text };
  };
export type Judge = ReturnType<typeof judge>;

/** A Node with a project of its own. */
export interface Host {
  readonly name: string;
  readonly version: string;
  readonly env: NodeJS.ProcessEnv;
  readonly project: string;
}

const npmCommand = (): string => {
  const named = process.env.npm_execpath;
  if (named !== undefined && existsSync(named)) return named;
  throw new Error('npm does not say where it is; run this by npm run pack');
};
export const npm = (args: readonly string[], cwd: string, env?: NodeJS.ProcessEnv): Promise<Ran> =>
  run('node', [npmCommand(), ...args], cwd, env);
export const npx = ({ project, env }: Host, args: readonly string[]): Promise<Ran> =>
  run('node', [join(dirname(npmCommand()), 'npx-cli.js'), '--no-install', ...args], project, env);
/** A command that the repository has installed. */
export const bin = (name: string): string => join(ROOT, 'node_modules', '.bin', name);

/** The folders of the three Nodes, the oldest first: two are installed apart, the pinned one is what runs this. */
const folders = async (): Promise<readonly string[]> => {
  const apart = join(ROOT, 'tools', 'pack');
  const here = `${process.platform}-${process.arch}`;
  const older = [22, 24].map((major) => join(apart, 'node_modules', `node-${major}-${here}`, 'bin'));
  const there = (): boolean => older.every((path) => existsSync(path));
  if (!there()) {
    const ran = await npm(['ci', '--ignore-scripts'], apart);
    expecting(there(), ran, `there is no Node 22 and 24 for ${here}`);
  }
  return [...older, dirname(process.execPath)];
};

/** The Nodes, each with the files of a project in a folder of its own, or all with one. */
export const hostsIn = async (scratch: string, shared: boolean): Promise<readonly [Host, ...Host[]]> => {
  const made: Host[] = [];
  for (const folder of await folders()) {
    const env = { ...process.env, PATH: [folder, process.env.PATH].join(delimiter) };
    const version = (await run('node', ['--version'], ROOT, env)).out.trim().slice(1);
    const project = join(scratch, shared ? 'project' : version);
    mkdirSync(project, { recursive: true });
    for (const [file, text] of Object.entries(FILES)) writeFileSync(join(project, file), text);
    made.push({ name: `Node ${version}`, version, env, project });
  }
  const [first, ...others] = made;
  if (first === undefined) throw new Error('there is no Node');
  return [first, ...others];
};
