// Where a training first leaves what it declares: the step, tensor and element, and the known conventions and slips under which it would not.
import type { Values } from '../arbitraries.ts';
import { expecting, nearest } from '../oracle/exact.ts';
import type { Near } from '../oracle/near.ts';
import { spacing } from '../tolerance.ts';
import { declared, type Expectation, follow, type Memory, memory, type Rules } from './follow.ts';
import { type Reading, readingsOf } from './readings.ts';
import { type Trajectory, tensorNames } from './trajectory.ts';

/** One number that is off. */
export interface Place {
  /** From 1. */
  readonly step: number;
  readonly tensor: string;
  /** From 0 along each axis; empty for a loss. */
  readonly element: readonly number[];
  readonly expected: number;
  readonly got: number;
  readonly error: number;
  readonly ulps: number;
  readonly allowed: number;
  /** Error in units of the allowed one. */
  readonly margin: number;
}

/** How far a tensor of the diverging step is off. */
export interface Off {
  readonly tensor: string;
  readonly elements: number;
  readonly of: number;
  readonly worst: Place;
}

/** What a number would be under other rules, and how long the training keeps to them from the diverging step on. */
export interface Fit {
  readonly says: string;
  readonly kind: Reading['kind'];
  /** What the number of the divergence would be. */
  readonly value: number;
  /** Its distance from what came, in units of the error that these rules allow. */
  readonly margin: number;
  /** Steps from the diverging one on that agree, all tensors of them. */
  readonly steps: number;
  /** Whether that is every step to the end. */
  readonly fits: boolean;
  /** Whether it would be but for the losses, which are those that are declared: the gradient is not that of the loss. */
  readonly butLosses: boolean;
}

export interface Report {
  readonly engine: string;
  readonly version: string;
  readonly dtype: Trajectory['dtype'];
  readonly optimizer: string;
  /** Of the loss, as it is declared. */
  readonly reduction: Trajectory['reduction'];
  /** Steps that were recorded, and of them those that could be judged: an engine may leave the range. */
  readonly steps: number;
  readonly judged: number;
  readonly agrees: boolean;
  /** The largest error of each step in units of the allowed one. */
  readonly margins: readonly number[];
  /** Numbers that no bound decides, as next to a kink. */
  readonly undecided: number;
  readonly compared: number;
  readonly first: Place | null;
  /** The tensors that are off at that step. */
  readonly off: readonly Off[];
  /** Steps after the first that are off as well. */
  readonly later: number;
  /** Those that fit first. */
  readonly readings: readonly Fit[];
  /** ‖parameters − those of a training of our own‖ after each step, and that training’s way from the start. */
  readonly apart: readonly number[];
  readonly way: number;
}

const indexOf = (flat: number, shape: readonly number[]): readonly number[] => {
  const index: number[] = [];
  let rest = flat;
  for (const n of [...shape].reverse()) {
    index.unshift(rest % n);
    rest = Math.floor(rest / n);
  }
  return index;
};

/** Whether a number has a truth and a bound to be judged by. */
const isDecided = (n: Near): boolean => n.error < Number.POSITIVE_INFINITY && n.value.isFinite();

/** Error of one number in units of the allowed one; 0 where nothing decides it. */
const marginAt = ({ expected, got }: Expectation, j: number, dtype: Trajectory['dtype']): number => {
  const n = expected[j];
  const g = got[j] ?? Number.NaN;
  if (n === undefined || !isDecided(n)) return 0;
  const error = Number.isFinite(g) ? expecting(n.value, dtype).from(g) : Number.POSITIVE_INFINITY;
  return error === 0 ? 0 : error / n.error;
};

const placeOf = (e: Expectation, j: number, step: number, dtype: Trajectory['dtype']): Place => {
  const n = e.expected[j];
  const want = expecting((n as Expectation['expected'][number]).value, dtype); // an element of it
  const got = e.got[j] ?? Number.NaN;
  const error = Number.isFinite(got) ? want.from(got) : Number.POSITIVE_INFINITY;
  return {
    step,
    tensor: e.name,
    element: indexOf(j, e.shape),
    expected: want.value,
    got,
    error,
    ulps: error / spacing(want.value, dtype),
    allowed: n?.error ?? Number.NaN,
    margin: marginAt(e, j, dtype),
  };
};

const margins = (e: Expectation, dtype: Trajectory['dtype']): readonly number[] =>
  e.expected.map((_, j) => marginAt(e, j, dtype));
const marginOf = (es: readonly Expectation[], dtype: Trajectory['dtype']): number =>
  es.reduce((m, e) => margins(e, dtype).reduce((a, b) => Math.max(a, b), m), 0);

const agree = (es: readonly Expectation[], dtype: Trajectory['dtype']): boolean =>
  es.every((e) => e.expected.every((_, j) => marginAt(e, j, dtype) <= 1));

