// The Boltzmann machine once more at 64 digits: by enumeration of its states, from the energy alone.
import { DIFFERENCE_ERROR, ORACLE_STEP } from '../tolerance.ts';
import { type Big, big, exact, exp, ln, log1p, nearest, ONE, sqrt, ZERO } from './exact.ts';
import { differenceOf, type Slope } from './formula.ts';

type Row = readonly Big[];
type Matrix = readonly Row[];

/** A machine of doubles as plain data: weights [visible, hidden], and the biases of either side. */
export interface PlainMachine {
  readonly w: { readonly shape: readonly number[]; readonly data: readonly number[] };
  readonly b: { readonly data: readonly number[] };
  readonly c: { readonly data: readonly number[] };
}

/** Exact parameters, w[i][j] between visible unit i and hidden unit j. */
export interface ExactMachine {
  readonly w: Matrix;
  readonly b: Row;
  readonly c: Row;
}

/** One number per parameter. */
export interface Statistics {
  readonly w: Matrix;
  readonly b: Row;
  readonly c: Row;
}

const sum = (xs: Row): Big => xs.reduce((a, x) => a.plus(x), ZERO);
const product = (xs: Row): Big => xs.reduce((a, x) => a.times(x), ONE);
const dot = (xs: Row, ys: Row): Big => sum(xs.map((x, i) => x.times(ys[i] ?? ZERO)));

/** Rows of a plain matrix as exact numbers. */
export const rowsOf = ({
  shape,
  data,
}: {
  readonly shape: readonly number[];
  readonly data: ArrayLike<number>;
}): Matrix => {
  const [n = 0, d = 0] = shape;
  return Array.from({ length: n }, (_, r) =>
    Array.from({ length: d }, (_2, i) => exact(data[r * d + i] ?? Number.NaN)),
  );
};

export const exactMachine = ({ w, b, c }: PlainMachine): ExactMachine => ({
  w: rowsOf(w),
  b: b.data.map(exact),
  c: c.data.map(exact),
});

/** All states of n binary units; the first unit is the highest digit. */
export const statesOf = (n: number): readonly (readonly number[])[] =>
  n === 0
    ? [[]]
    : statesOf(n - 1).flatMap((s) => [
        [...s, 0],
        [...s, 1],
      ]);

/** E(v, h) = −Σ vᵢbᵢ − Σ hⱼcⱼ − ΣΣ vᵢwᵢⱼhⱼ, for any numbers v and h. */
export const energyOf = ({ w, b, c }: ExactMachine, v: Row, h: Row): Big =>
  sum([dot(v, b), dot(h, c), ...w.map((row, i) => (v[i] ?? ZERO).times(dot(row, h)))]).neg();

/** What each hidden unit adds to −E when it is on. */
const pushOf = ({ w, c }: ExactMachine, v: Row): Row =>
  c.map((cj, j) => w.reduce((s, row, i) => s.plus((v[i] ?? ZERO).times(row[j] ?? ZERO)), cj));

/** e^(−E(v, h)) of every state h. */
const weightsGiven = (m: ExactMachine, v: Row): Row => {
  const own = exp(dot(v, m.b));
  const on = pushOf(m, v).map((a) => exp(a));
  return statesOf(m.c.length).map((h) => product([own, ...on.filter((_, j) => h[j] === 1)]));
};

/** ln(1 + e^a), with all its digits where that is nearly 0. */
export const softplusOf = (a: Big): Big => log1p(exp(a));

/** ln Σ eˣ: the largest, and what the others add to it, which may be next to nothing. */
export const logSumOf = (xs: Row): Big => {
  const top = xs.reduce((best, x, i) => (x.gt(xs[best] ?? x) ? i : best), 0);
  const most = xs[top] ?? ZERO;
  return most.plus(log1p(sum(xs.filter((_, i) => i !== top).map((x) => exp(x.minus(most))))));
};

/** −ln Σ_h e^(−E(v, h)), summed state by state. */
export const freeEnergyOf = (m: ExactMachine, v: Row): Big => {
  const on = pushOf(m, v);
  return logSumOf(statesOf(m.c.length).map((h) => sum([dot(v, m.b), ...on.filter((_, j) => h[j] === 1)]))).neg();
};

/** p(hⱼ = 1 | v): the share of the states h with hⱼ = 1. */
export const hiddenGivenOf = (m: ExactMachine, v: Row): Row => {
  const weights = weightsGiven(m, v);
  const all = sum(weights);
  const states = statesOf(m.c.length);
  return m.c.map((_, j) => sum(weights.filter((_2, s) => states[s]?.[j] === 1)).div(all));
};

/** The machine seen from the other side. */
export const turned = ({ w, b, c }: ExactMachine): ExactMachine => ({
  w: c.map((_, j) => w.map((row) => row[j] ?? ZERO)),
  b: c,
  c: b,
});
export const visibleGivenOf = (m: ExactMachine, h: Row): Row => hiddenGivenOf(turned(m), h);

