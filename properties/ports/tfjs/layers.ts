// TensorFlow.js as a port, part two: layers, penalties and the constraint on norms, as `tf.layers` has them.
import type { Plain } from '../../contract.ts';
import { discard, type Layer, plain, type Regularizer, type T, tensor, tf, type Variable } from './api.ts';

type Affine = Readonly<Record<'x' | 'gamma' | 'beta', Plain>> & { readonly eps: number };
type Remembered = Affine & Readonly<Record<'mean' | 'variance', Plain>> & { readonly momentum?: number };
type Pulled<A> = A & { readonly dy: Plain };

/** A layer that is built for samples of a shape, and filled; what it holds outlives a tidy, and is disposed of here. */
export const withLayer = <R>(
  layer: Layer,
  sample: readonly number[],
  weights: readonly Plain[] | undefined,
  use: (layer: Layer, weights: readonly Variable[]) => R,
): R => {
  layer.build([null, ...sample]);
  try {
    return tf.tidy(() => {
      if (weights !== undefined) layer.setWeights(weights.map(tensor));
      return use(
        layer,
        layer.trainableWeights.map((w) => w.read()),
      );
    });
  } finally {
    discard([layer]);
  }
};

/** The cotangents of x and of the weights. */
const pulled = (program: (x: T) => T, x: Plain, weights: readonly Variable[], dy: Plain): readonly Plain[] => {
  const { grads } = tf.valueAndGrads((t) => program(t as T))([tensor(x), ...weights], tensor(dy)); // as many as are passed
  return grads.map(plain);
};

const dense = <R>(
  { w, b }: Record<'w' | 'b', Plain>,
  use: (layer: Layer, weights: readonly Variable[]) => R,
  penalties: { readonly kernelRegularizer?: Regularizer; readonly biasRegularizer?: Regularizer } = {},
): R => withLayer(tf.layers.dense({ units: w.shape[1] ?? 1, ...penalties }), [w.shape[0] ?? 1], [w, b], use);

const batchNorm = <R>(a: Remembered, use: (layer: Layer, weights: readonly Variable[]) => R): R =>
  withLayer(
    tf.layers.batchNormalization({
      epsilon: a.eps,
      ...(a.momentum === undefined ? {} : { momentum: a.momentum }),
    }),
    a.x.shape.slice(1),
    [a.gamma, a.beta, a.mean, a.variance],
    use,
  );

const layerNorm = <R>(a: Affine, use: (layer: Layer, weights: readonly Variable[]) => R): R =>
  withLayer(tf.layers.layerNormalization({ epsilon: a.eps }), a.x.shape.slice(1), [a.gamma, a.beta], use);

const batchNormCalls = (training: boolean) => ({
  forward: (a: Remembered) =>
    batchNorm(a, (layer) => {
      const y = plain(layer.apply(tensor(a.x), { training }));
      const [, , mean, variance] = layer.getWeights().map(plain);
      return { y, mean, variance };
    }),
  vjp: ({ dy, ...a }: Pulled<Remembered>) =>
    batchNorm(a, (layer, weights) => {
      const [dx, dgamma, dbeta] = pulled((x) => layer.apply(x, { training }), a.x, weights, dy);
      return { dx, dgamma, dbeta };
    }),
});
const [trained, evaluated] = [batchNormCalls(true), batchNormCalls(false)];

/** Layers that draw from one seed each: those of different places have different ones. */
const dropout = (seed: number, place: number, rate: number): Layer =>
  tf.layers.dropout({ rate, seed: seed * 8 + place });

/** In this version no call depends on the ones before: one after the first shows it, a thousand would show no more. */
const CALLS = 2;

interface DropoutArgs {
  readonly x: Plain;
  readonly dropRate: number;
}
interface DrawnArgs extends DropoutArgs {
  readonly seed: number;
  readonly step: number;
  readonly place: number;
}

interface Strengths {
  readonly l1?: number;
  readonly l2?: number;
}

const PENALTIES = {
  l1: ({ l1 = 0 }: Strengths) => tf.regularizers.l1({ l1 }),
  l2: ({ l2 = 0 }: Strengths) => tf.regularizers.l2({ l2 }),
  elastic_net: ({ l1 = 0, l2 = 0 }: Strengths) => tf.regularizers.l1l2({ l1, l2 }),
};

/** A penalty that is off is a constant, by which the engine refuses to differentiate. */
const isOff = (regularizer: Regularizer): boolean => {
  const { l1, l2 } = regularizer.getConfig();
  return l1 === 0 && l2 === 0;
};

