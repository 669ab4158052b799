// What the laws of normalisation ask with: batches of every scale and offset, and batches on which every number is dyadic.
import fc from 'fast-check';
import { cotangent, filled, magnitude, moderate, powerOfTwo, small, stretched, type Values } from '../arbitraries.ts';
import { type Args, ENTRIES } from '../contract.ts';
import { type Answer, ask, type Inquiry, same, type Verdict, within } from '../law.ts';
import {
  type Entry,
  estimatorOf,
  type Group,
  type Normalisation,
  overBatch,
  overFeatures,
  type Pulled,
  type Update,
  weightOf,
} from '../oracle/batchnorm.ts';
import { expecting, nearest } from '../oracle/exact.ts';
import type { PortInfo } from '../port.ts';
import { exactly as double, FORMATS } from '../tolerance.ts';

/** One call of a layer that normalises; what only some of them take is beside the rest. */
export interface NormCase {
  readonly x: Values;
  readonly gamma: Values;
  readonly beta: Values;
  readonly eps: number;
  readonly dy: Values;
}
/** A batch normalisation remembers. */
export interface BatchCase extends NormCase {
  readonly mean: Values;
  readonly variance: Values;
  readonly momentum: number;
}

/** Layers that normalise by moments of their input. */
export interface NormKind {
  readonly forward: string;
  readonly vjp: string;
  /** Whether it takes and gives running statistics. */
  readonly remembers: boolean;
  readonly groups: (shape: readonly number[]) => readonly Group[];
  readonly place: (port: PortInfo) => Normalisation['place'];
  /** Shapes of more than one number per group. */
  readonly shape: fc.Arbitrary<readonly number[]>;
  /** Shapes of so many numbers per group. */
  readonly shapeOf: (n: number) => fc.Arbitrary<readonly number[]>;
}

const upTo = (max: number, min = 1): fc.Arbitrary<number> => fc.integer({ min, max });

export const KINDS: Readonly<Record<string, NormKind>> = {
  batch_norm: {
    forward: 'layer.batch_norm.train',
    vjp: 'layer.batch_norm.train_vjp',
    remembers: true,
    groups: overBatch,
    place: (port) => port.conventions.bnEps,
    shape: stretched(
      fc.oneof(
        fc.tuple(upTo(5, 2), upTo(3)),
        fc.tuple(upTo(3), upTo(3), upTo(2)).filter(([n, m]) => n * m > 1),
        fc.tuple(upTo(2), upTo(2), upTo(2), upTo(2)).filter(([n, m, k]) => n * m * k > 1),
      ),
    ),
    shapeOf: (n) =>
      fc.oneof(
        upTo(3).map((f) => [n, f]),
        upTo(2).map((f) => [n / 2, 2, f]),
        upTo(2).map((f) => [2, n / 2, f]),
      ),
  },
  layer_norm: {
    forward: 'layer.layer_norm.forward',
    vjp: 'layer.layer_norm.vjp',
    remembers: false,
    groups: overFeatures,
    place: (port) => port.conventions.lnEps,
    shape: stretched(
      fc.oneof(
        fc.tuple(upTo(3), upTo(5, 2)),
        fc.tuple(upTo(2), upTo(2), upTo(4, 2)),
        fc.tuple(upTo(2), upTo(2), upTo(2), upTo(3, 2)),
      ),
    ),
    shapeOf: (n) =>
      fc.oneof(
        upTo(3).map((b) => [b, n]),
        upTo(2).map((b) => [b, 2, n]),
      ),
  },
};

export const kindOf = (name: string): NormKind => KINDS[name] as NormKind; // subjects come from the table

/** Every kind that the port has. */
export const kinds = (port: PortInfo): readonly string[] =>
  Object.keys(KINDS).filter((name) => port.has(kindOf(name).forward) && port.has(kindOf(name).vjp));
export const batchOnly = (port: PortInfo): readonly string[] => kinds(port).filter((name) => kindOf(name).remembers);

/** Mean over deviation that is hard, but leaves digits enough to tell right from wrong. */
const FAR: Readonly<Record<PortInfo['dtype'], number>> = { f64: 1e8, f32: 1e3 };

const some = (n: number, value: fc.Arbitrary<number>): fc.Arbitrary<Values> => filled([n], value);

/** Random numbers, or now and then what an untrained layer has. */
const mostly = (n: number, value: fc.Arbitrary<number>, start: number): fc.Arbitrary<Values> =>
  fc.oneof({ arbitrary: some(n, value), weight: 4 }, { arbitrary: some(n, fc.constant(start)), weight: 1 });

/** Whether numbers have little, some, or nothing but an offset beside what they differ by. */
const offsetOf = (port: PortInfo): fc.Arbitrary<number> =>
  fc.oneof(
    { withCrossShrink: true },
    { arbitrary: fc.constant(0), weight: 3 },
    { arbitrary: moderate(port.dtype), weight: 2 },
    { arbitrary: fc.constantFrom(FAR[port.dtype], -FAR[port.dtype]), weight: 1 },
  );

