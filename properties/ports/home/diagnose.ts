// The built-in port, part seven: diagnosis.
import {
  diagnose,
  type Model,
  modelOf,
  type Named,
  type NetworkVariables,
  ops,
  symmetryOf,
  Tensor,
} from '../../../src/index.ts';
import type { ModelArgs } from '../../args.ts';
import { camel } from '../../contract.ts';
import { type Entries, tensor } from './shared.ts';

type Net = Pick<ModelArgs, 'layers' | 'params'> & Partial<ModelArgs>;

/** A network of the contract as a model with its variables. */
const modelFrom = ({
  layers,
  params,
  loss = 'mse',
  reduction = 'sum',
}: Net): { readonly model: Model; readonly variables: NetworkVariables<Tensor> } => {
  const model = modelOf({
    layers: layers.map((l) => (l.type === 'activation' ? { ...l, name: camel(l.name) } : l)),
    loss: camel(loss),
    reduction,
  });
  const rest = params.map(tensor);
  const own = layers.map((l): Named<Tensor> => {
    if (l.type !== 'dense') return {};
    const [w, b] = rest.splice(0, 2) as [Tensor, Tensor]; // two per dense layer, as the contract says
    return { w, b };
  });
  return { model, variables: { params: own, state: own.map(() => ({})) } };
};

export const diagnoseCalls = {
  diagnosis: {
    network: {
      slopes: (args: ModelArgs) => {
        const { model, variables } = modelFrom(args);
        const { layers } = diagnose(model, variables, { x: tensor(args.x), y: tensor(args.y) });
        return {
          slopes: layers.map((l) => l.slope),
          ratios: layers.map((l) => l.ratio),
          verdicts: layers.map((l) => l.verdict),
          parameters: layers.flatMap(({ params: { w, b } }) => (w === undefined || b === undefined ? [] : [w, b])),
        };
      },
      signals: (args: Pick<ModelArgs, 'layers' | 'params' | 'x'>) => {
        const { model, variables } = modelFrom(args);
        const x = tensor(args.x);
        // the signals do not depend on a target: any of the right shape will do
        const y = Tensor.build(model.network.apply(ops, variables, x, { mode: 'eval' })[0].shape, () => {});
        const { layers } = diagnose(model, variables, { x, y });
        return {
          means: layers.map((l) => l.mean),
          variances: layers.map((l) => l.variance),
          saturated: layers.flatMap((l) => (l.dead === null ? [] : [l.saturated ?? 0])),
          dead: layers.flatMap((l) => (l.dead === null ? [] : [l.dead])),
        };
      },
      symmetry: (args: Pick<ModelArgs, 'layers' | 'params'>) => {
        const { model, variables } = modelFrom(args);
        return { distinct: symmetryOf(model, variables.params).map((s) => s.distinct) };
      },
    },
  },
} satisfies Entries;
