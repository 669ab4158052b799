// Wrappers: transformations around a transformation. Clipping before it, averages and looks ahead around it.
import { lookup } from '../core/errors.ts';
import type { Lang } from '../ops/lang.ts';
import { type Hyper, hyperOf, POSITIVE, ratioOr, sumOf } from './rule.ts';
import { addDecay, chain, type Slots, slot, type Transform } from './transform.ts';

export interface Wrapper<H extends Hyper = Hyper> {
  readonly doc: string;
  readonly source: string;
  readonly formula: string;
  readonly hyper: H;
  readonly domain: { readonly [K in keyof H]: readonly [number, number] };
  readonly wrap: (inner: Transform, h: H) => Transform;
}

const wrapper = <H extends Hyper>(row: Wrapper<H>): Wrapper<H> => row;

/** A transformation of gradients without a memory. */
const stateless = (f: <T>(o: Lang<T>, gs: readonly T[]) => readonly T[]): Transform => ({
  init: () => ({}),
  update: (o, gs, slots) => [f(o, gs), slots],
});

/** √ of the sum of squares over all tensors. */
const globalNorm = <T>(o: Lang<T>, gs: readonly T[]): T =>
  o.sqrt(gs.map((g) => sumOf(o, o.square(g))).reduce((a, b) => o.add(a, b)));

/** g·limit/norm where the norm is above the limit, else g itself, bit for bit. */
const limited = <T>(o: Lang<T>, g: T, norm: T, limit: number, eps: number): T => {
  const cut = o.div(o.lit(limit), o.add(norm, o.lit(eps)));
  return o.where(o.greater(o.lit(1), cut), o.mul(g, cut), g);
};

/** Each number cut to [−limit, limit]. */
export const clipByValue = (limit: number): Transform =>
  stateless((o, gs) => gs.map((g) => o.maximum(o.minimum(g, o.lit(limit)), o.lit(-limit))));

/** Each tensor scaled back to a norm of at most limit. @source Pascanu, Mikolov & Bengio 2013, Algorithm 1 */
export const clipByNorm = (limit: number, eps = 0): Transform =>
  stateless((o, gs) => gs.map((g) => limited(o, g, o.sqrt(sumOf(o, o.square(g))), limit, eps)));

/** All tensors scaled back together to a joint norm of at most limit; torch adds eps = 1e-6 to the norm. */
export const clipByGlobalNorm = (limit: number, eps = 0): Transform =>
  stateless((o, gs) => {
    const norm = globalNorm(o, gs);
    return gs.map((g) => limited(o, g, norm, limit, eps));
  });

const LIMIT = { limit: [2 ** -1022, Number.MAX_VALUE] as const };
const SHARE = [0, 1] as const;

