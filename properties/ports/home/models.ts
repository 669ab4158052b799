// The built-in port, part five: whole models, and programs as data.
import {
  lossAndGrad,
  modelOf,
  type Named,
  type OpName,
  ops,
  type Program,
  type Tensor,
  vjp,
} from '../../../src/index.ts';
import type { Equation, GraphArgs, ModelArgs } from '../../args.ts';
import { camel, type Plain } from '../../contract.ts';
import { type Entries, plain, tensor, verb } from './shared.ts';

/** Layers in the contract's spelling, with the parameters put where they belong. */
const network = ({ layers, loss: lossName, reduction, params, x, y }: ModelArgs) => {
  const spec = {
    layers: layers.map((l) => (l.type === 'activation' ? { ...l, name: camel(l.name) } : l)),
    loss: camel(lossName),
    reduction,
  };
  let next = 0;
  const own = layers.map((l): Named<Tensor> => {
    if (l.type !== 'dense') return {};
    const [w, b] = params.slice(next, next + 2) as [Plain, Plain]; // two per dense layer, as the contract says
    next += 2;
    return { w: tensor(w), b: tensor(b) };
  });
  const all = lossAndGrad(ops, modelOf(spec), { params: own, state: own.map(() => ({})) }, tensor(x), tensor(y));
  const gradients = all.grads.flatMap((g) => (g.w === undefined || g.b === undefined ? [] : [plain(g.w), plain(g.b)]));
  return { loss: plain(all.loss), output: plain(all.output), gradients };
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

export const modelCalls = {
  model: { network: { loss_and_grad: network } },
  program: {
    graph: {
      vjp: ({ equations, inputs, dy }: GraphArgs) => {
        const { value, pull } = vjp(programOf(equations), ops, inputs.map(tensor));
        return { y: plain(value), dinputs: pull(tensor(dy)).map(plain) };
      },
    },
  },
} satisfies Entries;
