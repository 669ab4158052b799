// Faults of contrastive divergence: stale phases, chains that restart, samples where probabilities are due.
import type { Args, Plain } from '../contract.ts';
import { at, changed, list, type Mutant, now, number, plain } from './plant.ts';

/** Numbers of one row. */
export type Row = readonly number[];
type Rows = readonly Row[];

export const rowsOf = (t: Plain): Rows => {
  const [n = 0, d = 0] = t.shape;
  return Array.from({ length: n }, (_, i) => Array.from(t.data).slice(i * d, (i + 1) * d));
};
export const sigma = (x: number): number => 1 / (1 + Math.exp(-x));

export interface Machine {
  readonly w: Rows;
  readonly b: Row;
  readonly c: Row;
}
export const machineOf = (args: Args): Machine => ({
  w: rowsOf(plain(args, 'w')),
  b: Array.from(plain(args, 'b').data),
  c: Array.from(plain(args, 'c').data),
});
const hiddenOf = ({ w, c }: Machine, v: Row): Row =>
  c.map((x, j) => sigma(w.reduce((s, row, i) => s + (v[i] ?? 0) * (row[j] ?? 0), x)));
const visibleOf = ({ w, b }: Machine, h: Row): Row =>
  b.map((x, i) => sigma((w[i] ?? []).reduce((s, y, j) => s + y * (h[j] ?? 0), x)));

/** Where a persistent chain was, after `args.from` was seen to be there. */
const startOf = (args: Args): Plain => args.from as Plain; // parsed by the contract

interface ChainFault {
  readonly on?: (p: number, u: number) => number;
  readonly onHidden?: (p: number, u: number) => number;
  readonly turns?: (k: number) => number;
  /** Which uniforms a half step takes. */
  readonly step?: (half: number) => number;
  readonly ignoresChain?: boolean;
  /** The states whose statistics are the data's part. */
  readonly data?: (v: Rows, chain: Rows) => Rows;
  /** Hidden units of the end, given its probabilities, those of a turn before, and the last samples. */
  readonly back?: (p: Row, before: Row, sampled: Row) => Row;
  readonly there?: (p: Row, sampled: Row) => Row;
  /** Those that the biases see, where they differ. */
  readonly thereOfBias?: (p: Row, sampled: Row) => Row;
  readonly rows?: (own: number, other: number) => number;
  readonly slope?: (end: number, data: number) => number;
  readonly reached?: (states: readonly Rows[]) => Rows;
}

