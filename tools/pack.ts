// Packs what is published, installs it into empty projects on three Nodes, and tries there all that it promises.
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { bin, expecting, type Host, hostsIn, judge as judging, npm, ROOT, run } from './pack/host.ts';
import { type Found, markdown, type Record, type Size, table } from './pack/report.ts';
import { once, onNode } from './pack/trials.ts';

const { values } = parseArgs({
  options: {
    json: { type: 'boolean', default: false },
    out: { type: 'string' },
    /** One install for all Nodes, as npm makes the same of it on each. */
    shared: { type: 'boolean', default: false },
    /** Leaves the projects where they are. */
    keep: { type: 'boolean', default: false },
  },
});
const judge = judging(values.json);
const manifest = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as {
  readonly version: string;
  readonly exports: Readonly<{ [name: string]: string | { readonly types: string; readonly default: string } }>;
  readonly devDependencies: Readonly<{ [name: string]: string }>;
};
const WAYS = Object.entries(manifest.exports).flatMap(([name, target]) =>
  typeof target === 'string' ? [] : [{ name: `tautograd${name.slice(1)}`, ...target }],
);

/** What npm says of an archive. */
interface Archive {
  readonly filename: string;
  readonly size: number;
  readonly unpackedSize: number;
  readonly files: readonly { readonly path: string }[];
}
const packedInto = async (folder: string): Promise<Archive> => {
  const built = await run('node', [join(ROOT, 'tools', 'build.ts')], ROOT);
  expecting(built.code === 0, built, 'the build fails');
  const packed = await npm(['pack', '--json', '--ignore-scripts', '--pack-destination', folder], ROOT);
  expecting(packed.code === 0, packed, 'npm pack fails');
  const [archive] = JSON.parse(packed.out) as readonly Archive[];
  if (archive === undefined) throw new Error('npm pack has packed nothing');
  return archive;
};

/** Sources, tests, and adapters of engines that are not installed with the package. */
const STRANGE = /\.test\.|(?<!\.d)\.ts$|node_modules|(?:^|\/)(?:tfjs|jax|brain|torch|sklearn)\b/;

const contents = (archive: Archive): Promise<Found> =>
  judge('the tarball', '', async () => {
    const files = new Set(archive.files.map((f) => f.path));
    const top = ['LICENSE', 'README.md', 'CHANGELOG.md', 'package.json'];
    const wanted = [
      ...top,
      'dist/src/cli/main.js',
      ...WAYS.flatMap((e) => [e.types, e.default].map((path) => path.replace('./', ''))),
    ];
    const missing = wanted.filter((path) => !files.has(path));
    const strange = [...files].filter(
      (path) => STRANGE.test(path) || !(path.startsWith('dist/') || top.includes(path)),
    );
    if (missing.length + strange.length > 0)
      throw new Error(`missing: ${missing.join(' ') || 'none'}; too much: ${strange.slice(0, 9).join(' ') || 'none'}`);
    return 'every way in, the command, README, LICENSE, CHANGELOG; no test, no source, no adapter of another engine';
  });

const linted = async (tarball: string): Promise<readonly Found[]> => [
  await judge('publint', '', async () => {
    const ran = await run(bin('publint'), ['run', tarball, '--strict'], ROOT);
    expecting(ran.code === 0 && ran.out.includes('All good'), ran, 'publint complains');
    return 'all good';
  }),
  await judge('are the types wrong', '', async () => {
    const ran = await run(bin('attw'), [tarball, '--profile', 'esm-only', '--format', 'json'], ROOT);
    expecting(ran.code === 0, ran, 'attw complains');
    const { analysis } = JSON.parse(ran.out) as { readonly analysis: { readonly entrypoints: object } };
    return `no problem for ESM in ${Object.keys(analysis.entrypoints).length} ways in`;
  }),
];

const recordOf = async (scratch: string): Promise<Record> => {
  const archive = await packedInto(scratch);
  const tarball = join(scratch, archive.filename);
  const found: Found[] = [await contents(archive), ...(await linted(tarball))];
  const hosts = await hostsIn(scratch, values.shared);
  const last = hosts.at(-1) ?? hosts[0];
  const install = (host: Host): Promise<Found> =>
    judge('npm install', host.name, async () => {
      const more = host === last ? ['vitest', '@types/node'].map((p) => `${p}@${manifest.devDependencies[p]}`) : [];
      const flags = ['--ignore-scripts', '--prefer-offline', '--no-audit', '--no-fund', '--engine-strict'];
      const ran = await npm(['install', tarball, ...more, ...flags], host.project, host.env);
      expecting(ran.code === 0, ran, 'npm cannot install it');
      return `installs into an empty project${host === last ? ', beside vitest' : ''}`;
    });
  found.push(...(await Promise.all((values.shared ? [last] : hosts).map(install)))); // mostly waiting
  const sizes: Size[] = [];
  const ways = WAYS.map((way) => way.name);
  for (const host of hosts) found.push(...(await onNode(judge, host, ways, last.project)));
  found.push(...(await once(judge, last, sizes)));
  return {
    schema: 1,
    version: manifest.version,
    nodes: hosts.map((h) => h.version),
    tarball: { files: archive.files.length, bytes: archive.size, unpacked: archive.unpackedSize },
    sizes,
    checks: found,
  };
};

const scratch = mkdtempSync(join(tmpdir(), 'tautograd-pack-'));
try {
  const record = await recordOf(scratch);
  const text = `${JSON.stringify(record, null, 2)}\n`;
  process.stdout.write(values.json ? text : `\n${table(record)}\n`);
  if (values.out !== undefined) {
    mkdirSync(values.out, { recursive: true });
    writeFileSync(join(values.out, 'pack.json'), text);
    writeFileSync(join(values.out, 'pack.md'), markdown(record));
  }
  process.exitCode = record.checks.every((c) => c.ok) ? 0 : 1;
} catch (error) {
  console.error(`✗ ${error instanceof Error ? error.message : error}`);
  process.exitCode = 1;
} finally {
  if (values.keep) console.error(scratch);
  else rmSync(scratch, { recursive: true, force: true });
}
