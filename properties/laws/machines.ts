// Random Boltzmann machines on a lattice, and how the chapters about them ask.
import fc from 'fast-check';
import { dyadic, filled, type Values } from '../arbitraries.ts';
import { ask, type Inquiry } from '../law.ts';
import { type Big, expecting } from '../oracle/exact.ts';
import { type PlainMachine, type Statistics, statesOf } from '../oracle/rbm.ts';
import type { Dtype } from '../port.ts';
import type { Expected } from '../tolerance.ts';

/** A machine as plain data that survives JSON. */
export interface Machine extends PlainMachine {
  readonly w: Values;
  readonly b: Values;
  readonly c: Values;
}
export interface WithVisible extends Machine {
  readonly v: Values;
}
export interface WithBoth extends WithVisible {
  readonly h: Values;
}

/** Visible and hidden units, never equally many, so that no matrix fits on the wrong side. */
export const sides = (mostVisible: number, mostHidden: number): fc.Arbitrary<readonly [number, number]> =>
  fc
    .tuple(fc.integer({ min: 1, max: mostVisible }), fc.integer({ min: 1, max: mostHidden }))
    .filter(([nv, nh]) => nv !== nh);

/** Eighths up to 3, none of them 0, so that every term counts. */
export const weight = fc.integer({ min: -24, max: 23 }).map((k) => (k < 0 ? k : k + 1) / 8);

/** Shares in [0, 1] in eighths. */
export const share = fc.integer({ min: 0, max: 8 }).map((k) => k / 8);
export const bit = fc.constantFrom(0, 1);

export const machine = (nv: number, nh: number, value: fc.Arbitrary<number> = weight): fc.Arbitrary<Machine> =>
  fc.record({ w: filled([nv, nh], value), b: filled([nv], value), c: filled([nh], value) });

interface Wanted {
  readonly sides?: fc.Arbitrary<readonly [number, number]>;
  readonly value?: fc.Arbitrary<number>;
  readonly state?: fc.Arbitrary<number>;
  readonly rows?: number;
}

/** A machine and rows of both of its sides. */
export const withBoth = ({
  sides: of = sides(3, 3),
  value = weight,
  state = share,
  rows = 3,
}: Wanted = {}): fc.Arbitrary<WithBoth> =>
  fc
    .tuple(of, fc.integer({ min: 1, max: rows }))
    .chain(([[nv, nh], n]) =>
      fc
        .tuple(machine(nv, nh, value), filled([n, nv], state), filled([n, nh], state))
        .map(([m, v, h]) => ({ ...m, v, h })),
    );

/** Lattice numbers of which none is special. */
export const anyState = dyadic;
export const dyadicWeights = dyadic;

export const bareOf = ({ w, b, c }: Machine): Machine => ({ w, b, c });

/** All binary states of one side as the rows of a tensor. */
export const allStates = (n: number): Values => {
  const states = statesOf(n);
  return { shape: [states.length, n], data: states.flat() };
};

export const visibleUnits = ({ b }: Machine): number => b.data.length;
export const hiddenUnits = ({ c }: Machine): number => c.data.length;

/** Sum of the absolute values of all parameters: no energy of binary states, or of shares, is larger. */
export const sizeOf = ({ w, b, c }: Machine): number =>
  [...w.data, ...b.data, ...c.data].reduce((s, x) => s + Math.abs(x), 0);
export const termsOf = ({ w, b, c }: Machine): number => w.data.length + b.data.length + c.data.length;

/** wᵀ of a plain matrix. */
export const transposed = ({ shape: [n = 0, d = 0], data }: Values): Values => ({
  shape: [d, n],
  data: Array.from({ length: n * d }, (_, i) => data[(i % n) * d + Math.floor(i / n)] ?? 0),
});
export const dualOf = ({ w, b, c }: Machine): Machine => ({ w: transposed(w), b: c, c: b });

export function* answer(call: string, field: string, args: object): Inquiry<readonly number[]> {
  return Array.from((yield* ask(`rbm.rbm.${call}`, { ...args })).tensor(field).data);
}

export const flat = ({ w, b, c }: Statistics): readonly Big[] => [...w.flat(), ...b, ...c];
export const expectAll = (values: readonly Big[], dtype: Dtype): readonly Expected[] =>
  values.map((x) => expecting(x, dtype));

/** The three answers of contrastive divergence in one row: w, then b, then c. */
export interface Slopes {
  readonly w: readonly number[];
  readonly b: readonly number[];
  readonly c: readonly number[];
  readonly reached: readonly number[];
}
export function* cd(args: object): Inquiry<Slopes> {
  const a = yield* ask('rbm.rbm.cd', { ...args });
  const of = (name: string): readonly number[] => Array.from(a.tensor(name).data);
  return { w: of('dw'), b: of('db'), c: of('dc'), reached: of('reached') };
}
