// The built-in port, part six: training as a fold, with its saves and batches.

import type { Hyper } from '../../../src/index.ts';
import {
  batches,
  type Data,
  evaluate,
  type FitOptions,
  fit,
  keyOf,
  type LayerSpec,
  load,
  type ModelSpec,
  modelOf,
  type Named,
  networkOf,
  optimizerFrom,
  pretrained,
  type Reduction,
  type Setup,
  save,
  startFrom,
  Tensor,
  type Training,
  type TrainingSpec,
} from '../../../src/index.ts';
import { camel, type Plain } from '../../contract.ts';
import { type Entries, plain, tensor } from './shared.ts';

/** A layer in the contract's spelling. */
type Layer =
  | { readonly type: 'dense'; readonly units: number; readonly init?: string; readonly gain?: number }
  | { readonly type: 'activation'; readonly name: string }
  | { readonly type: 'batch_norm'; readonly eps: number; readonly momentum: number }
  | { readonly type: 'dropout'; readonly dropRate: number };

interface Batch {
  readonly x: Plain;
  readonly y: Plain;
}

interface FitArgs {
  readonly layers: readonly Layer[];
  readonly loss: string;
  readonly reduction: Reduction;
  readonly params: readonly Plain[];
  readonly optimizer: string;
  readonly hyper: Hyper;
  readonly batches: readonly Batch[];
  readonly seed: number;
}

interface IndicesArgs {
  readonly samples: number;
  readonly size: number;
  readonly epochs: number;
  readonly seed: number;
  readonly last: 'keep' | 'drop';
  readonly from: number;
}

interface LsuvArgs {
  readonly layers: readonly Layer[];
  readonly params: readonly Plain[];
  readonly x: Plain;
  readonly tolerance: number;
  readonly post: boolean;
  readonly seed: number;
}

const data = ({ x, y }: Batch): Data => ({ x: tensor(x), y: tensor(y) });

const specOf = (layer: Layer): LayerSpec =>
  layer.type === 'batch_norm'
    ? { type: 'batchNorm', eps: layer.eps, momentum: layer.momentum }
    : layer.type === 'activation'
      ? { ...layer, name: camel(layer.name) }
      : layer.type === 'dense' && layer.init !== undefined
        ? { ...layer, init: camel(layer.init) }
        : layer;

/** Names of a layer's parameters in the contract's order. */
const LEAVES: Readonly<Record<Layer['type'], readonly string[]>> = {
  dense: ['w', 'b'],
  batch_norm: ['gamma', 'beta'],
  activation: [],
  dropout: [],
};

/** Parameters put where they belong, and running statistics at their start. */
const variablesOf = (layers: readonly Layer[], params: readonly Plain[]) => {
  const rest = params.map(tensor);
  const own = layers.map(
    (l): Named<Tensor> => Object.fromEntries(LEAVES[l.type].map((name) => [name, rest.shift() as Tensor])), // as many as the contract says
  );
  const state = layers.map((l, i): Named<Tensor> => {
    const like = own[i]?.gamma;
    if (l.type !== 'batch_norm' || like === undefined) return {};
    return { mean: Tensor.build(like.shape, () => {}), variance: Tensor.build(like.shape, (out) => out.fill(1)) };
  });
  return { params: own, state };
};

const leavesOf = (layers: readonly Layer[], all: readonly Named<Tensor>[]): readonly Plain[] =>
  layers.flatMap((l, i) => LEAVES[l.type].map((name) => plain(all[i]?.[name] as Tensor)));
const statisticsOf = (all: readonly Named<Tensor>[]): readonly Plain[] =>
  all.flatMap(({ mean, variance }) =>
    mean === undefined || variance === undefined ? [] : [plain(mean), plain(variance)],
  );

