// What the laws of draws ask with: fans and gains that tell faults apart, seeds, and samples of initializers.
import fc from 'fast-check';
import { seed, stir } from '../arbitraries.ts';
import { ask, type Inquiry, type Verdict } from '../law.ts';
import type { Scaled } from '../oracle/draws.ts';

/** What is asked for: without a gain, 1 is meant. */
type Asked = Pick<Scaled, 'fanIn' | 'fanOut'> & { readonly gain?: number | undefined };

export interface Draw extends Scaled {
  readonly seed: number;
}

/** A gain that is not 1, and whose powers are exact. */
export const gain = fc.constantFrom(1 / 2, 3 / 4, 5 / 4, 2);

/** Fans that differ by a power of two, so that taking the wrong one shows, and a gain that is not 1. */
export const draw = (entries: number): fc.Arbitrary<Draw> =>
  fc
    .record({ fanIn: fc.integer({ min: 3, max: Math.log2(entries) - 3 }).map((e) => 2 ** e), gain, seed })
    .filter(({ fanIn }) => fanIn * fanIn !== entries)
    .map((d) => ({ ...d, fanOut: entries / d.fanIn }));

export function* sample(name: string, d: Draw, shape = [d.fanIn, d.fanOut]): Inquiry<readonly number[]> {
  const { fanIn, fanOut } = d;
  const args = { shape, fanIn, fanOut, gain: d.gain, seed: stir(d.seed, fanIn, d.gain) };
  return Array.from((yield* ask(`initializer.${name}.sample`, args)).tensor('w').data);
}

export function* fromUniforms(
  name: string,
  u: readonly number[],
  { fanIn, fanOut, gain }: Asked,
): Inquiry<readonly number[]> {
  const args = { u: { shape: [u.length], data: u }, fanIn, fanOut, gain };
  return Array.from((yield* ask(`initializer.${name}.from_uniforms`, args)).tensor('w').data);
}

export const squares = (w: readonly number[]): number => w.reduce((s, v) => s + v * v, 0);

/** A statistic beside what it should be, for the failure card. */
export const beside = (verdict: Verdict, got: number, expected: number): Verdict => ({
  ...verdict,
  worst: { index: 0, got, expected, error: Math.abs(got - expected), allowed: Number.NaN },
});

/** (i + ½)/n: as evenly as n uniforms can lie. */
export const evenly = (n: number): readonly number[] => Array.from({ length: n }, (_, i) => (i + 1 / 2) / n);

/** Seeds at the ends of 32 bits, of both signs, and beyond. */
export const anySeed = fc.oneof(
  fc.constantFrom(0, 1, -1, 2 ** 31 - 1, -(2 ** 31), 2 ** 32 - 1, 2 ** 32, 2 ** 53 - 1),
  fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 }),
);

/** Two seeds that a careless engine may take for one: of opposite sign, neighbours, apart by 2³². */
export const twoSeeds = anySeed
  .chain((s) =>
    fc.record({
      seed: fc.constant(s),
      other: fc.oneof(
        anySeed,
        fc.constantFrom(-s, s < 2 ** 52 ? s + 1 : s - 1, s < 2 ** 52 ? s + 2 ** 32 : s - 2 ** 32),
      ),
    }),
  )
  .filter((d) => d.seed !== d.other);

/** A sample by its very seed. */
export function* sampleAt(
  name: string,
  d: Asked & { readonly seed: number },
  shape: readonly number[],
): Inquiry<readonly number[]> {
  return Array.from((yield* ask(`initializer.${name}.sample`, { ...d, shape })).tensor('w').data);
}
