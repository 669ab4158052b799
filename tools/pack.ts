// Packs what is published, installs it into empty projects on three Nodes, and tries there all that it promises.
import { execFile } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { browserHere, bundle, titleOf } from './pack/bundle.ts';
import { FILES, RIGHT } from './pack/project.ts';
import { type Found, markdown, type Size, table } from './pack/report.ts';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const { values } = parseArgs({
  options: { json: { type: 'boolean', default: false }, out: { type: 'string' }, keep: { type: 'boolean' } },
});
const manifest = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as {
  readonly version: string;
  readonly exports: Readonly<Record<string, string | { readonly types: string; readonly default: string }>>;
  readonly devDependencies: Readonly<Record<string, string>>;
};
const ENTRIES = Object.entries(manifest.exports).flatMap(([name, target]) =>
  typeof target === 'string' ? [] : [{ name: `tautograd${name.slice(1)}`, ...target }],
);
/** What each way in may load beside the files of the package; the others may load what they like. */
const LOADS: Readonly<Record<string, readonly string[]>> = {
  tautograd: [],
  'tautograd/node': [],
  'tautograd/port': ['zod'],
};
/** What the package promises of its engine without kernels, compressed. */
const AIM = 30_000;

interface Ran {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}
const run = (program: string, args: readonly string[], cwd: string, env: NodeJS.ProcessEnv = process.env) =>
  new Promise<Ran>((resolve) => {
    const { GITHUB_ACTIONS: _, GITHUB_STEP_SUMMARY: _2, ...own } = env;
    execFile(program, args, { cwd, env: { ...own, NO_COLOR: '1' }, maxBuffer: 2 ** 26 }, (error, out, err) =>
      resolve({ code: error === null ? 0 : typeof error.code === 'number' ? error.code : -1, out, err }),
    );
  });

/** In the order in which they were begun, whichever ends first. */
const found: Found[] = [];
/** Whatever a check throws is why it fails. */
const judge = async (what: string, on: string, holds: () => Promise<string>): Promise<void> => {
  const begun = performance.now();
  const place = found.push({ what, on, ok: false, text: 'not done' }) - 1;
  const verdict = await holds().then(
    (text) => ({ ok: true, text }),
    (error: unknown) => ({ ok: false, text: error instanceof Error ? error.message : String(error) }),
  );
  found[place] = { what, on, ...verdict };
  if (!values.json)
    console.log(
      `${verdict.ok ? '✓' : '✗'} ${what}${on === '' ? '' : `, ${on}`}: ${verdict.text} (${((performance.now() - begun) / 1000).toFixed(1)} s)`,
    );
};
const expecting = (right: boolean, ran: Ran, what: string): void => {
  if (!right) throw new Error(`${what}; it ended with ${ran.code}: ${`${ran.out}${ran.err}`.trim().slice(-1500)}`);
};

/** A Node, with npm's commands run by it. */
interface Host {
  readonly name: string;
  readonly env: NodeJS.ProcessEnv;
  readonly project: string;
}
const scratch = mkdtempSync(join(tmpdir(), 'tautograd-package-'));
const npmOf = (): string => {
  const named = process.env.npm_execpath;
  if (named !== undefined && existsSync(named)) return named;
  throw new Error('npm does not say where it is; run this by npm run pack');
};
const NPM = npmOf();
const npm = (args: readonly string[], cwd: string, env?: NodeJS.ProcessEnv) => run('node', [NPM, ...args], cwd, env);
const npx = (host: Host, args: readonly string[]) =>
  run('node', [join(dirname(NPM), 'npx-cli.js'), '--no-install', ...args], host.project, host.env);
const bin = (name: string): string => join(ROOT, 'node_modules', '.bin', name);