/** e of every parameter, from which the weight of a binary state is a product. */
const factorsOf = ({ w, b, c }: ExactMachine): ExactMachine => ({
  w: w.map((row) => row.map((x) => exp(x))),
  b: b.map((x) => exp(x)),
  c: c.map((x) => exp(x)),
});
const jointWeight = (e: ExactMachine, v: readonly number[], h: readonly number[]): Big =>
  product([
    ...e.b.filter((_, i) => v[i] === 1),
    ...e.c.filter((_, j) => h[j] === 1),
    ...e.w.flatMap((row, i) => row.filter((_, j) => v[i] === 1 && h[j] === 1)),
  ]);
const totalOf = (e: ExactMachine): Big => {
  const hidden = statesOf(e.c.length);
  return sum(statesOf(e.b.length).flatMap((v) => hidden.map((h) => jointWeight(e, v, h))));
};

/** ln Z over all joint states. */
export const logPartitionOf = (m: ExactMachine): Big => ln(totalOf(factorsOf(m)));

/** p(v) of every binary state, in the order of {@link statesOf}. */
export const modelOf = (m: ExactMachine): Row => {
  const e = factorsOf(m);
  const hidden = statesOf(m.c.length);
  const weights = statesOf(m.b.length).map((v) => sum(hidden.map((h) => jointWeight(e, v, h))));
  const all = sum(weights);
  return weights.map((x) => x.div(all));
};

/** The same function of every parameter. */
const mapped = (
  m: ExactMachine,
  f: (set: (by: (x: Big) => Big) => ExactMachine) => Slope,
): { readonly w: readonly (readonly Slope[])[]; readonly b: readonly Slope[]; readonly c: readonly Slope[] } => {
  const one = (row: Row, at: number, by: (x: Big) => Big): Row => row.map((x, i) => (i === at ? by(x) : x));
  return {
    w: m.w.map((row, i) =>
      row.map((_, j) => f((by) => ({ ...m, w: m.w.map((r, k) => (k === i ? one(r, j, by) : r)) }))),
    ),
    b: m.b.map((_, i) => f((by) => ({ ...m, b: one(m.b, i, by) }))),
    c: m.c.map((_, j) => f((by) => ({ ...m, c: one(m.c, j, by) }))),
  };
};

/** The slope of ln p(v) by every parameter, v binary: central differences of the enumerated likelihood, no formula of a gradient. */
export const likelihoodSlopes = (m: ExactMachine, v: readonly number[]) => {
  const e = factorsOf(m); // one parameter further by h is one factor more e^h
  const hidden = statesOf(m.c.length);
  const logp = (x: ExactMachine): Big => ln(sum(hidden.map((h) => jointWeight(x, v, h))).div(totalOf(x)));
  const h = big(ORACLE_STEP);
  const [up, mid] = [exp(h), logp(e)];
  return mapped(e, (set) => differenceOf(logp(set((x) => x.div(up))), mid, logp(set((x) => x.times(up))), h));
};

/** Chances of every state of independent units. */
export const chancesOf = (p: Row): Row =>
  statesOf(p.length).map((s) => product(p.map((x, i) => (s[i] === 1 ? x : ONE.minus(x)))));

/** v to v′ by way of h, from the conditionals of every state. */
export const transitionOf = (hidden: Matrix, visible: Matrix): Matrix => {
  const [down, up] = [hidden.map(chancesOf), visible.map(chancesOf)];
  return down.map((row) => (up[0] ?? []).map((_, to) => sum(row.map((x, h) => x.times(up[h]?.[to] ?? ZERO)))));
};
export const exactTransition = (m: ExactMachine): Matrix =>
  transitionOf(
    statesOf(m.b.length).map((v) => hiddenGivenOf(m, v.map(big))),
    statesOf(m.c.length).map((h) => visibleGivenOf(m, h.map(big))),
  );
export const moved = (row: Row, t: Matrix): Row =>
  row.map((_, to) => sum(row.map((x, from) => x.times(t[from]?.[to] ?? ZERO))));
export const times = (a: Matrix, b: Matrix): Matrix => a.map((row) => moved(row, b));

/** Σ over states of weight·(v·p(h|v), v, p(h|v)), p given for every state. */
export const statisticsOf = (weights: Row, states: Matrix, hidden: Matrix): Statistics => {
  const over = (f: (s: number) => Big): Big => sum(weights.map((x, s) => x.times(f(s))));
  const [b, c] = [states[0] ?? [], hidden[0] ?? []];
  return {
    w: b.map((_, i) => c.map((_2, j) => over((s) => (states[s]?.[i] ?? ZERO).times(hidden[s]?.[j] ?? ZERO)))),
    b: b.map((_, i) => over((s) => states[s]?.[i] ?? ZERO)),
    c: c.map((_, j) => over((s) => hidden[s]?.[j] ?? ZERO)),
  };
};
export const combined = (x: Statistics, y: Statistics, f: (a: Big, b: Big) => Big): Statistics => ({
  w: x.w.map((row, i) => row.map((a, j) => f(a, y.w[i]?.[j] ?? ZERO))),
  b: x.b.map((a, i) => f(a, y.b[i] ?? ZERO)),
  c: x.c.map((a, j) => f(a, y.c[j] ?? ZERO)),
});
export const minus = (x: Statistics, y: Statistics): Statistics => combined(x, y, (a, b) => a.minus(b));

