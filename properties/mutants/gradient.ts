// Faults of gradients and networks: lost, doubled, averaged or misplaced contributions.
import type { Equation } from '../args.ts';
import type { Args } from '../contract.ts';
import { graph } from './op.ts';
import { at, changed, like, list, type Mutant, now, plain, tiny } from './plant.ts';

/** The gradients of a network, changed. */
export const gradients = (f: (v: number, i: number, args: Args, leaf: number) => number) =>
  at('model.network.loss_and_grad', (args, original) => {
    const answer = now(original, args);
    return { ...answer, gradients: list(answer, 'gradients').map((g, leaf) => like(g, (v, i) => f(v, i, args, leaf))) };
  });

const first = <T>(xs: readonly T[], f: (x: T) => T): readonly T[] => xs.map((x, i) => (i === 0 ? f(x) : x));

export const gradientMutants: readonly Mutant[] = [
  {
    id: 'network/one-weight',
    says: 'one weight’s gradient is off by a relative 2⁻⁴⁰',
    killedBy: ['gradient/network', 'gradient/network-exact', 'gradient/random-model', 'gradient/large-model'],
    plant: gradients((v, i, _a, leaf) => (leaf === 0 && i === 0 ? v * (1 + 2 ** -40) : v)),
  },
  {
    id: 'network/averages',
    says: 'averages over the batch where the sum was asked',
    bug: 'keras #19363',
    killedBy: ['gradient/additive', 'gradient/network', 'gradient/random-model', 'gradient/own-function'],
    plant: gradients((v, _i, a) => v / (plain(a, 'x').shape[0] ?? 1)),
  },
  {
    id: 'dense/not-transposed',
    says: 'dx from w instead of wᵀ',
    bug: 'burn #4069',
    killedBy: ['gradient/dense-exact'],
    plant: at('layer.dense.vjp', (args, original) => {
      const w = plain(args, 'w');
      return {
        ...now(original, args),
        dx: plain(now(original, { ...args, w: like(w, (_v, i) => w.data[w.data.length - 1 - i] ?? 0) }), 'dx'),
      };
    }),
  },
  {
    id: 'dense/ignores-cotangent',
    says: 'pulls back ones',
    bug: 'tfjs #970',
    killedBy: ['gradient/cotangent-scaling', 'gradient/dense-exact'],
    plant: at('layer.dense.vjp', (args, original) => now(original, { ...args, dy: like(plain(args, 'dy'), () => 1) })),
  },
  {
    id: 'activation/never-zero',
    says: 'adds the smallest number to every gradient',
    killedBy: ['gradient/zero-cotangent'],
    plant: changed('activation.sigmoid.vjp', 'dx', (v) => v + tiny),
  },
  {
    id: 'graph/overwrites',
    says: 'keeps one contribution where two paths meet',
    bug: 'tinygrad’s first week, burn #695',
    killedBy: ['gradient/diamond'],
    plant: graph((a, args) => ({
      ...a,
      dinputs: first(list(a, 'dinputs'), (d) =>
        (args.equations as readonly Equation[])[0]?.reads[0] === (args.equations as readonly Equation[])[0]?.reads[1]
          ? plain(args, 'dy')
          : d,
      ),
    })),
  },
  {
    id: 'graph/averages-broadcast',
    says: 'averages over the stretched axes',
    bug: 'burn #702',
    killedBy: ['gradient/broadcast', 'gradient/broadcast-both'],
    plant: graph((a, args) => ({
      ...a,
      dinputs: list(a, 'dinputs').map((d) => like(d, (v) => (v * d.data.length) / plain(args, 'dy').data.length)),
    })),
  },
  {
    id: 'graph/unused-nan',
    says: 'NaN for an argument that is not used',
    bug: 'burn #4069',
    killedBy: ['gradient/unused'],
    plant: graph((a, args) => ({
      ...a,
      dinputs: list(a, 'dinputs').map((d, i) =>
        (args.equations as readonly Equation[]).some(({ reads }) => reads.includes(i)) ? d : like(d, () => Number.NaN),
      ),
    })),
  },
  {
    id: 'network/first-unit',
    says: 'doubles the gradient of the first hidden unit',
    killedBy: [
      'network/hidden-permutation',
      'network/symmetric-units',
      'network/unit-removal',
      'network/unit-duplication',
      'network/sign-symmetry',
      'network/all-zero',
    ],
    plant: gradients((v, i, _a, leaf) => (leaf === 1 && i === 0 ? 2 * v + 1 : v)),
  },
  {
    id: 'network/decays',
    says: 'adds 2⁻¹⁰·w to every gradient',
    bug: 'undeclared weight decay',
    killedBy: [
      'network/rescaling',
      'network/dead-unit',
      'gradient/network',
      'gradient/balance',
      'gradient/euler',
      'gradient/rank-one',
      'gradient/additive',
    ],
    plant: gradients((v, i, a, leaf) => v + 2 ** -10 * (list(a, 'params')[leaf]?.data[i] ?? 0)),
  },
];
