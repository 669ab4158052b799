// The starters under test: each is well by the doctor, holds the laws it declares, gains an entry, and is caught at a wrong line.
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { CONTRACT_VERSION, type Plain } from '../contract.ts';
import { conventionsSchema } from '../conventions.ts';
import { matching } from '../glob.ts';
import { LAWS } from '../laws/index.ts';
import { isPort, type Port } from '../port.ts';
import { examine } from '../process/doctor.ts';
import { interview } from '../process/interview.ts';
import { startPort } from '../process/port.ts';
import { answerMessage, BYE, callText, helloText, objectOf, recordOf } from '../protocol.ts';
import { PORTABLE } from '../published.ts';
import { check } from '../run.ts';
import { filesOf, STARTED, STARTERS } from './starters.ts';

const scratch = mkdtempSync(join(tmpdir(), 'tautograd-starters-'));
afterAll(() => rmSync(scratch, { recursive: true, force: true }));

/** Changes to a source: an entry more, and a line that becomes wrong. */
interface Edits {
  /** How tanh joins: what is put before which text. */
  readonly tanh: readonly (readonly [before: string, text: string])[];
  readonly wrong: readonly [right: string, wrong: string];
}
const PYTHON_TANH = (f: string) => `@entry("activation.tanh.forward")\ndef tanh(x):\n    return {"y": ${f}}\n\n\n`;
const EDITS: Readonly<Record<string, Edits>> = {
  python: {
    tanh: [['def share', PYTHON_TANH('each(math.tanh, x)')]],
    wrong: ['/ (1 + e) ** 2', '/ (1 + e)'],
  },
  numpy: {
    tanh: [['def share', PYTHON_TANH('np.tanh(x)')]],
    wrong: ['/ (1 + e) ** 2', '/ (1 + e)'],
  },
  c: {
    tanh: [
      [
        'static void identity(',
        `static void hyperbolic(Call *c) {
  const Tensor x = tensor(c, "x"), y = make(c, x.rank, x.shape);
  for (size_t i = 0; i < x.size; i++) y.data[i] = tanh(x.data[i]);
  give(c, "y", y);
}\n`,
      ],
      ['{"loss.mse.forward"', '{"activation.tanh.forward", hyperbolic}, '],
    ],
    wrong: ['/ ((1 + e) * (1 + e))', '/ (1 + e)'],
  },
  rust: {
    tanh: [
      ['fn identity(', 'fn tanh(a: &Args) -> Answer {\n    Ok(vec![("y", each(a.tensor("x")?, f64::tanh))])\n}\n'],
      ['("loss.mse.forward"', '("activation.tanh.forward", tanh),\n    '],
    ],
    wrong: ['/ ((1.0 + e) * (1.0 + e))', '/ (1.0 + e)'],
  },
  javascript: {
    tanh: [['relu: {', 'tanh: { forward: ({ x }) => ({ y: map(x, Math.tanh) }) },\n      ']],
    wrong: ['/ (1 + e) ** 2', '/ (1 + e)'],
  },
};

/** Seeds under which inputs come next to the top of a slope. */
const ULPS: Readonly<Record<string, readonly number[]>> = { python: [5, 17], numpy: [18, 20] };

/** Text with a change; what is to be changed must be there. */
const changed = (text: string, from: string, to: string): string => {
  expect(text).toContain(from);
  return text.replace(from, () => to);
};
const edited = (text: string, { tanh, wrong: [right, wrong] }: Edits): string =>
  tanh.reduce((t, [before, more]) => changed(t, before, more + before), changed(text, right, wrong));

const run = (command: readonly string[], cwd?: string) => {
  const [program = '', ...args] = command;
  // a program of a few lines need not be fast
  const env = { ...process.env, CARGO_PROFILE_RELEASE_OPT_LEVEL: '0', CARGO_NET_OFFLINE: 'true' };
  return spawnSync(program, args, { cwd, env, encoding: 'utf8' });
};

/** The program by which a row can be run here: the first one on the path, or the system's own. */
const toolOf = ([program = '', ...args]: readonly string[]): string | null =>
  [program, join('/usr/bin', program)].find((p) => run([p, ...args]).status === 0) ?? null;

