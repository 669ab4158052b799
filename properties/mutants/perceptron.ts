// Faults of the perceptron: biases, labels, moves that were no mistakes, bounds and certificates that are none.
import type { Plain } from '../contract.ts';
import { at, changed, list, type Mutant, now, number, plain } from './plant.ts';

interface PerceptronFault {
  readonly bias?: (lr: number, sign: number, features: number) => number;
  readonly wrong?: (score: number, sign: number, label: number) => boolean;
  readonly feature?: (v: number) => number;
  readonly report?: (mistakes: number) => number;
  readonly decay?: number;
  readonly rate?: (lr: number, row: readonly number[], mistakes: number) => number;
  readonly epochs?: (n: number) => number;
  readonly order?: (i: number, n: number) => number;
  readonly start?: number;
  readonly score?: (w: readonly number[], b: number, row: readonly number[]) => number;
  readonly ends?: (w: readonly number[], sum: readonly number[], steps: number) => readonly number[];
}
const scoreBy = (w: readonly number[], b: number, row: readonly number[]): number =>
  row.reduce((s, v, j) => s + v * (w[j] ?? 0), b);

const perceptron = ({
  bias = (lr, sign) => lr * sign,
  wrong = (s, sign) => s > 0 !== (sign === 1),
  feature = (v) => v,
  report = (m) => m,
  decay = 0,
  rate = (lr) => lr,
  epochs = (n) => n,
  order = (i) => i,
  start = 0,
  score = scoreBy,
  ends = (w) => w,
}: PerceptronFault) =>
  at('perceptron.perceptron.fit', (args) => {
    const [x, y] = [plain(args, 'x'), plain(args, 'y')];
    const [n = 0, d = 0] = x.shape;
    const w = new Array<number>(d).fill(start);
    const sum = new Array<number>(d).fill(0);
    let b = 0;
    let mistakes = 0;
    let steps = 0;
    for (let epoch = 0; epoch < epochs(number(args, 'epochs')); epoch++)
      for (let k = 0; k < n; k++) {
        const i = order(k, n);
        const row = Array.from(x.data)
          .slice(i * d, i * d + d)
          .map(feature);
        const label = y.data[i] ?? 0;
        const sign = label === 1 ? 1 : -1;
        for (let j = 0; j < d; j++) w[j] = (w[j] ?? 0) * (1 - decay);
        if (wrong(score(w, b, row), sign, label)) {
          mistakes++;
          b += bias(number(args, 'lr'), sign, d);
          const lr = rate(number(args, 'lr'), row, mistakes);
          row.forEach((v, j) => {
            w[j] = (w[j] ?? 0) + lr * sign * v;
          });
        }
        steps++;
        w.forEach((v, j) => {
          sum[j] = (sum[j] ?? 0) + v;
        });
      }
    return { w: { shape: [d], data: ends(w, sum, steps) }, b, mistakes: report(mistakes) };
  });

/** A field that a port may leave out, as another. */
const told = (field: string, f: (value: unknown, answer: Readonly<Record<string, unknown>>) => unknown) =>
  at('perceptron.perceptron.fit', (args, original) => {
    const answer = now(original, args);
    return { ...answer, [field]: f(answer[field], answer) };
  });

const scaled = (t: Plain, by: number): Plain => ({ shape: t.shape, data: Array.from(t.data, (v) => by * v) });
const network = (f: (gradients: readonly Plain[], output: Plain) => Readonly<Record<string, unknown>>) =>
  at('model.network.loss_and_grad', (args, original) => {
    const answer = now(original, args);
    return { ...answer, ...f(list(answer, 'gradients'), plain(answer, 'output')) };
  });

