// How the course trains: compiled steps from a start by seed, on whole batches or on mini-batches.
import {
  batches,
  compiledSteps,
  type Data,
  type Hyper,
  keyOf,
  type LayerSpec,
  type ModelSpec,
  modelOf,
  optimizerOf,
  type Setup,
  scan,
  split,
  start,
  Tensor,
  type Training,
  trainingStep,
} from '../../src/index.ts';

/** A model and an optimizer by name. */
export const setupOf = (spec: ModelSpec, optimizer: string, hyper: Hyper): Setup => ({
  model: modelOf(spec),
  optimizer: optimizerOf(optimizer, hyper),
});

/** Weights of a seed, for samples like these. */
export const startOf = (setup: Setup, seed: number, { x }: Data): Training =>
  start(setup, keyOf(seed), x.shape.slice(1));

/** So many steps on the same batch; tells the loss before the last of them. */
export const descend = (
  setup: Setup,
  from: Training,
  { x, y }: Data,
  steps: number,
): { readonly training: Training; readonly loss: number } => {
  const { step, state, training } = trainingStep(setup, from);
  const end = scan(step).repeat(state, [x, y], steps);
  return { training: training(end.state), loss: end.outputs.at(-1)?.[0]?.view[0] ?? Number.NaN };
};

/** Every so many steps on the same batch, the training there and the loss before its last step; ready to go on. */
export function* watched(setup: Setup, from: Training, { x, y }: Data, every: number) {
  const { step, state, training } = trainingStep(setup, from);
  const under = scan(step).start(state, [x, y]);
  for (let k = every; ; k += every) {
    under.run(every);
    yield { k, training: training(under.state()), loss: under.outputs()[0]?.view[0] as number }; // a scalar
  }
}

/** Mini-batches of a seed, the same for every setup; a last one that is smaller is left out. */
export const learn = (
  setup: Setup,
  from: Training,
  data: Data,
  { size, epochs, seed }: { readonly size: number; readonly epochs: number; readonly seed: number },
): { readonly training: Training; readonly losses: readonly number[] } => {
  const [key] = split(keyOf(seed), 2) as [ReturnType<typeof keyOf>]; // as many as asked for
  return compiledSteps(setup, from, batches(data, { size, epochs, key, last: 'drop' }));
};

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
