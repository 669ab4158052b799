// How the course trains: compiled steps from a start by seed, on whole batches or on mini-batches.
import {
  batches,
  type Data,
  fold,
  type Hyper,
  keyOf,
  type LayerSpec,
  type ModelSpec,
  modelOf,
  optimizerOf,
  type Scan,
  type Setup,
  scan,
  startFrom,
  Tensor,
  type Training,
  trainingStep,
} from '../../src/index.ts';

/** A model and an optimizer by name. */
export const setupOf = (spec: ModelSpec, optimizer: string, hyper: Hyper): Setup => ({
  model: modelOf(spec),
  optimizer: optimizerOf(optimizer, hyper),
});

/** Weights of a seed, for samples like these; what dropout draws is of a seed of its own, so that others share their program. */
export const startOf = (setup: Setup, seed: number, { x }: Data, drawSeed = 0): Training =>
  startFrom(setup, keyOf(drawSeed), setup.model.network.init(keyOf(seed), x.shape.slice(1)).variables);

const compiled = new WeakMap<Setup, Map<string, Scan>>();
/** The step of a setup, compiled once for all trainings that draw alike. */
const scanOf = (setup: Setup, from: Training): Scan => {
  const known = compiled.get(setup) ?? new Map<string, Scan>();
  const key = from.key.join();
  const made = known.get(key) ?? scan(trainingStep(setup, from).step);
  compiled.set(setup, known.set(key, made));
  return made;
};

/** A training, and the loss before its last step. */
export interface Trained {
  readonly training: Training;
  readonly loss: number;
}

/** So many steps on the same batch. */
export const descend = (setup: Setup, from: Training, { x, y }: Data, steps: number): Trained => {
  const { state, training } = trainingStep(setup, from);
  const end = scanOf(setup, from).repeat(state, [x, y], steps);
  return { training: training(end.state), loss: end.outputs.at(-1)?.[0]?.view[0] ?? Number.NaN };
};

/** The same, told every so many steps, without the first. */
export const watched = (
  setup: Setup,
  from: Training,
  data: Data,
  { every, steps }: { readonly every: number; readonly steps: number },
): readonly (Trained & { readonly k: number })[] => {
  let training = from;
  return Array.from({ length: Math.ceil(steps / every) }, (_, i) => {
    const at = descend(setup, training, data, every);
    training = at.training;
    return { ...at, k: (i + 1) * every };
  });
};

/** Epochs of mini-batches of a seed, the same for every setup; a last one that is smaller is left out. */
export const learn = (
  setup: Setup,
  from: Training,
  data: Data,
  { size, epochs, seed }: { readonly size: number; readonly epochs: number; readonly seed: number },
): { readonly training: Training; readonly losses: readonly number[] } => {
  const { state, training } = trainingStep(setup, from);
  const all = batches(data, { size, epochs, key: fold(keyOf(seed), BATCHES), last: 'drop', from: from.k });
  const inputs = function* () {
    for (const { x, y } of all) yield [x, y];
  };
  const end = scanOf(setup, from).over(state, inputs());
  return { training: training(end.state), losses: end.outputs.map(([loss]) => loss?.view[0] as number) }; // a scalar
};
/** The child of a seed's key that orders samples; layers have the children counted from 0. */
const BATCHES = 2 ** 31;

/** Hidden layers of one kind, one behind another, and a dense layer behind them. */
export const deep = (
  depth: number,
  width: number,
  out: number,
  {
    activation,
    init,
    batchNorm = false,
  }: { readonly activation: string; readonly init: string; readonly batchNorm?: boolean },
): readonly LayerSpec[] => [
  ...Array.from({ length: depth }, (): readonly LayerSpec[] => [
    { type: 'dense', units: width, init },
    ...(batchNorm ? [{ type: 'batchNorm' } as const] : []),
    { type: 'activation', name: activation },
  ]).flat(),
  { type: 'dense', units: out, init },
];

/** The corners of the unit square, and a label for each: from 0 0 over 0 1 and 1 0 to 1 1. */
export const CORNERS = Tensor.from([4, 2], [0, 0, 0, 1, 1, 0, 1, 1]);
export const cornersWith = (labels: readonly number[]): Data => ({ x: CORNERS, y: Tensor.from([4, 1], labels) });
