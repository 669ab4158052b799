// Faults of Boltzmann machines: wrong sides, wrong biases, chains that restart, samples where probabilities are due.
import type { Args, Plain } from '../contract.ts';
import { at, changed, list, type Mutant, now, number, plain } from './plant.ts';
import { machineTrainingMutants } from './rbmfit.ts';

type Row = readonly number[];
type Rows = readonly Row[];

const rowsOf = (t: Plain): Rows => {
  const [n = 0, d = 0] = t.shape;
  return Array.from({ length: n }, (_, i) => Array.from(t.data).slice(i * d, (i + 1) * d));
};
const sigma = (x: number): number => 1 / (1 + Math.exp(-x));

interface Machine {
  readonly w: Rows;
  readonly b: Row;
  readonly c: Row;
}
const machineOf = (args: Args): Machine => ({
  w: rowsOf(plain(args, 'w')),
  b: Array.from(plain(args, 'b').data),
  c: Array.from(plain(args, 'c').data),
});
const hiddenOf = ({ w, c }: Machine, v: Row): Row =>
  c.map((x, j) => sigma(w.reduce((s, row, i) => s + (v[i] ?? 0) * (row[j] ?? 0), x)));
const visibleOf = ({ w, b }: Machine, h: Row): Row =>
  b.map((x, i) => sigma((w[i] ?? []).reduce((s, y, j) => s + y * (h[j] ?? 0), x)));

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
    const start = args.from === undefined || f.ignoresChain ? v : rowsOf(plain(args, 'from'));
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

/** The right answer to a machine that is misread. */
const misread = (entry: string, f: (args: Args) => Args) =>
  at(`rbm.rbm.${entry}`, (args, original) => now(original, f(args)));
const zeroed = (args: Args, name: string): Args => {
  const t = plain(args, name);
  return { ...args, [name]: { shape: t.shape, data: Array.from(t.data, () => 0) } };
};
/** The numbers of a matrix laid out by columns, in a matrix of the same shape. */
const scrambled = (args: Args): Args => {
  const { shape, data } = plain(args, 'w');
  const [n = 1, d = 1] = shape;
  return {
    ...args,
    w: { shape, data: Array.from({ length: n * d }, (_, k) => data[(k % n) * d + Math.floor(k / n)] ?? 0) },
  };
};
const rounded = (args: Args, name: string): Args => {
  const t = plain(args, name);
  return { ...args, [name]: { shape: t.shape, data: Array.from(t.data, (x) => (x > 1 / 2 ? 1 : 0)) } };
};

const CD = 'rbm/contrastive-divergence';

