// Known results: what is generally held to be so, each as a small sweep and a claim computed from it, come out as it may.

import type { OptimizerSpec } from '../../src/index.ts';
import type { Progress } from '../measure.ts';
import { definitionOf } from './definition.ts';
import { MISLEADING } from './problems/convex.ts';
import { problemRow } from './problems/index.ts';
import { type CellState, cellsOf, type Protocol } from './protocol.ts';
import type { RunRecord } from './record.ts';
import { lowestOf, pairedMedian, type Shift, shareOf, windowed } from './shift.ts';
import { here, type Runner, runSweep } from './sweep.ts';

/** What a claim asks for; problems keep their own budgets, and their definitions are filled in. */
export type Asked = Pick<Protocol, 'mode' | 'optimizers' | 'initializers' | 'variants'> & {
  readonly problems: readonly string[];
};

/** What came of it. */
export interface Outcome extends Shift {
  /** `came out`: the whole interval is on the side of the claim; `did not`: it is not. */
  readonly verdict: 'came out' | 'did not';
  /** One sentence with the numbers. */
  readonly text: string;
}

export interface KnownRow {
  readonly id: string;
  readonly claim: string;
  readonly source: string;
  readonly asks: Asked;
  readonly judge: (cells: readonly CellState[]) => Outcome;
}

export interface KnownResult extends Outcome, Pick<KnownRow, 'id' | 'claim' | 'source'> {}

/** Reported on, twenty as everywhere. */
const SEEDS: readonly number[] = Array.from({ length: 20 }, (_, i) => i + 1);
const TUNING: readonly number[] = [1001, 1002, 1003];

type Define = (problem: string) => Promise<string>;

const protocolOf = async (row: KnownRow, seeds: readonly number[], define: Define): Promise<Protocol> => {
  const { problems, ...asks } = row.asks;
  const facts: Protocol['problems'][number][] = [];
  for (const name of problems) facts.push({ name, definition: await define(name), steps: problemRow(name).steps });
  return { schema: 1, ...asks, problems: facts, tuningSeeds: TUNING, seeds, budgets: [] };
};

// --- what cells say ---

const lossesOf = ({ runs }: CellState): readonly number[] => runs.map((run) => run.finalLoss);
const numberOf = (v: number): string => (Number.isFinite(v) ? String(Number(v.toPrecision(3))) : '∞');
const between = ({ low, high }: Shift): string => `[${numberOf(low)}, ${numberOf(high)}]`;

const outcome = (shift: Shift, holds: boolean, text: string): Outcome => ({
  ...shift,
  verdict: holds ? 'came out' : 'did not',
  text,
});

/** log₁₀ of a loss, failures being infinite. */
const size = (loss: number): number => Math.log10(loss);

const one = (cells: readonly CellState[], which: (cell: CellState) => boolean): CellState => {
  const cell = cells.find(which);
  if (cell === undefined) throw new RangeError('known: a cell of the claim is missing');
  return cell;
};
const started = (cells: readonly CellState[], initializer: string): CellState =>
  one(cells, ({ place }) => place.initializer === initializer);

/** By how many decades the final loss of one initializer is below that of another, seed by seed, at the best rate of each. */
const initializers = (
  cells: readonly CellState[],
  a: string,
  b: string,
): { readonly shift: Shift; readonly text: string } => {
  const [x, y] = [started(cells, a), started(cells, b)];
  const shift = pairedMedian(lossesOf(x).map(size), lossesOf(y).map(size));
  const rates = [x, y].map(({ chosen }) => numberOf(chosen?.lr ?? Number.NaN)).join(' and ');
  const edges = [x, y].filter(({ chosen }) => chosen?.tuned?.status === 'edge').length;
  const note = edges === 0 ? '' : ' (a rate on the edge of its grid)';
  return {
    shift,
    text: `${a} − ${b}: ${numberOf(shift.estimate)} decades of final loss ${between(shift)} over ${shift.n} seeds, rates ${rates}${note}`,
  };
};

// --- rates side by side ---

