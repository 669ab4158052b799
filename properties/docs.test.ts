// The documents under test: commands parse, snippets run, what is shown is what comes, figures are those of the reports, names and links exist.
import { spawnSync } from 'node:child_process';
import {
  existsSync,
  globSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, normalize } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Command, CommanderError } from 'commander';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { isPeer } from '../bench/peer.ts';
import { BEFORE_A_COMMAND, program } from '../src/cli/program.ts';
import { TABLES } from '../src/cli/tables.ts';
import { DOCUMENTS, filled } from '../tools/docs.ts';
import { anchorsOf, blocksOf, commandsIn, follow, linksOf, proseOf, snippetsOff, spansOf } from '../tools/documents.ts';
import { matching } from './glob.ts';
import { LAWS } from './laws/index.ts';
import { isPort } from './port.ts';
import { STARTERS } from './ports/starters.ts';
import { check } from './run.ts';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const read = (file: string): string => readFileSync(join(ROOT, file), 'utf8');
const scratch = mkdtempSync(join(tmpdir(), 'tautograd-docs-'));
afterAll(() => rmSync(scratch, { recursive: true, force: true }));
const folder = (name: string): string => {
  const path = join(scratch, name.replaceAll('/', '-'));
  mkdirSync(path, { recursive: true });
  return path;
};
const source = (path: string): string => new URL(path, import.meta.url).href;
interface Manifest {
  readonly scripts: Readonly<Record<string, string>>;
  readonly exports: Readonly<Record<string, string | { readonly default: string }>>;
}
const { scripts, exports } = JSON.parse(read('package.json')) as Manifest; // our own
/** What a snippet imports, as the sources that the package is built from. */
const MODULES: Readonly<Record<string, string>> = {
  'tautograd/port': source('./index.ts'),
  ...Object.fromEntries(
    Object.entries(exports).flatMap(([name, to]) =>
      typeof to === 'string'
        ? []
        : [[name.replace('.', 'tautograd'), source(to.default.replace('./dist', '..').replace(/js$/, 'ts'))]],
    ),
  ),
};

/** What commands write where they are run, and what is not kept here. */
const WRITTEN = ['reports/report.html', 'reports/live.html', '.github/workflows/tautograd.yml'];

/** What a command line was understood as. */
interface Understood {
  readonly name: string;
  readonly args: readonly string[];
  readonly options: Readonly<Record<string, unknown>>;
}
const heard: Understood[] = [];
beforeAll(() => {
  const silence = (command: Command): void => {
    command.exitOverride().configureOutput({ writeOut: () => {}, writeErr: () => {}, outputError: () => {} });
    if (command.commands.length === 0)
      command.action(() => {
        heard.push({ name: command.name(), args: command.args, options: command.opts() });
      });
    for (const child of command.commands) silence(child);
  };
  silence(program);
});

/** Reads a command line without running it. @throws CommanderError for what cannot be said */
const understand = async (words: readonly string[]): Promise<Understood | undefined> => {
  const cut = words.indexOf('--');
  heard.length = 0;
  await program.parseAsync(['node', 'tautograd', ...(cut < 0 ? words : words.slice(0, cut))]);
  if (cut >= 0 && !BEFORE_A_COMMAND.includes(heard[0]?.name ?? ''))
    throw new CommanderError(2, 'docs', `${heard[0]?.name} takes no command behind --`);
  return heard[0];
};

const names = (table: string): readonly string[] => Object.keys(TABLES[table] ?? {});
/** Options whose values are globs over names, by command and option. */
const GLOBS: Readonly<Record<string, readonly string[]>> = {
  'verify.law': names('laws'),
  'mutants.filter': names('mutants'),
  'bench.filter': names('ops'),
  'train.0': names('recipes'),
  'list.0': Object.keys(TABLES),
  'explain.0': Object.keys(TABLES).flatMap(names),
  'init.0': Object.keys(STARTERS),
  ...Object.fromEntries(
    ['all', 'plan', 'serve'].flatMap((command) =>
      ['problems', 'optimizers', 'initializers', 'schedules'].map((axis) => [
        `${command}.${axis}`,
        [...names(axis), 'none'],
      ]),
    ),
  ),
};

/** Names in a command line that nothing has. */
const idleIn = ({ name, args, options }: Understood): readonly string[] =>
  Object.entries({ ...args, ...options }).flatMap(([place, value]) => {
    const known = GLOBS[`${name}.${place}`];
    // behind a colon stands the dialect of an optimizer, or the file of a problem
    const globs = String(value)
      .replace(/file:[^,]*/g, 'none')
      .replace(/:\w+/g, '');
    return known === undefined || globs.includes('<') ? [] : matching(known, globs).idle;
  });

