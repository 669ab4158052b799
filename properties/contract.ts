// The contract a port is held to: what can be called, with which arguments, and what must come back.
import { z } from 'zod';
import { ACTIVATIONS, INITIALIZERS, LOSSES, lookup, OPTIMIZERS, type Op, ROWS, SCHEDULES } from '../src/index.ts';

/** A tensor as every language has it: row-major values with a shape. */
export interface Plain {
  readonly shape: readonly number[];
  readonly data: ArrayLike<number>;
}

const size = (shape: readonly number[]): number => shape.reduce((a, b) => a * b, 1);

const isPlain = (v: unknown): v is Plain => {
  if (v === null || typeof v !== 'object') return false;
  const { shape, data } = v as Partial<Plain>;
  if (!Array.isArray(shape) || !shape.every((n) => Number.isInteger(n) && n >= 0)) return false;
  if (!(Array.isArray(data) || ArrayBuffer.isView(data)) || data.length !== size(shape)) return false;
  return Array.prototype.every.call(data, (x) => typeof x === 'number');
};

const tensor = z.custom<Plain>(isPlain, 'must be { shape, data } with as many numbers as the shape holds');
const tensors = z.array(tensor);
const number = z.custom<number>((v) => typeof v === 'number', 'must be a number');
const integer = z.int();
const reduction = z.enum(['mean', 'sum']);

export type Args = Readonly<Record<string, unknown>>;
type Fields = Readonly<Record<string, z.ZodType>>;

/** One thing a port can be asked for; its id is `kind.name.call`. */
export interface Entry {
  readonly kind: string;
  readonly names: readonly string[];
  readonly call: string;
  readonly says: string;
  readonly takes: Fields;
  readonly gives: Fields;
  /** The shapes the answer must have, in the arguments; what is not named here may have any. */
  readonly shapes: (args: Args) => Readonly<Record<string, unknown>>;
}

/** The contract's spelling of a row: `leakyRelu` is `leaky_relu`. */
export const snake = (name: string): string => name.replace(/[A-Z]/g, (c) => `_${c.toLowerCase()}`);
/** The engine's spelling of a name of the contract. */
export const camel = (name: string): string => name.replace(/_([a-z])/g, (_, c: string) => c.toUpperCase());
const snakes = (table: object): readonly string[] => Object.keys(table).map(snake);

const shapeOf = (args: Args, name: string): readonly number[] => (args[name] as Plain).shape; // after `takes` was parsed
const shapesOf = (args: Args, name: string): readonly (readonly number[])[] =>
  (args[name] as readonly Plain[]).map((t) => t.shape);

const activations = ACTIVATIONS.map(snake);
/** The row behind a name of the contract. @throws UnknownNameError */
export const rowOf = (name: string): Op => lookup(ROWS as Readonly<Record<string, Op>>, 'operation', camel(name));

/** Names of the numeric parameters of an activation, as `slope`. */
export const parametersOf = (activation: string): readonly string[] =>
  Object.keys((rowOf(activation).sample([[]]) as object | undefined) ?? {});

const activationParams: Fields = Object.fromEntries(
  activations.flatMap(parametersOf).map((p) => [p, number.optional()]),
);

const lossParams: Fields = Object.fromEntries(
  Object.values(LOSSES).flatMap((row) => Object.keys(row.params).map((p) => [p, number.optional()])),
);

