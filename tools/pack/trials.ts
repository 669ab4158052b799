// What is tried of an installed package: on every Node by itself, and once for all of them.
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { chromiumPath } from '../chromium.ts';
import { bundle, titleOf, wordless } from './bundle.ts';
import { bin, expecting, type Host, type Judge, npx, run } from './host.ts';
import { RIGHT } from './project.ts';
import type { Found, Size } from './report.ts';

/** What each way in may load beside the files of the package; the others may load what they like. */
const LOADS: Readonly<Record<string, readonly string[]>> = {
  tautograd: [],
  'tautograd/node': [],
  'tautograd/port': ['zod'],
  'tautograd/bench': [],
};

/** On one Node: the ways in, a training, the command line, and vitest in the project that has it. */
export const onNode = async (
  judge: Judge,
  host: Host,
  ways: readonly string[],
  withVitest: string,
): Promise<readonly Found[]> => [
  await judge('every way in', host.name, async () => {
    const names = ways.filter((name) => host.project === withVitest || name !== 'tautograd/vitest');
    const code = `for (const name of ${JSON.stringify(names)}) if (Object.keys(await import(name)).length === 0) throw new Error(name)`;
    const ran = await run('node', ['--input-type=module', '-e', code], host.project, host.env);
    expecting(ran.code === 0, ran, 'a way in cannot be imported');
    return `imports ${names.join(', ')}`;
  }),
  await judge('XOR', host.name, async () => {
    const ran = await run('node', ['xor.js'], host.project, host.env);
    expecting(ran.out.trim() === [RIGHT, RIGHT, RIGHT].join(' '), ran, 'XOR is not learnt');
    return 'is learnt by the eager engine, compiled, and on two threads';
  }),
  await judge('npx tautograd verify', host.name, async () => {
    const ask = (file: string) => npx(host, ['tautograd', 'verify', file, '--profile', 'smoke', '--law', 'loss/*']);
    const [right, wrong] = [await ask('right.js'), await ask('wrong.js')];
    expecting(right.code === 0 && / 0 falsified/.test(right.out), right, 'a right adapter does not pass');
    const card = /✗ loss\/value \[mse\] {2}falsified[\s\S]*expected [\s\S]*got [\s\S]*replay {5}npx tautograd verify/;
    expecting(wrong.code === 1 && card.test(wrong.out), wrong, 'a wrong adapter is not falsified');
    return 'a right adapter passes, a wrong one ends with 1 and a card';
  }),
  await judge('vitest', host.name, async () => {
    const file = join(withVitest, `verdicts-${host.version}.json`);
    const program = join(withVitest, 'node_modules/vitest/vitest.mjs');
    const ran = await run('node', [program, 'run', '--reporter=json', `--outputFile=${file}`], withVitest, host.env);
    expecting(existsSync(file), ran, 'vitest has written nothing');
    const { testResults } = JSON.parse(readFileSync(file, 'utf8')) as {
      readonly testResults: readonly {
        readonly name: string;
        readonly assertionResults: readonly { readonly status: string; readonly fullName: string }[];
      }[];
    };
    const of = (name: string) => testResults.find((t) => t.name.endsWith(name))?.assertionResults ?? [];
    const [right, wrong] = [of('/right.test.js'), of('/wrong.test.js')];
    const passed = right.length >= 2 && right.every((t) => t.status === 'passed');
    expecting(passed, ran, 'a right adapter has no tests that pass');
    const failed = wrong.some((t) => t.status === 'failed' && t.fullName.includes('loss/value [mse]'));
    expecting(ran.code === 1 && failed, ran, 'a wrong adapter has no test that fails');
    return `${right.length} laws of a right adapter are tests that pass, a wrong one fails`;
  }),
];

/** Every list of exported names in a file of JavaScript, by the file that it comes from. */
const exportsFrom = (code: string): readonly (readonly [string, string])[] =>
  [...code.matchAll(/export \{([^}]*)\} from '([^']*)'/g)].map(([, names = '', from = '']) => [from, names] as const);
const kernels = (file: string): boolean => file.includes('/compile/') || file.endsWith('/compiled.js');

