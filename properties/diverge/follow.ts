// A training followed step by step: each step starts from the parameters that the engine itself had reached, so that errors do not add up.
import { type Hyper, optimizerRow } from '../../src/index.ts';
import type { Values } from '../arbitraries.ts';
import { camel } from '../contract.ts';
import type { Conventions } from '../conventions.ts';
import { needsOf } from '../networks.ts';
import { expecting } from '../oracle/exact.ts';
import { Near } from '../oracle/near.ts';
import { stepping } from '../oracle/training.ts';
import { FORMATS } from '../tolerance.ts';
import { type Slope, slopeAt, slopeKey } from './slope.ts';
import { type Trajectory, tensorNames } from './trajectory.ts';

/** By which rules a training is followed: the declared ones, or others that engines are known to have. */
export interface Rules {
  readonly optimizer: string;
  /** Every hyper-parameter of its row. */
  readonly hyper: Hyper;
  readonly conventions: Conventions;
  /** `samples` divides by the samples alone, where `mean` divides by all terms. */
  readonly reduction: 'mean' | 'sum' | 'samples';
  /** What the loss is multiplied by. */
  readonly factor: number;
  /** Of the gradient. */
  readonly sign: 1 | -1;
  /** Decay as the optimizer’s row has it; added to the gradient; of matrices alone; or not multiplied by the rate. */
  readonly decay: 'own' | 'coupled' | 'matrices' | 'unscaled';
  /** The number of a step, from 1, as bias corrections see it. */
  readonly count: (k: number) => number;
  /** Whether the optimizer remembers anything from step to step. */
  readonly remembers: boolean;
  /** Whether a step is made from what the optimizer remembered before it: it sees each gradient one step late, and none at the first. */
  readonly late: boolean;
  /** Whether gradients are added to those of all steps before. */
  readonly piles: boolean;
  /** Where the gradient is taken: at the parameters, or ahead of them by the momentum times the last step. */
  readonly ahead: boolean;
  /** Which weights are written transposed, [out, in]. */
  readonly transposed: 'none' | 'all' | 'steps';
}

/** The rules that a trajectory declares. */
export const declared = ({ optimizer, hyper, conventions, reduction }: Trajectory): Rules => {
  const own = optimizerRow(camel(optimizer)).hyper;
  const inside = 'lrInside' in own && !('lrInside' in hyper) && conventions.momentumRate === 'inside';
  const behind = optimizer === 'nesterov' && conventions.nesterov === 'sutskever';
  return {
    optimizer: behind ? 'momentum' : optimizer,
    hyper: { ...(behind ? optimizerRow('momentum').hyper : {}), ...own, ...hyper, ...(inside ? { lrInside: 1 } : {}) },
    conventions,
    reduction,
    factor: 1,
    sign: 1,
    decay: 'own',
    count: (k) => k,
    remembers: true,
    late: false,
    piles: false,
    ahead: behind,
    transposed: 'none',
  };
};

/** One tensor after a step, or the loss before it, as it is expected. */
export interface Expectation {
  /** `weights of layer 2 (dense)`. */
  readonly name: string;
  readonly shape: readonly number[];
  readonly expected: readonly Near[];
  readonly got: readonly number[];
}

/** What was computed already for one trajectory, and is the same under many rules. */
export interface Memory {
  /** By all that they depend on. */
  readonly slopes: Map<string, Slope>;
  /** Doubles at 64 digits. */
  readonly numbers: Map<number, Near>;
}
export const memory = (): Memory => ({ slopes: new Map(), numbers: new Map() });

const isSquare = ([rows, columns, ...rest]: readonly number[]): boolean =>
  rows === columns && rows !== undefined && rest.length === 0;
/** The elements of a square matrix the other way round; others cannot be written so unnoticed. */
const turned = <T>([n = 1]: readonly number[], data: readonly T[]): readonly T[] =>
  data.map((v, i) => data[(i % n) * n + Math.floor(i / n)] ?? v);
const turnedBack = (ts: readonly Values[]): readonly Values[] =>
  ts.map(({ shape, data }) => ({ shape, data: isSquare(shape) ? turned(shape, data) : data }));

