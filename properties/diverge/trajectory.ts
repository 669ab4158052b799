// A recorded training: what it was asked with, and what its engine had reached after every step; read from a file or a port.
import { z } from 'zod';
import { LOSSES, lossRow, OPTIMIZERS, optimizerOf, ROWS } from '../../src/index.ts';
import type { Values } from '../arbitraries.ts';
import type { AnyLayer } from '../args.ts';
import { number, numbers, reduction, snakes, tensor, tensors } from '../contract/entry.ts';
import { camel, type Plain } from '../contract.ts';
import { type Conventions, conventionsSchema } from '../conventions.ts';
import { needsOf } from '../networks.ts';
import { LONGEST_SIDE } from '../oracle/training.ts';
import { labels } from '../placing.ts';
import type { Dtype } from '../port.ts';
import { CodecFault, issueOf, recordOf } from '../protocol.ts';
import { FORMATS } from '../tolerance.ts';

const layer = z.discriminatedUnion(
  'type',
  [
    z.object({ type: z.literal('dense'), units: z.int().positive() }),
    z.looseObject({
      type: z.literal('activation'),
      name: z.string().describe('as in the contract, with its parameters'),
    }),
    z.object({ type: z.literal('batch_norm'), eps: number, momentum: number }),
    z.object({ type: z.literal('dropout'), dropRate: number }),
  ],
  { error: 'must be dense, activation, batch_norm or dropout' },
);

/** The file: the fields of the entry training.network.fit, what it gives under `after`, and who made it. */
export const trajectorySchema = z.object({
  schema: z.literal(1),
  engine: z.string().min(1).describe('the name of the engine'),
  version: z.string().default('').describe('its version'),
  dtype: z.enum(['f64', 'f32']).default('f64').describe('the numbers that it computes with'),
  conventions: conventionsSchema.partial().default({}).describe('choices that differ from the default ones'),
  layers: z.array(layer).min(1),
  loss: z.enum(snakes(LOSSES)),
  reduction,
  optimizer: z.enum(snakes(OPTIMIZERS)),
  hyper: numbers.default({}).describe('what is left out has the default that `list optimizers` names'),
  rates: z.array(number).optional().describe('the learning rate of every step, where it changes'),
  params: tensors.describe('before the first step: w [in, out] and b of a dense layer, gamma and beta of a batch norm'),
  batches: z
    .array(z.object({ x: tensor, y: tensor }))
    .min(1)
    .describe('one per step: [samples, features]'),
  uniforms: z
    .array(tensors)
    .optional()
    .describe('what every dropout compares with its rate, [step][dropout]: numbers in (0, 1), dropped where below it'),
  after: z.object({
    params: z.array(tensors).describe('[step][tensor]'),
    state: z
      .array(tensors)
      .optional()
      .describe('running mean and variance of every batch norm, [step][tensor]; they start at 0 and 1'),
    losses: z.array(number).optional().describe('of the batch of each step, before it'),
  }),
});

/** A training with its trajectory, checked: every tensor has the shape that the layers ask for. */
export interface Trajectory {
  readonly engine: string;
  readonly version: string;
  readonly dtype: Dtype;
  readonly conventions: Conventions;
  readonly layers: readonly AnyLayer[];
  readonly loss: string;
  readonly reduction: 'mean' | 'sum';
  readonly optimizer: string;
  readonly hyper: Readonly<Record<string, number>>;
  readonly rates?: readonly number[];
  readonly params: readonly Values[];
  readonly batches: readonly { readonly x: Values; readonly y: Values }[];
  readonly uniforms?: readonly (readonly Values[])[];
  readonly after: {
    readonly params: readonly (readonly Values[])[];
    readonly state?: readonly (readonly Values[])[];
    readonly losses?: readonly number[];
  };
}

/** A file that is no trajectory, in one sentence. */
export class TrajectoryFault extends Error {
  override readonly name = 'TrajectoryFault';
}

const fail = (why: string): never => {
  throw new TrajectoryFault(why);
};

type Raw = z.output<typeof trajectorySchema>;