const stateMutants: readonly Mutant[] = [
  {
    id: 'rbm/energy-sign',
    says: 'the energy with the sign of a score',
    killedBy: ['rbm/energy', 'rbm/gauge-flip'],
    plant: changed('rbm.rbm.energy', 'energy', (e) => -e),
  },
  {
    id: 'rbm/energy-without-hidden-bias',
    says: 'the energy without c·h',
    killedBy: ['rbm/energy', 'rbm/duality', 'rbm/gauge-flip'],
    plant: misread('energy', (a) => zeroed(a, 'c')),
  },
  {
    id: 'rbm/energy-without-visible-bias',
    says: 'the energy without b·v',
    killedBy: ['rbm/energy', 'rbm/duality'],
    plant: misread('energy', (a) => zeroed(a, 'b')),
  },
  {
    id: 'rbm/energy-half',
    says: 'half the interaction, as of a symmetric matrix',
    killedBy: ['rbm/energy', 'rbm/gauge-flip'],
    plant: misread('energy', (a) => ({
      ...a,
      w: { ...plain(a, 'w'), data: Array.from(plain(a, 'w').data, (x) => x / 2) },
    })),
  },
  {
    id: 'rbm/energy-of-first-row',
    says: 'every row paired with the hidden states of the first',
    killedBy: ['rbm/energy'],
    plant: misread('energy', (a) => {
      const h = plain(a, 'h');
      const d = h.shape[1] ?? 1;
      return { ...a, h: { shape: h.shape, data: Array.from(h.data, (_, k) => h.data[k % d] ?? 0) } };
    }),
  },
  {
    id: 'rbm/energy-position',
    says: 'a term by the number of the unit',
    killedBy: ['rbm/energy', 'rbm/unit-order'],
    plant: at('rbm.rbm.energy', (args, original) => {
      const v = rowsOf(plain(args, 'v'));
      const answer = now(original, args);
      const energy = plain(answer, 'energy');
      return { energy: { shape: energy.shape, data: Array.from(energy.data, (e, r) => e - (v[r]?.at(-1) ?? 0) / 8) } };
    }),
  },
  {
    id: 'rbm/weights-by-columns',
    says: 'reads the weights in the layout [hidden, visible]',
    killedBy: [
      'rbm/hidden-given',
      'rbm/unit-order',
      'rbm/duality',
      'rbm/stationary',
      'rbm/detailed-balance',
      'rbm/likelihood-gradient',
    ],
    plant: misread('hidden_given', scrambled),
  },
  {
    id: 'rbm/visible-by-columns',
    says: 'p(v | h) with the matrix on the wrong side',
    killedBy: ['rbm/visible-given', 'rbm/duality', 'rbm/stationary', 'rbm/cd-tends-to-likelihood'],
    plant: misread('visible_given', scrambled),
  },
  {
    id: 'rbm/hidden-without-bias',
    says: 'p(h | v) without c',
    killedBy: ['rbm/hidden-given', 'rbm/no-weights', 'rbm/likelihood-gradient', 'rbm/stationary'],
    plant: misread('hidden_given', (a) => zeroed(a, 'c')),
  },
  {
    id: 'rbm/visible-without-bias',
    says: 'p(v | h) without b',
    killedBy: ['rbm/visible-given', 'rbm/no-weights', 'rbm/stationary', 'rbm/detailed-balance'],
    plant: misread('visible_given', (a) => zeroed(a, 'b')),
  },
  {
    id: 'rbm/visible-mean-bias',
    says: 'p(v | h) with the mean of the biases',
    killedBy: ['rbm/visible-given', 'rbm/no-weights', 'rbm/cd-tends-to-likelihood'],
    plant: misread('visible_given', (a) => {
      const b = plain(a, 'b');
      const mean = Array.from(b.data).reduce((s, x) => s + x, 0) / b.data.length + 1 / 8;
      return { ...a, b: { shape: b.shape, data: Array.from(b.data, () => mean) } };
    }),
  },
  {
    id: 'rbm/hidden-of-rounded',
    says: 'takes shares for bits',
    killedBy: ['rbm/hidden-given'],
    plant: misread('hidden_given', (a) => rounded(a, 'v')),
  },
  {
    id: 'rbm/visible-of-rounded',
    says: 'takes the probabilities of hidden units for samples',
    killedBy: ['rbm/visible-given'],
    plant: misread('visible_given', (a) => rounded(a, 'h')),
  },
  {
    id: 'rbm/hidden-off-by-hair',
    says: 'p(h | v) wrong in the 13th digit',
    killedBy: ['rbm/hidden-given', 'rbm/no-weights'],
    plant: changed('rbm.rbm.hidden_given', 'p', (p) => p * (1 + 2 ** -43)),
  },
  {
    id: 'rbm/visible-as-logit',
    says: 'the argument of σ for its value',
    killedBy: ['rbm/visible-given'],
    plant: changed('rbm.rbm.visible_given', 'p', (p) => Math.log(p / (1 - p))),
  },
  {
    id: 'rbm/temperature',
    says: 'p(h | v) at half the temperature',
    killedBy: ['rbm/hidden-given', 'rbm/stationary', 'rbm/no-weights'],
    plant: changed('rbm.rbm.hidden_given', 'p', (p) => sigma(2 * Math.log(p / (1 - p)))),
  },
  {
    id: 'rbm/free-energy-sign',
    says: 'log Σ e^(−E) without its minus sign',
    killedBy: ['rbm/free-energy', 'rbm/partition-both-sides', 'rbm/idle-hidden-unit'],
    plant: changed('rbm.rbm.free_energy', 'energy', (e) => -e),
  },
  {
    id: 'rbm/free-energy-without-bias',
    says: 'the free energy without b·v',
    killedBy: ['rbm/free-energy', 'rbm/partition-both-sides', 'rbm/no-hidden-units'],
    plant: misread('free_energy', (a) => zeroed(a, 'b')),
  },
  {
    id: 'rbm/free-energy-overflows',
    says: 'softplus as log(1 + exp)',
    killedBy: ['rbm/free-energy'],
    plant: at('rbm.rbm.free_energy', (args) => {
      const m = machineOf(args);
      const data = rowsOf(plain(args, 'v')).map((v) => {
        const linear = v.reduce((s, x, i) => s + x * (m.b[i] ?? 0), 0);
        const soft = m.c.map((x, j) =>
          Math.log(1 + Math.exp(m.w.reduce((s, row, i) => s + (v[i] ?? 0) * (row[j] ?? 0), x))),
        );
        return -linear - soft.reduce((a, s) => a + s, 0);
      });
      return { energy: { shape: [data.length], data } };
    }),
  },
  {
    id: 'rbm/free-energy-relu',
    says: 'the largest term for the sum',
    killedBy: ['rbm/free-energy', 'rbm/idle-hidden-unit'],
    plant: at('rbm.rbm.free_energy', (args) => {
      const m = machineOf(args);
      const data = rowsOf(plain(args, 'v')).map((v) => {
        const linear = v.reduce((s, x, i) => s + x * (m.b[i] ?? 0), 0);
        return m.c.reduce(
          (s, x, j) =>
            s -
            Math.max(
              0,
              m.w.reduce((t, row, i) => t + (v[i] ?? 0) * (row[j] ?? 0), x),
            ),
          -linear,
        );
      });
      return { energy: { shape: [data.length], data } };
    }),
  },
  {
    id: 'rbm/unnormalised',
    says: 'log p(v) without log Z',
    killedBy: ['rbm/likelihood', 'rbm/stationary', 'rbm/no-weights', 'rbm/no-hidden-units', 'rbm/likelihood-gradient'],
    plant: at('rbm.rbm.log_likelihood', (args, original) => {
      const answer = plain(now(original, args), 'logp');
      const zero =
        plain(
          now(original, {
            ...args,
            v: { shape: [1, plain(args, 'b').shape[0] ?? 1], data: Array.from(plain(args, 'b').data, () => 0) },
          }),
          'logp',
        ).data[0] ?? 0;
      return { logp: { shape: answer.shape, data: Array.from(answer.data, (x) => x - zero) } };
    }),
  },
  {
    id: 'rbm/partition-without-bias',
    says: 'log Z of the machine without c',
    killedBy: ['rbm/likelihood', 'rbm/partition-both-sides', 'rbm/idle-hidden-unit'],
    plant: at('rbm.rbm.log_likelihood', (args, original) => {
      const own = Array.from(plain(now(original, args), 'logp').data);
      const { c, ...rest } = args;
      const m = machineOf(args);
      // what c adds to the free energies stays, what it adds to Z goes
      const bare = Array.from(plain(now(original, zeroed({ ...rest, c }, 'c')), 'logp').data);
      const free = (x: Machine, v: Row): number =>
        x.c.reduce(
          (s, y, j) => s + Math.log1p(Math.exp(x.w.reduce((t, row, i) => t + (v[i] ?? 0) * (row[j] ?? 0), y))),
          0,
        );
      const rows = rowsOf(plain(args, 'v'));
      const none = { ...m, c: m.c.map(() => 0) };
      return {
        logp: { shape: [own.length], data: bare.map((x, r) => x + free(m, rows[r] ?? []) - free(none, rows[r] ?? [])) },
      };
    }),
  },
  {
    id: 'rbm/likelihood-per-unit',
    says: 'log p(v) divided by the number of visible units',
    killedBy: ['rbm/likelihood', 'rbm/likelihood-ascent', 'rbm/partition-both-sides'],
    plant: changed('rbm.rbm.log_likelihood', 'logp', (x, _i, args) => x / (plain(args, 'b').data.length + 1)),
  },
  {
    id: 'rbm/likelihood-base-2',
    says: 'log p(v) in bits',
    killedBy: ['rbm/likelihood', 'rbm/likelihood-ascent', 'rbm/no-hidden-units'],
    plant: changed('rbm.rbm.log_likelihood', 'logp', (x) => x / Math.LN2),
  },
  {
    id: 'rbm/likelihood-negated',
    says: 'the loss for the likelihood',
    killedBy: ['rbm/likelihood', 'rbm/likelihood-ascent'],
    plant: changed('rbm.rbm.log_likelihood', 'logp', (x) => -x),
  },
  {
    id: 'rbm/likelihood-by-position',
    says: 'a log-likelihood that depends on the number of the unit',
    killedBy: ['rbm/unit-order', 'rbm/gauge-flip', 'rbm/likelihood'],
    plant: changed(
      'rbm.rbm.log_likelihood',
      'logp',
      (x, i, args) => x + (plain(args, 'v').data[i * plain(args, 'b').data.length] ?? 0) / 64,
    ),
  },
];

const chainMutants: readonly Mutant[] = [
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
      const [v, from] = [plain(args, 'v'), plain(args, 'from')];
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
      const [n, m] = [plain(args, 'v').shape[0] ?? 1, plain(args, 'from').shape[0] ?? 1];
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

export const rbmMutants: readonly Mutant[] = [...stateMutants, ...chainMutants, ...machineTrainingMutants];
