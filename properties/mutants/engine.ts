// Wrong engines from right parts: a network whose layers are replaced one by one, differentiated as usual.
import {
  drawsGiven,
  gradOf,
  type Lang,
  type Layer,
  type LayerSpec,
  layerOf,
  lossOf,
  lossRow,
  type Named,
  ops,
  penaltyOf,
  pullback,
  serial,
  Tensor,
} from '../../src/index.ts';
import type { AnyLayer, NetworkArgs } from '../args.ts';
import { type Args, camel } from '../contract.ts';
import { listed, placed, specOf } from '../placing.ts';
import { at } from './plant.ts';

type Apply = Layer['apply'];

/** How a layer is applied instead, or null where it stays. */
export type Replace = (spec: AnyLayer, right: Apply) => Apply | null;

/** A value without its history: floor has no slope, and 2²⁰⁰·x is a whole number for all x that matter. */
export const detached = <T>(o: Lang<T>, x: T): T => o.div(o.floor(o.mul(x, o.lit(2 ** 200))), o.lit(2 ** 200));

/** x that counts k times as much on the way back. */
export const weighted = <T>(o: Lang<T>, x: T, k: number): T => {
  const more = o.mul(o.lit(k), x);
  return o.add(more, detached(o, o.sub(x, more)));
};

const part = <T>(all: Named<T>, i: number): Named<T> =>
  Object.fromEntries(Object.entries(all).flatMap(([k, v]) => (k.startsWith(`${i}.`) ? [[k.slice(2), v]] : [])));

const layerBy = (replace: Replace, spec: AnyLayer): Layer => {
  const right = layerOf(specOf(spec) as LayerSpec);
  const apply: Apply =
    spec.type !== 'residual'
      ? right.apply
      : (o, { params, state }, x, context) => {
          const inner = spec.layers.map((l) => layerBy(replace, l));
          const own = { params: inner.map((_, i) => part(params, i)), state: inner.map((_, i) => part(state, i)) };
          const [y, kept] = serial(inner).apply(o, own, x, context);
          const names = kept.flatMap((k, i) => Object.entries(k).map(([n, v]) => [`${i}.${n}`, v] as const));
          return [o.add(x, y), Object.fromEntries(names)];
        };
  return { ...right, apply: replace(spec, apply) ?? apply };
};

/** What loss_and_grad answers with layers replaced. */
const answer = (replace: Replace, args: NetworkArgs): Args => {
  const { layers } = args;
  const network = serial(layers.map((l) => layerBy(replace, l)));
  const lift = (v: { readonly shape: readonly number[]; readonly data: ArrayLike<number> }) =>
    Tensor.from(v.shape, v.data);
  const given = [args.params, args.state ?? [], args.uniforms ?? [], [args.x, args.y]].map((list) => list.map(lift));
  const sizes = given.map((list) => list.length);
  const pulled = pullback(
    <T>(o: Lang<T>, xs: readonly T[]) => {
      let from = 0;
      const [p = [], s = [], u = [], [x, y] = []] = sizes.map((n) => {
        from += n;
        return xs.slice(from - n, from);
      });
      const own = { params: placed(layers, 'params', p), state: placed(layers, 'state', s) };
      const [output, kept] = network.apply(o, own, x as T, { mode: 'train', draws: drawsGiven(o, u) });
      const loss = lossOf(o, lossRow(camel(args.loss)), output, y as T, args.reduction);
      const penalty = args.regulariser === undefined ? null : penaltyOf(o, args.regulariser, own.params);
      return [penalty === null ? loss : o.add(loss, penalty), output, ...listed(layers, 'state', kept)];
    },
    ops,
    given.flat(),
    args.params.length,
  );
  const plain = (t: Tensor) => ({ shape: t.shape, data: t.toArray() });
  const [output, ...state] = pulled.rest.map(plain);
  return {
    loss: plain(pulled.value),
    output,
    gradients: gradOf(ops, pulled).map(plain),
    ...(args.state === undefined ? {} : { state }),
  };
};

/** An engine whose networks have wrong layers. */
export const layers = (replace: Replace) =>
  at('model.network.loss_and_grad', (args) => answer(replace, args as unknown as NetworkArgs)); // parsed by the contract

/** One type of layer applied otherwise. */
export const layer = (type: AnyLayer['type'], apply: (spec: AnyLayer, right: Apply) => Apply) =>
  layers((spec, right) => (spec.type === type ? apply(spec, right) : null));
