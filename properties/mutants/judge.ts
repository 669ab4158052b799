// Faults of the judge itself: comparisons that let wrong numbers pass.
import type { Args } from '../contract.ts';
import { at, type Mutant, plain } from './plant.ts';

type Judge = (got: number, expected: number, allowed: number, zeros: unknown) => boolean;
/** A comparison that decides pair by pair. */
const judge = (
  f: Judge,
  lengths: (args: Args) => boolean = (a) =>
    new Set([plain(a, 'got'), plain(a, 'expected'), plain(a, 'allowed')].map((t) => t.data.length)).size === 1,
) =>
  at('verifier.judge.compare', (args) => {
    const [g, e, a] = [plain(args, 'got'), plain(args, 'expected'), plain(args, 'allowed')];
    const ok =
      lengths(args) &&
      Array.from(g.data).every((v, i) =>
        f(v, e.data[i] ?? e.data[0] ?? Number.NaN, a.data[i] ?? a.data[0] ?? 0, args.zeros),
      );
    return { ok, margin: ok ? 0 : Number.POSITIVE_INFINITY };
  });
const sound: Judge = (g, e, a, zeros) =>
  Object.is(g, e) ||
  (g === e && zeros !== 'signed') ||
  (Number.isFinite(g) && Number.isFinite(e) && g !== e && Math.abs(g - e) <= a);

export const judgeMutants: readonly Mutant[] = [
  {
    id: 'judge/nan-passes',
    says: 'asks |got − expected| > allowed, which NaN never is',
    bug: 'burn #1209',
    killedBy: ['meta/nan-is-a-failure'],
    plant: judge((g, e, a, z) => !(Math.abs(g - e) > a) || sound(g, e, a, z)),
  },
  {
    id: 'judge/infinities-alike',
    says: 'takes any two numbers that are not finite for equal',
    bug: 'tfjs areClose',
    killedBy: ['meta/infinities-differ', 'meta/nan-is-a-failure'],
    plant: judge((g, e, a, z) => (!Number.isFinite(g) && !Number.isFinite(e)) || sound(g, e, a, z)),
  },
  {
    id: 'judge/normwise',
    says: 'compares the norm of the difference with the sum of the bounds',
    bug: 'JAX check_grads, Julia isapprox',
    killedBy: ['meta/element-by-element'],
    plant: at('verifier.judge.compare', (args) => {
      const [g, e, a] = [plain(args, 'got'), plain(args, 'expected'), plain(args, 'allowed')];
      const norm = Math.hypot(...Array.from(g.data, (v, i) => v - (e.data[i] ?? 0)));
      return { ok: norm <= Array.from(a.data).reduce((s, v) => s + v, 0), margin: 0 };
    }),
  },
  {
    id: 'judge/zeros-alike',
    says: 'compares zeros with ===',
    killedBy: ['meta/zeros-have-signs'],
    plant: judge((g, e, a) => sound(g, e, a, 'equal')),
  },
  {
    id: 'judge/stretches',
    says: 'repeats the first element where one side is shorter',
    bug: 'numpy-style allclose',
    killedBy: ['meta/no-broadcast'],
    plant: judge(sound, () => true),
  },
  {
    id: 'judge/loose',
    says: 'multiplies every bound by 1,000',
    bug: 'array-api-tests, rel 0.25',
    killedBy: ['meta/bounds-bite'],
    plant: judge((g, e, a, z) => sound(g, e, 1000 * a, z)),
  },
  {
    id: 'judge/compares-nothing',
    says: 'finds any two lists equal',
    bug: 'Flux #2693, chainer #3541',
    killedBy: ['meta/nan-is-a-failure', 'meta/element-by-element', 'meta/bounds-bite', 'meta/no-broadcast'],
    plant: at('verifier.judge.compare', () => ({ ok: true, margin: 0 })),
  },
  {
    id: 'judge/absolute',
    says: 'lets everything pass that is within a thousandth',
    bug: 'tfjs areClose: an absolute eps of 1e-3 alone',
    killedBy: ['meta/bounds-bite'],
    plant: judge((g, e, a, z) => sound(g, e, Math.max(a, 1e-3), z)),
  },
  {
    id: 'judge/by-size',
    says: 'multiplies bounds by the number of elements',
    bug: 'jax #3130',
    killedBy: ['meta/element-by-element'],
    plant: at('verifier.judge.compare', (args) => {
      const [g, e, a] = [plain(args, 'got'), plain(args, 'expected'), plain(args, 'allowed')];
      const n = g.data.length;
      const ok = Array.from(g.data).every((v, i) =>
        sound(v, e.data[i] ?? Number.NaN, n * (a.data[i] ?? 0), args.zeros),
      );
      return { ok: ok && n === e.data.length, margin: 0 };
    }),
  },
];