/** Bytes before minification by room of the engine, the heaviest first. */
const roomsOf = (modules: ReadonlyMap<string, number>): Readonly<Record<string, number>> => {
  const bytes = new Map<string, number>();
  for (const [file, n] of modules) {
    const room = file.split('/')[2] ?? file; // dist/src/<room>/…
    bytes.set(room, (bytes.get(room) ?? 0) + n);
  }
  return Object.fromEntries([...bytes].sort(([, a], [, b]) => b - a));
};

/** What does not depend on the Node: starters, types, what is loaded, bundles, a browser. Sizes join a list. */
export const once = async (judge: Judge, host: Host, sizes: Size[]): Promise<readonly Found[]> => [
  await judge('port init', '', async () => {
    rmSync(join(host.project, 'port'), { recursive: true, force: true });
    const init = await npx(host, ['tautograd', 'port', 'init', 'javascript', 'port']);
    expecting(init.code === 0, init, 'no port begins');
    const ran = await npx(host, ['tautograd', 'verify', 'port/port.js', '--profile', 'smoke', '--law', 'loss/value']);
    expecting(ran.code === 0, ran, 'the port that was begun does not pass');
    return 'begins a port in JavaScript that passes';
  }),
  await judge('types', '', async () => {
    for (const project of ['nodenext.json', 'bundler.json', 'vitest.json']) {
      const ran = await run(bin('tsc'), ['-p', project], host.project);
      expecting(ran.code === 0, ran, `${project} has errors`);
    }
    return 'nodenext and bundler, declarations of dependencies checked too';
  }),
  await judge('what is loaded', '', async () => {
    const hook = `import { registerHooks } from 'node:module';
const seen = new Set();
registerHooks({ load: (url, context, next) => (seen.add(url), next(url, context)) });
await import(process.argv[1]);
const names = [...seen].flatMap((url) => url.match(/.*\\/node_modules\\/((?:@[^/]+\\/)?[^/]+)/)?.[1] ?? []);
console.log(JSON.stringify([...new Set(names)]));`;
    const text: string[] = [];
    for (const [name, allowed] of Object.entries(LOADS)) {
      const ran = await run('node', ['--input-type=module', '-e', hook, name], host.project, host.env);
      expecting(ran.code === 0, ran, `${name} cannot be loaded`);
      const [own, ...loaded] = JSON.parse(ran.out) as readonly string[];
      if (own !== 'tautograd') throw new Error(`${name} is not what was installed, but ${own}`);
      const strange = loaded.filter((one) => !allowed.includes(one));
      if (strange.length > 0) throw new Error(`${name} loads ${strange.join(', ')}`);
      text.push(`${name} loads ${loaded.join(', ') || 'no package'}`);
    }
    return text.join(', ');
  }),
  await judge('bundles for browsers', '', async () => {
    const index = readFileSync(join(host.project, 'node_modules/tautograd/dist/src/index.js'), 'utf8');
    const eager = exportsFrom(index).filter(([from]) => !kernels(from));
    const lines = eager.map(([, names]) => `export {${names.replace(/\S+ as /g, '')}} from 'tautograd';`);
    writeFileSync(join(host.project, 'eager.js'), lines.join('\n'));
    for (const [name, file] of [
      ['the whole engine', 'whole.js'],
      ['all of it without kernels', 'eager.js'],
      ['what trains a network, with all optimizers', 'training.js'],
      ['`grad` and `Tensor`, with all operations', 'small.js'],
    ] as const) {
      const { foreign, modules, bytes, code } = await bundle(host.project, file);
      if (foreign.length > 0) throw new Error(`${name} has ${foreign.join(', ')} in it`);
      if (file !== 'whole.js' && [...modules.keys()].some(kernels)) throw new Error(`${name} has kernels in it`);
      sizes.push({ name, files: modules.size, rooms: roomsOf(modules), ...bytes, wordless: wordless(code) });
    }
    return 'by vite, no package and no module of Node in any';
  }),
  await judge('a real browser', '', async () => {
    if (chromiumPath === undefined) return 'not run: there is no Chromium here';
    const title = await titleOf((await bundle(host.project, 'page.js')).code);
    if (title !== `${RIGHT} ${RIGHT}`) throw new Error(`XOR is not learnt in Chromium: ${title}`);
    return 'XOR is learnt in Chromium, eager and compiled; nothing is asked of the network';
  }),
];