export const CONTRACT: readonly Entry[] = [
  {
    kind: 'activation',
    names: activations,
    call: 'forward',
    says: 'y = f(x), element by element',
    takes: { x: tensor, ...activationParams },
    gives: { y: tensor },
    shapes: (a) => ({ y: shapeOf(a, 'x') }),
  },
  {
    kind: 'activation',
    names: activations,
    call: 'vjp',
    says: 'dx = dy · f′(x)',
    takes: { x: tensor, dy: tensor, ...activationParams },
    gives: { dx: tensor },
    shapes: (a) => ({ dx: shapeOf(a, 'x') }),
  },
  {
    kind: 'layer',
    names: ['dense'],
    call: 'forward',
    says: 'y = x·w + b with x [n, in], w [in, out], b [out]',
    takes: { x: tensor, w: tensor, b: tensor },
    gives: { y: tensor },
    shapes: (a) => ({ y: [shapeOf(a, 'x')[0], shapeOf(a, 'w')[1]] }),
  },
  {
    kind: 'layer',
    names: ['dense'],
    call: 'vjp',
    says: 'cotangents of x, w and b for dy [n, out]',
    takes: { x: tensor, w: tensor, b: tensor, dy: tensor },
    gives: { dx: tensor, dw: tensor, db: tensor },
    shapes: (a) => ({ dx: shapeOf(a, 'x'), dw: shapeOf(a, 'w'), db: shapeOf(a, 'b') }),
  },
  {
    kind: 'loss',
    names: snakes(LOSSES),
    call: 'forward',
    says: 'the loss of a batch; the prediction of bce is a probability, of bce_with_logits a logit',
    takes: { prediction: tensor, target: tensor, reduction, ...lossParams },
    gives: { loss: tensor },
    shapes: () => ({ loss: [] }),
  },
  {
    kind: 'loss',
    names: snakes(LOSSES),
    call: 'vjp',
    says: 'the gradient of the loss by the prediction',
    takes: { prediction: tensor, target: tensor, reduction, ...lossParams },
    gives: { dprediction: tensor },
    shapes: (a) => ({ dprediction: shapeOf(a, 'prediction') }),
  },
  {
    kind: 'initializer',
    names: snakes(INITIALIZERS),
    call: 'sample',
    says: 'weights of a shape from a seed',
    takes: { shape: z.array(integer), fanIn: integer, fanOut: integer, gain: number, seed: integer },
    gives: { w: tensor },
    shapes: (a) => ({ w: a.shape }),
  },
  {
    kind: 'initializer',
    names: snakes(INITIALIZERS),
    call: 'from_uniforms',
    says: 'weights from given uniforms in (0, 1), one each',
    takes: { u: tensor, fanIn: integer, fanOut: integer, gain: number },
    gives: { w: tensor },
    shapes: (a) => ({ w: shapeOf(a, 'u') }),
  },
  {
    kind: 'optimizer',
    names: snakes(OPTIMIZERS),
    call: 'run',
    says: 'parameters after every step, for gradients given in advance: params [leaf], gradients [step][leaf] → params [step][leaf]',
    takes: { params: tensors, gradients: z.array(tensors), hyper: z.record(z.string(), number) },
    gives: { params: z.array(tensors) },
    shapes: (a) => ({ params: (a.gradients as readonly unknown[]).map(() => shapesOf(a, 'params')) }),
  },
  {
    kind: 'schedule',
    names: snakes(SCHEDULES),
    call: 'factor',
    says: 'factors on the learning rate at steps counted from 1',
    takes: { hyper: z.record(z.string(), number), steps: z.array(integer) },
    gives: { factor: tensor },
    shapes: (a) => ({ factor: [(a.steps as readonly unknown[]).length] }),
  },
  {
    kind: 'model',
    names: ['network'],
    call: 'loss_and_grad',
    says: 'loss, output and gradients of layers given as data; parameters in the order w₁, b₁, w₂, b₂ …',
    takes: {
      layers: z.array(
        z.union([
          z.object({ type: z.literal('dense'), units: integer }),
          z.looseObject({ type: z.literal('activation'), name: z.enum(activations) }),
        ]),
      ),
      loss: z.enum(snakes(LOSSES)),
      reduction,
      params: tensors,
      x: tensor,
      y: tensor,
    },
    gives: { loss: tensor, output: tensor, gradients: tensors },
    shapes: (a) => ({ loss: [], output: shapeOf(a, 'y'), gradients: shapesOf(a, 'params') }),
  },
  {
    kind: 'program',
    names: ['graph'],
    call: 'vjp',
    says: 'the last value of a chain of operations and the cotangents of its inputs; value i < inputs.length is input i, then one per equation',
    takes: {
      equations: z.array(z.object({ op: z.string(), reads: z.array(integer), params: z.unknown().optional() })),
      inputs: tensors,
      dy: tensor,
    },
    gives: { y: tensor, dinputs: tensors },
    shapes: (a) => ({ y: shapeOf(a, 'dy'), dinputs: shapesOf(a, 'inputs') }),
  },
  {
    kind: 'perceptron',
    names: ['perceptron'],
    call: 'fit',
    says: 'passes over the samples in order from zero weights; labels 0/1 or −1/1',
    takes: { x: tensor, y: tensor, lr: number, epochs: integer },
    gives: { w: tensor, b: number, mistakes: integer },
    shapes: (a) => ({ w: [shapeOf(a, 'x')[1]] }),
  },
  {
    kind: 'random',
    names: ['threefry'],
    call: 'block',
    says: 'Threefry-2x32, 20 rounds: key and counter of two 32-bit words → two words',
    takes: { key: z.array(integer), counter: z.array(integer) },
    gives: { words: z.array(integer) },
    shapes: () => ({}),
  },
  {
    kind: 'random',
    names: ['uniform', 'normal'],
    call: 'sample',
    says: 'numbers from a seed',
    takes: { seed: integer, count: integer },
    gives: { values: tensor },
    shapes: (a) => ({ values: [a.count] }),
  },
  {
    kind: 'verifier',
    names: ['judge'],
    call: 'compare',
    says: "the verifier's own comparison, element by element",
    takes: { got: tensor, expected: tensor, allowed: tensor, zeros: z.enum(['signed', 'equal']) },
    gives: { ok: z.boolean(), margin: number },
    shapes: () => ({}),
  },
];

