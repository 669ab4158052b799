// What the chapter of optimizers asks with: random trainings with every hyper-parameter on, and how answers are compared.
import fc from 'fast-check';
import { type Hyper, type Optimizer, optimizerRow } from '../../src/index.ts';
import { cotangent, extent, filled, magnitude, type Values } from '../arbitraries.ts';
import { camel, type Plain } from '../contract.ts';
import { ask, each, every, type Inquiry, same, type Verdict, within } from '../law.ts';
import { type Big, exact, expecting } from '../oracle/exact.ts';
import { published, type Training } from '../oracle/training.ts';
import type { PortInfo } from '../port.ts';
import { FORMATS } from '../tolerance.ts';

export type { Training } from '../oracle/training.ts';

export const rowOf = (name: string): Optimizer => optimizerRow(camel(name));

/** Hyper-parameters that a port takes: those it declares, or those that are not off by default. */
export const keysOf = (port: PortInfo, name: string): readonly string[] => {
  const { hyper } = rowOf(name);
  return port.hyper[name] ?? Object.keys(hyper).filter((key) => hyper[key] !== 0);
};

/** Between two numbers, at full length of the format's mantissa. */
export const between = (port: PortInfo, low: number, high: number): fc.Arbitrary<number> =>
  fc.integer({ min: 0, max: 2 ** 30 }).map((k) => FORMATS[port.dtype].round(low + ((high - low) * k) / 2 ** 30));

/** Decay rates near and far from 1; sums of few digits now and then, for the laws that hold exactly. */
export const decay = (port: PortInfo): fc.Arbitrary<number> =>
  fc.oneof(
    { withCrossShrink: true },
    fc.constantFrom(1 / 8, 1 / 2, 3 / 4, 7 / 8, 15 / 16, 1 - 2 ** -7, 1 - 2 ** -10),
    between(port, 1 / 4, 31 / 32),
    between(port, 15 / 16, 1 - 2 ** -8),
  );

const FLAGS = ['firstStepFull', 'lrInside', 'centered', 'maxCorrected', 'scheduled', 'biasCorrection', 'rmsScale'];

/** Every hyper-parameter by its meaning: on, off its default, and as large as what it competes with. */
const settingOf = (port: PortInfo, key: string): fc.Arbitrary<number> => {
  if (FLAGS.includes(key)) return fc.constantFrom(0, 1);
  if (key.toLowerCase().includes('eps'))
    return fc.oneof(
      { withCrossShrink: true },
      between(port, 1 / 16, 2),
      fc.integer({ min: 4, max: 20 }).map((e) => 2 ** -e),
    );
  const ranges: Readonly<Record<string, readonly [number, number]>> = {
    lr: [1 / 64, 1 / 2],
    weightDecay: [1 / 16, 1],
    initialAccumulator: [1 / 16, 2],
    initialMoment: [1 / 16, 1],
    psi: [1 / 4, 2],
    d0: [1 / 64, 1],
    dFactor: [1 / 2, 3],
    adamShare: [1 / 8, 1],
    up: [9 / 8, 7 / 4],
    down: [1 / 4, 15 / 16],
    minFactor: [1 / 4, 3 / 4],
    maxFactor: [5 / 4, 3],
  };
  if (key === 'threshold') return fc.constantFrom(4, 9 / 2, 5, 6);
  const range = ranges[key];
  return range === undefined ? decay(port) : between(port, ...range);
};

/** Hyper-parameters of a rule, no two decay rates alike. */
export const hyperOf = (port: PortInfo, name: string): fc.Arbitrary<Hyper> =>
  fc
    .record(
      Object.fromEntries(
        keysOf(port, name).map((key) => [
          key,
          fc.oneof(
            { withCrossShrink: true },
            { arbitrary: settingOf(port, key), weight: 11 },
            { arbitrary: fc.constant(FORMATS[port.dtype].round(rowOf(name).hyper[key] ?? 0)), weight: 1 },
          ),
        ]),
      ),
    )
    .filter((h) => h.beta1 === undefined || h.beta1 !== h.beta2);