export const WRAPPERS = {
  clipByValue: wrapper({
    doc: 'cuts every gradient to [-limit, limit] first',
    source: 'Mikolov 2012, §3.2.2',
    formula: 'min(max(g, -limit), limit)',
    hyper: { limit: 1 },
    domain: LIMIT,
    wrap: (inner, { limit }) => chain(clipByValue(limit), inner),
  }),
  clipByNorm: wrapper({
    doc: 'scales the gradient of every tensor back to a norm of at most limit first',
    source: 'Pascanu, Mikolov & Bengio 2013, Algorithm 1',
    formula: 'g * min(1, limit / (norm(g) + eps))',
    hyper: { limit: 1, eps: 0 },
    domain: { ...LIMIT, eps: POSITIVE },
    wrap: (inner, { limit, eps }) => chain(clipByNorm(limit, eps), inner),
  }),
  clipByGlobalNorm: wrapper({
    doc: 'scales all gradients back together first; eps 1e-6 is the form of torch, 0 that of optax',
    source: 'Pascanu, Mikolov & Bengio 2013, Algorithm 1',
    formula: 'g * min(1, limit / (norm(all) + eps))',
    hyper: { limit: 1, eps: 0 },
    domain: { ...LIMIT, eps: POSITIVE },
    wrap: (inner, { limit, eps }) => chain(clipByGlobalNorm(limit, eps), inner),
  }),
  coupledDecay: wrapper({
    doc: 'adds l2·w to the gradient first, as the slope of a penalty, so that an adaptive rule rescales it',
    source: 'Krogh & Hertz 1991; Loshchilov & Hutter 2019, §2',
    formula: 'g + l2 * w',
    hyper: { l2: 0.0001 },
    domain: { l2: POSITIVE },
    wrap: (inner, { l2 }) => chain(addDecay(l2), inner),
  }),
  lookahead: wrapper({
    doc: 'slow weights that follow the fast ones by the share alpha once every period steps, and take them along',
    source: 'Zhang et al. 2019, Algorithm 1',
    formula: 'every period steps: slow = slow + alpha * (w - slow), w = slow',
    hyper: { period: 5, alpha: 0.5 },
    domain: { period: [1, 2 ** 40], alpha: SHARE },
    wrap: (inner, { period, alpha }) => ({
      ...inner,
      init: (o, ws) => ({ ...inner.init(o, ws), 'lookahead.slow': ws, 'lookahead.count': [o.lit(0)] }),
      update: <T>(o: Lang<T>, gs: readonly T[], slots: Slots<string, T>, ws: readonly T[], k: T) => {
        const [us, next] = inner.update(o, gs, slots, ws, k);
        const count = o.add(slot(slots['lookahead.count'], 0), o.lit(1));
        const due = o.greater(count, o.lit(period - 1 / 2));
        const slow = ws.map((w, i) => {
          const before = slot(slots['lookahead.slow'], i);
          const fast = o.add(w, slot(us, i));
          return o.where(due, o.add(before, o.mul(o.lit(alpha), o.sub(fast, before))), before);
        });
        // alpha 1 follows all the way, and must leave the inner step as it is
        const moves = us.map((u, i) => (alpha === 1 ? u : o.where(due, o.sub(slot(slow, i), slot(ws, i)), u)));
        const waiting = o.where(due, o.lit(0), count);
        return [moves, { ...next, 'lookahead.slow': slow, 'lookahead.count': [waiting] }] as const;
      },
    }),
  }),
  ema: wrapper({
    doc: 'evaluates with the exponential mean of the weights, corrected for its start at zero',
    source: 'Polyak & Juditsky 1992; Tarvainen & Valpola 2017, with the correction of Kingma & Ba 2015, §7.2',
    formula: 'mean = decay * mean + (1 - decay) * w; evaluated = mean / (1 - decay^k)',
    hyper: { decay: 0.999 },
    domain: { decay: [0, 1 - 2 ** -53] },
    wrap: (inner, { decay }) => ({
      ...inner,
      init: (o, ws) => ({
        ...inner.init(o, ws),
        'ema.mean': ws.map((w) => o.mul(w, o.lit(0))),
        'ema.weight': [o.lit(0)],
      }),
      update: <T>(o: Lang<T>, gs: readonly T[], slots: Slots<string, T>, ws: readonly T[], k: T) => {
        const [us, next] = inner.update(o, gs, slots, ws, k);
        const [keep, take] = [o.lit(decay), o.sub(o.lit(1), o.lit(decay))];
        const mean = ws.map((w, i) =>
          o.add(o.mul(keep, slot(slots['ema.mean'], i)), o.mul(take, o.add(w, slot(us, i)))),
        );
        const weight = o.add(o.mul(keep, slot(slots['ema.weight'], 0)), take);
        return [us, { ...next, 'ema.mean': mean, 'ema.weight': [weight] }] as const;
      },
      evaluated: (o, ws, slots) =>
        ws.map((w, i) => {
          const weight = slot(slots['ema.weight'], 0);
          return o.where(o.greater(weight, o.lit(0)), o.div(slot(slots['ema.mean'], i), weight), w);
        }),
    }),
  }),
  sam: wrapper({
    doc: 'takes the gradient where the loss is about worst within the distance rho: two gradients a step',
    source: 'Foret et al. 2021, eq. 2',
    formula: 'gradient at w + rho * g / norm(all)',
    hyper: { rho: 0.05 },
    domain: { rho: POSITIVE },
    wrap: (inner, { rho }) => ({
      ...inner,
      probe: (o, ws, gs) => {
        const by = ratioOr(o, o.lit(rho), globalNorm(o, gs), 0);
        return ws.map((w, i) => o.add(w, o.mul(by, slot(gs, i))));
      },
    }),
  }),
};

export type WrapperName = keyof typeof WRAPPERS;

/**
 * A transformation wrapped by the row of that name.
 * @throws UnknownNameError, DomainError for a value outside its range, NaN included
 */
export const wrappedBy = (inner: Transform, name: string, changed: Hyper = {}): Transform => {
  const row = lookup(WRAPPERS as unknown as Readonly<Record<string, Wrapper>>, 'wrapper', name);
  return row.wrap(inner, hyperOf(name, row, changed));
};