/** Where k turns from v lead: chances of every visible state. The enumerated T replaces every uniform. */
export const chancesAfter = (m: ExactMachine, v: Row, k: number): Row => {
  const [down] = transitionOf(
    [hiddenGivenOf(m, v)],
    statesOf(m.c.length).map((h) => visibleGivenOf(m, h.map(big))),
  );
  let weights = down ?? [];
  const t = k > 1 ? exactTransition(m) : [];
  for (let turn = 1; turn < k; turn++) weights = moved(weights, t);
  return weights;
};

/** What k turns from v give on average: statistics of δᵥ·Tᵏ less those of v. */
export const expectedCd = (m: ExactMachine, v: Row, k: number): Statistics => {
  const states = statesOf(m.b.length).map((s) => s.map(big));
  const hidden = states.map((s) => hiddenGivenOf(m, s));
  return minus(statisticsOf(chancesAfter(m, v, k), states, hidden), statisticsOf([ONE], [v], [hiddenGivenOf(m, v)]));
};

/** How a machine's samples come about: which of a chain's states are sampled. */
export interface Habits {
  readonly visible: 'samples' | 'probabilities';
  readonly hidden: 'samples' | 'probabilities';
}

/** Beyond this, e^(−|a|) is nothing to 64 digits. */
const SATURATED = 150;
const sigma = (a: Big): Big => (a.abs().gt(SATURATED) ? (a.isNegative() ? ZERO : ONE) : ONE.div(exp(a.neg()).plus(1)));
/** The conditionals by σ, which is quicker than enumeration where a chain is long. */
export const hiddenBy = (m: ExactMachine, v: Row): Row => pushOf(m, v).map(sigma);
export const visibleBy = (m: ExactMachine, h: Row): Row => hiddenBy(turned(m), h);

/** One chain as a schoolbook walks it, row by row. */
export interface Walk {
  readonly slope: Statistics;
  /** Like the slope, with the sizes of both of its parts added: what errors are relative to. */
  readonly size: Statistics;
  readonly reached: Matrix;
  /** The smallest distance of a uniform from its probability. */
  readonly gap: number;
}

export const walk = (
  m: ExactMachine,
  v: Matrix,
  k: number,
  uniforms: readonly Matrix[],
  from: Matrix | undefined,
  habits: Habits,
): Walk => {
  let gap = 1; // no two numbers of [0, 1] are further apart
  const sampled = (p: Row, u: Row): Row =>
    p.map((x, i) => {
      const by = (u[i] ?? ZERO).minus(x);
      gap = Math.min(gap, nearest(by.abs()));
      return by.lt(0) ? ONE : ZERO;
    });
  const chain = from ?? v;
  const firsts: Row[] = [];
  const reached = chain.map((start, r) => {
    const u = (step: number): Row => uniforms[step]?.[r] ?? [];
    let state = start;
    for (let turn = 0; turn < k; turn++) {
      const h = sampled(hiddenBy(m, state), u(2 * turn));
      if (turn === 0) firsts.push(h);
      const p = visibleBy(m, h);
      state = habits.visible === 'samples' ? sampled(p, u(2 * turn + 1)) : p;
    }
    return state;
  });
  const mean = (states: Matrix, hidden: Matrix): Statistics =>
    statisticsOf(
      states.map(() => ONE.div(states.length)),
      states,
      hidden,
    );
  const back = mean(
    reached,
    reached.map((s) => hiddenBy(m, s)),
  );
  const there = mean(
    v,
    v.map((s, r) => (habits.hidden === 'samples' ? (firsts[r] ?? []) : hiddenBy(m, s))),
  );
  return { slope: minus(back, there), size: combined(back, there, (a, b) => a.plus(b)), reached, gap };
};

/** How fast a reversible chain with no negative eigenvalue forgets: λ₂ ≤ (tr T³² − 1)^(1/32). */
export const memoryOf = (t: Matrix): Big => {
  let [power, doublings] = [t, 0];
  for (; doublings < 5; doublings++) power = times(power, power);
  let bound = sum(power.map((row, i) => row[i] ?? ZERO))
    .minus(1)
    .abs()
    .plus(DIFFERENCE_ERROR); // what 64 digits lose
  for (; doublings > 0; doublings--) bound = sqrt(bound);
  return bound;
};