/** What dense layers with these parameters add to the loss, by `calculateLosses`. */
const penaltyOf = (
  make: (h: Strengths) => Regularizer,
  biases: boolean,
  { params, ...h }: Strengths & { readonly params: readonly Plain[] },
) => {
  const regularizer = make(h);
  const penalties = { kernelRegularizer: regularizer, ...(biases ? { biasRegularizer: regularizer } : {}) };
  const collect = (
    i: number,
    layers: readonly Layer[],
    weights: readonly Variable[],
  ): { value: Plain; gradients: readonly Plain[] } => {
    const [w, b] = [params[i], params[i + 1]];
    if (w !== undefined && b !== undefined)
      return dense({ w, b }, (layer, own) => collect(i + 2, [...layers, layer], [...weights, ...own]), penalties);
    const total = (): T => tf.addN(layers.flatMap((layer) => layer.calculateLosses()));
    const counted = (j: number): boolean => !isOff(regularizer) && (biases || j % 2 === 0); // w, b, w, b …
    const reached = weights.filter((_, j) => counted(j));
    const { value, grads } = reached.length === 0 ? { value: total(), grads: [] } : tf.valueAndGrads(total)(reached);
    const pulled = [...grads];
    const gradients = weights.map((w, j) => plain(counted(j) ? (pulled.shift() as T) : tf.zerosLike(w))); // one per weight reached
    return { value: plain(value), gradients };
  };
  return collect(0, [], []);
};

const penalty = (make: (h: Strengths) => Regularizer) => ({
  value: ({ w, ...h }: Strengths & { readonly w: Plain }) =>
    tf.tidy(() => ({ value: plain(make(h).apply(tensor(w))) })),
  gradient: ({ w, ...h }: Strengths & { readonly w: Plain }) =>
    tf.tidy(() => {
      const regularizer = make(h);
      return {
        dw: plain(isOff(regularizer) ? tf.zerosLike(tensor(w)) : tf.grad((t) => regularizer.apply(t))(tensor(w))),
      };
    }),
  penalty: (a: Strengths & { readonly params: readonly Plain[] }) => penaltyOf(make, false, a),
  penalty_with_biases: (a: Strengths & { readonly params: readonly Plain[] }) => penaltyOf(make, true, a),
});

/** The weights into a unit are a column of [in, out]: they lie along axis 0. */
const projected = (w: Plain, limit: number): Plain =>
  plain(tf.constraints.maxNorm({ maxValue: limit, axis: 0 }).apply(tensor(w)));

const start = (layer: Layer, features: number) =>
  withLayer(layer, [features], undefined, () => layer.getWeights().map(plain));

export const layerCalls = {
  layer: {
    dense: {
      forward: (a: Record<'x' | 'w' | 'b', Plain>) => dense(a, (layer) => ({ y: plain(layer.apply(tensor(a.x))) })),
      vjp: ({ dy, ...a }: Record<'x' | 'w' | 'b' | 'dy', Plain>) =>
        dense(a, (layer, weights) => {
          const [dx, dw, db] = pulled((x) => layer.apply(x), a.x, weights, dy);
          return { dx, dw, db };
        }),
    },
    batch_norm: {
      start: ({ features }: { features: number }) => {
        const [gamma, beta, mean, variance] = start(tf.layers.batchNormalization({ epsilon: 1e-3 }), features);
        return { gamma, beta, mean, variance };
      },
      train: trained.forward,
      train_vjp: trained.vjp,
      eval: evaluated.forward,
      eval_vjp: evaluated.vjp,
    },
    layer_norm: {
      start: ({ features }: { features: number }) => {
        const [gamma, beta] = start(tf.layers.layerNormalization({ epsilon: 1e-3 }), features);
        return { gamma, beta };
      },
      forward: (a: Affine) => layerNorm(a, (layer) => ({ y: plain(layer.apply(tensor(a.x))) })),
      vjp: ({ dy, ...a }: Pulled<Affine>) =>
        layerNorm(a, (layer, weights) => {
          const [dx, dgamma, dbeta] = pulled((x) => layer.apply(x), a.x, weights, dy);
          return { dx, dgamma, dbeta };
        }),
    },
    dropout: {
      eval: ({ x, dropRate }: DropoutArgs) =>
        tf.tidy(() => ({ y: plain(tf.layers.dropout({ rate: dropRate }).apply(tensor(x), { training: false })) })),
      sample: ({ x, dropRate, seed, step, place }: DrawnArgs) =>
        tf.tidy(() => {
          const layer = dropout(seed, place, dropRate);
          let y = tensor(x);
          for (let i = 1; i <= Math.min(step, CALLS); i++)
            y = tf.tidy(() => layer.apply(tensor(x), { training: true }));
          return { y: plain(y) };
        }),
    },
  },
  regulariser: {
    l1: penalty(PENALTIES.l1),
    l2: penalty(PENALTIES.l2),
    elastic_net: penalty(PENALTIES.elastic_net),
    max_norm: {
      project: ({ w, limit }: { w: Plain; limit: number }) => tf.tidy(() => ({ w: projected(w, limit) })),
      constrain: ({ params, limit }: { params: readonly Plain[]; limit: number }) =>
        tf.tidy(() => ({ params: params.map((p, i) => (i % 2 === 0 ? projected(p, limit) : plain(tensor(p)))) })),
    },
  },
};
