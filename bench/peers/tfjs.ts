// TensorFlow.js as an engine of the benchmark: float32, tensors freed by tidy, its own losses, gradients and optimizer.
import { definePeer, type Peer, type Running, repeated } from '../peer.ts';
import { engine, versionOf } from './load.ts';

/** The part of the public API that is used, written down because its own types are not in the root install. */
interface T {
  add(y: T | number): T;
  sub(y: T): T;
  mul(y: T | number): T;
  div(y: T): T;
  sqrt(): T;
  square(): T;
  relu(): T;
  sigmoid(): T;
  tanh(): T;
  softmax(): T;
  mean(axis?: number): T;
  matMul(y: T, transA?: boolean, transB?: boolean): T;
  less(y: number): T;
  dispose(): void;
  dataSync(): ArrayLike<number>;
}
interface Variable extends T {
  assign(value: T): void;
}
interface Tfjs {
  enableProdMode(): void;
  setBackend(name: string): Promise<boolean>;
  ready(): Promise<void>;
  tensor(values: Float32Array, shape: readonly number[], dtype: 'float32'): T;
  variable(initial: T, trainable?: boolean, name?: string): Variable;
  zeros(shape: readonly number[]): T;
  ones(shape: readonly number[]): T;
  keep(x: T): T;
  tidy<R>(f: () => R): R;
  grads(f: (...xs: T[]) => T): (xs: readonly T[], dy?: T) => T[];
  valueAndGrad(f: (x: T) => T): (x: T) => { readonly value: T; readonly grad: T };
  batchNorm(x: T, mean: T, variance: T, offset: T, scale: T, eps: number): T;
  moments(x: T, axis: number): { readonly mean: T; readonly variance: T };
  dropout(x: T, rate: number): T;
  randomNormal(shape: readonly number[]): T;
  randomUniform(shape: readonly number[]): T;
  readonly losses: { sigmoidCrossEntropy(labels: T, logits: T): T };
  readonly train: {
    adam(
      lr: number,
      beta1: number,
      beta2: number,
      eps: number,
    ): {
      minimize(f: () => T, returnCost: boolean): T | null;
      applyGradients(grads: Readonly<Record<string, T>>): void;
    };
  };
}

/** Keeps what a call makes until the next one, and frees the rest. */
const keeping = (tf: Tfjs, one: () => Readonly<Record<string, T>>): Running => {
  let kept: Readonly<Record<string, T>> = {};
  const release = (): void => {
    for (const t of Object.values(kept)) t.dispose();
    kept = {};
  };
  return repeated(
    () => {
      release();
      kept = tf.tidy(one); // what it returns outlives the tidy
    },
    () => Object.fromEntries(Object.entries(kept).map(([name, t]) => [name, t.dataSync()])),
    release,
  );
};

