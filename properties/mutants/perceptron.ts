// Faults of the perceptron: biases, labels, and moves that were no mistakes.
import { at, type Mutant, number, plain } from './plant.ts';

interface PerceptronFault {
  readonly bias?: (lr: number, sign: number, features: number) => number;
  readonly wrong?: (score: number, sign: number, label: number) => boolean;
  readonly feature?: (v: number) => number;
  readonly report?: (mistakes: number) => number;
  readonly decay?: number;
}
const perceptron = ({
  bias = (lr, sign) => lr * sign,
  wrong = (s, sign) => s > 0 !== (sign === 1),
  feature = (v) => v,
  report = (m) => m,
  decay = 0,
}: PerceptronFault) =>
  at('perceptron.perceptron.fit', (args) => {
    const [x, y] = [plain(args, 'x'), plain(args, 'y')];
    const [n = 0, d = 0] = x.shape;
    const w = new Array<number>(d).fill(0);
    let b = 0;
    let mistakes = 0;
    for (let epoch = 0; epoch < number(args, 'epochs'); epoch++)
      for (let i = 0; i < n; i++) {
        const row = Array.from(x.data)
          .slice(i * d, i * d + d)
          .map(feature);
        const label = y.data[i] ?? 0;
        const sign = label === 1 ? 1 : -1;
        for (let j = 0; j < d; j++) w[j] = (w[j] ?? 0) * (1 - decay);
        if (
          !wrong(
            row.reduce((s, v, j) => s + v * (w[j] ?? 0), b),
            sign,
            label,
          )
        )
          continue;
        mistakes++;
        b += bias(number(args, 'lr'), sign, d);
        row.forEach((v, j) => {
          w[j] = (w[j] ?? 0) + number(args, 'lr') * sign * v;
        });
      }
    return { w: { shape: [d], data: w }, b, mistakes: report(mistakes) };
  });

export const perceptronMutants: readonly Mutant[] = [
  {
    id: 'perceptron/threshold-sign',
    says: 'moves the bias the wrong way',
    bug: 'neuroph #48',
    killedBy: ['perceptron/mistake-bound', 'perceptron/boolean-functions'],
    plant: perceptron({ bias: (lr, sign) => -lr * sign }),
  },
  {
    id: 'perceptron/always-moves',
    says: 'updates on right answers too',
    bug: 'shogun #39',
    killedBy: ['perceptron/idle-when-right'],
    plant: perceptron({ wrong: () => true }),
  },
  {
    id: 'perceptron/bias-per-feature',
    says: 'moves the bias once per feature',
    bug: 'trustyai #26, manning #46',
    killedBy: ['perceptron/bias-is-a-feature'],
    plant: perceptron({ bias: (lr, sign, features) => lr * sign * features }),
  },
  {
    id: 'perceptron/bias-without-rate',
    says: 'moves the bias by ±1 whatever the rate',
    killedBy: ['perceptron/rate-free'],
    plant: perceptron({ bias: (_lr, sign) => sign }),
  },
  {
    id: 'perceptron/zero-label',
    says: 'label·score ≤ 0 never moves class 0 of the labels 0/1',
    bug: 'campusx #9',
    killedBy: ['perceptron/labels'],
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
    killedBy: ['perceptron/xor-impossible'],
    plant: perceptron({ report: () => 0 }),
  },
];
