// A training as JSON text and back: what it was, where it stood, and from there on bit for bit as if it had never stopped.
import { DomainError, TautogradError } from '../core/errors.ts';
import { fromJson, toJson } from '../core/json.ts';
import type { Key } from '../core/key.ts';
import { type Shape, sameShape, show } from '../core/shape.ts';
import { Tensor } from '../core/tensor.ts';
import { flatten, type Tree } from '../core/tree.ts';
import type { ModelSpec } from '../models/mlp.ts';
import type { NetworkVariables } from '../nn/layer.ts';
import { ops } from '../ops/lang.ts';
import { type OptimizerSpec, optimizerFrom } from '../optim/spec.ts';
import type { Slots } from '../optim/transform.ts';
import { modelOf, type Setup, type Training } from './fit.ts';

/** Everything that a training is, as data. */
export interface TrainingSpec {
  readonly model: ModelSpec;
  readonly optimizer: OptimizerSpec;
  /** Shape of a sample, without the batch axis. */
  readonly input: Shape;
}

const FORMAT = 'tautograd training';
const VERSION = 1;

/** The setup that a specification spells. @throws UnknownNameError, DomainError */
export const setupOf = ({ model, optimizer }: Omit<TrainingSpec, 'input'>): Setup => ({
  model: modelOf(model),
  optimizer: optimizerFrom(optimizer),
});

const plain = (tree: Tree<Tensor>): unknown => {
  const { leaves, build } = flatten<Tensor>(tree);
  return build(leaves.map((t) => new Plain(t)));
};

/** A tensor on its way to text; a class, so that trees take it for a leaf. */
class Plain {
  readonly shape: readonly number[];
  readonly data: readonly number[];
  constructor(t: Tensor) {
    this.shape = t.shape;
    this.data = t.toArray();
  }
}

/** The text of a training: shortest decimals that read back to the same doubles, −0, NaN and infinities by name. */
export const save = (spec: TrainingSpec, { variables, slots, k, key }: Training): string =>
  toJson({
    format: FORMAT,
    version: VERSION,
    spec,
    k,
    key,
    params: plain(variables.params),
    state: plain(variables.state),
    slots: plain(slots),
  });

const refuse = (why: string): never => {
  throw new DomainError(`load: ${why}`);
};

const isRecord = (v: unknown): v is Readonly<Record<string, unknown>> =>
  v !== null && typeof v === 'object' && !Array.isArray(v);
const isNumbers = (v: unknown): v is readonly number[] => Array.isArray(v) && v.every((x) => typeof x === 'number');

/** Tensors in the places and shapes of others. */
const tensorsLike = (what: string, model: Tree<Tensor>, found: unknown): Tree<Tensor> => {
  const { leaves, paths, build } = flatten<Tensor>(model);
  const at = (path: string): unknown =>
    path
      .split('/')
      .reduce<unknown>(
        (v, name) => (v !== null && typeof v === 'object' ? (v as Record<string, unknown>)[name] : undefined),
        found,
      ); // any JSON
  const read = leaves.map((t, i) => {
    const path = paths[i] as string; // one path per leaf
    const v = at(path);
    if (!isRecord(v) || !isNumbers(v.shape) || !isNumbers(v.data))
      return refuse(`${what}/${path} must be { shape, data } with numbers`);
    if (!sameShape(v.shape, t.shape))
      return refuse(`${what}/${path} must have the shape ${show(t.shape)}, got ${show(v.shape)}`);
    return Tensor.from(v.shape, v.data);
  });
  return build(read);
};

/**
 * The training of a text by {@link save}, with its specification and setup.
 * @throws DomainError for text that is no saved training, of another version, or whose tensors do not fit its own model
 */
export const load = (
  text: string,
): { readonly spec: TrainingSpec; readonly setup: Setup; readonly training: Training } => {
  let saved: unknown;
  try {
    saved = fromJson(text);
  } catch (error) {
    return refuse(`the text is no JSON: ${error instanceof Error ? error.message : String(error)}`);
  }
  if (!isRecord(saved) || saved.format !== FORMAT) return refuse(`the text is not a "${FORMAT}"`);
  if (saved.version !== VERSION) return refuse(`version ${VERSION} is understood, got ${String(saved.version)}`);
  const { k, key, spec } = saved;
  if (typeof k !== 'number' || !Number.isInteger(k) || k < 0)
    return refuse(`k must be a number of steps, got ${String(k)}`);
  if (!isNumbers(key) || key.length !== 2) return refuse(`key must be two words, got ${String(key)}`);
  if (!isRecord(spec) || !isNumbers(spec.input)) return refuse('the specification is missing');
  const known = spec as unknown as TrainingSpec; // what it spells is checked by those who read it
  const setup = specified(known);
  // the model of the same specification shows which tensors there must be
  const { variables } = setup.model.network.init([0, 0], known.input);
  const made: NetworkVariables<Tensor> = {
    params: tensorsLike('params', variables.params, saved.params) as NetworkVariables<Tensor>['params'],
    state: tensorsLike('state', variables.state, saved.state) as NetworkVariables<Tensor>['state'],
  };
  const slots = setup.optimizer.init(ops, flatten<Tensor>(made.params).leaves);
  return {
    spec: known,
    setup,
    training: {
      variables: made,
      slots: tensorsLike('slots', slots, saved.slots) as Slots<string, Tensor>,
      k,
      key: key as unknown as Key, // two numbers, as checked
    },
  };
};

const specified = (spec: TrainingSpec): Setup => {
  try {
    return setupOf(spec);
  } catch (error) {
    if (error instanceof TautogradError) throw error;
    return refuse(`the specification is damaged: ${error instanceof Error ? error.message : String(error)}`);
  }
};
