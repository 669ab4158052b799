// jax-js as a port, part two: layers as functions of arrays, and random numbers from keys.
import type { ClipArgs } from '../../args.ts';
import type { Plain } from '../../contract.ts';
import { type A, jax, type Wire } from './api.ts';

const { nn, numpy: np, random } = jax;

export const dense = (x: A, w: A, b: A): A => np.add(np.matmul(x, w), b);
export const layerNorm = (x: A, gamma: A, beta: A, epsilon: number): A =>
  np.add(np.multiply(nn.standardize(x, -1, { epsilon }), gamma), beta);

type Affine = Readonly<Record<'x' | 'gamma' | 'beta', Plain>> & { readonly eps: number };

/** Cotangents of all inputs. */
export const pulled = (
  { array, plain }: Wire,
  f: (...xs: A[]) => A,
  inputs: readonly Plain[],
  dy: Plain,
): readonly Plain[] => {
  const [y, pull] = jax.vjp(f, inputs.map(array));
  y.dispose();
  const all = pull(array(dy)).map(plain);
  pull.dispose();
  return all;
};

export const layerCalls = (wire: Wire) => {
  const { array, plain } = wire;
  return {
    layer: {
      dense: {
        forward: ({ x, w, b }: Record<'x' | 'w' | 'b', Plain>) => ({ y: plain(dense(array(x), array(w), array(b))) }),
        vjp: ({ x, w, b, dy }: Record<'x' | 'w' | 'b' | 'dy', Plain>) => {
          const [dx, dw, db] = pulled(wire, (...xs) => dense(...(xs as [A, A, A])), [x, w, b], dy); // as many as are passed
          return { dx, dw, db };
        },
      },
      layer_norm: {
        forward: ({ x, gamma, beta, eps }: Affine) => ({
          y: plain(layerNorm(array(x), array(gamma), array(beta), eps)),
        }),
        vjp: ({ x, gamma, beta, eps, dy }: Affine & { readonly dy: Plain }) => {
          const program = (...xs: A[]): A => layerNorm(...(xs as [A, A, A]), eps); // as many as are passed
          const [dx, dgamma, dbeta] = pulled(wire, program, [x, gamma, beta], dy);
          return { dx, dgamma, dbeta };
        },
      },
    },
    clip: {
      by_value: {
        apply: ({ gradients, limit }: ClipArgs) => ({
          gradients: gradients.map((g) => plain(np.clip(array(g), -limit, limit))),
        }),
      },
    },
  };
};

interface DrawArgs {
  readonly seed: number;
  readonly count: number;
}

/** Of a draw: numbers of a seed, and of each of the keys that a seed is split into. */
const drawn = ({ plain }: Wire, draw: (key: A, shape: readonly number[]) => A) => ({
  sample: ({ seed, count }: DrawArgs) => ({ values: plain(draw(random.key(seed), [count])) }),
  children: ({ seed, n, count }: DrawArgs & { readonly n: number }) => {
    const keys = random.split(random.key(seed), n);
    const streams = Array.from({ length: n }, (_, i) => plain(draw(keys.ref.slice(i), [count])));
    keys.dispose();
    return { streams };
  },
});

export const drawCalls = (wire: Wire) => ({
  random: {
    uniform: drawn(wire, (key, shape) => random.uniform(key, shape)),
    normal: drawn(wire, (key, shape) => random.normal(key, shape)),
    permutation: {
      sample: ({ seed, count }: DrawArgs) => ({
        order: Array.from(random.permutation(random.key(seed), count).dataSync()),
      }),
    },
  },
});
