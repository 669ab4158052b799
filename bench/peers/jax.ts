// jax-js with its WASM device as an engine of the benchmark: float32, every call one compiled function, its own derivatives.
import { pathToFileURL } from 'node:url';
import { definePeer, type Running } from '../peer.ts';
import { pathOf, versionOf } from './load.ts';

/** The part of the public API that is used, written down because its own types are not in the root install. Every function owns its arguments: `ref` is one owner more. */
interface A {
  readonly ref: A;
  reshape(shape: readonly number[]): A;
  slice(index: number): A;
  add(y: A | number): A;
  sub(y: A | number): A;
  mul(y: A | number): A;
  div(y: A | number): A;
  sum(axis?: number): A;
  mean(axis?: number): A;
  dataSync(): ArrayLike<number>;
  dispose(): void;
}
/** What a function takes and gives: arrays by name. */
type Named = Readonly<Record<string, A>>;
type F = (...xs: Named[]) => Named;

interface Jax {
  init(...devices: string[]): Promise<readonly string[]>;
  defaultDevice(device: string): string;
  jit<G extends F>(f: G): G;
  blockUntilReady<T>(x: T): Promise<T>;
  valueAndGrad(
    f: (params: Named, ...rest: Named[]) => [A, Named],
    how: { readonly hasAux: true },
  ): (params: Named, ...rest: Named[]) => [[A, Named], Named];
  vjp(f: (...xs: A[]) => A, primals: readonly A[]): [A, ((dy: A) => A[]) & { dispose(): void }];
  readonly numpy: {
    readonly float32: unknown;
    array(values: Float32Array, how?: { readonly dtype: unknown }): A;
    matmul(x: A, y: A): A;
    transpose(x: A): A;
    sqrt(x: A): A;
    square(x: A): A;
    tanh(x: A): A;
    exp(x: A): A;
    log1p(x: A): A;
    abs(x: A): A;
    negative(x: A): A;
    maximum(x: A, y: A | number): A;
    where(condition: A, x: A | number, y: A | number): A;
    zeros(shape: readonly number[]): A;
  };
  readonly nn: { relu(x: A): A; sigmoid(x: A): A; softmax(x: A, axis?: number): A; softplus(x: A): A };
  readonly random: {
    key(seed: number): A;
    split(key: A, n: number): A;
    normal(key: A, shape: readonly number[]): A;
    bernoulli(key: A, p: number, shape: readonly number[]): A;
  };
}

const jax = (await import(pathToFileURL(pathOf('@jax-js/jax')).href)) as Jax; // the package has no other way in for modules
await jax.init('wasm');
jax.defaultDevice('wasm');
const { numpy: np, nn, random } = jax;

const array = (values: ArrayLike<number>, ...shape: number[]): A => np.array(Float32Array.from(values)).reshape(shape);
const held = (named: Named): Named => Object.fromEntries(Object.entries(named).map(([name, a]) => [name, a.ref]));
const dropped = (named: Named): void => {
  for (const a of Object.values(named)) a.dispose();
};
const mapped = (named: Named, f: (a: A, name: string) => A): Named =>
  Object.fromEntries(Object.entries(named).map(([name, a]) => [name, f(a, name)]));
const read = (named: Named) => Object.fromEntries(Object.entries(named).map(([name, a]) => [name, a.ref.dataSync()]));
/** An array of a list of names that are known to be there. */
const get = (named: Named, name: string): A => {
  const a = named[name];
  if (a === undefined) throw new Error(`jax: there is no ${name}`);
  return a.ref;
};

/** Calls of a compiled function of the same inputs; what a call makes is kept until the next. */
const pure = (f: F, inputs: Named): Running => {
  const compiled = jax.jit(f);
  let made: Named = {};
  return {
    run: async (calls) => {
      for (let i = 0; i < calls; i++) {
        dropped(made);
        made = compiled(held(inputs));
        await jax.blockUntilReady(made); // work that nobody has waited for is left out when its result is dropped
      }
    },
    outputs: () => read(made),
    release: () => dropped({ ...made, ...inputs }),
  };
};

/** Calls of a compiled function of what the last call gave, and of inputs that stay. */
const stateful = (f: (state: Named, inputs: Named) => Named, start: Named, inputs: Named): Running => {
  const compiled = jax.jit(f as F);
  let state = start;
  return {
    run: async (calls) => {
      for (let i = 0; i < calls; i++) state = compiled(state, held(inputs));
      await jax.blockUntilReady(state);
    },
    outputs: () => read(state),
    release: () => dropped({ ...state, ...inputs }),
  };
};