/** Against the variance of numbers of ordinary size: none, little, as much, more. */
const EPS = [0, 2 ** -34, 2 ** -17, 1 / 8, 1, 3];

const momentums = (port: PortInfo): fc.Arbitrary<number> =>
  fc.constantFrom(1 / 4, 1 / 10, 3 / 4, 9 / 10, 1 / 16, 63 / 64).map(FORMATS[port.dtype].round);

export interface Wanted {
  readonly shape?: fc.Arbitrary<readonly number[]>;
  readonly eps?: readonly number[];
  readonly offset?: fc.Arbitrary<number>;
}

interface Remembered {
  readonly mean: fc.Arbitrary<Values>;
  readonly variance: fc.Arbitrary<Values>;
  readonly momentum: fc.Arbitrary<number>;
}
/** Nothing for a layer that does not remember; its laws read nothing of it, hence the cast. */
const remembered = ({ remembers }: NormKind, all: Remembered): Remembered => (remembers ? all : ({} as Remembered));

/** Batches of any scale and offset with a spread in every group, and eps in proportion to their variance. */
export const batchCase = (port: PortInfo, name: string, wanted: Wanted = {}): fc.Arbitrary<BatchCase> => {
  const kind = kindOf(name);
  const { round } = FORMATS[port.dtype];
  const reach = port.dtype === 'f64' ? 40 : 10;
  const { shape = kind.shape, eps = EPS, offset = offsetOf(port) } = wanted;
  const usual = wanted.eps === undefined ? round(1 / 100_000) : undefined; // what people leave it at
  return fc
    .record({
      shape,
      scale: fc.oneof(fc.constant(1), powerOfTwo(-reach, reach)),
      eps: fc.constantFrom(...eps),
      stretch: magnitude(),
      pull: magnitude(),
    })
    .chain(({ shape: at, scale, eps: share, stretch, pull }) => {
      const groups = kind.groups(at);
      const features = at.at(-1) ?? 1;
      return fc.record({
        x: fc.tuple(filled(at, moderate(port.dtype)), some(groups.length, offset)).map(([v, offsets]) => {
          const data = [...v.data];
          groups.forEach((group, g) => {
            const own = group.at.map((i) => round(scale * round((v.data[i] ?? 0) + (offsets.data[g] ?? 0))));
            const spread = own.some((value) => value !== own[0]);
            group.at.forEach((to, i) => {
              data[to] = round((own[i] ?? 0) + (i === 0 && !spread ? scale : 0));
            });
          });
          return { shape: at, data };
        }),
        gamma: mostly(
          features,
          cotangent(port.dtype).map((v) => v * stretch),
          1,
        ),
        beta: mostly(
          features,
          moderate(port.dtype).map((v) => v * stretch),
          0,
        ),
        eps: fc.oneof(
          { withCrossShrink: true },
          { arbitrary: fc.constant(share * (kind.place(port) === 'inside' ? scale * scale : scale)), weight: 9 },
          { arbitrary: fc.constant(usual ?? share), weight: usual === undefined ? 0 : 1 },
        ),
        dy: filled(
          at,
          cotangent(port.dtype).map((v) => v * pull),
        ),
        ...remembered(kind, {
          mean: some(
            features,
            moderate(port.dtype).map((v) => v * scale),
          ),
          variance: some(
            features,
            cotangent(port.dtype).map((v) => Math.abs(v) * scale * scale),
          ),
          momentum: momentums(port),
        }),
      });
    });
};

/** The variance of m ± a beside n − 2 times m, and what eps then makes the root a power of two. */
const epsFor = (n: number, a: number, more: number, place: Normalisation['place']): number => {
  const size = place === 'inside' ? (2 * a * a) / n : a * Math.sqrt(2 / n); // dyadic for the n that are asked with
  const base = place === 'inside' ? 4 : 2;
  let top = 1 / base;
  while (top < size) top *= base;
  return top * base ** more - size;
};

/** Besides a spread of ±a around it, each group has a centre and a sign of its own. */
export interface Lattice {
  readonly offset?: number;
  readonly constant?: boolean;
}

/**
 * Integers for which every number on the way is dyadic, in any algorithm: m + a, m − a, then m for the rest of 2, 4, 8 or 16, so that
 * a running mean is exact as well, and an eps for which the root is a power of two.
 */
export const latticeCase = (port: PortInfo, name: string, { offset = 0 }: Lattice = {}): fc.Arbitrary<BatchCase> => {
  const kind = kindOf(name);
  const place = kind.place(port);
  return fc
    .constantFrom(...(place === 'inside' ? [2, 4, 8, 16] : [2, 8]))
    .chain((n) => fc.record({ n: fc.constant(n), shape: kind.shapeOf(n), a: upTo(12), more: upTo(1, 0) }))
    .chain(({ n, shape, a, more }) => {
      const groups = kind.groups(shape);
      const features = shape.at(-1) ?? 1;
      return fc.record({
        x: fc.tuple(some(groups.length, small), some(groups.length, fc.constantFrom(1, -1))).map(([centre, sign]) => {
          const data = new Array<number>(groups.length * n).fill(0);
          groups.forEach(({ at }, g) => {
            at.forEach((to, i) => {
              data[to] = (centre.data[g] ?? 0) + offset + (sign.data[g] ?? 1) * (i === 0 ? a : i === 1 ? -a : 0);
            });
          });
          return { shape, data };
        }),
        gamma: some(features, small),
        beta: some(features, small),
        eps: fc.constant(epsFor(n, a, more, place)),
        dy: filled(shape, small),
        ...remembered(kind, {
          mean: some(features, small),
          variance: some(features, small.map(Math.abs)),
          momentum: fc.constantFrom(1 / 4, 3 / 8, 3 / 4),
        }),
      });
    });
};

