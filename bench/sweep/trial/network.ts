// The trial of a network: everything drawn, a variant put between its layers, and trainings that begin from there.
import {
  batches,
  compile,
  type Data,
  diagnose,
  evaluate,
  evaluationVariables,
  flatten,
  fold,
  type Key,
  type LayerSpec,
  lossOfModel,
  type Model,
  modelOf,
  type NetworkVariables,
  optimizerFrom,
  PRETRAININGS,
  pretrained,
  type RegulariserSpec,
  scalar,
  scan,
  startFrom,
  type Tensor,
  type Tree,
  takeData,
  trainingStep,
} from '../../../src/index.ts';
import { canonical, digestOf, type Variant } from '../config.ts';
import { countErrors, type NetworkProblem } from '../problem.ts';
import { recent } from '../recent.ts';
import type { LayerTrace } from '../record.ts';
import { bytesOf, count, keyOfTrial, type Moved, mover, STEPS_KEPT, STREAMS, type Trial, withRate } from './pass.ts';

const hidden = (layers: readonly LayerSpec[]): number => layers.findLastIndex((l) => l.type === 'dense');

/** The layers of a problem with what a variant puts between them. */
const layersOf = (problem: NetworkProblem, { batchNorm, dropRate }: Variant, init: string): readonly LayerSpec[] => {
  const own = problem.layers(init);
  const last = hidden(own);
  return own.flatMap((layer, i): readonly LayerSpec[] => {
    if (i >= last || layer.type !== 'activation') return [layer];
    return [
      ...(batchNorm === true ? [{ type: 'batchNorm' } as const] : []),
      layer,
      ...(dropRate === undefined || dropRate === 0 ? [] : [{ type: 'dropout', dropRate } as const]),
    ];
  });
};

const modelFor = (problem: NetworkProblem, variant: Variant, init: string): Model => {
  return modelOf({
    layers: layersOf(problem, variant, init),
    loss: problem.loss,
    ...penalised(variant.l2 ?? problem.l2 ?? 0),
  });
};
const penalised = (l2: number): { readonly regulariser?: RegulariserSpec } => (l2 === 0 ? {} : { regulariser: { l2 } });

/** Largest minus smallest along each row of a matrix; the largest of them. */
const widest = (rows: Tensor): number => {
  const units = rows.shape.at(-1) ?? 0;
  const { view } = rows;
  let most = 0;
  for (let at = 0; at < view.length; at += units) {
    let [low, high] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
    for (let j = 0; j < units; j++) {
      const v = view[at + j] as number;
      if (Number.isNaN(v)) return Number.POSITIVE_INFINITY;
      low = Math.min(low, v);
      high = Math.max(high, v);
    }
    most = Math.max(most, high - low);
  }
  return most;
};

/** How far apart the hidden units of a network are: exactly 0 while their symmetry is unbroken. */
export const unitSpread = ({ params }: NetworkVariables<Tensor>): number | null => {
  const layers = params.filter((layer) => Object.keys(layer).length > 0).slice(0, -1);
  return layers.length === 0 ? null : Math.max(...layers.flatMap((layer) => Object.values(layer).map(widest)));
};

const traceOf = (model: Model, variables: NetworkVariables<Tensor>, batch: Data, key: Key): readonly LayerTrace[] =>
  diagnose(model, variables, batch, { key }).layers.map((layer) => {
    const sizes = count(Object.values(variables.params[layer.place] ?? {}));
    const norms = Object.values(layer.params);
    return {
      layer: `${layer.place} ${layer.layer}`,
      ratio: layer.ratio,
      gradient: norms.length === 0 ? null : Math.hypot(...norms) / Math.sqrt(sizes),
      mean: layer.mean,
      deviation: Math.sqrt(layer.variance),
      saturated: layer.saturated,
      dead: layer.dead,
    };
  });

/** Samples that signals and slopes are looked at with. */
const PROBE = 64;

/** Starts that a worker keeps. */
const STARTS_KEPT = 32;

