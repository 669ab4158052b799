// A problem, a variant and a seed, made ready: everything drawn, nothing chosen, and trainings that begin from there.
import {
  batches,
  compile,
  type Data,
  DomainError,
  diagnose,
  evaluate,
  evaluationVariables,
  flatten,
  fold,
  gradOf,
  type Key,
  keyOf,
  type LayerSpec,
  lossOfModel,
  type Model,
  modelOf,
  type NetworkVariables,
  type OptimizerSpec,
  ops,
  optimizerFrom,
  PRETRAININGS,
  pretrained,
  pullback,
  type Rate,
  type RegulariserSpec,
  type Step,
  scalar,
  scan,
  startFrom,
  type Tensor,
  type Transform,
  type Tree,
  takeData,
  trainingStep,
} from '../../src/index.ts';
import { canonical, digestOf, type Variant } from './config.ts';
import { countErrors, type FunctionProblem, GIVEN, type NetworkProblem, type Problem } from './problem.ts';
import { recent } from './recent.ts';
import type { LayerTrace } from './record.ts';

/** A training under way. */
export interface Pass {
  /** Steps on to the one of this number; the losses of the batches on the way, as far as they are looked at. */
  readonly advance: (to: number) => readonly number[];
  /** Loss on all training samples in eval mode, with the penalty that the problem itself has, if any; of a function its value. */
  readonly loss: () => number;
  readonly judged: () => { readonly testLoss: number; readonly score: number };
  /** Those that a step moves, in the order of the layers; of a function its one vector. */
  readonly weights: () => readonly Tensor[];
  /** Of a function: the weights that it is evaluated at. */
  readonly point?: () => readonly number[];
  readonly unitSpread: () => number | null;
  readonly layers: () => readonly LayerTrace[];
  readonly slotsPerParameter: number;
  readonly gradientsPerStep: number;
}

export interface Trial {
  /** Digest of all that was drawn. */
  readonly streams: string;
  /** The score with every test sample wrong. */
  readonly worst: number;
  /** @throws UnknownNameError, DomainError for an optimizer or initializer that does not exist or fit */
  readonly begin: (optimizer: OptimizerSpec, initializer: string, lr: number) => Pass;
}

/** The key of a problem and a seed; a problem keeps its own when others join the table. */
export const keyOfTrial = (problem: string, seed: number): Key =>
  [...problem].reduce((key, letter) => fold(key, letter.codePointAt(0) ?? 0), keyOf(seed));

/** Children of that key: what each is for. */
export const STREAMS = { data: 0, batches: 1, start: 2, samples: 3, look: 4 } as const;

/** Room for what a worker makes for one configuration and may need for the next. */
const STEPS_KEPT = 48;
const TRIALS_KEPT = 12;
const STARTS_KEPT = 32;

/**
 * An optimizer whose learning rate is a value of the step, so that one compiled step serves all rates: rates are
 * multiples of 1, and `lr` multiplies them.
 */
const withRate = <T>({ hyper, ...spec }: OptimizerSpec, lr: T): Transform => {
  // a rate is asked over the carrier of the step alone, which is that of lr
  const by = (() => lr) as unknown as Rate;
  return optimizerFrom({ ...spec, hyper: { ...hyper, lr: 1 } }, by);
};

const count = (tensors: readonly Tensor[]): number => tensors.reduce((n, t) => n + t.view.length, 0);

const bytesOf = (t: Tensor): Uint8Array => new Uint8Array(Float64Array.from(t.view).buffer);

/** What the values of a state are called while it is one list. */
interface Moved {
  readonly state: readonly Tensor[];
  readonly step: number;
}

/** Runs a compiled step over the inputs of a trial. */
const mover = (
  steps: ReturnType<typeof scan>,
  inputsOf: (k: number) => readonly Tensor[],
  fixed: boolean,
  lr: Tensor,
): ((from: Moved, to: number) => { readonly moved: Moved; readonly losses: readonly number[] }) => {
  return ({ state, step }, to) => {
    const n = to - step;
    const inputs = (i: number): readonly Tensor[] => [...inputsOf(step + i), lr];
    const made = fixed
      ? steps.repeat(state, inputs(0), n)
      : steps.over(
          state,
          (function* () {
            for (let i = 0; i < n; i++) yield inputs(i);
          })(),
        );
    return {
      moved: { state: made.state, step: to },
      losses: made.outputs.map(([loss]) => loss?.view[0] ?? Number.NaN),
    };
  };
};

// --- networks ---

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

