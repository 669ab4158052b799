// From which size on two threads are faster than one: groups of every kind, growing, each timed on one and on two in turn.
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { machineOf as machineHere, machineLine } from '../bench/machine.ts';
import { figure, page, table, time } from '../bench/markdown.ts';
import { measureRounds, type Timed, timingOf } from '../bench/measure.ts';
import { effortOf } from '../src/compile/parts.ts';
import { keyOf, type Lang, normal, type Pure, type Shape, trace } from '../src/index.ts';
import { machineOf } from '../src/internal.ts';
import { startThreads } from '../src/node.ts';

interface Kind {
  readonly name: string;
  readonly sizes: readonly number[];
  readonly shapes: (n: number) => readonly Shape[];
  readonly of: (n: number) => Pure;
}
const one =
  (f: <T>(o: Lang<T>, x: T) => T): Kind['of'] =>
  () =>
  <T>(o: Lang<T>, [x]: readonly T[]) => [f(o, x as T)];
const NUMBERS = [1024, 2048, 4096, 8192, 16384, 32768];

/** Another kind of group is a row. */
const KINDS: readonly Kind[] = [
  { name: 'one product each', sizes: NUMBERS, shapes: (n) => [[n]], of: one((o, x) => o.mul(x, o.lit(1.001))) },
  { name: 'tanh', sizes: NUMBERS, shapes: (n) => [[n]], of: one((o, x) => o.tanh(x)) },
  { name: 'softmax of rows of 64', sizes: NUMBERS, shapes: (n) => [[n / 64, 64]], of: one((o, x) => o.softmax(x)) },
  {
    name: 'sums of columns of 64',
    sizes: NUMBERS,
    shapes: (n) => [[64, n / 64]],
    of: one((o, x) => o.sum(o.mul(x, x), { axes: [0], keep: false })),
  },
  {
    name: 'product of n × n',
    sizes: [16, 24, 32, 48, 64, 96],
    shapes: (n) => [
      [n, n],
      [n, n],
    ],
    of:
      () =>
      <T>(o: Lang<T>, [x, y]: readonly T[]) => [o.matmul(x as T, y as T)],
  },
  {
    name: 'uniforms',
    sizes: NUMBERS,
    shapes: () => [[]],
    of:
      (n) =>
      <T>(o: Lang<T>, [k]: readonly T[]) => [o.uniform(k as T, { key: [1, 2], shape: [n] })],
  },
];

const { out, time: given } = parseArgs({
  options: { out: { type: 'string', default: 'reports' }, time: { type: 'string', default: '200' } },
}).values;
const machine = machineHere();
const threads = startThreads(2);

const rows: string[][] = [];
for (const { name, sizes, shapes, of } of KINDS)
  for (const n of sizes) {
    const program = trace(of(n), shapes(n), 'f32');
    const both = [{}, { threads, least: 0 }].map((options) => machineOf(program, { mode: 'fast', ...options }));
    const tasks = both.map((made, i): Timed => {
      for (const [k, x] of made.inputs.entries()) x.set(normal(keyOf(k), [x.length]).view);
      return {
        name: `${name}, ${n}, ${i + 1}`,
        time: (calls) => {
          const from = performance.now();
          made.run(calls);
          return performance.now() - from;
        },
      };
    });
    const samples = await measureRounds(tasks, { timePerTask: Number(given), rounds: 8, shortestSample: 0.5 });
    const [alone = Number.NaN, together = Number.NaN] = samples.map((s) => timingOf(s).medianNs);
    const { fused, lowered } = (both[0] as (typeof both)[number]).made; // there are two
    const effort = fused.groups.reduce((sum, g) => sum + effortOf(lowered, g), 0) / 4;
    rows.push([name, String(n), figure(effort), time(alone), time(together), figure(alone / together)]);
    console.error(rows.at(-1)?.join('  '));
  }
const file = join(out, 'bench', 'threads.md');
mkdirSync(join(out, 'bench'), { recursive: true });
writeFileSync(
  file,
  page(
    '# Two threads against one',
    machineLine(machine),
    'Single precision, fast mode, medians of interleaved rounds. Effort is in instructions on vectors, as the compiler counts it; it shares out what takes more than 20,000.',
    table(['what', 'n', 'effort', 'one thread', 'two threads', 'one ÷ two'], rows),
  ),
);
console.error(`wrote ${file}`);
threads.end();
