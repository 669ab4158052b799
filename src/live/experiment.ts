// From settings to a training under way, compiled where the host can, and what is seen of it: no clock and no page in here.
import type { Parts } from '../../bench/data.ts';
import {
  ACTIVATIONS,
  accuracyOn,
  batches,
  compile,
  type Data,
  type Diagnosis,
  diagnose,
  drift,
  evaluationVariables,
  flatten,
  fold,
  keyOf,
  type Lang,
  type LayerReport,
  type LayerSpec,
  layerOf,
  lookup,
  lossOn,
  type Model,
  modelOf,
  type Named,
  type NetworkVariables,
  ops,
  optimizerOf,
  type Setup,
  scalar,
  scan,
  signalMoments,
  start,
  step,
  symmetryOf,
  Tensor,
  type Training,
  takeData,
  trainingStep,
} from '../index.ts';
import { type Frame, PLANES } from './planes.ts';
import { paramsOf, type Settings } from './settings.ts';

/** Points along a side of the picture of the whole network, and of one unit. */
export const SIDE = 64;
export const TILE = 16;
/** Units of a layer that are drawn. */
export const TILES = 8;
/** Samples that gradients and signals are measured on. */
const PROBE = 64;

/** What one block of layers (a dense one with all up to the next) does. */
export interface LayerView {
  /** Number of the hidden layer from 1; 0 is the output. */
  readonly place: number;
  readonly units: number;
  /** ‖∂loss/∂w‖₂ over its weights. */
  readonly gradient: number;
  /** Of the slope that arrives, against that of the output. */
  readonly verdict: LayerReport['verdict'];
  /** Of all numbers that leave it. */
  readonly mean: number;
  readonly deviation: number;
  readonly saturated: number | null;
  readonly dead: number | null;
  /** How far its mean has moved since the beginning, in deviations of then. */
  readonly moved: number;
  /** Units that are no copies of each other; null for the output. */
  readonly distinct: number | null;
}

export interface Scores {
  readonly loss: number;
  readonly accuracy: number;
}

/** All that is shown of a training at one time. */
export interface Snapshot {
  readonly k: number;
  readonly train: Scores;
  readonly test: Scores;
  readonly layers: readonly LayerView[];
  /** Probability of class 1 at SIDE × SIDE points, from the upper left, line by line. */
  readonly field: Float32Array<ArrayBuffer>;
  /** What leaves the first units of each hidden layer at TILE × TILE points, unit by unit. */
  readonly tiles: Float32Array<ArrayBuffer>;
}

export interface Experiment {
  readonly parts: Parts;
  readonly frame: Frame;
  /** Whether its steps are compiled to WebAssembly. */
  readonly compiled: boolean;
  /** Weights and other numbers that are learnt. */
  readonly parameters: number;
  /** Steps made so far. */
  readonly k: () => number;
  readonly advance: (steps: number) => void;
  readonly training: () => Training;
  readonly snapshot: () => Snapshot;
}

/** The layers that settings mean: dense, batch normalisation, activation, dropout; and one unit that is the logit. */
export const layersOf = (s: Settings): readonly LayerSpec[] => {
  const activation = lookup(Object.fromEntries(ACTIVATIONS.map((a) => [a, a])), 'activation', s.activation);
  return [
    ...Array.from({ length: s.depth }).flatMap((): readonly LayerSpec[] => [
      { type: 'dense', units: s.width, init: s.init },
      ...(s.batchNorm === 1 ? [{ type: 'batchNorm' } as const] : []),
      { type: 'activation', name: s.activation, ...paramsOf(activation) },
      ...(s.dropRate === 0 ? [] : [{ type: 'dropout', dropRate: s.dropRate } as const]),
    ]),
    { type: 'dense', units: 1, init: s.init },
  ];
};

/** What learns. @throws UnknownNameError, DomainError as the engine's own */
export const setupOf = (s: Settings): Setup => ({
  model: modelOf({
    layers: layersOf(s),
    loss: 'bceWithLogits',
    ...(s.l2 === 0 ? {} : { regulariser: { l2: s.l2 } }),
  }),
  optimizer: optimizerOf(s.optimizer, { lr: s.lr }),
});

