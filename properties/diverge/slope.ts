// Loss, gradients and batch statistics of one step under any conventions, each number with what a correct engine may be off by.
import { gradOf, type Lang, lossOf, lossRow, pullback } from '../../src/index.ts';
import type { NetworkCase, Values } from '../arbitraries.ts';
import type { AnyLayer } from '../args.ts';
import { camel } from '../contract.ts';
import { type Conventions, conventionsSchema } from '../conventions.ts';
import { needsOf } from '../networks.ts';
import { type Big, exact } from '../oracle/exact.ts';
import { gradientsOver } from '../oracle/model.ts';
import { naiveGradients } from '../oracle/naive.ts';
import { Near } from '../oracle/near.ts';
import { Bounded, bounded } from '../oracle/readings.ts';
import { drawn } from '../placing.ts';
import type { Dtype, PortInfo } from '../port.ts';
import { grantOf } from '../tolerance.ts';

/** Where a slope is taken: a network, its parameters (off by so much each, where they are not given exactly), and a batch. */
export interface Point {
  readonly layers: readonly AnyLayer[];
  readonly loss: string;
  readonly params: readonly Values[];
  readonly off?: readonly (readonly number[])[];
  readonly x: Values;
  readonly y: Values;
  readonly uniforms?: readonly Values[];
}

export interface Slope {
  readonly loss: Near;
  /** [tensor][element] */
  readonly gradients: readonly (readonly Near[])[];
  /** Mean and unbiased variance of the batch for every batch norm, in the order of layers. */
  readonly statistics: readonly (readonly Near[])[];
}

/** The conventions that a loss and its slope depend on. */
const OWN = ['reluSlopeAtZero', 'bce', 'bceClip', 'bnEps'] as const;
const usual = conventionsSchema.parse({});
/** A text that is the same for conventions of the same slopes. */
export const slopeKey = (conventions: Conventions): string => OWN.map((key) => conventions[key]).join();

/** With all its weight on the batch, a running statistic is that of the batch. */
const ofBatch = (layers: readonly AnyLayer[]): readonly AnyLayer[] =>
  layers.map((l) => (l.type === 'batchNorm' ? { ...l, momentum: 1 } : l));

const caseOf = (at: Point, reduction: 'mean' | 'sum'): NetworkCase => {
  const { state } = needsOf(at.layers, at.x.shape[1] ?? 1);
  const zeros = (n: number): Values => ({ shape: [n], data: new Array<number>(n).fill(0) });
  return {
    layers: ofBatch(at.layers),
    loss: at.loss,
    reduction,
    params: at.params,
    x: at.x,
    y: at.y,
    direction: [],
    ...(state.length === 0 ? {} : { state: state.flatMap((n) => [zeros(n), zeros(n)]) }),
    ...(at.uniforms === undefined ? {} : { uniforms: at.uniforms }),
  };
};

/** ReLU with a slope at 0 other than 0: x + max(−x, 0) is the same function, and its slope there is 1. */
const kinked = <T>(o: Lang<T>, x: T, slope: number): T =>
  slope === 0
    ? o.relu(x)
    : slope === 1
      ? o.add(x, o.relu(o.neg(x)))
      : o.add(o.mul(o.lit(1 - slope), o.relu(x)), o.mul(o.lit(slope), o.add(x, o.relu(o.neg(x)))));

/** Activations that bend at 0. */
const BENT: Readonly<Record<string, <T>(o: Lang<T>, x: T, slope: number, p: Readonly<Record<string, unknown>>) => T>> =
  {
    relu: (o, x, slope) => kinked(o, x, slope),
    leaky_relu: (o, x, slope, p) =>
      o.add(o.mul(o.lit(Number(p.slope)), x), o.mul(o.lit(1 - Number(p.slope)), kinked(o, x, slope))),
  };

/** Binary cross-entropy by each way to avoid log 0. */
const BCE: Readonly<Record<Conventions['bce'], <T>(o: Lang<T>, p: T, y: T, clip: number) => T>> = {
  log: (o, p, y, clip) => {
    if (clip === usual.bceClip) return o.bce(p, y);
    const floor = <T>(l: Lang<T>, t: T): T => l.minimum(l.neg(t), l.lit(clip));
    const rest = o.sub(o.lit(1), y);
    return o.add(o.mul(y, floor(o, o.log(p))), o.mul(rest, floor(o, o.log1p(o.neg(p)))));
  },
  probability: (o, p, y, clip) => o.bce(o.minimum(o.maximum(p, o.lit(clip)), o.sub(o.lit(1), o.lit(clip))), y),
  added: (o, p, y, clip) => {
    const one = o.lit(1);
    const yes = o.mul(y, o.log(o.add(p, o.lit(clip))));
    const no = o.mul(o.sub(one, y), o.log(o.add(o.sub(one, p), o.lit(clip))));
    return o.neg(o.add(yes, no));
  },
};

interface Passed<T> {
  readonly loss: T;
  readonly statistics: readonly T[];
}

