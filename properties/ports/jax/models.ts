// jax-js as a port, part three: programs in every mode of differentiation, and whole networks.
import type { Shape } from '../../../src/index.ts';
import type { AnyLayer, Equation, ForwardArgs, GraphArgs, HvpArgs, NetworkArgs, TangentArgs } from '../../args.ts';
import { camel } from '../../contract.ts';
import { type A, jax, known, type Wire } from './api.ts';
import { ACTIVATIONS, lossNamed, type Parameters } from './elements.ts';
import { dense, layerNorm } from './layers.ts';

const { lax, nn, numpy: np } = jax;
const KEPT = { keepdims: true };

interface Params extends Parameters {
  readonly axes: readonly number[];
  readonly keep: boolean;
  readonly shape: Shape;
}

/** Operations whose meaning the engine offers, broadcasting included. */
const OPS: Readonly<Record<string, (xs: readonly [A, A, A], p: Params) => A>> = {
  ...Object.fromEntries(
    Object.entries(ACTIVATIONS).map(([name, f]) => [camel(name), ([x]: readonly [A, A, A], p: Params) => f(x, p)]),
  ),
  add: ([x, y]) => np.add(x, y),
  sub: ([x, y]) => np.subtract(x, y),
  mul: ([x, y]) => np.multiply(x, y),
  div: ([x, y]) => np.divide(x, y),
  maximum: ([x, y]) => np.maximum(x, y),
  minimum: ([x, y]) => np.minimum(x, y),
  neg: ([x]) => np.negative(x),
  abs: ([x]) => np.abs(x),
  floor: ([x]) => np.floor(x),
  square: ([x]) => np.square(x),
  sqrt: ([x]) => np.sqrt(x),
  exp: ([x]) => np.exp(x),
  expm1: ([x]) => np.expm1(x),
  log: ([x]) => np.log(x),
  log1p: ([x]) => np.log1p(x),
  sign: ([x]) => np.sign(x),
  erf: ([x]) => lax.erf(x),
  erfc: ([x]) => lax.erfc(x),
  where: ([c, x, y]) => np.where(np.notEqual(c, 0), x, y),
  sum: ([x], { axes, keep }) => np.sum(x, axes, { keepdims: keep }),
  max: ([x]) => np.max(x, -1, KEPT),
  logSumExp: ([x]) => nn.logsumexp(x, -1),
  matmul: ([x, y]) => np.matmul(x, y),
  reshape: ([x], { shape }) => np.reshape(x, shape),
  transpose: ([x]) => np.transpose(x),
  expand: ([x], { shape }) => np.broadcastTo(x, shape),
};
export const OP_NAMES = Object.keys(OPS);

/** Owns its inputs, as every function of the engine. */
const programOf =
  (equations: readonly Equation[]) =>
  (...inputs: A[]): A => {
    const values = [...inputs];
    for (const { op, reads, params } of equations) {
      const args = reads.map((i) => values[i]?.ref) as [A, A, A]; // as many as the operation takes, all in range
      values.push(known(OPS, op)(args, params as Params)); // with the parameters it takes
    }
    const last = values.pop() as A; // there is an input at least
    for (const v of values) v.dispose();
    return last;
  };

const allOf = (xs: readonly unknown[]): readonly number[] => [...xs.keys()];
/** ∇f as a function of all inputs. */
const gradient = (f: (...xs: A[]) => A, inputs: readonly unknown[]) => jax.grad(f, { argnums: allOf(inputs) });

/** Every order of modes that reaches H·u: the pullback of ∇f, the tangent of ∇f, the gradient of the tangent of f. */
const HVP: Readonly<
  Record<HvpArgs['mode'], (f: (...xs: A[]) => A, xs: readonly A[], us: readonly A[]) => readonly A[]>
> = {
  reverseOverReverse: (f, xs, us) => {
    const [g, pull] = jax.vjp(gradient(f, xs), xs);
    for (const each of g) each.dispose();
    const products = pull(us);
    pull.dispose();
    return products;
  },
  forwardOverReverse: (f, xs, us) => {
    const [g, products] = jax.jvp(gradient(f, xs), xs, us);
    for (const each of g) each.dispose();
    return products;
  },
  reverseOverForward: (f, xs, us) => {
    const slope = (...ys: A[]): A => {
      const [y, along] = jax.jvp(f, ys, us);
      y.dispose();
      return along;
    };
    return gradient(slope, xs)(...xs);
  },
};

/** A stack as one function of its input and its parameters, which it takes from the list in the order of layers. */
const stack = (layers: readonly AnyLayer[], params: A[], x: A): A => {
  let h = x;
  const next = (): A => params.shift() as A; // as many as the layers have
  for (const layer of layers)
    if (layer.type === 'dense') h = dense(h, next(), next());
    else if (layer.type === 'activation')
      h = known(ACTIVATIONS, layer.name)(h, layer as Parameters); // numbers, by the contract
    else if (layer.type === 'layerNorm') h = layerNorm(h, next(), next(), layer.eps);
    else if (layer.type === 'residual') h = np.add(h.ref, stack(layer.layers, params, h));
    else throw new Error(`@jax-js/jax: this port has no layer ${layer.type} in networks`);
  return h;
};

export const modelCalls = (wire: Wire) => {
  const { array, plain } = wire;
  return {
    model: {
      network: {
        loss_and_grad: ({ layers, loss: name, reduction, params, x, y }: NetworkArgs) => {
          const output = plain(stack(layers, params.map(array), array(x)));
          const lossOf = (...ps: A[]): A => lossNamed(name)(stack(layers, ps, array(x)), array(y), reduction);
          const [loss, gradients] = jax.valueAndGrad(lossOf, { argnums: allOf(params) })(...params.map(array));
          return { loss: plain(loss), output, gradients: gradients.map(plain) };
        },
        forward: ({ layers, params, x }: ForwardArgs) => ({
          output: plain(stack(layers, params.map(array), array(x))),
        }),
      },
    },
    program: {
      graph: {
        forward: ({ equations, inputs }: Omit<GraphArgs, 'dy'>) => ({
          y: plain(programOf(equations)(...inputs.map(array))),
        }),
        vjp: ({ equations, inputs, dy }: GraphArgs) => {
          const [y, pull] = jax.vjp(programOf(equations), inputs.map(array));
          const dinputs = pull(array(dy)).map(plain);
          pull.dispose();
          return { y: plain(y), dinputs };
        },
        jvp: ({ equations, inputs, u }: TangentArgs) => {
          const [y, dy] = jax.jvp(programOf(equations), inputs.map(array), u.map(array));
          return { y: plain(y), dy: plain(dy) };
        },
        hvp: ({ equations, inputs, u, mode }: HvpArgs) => ({
          products: HVP[mode](programOf(equations), inputs.map(array), u.map(array)).map(plain),
        }),
      },
    },
  };
};
