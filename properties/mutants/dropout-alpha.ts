// Faults of alpha dropout: wrong floors, scales and shifts, and noise in place of a mask.
import { at, changed, like, type Mutant, number, plain } from './plant.ts';

const FLOOR = -1.7580993408473766;

interface Line {
  readonly floor?: number;
  readonly scale?: (p: number) => number;
  readonly shift?: (a: number, p: number) => number;
}
/** Alpha dropout written once more, with one line to go wrong. */
const alpha = ({
  floor = FLOOR,
  scale = (p) => 1 / Math.sqrt((1 - p) * (1 + p * FLOOR * FLOOR)),
  shift = (a, p) => -a * p * FLOOR,
}: Line) =>
  at('layer.alpha_dropout.train', (args) => {
    const p = number(args, 'dropRate');
    const u = plain(args, 'u').data;
    if (p === 0) return { y: plain(args, 'x') };
    const a = scale(p);
    return {
      y: like(plain(args, 'x'), (v, i) => (p === 1 ? 0 : a * ((u[i] ?? 0) < p ? floor : v) + shift(a, p))),
    };
  });

export const alphaDropoutMutants: readonly Mutant[] = [
  {
    id: 'alpha_dropout/zero',
    says: 'puts 0 in place of what it drops',
    killedBy: ['dropout/alpha-values', 'dropout/alpha-moments'],
    plant: alpha({ floor: 0 }),
  },
  {
    id: 'alpha_dropout/alpha-alone',
    says: 'forgets the λ of the floor',
    killedBy: ['dropout/alpha-values', 'dropout/alpha-moments'],
    plant: alpha({ floor: -1.6732632423543772 }),
  },
  {
    id: 'alpha_dropout/rate-for-keep',
    says: 'has keep and drop swapped in the scale',
    bug: 'FluxML/Flux.jl dfacc9c82',
    killedBy: ['dropout/alpha-values', 'dropout/alpha-moments'],
    plant: alpha({ scale: (p) => 1 / Math.sqrt(p * (1 + (1 - p) * FLOOR * FLOOR)) }),
  },
  {
    id: 'alpha_dropout/shift-by-keep',
    says: 'shifts by the share that is kept',
    bug: 'FluxML/Flux.jl dfacc9c82',
    killedBy: ['dropout/alpha-values', 'dropout/alpha-moments'],
    plant: alpha({ shift: (a, p) => -a * (1 - p) * FLOOR }),
  },
  {
    id: 'alpha_dropout/unscaled-shift',
    says: 'does not scale the shift',
    killedBy: ['dropout/alpha-values', 'dropout/alpha-moments'],
    plant: alpha({ shift: (_, p) => -p * FLOOR }),
  },
  {
    id: 'alpha_dropout/noise',
    says: 'multiplies by noise instead of a mask',
    bug: 'tfjs-layers #546',
    killedBy: ['dropout/alpha-values', 'dropout/alpha-moments'],
    plant: at('layer.alpha_dropout.train', (args) => {
      const u = plain(args, 'u').data;
      return { y: like(plain(args, 'x'), (v, i) => v * (1 + number(args, 'dropRate') * (2 * (u[i] ?? 0) - 1))) };
    }),
  },
  {
    id: 'alpha_dropout/floor-rounded',
    says: 'has the floor to seven digits',
    killedBy: ['dropout/alpha-values'],
    plant: alpha({ floor: -1.7580993 }),
  },
  {
    id: 'alpha_dropout/backward-without-scale',
    says: 'forgets the scale on the way back',
    killedBy: ['dropout/alpha-values'],
    plant: changed('layer.alpha_dropout.train_vjp', 'dx', (v, i, a) => (v === 0 ? 0 : (plain(a, 'dy').data[i] ?? 0))),
  },
  {
    id: 'alpha_dropout/nan-at-1',
    says: 'divides by 0 at rate 1',
    bug: 'tinygrad #11322',
    killedBy: ['dropout/alpha-ends'],
    plant: changed('layer.alpha_dropout.train', 'y', (v, _, a) => (number(a, 'dropRate') === 1 ? Number.NaN : v)),
  },
];