/** The folders of the three Nodes; the older ones are installed apart, the pinned one is what runs this. */
const nodes = async (): Promise<readonly string[]> => {
  const apart = join(ROOT, 'tools', 'pack');
  const folder = (major: number): string =>
    join(apart, 'node_modules', `node-${major}-${process.platform}-${process.arch}`, 'bin');
  const older = [22, 24].map(folder);
  if (!older.every((path) => existsSync(path))) {
    const ran = await npm(['ci', '--ignore-scripts'], apart);
    expecting(
      ran.code === 0 && older.every((path) => existsSync(path)),
      ran,
      `there is no Node 22 and 24 for ${process.platform} ${process.arch}`,
    );
  }
  return [...older, dirname(process.execPath)];
};

const hostOf = async (folder: string): Promise<Host> => {
  const env = { ...process.env, PATH: [folder, process.env.PATH].join(delimiter) };
  const { out } = await run('node', ['--version'], ROOT, env);
  const project = join(scratch, out.trim());
  mkdirSync(project);
  for (const [file, text] of Object.entries(FILES)) writeFileSync(join(project, file), text);
  return { name: `Node ${out.trim().slice(1)}`, env, project };
};

/** Every list of exported names in a file of JavaScript, by what it comes from. */
const exportsFrom = (code: string): readonly (readonly [string, string])[] =>
  [...code.matchAll(/export \{([^}]*)\} from '([^']*)'/g)].map(([, names = '', from = '']) => [from, names] as const);