export const normOf = (c: NormCase, port: PortInfo, name: string): Normalisation => ({
  x: c.x.data,
  gamma: c.gamma.data,
  beta: c.beta.data,
  eps: c.eps,
  place: kindOf(name).place(port),
  groups: kindOf(name).groups(c.x.shape),
});

/** How the running statistics move: by the port's conventions. */
export const meanUpdate = (c: Pick<BatchCase, 'momentum'>, port: PortInfo): Update => ({
  weight: weightOf(c.momentum, port.conventions.bnMomentum),
  factor: estimatorOf(1, 'biased'),
});
export const varianceUpdate = (c: Pick<BatchCase, 'momentum' | 'x'>, port: PortInfo): Update => ({
  weight: weightOf(c.momentum, port.conventions.bnMomentum),
  factor: estimatorOf(c.x.data.length / (c.x.shape.at(-1) ?? 1), port.conventions.bnRunningVariance),
});

/** The momentum by which running statistics become those of the batch, or stay. */
export const copying = (port: PortInfo): number => (port.conventions.bnMomentum === 'ofNew' ? 1 : 0);
export const freezing = (port: PortInfo): number => 1 - copying(port);

export const judged = (about: string, got: ArrayLike<number>, expected: readonly Entry[], port: PortInfo): Verdict =>
  within(
    about,
    got,
    expected.map((e) => expecting(e.value, port.dtype)),
    expected.map((e) => e.allowed),
  );

export const exactly = (about: string, got: ArrayLike<number>, expected: readonly Entry[]): Verdict =>
  same(
    about,
    got,
    expected.map((e) => nearest(e.value)),
  );

/** Arguments of an entry of a normalising layer. */
export const argumentsOf = (port: PortInfo, name: string, call: string): fc.Arbitrary<Args> =>
  batchCase(port, name).map((c) => taken(`layer.${name}.${call}`, c));

/** Of a case, what an entry takes. */
export const taken = (entry: string, c: NormCase): Args =>
  Object.fromEntries(Object.entries(c).filter(([field]) => field in (ENTRIES.get(entry)?.takes ?? {})));

export const forward = (name: string, c: NormCase): Inquiry<Answer> =>
  ask(kindOf(name).forward, taken(kindOf(name).forward, c));
export const evaluate = (c: BatchCase): Inquiry<Answer> =>
  ask('layer.batch_norm.eval', taken('layer.batch_norm.eval', c));

export function* outputOf(name: string, c: NormCase): Inquiry<readonly number[]> {
  return Array.from((yield* forward(name, c)).tensor('y').data);
}

/** The fields of a pulled cotangent, and of what the oracle says of it. */
export const COTANGENTS = ['dx', 'dgamma', 'dbeta'] as const satisfies readonly (keyof Pulled)[];
export type Cotangents = Readonly<Record<(typeof COTANGENTS)[number], readonly number[]>>;

function* pullBy(entry: string, c: NormCase): Inquiry<Cotangents> {
  const a = yield* ask(entry, taken(entry, c));
  const field = (f: string): readonly number[] => Array.from(a.tensor(f).data);
  return { dx: field('dx'), dgamma: field('dgamma'), dbeta: field('dbeta') };
}
export const pull = (name: string, c: NormCase): Inquiry<Cotangents> => pullBy(kindOf(name).vjp, c);
export const pullEval = (c: BatchCase): Inquiry<Cotangents> => pullBy('layer.batch_norm.eval_vjp', c);

/** Changed tensors of a case. */
export const mapped = (v: Values, f: (value: number, i: number) => number): Values => ({
  shape: v.shape,
  data: v.data.map(f),
});
export const scaled = (v: Values, by: number): Values => mapped(v, (e) => e * by);
/** Without stretching and moving: the normalised numbers themselves. */
export const plainly = <C extends NormCase>(c: C): C => ({
  ...c,
  gamma: mapped(c.gamma, () => 1),
  beta: mapped(c.beta, () => 0),
});
export const pick = <T>(values: ArrayLike<T>, at: readonly number[]): readonly T[] => at.map((i) => values[i] as T); // places in range

/** The allowed errors of two answers that should be alike. */
export const either = (a: readonly Entry[], b: readonly Entry[]): readonly number[] =>
  a.map((e, i) => e.allowed + (b[i]?.allowed ?? 0));

export const alike = (
  about: string,
  got: readonly number[],
  expected: readonly number[],
  allowed: readonly number[],
): Verdict => within(about, got, expected.map(double), allowed);