/** A network over any reading, by its definition: beside the engine’s own programs, because of the conventions. */
const forward = <T>(
  o: Lang<T>,
  { layers, loss }: Pick<Point, 'layers' | 'loss'>,
  given: { readonly params: readonly T[]; readonly x: T; readonly y: T; readonly uniforms: readonly T[] },
  reduction: 'mean' | 'sum',
  c: Conventions,
): Passed<T> => {
  const [params, uniforms] = [[...given.params], [...given.uniforms]];
  const take = (): T => params.shift() as T; // as many as the layers have
  const statistics: T[] = [];
  const batch = (x: T, eps: number): T => {
    const [gamma, beta] = [take(), take()];
    const [n = 1] = o.shape(x);
    const over = { axes: [0], keep: true } as const;
    const mean = o.div(o.sum(x, over), o.lit(n));
    const centred = o.sub(x, mean);
    const squares = o.sum(o.square(centred), over);
    const variance = o.div(squares, o.lit(n));
    const flat = (t: T): T => o.reshape(t, { shape: o.shape(gamma) });
    statistics.push(flat(mean), flat(o.div(squares, o.lit(n - 1))));
    const root = c.bnEps === 'inside' ? o.sqrt(o.add(variance, o.lit(eps))) : o.add(o.sqrt(variance), o.lit(eps));
    return o.add(o.mul(gamma, o.div(centred, root)), beta);
  };
  const output = layers.reduce((x, layer): T => {
    if (layer.type === 'dense') return o.add(o.matmul(x, take()), take());
    if (layer.type === 'batchNorm') return batch(x, layer.eps);
    if (layer.type === 'dropout') {
      if (layer.dropRate === 0) return x;
      const rate = o.lit(layer.dropRate);
      const kept = o.sub(o.lit(1), o.step(o.sub(rate, uniforms.shift() as T))); // drops where u is below the rate
      return o.div(o.mul(x, kept), o.sub(o.lit(1), rate));
    }
    if (layer.type !== 'activation') throw new RangeError(`follow: no layer ${layer.type}`);
    const { type: _, name, ...p } = layer;
    const bends = BENT[name];
    return bends === undefined
      ? (o[camel(name) as 'elu'] as (x: T, p: object) => T)(x, p) // by name; those without parameters ignore them
      : bends(o, x, c.reluSlopeAtZero, p);
  }, given.x);
  const row = lossRow(camel(loss));
  const own = loss === 'bce' ? { ...row, each: <U>(l: Lang<U>, p: U, y: U): U => BCE[c.bce](l, p, y, c.bceClip) } : row;
  return { loss: lossOf(o, own, output, given.y, reduction), statistics };
};

const withOff = (v: Values, off: readonly number[] | undefined): Bounded => {
  const at = Bounded.from(v.shape, v.data);
  return off === undefined ? at : new Bounded(at.value, Bounded.from(v.shape, off).value);
};

/** The engine’s own value, and twice its error: it is off itself. */
const twice = ({ value, error }: Bounded, dtype: Dtype): readonly Near[] =>
  Array.from(value.view, (v, i) => new Near(exact(v), 2 * (error.view[i] ?? Number.POSITIVE_INFINITY), dtype));

/** By the running error bound alone, for any conventions. */
const byBound = (at: Point, reduction: 'mean' | 'sum', port: Pick<PortInfo, 'dtype' | 'conventions'>): Slope => {
  const o = bounded(grantOf(port));
  const params = at.params.map((p, i) => withOff(p, at.off?.[i]));
  const uniforms = drawn(at.layers, at.uniforms).map((v) => withOff(v, undefined));
  const n = params.length;
  const made = pullback(
    <U>(lang: Lang<U>, xs: readonly U[]) => {
      const [x, y, ...us] = xs.slice(n) as [U, U, ...U[]];
      const all = forward(lang, at, { params: xs.slice(0, n), x, y, uniforms: us }, reduction, port.conventions);
      return [all.loss, ...all.statistics];
    },
    o,
    [...params, withOff(at.x, undefined), withOff(at.y, undefined), ...uniforms],
    n,
  );
  const near = (b: Bounded): readonly Near[] => twice(b, port.dtype);
  const [loss = Near.of(Number.NaN, port.dtype)] = near(made.value);
  return { loss, gradients: gradOf(o, made).map(near), statistics: made.rest.map(near) };
};

/** The schoolbook network at 64 digits inside the running error bound of the engine’s program. */
const byHand = (at: Point, reduction: 'mean' | 'sum', port: Pick<PortInfo, 'dtype' | 'conventions'>): Slope => {
  const c = caseOf(at, reduction);
  const truth = naiveGradients(c);
  const bound = gradientsOver(bounded(grantOf(port)), c, (v) => withOff(v, undefined));
  const near = (values: readonly Big[], b: Bounded | undefined): readonly Near[] =>
    values.map((v, i) => new Near(v, b?.error.view[i] ?? Number.POSITIVE_INFINITY, port.dtype));
  const [loss = Near.of(Number.NaN, port.dtype)] = near([truth.loss], bound.loss);
  return {
    loss,
    gradients: truth.gradients.map((g, i) => near(g, bound.gradients[i])),
    statistics: c.state === undefined ? [] : truth.state.map((s, i) => near(s, bound.state[i])),
  };
};

/** Products of a forward pass up to which the schoolbook network is asked: some hundredths of a second. */
export const MOST_BY_HAND = 4096;

/** Loss, gradients and batch statistics at a point. */
export const slopeAt = (at: Point, reduction: 'mean' | 'sum', port: Pick<PortInfo, 'dtype' | 'conventions'>): Slope => {
  const products = (at.x.shape[0] ?? 1) * at.params.reduce((n, p) => n + p.data.length, 0);
  return at.off === undefined && slopeKey(port.conventions) === slopeKey(usual) && products <= MOST_BY_HAND
    ? byHand(at, reduction, port)
    : byBound(at, reduction, port);
};