/** Contrastive divergence in plain numbers, with one habit of it wrong. */
const chain = (f: ChainFault) =>
  at('rbm.rbm.cd', (args) => {
    const m = machineOf(args);
    const v = rowsOf(plain(args, 'v'));
    const start = args.from === undefined || f.ignoresChain ? v : rowsOf(startOf(args));
    const uniforms = list(args, 'uniforms').map(rowsOf);
    const on = f.on ?? ((p, u) => (u < p ? 1 : 0));
    const onHidden = f.onHidden ?? on;
    const sampled = (p: Row, half: number, r: number, how: (p: number, u: number) => number): Row =>
      p.map((x, i) => how(x, uniforms[(f.step ?? ((s) => s))(half) % uniforms.length]?.[r]?.[i] ?? 1 / 2));
    const turns = (f.turns ?? ((k) => k))(number(args, 'k'));
    const states: Rows[] = [start];
    let h: Rows = [];
    let before: Rows = start.map((s) => hiddenOf(m, s));
    let first: Rows = [];
    for (let turn = 0; turn < turns; turn++) {
      const from = states.at(-1) ?? start;
      before = from.map((s) => hiddenOf(m, s));
      h = before.map((p, r) => sampled(p, 2 * turn, r, onHidden));
      if (turn === 0) first = h;
      states.push(h.map((s, r) => sampled(visibleOf(m, s), 2 * turn + 1, r, on)));
    }
    const end = (f.reached ?? ((all) => all.at(-1) ?? all[0] ?? []))(states);
    const back = end.map((s, r) => (f.back ?? ((p) => p))(hiddenOf(m, s), before[r] ?? [], h[r] ?? []));
    const data = (f.data ?? ((x) => x))(v, start);
    const thereBy = (how: (p: Row, s: Row) => Row): Rows =>
      data.map((s, r) => how(hiddenOf(m, s), first[r] ?? hiddenOf(m, s)));
    const there = thereBy(f.there ?? ((p) => p));
    const biasThere = thereBy(f.thereOfBias ?? f.there ?? ((p) => p));
    const divisor = f.rows ?? ((own) => own);
    const mean = (xs: Rows, other: Rows, of: (row: Row, r: number) => number): number =>
      xs.reduce((s, row, r) => s + of(row, r), 0) / divisor(xs.length, other.length);
    const slope = f.slope ?? ((a, z) => a - z);
    const dw = m.b.flatMap((_, i) =>
      m.c.map((_2, j) =>
        slope(
          mean(end, data, (s, r) => (s[i] ?? 0) * (back[r]?.[j] ?? 0)),
          mean(data, end, (s, r) => (s[i] ?? 0) * (there[r]?.[j] ?? 0)),
        ),
      ),
    );
    const db = m.b.map((_, i) =>
      slope(
        mean(end, data, (s) => s[i] ?? 0),
        mean(data, end, (s) => s[i] ?? 0),
      ),
    );
    const dc = m.c.map((_, j) =>
      slope(
        mean(end, data, (_s, r) => back[r]?.[j] ?? 0),
        mean(data, end, (_s, r) => biasThere[r]?.[j] ?? 0),
      ),
    );
    return {
      dw: { shape: [m.b.length, m.c.length], data: dw },
      db: { shape: [m.b.length], data: db },
      dc: { shape: [m.c.length], data: dc },
      reached: { shape: [end.length, m.b.length], data: end.flat() },
    };
  });

const CD = 'rbm/contrastive-divergence';

