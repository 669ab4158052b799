// Starts that look at data: a stack of Boltzmann machines under a sigmoid network, and layers scaled to unit variance.
import { DomainError, lookup } from '../core/errors.ts';
import { fold, type Key } from '../core/key.ts';
import type { Tensor } from '../core/tensor.ts';
import { scalar } from '../core/tensor.ts';
import { stackRbms } from '../models/rbm.ts';
import { fansOf, initializerRow, sample } from '../nn/init.ts';
import type { Named, NetworkVariables } from '../nn/layer.ts';
import { layerOf } from '../nn/layers.ts';
import { ops } from '../ops/lang.ts';
import { type Hyper, hyperOf } from '../optim/rule.ts';
import type { Model } from './fit.ts';

type Variables = NetworkVariables<Tensor>;

export interface Pretraining<H extends Hyper = Hyper> {
  readonly doc: string;
  readonly source: string;
  readonly hyper: H;
  readonly domain: { readonly [K in keyof H]: readonly [number, number] };
  /** The variables of a model with its weights made from samples x. */
  readonly apply: (model: Model, variables: Variables, x: Tensor, key: Key, h: H) => Variables;
}

const pretraining = <H extends Hyper>(row: Pretraining<H>): Pretraining<H> => row;

const POSITIVE = [0, Number.MAX_VALUE] as const;
const COUNT = [1, 2 ** 30] as const;

/** Dense layers by place, with what is right behind them. */
const denseLayers = ({ spec }: Model) =>
  spec.layers.flatMap((layer, place) =>
    layer.type === 'dense' ? [{ place, units: layer.units, behind: spec.layers[place + 1] }] : [],
  );

const replaced = (variables: Variables, place: number, params: Named<Tensor>): Variables => ({
  ...variables,
  params: variables.params.map((own, i) => (i === place ? { ...own, ...params } : own)),
});

const varianceOf = (t: Tensor): number => {
  const all = t.toArray();
  const mean = all.reduce((a, b) => a + b, 0) / all.length;
  return all.reduce((s, v) => s + (v - mean) ** 2, 0) / all.length;
};

export const PRETRAININGS = {
  rbm: pretraining({
    doc: 'the dense layers from the first on that sigmoids follow become the machines of a stack, each trained on the one below; for samples in [0, 1]',
    source: 'Hinton & Salakhutdinov 2006; Hinton 2010',
    hyper: { epochs: 20, size: 16, lr: 0.1, momentum: 0.5, l2: 1e-4, k: 1 },
    domain: { epochs: [0, 2 ** 30], size: COUNT, lr: POSITIVE, momentum: [0, 1 - 2 ** -53], l2: POSITIVE, k: COUNT },
    apply: (model, variables, x, key, h) => {
      const dense = denseLayers(model);
      const until = dense.findIndex(({ behind }) => !(behind?.type === 'activation' && behind.name === 'sigmoid'));
      const stack = dense.slice(0, until < 0 ? dense.length : until);
      if (stack.length === 0)
        throw new DomainError('rbm: the first dense layer must have a sigmoid behind it, got none');
      const machines = stackRbms(
        x,
        stack.map(({ units }) => units),
        { ...h, key },
      );
      return machines.reduce((all, { w, c }, i) => {
        const { place } = stack[i] as (typeof stack)[number]; // one machine per layer
        return replaced(all, place, { w, b: c });
      }, variables);
    },
  }),
  lsuv: pretraining({
    doc: 'orthonormal weights, then every dense layer divided by the deviation of its outputs until their variance is 1; after the activation if post is 1',
    source: 'Mishkin & Matas 2016, Algorithm 1',
    hyper: { tolerance: 0.1, most: 10, post: 0 },
    domain: { tolerance: POSITIVE, most: COUNT, post: [0, 1] },
    apply: (model, variables, x, key, { tolerance, most, post }) =>
      denseLayers(model).reduce((all, { place, behind }) => {
        const old = all.params[place]?.w as Tensor; // a dense layer has weights
        const w = sample(initializerRow('orthogonal'), fold(key, place), old.shape, fansOf(old.shape));
        const last = post === 1 && behind?.type === 'activation' ? place + 1 : place;
        let now = replaced(all, place, { w });
        for (let turn = 0; turn < most; turn++) {
          const spread = varianceOf(outputOf(model, now, x, last));
          if (!(spread > 0))
            throw new DomainError(`lsuv: layer ${place} must have outputs that vary, got the variance ${spread}`);
          if (Math.abs(spread - 1) < tolerance) break;
          const scaled = ops.div(now.params[place]?.w as Tensor, scalar(Math.sqrt(spread)));
          now = replaced(now, place, { w: scaled });
        }
        return now;
      }, variables),
  }),
};

/** The output of the layers up to and with the one at a place, in eval mode but for the batch statistics of train mode. */
const outputOf = ({ spec }: Model, variables: Variables, x: Tensor, place: number): Tensor =>
  spec.layers.slice(0, place + 1).reduce((y, layer, i) => {
    // dropout would add noise of its own; batch statistics are what training will see
    const mode = layer.type === 'batchNorm' ? 'train' : 'eval';
    const own = { params: variables.params[i] ?? {}, state: variables.state[i] ?? {} };
    return layerOf(layer).apply(ops, own, y, { mode })[0];
  }, x);

/**
 * The variables of a model after the pre-training of that name.
 * @throws UnknownNameError, DomainError for numbers out of range, or a model or samples that it does not fit
 */
export const pretrained = (
  model: Model,
  variables: Variables,
  x: Tensor,
  key: Key,
  name: string,
  changed: Hyper = {},
): Variables => {
  const row = lookup(PRETRAININGS as unknown as Readonly<Record<string, Pretraining>>, 'pre-training', name);
  return row.apply(model, variables, x, key, hyperOf(name, row, changed));
};
