// What the first step of a compiled training costs: tracing, compiling and running it once, each time in a new process.
import { execFileSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { machineLine, machineOf } from '../bench/machine.ts';
import { figure, page, table } from '../bench/markdown.ts';
import { classifier } from '../bench/peers/training.ts';
import { median, medianAbsoluteDeviation } from '../bench/statistics.ts';
import { inputsOf, type SizesOf, WORKLOADS } from '../bench/workloads.ts';
import { type CompileOptions, scan, trainingStep } from '../src/index.ts';

const VARIANTS: readonly Required<Pick<CompileOptions, 'dtype' | 'mode'>>[] = [
  { dtype: 'f32', mode: 'fast' },
  { dtype: 'f32', mode: 'reproducible' },
  { dtype: 'f64', mode: 'reproducible' },
];
/** Milliseconds until the step is there, and until it has been made. */
type Times = readonly [compiled: number, stepped: number];

/** In this process, once: the training step of the workload W2, by what the engine has for everyone. */
const firstOf = (options: CompileOptions): Times => {
  const sizes = WORKLOADS.find((w) => w.id === 'W2/classifier')?.sizes as SizesOf['classifier']; // of its own row
  const { setup, training, batch } = classifier(
    sizes,
    inputsOf('classifier', sizes) as Parameters<typeof classifier>[1],
  );
  const from = performance.now();
  const { step, state } = trainingStep(setup, training);
  const underway = scan(step, options).start(state, [batch.x, batch.y]);
  const compiled = performance.now() - from;
  underway.run(1);
  return [compiled, performance.now() - from];
};

const { variant, out, runs } = parseArgs({
  options: {
    variant: { type: 'string' },
    out: { type: 'string', default: 'reports' },
    runs: { type: 'string', default: '15' },
  },
}).values;
if (variant !== undefined) {
  console.log(JSON.stringify(firstOf(VARIANTS[Number(variant)] ?? {})));
} else {
  const times: Times[][] = VARIANTS.map(() => []);
  for (let i = 0; i < Number(runs); i++)
    for (const k of VARIANTS.keys()) {
      const said = execFileSync(process.execPath, [fileURLToPath(import.meta.url), '--variant', String(k)]);
      times[k]?.push(JSON.parse(String(said)) as Times); // what this file prints
    }
  const rows = VARIANTS.map(({ dtype, mode }, k) => {
    const of = (i: 0 | 1): string => {
      const all = (times[k] ?? []).map((t) => t[i]);
      return `${figure(median(all))} ± ${figure(medianAbsoluteDeviation(all))}, least ${figure(Math.min(...all))}`;
    };
    return [`${dtype}, ${mode}`, of(0), of(1)];
  });
  const file = join(out, 'bench', 'first.md');
  mkdirSync(join(out, 'bench'), { recursive: true });
  writeFileSync(
    file,
    page(
      '# The first step of a compiled training',
      machineLine(machineOf()),
      `The training step of W2 (784 → 512 → 256 → 1, batch norm, dropout, Adam, 128 samples), written over the public functions and made by \`trainingStep\` and \`scan\`, in milliseconds: median ± median absolute deviation, and least, of ${runs} new processes each. The state is copied in, all code of the compiler is cold, and garbage is collected meanwhile.`,
      table(['variant', 'traced and compiled', 'and the first step made'], rows),
    ),
  );
  console.error(`${rows.map((r) => r.join('  ')).join('\n')}\nwrote ${file}`);
}
