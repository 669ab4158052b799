// The built-in port, part two: layers.
import {
  type BatchNorm,
  dense,
  keyOf,
  type LayerSpec,
  layerOf,
  type Named,
  type Program,
  type Pullback,
  pullback,
  type Tensor,
  vjp,
} from '../../../src/index.ts';
import type { Plain } from '../../contract.ts';
import { type Entries, type Kit, plain as plainOf } from './shared.ts';

type Cotangents<T> = readonly [T, T, T]; // as many as are tracked

type Affine = Readonly<Record<'x' | 'gamma' | 'beta', Plain>> & { readonly eps: number };
type Remembered = Affine &
  Readonly<Record<'mean' | 'variance', Plain>> &
  Partial<Pick<BatchNorm, 'momentum' | 'runningVariance'>>;
type Pulled<A> = A & { readonly dy: Plain };

/** The variables of a layer before any training, by name. */
const start = (spec: LayerSpec, features: number): Readonly<Record<string, Plain>> => {
  const { params, state } = layerOf(spec).init(keyOf(0), [features]).variables;
  const all: Named<Tensor> = { ...params, ...state };
  return Object.fromEntries(Object.entries(all).map(([name, t]) => [name, plainOf(t)]));
};

/** Over any carrier: tensors for the eager engine, symbols for the compiled one. */
export const layerCalls = <T>({ o: ops, tensor, plain }: Kit<T>) => {
  /** A layer at its arguments: x, γ and β are tracked, what it only remembers is not. */
  const normalised = (
    spec: LayerSpec,
    mode: 'train' | 'eval',
    { x, gamma, beta }: Affine,
    state: Readonly<Record<string, Plain>>,
  ): Pullback<T> => {
    const layer = layerOf(spec);
    const names = Object.keys(state);
    return pullback(
      <T>(o: Parameters<typeof layer.apply<T>>[0], [at, g, b, ...rest]: readonly T[]): readonly [T, ...T[]] => {
        const kept = Object.fromEntries(names.map((name, i) => [name, rest[i] as T])); // one per name
        const [y, next] = layer.apply(o, { params: { gamma: g as T, beta: b as T }, state: kept }, at as T, { mode });
        return [y, ...names.map((name) => next[name] as T)];
      },
      ops,
      [x, gamma, beta, ...Object.values(state)].map(tensor),
      3,
    );
  };

  const cotangents = (at: Pullback<T>, dy: Plain) => {
    const [dx, dgamma, dbeta] = at.pull(tensor(dy)) as Cotangents<T>;
    return { dx: plain(dx), dgamma: plain(dgamma), dbeta: plain(dbeta) };
  };

  const batchNorm = (
    mode: 'train' | 'eval',
    { mean, variance, momentum, runningVariance, ...a }: Remembered,
  ): Pullback<T> =>
    normalised(
      {
        type: 'batchNorm',
        eps: a.eps,
        ...(momentum === undefined ? {} : { momentum }),
        ...(runningVariance === undefined ? {} : { runningVariance }),
      },
      mode,
      a,
      { mean, variance },
    );

  /** The output, and the state after it. */
  const remembering = ({ value, rest }: Pullback<T>) => {
    const [mean, variance] = rest as readonly [T, T]; // one per name of the state
    return { y: plain(value), mean: plain(mean), variance: plain(variance) };
  };

  const layerNorm = (a: Affine): Pullback<T> => normalised({ type: 'layerNorm', eps: a.eps }, 'train', a, {});

  return {
    layer: {
      dense: {
        forward: (a: Record<'x' | 'w' | 'b', Plain>) => ({
          y: plain(dense(ops, tensor(a.x), tensor(a.w), tensor(a.b))),
        }),
        vjp: (a: Record<'x' | 'w' | 'b' | 'dy', Plain>) => {
          const program: Program = (o, [x, w, b]) =>
            dense(o, x as NonNullable<typeof x>, w as NonNullable<typeof w>, b as NonNullable<typeof b>);
          const [dx, dw, db] = vjp(program, ops, [tensor(a.x), tensor(a.w), tensor(a.b)]).pull(
            tensor(a.dy),
          ) as Cotangents<T>;
          return { dx: plain(dx), dw: plain(dw), db: plain(db) };
        },
      },
      batch_norm: {
        start: ({ features }: { features: number }) => start({ type: 'batchNorm' }, features),
        train: (a: Remembered) => remembering(batchNorm('train', a)),
        train_vjp: ({ dy, ...a }: Pulled<Remembered>) => cotangents(batchNorm('train', a), dy),
        eval: (a: Remembered) => remembering(batchNorm('eval', a)),
        eval_vjp: ({ dy, ...a }: Pulled<Remembered>) => cotangents(batchNorm('eval', a), dy),
      },
      layer_norm: {
        start: ({ features }: { features: number }) => start({ type: 'layerNorm' }, features),
        forward: (a: Affine) => ({ y: plain(layerNorm(a).value) }),
        vjp: ({ dy, ...a }: Pulled<Affine>) => cotangents(layerNorm(a), dy),
      },
    },
  } satisfies Entries;
};
