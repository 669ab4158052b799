// Faults of the dense layer that integers do not show, and some that they do.
import { at, changed, like, type Mutant, now, plain, up } from './plant.ts';

const FORWARD = 'layer.dense.forward';
const VJP = 'layer.dense.vjp';
const NEAR = 1 + 2 ** -40;

export const denseMutants: readonly Mutant[] = [
  {
    id: 'dense/single-precision',
    says: 'multiplies in single precision',
    killedBy: ['dense/value'],
    plant: changed(FORWARD, 'y', (v) => Math.fround(v)),
  },
  {
    id: 'dense/near',
    says: 'the last output is off by a relative 2⁻⁴⁰',
    killedBy: ['dense/value', 'gradient/dense-exact'],
    plant: changed(FORWARD, 'y', (v, i, a) =>
      i === (plain(a, 'x').shape[0] ?? 1) * plain(a, 'b').data.length - 1 ? v * NEAR : v,
    ),
  },
  {
    id: 'dense/without-bias',
    says: 'adds the bias to the first sample only',
    killedBy: ['dense/value', 'dense/samples-apart', 'gradient/dense-exact'],
    plant: changed(FORWARD, 'y', (v, i, a) => {
      const b = plain(a, 'b').data;
      return i < b.length ? v : v - (b[i % b.length] ?? 0);
    }),
  },
  ...(['dx', 'dw', 'db'] as const).map(
    (field): Mutant => ({
      id: `dense/near-${field}`,
      says: `the first entry of ${field} is off by a relative 2⁻⁴⁰`,
      killedBy: ['dense/cotangents', 'gradient/dense-exact'],
      plant: changed(VJP, field, (v, i) => (i === 0 ? v * NEAR : v)),
    }),
  ),
  {
    id: 'dense/single-gradient',
    says: 'keeps the weights’ gradient in single precision',
    killedBy: ['dense/cotangents', 'dense/outer-product'],
    plant: changed(VJP, 'dw', (v) => Math.fround(v)),
  },
  {
    id: 'dense/averaged',
    says: 'averages the weights’ gradient over the batch',
    bug: 'keras #19363',
    killedBy: ['dense/cotangents', 'dense/adjoint'],
    plant: changed(VJP, 'dw', (v, _i, a) => v / (plain(a, 'x').shape[0] ?? 1)),
  },
  {
    id: 'dense/bias-of-first',
    says: 'takes the bias gradient of the first sample only',
    bug: 'burn #702',
    killedBy: ['dense/cotangents', 'dense/adjoint'],
    plant: at(VJP, (args, original) => ({
      ...now(original, args),
      db: like(plain(args, 'b'), (_v, j) => plain(args, 'dy').data[j] ?? 0),
    })),
  },
  {
    id: 'dense/outer-rounds-up',
    says: 'rounds the weights’ gradient up',
    killedBy: ['dense/outer-product', 'dense/adjoint'],
    plant: changed(VJP, 'dw', (v) => up(v)),
  },
];