/** Writes a starter, makes it ready, and returns what it can be reached by; each adapter is to be a module of its own. */
const begin = (name: string, folder: string, change: (source: string) => string = (s) => s) => {
  const starter = STARTERS[name];
  if (starter === undefined) throw new Error(`there is no ${name}`);
  const directory = join(scratch, name, folder);
  for (const [file, text] of filesOf(name, starter, '0.1.0')) {
    mkdirSync(dirname(join(directory, file)), { recursive: true });
    writeFileSync(join(directory, file), file === starter.files[0] ? change(text) : text);
  }
  const { engine, prepare = [], probe } = starter;
  if ('adapter' in engine) {
    const source = join(directory, engine.adapter);
    const here = JSON.stringify(new URL('../adapter.ts', import.meta.url).href); // what npm would have installed
    writeFileSync(source, changed(readFileSync(source, 'utf8'), "'tautograd/port'", here));
    return { directory, source };
  }
  for (const line of prepare) {
    const made = run(line.split(' '), directory);
    expect(made.stderr).not.toContain('warning');
    expect(made.status, made.stderr).toBe(0);
  }
  const [program = '', ...args] = engine.command;
  const tool = program === probe[0] ? (toolOf(probe) ?? program) : join(directory, program);
  return { directory, command: [tool, ...args.map((arg) => join(directory, arg))] };
};

type Begun = ReturnType<typeof begin>;

/** What some laws say of a starter, as `law [subject] status`, sorted. */
const verdicts = async (begun: Begun, globs: string, runs?: number, seed = 1): Promise<readonly string[]> => {
  const laws = LAWS.filter((l) => matching([l.id], globs).chosen.length > 0);
  const judge = async (port: Port): Promise<readonly string[]> => {
    const found = await Promise.all(
      laws.flatMap((l) =>
        l.subjects(port).map((subject) => check(l, port, subject, { seed, ...(runs === undefined ? {} : { runs }) })),
      ),
    );
    return found.map((c) => `${c.law} [${c.subject}] ${c.status}`).sort();
  };
  if ('source' in begun && begun.source !== undefined) {
    const { default: port } = (await import(begun.source)) as { readonly default: unknown };
    if (!isPort(port)) throw new Error(`${begun.source} makes no port`);
    expect(STARTED.filter((id) => !port.has(id))).toEqual([]);
    return judge(port);
  }
  const own = await startPort(begun.command ?? []);
  try {
    return await judge(own.port);
  } finally {
    await own.close();
    expect(own.strays).toEqual([]);
  }
};

describe.each(Object.entries(STARTERS))('the starter in %s', (name, { files, engine, probe }) => {
  const tool = toolOf(probe);
  const missing = `there is no ${probe.join(' ')} here`;
  const edits = EDITS[name];

  test('has every file of its folder, and an edit that is tested', () => {
    const folder = readdirSync(join(import.meta.dirname, 'starters', name), { recursive: true, encoding: 'utf8' });
    expect(folder.filter((file) => /\.\w+$/.test(file)).sort()).toEqual([...files].sort());
    expect(edits).toBeDefined();
  });

  let made: Begun | undefined;
  const own = (): Begun => {
    made ??= begin(name, 'own');
    return made;
  };

  test('is well by the doctor, and declares what its list ticks off', async ({ skip }) => {
    skip(tool === null, missing);
    skip('adapter' in engine, 'an adapter speaks no protocol');
    const findings = [];
    for await (const found of examine(own().command ?? [])) findings.push(found);
    expect(findings.filter((f) => f.grade !== 'well')).toEqual([]);
    expect(findings.find((f) => f.step === 'calls')?.text).toBe(
      `${STARTED.length} of ${STARTED.length} entries answer in the shapes of the contract`,
    );
  });

  test('reads tensors in base64 and as JSON numbers, whichever it asks for', async ({ skip }) => {
    skip(tool === null, missing);
    skip('adapter' in engine, 'an adapter speaks no protocol');
    const data = [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, -0, 0, 5e-324, -(2 ** -1030), 0.1, 3];
    const talk = interview(own().command ?? []);
    talk.say(helloText(CONTRACT_VERSION));
    const calls = (['base64', 'json'] as const).map((tensors) =>
      callText('activation.identity.forward', { x: { shape: [3, 3], data } }, { tensors, dtype: 'f64' }),
    );
    talk.ask([...calls, ...calls.map((call) => call.replace('"args"', ' "args" '))]); // blanks are allowed in JSON
    await talk.hear(10_000);
    const reply = await talk.hear(10_000);
    talk.say(BYE);
    await talk.program.gone;
    const message = answerMessage.parse(objectOf('line' in reply ? reply.line : ''));
    const answers = message.answers.map((a) => ('result' in a ? recordOf(a.result) : a));
    expect(answers).toHaveLength(4);
    for (const answer of answers) {
      const { y } = answer as { readonly y: Plain }; // an error has none, and is seen below
      expect(y?.shape).toEqual([3, 3]);
      expect(data.filter((x, i) => !Object.is(y.data[i], x))).toEqual([]);
    }
  });

  test('holds every law that applies', async ({ skip }) => {
    skip(tool === null, missing);
    const found = await verdicts(own(), '*', 2);
    expect(found.filter((v) => !v.endsWith(' holds'))).toEqual([]);
    expect(found.length).toBeGreaterThan(60);
  });

  test('holds values, slopes and losses under every seed: under these, one ulp used to be too many', async ({
    skip,
  }) => {
    const seeds = ULPS[name] ?? [];
    skip(seeds.length === 0, 'its slope is asked for by another starter');
    skip(tool === null, missing);
    for (const seed of seeds) {
      const found = await verdicts(own(), 'activation/*,loss/*', undefined, seed);
      expect(found.filter((v) => !v.endsWith(' holds'))).toEqual([]);
      expect(found.length).toBeGreaterThan(60);
    }
  });

  test('is green where a function is filled in, and falsified by name where a line is wrong', async ({ skip }) => {
    skip(tool === null, missing);
    if (edits === undefined) return;
    const begun = begin(name, 'edited', (source) => edited(source, edits));
    expect(await verdicts(begun, 'activation/value,activation/derivative', 20)).toEqual([
      'activation/derivative [identity] holds',
      'activation/derivative [relu] holds',
      'activation/derivative [sigmoid] falsified',
      'activation/value [identity] holds',
      'activation/value [relu] holds',
      'activation/value [sigmoid] holds',
      'activation/value [tanh] holds',
    ]);
  });
});