/** Of a network: data, batches, start and samples drawn, and trainings from there. */
export const networkTrial = async (
  name: string,
  problem: NetworkProblem,
  variant: Variant,
  seed: number,
  steps: number,
): Promise<Trial> => {
  const key = keyOfTrial(name, seed);
  const parts = await problem.data(fold(key, STREAMS.data));
  const { test } = parts;
  const all = parts.train.x.shape[0] ?? 0;
  const kept = Math.min(variant.samples ?? all, all);
  const train =
    kept === all
      ? parts.train
      : takeData(
          parts.train,
          Array.from({ length: kept }, (_, i) => i),
        );
  const batch = variant.batch ?? problem.batch;
  const fixed = batch === 'full' || batch >= kept;
  const size = fixed ? kept : batch;
  const plan = {
    size,
    epochs: Math.ceil(steps / Math.floor(kept / size)),
    key: fold(key, STREAMS.batches),
    last: 'drop',
  } as const;
  const order = fixed ? [train] : [...batches(train, plan)].slice(0, steps);
  const startKey = fold(key, STREAMS.start);
  const input = train.x.shape.slice(1);
  const probe = takeData(
    train,
    Array.from({ length: Math.min(PROBE, kept) }, (_, i) => i),
  );
  const streams = digestOf(
    ...[train, test, ...order].flatMap(({ x, y }) => [bytesOf(x), bytesOf(y)]),
    String(startKey),
  );
  const dropping = layersOf(problem, variant, 'zeros').some((layer) => layer.type === 'dropout');
  const form = canonical({ name, variant });

  const startOf = (initializer: string): { readonly model: Model; readonly variables: NetworkVariables<Tensor> } =>
    recent('start', STARTS_KEPT, canonical({ form, seed, initializer }), () => {
      const looks = initializer in PRETRAININGS;
      const model = modelFor(problem, variant, looks ? 'zeros' : initializer);
      const { variables } = model.network.init(startKey, input);
      if (!looks) return { model, variables };
      return { model, variables: pretrained(model, variables, train.x, fold(key, STREAMS.look), initializer) };
    });

  const samples = test.x.shape[0] ?? 0;
  return {
    streams,
    worst: problem.score?.of(samples, samples) ?? Number.POSITIVE_INFINITY,
    begin: (optimizer, initializer, lr) => {
      const { model, variables } = startOf(initializer);
      const rule = optimizerFrom(optimizer);
      const setup = { model, optimizer: rule };
      const training = startFrom(setup, startKey, variables);
      const { state, training: trainingOf } = trainingStep(setup, training);
      // dropout draws by the key of the training, which is written into the step
      const machine = canonical({ form, optimizer, ...(dropping ? { seed } : {}) });
      const stepping = recent('step', STEPS_KEPT, machine, () =>
        scan((o, now, [x, y, rate]) =>
          trainingStep({ model, optimizer: withRate(optimizer, rate) }, training).step(o, now, [
            x,
            y,
          ] as (typeof now)[number][]),
        ),
      );
      const lossAt = recent('loss', STEPS_KEPT, form, () => {
        const tree = flatten<Tensor>(variables as unknown as Tree<Tensor>); // records and lists of tensors
        const n = tree.leaves.length;
        const { regulariser: _, ...bare } = model.spec;
        const own = { ...bare, ...penalised(problem.l2 ?? 0) };
        return compile((o, xs) => {
          const built = tree.build(xs.slice(0, n)) as unknown as NetworkVariables<(typeof xs)[number]>; // as it was taken apart
          const [x, y] = xs.slice(n) as [(typeof xs)[number], (typeof xs)[number]];
          return [own, bare].map((spec) => lossOfModel(o, spec, model.network, built, x, y, { mode: 'eval' }).loss);
        });
      });
      const move = mover(
        stepping,
        (k) => {
          const { x, y } = order[fixed ? 0 : k] as Data; // a batch for every step of the budget
          return [x, y];
        },
        fixed,
        scalar(lr),
      );
      let at: Moved = { state, step: 0 };
      const now = (): NetworkVariables<Tensor> => evaluationVariables(setup, trainingOf(at.state));
      const lossesOn = ({ x, y }: Data): readonly number[] => {
        const { leaves } = flatten<Tensor>(now() as unknown as Tree<Tensor>); // as above
        return lossAt([...leaves, x, y]).map((loss) => loss.view[0] as number); // scalars
      };
      return {
        advance: (to) => {
          const { moved, losses } = move(at, to);
          at = moved;
          return losses;
        },
        loss: () => lossesOn(train)[0] ?? Number.NaN,
        judged: () => {
          const testLoss = lossesOn(test)[1] ?? Number.NaN;
          if (problem.score === undefined) return { testLoss, score: testLoss };
          return { testLoss, score: problem.score.of(countErrors(evaluate(model, now(), test.x), test), samples) };
        },
        weights: () => flatten<Tensor>(trainingOf(at.state).variables.params).leaves,
        unitSpread: () => unitSpread(now()),
        layers: () => traceOf(model, now(), probe, startKey),
        slotsPerParameter:
          count(Object.values(training.slots).flat()) / Math.max(1, count(flatten<Tensor>(variables.params).leaves)),
        gradientsPerStep: rule.probe === undefined ? 1 : 2,
      };
    },
  };
};
