// Faults of layer normalisation: the same as over a batch, and those of a γ that differs inside a group.
import { average, everything, features, layerNorm, squares, sum } from './normengine.ts';
import { at, changed, like, type Mutant, now, number, plain, up } from './plant.ts';

const FORWARD = 'layer.layer_norm.forward';
const VJP = 'layer.layer_norm.vjp';
const NEAR = 1 + 2 ** -40;
const lastOff = (entry: string, field: string, of: string) =>
  changed(entry, field, (v, i, args) => (i === plain(args, of).data.length - 1 ? v * NEAR : v));

export const layernormMutants: readonly Mutant[] = [
  {
    id: 'layer_norm/eps-outside',
    says: 'adds eps to the root',
    bug: 'burn #2186, #2945, Flux #2421',
    killedBy: ['norm/value', 'norm/output-variance', 'norm/exact', 'norm/scale-with-eps', 'convention/declared'],
    plant: layerNorm({ root: (variance, eps) => Math.sqrt(variance) + eps }),
  },
  {
    id: 'layer_norm/eps-not-zero',
    says: 'takes an eps of 0 for a missing one',
    killedBy: ['norm/value', 'norm/scale'],
    plant: at(FORWARD, (args, original) => now(original, { ...args, eps: number(args, 'eps') || 1e-5 })),
  },
  {
    id: 'layer_norm/unbiased',
    says: 'normalises by the unbiased variance',
    killedBy: ['norm/value', 'norm/output-variance', 'norm/exact'],
    plant: layerNorm({ variance: (x, mean) => squares(x, mean) / (x.length - 1) }),
  },
  {
    id: 'layer_norm/one-pass',
    says: 'takes the variance as mean of squares less square of the mean',
    killedBy: ['norm/value', 'norm/far-offset'],
    plant: layerNorm({ variance: (x, mean) => average(x.map((v) => v * v)) - mean * mean }),
  },
  {
    id: 'layer_norm/over-batch',
    says: 'takes the moments over the batch',
    killedBy: ['norm/value', 'norm/groups-apart'],
    plant: layerNorm({ groups: features, root: (variance, eps) => Math.sqrt(variance + eps) || 1 }),
  },
  {
    id: 'layer_norm/over-everything',
    says: 'takes the moments over all samples at once',
    killedBy: ['norm/value', 'norm/groups-apart'],
    plant: layerNorm({ groups: everything }),
  },
  {
    id: 'layer_norm/without-centre',
    says: 'does not take the mean off',
    killedBy: ['norm/value', 'norm/output-mean', 'norm/translation'],
    plant: layerNorm({ mean: () => 0 }),
  },
  {
    id: 'layer_norm/gamma-last',
    says: 'multiplies dx by γ after the sums over the features, not before',
    killedBy: ['norm/cotangents', 'norm/exact', 'norm/cotangents-add-up-to-0'],
    plant: at(VJP, (args, original) => {
      const gamma = plain(args, 'gamma').data;
      const flat = now(original, { ...args, gamma: like(plain(args, 'gamma'), () => 1) });
      return {
        ...now(original, args),
        dx: like(plain(flat, 'dx'), (v, i) => v * (gamma[i % gamma.length] ?? 0)),
      };
    }),
  },
  {
    id: 'layer_norm/detached-mean',
    says: 'differentiates as if the mean were given',
    killedBy: ['norm/cotangents', 'norm/exact', 'norm/cotangents-add-up-to-0'],
    plant: layerNorm(
      {
        dx: (c, hat, root) => {
          const along = average(c.map((v, i) => v * (hat[i] ?? 0)));
          return c.map((v, i) => (v - (hat[i] ?? 0) * along) / root);
        },
      },
      'vjp',
    ),
  },
  {
    id: 'layer_norm/detached-variance',
    says: 'differentiates as if the variance were given',
    killedBy: ['norm/cotangents', 'norm/exact', 'norm/cotangents-along-x'],
    plant: layerNorm({ dx: (c, _hat, root) => c.map((v) => (v - average(c)) / root) }, 'vjp'),
  },
  {
    id: 'layer_norm/parameters-of-first-sample',
    says: 'takes dγ of the first sample only',
    killedBy: ['norm/cotangents', 'norm/exact', 'norm/parameter-cotangents'],
    plant: layerNorm({ dgamma: (dy, hat) => (dy[0] ?? 0) * (hat[0] ?? 0) }, 'vjp'),
  },
  {
    id: 'layer_norm/beta-averaged',
    says: 'averages dβ over the samples',
    killedBy: ['norm/cotangents', 'norm/exact', 'norm/parameter-cotangents'],
    plant: layerNorm({ dbeta: (dy) => sum(dy) / dy.length }, 'vjp'),
  },
  {
    id: 'layer_norm/rounds-up',
    says: 'rounds outputs up',
    killedBy: ['norm/exact', 'norm/negation'],
    plant: changed(FORWARD, 'y', (v) => up(v)),
  },
  {
    id: 'layer_norm/near-y',
    says: 'the last output is off by a relative 2⁻⁴⁰',
    killedBy: ['norm/value', 'norm/exact'],
    plant: lastOff(FORWARD, 'y', 'x'),
  },
  ...(['dx', 'dgamma', 'dbeta'] as const).map(
    (field): Mutant => ({
      id: `layer_norm/near-${field}`,
      says: `the last entry of ${field} is off by a relative 2⁻⁴⁰`,
      killedBy: ['norm/cotangents', 'norm/exact'],
      plant: lastOff(VJP, field, field.slice(1)),
    }),
  ),
  {
    id: 'layer_norm/starts-flat',
    says: 'starts with γ = 0',
    killedBy: ['norm/start'],
    plant: changed('layer.layer_norm.start', 'gamma', () => 0),
  },
];