/** A layer of the contract as the generators and oracles of networks have it. */
const layerOf = (l: Raw['layers'][number], i: number): AnyLayer => {
  const at = `layer ${i + 1}`;
  if (l.type === 'batch_norm') {
    if (!(l.eps >= 0 && l.eps < Number.POSITIVE_INFINITY))
      fail(`${at}: eps must be finite and not negative, got ${l.eps}`);
    if (!(l.momentum >= 0 && l.momentum <= 1)) fail(`${at}: momentum must lie in [0, 1], got ${l.momentum}`);
    return { type: 'batchNorm', eps: l.eps, momentum: l.momentum };
  }
  if (l.type === 'dropout' && !(l.dropRate >= 0 && l.dropRate < 1))
    fail(`${at}: dropRate must lie in [0, 1), got ${l.dropRate}`);
  if (l.type !== 'activation') return l;
  const row = Object.hasOwn(ROWS, camel(l.name)) ? ROWS[camel(l.name) as keyof typeof ROWS] : undefined;
  if (row?.activation !== true) return fail(`${at}: there is no activation "${l.name}"`);
  for (const name of Object.keys((row.sample([[]]) as object | undefined) ?? {}))
    if (typeof l[name] !== 'number') fail(`${at}: ${l.name} needs its ${name}, a number`);
  return l as AnyLayer; // its parameters are numbers
};

/** Layers in the words of the contract, checked. @throws TrajectoryFault */
export const layersFrom = (given: unknown): readonly AnyLayer[] => {
  const parsed = trajectorySchema.shape.layers.safeParse(given);
  return parsed.success ? parsed.data.map(layerOf) : fail(`layers: ${issueOf(parsed.error)}`);
};

const shapeText = (shape: readonly number[]): string => `[${shape.join(', ')}]`;
const alike = (a: readonly number[], b: readonly number[]): boolean => a.join() === b.join();

/** How tensors of a training are called: by what they are, and by the layer that has them, counted from 1. */
const WORDS: Readonly<Record<string, string>> = {
  w: 'weights',
  b: 'biases',
  gamma: 'scales gamma',
  beta: 'shifts beta',
  mean: 'running means',
  variance: 'running variances',
};

/** `weights of layer 2 (dense)`. */
export const tensorNames = (layers: readonly AnyLayer[], what: 'params' | 'state'): readonly string[] =>
  labels(layers, what).map((label) => {
    const [, i = '0', type = '', name = ''] = /^layer (\d+), (\w+): (\w+)$/.exec(label) ?? [];
    return `${WORDS[name]} of layer ${Number(i) + 1} (${type === 'batchNorm' ? 'batch_norm' : type})`;
  });

/** Tensors of the shapes that the layers ask for, in the format of the engine. @throws TrajectoryFault */
const fitting = (
  got: readonly Plain[],
  names: readonly string[],
  shapes: readonly (readonly number[])[],
  dtype: Dtype,
  at: string,
): readonly Values[] => {
  if (got.length !== shapes.length)
    fail(`${at}: the layers have ${shapes.length} tensors (${names.join(', ')}), got ${got.length}`);
  return got.map((t, i) => {
    const want = shapes[i] as readonly number[]; // as many
    if (!alike(t.shape, want))
      fail(
        `${at}: ${names[i]} must have the shape ${shapeText(want)}, got ${shapeText(t.shape)}${
          want.length === 2 && alike([...t.shape].reverse(), want) ? '; weights are [in, out]' : ''
        }`,
      );
    return { shape: want, data: Array.from(t.data, FORMATS[dtype].round) };
  });
};

const TARGETS: Readonly<Record<string, (v: number) => boolean>> = {
  number: Number.isFinite,
  label: (v) => v >= 0 && v <= 1,
  sign: (v) => v === 1 || v === -1,
  distribution: (v) => v >= 0 && v <= 1,
};

const perStep = (what: string, n: number, steps: number): void => {
  if (n !== steps) fail(`${what}: there are ${steps} batches, one per step, got ${n}`);
};