/** A trajectory with its weights as [in, out], whatever way round they were written. */
const upright = (r: Trajectory, transposed: Rules['transposed']): Trajectory =>
  transposed === 'none'
    ? r
    : {
        ...r,
        params: transposed === 'all' ? turnedBack(r.params) : r.params,
        after: { ...r.after, params: r.after.params.map(turnedBack) },
      };

const finite = (ts: readonly Values[]): boolean => ts.every((t) => t.data.every(Number.isFinite));

/** What follows is not judged: the engine’s own numbers have left the range. */
export const isFinished = (r: Trajectory, t: number): boolean => t > 0 && !finite(r.after.params[t - 1] ?? []);

type Tensors = readonly (readonly Near[])[];
const each = (all: Tensors, f: (v: Near, i: number, j: number) => Near): Tensors =>
  all.map((t, i) => t.map((v, j) => f(v, i, j)));

/** A loss or a gradient as the rules scale it. */
const scaledBy =
  ({ reduction, factor }: Rules, samples: number) =>
  (n: Near): Near => {
    const mean = reduction === 'samples' ? n.over(samples) : n;
    return factor === 1 ? mean : mean.times(factor);
  };

/** The hyper-parameters of a tensor as the optimizer sees them, where the rules do otherwise with the decay. */
const seen =
  ({ hyper, decay }: Rules, shapes: readonly (readonly number[])[], near: (x: number) => Near, lr: Near) =>
  (name: string, leaf: number): Near => {
    const own = near(hyper[name] ?? 0);
    if (name !== 'weightDecay' || decay === 'own') return own;
    if (decay === 'unscaled') return own.over(lr);
    return decay === 'matrices' && shapes[leaf]?.length === 2 ? own : near(0);
  };

/** Doubles as numbers with bounds: exactly, or next to a number that the format does not have, where an engine has another. */
const reader = ({ dtype }: Trajectory, { numbers }: Memory) => {
  const { u, round } = FORMATS[dtype];
  const number = (x: number): Near => {
    const known = numbers.get(x) ?? Near.of(x, dtype);
    numbers.set(x, known);
    return known;
  };
  return {
    number,
    near: (x: number) => (round(x) === x ? number(x) : new Near(number(x).value, u * Math.abs(x), dtype)),
  };
};

/** The nearest numbers of the format. */
const rounded = (all: Tensors, like: readonly Values[], dtype: Trajectory['dtype']): readonly Values[] =>
  all.map((ns, i) => ({ shape: like[i]?.shape ?? [], data: ns.map((n) => expecting(n.value, dtype).value) }));

/**
 * Every step of a trajectory against the rules, lazily. With `own`, each step starts from what is expected of the one before,
 * in the format of the engine: a whole training beside the recorded one.
 */