const networkTrial = async (
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

// --- functions ---

const functionTrial = (
  name: string,
  problem: FunctionProblem,
  variant: Variant,
  seed: number,
  steps: number,
): Trial => {
  if (Object.keys(variant).length > 0)
    throw new DomainError(`sweep: ${name} is a function and has no variants, got ${canonical(variant)}`);
  const key = keyOfTrial(name, seed);
  const { constants = [], seen, box } = problem;
  const w0 = problem.start(fold(key, STREAMS.start));
  const drawn =
    seen === undefined ? [] : Array.from({ length: steps }, (_, k) => seen.draw(fold(key, STREAMS.data), k + 1));
  return {
    streams: digestOf(...[w0, ...drawn].map(bytesOf)),
    worst: Number.POSITIVE_INFINITY,
    begin: (optimizer, initializer, lr) => {
      if (initializer !== GIVEN)
        throw new DomainError(`sweep: ${name} starts by itself, which is called ${GIVEN}, got ${initializer}`);
      const rule = optimizerFrom(optimizer);
      const slots = flatten<Tensor>(rule.init(ops, [w0]) as unknown as Tree<Tensor>); // records of lists
      const step: Step = (o, [w, k, ...rest], inputs) => {
        type T = NonNullable<typeof w>;
        const lr = inputs.at(-1) as T;
        const held = inputs.slice(0, constants.length);
        const noise = inputs.slice(constants.length, -1);
        const at = (point: T) =>
          pullback(
            (lang, xs) => {
              const [p, ...more] = xs as [(typeof xs)[number], ...(typeof xs)[number][]];
              const [fixed, [n]] = [more.slice(0, held.length), more.slice(held.length)];
              return [
                seen === undefined || n === undefined ? problem.value(lang, p, fixed) : seen.value(lang, p, n, fixed),
              ];
            },
            o,
            [point, ...held, ...noise],
            1,
          );
        const slopeOf = (point: T): T => gradOf(o, at(point))[0] as T; // one argument is tracked
        const transform = withRate(optimizer, lr);
        const first = at(w as T);
        const probed = transform.probe?.(o, [w as T], [slopeOf(w as T)]);
        const g = slopeOf(probed?.[0] ?? (w as T));
        const next = o.add(k as T, o.lit(1));
        const own = slots.build(rest) as unknown as Record<string, T[]>; // as it was taken apart
        const [[update], after] = transform.update(o, [g], own, [w as T], next);
        const moved = o.add(w as T, update as T);
        const boxed = box === undefined ? moved : o.minimum(o.maximum(moved, o.lit(box[0])), o.lit(box[1]));
        return { state: [boxed, next, ...flatten<T>(after as unknown as Tree<T>).leaves], outputs: [first.value] };
      };
      const stepping = recent('step', STEPS_KEPT, canonical({ form: name, optimizer }), () => scan(step));
      const move = mover(
        stepping,
        (k) => [...constants, ...(seen === undefined ? [] : [drawn[k] as Tensor])], // one for every step of the budget
        seen === undefined,
        scalar(lr),
      );
      let at: Moved = { state: [w0, scalar(0), ...slots.leaves], step: 0 };
      const point = (): Tensor => {
        const [w, , ...rest] = at.state as [Tensor, ...Tensor[]];
        const own = slots.build(rest) as unknown as Record<string, Tensor[]>;
        return rule.evaluated?.(ops, [w], own)?.[0] ?? w;
      };
      const value = (): number => problem.value(ops, point(), constants).view[0] as number; // a scalar
      return {
        advance: (to) => {
          const { moved, losses } = move(at, to);
          at = moved;
          return losses;
        },
        loss: value,
        point: () => point().toArray(),
        judged: () => ({ testLoss: value(), score: value() }),
        weights: () => at.state.slice(0, 1),
        unitSpread: () => null,
        layers: () => [],
        slotsPerParameter: count(slots.leaves) / Math.max(1, w0.view.length),
        gradientsPerStep: rule.probe === undefined ? 1 : 2,
      };
    },
  };
};

/** The trial of a problem, a variant and a seed; those met last are kept. @throws DomainError for a variant that it has not */
export const trialOf = (
  name: string,
  problem: Problem,
  variant: Variant,
  seed: number,
  steps: number,
): Trial | Promise<Trial> =>
  recent('trial', TRIALS_KEPT, canonical({ name, variant, seed, steps }), () =>
    problem.kind === 'network'
      ? networkTrial(name, problem, variant, seed, steps)
      : functionTrial(name, problem, variant, seed, steps),
  );
