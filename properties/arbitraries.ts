// Generators of inputs: numbers of every size and kind, shapes, tensors, lattices, networks. All values are plain data.
import fc from 'fast-check';
import { lossRow } from '../src/index.ts';
import type { AnyLayer, NetworkLayer } from './args.ts';
import { camel, parametersOf } from './contract.ts';
import type { Dtype } from './port.ts';
import { FORMATS } from './tolerance.ts';

/** A tensor as plain data whose values survive JSON. */
export interface Values {
  readonly shape: readonly number[];
  readonly data: readonly number[];
}

const count = (shape: readonly number[]): number => shape.reduce((a, b) => a * b, 1);

/**
 * The usual inputs, and each rare kind of them for certain: the first input is a usual one, then comes one of every kind, then
 * usual ones again. Made afresh for every check, which counts its inputs.
 */
export const visiting = <T>(usual: fc.Arbitrary<T>, ...rare: readonly fc.Arbitrary<T>[]): fc.Arbitrary<T> =>
  new Visits([usual, ...rare]);

/** What a value of {@link Visits} came from, with what its own generator needs to shrink it. */
class Origin<T> {
  readonly by: fc.Arbitrary<T>;
  readonly context: unknown;
  constructor(by: fc.Arbitrary<T>, context: unknown) {
    this.by = by;
    this.context = context;
  }
}