export interface Size {
  /** Steps. */
  readonly most?: number;
  readonly least?: number;
  /** Leaves. */
  readonly leaves?: number;
  /** Longest side of a leaf. */
  readonly side?: number;
  /** The shapes of the leaves, where they are given. */
  readonly shapes?: readonly (readonly number[])[];
}

/** Vectors and matrices, and now and then a long vector, a single number or a block. */
const leafOf = (side: number): fc.Arbitrary<readonly number[]> =>
  fc.oneof(
    { withCrossShrink: true },
    { arbitrary: fc.array(extent(side), { minLength: 1, maxLength: 2 }), weight: 12 },
    { arbitrary: fc.constantFrom([11], [], [2, 1, 2]), weight: 1 },
  );

/** Gradients among which the same sign comes often, and the other not seldom; none is 0. */
export const training = (
  port: PortInfo,
  name: string,
  value: fc.Arbitrary<number> = cotangent(port.dtype),
  { most = 6, least = 1, leaves = 2, side = 3, shapes: given }: Size = {},
): fc.Arbitrary<Training> =>
  fc
    .tuple(
      given === undefined
        ? fc.oneof(
            { withCrossShrink: true },
            { arbitrary: fc.array(leafOf(side), { minLength: 1, maxLength: leaves }), weight: 7 },
            { arbitrary: fc.array(leafOf(side), { minLength: leaves + 1, maxLength: leaves + 2 }), weight: 1 },
          )
        : fc.constant(given),
      fc.integer({ min: least, max: most }),
      magnitude(12),
    )
    .chain(([shapes, n, by]) =>
      fc.record({
        params: fc.tuple(
          ...shapes.map((s) =>
            filled(
              s,
              value.map((v) => v * by),
            ),
          ),
        ),
        gradients: fc.array(fc.tuple(...shapes.map((s) => filled(s, value))), { minLength: n, maxLength: n }),
        hyper: hyperOf(port, name),
      }),
    );

/** Hyper-parameters of a rule that a port does not take, off where that is in their range. */
export const missingOff = (port: PortInfo, name: string): Hyper => {
  const { hyper, domain } = rowOf(name);
  const missing = Object.keys(hyper).filter((key) => !keysOf(port, name).includes(key) && domain[key]?.[0] === 0);
  return Object.fromEntries(missing.map((key) => [key, 0]));
};

/** Some hyper-parameters of a training set, as far as the port takes them. */
export const setting = (port: PortInfo, name: string, r: Training, set: Hyper): Training => ({
  ...r,
  hyper: { ...r.hyper, ...Object.fromEntries(Object.entries(set).filter(([key]) => keysOf(port, name).includes(key))) },
});

/** Every epsilon of a rule at 0. */
export const withoutEpsilons = (hyper: Hyper): Hyper =>
  Object.fromEntries(Object.entries(hyper).map(([key, v]) => [key, key.toLowerCase().includes('eps') ? 0 : v]));

/** Names that the laws of the published rules hold for: a Nesterov momentum that keeps the other point has a law of its own. */
export const standard = (port: PortInfo): readonly string[] =>
  each('optimizer', 'run')(port).filter((name) => name !== 'nesterov' || port.conventions.nesterov === 'torch');

/** Optimizers of a port whose row has a trait. */
export const whose =
  (has: (row: Optimizer) => boolean) =>
  (port: PortInfo): readonly string[] =>
    each('optimizer', 'run')(port).filter((name) => has(rowOf(name)));

export type Steps = readonly (readonly Plain[])[];

export function* trajectory(name: string, { params, gradients, hyper }: Training): Inquiry<Steps> {
  return (yield* ask(`optimizer.${name}.run`, { params, gradients, hyper })).steps('params');
}

const onEach =
  (f: (v: number) => number) =>
  (v: Values): Values => ({ shape: v.shape, data: v.data.map(f) });
export const mapRun = (r: Training, w: (v: number) => number, g: (v: number) => number): Training => ({
  ...r,
  params: r.params.map(onEach(w)),
  gradients: r.gradients.map((gs) => gs.map(onEach(g))),
});