export function* follow(
  recorded: Trajectory,
  rules: Rules,
  known: Memory = memory(),
  own = false,
): Generator<readonly Expectation[]> {
  const r = upright(recorded, rules.transposed);
  const { dtype, layers, after } = r;
  const { number, near } = reader(r, known);
  const shapes = r.params.map((p) => p.shape);
  const [names, kept] = [tensorNames(layers, 'params'), tensorNames(layers, 'state')];
  const base = rules.reduction === 'mean' ? 'mean' : 'sum';
  const fresh = (): ReturnType<typeof stepping> => stepping(rules.optimizer, shapes, dtype);
  const against = (name: string, shape: readonly number[], expected: readonly Near[], got: readonly number[] = []) =>
    rules.transposed !== 'none' && isSquare(shape)
      ? { name, shape, expected: turned(shape, expected), got: turned(shape, got) } // as they were written
      : { name, shape, expected, got };
  let step = fresh();
  let piled: Tensors | null = null;
  let last: Tensors | null = null;
  let before: readonly Values[] | null = null;
  let at = r.params;
  let running: readonly Values[] = after.state === undefined && !own ? [] : started(r);
  for (const [t, batch] of r.batches.entries()) {
    if (!own && isFinished(r, t)) return;
    const slope = ((): Slope => {
      const key = [t, rules.transposed, rules.ahead, base, slopeKey(rules.conventions)].join();
      const found = own ? undefined : known.slopes.get(key);
      if (found !== undefined) return found;
      const point = rules.ahead ? aheadOf(at, before, rules, FORMATS[dtype].u) : { params: at };
      const drawn = r.uniforms === undefined ? {} : { uniforms: r.uniforms[t] ?? [] };
      const made = slopeAt({ layers, loss: r.loss, ...batch, ...drawn, ...point }, base, {
        dtype,
        conventions: rules.conventions,
      });
      if (!own) known.slopes.set(key, made);
      return made;
    })();
    const samples = batch.x.shape[0] ?? 1;
    const scaled = scaledBy(rules, samples);
    const sum: Tensors | null = piled;
    let gs = each(slope.gradients, (v) => (rules.sign === 1 ? scaled(v) : scaled(v).neg()));
    if (sum !== null) gs = each(gs, (v, i, j) => v.plus(sum[i]?.[j] ?? number(0)));
    if (rules.piles) piled = gs;
    const ws = at.map((p) => p.data.map(number));
    if (rules.decay === 'coupled') {
      const decay = near(rules.hyper.weightDecay ?? 0);
      gs = each(gs, (v, i, j) => v.plus(decay.times(ws[i]?.[j] ?? number(0))));
    }
    if (!rules.remembers) step = fresh();
    const lr = near(r.rates?.[t] ?? rules.hyper.lr ?? 0);
    const k = rules.remembers ? rules.count(t + 1) : 1;
    const given = rules.late ? last : gs;
    const h = seen(rules, shapes, near, lr);
    const us = given === null ? each(ws, () => number(0)) : step({ ws, gs: given, k, lr, h });
    last = gs;
    const params = each(ws, (v, i, j) => v.plus(us[i]?.[j] ?? number(0)));
    const state = statisticsAfter(running, slope.statistics, layers, samples, rules.conventions, near);
    yield [
      ...(after.losses === undefined ? [] : [against('loss', [], [scaled(slope.loss)], after.losses.slice(t, t + 1))]),
      ...params.map((p, i) => against(names[i] ?? '', shapes[i] ?? [], p, after.params[t]?.[i]?.data)),
      ...(after.state === undefined
        ? []
        : state.map((s, i) => against(kept[i] ?? '', [s.length], s, after.state?.[t]?.[i]?.data))),
    ];
    before = at;
    at = own ? rounded(params, at, dtype) : (after.params[t] ?? []);
    running = own ? rounded(state, running, dtype) : (after.state?.[t] ?? []);
  }
}

/** Running statistics before the first step: mean 0 and variance 1. */
const started = ({ layers, batches }: Trajectory): readonly Values[] =>
  needsOf(layers, batches[0]?.x.shape[1] ?? 1).state.flatMap((n) =>
    [0, 1].map((v) => ({ shape: [n], data: new Array<number>(n).fill(v) })),
  );

/** w + momentum·(w − w before), and how far the rounding of an engine may be from it. */
const aheadOf = (at: readonly Values[], before: readonly Values[] | null, rules: Rules, u: number) => {
  const { momentum = 0 } = rules.hyper;
  const from = (i: number, j: number): number => before?.[i]?.data[j] ?? at[i]?.data[j] ?? 0;
  return {
    params: at.map((p, i) => ({ ...p, data: p.data.map((v, j) => v + momentum * (v - from(i, j))) })),
    // the velocity is a difference of rounded parameters, and has a few roundings of its own
    off: at.map((p, i) => p.data.map((v, j) => (before === null ? 0 : 8 * u * (Math.abs(v) + Math.abs(from(i, j)))))),
  };
};

/** (1 − weight)·running + weight·batch, for the mean and the variance of every batch norm. */
const statisticsAfter = (
  running: readonly Values[],
  batch: Tensors,
  layers: Trajectory['layers'],
  n: number,
  { bnMomentum, bnRunningVariance }: Conventions,
  near: (x: number) => Near,
): Tensors => {
  const momenta = layers.flatMap((l) => (l.type === 'batchNorm' ? [l.momentum ?? 0] : []));
  return running.map(({ data }, i) => {
    const momentum = near(momenta[i >> 1] ?? 0);
    const rest = near(1).minus(momentum);
    const [keep, take] = bnMomentum === 'ofNew' ? [rest, momentum] : [momentum, rest];
    const biased = i % 2 === 1 && bnRunningVariance === 'biased';
    return data.map((v, j) => {
      const own = batch[i]?.[j] ?? near(Number.NaN);
      return keep.times(near(v)).plus(take.times(biased ? own.times(n - 1).over(n) : own));
    });
  });
};