class Visits<T> extends fc.Arbitrary<T> {
  readonly #kinds: readonly [fc.Arbitrary<T>, ...fc.Arbitrary<T>[]];
  #made = 0;
  constructor(kinds: readonly [fc.Arbitrary<T>, ...fc.Arbitrary<T>[]]) {
    super();
    this.#kinds = kinds;
  }
  #from(by: fc.Arbitrary<T>, { value_, context }: fc.Value<T>): fc.Value<T> {
    return new fc.Value(value_, new Origin(by, context));
  }
  override generate(random: fc.Random, bias: number | undefined): fc.Value<T> {
    const by = this.#kinds[this.#made++] ?? this.#kinds[0];
    return this.#from(by, by.generate(random, bias));
  }
  override canShrinkWithoutContext(value: unknown): value is T {
    return this.#kinds[0].canShrinkWithoutContext(value);
  }
  override shrink(value: T, origin: unknown): fc.Stream<fc.Value<T>> {
    const [by, context] =
      origin instanceof Origin ? [origin.by as fc.Arbitrary<T>, origin.context] : [this.#kinds[0], origin]; // made above
    return by.shrink(value, context).map((v) => this.#from(by, v));
  }
}

/** Multiples of 1/8 between −8 and 8: sums and products of a few are exact in every format. */
export const dyadic = fc.integer({ min: -64, max: 64 }).map((k) => k / 8);

/** Small integers: their sums and products are exact in every format. */
export const small = fc.integer({ min: -8, max: 8 });

/** 2ᵏ with k in a range. */
export const powerOfTwo = (min: number, max: number): fc.Arbitrary<number> =>
  fc.integer({ min, max }).map((k) => 2 ** k);

/** Mantissa × 2^exponent, of every size the format has. */
const ofEverySize = (dtype: Dtype, low: number, high: number): fc.Arbitrary<number> =>
  fc
    .tuple(
      fc.integer({ min: low, max: high }),
      fc.integer({ min: 0, max: 2 ** 23 - 1 }),
      fc.integer({ min: 0, max: 2 ** 29 - 1 }),
      fc.boolean(),
    )
    .map(([e, hi, lo, negative]) =>
      FORMATS[dtype].round((negative ? -1 : 1) * (1 + hi / 2 ** 23 + lo / 2 ** 52) * 2 ** e),
    );

const specials = (dtype: Dtype): readonly number[] => {
  const { tiny, minExponent, max, u } = FORMATS[dtype];
  const positive = [0, tiny, 2 ** minExponent, u, 1 - u, 1, 1 + 2 * u, 2, 17, 37, 41, 89, 104, 710, 745, 2 ** 53, max];
  return positive.flatMap((x) => [x, -x].map(FORMATS[dtype].round));
};

/** Any finite number: easy ones first (shrinking ends there), then the middle, every binade, and the special values. */
export const finite = (dtype: Dtype): fc.Arbitrary<number> =>
  fc.oneof(
    { withCrossShrink: true },
    { arbitrary: dyadic, weight: 2 },
    { arbitrary: ofEverySize(dtype, -8, 9), weight: 4 },
    { arbitrary: ofEverySize(dtype, FORMATS[dtype].minExponent, FORMATS[dtype].maxExponent), weight: 2 },
    { arbitrary: fc.constantFrom(...specials(dtype)), weight: 2 },
  );

/** Any number at all. */
export const anyNumber = (dtype: Dtype): fc.Arbitrary<number> =>
  fc.oneof(
    { withCrossShrink: true },
    { arbitrary: finite(dtype), weight: 8 },
    { arbitrary: fc.constantFrom(Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, Number.NaN), weight: 1 },
  );

/** Numbers of ordinary size, nowhere near overflow or underflow, with full mantissas. */
export const moderate = (dtype: Dtype): fc.Arbitrary<number> =>
  fc.oneof(
    { withCrossShrink: true },
    { arbitrary: dyadic, weight: 1 },
    { arbitrary: ofEverySize(dtype, -6, 2), weight: 4 },
  );

/** A cotangent: never zero, never all one sign by design, of ordinary size. */
export const cotangent = (dtype: Dtype): fc.Arbitrary<number> => moderate(dtype).map((x) => (x === 0 ? -1 : x));

/** A size of an axis. */
export const extent = (max = 4): fc.Arbitrary<number> => fc.integer({ min: 1, max });

/** The same, and now and then a long axis: more than any block that a loop might be unrolled into. */
export const wideExtent = (max = 4): fc.Arbitrary<number> =>
  fc.oneof(
    { withCrossShrink: true },
    { arbitrary: extent(max), weight: 9 },
    { arbitrary: fc.integer({ min: 9, max: 19 }), weight: 1 },
  );

/** Shapes of which, now and then, one axis is long. */
export const stretched = (shapes: fc.Arbitrary<readonly number[]>): fc.Arbitrary<readonly number[]> =>
  fc.oneof(
    { withCrossShrink: true },
    { arbitrary: shapes, weight: 5 },
    {
      arbitrary: fc
        .tuple(shapes, fc.nat({ max: 7 }), fc.integer({ min: 9, max: 19 }))
        .map(([shape, axis, long]) => shape.map((n, i) => (i === axis % shape.length ? long : n))),
      weight: 1,
    },
  );

/** A factor that changes no digit: mostly none, now and then one that makes numbers large or tiny. */
export const magnitude = (reach = 20): fc.Arbitrary<number> =>
  fc.oneof(
    { withCrossShrink: true },
    { arbitrary: fc.constant(1), weight: 3 },
    { arbitrary: powerOfTwo(-reach, reach), weight: 1 },
  );

export const filled = (shape: readonly number[], value: fc.Arbitrary<number>): fc.Arbitrary<Values> =>
  fc.array(value, { minLength: count(shape), maxLength: count(shape) }).map((data) => ({ shape, data }));

/** Numbers, or now and then nothing but zeros: biases before training, a direction in which nothing moves. */
export const orZeros = (shape: readonly number[], value: fc.Arbitrary<number>): fc.Arbitrary<Values> =>
  fc.oneof(
    { withCrossShrink: true },
    { arbitrary: filled(shape, value), weight: 5 },
    { arbitrary: filled(shape, fc.constant(0)), weight: 1 },
  );

export const vector = (value: fc.Arbitrary<number>, max = 6): fc.Arbitrary<Values> =>
  fc
    .array(value, { maxLength: max }) // filtered, because with a least length of 1 the tail of a failing head is never dropped
    .filter((data) => data.length > 0)
    .map((data) => ({ shape: [data.length], data }));

/** Inside (0, 1), both ends approached. */
export const probability = (dtype: Dtype): fc.Arbitrary<number> =>
  fc
    .oneof(
      { withCrossShrink: true },
      fc.integer({ min: 1, max: 15 }).map((k) => k / 16),
      ofEverySize(dtype, -30, -1).map(Math.abs),
      ofEverySize(dtype, -20, -2).map((x) => 1 - Math.abs(x)),
    )
    .map((p) => FORMATS[dtype].round(p));

class All<T> extends fc.Arbitrary<readonly T[]> {
  readonly #list: readonly T[];
  constructor(list: readonly T[]) {
    super();
    this.#list = list;
  }
  generate(): fc.Value<readonly T[]> {
    return new fc.Value(this.#list, undefined);
  }
  canShrinkWithoutContext(value: unknown): value is readonly T[] {
    return Array.isArray(value);
  }
  shrink(value: readonly T[]): fc.Stream<fc.Value<readonly T[]>> {
    return fc.stream((value.length > 1 ? value : []).map((one) => new fc.Value([one], undefined)).values());
  }
}

/** Always the whole list; what fails shrinks to the first one of it that fails alone. */
export const allOf = <T>(list: readonly T[]): fc.Arbitrary<readonly T[]> => new All(list);

/** Labels: mostly certain ones. */
export const label: fc.Arbitrary<number> = fc.oneof(
  { withCrossShrink: true },
  fc.constantFrom(0, 1),
  fc.integer({ min: 1, max: 15 }).map((k) => k / 16),
);

/** A seed that does not shrink: a statistical law shrinks over its hyper-parameters only. */
export const seed = fc.noShrink(fc.integer({ min: 0, max: 2 ** 31 - 2 }));

/** A fresh seed per candidate: what was generated, stirred with the hyper-parameters at hand. */
export const stir = (seedValue: number, ...by: readonly number[]): number =>
  by.reduce((h, x) => Math.imul(h ^ (Math.round(x * 1024) | 0), 0x01000193) >>> 1, seedValue ^ 0x5bd1e995) %
  (2 ** 31 - 1);

/** A parameter of an activation, as a slope: any sign, above and below 1, never 0. */
export const parameter: fc.Arbitrary<number> = fc.integer({ min: -12, max: 12 }).map((k) => (k === 0 ? 13 : k) / 8);

/** All parameters of an activation. */
export const parametersFor = (activation: string): fc.Arbitrary<Readonly<Record<string, number>>> =>
  fc.record(Object.fromEntries(parametersOf(activation).map((p) => [p, parameter])));

/** A layer stack with its parameters and one batch. */
export interface NetworkCase {
  readonly layers: readonly AnyLayer[];
  readonly loss: string;
  readonly reduction: 'mean' | 'sum';
  readonly params: readonly Values[];
  readonly x: Values;
  readonly y: Values;
  /** Running statistics, uniforms and penalties, where layers or the loss have any. */
  readonly state?: readonly Values[];
  readonly uniforms?: readonly Values[];
  readonly regulariser?: { readonly l1?: number; readonly l2?: number };
  /** A direction in parameter space, for the certificate of the oracle. */
  readonly direction: readonly Values[];
}

export interface NetworkShape {
  readonly depth: number;
  readonly activations: readonly string[];
  readonly losses: readonly string[];
  readonly dtype: Dtype;
  readonly weight?: fc.Arbitrary<number>;
}

/** Rows of shares that sum to 1 exactly, whatever the order: one class, or sixteenths of several. */
export const shares = (shape: readonly number[]): fc.Arbitrary<Values> => {
  const classes = shape.at(-1) ?? 1;
  return filled(shape, fc.oneof(fc.constantFrom(0, 16), fc.integer({ min: 0, max: 16 }))).map(({ data }) => {
    let left = 16;
    return {
      shape,
      data: data.map((wish, i) => {
        if (i % classes === 0) left = 16;
        const taken = i % classes === classes - 1 ? left : Math.min(wish, left);
        left -= taken;
        return taken / 16;
      }),
    };
  });
};

/** Targets that a loss is meant for; `weight` are those of errors. */
export const targetsFor = (
  loss: string,
  shape: readonly number[],
  weight: fc.Arbitrary<number>,
): fc.Arbitrary<Values> => {
  const { target } = lossRow(camel(loss));
  return target === 'distribution'
    ? shares(shape)
    : filled(shape, target === 'number' ? weight : target === 'sign' ? fc.constantFrom(-1, 1) : label);
};

/** Dense networks of given depth with random widths, activations, loss, weights and batch. Shrinks to the smallest that fails. */
export const network = ({
  depth,
  activations,
  losses,
  dtype,
  weight = moderate(dtype),
}: NetworkShape): fc.Arbitrary<NetworkCase> =>
  fc
    .record({
      widths: fc.array(extent(4), { minLength: depth + 1, maxLength: depth + 1 }),
      names: fc.array(fc.constantFrom(...activations), { minLength: depth - 1, maxLength: depth - 1 }),
      parameter,
      loss: fc.constantFrom(...losses),
      reduction: fc.constantFrom('mean' as const, 'sum' as const),
      batch: extent(3),
    })
    .chain(({ widths, names, parameter: value, loss, reduction, batch }) => {
      const shapes = widths.slice(1).flatMap((out, i) => [[widths[i] ?? 1, out], [out]]);
      const layers = widths.slice(1).flatMap((units, i): readonly NetworkLayer[] => {
        const name = names[i];
        return [
          { type: 'dense', units },
          ...(name === undefined
            ? []
            : [
                { type: 'activation' as const, name, ...Object.fromEntries(parametersOf(name).map((p) => [p, value])) },
              ]),
        ];
      });
      return fc.record({
        layers: fc.constant(layers),
        loss: fc.constant(loss),
        reduction: fc.constant(reduction),
        params: fc.tuple(...shapes.map((s) => filled(s, weight))),
        direction: fc.tuple(...shapes.map((s) => filled(s, cotangent(dtype)))),
        x: filled([batch, widths[0] ?? 1], weight),
        y: targetsFor(loss, [batch, widths.at(-1) ?? 1], weight),
      });
    });