/** Whether programs can be compiled here: some hosts have no vectors, some forbid it. */
export const canCompile = (): boolean => {
  try {
    compile((o, [x]) => [o.neg(x as NonNullable<typeof x>)])([scalar(1)]);
    return true;
  } catch {
    return false;
  }
};

/** Points of a square in lines from the upper left. */
const gridOf = ({ centre: [cx, cy], reach }: Frame, side: number): Tensor =>
  Tensor.from(
    [side * side, 2],
    Array.from({ length: side * side }, (_, i) => {
      const [across, down] = [i % side, Math.floor(i / side)].map((j) => ((2 * j + 1) / side - 1) * reach) as [
        number,
        number,
      ];
      return [cx + across, cy - down];
    }).flat(),
  );

/** What leaves every activation, and the output last, in eval mode. */
const signals = <T>(o: Lang<T>, { spec }: Model, { params, state }: NetworkVariables<T>, x: T): readonly T[] => {
  const shown: T[] = [];
  let y = x;
  spec.layers.forEach((layer, i) => {
    y = layerOf(layer).apply(o, { params: params[i] ?? {}, state: state[i] ?? {} }, y, { mode: 'eval' })[0];
    if (layer.type === 'activation') shown.push(y);
  });
  return [...shown, y];
};

type Reader = (variables: NetworkVariables<Tensor>, x: Tensor) => readonly Tensor[];
type Tree = Parameters<typeof flatten<Tensor>>[0];

/** A pure function of variables and points, compiled or not. */
const readerOf = (
  like: NetworkVariables<Tensor>,
  compiled: boolean,
  f: <T>(o: Lang<T>, variables: NetworkVariables<T>, x: T) => readonly T[],
): Reader => {
  // variables are nothing but records and lists of values
  const treeOf = (v: NetworkVariables<Tensor>): Tree => v as unknown as Tree;
  const { build } = flatten<Tensor>(treeOf(like));
  const pure = <T>(o: Lang<T>, xs: readonly T[]): readonly T[] =>
    f(o, build(xs.slice(0, -1)) as unknown as NetworkVariables<T>, xs.at(-1) as T); // points come last
  const run = compiled ? compile(pure) : (xs: readonly Tensor[]) => pure(ops, xs);
  return (variables, x) => run([...flatten<Tensor>(treeOf(variables)).leaves, x]);
};

/** Steps over batches that never end; `from` are steps already made. */
const stepsOf = (s: Settings, setup: Setup, from: Training, train: Data, compiled: boolean) => {
  const n = train.x.shape[0] ?? 0;
  const stream = batches(train, {
    size: Math.min(s.batch, n),
    epochs: Number.POSITIVE_INFINITY,
    key: fold(keyOf(s.seed), 2),
  });
  const next = (): Data => stream.next().value as Data; // without an end
  const whole = s.batch >= n;
  if (!compiled) {
    let training = from;
    const advance = (count: number): void => {
      for (let i = 0; i < count; i++) training = step(setup, training, whole ? train : next()).training;
    };
    return { advance, training: () => training };
  }
  const { step: own, state: first, training } = trainingStep(setup, from);
  const machine = scan(own);
  let state = first;
  const inputs = ({ x, y }: Data): readonly Tensor[] => [x, y];
  const advance = (count: number): void => {
    state = whole
      ? machine.repeat(state, inputs(train), count).state
      : machine.over(
          state,
          Array.from({ length: count }, () => inputs(next())),
        ).state;
  };
  return { advance, training: () => training(state) };
};

const isDense = (l: LayerSpec): boolean => l.type === 'dense';