export const chainMutants: readonly Mutant[] = [
  {
    id: 'rbm/chain-itself',
    says: 'a hidden unit that stays on',
    killedBy: [CD, 'rbm/cd-expectation', 'rbm/no-slope-at-model', 'rbm/on-below-probability'],
    plant: chain({ onHidden: () => 1 }),
  },
  {
    id: 'rbm/stale-negative',
    says: 'the negative phase with p(h | v) of a turn before',
    bug: 'DsysDML/rbms #31',
    killedBy: [CD, 'rbm/cd-expectation', 'rbm/no-slope-at-model', 'rbm/bias-slopes'],
    plant: chain({ back: (_p, before) => before }),
  },
  {
    id: 'rbm/sampled-negative',
    says: 'the last samples of the hidden units where probabilities of the end are due',
    bug: 'dl4j #3057',
    killedBy: [CD, 'rbm/cd-expectation', 'rbm/bias-slopes'],
    plant: chain({ back: (_p, _b, sampled) => sampled }),
  },
  {
    id: 'rbm/no-bias-slope',
    says: 'slopes of visible biases always 0',
    bug: 'OpenANN #76',
    killedBy: [CD, 'rbm/bias-slopes', 'rbm/no-weights-slope', 'rbm/cd-expectation'],
    plant: changed('rbm.rbm.cd', 'db', () => 0),
  },
  {
    id: 'rbm/no-hidden-bias-slope',
    says: 'slopes of hidden biases always 0',
    bug: 'OpenANN #76',
    killedBy: [CD, 'rbm/bias-slopes', 'rbm/cd-expectation'],
    plant: changed('rbm.rbm.cd', 'dc', () => 0),
  },
  {
    id: 'rbm/sampled-bias',
    says: 'the hidden bias sees samples at the data, the weights probabilities',
    bug: 'yusugomori #31, Boltzmann.jl #15, echen #7',
    killedBy: [CD, 'rbm/bias-slopes', 'rbm/no-weights-slope'],
    plant: chain({ thereOfBias: (_p, s) => s }),
  },
  {
    id: 'rbm/sampled-positive',
    says: 'samples of the hidden units at the data, undeclared',
    killedBy: [CD, 'rbm/bias-slopes', 'convention/declared'],
    plant: chain({ there: (_p, s) => s }),
  },
  {
    id: 'rbm/mean-field-visible',
    says: 'visible probabilities where samples are declared',
    bug: 'MLAlgorithms #29',
    killedBy: [CD, 'rbm/on-below-probability', 'rbm/samples-stay-model', 'convention/declared'],
    plant: chain({ on: (p) => p, onHidden: (p, u) => (u < p ? 1 : 0) }),
  },
  {
    id: 'rbm/mean-field-hidden',
    says: 'hidden probabilities on the way, never sampled',
    killedBy: [CD, 'rbm/samples-stay-model', 'rbm/cd-expectation', 'rbm/no-slope-at-model'],
    plant: chain({ onHidden: (p) => p }),
  },
  {
    id: 'rbm/threshold-half',
    says: 'a unit is on where its probability is above ½',
    killedBy: [CD, 'rbm/on-below-probability', 'rbm/samples-stay-model', 'rbm/cd-expectation'],
    plant: chain({ on: (p) => (p > 1 / 2 ? 1 : 0) }),
  },
  {
    id: 'rbm/on-above',
    says: 'a unit is on where its uniform is above its probability',
    killedBy: [CD, 'rbm/on-below-probability', 'rbm/samples-stay-model', 'rbm/no-weights-slope'],
    plant: chain({ on: (p, u) => (u > p ? 1 : 0) }),
  },
  {
    id: 'rbm/on-at-probability',
    says: 'a unit is on where its uniform equals its probability',
    killedBy: ['rbm/on-below-probability'],
    plant: chain({ on: (p, u) => (u <= p ? 1 : 0) }),
  },
  {
    id: 'rbm/sign-samples',
    says: 'samples are −1 and 1',
    killedBy: [CD, 'rbm/on-below-probability'],
    plant: chain({ on: (p, u) => (u < p ? 1 : -1) }),
  },
  {
    id: 'rbm/blunt-sampling',
    says: 'probabilities rounded to eight bits before they are compared',
    killedBy: ['rbm/on-below-probability'],
    plant: chain({ on: (p, u) => (u < Math.round(p * 256) / 256 ? 1 : 0) }),
  },
  {
    id: 'rbm/always-one-turn',
    says: 'k is not looked at',
    bug: 'dl4j #3057',
    killedBy: [CD, 'rbm/cd-expectation', 'rbm/persistent-chain'],
    plant: chain({ turns: () => 1 }),
  },
  {
    id: 'rbm/turn-too-many',
    says: 'k + 1 turns',
    killedBy: [CD, 'rbm/persistent-chain'],
    plant: chain({ turns: (k) => k + 1 }),
  },
  {
    id: 'rbm/end-before-last',
    says: 'the statistics of a turn before the end',
    killedBy: [CD, 'rbm/persistent-chain', 'rbm/cd-expectation'],
    plant: chain({ reached: (states) => states.at(-2) ?? [] }),
  },
  {
    id: 'rbm/restarts',
    says: 'a persistent chain that starts again from the first rows of the data',
    killedBy: [CD, 'rbm/persistent-chain'],
    plant: at('rbm.rbm.cd', (args, original) => {
      if (args.from === undefined) return now(original, args);
      const [v, from] = [plain(args, 'v'), startOf(args)];
      const data = Array.from(from.data, (_, k) => v.data[k % v.data.length] ?? 0);
      return now(original, { ...args, from: { shape: from.shape, data } });
    }),
  },
  {
    id: 'rbm/chain-for-data',
    says: 'the data’s part of the slope from where the persistent chain was',
    killedBy: [CD, 'rbm/bias-slopes'],
    plant: chain({ data: (_v, start) => start }),
  },
  {
    id: 'rbm/wrong-count',
    says: 'both parts divided by the rows of the data',
    killedBy: [CD, 'rbm/bias-slopes'],
    plant: at('rbm.rbm.cd', (args, original) => {
      const answer = now(original, args);
      if (args.from === undefined) return answer;
      const [n, m] = [plain(args, 'v').shape[0] ?? 1, startOf(args).shape[0] ?? 1];
      const reached = rowsOf(plain(answer, 'reached'));
      const db = plain(answer, 'db');
      const by = (i: number): number => reached.reduce((s, row) => s + (row[i] ?? 0), 0);
      return { ...answer, db: { shape: db.shape, data: Array.from(db.data, (x, i) => x - by(i) / m + by(i) / n) } };
    }),
  },
  {
    id: 'rbm/batch-sum',
    says: 'sums over the batch for means',
    killedBy: [CD, 'rbm/bias-slopes', 'rbm/no-weights-slope'],
    plant: chain({ rows: () => 1 }),
  },
  {
    id: 'rbm/batch-sum-biases',
    says: 'sums over the batch for the hidden biases alone',
    killedBy: [CD, 'rbm/bias-slopes'],
    plant: changed('rbm.rbm.cd', 'dc', (x, _i, args) => x * (plain(args, 'v').shape[0] ?? 1)),
  },
  {
    id: 'rbm/ascent',
    says: 'the slope of the likelihood, not of its negative',
    killedBy: [CD, 'rbm/cd-expectation', 'rbm/bias-slopes', 'rbm/no-weights-slope'],
    plant: chain({ slope: (end, data) => data - end }),
  },
  {
    id: 'rbm/phases-added',
    says: 'the parts added',
    killedBy: [CD, 'rbm/no-slope-at-model'],
    plant: chain({ slope: (end, data) => end + data }),
  },
  {
    id: 'rbm/no-positive',
    says: 'the part of the data missing',
    killedBy: [CD, 'rbm/no-slope-at-model', 'rbm/cd-expectation'],
    plant: chain({ slope: (end) => end }),
  },
  {
    id: 'rbm/uniforms-again',
    says: 'every turn takes the uniforms of the first',
    killedBy: [CD, 'rbm/persistent-chain'],
    plant: chain({ step: (half) => half % 2 }),
  },
  {
    id: 'rbm/uniforms-shared',
    says: 'visible units take the uniforms of the hidden ones',
    killedBy: [CD, 'rbm/samples-stay-model', 'rbm/no-weights-slope'],
    plant: chain({ step: (half) => half - (half % 2) }),
  },
  {
    id: 'rbm/weights-from-bias-slopes',
    says: 'the slope of w as the product of the means',
    killedBy: [CD, 'rbm/cd-expectation'],
    plant: at('rbm.rbm.cd', (args, original) => {
      const answer = now(original, args);
      const [dw, db, dc] = [plain(answer, 'dw'), plain(answer, 'db'), plain(answer, 'dc')];
      const n = dc.data.length;
      return {
        ...answer,
        dw: {
          shape: dw.shape,
          data: Array.from(dw.data, (_, k) => (db.data[Math.floor(k / n)] ?? 0) * (dc.data[k % n] ?? 0)),
        },
      };
    }),
  },
  {
    id: 'rbm/chain-drifts',
    says: 'the persistent chain is handed back a little worn: its last unit off',
    killedBy: [CD, 'rbm/persistent-chain', 'rbm/samples-stay-model', 'rbm/on-below-probability'],
    plant: changed('rbm.rbm.cd', 'reached', (x, i, args) => ((i + 1) % plain(args, 'b').data.length === 0 ? 0 : x)),
  },
];
