// The built-in port, part five: whole models, and programs as data.
import {
  drawsGiven,
  hvp,
  jvp,
  lossAndGrad,
  modelOf,
  type NetworkVariables,
  networkOf,
  type OpName,
  type Program,
  TautogradError,
  vjp,
} from '../../../src/index.ts';
import type { Equation, ForwardArgs, GraphArgs, HvpArgs, NetworkArgs, TangentArgs } from '../../args.ts';
import { camel } from '../../contract.ts';
import { drawn, listed, placed, specOf } from '../../placing.ts';
import { type Entries, type Kit, verb } from './shared.ts';

/** Over any carrier: tensors for the eager engine, symbols for the compiled one. */
export const modelCalls = <T>({ o: ops, tensor, plain }: Kit<T>) => {
  const variables = ({
    layers,
    params,
    state = [],
  }: Pick<NetworkArgs, 'layers' | 'params' | 'state'>): NetworkVariables<T> => ({
    params: placed(layers, 'params', params.map(tensor)),
    state: placed(layers, 'state', state.map(tensor)),
  });

  const network = (args: NetworkArgs) => {
    const { layers, loss: lossName, reduction, regulariser, uniforms, x, y } = args;
    const model = modelOf({
      layers: layers.map(specOf),
      loss: camel(lossName),
      reduction,
      ...(regulariser === undefined ? {} : { regulariser }),
    });
    const draws = { uniforms: drawn(layers, uniforms).map(tensor) };
    const all = lossAndGrad(ops, model, variables(args), tensor(x), tensor(y), draws);
    return {
      loss: plain(all.loss),
      output: plain(all.output),
      gradients: listed(layers, 'params', all.grads).map(plain),
      ...(args.state === undefined ? {} : { state: listed(layers, 'state', all.state).map(plain) }),
    };
  };

  const forward = (args: ForwardArgs) => {
    const net = networkOf({ layers: args.layers.map(specOf), loss: 'mse' }); // the loss is not asked for
    const draws = drawsGiven(ops, drawn(args.layers, args.uniforms).map(tensor));
    const [output] = net.apply(ops, variables(args), tensor(args.x), { mode: args.mode, draws });
    return { output: plain(output) };
  };

  const refuses = (args: NetworkArgs) => {
    try {
      network(args);
      return { refused: false };
    } catch (error) {
      if (error instanceof TautogradError) return { refused: true };
      throw error;
    }
  };

  /** A program as data, over any carrier: the value of its last equation. */
  const programOf =
    (equations: readonly Equation[]): Program =>
    (o, inputs) => {
      const values = [...inputs];
      for (const { op, reads, params } of equations)
        values.push(
          verb(op as OpName)(
            o,
            reads.map((i) => values[i] as (typeof inputs)[number]),
            params,
          ),
        );
      return values.at(-1) as (typeof inputs)[number];
    };

  return {
    model: { network: { loss_and_grad: network, forward, refuses } },
    program: {
      graph: {
        vjp: ({ equations, inputs, dy }: GraphArgs) => {
          const { value, pull } = vjp(programOf(equations), ops, inputs.map(tensor));
          return { y: plain(value), dinputs: pull(tensor(dy)).map(plain) };
        },
        forward: ({ equations, inputs }: Omit<GraphArgs, 'dy'>) => ({
          y: plain(programOf(equations)(ops, inputs.map(tensor))),
        }),
        jvp: ({ equations, inputs, u }: TangentArgs) => {
          const { value, tangent } = jvp(programOf(equations))(ops, inputs.map(tensor), u.map(tensor));
          return { y: plain(value), dy: plain(tangent) };
        },
        hvp: ({ equations, inputs, u, mode }: HvpArgs) => ({
          products: hvp(programOf(equations), mode)(ops, inputs.map(tensor), u.map(tensor)).map(plain),
        }),
      },
    },
  } satisfies Entries;
};