test('the starter on NumPy keeps seeds whole, and larger whole numbers are doubles', ({ skip }) => {
  const python = toolOf(STARTERS.numpy?.probe ?? []);
  skip(python === null, 'there is no NumPy here');
  const directory = join(import.meta.dirname, 'starters/numpy');
  const asked = 'import numpy, port; print([port.read(n) for n in (2**53 - 1, -(2**53 - 1), 10**20)])';
  const { stdout, stderr } = run([python ?? '', '-B', '-c', asked], directory);
  expect(stderr).toBe('');
  expect(stdout).toBe('[9007199254740991, -9007199254740991, 1e+20]\n');
});

test('the list has every entry of the contract once, those that are done ticked off, and every convention', () => {
  for (const [name, starter] of Object.entries(STARTERS)) {
    const list = filesOf(name, starter, '0.1.0').get('CONTRACT.md') ?? '';
    const found = [...list.matchAll(/^- \[([ x])\] (\S+)$/gm)].map(([, mark, id]) => [id, mark === 'x'] as const);
    const all = PORTABLE.flatMap((row) => row.names.map((n) => `${row.kind}.${n}.${row.call}`));
    expect(found.map(([id]) => id).sort()).toEqual(all.sort());
    expect(found.flatMap(([id, done]) => (done ? [id] : [])).sort()).toEqual([...STARTED].sort());
    const kinds = [...list.matchAll(/^## (.*)$/gm)].map(([, kind]) => kind);
    expect(new Set(kinds).size).toBe(kinds.length);
    const usual = [...list.matchAll(/^\| `(\w+)` \| [^|]+ \| `(.*?)` \| [^|]+ \|$/gm)].map(([, key, v]) => [key, v]);
    expect(usual).toEqual(Object.entries(conventionsSchema.parse({})).map(([key, v]) => [key, String(v)]));
  }
});

test('the workflow pins the seed and the version, writes JUnit, and leaves no blank unfilled', () => {
  for (const [name, starter] of Object.entries(STARTERS)) {
    const files = filesOf(name, starter, '1.2.3');
    const workflow = files.get('.github/workflows/tautograd.yml') ?? '';
    expect(workflow).toContain('- run: npm install --no-save tautograd@1.2.3\n');
    expect(workflow).toMatch(/- run: npx --no-install tautograd verify .*--seed 1 .* (-- .*|\.\/port\.js)\n/);
    for (const text of files.values()) expect(text).not.toMatch(/\{\{\w+\}\}/);
    expect((files.get('README.md') ?? '').split('\n').filter((line) => line !== '').length).toBeLessThanOrEqual(12);
  }
});