/** Half a decade apart. */
const STEP = 1 / 2;
const grid = (low: number, high: number, ...names: readonly string[]): readonly OptimizerSpec[] =>
  names.flatMap((name) =>
    Array.from({ length: (high - low) / STEP + 1 }, (_, i) => ({
      name,
      hyper: { lr: Number((10 ** (low + i * STEP)).toPrecision(2)) },
    })),
  );

/** Losses of one optimizer, rate by rate and seed by seed. */
const alongRates = (cells: readonly CellState[], which: (cell: CellState) => boolean): readonly (readonly number[])[] =>
  cells.filter(which).map(lossesOf);

/** Decades of rate around the best at which a seed reaches a loss. */
const basin = (losses: readonly number[], target: number): number => {
  const best = lowestOf(losses);
  if (!((losses[best] as number) <= target)) return 0;
  let [low, high] = [best, best];
  while (low > 0 && (losses[low - 1] as number) <= target) low--;
  while (high < losses.length - 1 && (losses[high + 1] as number) <= target) high++;
  return (high - low + 1) * STEP;
};

const bySeed = (
  table: readonly (readonly number[])[],
  of: (losses: readonly number[], seed: number) => number,
): readonly number[] =>
  (table[0] ?? []).map((_, seed) =>
    of(
      table.map((losses) => losses[seed] as number), // every rate has all seeds
      seed,
    ),
  );

/** As good as: within a tenth of a loss. */
const NEAR = 1.1;
/** Rungs on either side of the best rate: a decade and a half. */
const WINDOW = 3;

/** Mean over the rates of a window of the loss, not above that of the start, over the best: how much a wrong rate costs. @source Wortsman et al. 2023, §2.2 */
const sensitivity = (losses: readonly number[], first: number): number => {
  const capped = losses.map((loss) => Math.min(loss, first));
  return capped.reduce((a, b) => a + b, 0) / capped.length - Math.min(...capped);
};

const BASIN = 'deepRelu10';
const SCALED = 'scaledFeatures';
const DEEP = { problems: ['digitsDeepSigmoid'], optimizers: [{ name: 'sgd', hyper: { lr: 0.1 } }] } as const;

const reddi = ['adam', 'amsgrad'].flatMap((name) =>
  [0.2, 0.4, 0.6, 0.8].map(
    (lr): OptimizerSpec => ({
      name,
      hyper: { lr, beta1: 0, beta2: 1 / (1 + MISLEADING.gradient ** 2) },
      schedule: { name: 'inverseRoot', hyper: { warmup: 1 } },
    }),
  ),
);

