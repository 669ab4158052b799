// Random Boltzmann machines on a lattice, and how the chapters about them ask.
import fc from 'fast-check';
import { dyadic, filled, powerOfTwo, type Values } from '../arbitraries.ts';
import { ask, having, type Inquiry, within } from '../law.ts';
import { type Big, expecting, nearest, ZERO } from '../oracle/exact.ts';
import { exactMachine, type PlainMachine, rowsOf, type Statistics, statesOf } from '../oracle/rbm.ts';
import type { Dtype, PortInfo } from '../port.ts';
import {
  contractUlps,
  type Expected,
  exactly,
  FORMATS,
  freeEnergyBound,
  likelihoodBound,
  logitBound,
  ulpsAt,
} from '../tolerance.ts';

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

/** Ports that answer these calls about machines. */
export const asks = (...calls: readonly string[]) => having(...calls.map((c) => `rbm.rbm.${c}`));
/** The machine with its visible rows alone. */
export const visibleOf = ({ h: _, ...rest }: WithBoth): WithVisible => rest;

/** 4 ulps at every probability: on the lattice the sum inside is exact. */
export const probabilities = (about: string, got: readonly number[], truth: readonly Big[], port: PortInfo) =>
  within(
    about,
    got,
    expectAll(truth, port.dtype),
    truth.map((p) => ulpsAt(contractUlps(1), nearest(p), port.dtype)),
  );

/** Error of a log-likelihood of the machine. */
export const likelihoodError = (m: Machine, port: PortInfo): number =>
  likelihoodBound(2 ** (visibleUnits(m) + hiddenUnits(m)), termsOf(m), sizeOf(m), FORMATS[port.dtype].u);
/** Errors of free energies, relative to the sum of their terms in absolute value. */
export const freeError = (m: WithVisible, free: readonly Big[], port: PortInfo): readonly number[] => {
  const { b } = exactMachine(m);
  return rowsOf(m.v).map((v, r) => {
    const terms = v.map((x, i) => x.times(b[i] ?? ZERO));
    const [sum, sizes] = [(x: Big, y: Big) => x.plus(y), terms.map((x) => x.abs())];
    // what is left of −F without b·v is the sum of the softplus terms, which are positive
    const soft = terms.reduce(sum, free[r] ?? ZERO).abs();
    return freeEnergyBound(termsOf(m), nearest(sizes.reduce(sum, soft)), FORMATS[port.dtype].u);
  });
};

/** Machines of every size of weights, up to those whose exponentials overflow. */
export const ofAnySize = (mostVisible: number, mostHidden: number, largest: number): fc.Arbitrary<WithBoth> =>
  fc
    .oneof(fc.constant(1), powerOfTwo(-2, largest))
    .chain((scale) => withBoth({ sides: sides(mostVisible, mostHidden), value: weight.map((x) => x * scale) }));

/** How a machine is trained. */
export interface Plan {
  readonly epochs: number;
  readonly size: number;
  readonly lr: number;
  readonly momentum: number;
  readonly l2: number;
  readonly k: number;
  readonly persistent: boolean;
  readonly seed: number;
}

/** A machine as its numbers. */
export interface Trained {
  readonly w: readonly number[];
  readonly b: readonly number[];
  readonly c: readonly number[];
}
/** All numbers of a machine: w, then b, then c. */
export const numbersOf = ({ w, b, c }: Trained): readonly number[] => [...w, ...b, ...c];

const logit = (s: number): number => Math.log(s) - Math.log1p(-s);

/** The logit of (ones + 1)/(n + 2) of every column, and how far a port may be from it. */
export const logits = (x: Values, u: number) => {
  const [n = 0, d = 0] = x.shape;
  const shares = Array.from(
    { length: d },
    (_, i) => x.data.reduce((s, v, k) => (k % d === i ? s + v : s), 1) / (n + 2),
  );
  return { values: shares.map((s) => exactly(logit(s))), allowed: shares.map((s) => logitBound(s, u)) };
};