/** How long a training keeps to other rules from a step on, and what they make of one number; with `losses` where its losses are as declared. */
const tried = (
  r: Trajectory,
  { says, kind, rules }: Reading,
  at: { readonly step: number; readonly tensor: number; readonly element: number },
  judged: number,
  known: Memory,
  losses: boolean,
): Fit | null => {
  let step = 0;
  let kept = 0;
  let moved = 0; // steps whose tensors agree, whatever the loss is
  let [value, margin] = [Number.NaN, Number.NaN];
  for (const es of follow(r, rules, known)) {
    if (++step < at.step) continue;
    if (step === at.step) {
      const e = es[at.tensor];
      const n = e?.expected[at.element];
      if (e === undefined || n === undefined) return null;
      value = expecting(n.value, r.dtype).value;
      margin = marginAt(e, at.element, r.dtype);
      if (!isDecided(n)) return null; // it decides nothing
      if (margin > 1) break;
    }
    if (!agree(losses ? es.slice(1) : es, r.dtype)) break;
    if (kept === moved && agree(es, r.dtype)) kept++;
    moved++;
  }
  const due = judged - at.step + 1;
  const fits = kept === due;
  return { says, kind, value, margin, steps: kept, fits, butLosses: !fits && moved === due };
};

/** A training of our own beside the recorded one, from the same start by the declared rules. */
const beside = (r: Trajectory, rules: Rules): Pick<Report, 'apart' | 'way'> => {
  const count = tensorNames(r.layers, 'params').length;
  const from = r.after.losses === undefined ? 0 : 1;
  const length = (a: readonly Values[], b: readonly (readonly number[])[]): number =>
    Math.sqrt(a.reduce((s, t, i) => s + t.data.reduce((sum, v, j) => sum + (v - (b[i]?.[j] ?? v)) ** 2, 0), 0));
  const apart: number[] = [];
  let way = 0;
  for (const es of follow(r, rules, undefined, true)) {
    const ours = es.slice(from, from + count).map((e) => e.expected.map((n) => nearest(n.value)));
    apart.push(length(r.after.params[apart.length] ?? [], ours));
    way = length(r.params, ours);
    if (!Number.isFinite(way)) break;
  }
  return { apart, way };
};

const rank = ({ fits, butLosses }: Fit): number => (fits ? 2 : butLosses ? 1 : 0);

/** The report of a trajectory. `say` hears of every step. */
export const divergenceOf = (r: Trajectory, say: (step: number) => void = () => {}): Report => {
  const rules = declared(r);
  const known = memory();
  const found: number[] = [];
  let undecided = 0;
  let compared = 0;
  let first: Place | null = null;
  let off: readonly Off[] = [];
  let at = { step: 0, tensor: 0, element: 0 };
  let losses = r.after.losses !== undefined;
  for (const es of follow(r, rules, known)) {
    const step = found.length + 1;
    say(step);
    const margin = marginOf(es, r.dtype);
    found.push(margin);
    losses &&= agree(es.slice(0, 1), r.dtype); // the loss comes first where there is one
    for (const e of es) {
      compared += e.expected.length;
      undecided += e.expected.filter((n) => !isDecided(n)).length;
    }
    if (first !== null || margin <= 1) continue;
    const wrong = es.flatMap((e, tensor) => {
      const all = margins(e, r.dtype);
      const element = all.findIndex((m) => !(m <= 1));
      return element < 0 ? [] : [{ e, tensor, element, all }];
    });
    const [one] = wrong;
    if (one === undefined) continue;
    first = placeOf(one.e, one.element, step, r.dtype);
    at = { step, tensor: one.tensor, element: one.element };
    off = wrong.map(({ e, all }) => ({
      tensor: e.name,
      elements: all.filter((m) => !(m <= 1)).length,
      of: all.length,
      worst: placeOf(e, all.indexOf(Math.max(...all)), step, r.dtype),
    }));
  }
  const judged = found.length;
  const readings =
    first === null
      ? []
      : readingsOf(rules)
          .flatMap((reading) => tried(r, reading, at, judged, known, losses) ?? [])
          .filter(({ value }) => Math.abs(value - first.expected) > first.allowed) // others say the same
          .sort(
            (a, b) =>
              rank(b) - rank(a) ||
              b.steps - a.steps ||
              (a.fits ? a.kind.localeCompare(b.kind) : 0) ||
              a.margin - b.margin,
          );
  return {
    engine: r.engine,
    version: r.version,
    dtype: r.dtype,
    optimizer: r.optimizer,
    reduction: r.reduction,
    steps: r.batches.length,
    judged,
    agrees: first === null,
    margins: found,
    undecided,
    compared,
    first,
    off,
    later: first === null ? 0 : found.slice(first.step).filter((m) => !(m <= 1)).length,
    readings,
    ...beside(r, rules),
  };
};