export const KNOWN: readonly KnownRow[] = [
  {
    id: 'zeros',
    claim: 'weights that start at zero never break the symmetry of hidden units',
    source: 'Rumelhart, Hinton & Williams 1986',
    asks: {
      mode: 'defaults',
      problems: ['xorSigmoid', 'moons'],
      optimizers: [
        { name: 'sgd', hyper: { lr: 0.1 } },
        { name: 'adam', hyper: { lr: 0.01 } },
      ],
      initializers: ['zeros', 'xavierNormal'],
      variants: [{}],
    },
    judge: (cells) => {
      const of = (initializer: string) =>
        cells
          .filter(({ place }) => place.initializer === initializer)
          .flatMap(({ runs }) => runs.map((run) => run.unitSpread));
      const [zeros, drawn] = [of('zeros'), of('xavierNormal')];
      const shift = shareOf(zeros.filter((spread) => spread === 0).length, zeros.length);
      const apart = drawn.filter((spread) => spread !== null && spread > 0).length;
      return outcome(
        shift,
        shift.estimate === 1 && apart === drawn.length,
        `hidden units exactly equal at the end of ${zeros.filter((s) => s === 0).length} of ${zeros.length} runs from zeros (share ${between(shift)}), of ${drawn.length - apart} of ${drawn.length} from drawn weights`,
      );
    },
  },
  {
    id: 'he-relu',
    claim: 'He’s start beats Xavier’s on a deep network with ReLU',
    source: 'He et al. 2015, §2.2 and Fig. 3',
    asks: {
      mode: 'rate',
      problems: ['deepRelu20'],
      optimizers: [{ name: 'sgd' }],
      initializers: ['heNormal', 'xavierNormal'],
      variants: [{}],
    },
    judge: (cells) => {
      const { shift, text } = initializers(cells, 'heNormal', 'xavierNormal');
      return outcome(shift, shift.high < 0, text);
    },
  },
  {
    id: 'he-tanh',
    claim: 'He’s start loses that edge on tanh',
    source: 'Glorot & Bengio 2010, §4; He et al. 2015, §2.2 (derived for ReLU)',
    asks: {
      mode: 'rate',
      problems: ['deepRelu20', 'deepTanh20'],
      optimizers: [{ name: 'sgd' }],
      initializers: ['heNormal', 'xavierNormal'],
      variants: [{}],
    },
    judge: (cells) => {
      const edges = (problem: string): readonly number[] => {
        const own = cells.filter(({ place }) => place.problem === problem);
        const [he, xavier] = [lossesOf(started(own, 'heNormal')), lossesOf(started(own, 'xavierNormal'))];
        return he.map((loss, i) => (loss === xavier[i] ? 0 : size(loss) - size(xavier[i] as number))); // two failures tie
      };
      const [relu, tanh] = [edges('deepRelu20'), edges('deepTanh20')];
      const shift = pairedMedian(tanh, relu);
      const on = (name: string, edge: readonly number[]) => {
        const own = pairedMedian(
          edge,
          edge.map(() => 0),
        );
        return `${numberOf(own.estimate)} ${between(own)} on ${name}`;
      };
      return outcome(
        shift,
        shift.low > 0,
        `heNormal − xavierNormal in decades of final loss: ${on('ReLU', relu)}, ${on('tanh', tanh)}; the second less the first ${numberOf(shift.estimate)} ${between(shift)} over ${shift.n} seeds (the gain √2 is nearer to what tanh asks for, 5/3, than Xavier’s 1)`,
      );
    },
  },
  {
    id: 'batch-norm-basin',
    claim: 'batch normalisation widens the range of rates that work',
    source: 'Ioffe & Szegedy 2015, §3.3; Bjorck et al. 2018',
    asks: {
      mode: 'defaults',
      problems: [BASIN],
      optimizers: grid(-3, 1, 'sgd'),
      initializers: ['heNormal'],
      variants: [{}, { batchNorm: true }],
    },
    judge: (cells) => {
      const { target } = problemRow(BASIN);
      const widths = [true, false].map((normed) => {
        const table = alongRates(cells, ({ place }) => (place.variant.batchNorm === true) === normed);
        return bySeed(table, (losses) => basin(losses, target));
      }) as [readonly number[], readonly number[]];
      const shift = pairedMedian(widths[0], widths[1]);
      return outcome(
        shift,
        shift.low > 0,
        `${numberOf(shift.estimate)} decades of rate more ${between(shift)} over ${shift.n} seeds that reach ${target} around the best, SGD on ${BASIN}`,
      );
    },
  },
  {
    id: 'adam-sensitivity',
    claim: 'Adam is less sensitive to its learning rate than SGD on an ill-scaled problem',
    source: 'Kingma & Ba 2015, §1; Wortsman et al. 2023, §2.2 (the measure)',
    asks: {
      mode: 'defaults',
      problems: [SCALED],
      optimizers: grid(-4, 2, 'adam', 'sgd'),
      initializers: ['xavierNormal'],
      variants: [{}],
    },
    judge: (cells) => {
      const of = (name: string) => {
        const mine = (cell: CellState) => cell.place.optimizer.name === name;
        const table = alongRates(cells, mine);
        const first = (cells.find(mine)?.runs ?? []).map((run) => run.losses[0] ?? Number.NaN);
        const cost = bySeed(windowed(table, WINDOW), (losses, seed) => sensitivity(losses, first[seed] as number)); // one each
        return { table, cost, best: bySeed(table, (losses) => Math.min(...losses)) };
      };
      const [adam, sgd] = [of('adam'), of('sgd')];
      // what both can reach: within a tenth of the best of the worse of the two
      const level = (seed: number) => NEAR * Math.max(adam.best[seed] as number, sgd.best[seed] as number); // one each
      const width = ({ table }: typeof adam) => bySeed(table, (losses, seed) => basin(losses, level(seed)));
      const shift = pairedMedian(width(adam), width(sgd));
      const cost = pairedMedian(adam.cost, sgd.cost);
      return outcome(
        shift,
        shift.low > 0,
        `${numberOf(shift.estimate)} decades of rate more ${between(shift)} over ${shift.n} seeds at which Adam reaches what both can reach; mean loss above the best within ${WINDOW * STEP} decades of it, which a lower best raises: ${numberOf(cost.estimate)} nats ${between(cost)}`,
      );
    },
  },
  {
    id: 'amsgrad-reddi',
    claim: 'AMSGrad finds the optimum of Reddi’s sequence, and Adam the opposite end',
    source: 'Reddi, Kale & Kumar 2018, Theorem 1 and Fig. 1',
    asks: { mode: 'defaults', problems: ['misleading'], optimizers: reddi, initializers: ['zeros'], variants: [{}] },
    judge: (cells) => {
      const of = (name: string) => cells.filter(({ place }) => place.optimizer.name === name).flatMap(lossesOf);
      const [adam, amsgrad] = [of('adam'), of('amsgrad')];
      const apart = amsgrad.map((loss, i) => loss - (adam[i] as number)); // one rate each
      const shift = {
        estimate: (Math.min(...apart) + Math.max(...apart)) / 2,
        low: Math.min(...apart),
        high: Math.max(...apart),
        n: apart.length,
      };
      return outcome(
        shift,
        shift.high < 0,
        `AMSGrad − Adam: mean loss lower by ${numberOf(-shift.high)} to ${numberOf(-shift.low)} at all ${shift.n} rates (nothing is drawn, so that this is a range); at best ${numberOf(Math.min(...amsgrad))} and ${numberOf(Math.min(...adam))} of −0.333`,
      );
    },
  },
  {
    id: 'rbm-rescue',
    claim: 'pre-training by Boltzmann machines rescues a deep stack of sigmoids',
    source: 'Hinton & Salakhutdinov 2006; Erhan et al. 2010',
    asks: { ...DEEP, mode: 'rate', initializers: ['rbm', 'xavierNormal'], variants: [{}] },
    judge: (cells) => {
      const { shift, text } = initializers(cells, 'rbm', 'xavierNormal');
      const scoresOf = (name: string) => started(cells, name).runs.map((run) => run.score);
      const accuracy = pairedMedian(scoresOf('rbm'), scoresOf('xavierNormal'));
      return outcome(
        shift,
        shift.high < 0,
        `${text}; test accuracy ${numberOf(100 * accuracy.estimate)} points more [${numberOf(100 * accuracy.low)}, ${numberOf(100 * accuracy.high)}]`,
      );
    },
  },
];

/** Makes the sweeps of some claims and judges them. */
export const runKnown = async ({
  rows = KNOWN,
  seeds = SEEDS,
  runner = here,
  known = new Map(),
  define = definitionOf,
  onProgress = () => {},
}: {
  readonly rows?: readonly KnownRow[];
  readonly seeds?: readonly number[];
  readonly runner?: Runner;
  readonly known?: ReadonlyMap<string, RunRecord>;
  /** The digests of problems. */
  readonly define?: Define;
  readonly onProgress?: (progress: Progress) => void;
} = {}): Promise<{ readonly results: readonly KnownResult[]; readonly known: ReadonlyMap<string, RunRecord> }> => {
  const results: KnownResult[] = [];
  let all = known;
  for (const row of rows) {
    const protocol = await protocolOf(row, seeds, define);
    all = await runSweep(protocol, {
      known: all,
      runner,
      onProgress: (progress) => onProgress({ ...progress, label: `${row.id}: ${progress.label}` }),
    });
    const { id, claim, source } = row;
    results.push({ id, claim, source, ...row.judge(cellsOf(protocol, all)) });
  }
  return { results, known: all };
};