export const tfjsPeer = async (backend: 'cpu' | 'wasm'): Promise<Peer> => {
  const tf = engine<Tfjs>('@tensorflow/tfjs');
  tf.enableProdMode();
  if (backend === 'wasm') engine('@tensorflow/tfjs-backend-wasm'); // registers itself
  if (!(await tf.setBackend(backend))) throw new Error(`@tensorflow/tfjs has no backend ${backend}`);
  await tf.ready();
  const tensor = (values: Float64Array, ...shape: number[]): T =>
    tf.tensor(Float32Array.from(values), shape, 'float32');
  const adam = (lr: number) => tf.train.adam(lr, 0.9, 0.999, 1e-8);
  /** Variables by name, and steps that lower a loss. */
  const trained = (
    lr: number,
    variables: Readonly<Record<string, Variable>>,
    others: Readonly<Record<string, Variable>>,
    lossOf: () => T,
  ): Running => {
    const optimizer = adam(lr);
    let loss: T | null = null;
    return repeated(
      () => {
        loss?.dispose();
        loss = optimizer.minimize(lossOf, true);
      },
      () => ({
        loss: loss?.dataSync() ?? [],
        ...Object.fromEntries(Object.entries({ ...variables, ...others }).map(([name, v]) => [name, v.dataSync()])),
      }),
    );
  };

  return definePeer({
    engine: `TensorFlow.js, ${backend}`,
    version: versionOf('@tensorflow/tfjs'),
    dtype: 'f32',
    threads: 1,
    can: {
      matmul: ({ n, transA, transB }, inputs) => {
        const [a, b] = [tensor(inputs.a, n, n), tensor(inputs.b, n, n)];
        return keeping(tf, () => ({ c: a.matMul(b, transA, transB) }));
      },
      classifier: ({ batch, inputs, first, second, dropRate, lr }, a) => {
        const [x, y] = [tensor(a.x, batch, inputs), tensor(a.y, batch, 1)];
        const v = {
          w1: tf.variable(tensor(a.w1, inputs, first)),
          b1: tf.variable(tensor(a.b1, first)),
          gamma1: tf.variable(tensor(a.gamma1, first)),
          beta1: tf.variable(tensor(a.beta1, first)),
          w2: tf.variable(tensor(a.w2, first, second)),
          b2: tf.variable(tensor(a.b2, second)),
          gamma2: tf.variable(tensor(a.gamma2, second)),
          beta2: tf.variable(tensor(a.beta2, second)),
          w3: tf.variable(tensor(a.w3, second, 1)),
          b3: tf.variable(tensor(a.b3, 1)),
        };
        const running = {
          mean1: tf.variable(tf.zeros([first]), false),
          variance1: tf.variable(tf.ones([first]), false),
          mean2: tf.variable(tf.zeros([second]), false),
          variance2: tf.variable(tf.ones([second]), false),
        };
        const blend = (old: Variable, fresh: T): void => old.assign(old.mul(0.9).add(fresh.mul(0.1)));
        const hidden = (h: T, w: T, b: T, gamma: T, beta: T, mean: Variable, variance: Variable): T => {
          const z = h.matMul(w).add(b);
          const m = tf.moments(z, 0);
          blend(mean, m.mean);
          blend(variance, m.variance.mul(batch / (batch - 1)));
          const active = tf.batchNorm(z, m.mean, m.variance, beta, gamma, 1e-5).relu();
          return dropRate === 0 ? active : tf.dropout(active, dropRate);
        };
        return trained(lr, v, running, () => {
          const h1 = hidden(x, v.w1, v.b1, v.gamma1, v.beta1, running.mean1, running.variance1);
          const h2 = hidden(h1, v.w2, v.b2, v.gamma2, v.beta2, running.mean2, running.variance2);
          return tf.losses.sigmoidCrossEntropy(y, h2.matMul(v.w3).add(v.b3));
        });
      },
      xor: ({ hidden, lr }, a) => {
        const [x, y] = [tensor(a.x, 4, 2), tensor(a.y, 4, 1)];
        const v = {
          w1: tf.variable(tensor(a.w1, 2, hidden)),
          b1: tf.variable(tensor(a.b1, hidden)),
          w2: tf.variable(tensor(a.w2, hidden, 1)),
          b2: tf.variable(tensor(a.b2, 1)),
        };
        return trained(lr, v, {}, () =>
          tf.losses.sigmoidCrossEntropy(y, x.matMul(v.w1).add(v.b1).tanh().matMul(v.w2).add(v.b2)),
        );
      },
      sigmoid: ({ n }, inputs) => {
        const x = tensor(inputs.x, n);
        return keeping(tf, () => ({ y: x.sigmoid() }));
      },
      relu: ({ n }, inputs) => {
        const x = tensor(inputs.x, n);
        return keeping(tf, () => ({ y: x.relu() }));
      },
      batchNorm: ({ rows, columns }, inputs) => {
        const [x, gamma, beta] = [
          tensor(inputs.x, rows, columns),
          tensor(inputs.gamma, columns),
          tensor(inputs.beta, columns),
        ];
        return keeping(tf, () => {
          const { mean, variance } = tf.moments(x, 0);
          return { y: tf.batchNorm(x, mean, variance, beta, gamma, 1e-5) };
        });
      },
      batchNormBoth: ({ rows, columns }, inputs) => {
        const [x, gamma, beta] = [
          tensor(inputs.x, rows, columns),
          tensor(inputs.gamma, columns),
          tensor(inputs.beta, columns),
        ] as const;
        const dy = tensor(inputs.dy, rows, columns);
        return keeping(tf, () => {
          let y: T | null = null;
          const [dx, dgamma, dbeta] = tf.grads((...xs) => {
            const [at, g, b] = xs as [T, T, T]; // as many as are given below
            const { mean, variance } = tf.moments(at, 0);
            y = tf.keep(tf.batchNorm(at, mean, variance, b, g, 1e-5));
            return y;
          })([x, gamma, beta], dy) as [T, T, T];
          return { y: y as unknown as T, dx, dgamma, dbeta }; // set by the call above
        });
      },
      bceWithLogits: ({ n }, inputs) => {
        const [z, y] = [tensor(inputs.z, n), tensor(inputs.y, n)];
        const both = tf.valueAndGrad((at) => tf.losses.sigmoidCrossEntropy(y, at));
        return keeping(tf, () => {
          const { value, grad } = both(z);
          return { loss: value, dz: grad };
        });
      },
      softmax: ({ n }, inputs) => {
        const x = tensor(inputs.x, 1, n);
        return keeping(tf, () => ({ y: x.softmax() }));
      },
      adam: ({ n, lr }, inputs) => {
        const w = tf.variable(tensor(inputs.w, n), true, 'w');
        const g = tensor(inputs.g, n);
        const optimizer = adam(lr);
        return repeated(
          () => tf.tidy(() => optimizer.applyGradients({ w: g })),
          () => ({ w: w.dataSync() }),
          () => w.dispose(), // its name is free again
        );
      },
      normal: ({ n }) => keeping(tf, () => ({ x: tf.randomNormal([n]) })),
      dropoutMask: ({ n, dropRate }) => keeping(tf, () => ({ mask: tf.randomUniform([n]).less(1 - dropRate) })),
    },
  });
};