const LETTERS = { m: 'm_', v: 'v_' };
/** The clock of Adam: powers of its rates of decay. */
const clock = () => ({ power1: array([1], 1), power2: array([1], 1) });
const moments = (params: Named): Named =>
  Object.fromEntries(
    Object.entries(params).flatMap(([name, a]) =>
      Object.values(LETTERS).map((letter) => [letter + name, a.ref.mul(0)] as const),
    ),
  );

/** Adam over named parameters: the state after a step, moments and clock included. */
const adam = (state: Named, grads: Named, lr: number): Named => {
  const [power1, power2] = [get(state, 'power1').mul(0.9), get(state, 'power2').mul(0.999)];
  const rate = np.array(Float32Array.of(lr)).div(power1.ref.mul(-1).add(1));
  const root = np.array(Float32Array.of(1)).div(np.sqrt(power2.ref.mul(-1).add(1)));
  const next: Record<string, A> = { power1, power2 };
  for (const [name, g] of Object.entries(grads)) {
    const m = get(state, LETTERS.m + name)
      .mul(0.9)
      .add(g.ref.mul(1 - 0.9));
    const v = get(state, LETTERS.v + name)
      .mul(0.999)
      .add(np.square(g.ref).mul(1 - 0.999));
    next[name] = get(state, name).sub(m.ref.mul(rate.ref).div(np.sqrt(v.ref).mul(root.ref).add(1e-8)));
    next[LETTERS.m + name] = m;
    next[LETTERS.v + name] = v;
  }
  return next;
};

const bce = (z: A, y: A): A =>
  np
    .maximum(z.ref, 0)
    .sub(z.ref.mul(y))
    .add(np.log1p(np.exp(np.negative(np.abs(z)))))
    .mean();

/** γ·(x − mean)/√(variance + eps) + β, with the moments. */
const normalised = (x: A, gamma: A, beta: A, n: number) => {
  const mean = x.ref.sum(0).mul(1 / n);
  const centred = x.sub(mean.ref);
  const variance = np
    .square(centred.ref)
    .sum(0)
    .mul(1 / n);
  return {
    y: centred
      .div(np.sqrt(variance.ref.add(1e-5)))
      .mul(gamma)
      .add(beta),
    mean,
    variance,
  };
};

