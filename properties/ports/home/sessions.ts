// The built-in port, part seven: trainings with interruptions, and numbers through text.
import {
  evaluate,
  evaluationVariables,
  flatten,
  fromJson,
  keyOf,
  load,
  lossOn,
  save,
  setupOf,
  start,
  step,
  type Tensor,
  type Training,
  type TrainingSpec,
  type Tree,
  toJson,
} from '../../../src/index.ts';
import type { SessionArgs } from '../../args.ts';
import { camel, type Plain } from '../../contract.ts';
import { type Entries, plain, tensor } from './shared.ts';

const tensorsOf = (tree: Tree<Tensor>): readonly Plain[] => flatten<Tensor>(tree).leaves.map(plain);

const run = ({ layers, loss, optimizer, hyper, seed, x, y, steps, resumeAt, evaluateAt }: SessionArgs) => {
  const spec: TrainingSpec = {
    model: {
      layers: layers.map((l) => ({ ...l, type: camel(l.type) })) as unknown as TrainingSpec['model']['layers'], // the contract's spelling of the same
      loss: camel(loss),
    },
    optimizer: { name: camel(optimizer), hyper },
    input: x.shape.slice(1),
  };
  const data = { x: tensor(x), y: tensor(y) };
  let setup = setupOf(spec);
  let training: Training = start(setup, keyOf(seed), spec.input);
  const losses: number[] = [];
  for (let k = 1; k <= steps; k++) {
    const next = step(setup, training, data);
    training = next.training;
    losses.push(next.loss);
    if (resumeAt.includes(k)) ({ setup, training } = load(save(spec, training)));
    if (evaluateAt.includes(k)) {
      evaluate(setup.model, evaluationVariables(setup, training), data.x);
      lossOn(setup, training, data);
    }
  }
  const { variables, slots } = training;
  return {
    variables: [...tensorsOf(variables.params), ...tensorsOf(variables.state), ...tensorsOf(slots)],
    losses: { shape: [steps], data: losses },
  };
};

export const sessionCalls = {
  session: {
    training: { run },
    text: {
      round_trip: ({ values }: { values: Plain }) => ({
        values: { shape: values.shape, data: fromJson(toJson(Array.from(values.data))) as readonly number[] }, // numbers were written
      }),
    },
  },
} satisfies Entries;