/** Chapters, and what they have: a code span `chapter/…` names a law, a mutant, or a part of the course. */
const IDS = [...names('laws'), ...names('mutants')];
const CHAPTERS = new Set(IDS.map((id) => id.split('/')[0] ?? ''));
const ROOMS = ['src', 'properties', 'bench', 'tools', 'reports', 'docs', '.github'];

describe.each(DOCUMENTS)('%s', (file) => {
  const text = read(file);

  test('quotes figures and passages as they are now', () => {
    expect(filled(text) === text, `${file} is older than what it quotes: npm run docs`).toBe(true);
  });

  test('names commands that can be said, of rows that there are', async () => {
    const shell = blocksOf(text).filter((b) => ['sh', 'console'].includes(b.language));
    const lines = shell.flatMap((b) => commandsIn(b.language === 'sh' ? b.text : b.text.replace(/^(?!\$ ).*$/gm, '')));
    for (const words of lines) {
      const understood = await understand(words).catch((error: CommanderError) => {
        if (error.code === 'commander.version') return undefined;
        throw new Error(`${file}: tautograd ${words.join(' ')}: ${error.message}`);
      });
      expect(understood === undefined ? [] : idleIn(understood), words.join(' ')).toEqual([]);
    }
    for (const words of spansOf(text).flatMap((span) => commandsIn(span))) {
      if (words.length === 0 || /[<…]/.test(words.join(' '))) continue;
      const understood = await understand(words).catch((error: CommanderError) => {
        if (/missing|not specified/.test(error.message) || error.code === 'commander.help') return undefined; // a sentence may name a command alone
        throw new Error(`${file}: \`tautograd ${words.join(' ')}\`: ${error.message}`);
      });
      expect(understood === undefined ? [] : idleIn(understood), words.join(' ')).toEqual([]);
    }
    for (const [, script = ''] of text.matchAll(/npm run (?:-s )?([\w:]+)/g))
      expect(Object.keys(scripts)).toContain(script);
  });

  test('names laws, mutants and files that there are', () => {
    for (const span of spansOf(text)) {
      for (const [, globs = ''] of span.matchAll(/--law '?([\w*,/-]+)/g))
        expect(matching(names('laws'), globs).idle, span).toEqual([]);
      const [chapter = ''] = span.split('/');
      if (/^[a-z_]+\/[a-z0-9_*-]+$/.test(span) && CHAPTERS.has(chapter))
        expect(matching(IDS, span).idle, span).toEqual([]);
      // the page of reports names files that commands would write, from its own folder
      else if (/^[\w.]+\/[\w.*{},/-]*$/.test(span) && ROOMS.includes(chapter) && file !== 'reports/README.md')
        expect(WRITTEN.includes(span) || globSync(span, { cwd: ROOT }).length > 0, `${file}: ${span}`).toBe(true);
    }
  });

  test('links to files and headings that there are', () => {
    for (const link of linksOf(text)) {
      const [path = '', anchor] = link.split('#');
      const target = path === '' ? file : normalize(join(dirname(file), path));
      if (WRITTEN.includes(target)) continue;
      expect(existsSync(join(ROOT, target)), `${file}: ${link}`).toBe(true);
      if (anchor !== undefined) expect(anchorsOf(read(target)), `${file}: ${link}`).toContain(anchor);
    }
  });

  test('has snippets that run and show what comes', () => {
    expect(snippetsOff(text, folder(file), MODULES)).toEqual([]);
  });

  const consoles = blocksOf(text).filter((b) => b.language === 'console');
  const runs = blocksOf(text).filter((b) => b.directive?.startsWith('run'));
  test('shows no output that is not compared', () => {
    expect(consoles.filter((b) => !b.directive?.startsWith('run'))).toEqual([]);
  });

  if (runs.length > 0)
    test('shows what its commands print', { timeout: 300_000 }, ({ skip }) => {
      for (const program of ['bash', 'python3'])
        skip(
          runs.some((b) => program === 'bash' || b.text.includes(program)) &&
            spawnSync(program, ['--version']).status !== 0 &&
            process.env.CI === undefined,
          `there is no ${program} here`,
        );
      expect(follow(text, folder(`${file}-run`))).toEqual([]);
    });
});

describe('adapters in the documents', () => {
  const js = DOCUMENTS.flatMap((file) => blocksOf(read(file)).filter((b) => b.language === 'js'));

  /** What the adapters of a kind export that stand in the documents, beside an engine of one's own. */
  const adaptersBy = async (define: string): Promise<readonly unknown[]> => {
    const home = folder(define);
    writeFileSync(join(home, 'package.json'), '{"type":"module"}');
    writeFileSync(
      join(home, 'my-engine.js'),
      'export const mine = { relu: (x) => (x > 0 ? x : 0 * x), reluSlope: (x) => (x > 0 ? 1 : 0), adam: () => [] };',
    );
    const made: unknown[] = [];
    for (const [i, { text }] of js.filter((b) => b.text.includes(`${define}(`)).entries()) {
      const file = join(home, `adapter-${i}.mjs`);
      writeFileSync(
        file,
        text.replace(/'(tautograd\/\w+)'/, (_, name: string) => JSON.stringify(MODULES[name])),
      );
      made.push(((await import(file)) as { default: unknown }).default);
    }
    expect(made.length).toBeGreaterThan(0);
    return made;
  };

  test('are ports, and are judged', async () => {
    for (const port of await adaptersBy('definePort')) {
      if (!isPort(port)) throw new Error('the snippet makes no port');
      const value = LAWS.find((l) => l.id === 'activation/derivative');
      expect(value && (await check(value, port, 'relu', { seed: 1 })).status).toBe('holds');
    }
  });

  test('are peers of the benchmark, and are right', async () => {
    for (const peer of await adaptersBy('definePeer')) {
      if (!isPeer(peer)) throw new Error('the snippet makes no peer');
      const running = await peer.can.relu?.({ n: 3 }, { x: Float64Array.of(-1, 0, 2) });
      running?.run(1);
      expect(await running?.outputs()).toEqual({ y: Float64Array.of(-0, 0, 2) });
    }
  });

  test('register laws that there are', () => {
    const globs = js.flatMap((b) => [...b.text.matchAll(/laws: '([^']+)'/g)].map((m) => m[1] ?? ''));
    expect(globs.length).toBeGreaterThan(0);
    for (const glob of globs) expect(matching(names('laws'), glob).idle).toEqual([]);
  });
});

test('workflows in the documents give the action what it takes', () => {
  const inputs = [...read('.github/actions/verify/action.yml').matchAll(/^ {2}([\w-]+):$/gm)].map((m) => m[1]);
  const steps = DOCUMENTS.flatMap((file) => blocksOf(read(file)).filter((b) => b.text.includes('actions/verify@')));
  expect(steps.length).toBeGreaterThan(0);
  for (const { text } of steps)
    for (const [, name] of text.matchAll(/^ {4}([\w-]+):/gm)) expect(inputs).toContain(name);
});

describe('these tests', () => {
  test('see a command that cannot be said, and a name that nothing has', async () => {
    for (const words of [['verfy'], ['verify', '--lw', 'x'], ['verify', '--profile', 'fast'], ['list', 'laws', 'more']])
      await expect(understand(words)).rejects.toThrow();
    await expect(understand(['list', 'laws', '--', 'port'])).rejects.toThrow(/takes no command/);
    const understood = await understand(['verify', '--law', 'loss/*,los/*', '--', 'port']);
    expect(understood && idleIn(understood)).toEqual(['los/*']);
    expect(await understand(['sweep', '--optimizers', 'adam:keras,sgdd'])).toMatchObject({ name: 'all' });
    expect(idleIn({ name: 'all', args: [], options: { optimizers: 'adam:keras,sgdd' } })).toEqual(['sgdd']);
  });

  test('see output that is not what is shown, and figures that have changed', () => {
    const shown = (output: string): string =>
      `<!-- run -->\n\`\`\`console\n$ echo a; echo b; echo c\n${output}\n\`\`\`\n`;
    expect(follow(shown('a\n…\nc'), folder('echo'))).toEqual([]);
    expect(follow(shown('…c'), folder('echo'))).toHaveLength(1);
    expect(follow(shown('a\nb'), folder('echo'))).toHaveLength(1);
    expect(filled('about 3e-9<!-- tolerance ALPHA -->.')).toBe('about 5e-13<!-- tolerance ALPHA -->.');
    expect(filled('<!-- peers -->\nold\n<!-- end -->')).toMatch(/^<!-- peers -->\n\| workload[\s\S]*\n<!-- end -->$/);
    for (const gone of ['no.such', 'no.such percent', 'limits.[check=none]', 'trials unknown'])
      expect(() => filled(`1<!-- report limits.json ${gone} -->`), gone).toThrow(/no figure/);
    expect(anchorsOf('## One *two*, `x`')).toEqual(['one-two-x']);
    expect(proseOf('a\n```sh\nb\n```\n')).toBe('a\n\n');
  });
});

test('the page of reports names every file there is', () => {
  const page = read('reports/README.md');
  const files = readdirSync(join(ROOT, 'reports'), { recursive: true, encoding: 'utf8' }).filter(
    (f) => /\.\w+$/.test(f) && f !== 'README.md',
  );
  for (const name of files) {
    const [, place = '', base = '', ending = ''] = name.match(/^(.*)\/([^/.]+)\.(\w+)$/) ?? [];
    expect(page.includes(`${place}/${base}.`) || page.includes(`${place}/*.${ending}`), name).toBe(true);
  }
});