export default definePeer({
  engine: 'jax-js',
  version: versionOf('@jax-js/jax'),
  dtype: 'f32',
  threads: 1,
  can: {
    matmul: ({ n, transA, transB }, { a, b }) =>
      pure(
        ({ a: left, b: right }) => ({
          c: np.matmul(
            transA ? np.transpose(left as A) : (left as A), // both are given
            transB ? np.transpose(right as A) : (right as A),
          ),
        }),
        { a: array(a, n, n), b: array(b, n, n) },
      ),
    classifier: ({ batch, inputs, first, second, dropRate, lr }, a) => {
      const params: Named = {
        w1: array(a.w1, inputs, first),
        b1: array(a.b1, first),
        gamma1: array(a.gamma1, first),
        beta1: array(a.beta1, first),
        w2: array(a.w2, first, second),
        b2: array(a.b2, second),
        gamma2: array(a.gamma2, second),
        beta2: array(a.beta2, second),
        w3: array(a.w3, second, 1),
        b3: array(a.b3, 1),
      };
      const running: Named = {
        mean1: np.zeros([first]),
        variance1: np.zeros([first]).add(1),
        mean2: np.zeros([second]),
        variance2: np.zeros([second]).add(1),
      };
      const hidden = (h: A, p: Named, i: number, units: number, key: A) => {
        const z = np.matmul(h, get(p, `w${i}`)).add(get(p, `b${i}`));
        const norm = normalised(z, get(p, `gamma${i}`), get(p, `beta${i}`), batch);
        const active = nn.relu(norm.y);
        const keep = 1 - dropRate;
        const out =
          dropRate === 0 ? active : np.where(random.bernoulli(key, keep, [batch, units]), active.mul(1 / keep), 0);
        return { ...norm, out };
      };
      const lossOf = (p: Named, rest: Named): [A, Named] => {
        const one = hidden(get(rest, 'x'), p, 1, first, get(rest, 'key1'));
        const two = hidden(one.out, p, 2, second, get(rest, 'key2'));
        const loss = bce(np.matmul(two.out, get(p, 'w3')).add(get(p, 'b3')), get(rest, 'y'));
        return [loss, { mean1: one.mean, variance1: one.variance, mean2: two.mean, variance2: two.variance }];
      };
      const both = jax.valueAndGrad(lossOf, { hasAux: true });
      const blend = (state: Named, aux: Named, name: string, factor: number): A =>
        get(state, name)
          .mul(0.9)
          .add(get(aux, name).mul(0.1 * factor));
      const unbiased = batch / (batch - 1);
      const step = (state: Named, given: Named): Named => {
        const keys = random.split(get(state, 'key'), 3);
        const own = mapped(params, (_, name) => get(state, name));
        const rest = { ...held(given), key1: keys.ref.slice(1), key2: keys.ref.slice(2) };
        const [[loss, aux], grads] = both(own, rest);
        return {
          ...adam(state, grads, lr),
          loss: loss.reshape([1]),
          key: keys.slice(0),
          mean1: blend(state, aux, 'mean1', 1),
          variance1: blend(state, aux, 'variance1', unbiased),
          mean2: blend(state, aux, 'mean2', 1),
          variance2: blend(state, aux, 'variance2', unbiased),
        };
      };
      const start = { ...params, ...moments(params), ...running, ...clock(), key: random.key(1), loss: array([0], 1) };
      return stateful(step, start, { x: array(a.x, batch, inputs), y: array(a.y, batch, 1) });
    },
    xor: ({ hidden, lr }, a) => {
      const params: Named = {
        w1: array(a.w1, 2, hidden),
        b1: array(a.b1, hidden),
        w2: array(a.w2, hidden, 1),
        b2: array(a.b2, 1),
      };
      const both = jax.valueAndGrad(
        (p, { x, y }) => {
          const h = np.tanh(np.matmul(x as A, get(p, 'w1')).add(get(p, 'b1'))); // both are given
          return [bce(np.matmul(h, get(p, 'w2')).add(get(p, 'b2')), y as A), {}];
        },
        { hasAux: true },
      );
      const step = (state: Named, given: Named): Named => {
        const [[loss], grads] = both(
          mapped(params, (_, name) => get(state, name)),
          held(given),
        );
        return { ...adam(state, grads, lr), loss: loss.reshape([1]) };
      };
      return stateful(
        step,
        { ...params, ...moments(params), ...clock(), loss: array([0], 1) },
        { x: array(a.x, 4, 2), y: array(a.y, 4, 1) },
      );
    },
    sigmoid: ({ n }, { x }) => pure(({ x: at }) => ({ y: nn.sigmoid(at as A) }), { x: array(x, n) }),
    relu: ({ n }, { x }) => pure(({ x: at }) => ({ y: nn.relu(at as A) }), { x: array(x, n) }),
    batchNorm: ({ rows, columns }, { x, gamma, beta }) =>
      pure((given) => ({ y: normalised(get(given, 'x'), get(given, 'gamma'), get(given, 'beta'), rows).y }), {
        x: array(x, rows, columns),
        gamma: array(gamma, columns),
        beta: array(beta, columns),
      }),
    batchNormBoth: ({ rows, columns }, { x, gamma, beta, dy }) =>
      pure(
        (given) => {
          const [y, pull] = jax.vjp(
            (at, g, b) => normalised(at as A, g as A, b as A, rows).y, // as many as are given below
            [get(given, 'x'), get(given, 'gamma'), get(given, 'beta')],
          );
          const [dx, dgamma, dbeta] = pull(get(given, 'dy')) as [A, A, A];
          return { y, dx, dgamma, dbeta };
        },
        {
          x: array(x, rows, columns),
          gamma: array(gamma, columns),
          beta: array(beta, columns),
          dy: array(dy, rows, columns),
        },
      ),
    bceWithLogits: ({ n }, { z, y }) => {
      const both = jax.valueAndGrad(({ z: at }, { y: labels }) => [bce(at as A, labels as A), {}], { hasAux: true }); // both are given
      return pure(
        (given) => {
          const [[loss], grads] = both({ z: get(given, 'z') }, { y: get(given, 'y') });
          return { loss: loss.reshape([1]), dz: get(grads, 'z') };
        },
        { z: array(z, n), y: array(y, n) },
      );
    },
    softmax: ({ n }, { x }) => pure(({ x: at }) => ({ y: nn.softmax(at as A, -1) }), { x: array(x, 1, n) }),
    adam: ({ n, lr }, { w, g }) => {
      const params = { w: array(w, n) };
      return stateful(
        (state, given) => adam(state, { w: get(given, 'g') }, lr),
        { ...params, ...moments(params), ...clock() },
        { g: array(g, n) },
      );
    },
    normal: ({ n }) =>
      stateful(
        (state) => {
          const keys = random.split(get(state, 'key'), 2);
          return { key: keys.ref.slice(0), x: random.normal(keys.slice(1), [n]) };
        },
        { key: random.key(1), x: np.zeros([n]) },
        {},
      ),
    dropoutMask: ({ n, dropRate }) =>
      stateful(
        (state) => {
          const keys = random.split(get(state, 'key'), 2);
          return { key: keys.ref.slice(0), mask: random.bernoulli(keys.slice(1), 1 - dropRate, [n]) };
        },
        { key: random.key(2), mask: random.bernoulli(random.key(3), 1 - dropRate, [n]) },
        {},
      ),
  },
});