export const perceptronMutants: readonly Mutant[] = [
  {
    id: 'perceptron/threshold-sign',
    says: 'moves the bias the wrong way',
    bug: 'neuroph #48',
    killedBy: ['perceptron/mistake-bound', 'perceptron/boolean-functions', 'perceptron/separates', 'perceptron/walk'],
    plant: perceptron({ bias: (lr, sign) => -lr * sign }),
  },
  {
    id: 'perceptron/always-moves',
    says: 'updates on right answers too',
    bug: 'shogun #39',
    killedBy: ['perceptron/idle-when-right', 'perceptron/walk'],
    plant: perceptron({ wrong: () => true }),
  },
  {
    id: 'perceptron/bias-per-feature',
    says: 'moves the bias once per feature',
    bug: 'trustyai #26, manning #46',
    killedBy: ['perceptron/bias-is-a-feature', 'perceptron/walk', 'perceptron/dual-form'],
    plant: perceptron({ bias: (lr, sign, features) => lr * sign * features }),
  },
  {
    id: 'perceptron/bias-without-rate',
    says: 'moves the bias by ±1 whatever the rate',
    killedBy: ['perceptron/rate-free', 'perceptron/walk'],
    plant: perceptron({ bias: (_lr, sign) => sign }),
  },
  {
    id: 'perceptron/zero-label',
    says: 'label·score ≤ 0 never moves class 0 of the labels 0/1',
    bug: 'campusx #9',
    killedBy: ['perceptron/labels', 'perceptron/walk', 'perceptron/boolean-functions'],
    plant: perceptron({ wrong: (s, sign, label) => (label === 0 ? false : s > 0 !== (sign === 1)) }),
  },
  {
    id: 'perceptron/absolute',
    says: 'sees |x|',
    killedBy: ['perceptron/flip'],
    plant: perceptron({ feature: Math.abs }),
  },
  {
    id: 'perceptron/hides-mistakes',
    says: 'reports success on XOR',
    killedBy: ['perceptron/xor-impossible', 'perceptron/xor-cycles', 'perceptron/walk'],
    plant: perceptron({ report: () => 0 }),
  },
  {
    id: 'perceptron/short',
    says: 'an epoch less than asked for',
    killedBy: ['perceptron/walk', 'perceptron/dual-form', 'perceptron/xor-impossible'],
    plant: perceptron({ epochs: (n) => n - 1 }),
  },
  {
    id: 'perceptron/long',
    says: 'an epoch more than asked for',
    killedBy: ['perceptron/walk', 'perceptron/idle-when-right'],
    plant: perceptron({ epochs: (n) => n + 1 }),
  },
  {
    id: 'perceptron/backwards',
    says: 'visits the samples from the last to the first',
    killedBy: ['perceptron/walk', 'perceptron/dual-form'],
    plant: perceptron({ order: (i, n) => n - 1 - i }),
  },
  {
    id: 'perceptron/tie-is-one',
    says: 'a score of 0 is class 1, undeclared',
    killedBy: ['perceptron/walk', 'convention/declared'],
    plant: perceptron({ wrong: (s, sign) => s >= 0 !== (sign === 1) }),
  },
  {
    id: 'perceptron/tie-is-wrong',
    says: 'a score of 0 is a mistake, undeclared',
    killedBy: ['perceptron/walk', 'convention/declared'],
    plant: perceptron({ wrong: (s, sign) => s * sign <= 0 }),
  },
  {
    id: 'perceptron/margin',
    says: 'moves until every sample has a margin',
    killedBy: ['perceptron/walk'],
    plant: perceptron({ wrong: (s, sign) => s * sign < 4 }),
  },
  {
    id: 'perceptron/decays',
    says: 'weights wear off with every sample',
    killedBy: ['perceptron/walk', 'perceptron/idle-when-right', 'perceptron/xor-cycles'],
    plant: perceptron({ decay: 1 / 1024 }),
  },
  {
    id: 'perceptron/starts-elsewhere',
    says: 'weights start at 1/8',
    killedBy: ['perceptron/walk', 'perceptron/idle-when-right', 'perceptron/rate-free', 'perceptron/dual-form'],
    plant: perceptron({ start: 1 / 8 }),
  },
  {
    id: 'perceptron/normalises',
    says: 'steps of unit length',
    killedBy: ['perceptron/walk', 'perceptron/dual-form'],
    plant: perceptron({ rate: (lr, row) => lr / Math.max(1, Math.hypot(...row)) }),
  },
  {
    id: 'perceptron/slows',
    says: 'the rate falls with the mistakes',
    killedBy: ['perceptron/walk', 'perceptron/xor-cycles', 'perceptron/dual-form'],
    plant: perceptron({ rate: (lr, _row, k) => lr / k }),
  },
  {
    id: 'perceptron/twice',
    says: 'steps of twice the rate, as (y − ŷ) of labels ±1 gives',
    killedBy: ['perceptron/walk', 'perceptron/dual-form'],
    plant: perceptron({ bias: (lr, sign) => 2 * lr * sign, rate: (lr) => 2 * lr }),
  },
  {
    id: 'perceptron/rate-squared',
    says: 'the rate enters twice',
    killedBy: ['perceptron/rate-free', 'perceptron/walk'],
    plant: perceptron({ rate: (lr) => lr * lr }),
  },
  {
    id: 'perceptron/averages',
    says: 'the mean of all weights on the way',
    killedBy: ['perceptron/walk', 'perceptron/dual-form', 'perceptron/idle-when-right'],
    plant: perceptron({ ends: (w, sum, steps) => (steps === 0 ? w : sum.map((v) => v / steps)) }),
  },
  {
    id: 'perceptron/ignores-bias',
    says: 'the bias moves but has no part in the score',
    killedBy: ['perceptron/separates', 'perceptron/boolean-functions', 'perceptron/walk'],
    plant: perceptron({ score: (w, _b, row) => scoreBy(w, 0, row) }),
  },
  {
    id: 'perceptron/counts-epochs',
    says: 'counts that are off by one where there are any',
    killedBy: ['perceptron/dual-form'],
    plant: told('counts', (counts) => (counts as readonly number[]).map((c) => (c > 0 ? c + 1 : 0))),
  },
  {
    id: 'perceptron/counts-shifted',
    says: 'the counts of the sample before',
    killedBy: ['perceptron/dual-form'],
    plant: told('counts', (counts) => [
      ...(counts as readonly number[]).slice(-1),
      ...(counts as readonly number[]).slice(0, -1),
    ]),
  },
  {
    id: 'perceptron/counts-signed',
    says: 'counts with the signs of the labels',
    killedBy: ['perceptron/dual-form'],
    plant: at('perceptron.perceptron.fit', (args, original) => {
      const answer = now(original, args);
      const y = plain(args, 'y').data;
      return { ...answer, counts: (answer.counts as readonly number[]).map((c, i) => (y[i] === 1 ? c : -c)) };
    }),
  },
  {
    id: 'perceptron/always-done',
    says: 'says that it is done whatever happened',
    killedBy: ['perceptron/xor-impossible', 'perceptron/separates'],
    plant: told('converged', () => true),
  },
  {
    id: 'perceptron/never-done',
    says: 'never says that it is done',
    killedBy: ['perceptron/separates'],
    plant: told('converged', () => false),
  },
  {
    id: 'perceptron/class-at-zero',
    says: 'class 1 at a score of 0, undeclared',
    killedBy: ['perceptron/classes'],
    plant: at('perceptron.perceptron.predict', (args) => {
      const [x, w] = [plain(args, 'x'), Array.from(plain(args, 'w').data)];
      const [n = 0, d = 0] = x.shape;
      const rows = Array.from({ length: n }, (_, i) => Array.from(x.data).slice(i * d, i * d + d));
      return { y: { shape: [n], data: rows.map((row) => (scoreBy(w, number(args, 'b'), row) >= 0 ? 1 : 0)) } };
    }),
  },
  {
    id: 'perceptron/class-without-bias',
    says: 'predicts without the bias',
    killedBy: ['perceptron/classes'],
    plant: at('perceptron.perceptron.predict', (args, original) => now(original, { ...args, b: 0 })),
  },
  {
    id: 'perceptron/class-signs',
    says: 'classes −1 and 1',
    killedBy: ['perceptron/classes'],
    plant: changed('perceptron.perceptron.predict', 'y', (y) => 2 * y - 1),
  },
  {
    id: 'perceptron/bound-not-squared',
    says: 'R/γ for its square',
    killedBy: ['perceptron/bound-value'],
    plant: at('perceptron.perceptron.mistake_bound', (args, original) => {
      const bound = number(now(original, args), 'bound');
      return { bound: Math.sqrt(bound) };
    }),
  },
  {
    id: 'perceptron/bound-by-hair',
    says: 'a bound wrong in the 12th digit',
    killedBy: ['perceptron/bound-value'],
    plant: at('perceptron.perceptron.mistake_bound', (args, original) => {
      const bound = number(now(original, args), 'bound');
      return { bound: bound * (1 + 2 ** -40) };
    }),
  },
  {
    id: 'perceptron/bound-without-constant',
    says: 'the radius without the constant feature',
    killedBy: ['perceptron/bound-value'],
    plant: at('perceptron.perceptron.mistake_bound', (args, original) => {
      const x = plain(args, 'x');
      const d = x.shape[1] ?? 1;
      const squares = Array.from({ length: x.shape[0] ?? 0 }, (_, i) =>
        Array.from(x.data)
          .slice(i * d, i * d + d)
          .reduce((s, v) => s + v * v, 0),
      );
      const most = Math.max(...squares);
      return { bound: (number(now(original, args), 'bound') * most) / (most + 1) };
    }),
  },
  {
    id: 'perceptron/bound-without-bias',
    says: 'the length of the separator without its bias',
    killedBy: ['perceptron/bound-value'],
    plant: at('perceptron.perceptron.mistake_bound', (args, original) => {
      const length = Array.from(plain(args, 'w').data).reduce((s, v) => s + v * v, 0);
      const b = number(args, 'b');
      return { bound: (number(now(original, args), 'bound') * length) / (length + b * b) };
    }),
  },
  {
    id: 'perceptron/never-refutes',
    says: 'finds no refutation',
    killedBy: ['perceptron/refutation'],
    plant: at('perceptron.perceptron.refutation', () => ({ alpha: [] })),
  },
  {
    id: 'perceptron/refutes-all',
    says: 'takes ones for a refutation of anything',
    killedBy: ['perceptron/refutation'],
    plant: at('perceptron.perceptron.refutation', (args) => ({
      alpha: new Array<number>(plain(args, 'y').data.length).fill(1),
    })),
  },
  {
    id: 'perceptron/refutes-further',
    says: 'multipliers up to 2 unless given',
    killedBy: ['perceptron/refutation'],
    plant: at('perceptron.perceptron.refutation', (args, original) => now(original, { most: 2, ...args })),
  },
  {
    id: 'perceptron/refutes-in-part',
    says: 'a refutation without its first multiplier',
    killedBy: ['perceptron/refutation'],
    plant: at('perceptron.perceptron.refutation', (args, original) => ({
      alpha: (now(original, args).alpha as readonly number[]).map((a, i) => (i === 0 ? 0 : a)),
    })),
  },
  {
    id: 'perceptron/refutes-beyond',
    says: 'multipliers of twice the size allowed',
    killedBy: ['perceptron/refutation'],
    plant: at('perceptron.perceptron.refutation', (args, original) => ({
      alpha: (now(original, args).alpha as readonly number[]).map((a) => 4 * a),
    })),
  },
  {
    id: 'perceptron/xor-nearly',
    says: 'outputs of the network a little off',
    killedBy: ['perceptron/xor-by-hand'],
    plant: network((_gradients, output) => ({
      output: { ...output, data: Array.from(output.data, (v) => v + 2 ** -40) },
    })),
  },
  {
    id: 'perceptron/xor-restless',
    says: 'gradients where the loss is 0',
    killedBy: ['perceptron/xor-by-hand'],
    plant: network((gradients) => ({
      gradients: gradients.map((g) => ({ ...g, data: Array.from(g.data, (v) => v + 2 ** -40) })),
    })),
  },
  {
    id: 'perceptron/xor-uphill',
    says: 'gradients of the last layer with the wrong sign',
    killedBy: ['perceptron/xor-by-descent'],
    plant: network((gradients) => ({ gradients: gradients.map((g, i) => (i < 2 ? g : scaled(g, -1))) })),
  },
  {
    id: 'perceptron/xor-linear',
    says: 'gradients that pass the hidden layer as if it were not there: those of the first layer the wrong way',
    killedBy: ['perceptron/xor-by-descent'],
    plant: network((gradients) => ({ gradients: gradients.map((g, i) => (i < 2 ? scaled(g, -1) : g)) })),
  },
];