/** A training at its beginning. @throws TautogradError where the engine refuses the settings */
export const experimentOf = (s: Settings, compiled = canCompile()): Experiment => {
  const { frame, draw } = lookup(PLANES, 'problem', s.data);
  const key = keyOf(s.seed);
  const parts: Parts = {
    train: draw(fold(fold(key, 0), 0), s.samples, s.noise),
    test: draw(fold(fold(key, 0), 1), s.samples, s.noise),
  };
  const setup = setupOf(s);
  const { model } = setup;
  const first = start(setup, fold(key, 1), [2]);
  const { advance, training } = stepsOf(s, setup, first, parts.train, compiled);
  const probe = takeData(
    parts.train,
    Array.from({ length: Math.min(PROBE, s.samples) }, (_, i) => i),
  );
  const before = signalMoments(model, first.variables, probe.x, { key: first.key });
  const probability = readerOf(first.variables, compiled, (o, v, x) => [
    o.sigmoid(model.network.apply(o, v, x, { mode: 'eval' })[0]),
  ]);
  const unitsAt = readerOf(first.variables, compiled, (o, v, x) => signals(o, model, v, x).slice(0, -1));
  const [fine, coarse] = [gridOf(frame, SIDE), gridOf(frame, TILE)];
  const places = model.spec.layers.flatMap((l, i) => (isDense(l) ? [i] : []));

  const layersAt = ({ variables, k, key: draws }: Training, { layers }: Diagnosis): readonly LayerView[] => {
    const moves = drift(before, signalMoments(model, variables, probe.x, { key: draws, k }));
    const symmetry = symmetryOf(model, variables.params);
    return places.map((place, i): LayerView => {
      const end = places[i + 1] ?? layers.length;
      const shows = model.spec.layers.findIndex((l, j) => j > place && j < end && l.type === 'activation');
      const dense = layers[place] as LayerReport; // one of each layer
      const left = layers[shows < 0 ? place : shows] as LayerReport;
      return {
        place: i === places.length - 1 ? 0 : i + 1,
        units: variables.params[place]?.b?.view.length ?? 0,
        gradient: dense.params.w ?? 0,
        // its weights learn from what arrives, which is what the next one receives
        verdict: layers[places[i + 1] ?? -1]?.verdict ?? (Number.isFinite(dense.slope) ? 'healthy' : 'not finite'),
        mean: left.mean,
        deviation: Math.sqrt(left.variance),
        saturated: left.saturated,
        dead: left.dead,
        moved: moves[left.place]?.mean ?? 0,
        distinct: symmetry[i]?.distinct ?? null,
      };
    });
  };
  const scores = (at: Training, data: Data): Scores => ({
    loss: lossOn(setup, at, data),
    accuracy: accuracyOn(setup, at, data),
  });
  return {
    parts,
    frame,
    compiled,
    parameters: first.variables.params.reduce((n, p) => n + sizeOf(p), 0),
    k: () => training().k,
    advance,
    training,
    snapshot: () => {
      const at = training();
      const variables = evaluationVariables(setup, at);
      const seen = diagnose(model, at.variables, probe, { key: at.key, k: at.k });
      return {
        k: at.k,
        train: scores(at, parts.train),
        test: scores(at, parts.test),
        layers: layersAt(at, seen),
        field: Float32Array.from(probability(variables, fine)[0]?.view ?? []),
        tiles: tilesOf(unitsAt(variables, coarse)),
      };
    },
  };
};

const sizeOf = (params: Named<Tensor>): number => Object.values(params).reduce((n, t) => n + t.view.length, 0);

/** The first units of layers [points, units], unit by unit. */
const tilesOf = (layers: readonly Tensor[]): Float32Array<ArrayBuffer> => {
  const all = layers.map((t) => ({ view: t.view, units: t.shape[1] ?? 0 }));
  const area = TILE * TILE;
  const out = new Float32Array(all.reduce((n, { units }) => n + Math.min(TILES, units) * area, 0));
  let at = 0;
  for (const { view, units } of all)
    for (let j = 0; j < Math.min(TILES, units); j++)
      for (let i = 0; i < area; i++) out[at++] = view[i * units + j] as number; // in range: one row per point
  return out;
};