/** Checks what the schema cannot see. @throws TrajectoryFault */
const checked = (raw: Raw): Trajectory => {
  const { dtype, batches, after, uniforms, rates, ...rest } = raw;
  const { round } = FORMATS[dtype];
  const layers = raw.layers.map(layerOf);
  const [, inputs] = batches[0]?.x.shape ?? [];
  if (inputs === undefined) return fail('batches.0.x: it must be [samples, features]');
  const needs = needsOf(layers, inputs);
  const [names, kept] = [tensorNames(layers, 'params'), tensorNames(layers, 'state')];
  const own = (ts: readonly Plain[], at: string): readonly Values[] => fitting(ts, names, needs.params, dtype, at);
  const longest = LONGEST_SIDE[raw.optimizer] ?? Number.POSITIVE_INFINITY;
  const wide = needs.params.find((shape) => shape.length === 2 && Math.max(...shape) > longest);
  if (wide !== undefined)
    fail(
      `optimizer: ${raw.optimizer} can be followed for matrices up to ${longest} × ${longest}, got ${shapeText(wide)}`,
    );
  const { target } = lossRow(camel(raw.loss));
  const sound = batches.map(({ x, y }, i) => {
    const n = x.shape[0] ?? 0;
    const [bx] = fitting([x], ['x'], [[n, inputs]], dtype, `batches.${i}`);
    const [by] = fitting([y], ['y'], [[n, needs.width]], dtype, `batches.${i}`);
    if (n === 0) fail(`batches.${i}: it holds no sample`);
    if (n === 1 && needs.state.length > 0) fail(`batches.${i}: batch_norm needs at least 2 samples, got 1`);
    const wrong = by?.data.find((v) => TARGETS[target]?.(v) === false);
    if (wrong !== undefined) fail(`batches.${i}.y: ${raw.loss} takes a ${target} as its target, got ${wrong}`);
    return { x: bx as Values, y: by as Values }; // one each
  });
  const n = sound.length;
  perStep('after.params', after.params.length, n);
  if (after.state !== undefined) perStep('after.state', after.state.length, n);
  if (after.losses !== undefined) perStep('after.losses', after.losses.length, n);
  if (rates !== undefined) perStep('rates', rates.length, n);
  if (needs.uniforms.length > 0 && uniforms === undefined)
    fail('uniforms: a training with dropout can only be followed with the numbers that it has drawn');
  if (uniforms !== undefined) perStep('uniforms', uniforms.length, n);
  const running = needs.state.flatMap((w) => [[w], [w]]);
  try {
    optimizerOf(camel(raw.optimizer), raw.hyper);
  } catch (error) {
    return fail(`hyper: ${(error as Error).message}`);
  }
  return {
    ...rest,
    dtype,
    conventions: conventionsSchema.parse(raw.conventions),
    layers,
    hyper: raw.hyper,
    ...(rates === undefined ? {} : { rates }),
    params: own(raw.params, 'params'),
    batches: sound,
    ...(uniforms === undefined
      ? {}
      : {
          uniforms: uniforms.map((us, i) =>
            fitting(
              us,
              needs.uniforms.map((_, j) => `uniforms of dropout ${j + 1}`),
              needs.uniforms.map((w) => [sound[i]?.x.shape[0] ?? 0, w]),
              dtype,
              `uniforms.${i}`,
            ),
          ),
        }),
    after: {
      params: after.params.map((ts, i) => own(ts, `after.params.${i}`)),
      ...(after.state === undefined
        ? {}
        : { state: after.state.map((ts, i) => fitting(ts, kept, running, dtype, `after.state.${i}`)) }),
      ...(after.losses === undefined ? {} : { losses: after.losses.map(round) }),
    },
  };
};

/** A trajectory from its fields, tensors plain. @throws TrajectoryFault */
export const trajectoryOf = (value: unknown): Trajectory => {
  const parsed = trajectorySchema.safeParse(value);
  return parsed.success ? checked(parsed.data) : fail(issueOf(parsed.error));
};

/** A trajectory from the text of its file, numbers and tensors as in the protocol. @throws TrajectoryFault */
export const readTrajectory = (text: string): Trajectory => {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    return fail(`it is not JSON: ${(error as Error).message}`);
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return fail('it is no JSON object');
  try {
    return trajectoryOf(recordOf(value as Readonly<Record<string, unknown>>)); // an object, as the line above has seen
  } catch (error) {
    if (error instanceof CodecFault) return fail(error.message);
    throw error;
  }
};