const main = async (): Promise<void> => {
  const sizes: Size[] = [];
  const built = await run('node', [join(ROOT, 'tools', 'build.ts')], ROOT);
  expecting(built.code === 0, built, 'the build fails');
  const packed = await npm(['pack', '--json', '--ignore-scripts', '--pack-destination', scratch], ROOT);
  expecting(packed.code === 0, packed, 'npm pack fails');
  const [archive] = JSON.parse(packed.out) as readonly {
    readonly filename: string;
    readonly size: number;
    readonly unpackedSize: number;
    readonly files: readonly { readonly path: string }[];
  }[];
  if (archive === undefined) throw new Error('npm pack has packed nothing');
  const tarball = join(scratch, archive.filename);

  await judge('the tarball has what it needs and nothing else', '', async () => {
    const files = new Set(archive.files.map((f) => f.path));
    const wanted = [
      ...['LICENSE', 'README.md', 'CHANGELOG.md', 'package.json', 'dist/src/cli/main.js'],
      ...ENTRIES.flatMap((e) => [e.types, e.default].map((path) => path.slice(2))),
    ];
    const missing = wanted.filter((path) => !files.has(path));
    const strange = [...files].filter(
      (path) =>
        /\.test\.|(?<!\.d)\.ts$|node_modules|(?:^|\/)(?:tfjs|jax|brain)\b/.test(path) ||
        (!path.startsWith('dist/') && !wanted.includes(path)),
    );
    if (missing.length + strange.length > 0)
      throw new Error(`missing: ${missing.join(' ') || 'none'}; too much: ${strange.slice(0, 9).join(' ') || 'none'}`);
    return `${files.size} files, ${Math.round(archive.size / 1000)} kB, ${Math.round(archive.unpackedSize / 1000)} kB unpacked`;
  });
  await judge('publint', '', async () => {
    const ran = await run(bin('publint'), ['run', tarball, '--strict'], ROOT);
    expecting(ran.code === 0 && ran.out.includes('All good'), ran, 'publint complains');
    return 'all good';
  });
  await judge('are the types wrong', '', async () => {
    const ran = await run(bin('attw'), [tarball, '--profile', 'esm-only', '--format', 'json'], ROOT);
    expecting(ran.code === 0, ran, 'attw complains');
    const { analysis } = JSON.parse(ran.out) as { analysis: { problems: readonly unknown[]; entrypoints: object } };
    return `no problems for ESM in ${Object.keys(analysis.entrypoints).length} ways in`;
  });

  const hosts: Host[] = [];
  for (const folder of await nodes()) hosts.push(await hostOf(folder));
  const last = hosts.at(-1);
  if (last === undefined) throw new Error('there is no Node');
  const runner = ['vitest', '@types/node'].map((name) => `${name}@${manifest.devDependencies[name]}`);
  const install = (host: Host): Promise<void> =>
    judge('npm install', host.name, async () => {
      const more = host === last ? runner : [];
      const flags = ['--ignore-scripts', '--prefer-offline', '--no-audit', '--no-fund', '--engine-strict'];
      const ran = await npm(['install', tarball, ...more, ...flags], host.project, host.env);
      expecting(ran.code === 0, ran, 'npm cannot install it');
      return host === last ? 'installs into an empty project, beside vitest' : 'installs into an empty project';
    });
  if (availableParallelism() > 1) await Promise.all(hosts.map(install));
  else for (const host of hosts) await install(host);

  for (const host of hosts) {
    await judge('every way in', host.name, async () => {
      const names = ENTRIES.map((e) => e.name).filter((name) => host === last || name !== 'tautograd/vitest');
      const code = `for (const name of ${JSON.stringify(names)}) if (Object.keys(await import(name)).length === 0) throw new Error(name)`;
      const ran = await run('node', ['--input-type=module', '-e', code], host.project, host.env);
      expecting(ran.code === 0, ran, 'a way in cannot be imported');
      return `imports ${names.join(', ')}`;
    });
    await judge('XOR', host.name, async () => {
      const ran = await run('node', ['xor.js'], host.project, host.env);
      expecting(ran.out.trim() === [RIGHT, RIGHT, RIGHT].join(' '), ran, 'XOR is not learnt');
      return 'is learnt by the eager engine, compiled, and on two threads';
    });
    await judge('npx tautograd verify', host.name, async () => {
      const ask = (file: string) => npx(host, ['tautograd', 'verify', file, '--profile', 'smoke', '--law', 'loss/*']);
      const [right, wrong] = [await ask('right.js'), await ask('wrong.js')];
      expecting(right.code === 0 && / 0 falsified/.test(right.out), right, 'a right adapter does not pass');
      expecting(
        wrong.code === 1 && /✗ loss\/value \[mse\] {2}falsified[\s\S]*got /.test(wrong.out),
        wrong,
        'a wrong adapter is not falsified',
      );
      return 'a right adapter passes, a wrong one ends with 1 and a card';
    });
    await judge('port init', host.name, async () => {
      const init = await npx(host, ['tautograd', 'port', 'init', 'javascript', 'port']);
      expecting(init.code === 0, init, 'no port begins');
      const ran = await npx(host, ['tautograd', 'verify', 'port/port.js', '--profile', 'smoke', '--law', 'loss/value']);
      expecting(ran.code === 0, ran, 'the port that was begun does not pass');
      return 'begins a port in JavaScript that passes';
    });
    await judge('vitest', host.name, async () => {
      const project = last.project; // whichever Node has installed it, it is the same
      const args = ['run', '--reporter=json', '--outputFile=verdicts.json'];
      rmSync(join(project, 'verdicts.json'), { force: true });
      const ran = await run('node', [join(project, 'node_modules/vitest/vitest.mjs'), ...args], project, host.env);
      expecting(existsSync(join(project, 'verdicts.json')), ran, 'vitest has written nothing');
      const { testResults } = JSON.parse(readFileSync(join(project, 'verdicts.json'), 'utf8')) as {
        testResults: readonly {
          readonly name: string;
          readonly assertionResults: readonly { readonly status: string; readonly fullName: string }[];
        }[];
      };
      const of = (file: string) => testResults.find((t) => t.name.endsWith(file))?.assertionResults ?? [];
      const [right, wrong] = [of('/right.test.js'), of('/wrong.test.js')];
      expecting(
        right.length >= 2 && right.every((t) => t.status === 'passed'),
        ran,
        'a right adapter has no tests that pass',
      );
      expecting(
        ran.code === 1 && wrong.some((t) => t.status === 'failed' && t.fullName.includes('loss/value [mse]')),
        ran,
        'a wrong adapter has no test that fails',
      );
      return `${right.length} laws of a right adapter are tests that pass, a wrong one fails`;
    });
  }

  await judge('types', '', async () => {
    for (const project of ['nodenext.json', 'bundler.json', 'vitest.json']) {
      const ran = await run(bin('tsc'), ['-p', project], last.project);
      expecting(ran.code === 0, ran, `${project} has errors`);
    }
    return 'nodenext and bundler, declarations of dependencies checked too';
  });
  await judge('what is loaded', '', async () => {
    const hook = `import { registerHooks } from 'node:module';
const seen = new Set();
registerHooks({ load: (url, context, next) => (seen.add(url), next(url, context)) });
await import(process.argv[1]);
const names = [...seen].flatMap((url) => url.match(/.*\\/node_modules\\/((?:@[^/]+\\/)?[^/]+)/)?.[1] ?? []);
console.log(JSON.stringify([...new Set(names)].filter((name) => name !== 'tautograd')));`;
    const text: string[] = [];
    for (const [name, allowed] of Object.entries(LOADS)) {
      const ran = await run('node', ['--input-type=module', '-e', hook, name], last.project, last.env);
      expecting(ran.code === 0, ran, `${name} cannot be loaded`);
      const loaded = JSON.parse(ran.out) as readonly string[];
      const strange = loaded.filter((one) => !allowed.includes(one));
      if (strange.length > 0) throw new Error(`${name} loads ${strange.join(', ')}`);
      text.push(`${name} loads ${loaded.join(', ') || 'no package'}`);
    }
    return text.join(', ');
  });

  const index = readFileSync(join(last.project, 'node_modules/tautograd/dist/src/index.js'), 'utf8');
  const kernels = (from: string): boolean => from.includes('/compile/') || from.endsWith('/compiled.js');
  const eager = exportsFrom(index).filter(([from]) => !kernels(from));
  writeFileSync(
    join(last.project, 'eager.js'),
    eager.map(([, names]) => `export {${names.replace(/\S+ as /g, '')}} from 'tautograd';`).join('\n'),
  );
  const measured = [
    ['the whole engine', 'whole.js'],
    ['without kernels', 'eager.js'],
    ['what trains a network, all optimizers with it', 'training.js'],
    ['grad and Tensor', 'small.js'],
  ] as const;
  await judge('bundles for browsers', '', async () => {
    for (const [name, file] of measured) {
      const made = await bundle(last.project, file);
      if (made.foreign.length > 0) throw new Error(`${name} has ${made.foreign.join(', ')} in it`);
      if (file !== 'whole.js' && made.modules.some(kernels)) throw new Error(`${name} has kernels in it`);
      sizes.push({ name, files: made.modules.length, ...made.bytes });
    }
    return 'by vite, no package and no module of Node in any';
  });
  await judge('a real browser', '', async () => {
    const browser = browserHere();
    if (browser === null) return 'not run: there is no Chromium here';
    const title = await titleOf(browser, (await bundle(last.project, 'page.js')).code);
    if (title !== `${RIGHT} ${RIGHT}`) throw new Error(`XOR is not learnt in Chromium: ${title}`);
    return 'XOR is learnt in Chromium, eager and compiled; nothing is asked of the network';
  });

  const record = {
    schema: 1,
    version: manifest.version,
    nodes: hosts.map((h) => h.name.slice('Node '.length)),
    tarball: { files: archive.files.length, bytes: archive.size, unpacked: archive.unpackedSize },
    aim: AIM,
    sizes,
    checks: found,
  };
  if (values.json) console.log(JSON.stringify(record, null, 2));
  else console.log(`\n${table(sizes, AIM)}`);
  if (values.out !== undefined) {
    mkdirSync(values.out, { recursive: true });
    writeFileSync(join(values.out, 'pack.json'), `${JSON.stringify(record, null, 2)}\n`);
    writeFileSync(join(values.out, 'pack.md'), markdown(record));
  }
};

try {
  await main();
} catch (error) {
  found.push({ what: 'the package', on: '', ok: false, text: error instanceof Error ? error.message : String(error) });
  console.error(`✗ ${found.at(-1)?.text}`);
} finally {
  if (values.keep) console.log(scratch);
  else rmSync(scratch, { recursive: true, force: true });
}
process.exitCode = found.every((f) => f.ok) ? 0 : 1;