/** Every entry by its id. */
export const ENTRIES: ReadonlyMap<string, Entry> = new Map(
  CONTRACT.flatMap((row) => row.names.map((name) => [`${row.kind}.${name}.${row.call}`, row] as const)),
);
export const KINDS: ReadonlySet<string> = new Set(CONTRACT.map((row) => row.kind));

const firstIssue = (error: z.ZodError): string => {
  const [issue] = error.issues;
  return `${issue?.path.join('.') || 'the answer'} ${issue?.message.replace(/^Invalid input: /, 'is invalid, ') ?? 'is wrong'}`;
};

const parsers = new Map(
  CONTRACT.map((row) => [row, { takes: z.object(row.takes), gives: z.object(row.gives) }] as const),
);

const showShape = (v: unknown): string => JSON.stringify(v);

const shapeTree = (v: unknown): unknown => (Array.isArray(v) ? v.map(shapeTree) : isPlain(v) ? v.shape : null);

/** What is wrong with arguments for an entry, as a clause, or null. */
export const faultInArgs = (entry: Entry, args: unknown): string | null => {
  const parsed = parsers.get(entry)?.takes.safeParse(args);
  return parsed === undefined || parsed.success ? null : firstIssue(parsed.error);
};

/** What is wrong with the answer of a port, as a clause, or null. Values are not judged here; laws do that. */
export const faultInAnswer = (entry: Entry, args: Args, answer: unknown): string | null => {
  const names = Object.keys(entry.gives).join(', ');
  if (answer === undefined || answer === null) return `returned nothing, expected a record with ${names}`;
  const parsed = parsers.get(entry)?.gives.safeParse(answer);
  if (parsed !== undefined && !parsed.success) return `returned a wrong answer: ${firstIssue(parsed.error)}`;
  for (const [name, want] of Object.entries(entry.shapes(args))) {
    const got = shapeTree((answer as Args)[name]);
    if (showShape(got) !== showShape(want))
      return `returned ${name} with the wrong shape, expected ${showShape(want)}, got ${showShape(got)}`;
  }
  return null;
};