/** Step by step and leaf by leaf the same numbers. */
export const agree = (about: string, got: Steps, want: Steps, f: (v: number) => number = (v) => v): Verdict =>
  every(
    want.flatMap((leaves, t) =>
      leaves.map((leaf, i) =>
        same(`${about}, step ${t + 1}, leaf ${i}`, got[t]?.[i]?.data ?? [], Array.from(leaf.data, f)),
      ),
    ),
  );

type Path = ReturnType<typeof published>;

/** The rule as it was published, up to the step at which the errors of the format leave a choice open or a divisor without a digit. */
export const decided = (port: PortInfo, name: string, r: Training): Path => {
  const path = published(name, r, port.dtype);
  const open = path.findIndex((leaves) => leaves.some((leaf) => leaf.some((n) => !Number.isFinite(n.error))));
  return open < 0 ? path : path.slice(0, open);
};

/** Parameters against the rule as it was published, by hand at 64 digits, within the bound of that computation. */
export const follows = (
  port: PortInfo,
  name: string,
  r: Training,
  got: Steps,
  path: Path = published(name, r, port.dtype),
): Verdict =>
  every(
    path.flatMap((leaves, t) =>
      leaves.map((leaf, i) =>
        within(
          `parameters after step ${t + 1}, leaf ${i}`,
          got[t]?.[i]?.data ?? [],
          leaf.map((n) => expecting(n.value, port.dtype)),
          leaf.map((n) => n.error),
        ),
      ),
    ),
  );

/** Parameters against values known in closed form, within the bound of the rule on the same training. */
export const reaches = (
  port: PortInfo,
  name: string,
  r: Training,
  got: Steps,
  known: (t: number, leaf: number, coordinate: number) => Big | null,
): Verdict =>
  every(
    published(name, r, port.dtype).flatMap((leaves, i) =>
      leaves.flatMap((leaf, l) =>
        leaf.flatMap((n, j) => {
          const want = known(i + 1, l, j);
          return want === null
            ? []
            : [
                within(
                  `parameter ${j} of leaf ${l} after step ${i + 1}`,
                  [got[i]?.[l]?.data[j] ?? Number.NaN],
                  [expecting(want, port.dtype)],
                  [n.error],
                ),
              ];
        }),
      ),
    ),
  );

const only = (port: PortInfo, name: string, hyper: Hyper): Hyper =>
  Object.fromEntries(Object.entries(hyper).filter(([key]) => keysOf(port, name).includes(key)));

/** Every hyper-parameter that a port takes for a rule, off unless named. */
export const allOff = (port: PortInfo, name: string, hyper: Hyper): Hyper => ({
  ...Object.fromEntries(keysOf(port, name).map((key) => [key, 0])),
  ...only(port, name, hyper),
});

/** Training in a loop: each gradient is taken at the parameters that the port has reached. */
export function* closedLoop(
  name: string,
  hyper: Hyper,
  start: Values,
  gradient: (w: ArrayLike<number>) => readonly number[],
  steps: number,
): Inquiry<readonly (readonly number[])[]> {
  const path: (readonly number[])[] = [start.data];
  const gradients: Values[][] = [];
  for (let t = 0; t < steps; t++) {
    gradients.push([{ shape: start.shape, data: gradient(path[t] ?? []) }]);
    const all = yield* trajectory(name, { params: [start], gradients, hyper });
    path.push(Array.from(all[t]?.[0]?.data ?? []));
  }
  return path;
}

/** A leaf of one training, step by step, as numbers of 64 digits. */
export const bigs = (got: Steps, t: number, leaf: number): readonly Big[] =>
  Array.from(got[t]?.[leaf]?.data ?? [], exact);
/** What a correct program may be off by, before the first step by nothing. */
export const errorsOf = (
  port: PortInfo,
  name: string,
  r: Training,
): ((t: number, leaf: number, j: number) => number) => {
  const oracle = published(name, r, port.dtype);
  return (t, leaf, j) => (t < 0 ? 0 : (oracle[t]?.[leaf]?.[j]?.error ?? 0));
};