const prepared = (a: FitArgs): { readonly spec: TrainingSpec; readonly setup: Setup; readonly from: Training } => {
  const model: ModelSpec = { layers: a.layers.map(specOf), loss: camel(a.loss), reduction: a.reduction };
  const optimizer = { name: camel(a.optimizer), hyper: a.hyper };
  const setup = { model: modelOf(model), optimizer: optimizerFrom(optimizer) };
  const [first] = a.params;
  return {
    spec: { model, optimizer, input: [first?.shape[0] ?? 1] },
    setup,
    from: startFrom(setup, keyOf(a.seed), variablesOf(a.layers, a.params)),
  };
};

/** A fit, and what it had reached after each of its steps: the fits of as many batches. */
const trace = (setup: Setup, layers: readonly Layer[], from: Training, all: readonly Batch[], options: FitOptions) => {
  const whole = fit(setup, from, all.map(data), options);
  const reached = whole.losses.map(
    (_, i) => fit(setup, from, all.slice(0, i + 1).map(data), options).training.variables,
  );
  return {
    end: whole.training,
    answer: {
      params: reached.map((v) => leavesOf(layers, v.params)),
      state: reached.map((v) => statisticsOf(v.state)),
      losses: [...whole.losses],
      final: leavesOf(layers, whole.training.variables.params),
      evaluations: whole.evaluations.map((e) => e.loss),
    },
  };
};

const fitted = (a: FitArgs, options: FitOptions = {}) => {
  const { setup, from } = prepared(a);
  return trace(setup, a.layers, from, a.batches, options).answer;
};

export const trainingCalls = {
  training: {
    network: {
      init: ({ layers, inputs, seed }: { layers: readonly Layer[]; inputs: number; seed: number }) => {
        const { variables } = networkOf({ layers: layers.map(specOf), loss: 'mse' }).init(keyOf(seed), [inputs]);
        return { params: leavesOf(layers, variables.params) };
      },
      lsuv: ({ layers, params, x, tolerance, post, seed }: LsuvArgs) => {
        const model = modelOf({ layers: layers.map(specOf), loss: 'mse' });
        const hyper = { tolerance, post: Number(post) };
        const made = pretrained(model, variablesOf(layers, params), tensor(x), keyOf(seed), 'lsuv', hyper);
        return { params: leavesOf(layers, made.params) };
      },
      fit: (a: FitArgs) => fitted(a),
      fit_watched: (a: FitArgs & { validation: Batch; stopAt: number }) =>
        fitted(a, { validation: data(a.validation), stopAt: a.stopAt }),
      fit_resumed: ({ at, ...a }: FitArgs & { at: number }) => {
        const { spec, setup, from } = prepared(a);
        const before = trace(setup, a.layers, from, a.batches.slice(0, at), {});
        const { setup: again, training } = load(save(spec, before.end));
        const after = trace(again, a.layers, training, a.batches.slice(at), {}).answer;
        const { params, state, losses } = before.answer;
        return {
          params: [...params, ...after.params],
          state: [...state, ...after.state],
          losses: [...losses, ...after.losses],
          final: after.final,
        };
      },
      exported_output: ({ layers, params, x }: { layers: readonly Layer[]; params: readonly Plain[]; x: Plain }) => {
        const a = {
          layers,
          params,
          loss: 'mse',
          reduction: 'mean',
          optimizer: 'sgd',
          hyper: {},
          batches: [],
          seed: 0,
        } as const;
        const { spec, from } = prepared(a);
        const { setup, training } = load(save(spec, from));
        return { y: plain(evaluate(setup.model, training.variables, tensor(x))) };
      },
    },
    batches: {
      indices: ({ samples, size, epochs, seed, last, from }: IndicesArgs) => {
        const places = Tensor.from(
          [samples, 1],
          Array.from({ length: samples }, (_, i) => i),
        );
        const all = [...batches({ x: places, y: places }, { size, epochs, key: keyOf(seed), last, from })];
        return { indices: all.map(({ x }) => x.toArray()) };
      },
    },
  },
} satisfies Entries;
