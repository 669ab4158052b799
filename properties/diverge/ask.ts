// A training for a port to follow: a network, its data and weights, all from one seed, in the words of the contract.
import {
  ACTIVATIONS,
  fold,
  type Hyper,
  type Key,
  keyOf,
  LOSSES,
  lookup,
  lossRow,
  OPTIMIZERS,
  optimizerRow,
  uniform,
} from '../../src/index.ts';
import type { Values } from '../arbitraries.ts';
import { camel, parametersOf } from '../contract.ts';
import { keysOf } from '../laws/training.ts';
import { needsOf } from '../networks.ts';
import { labels } from '../placing.ts';
import { type Port, PortError } from '../port.ts';
import { FORMATS } from '../tolerance.ts';
import { layersFrom, type Trajectory, TrajectoryFault, trajectoryOf } from './trajectory.ts';

/** What is to be trained. */
export interface Plan {
  /** `4,batch_norm,tanh,2`: units of dense layers, activations, and batch normalisations. */
  readonly layers: string;
  readonly loss: string;
  readonly reduction: 'mean' | 'sum';
  readonly optimizer: string;
  /** Changes of the published defaults. */
  readonly hyper: Hyper;
  readonly inputs: number;
  readonly samples: number;
  readonly steps: number;
  readonly seed: number;
}

const ENTRY = 'training.network.fit';
const EPS = 1e-5;
const MOMENTUM = 0.1;
/** Of activations that have one, as the slope of leaky ReLU. */
const PARAMETER = 1 / 4;

/** Layers in the words of the contract. @throws TrajectoryFault for a word that is no layer */
const layersOf = (text: string, { conventions, dtype }: Port): readonly object[] =>
  text.split(',').map((part) => {
    const word = part.trim();
    const { round } = FORMATS[dtype];
    if (/^[1-9]\d*$/.test(word)) return { type: 'dense', units: Number(word) };
    if (word === 'batch_norm')
      return {
        type: 'batch_norm',
        eps: round(EPS),
        momentum: round(conventions.bnMomentum === 'ofNew' ? MOMENTUM : 1 - MOMENTUM),
      };
    if (!(ACTIVATIONS as readonly string[]).includes(camel(word)))
      throw new TrajectoryFault(`layers: each is a number of units, batch_norm, or an activation, got "${word}"`);
    return { type: 'activation', name: word, ...Object.fromEntries(parametersOf(word).map((p) => [p, PARAMETER])) };
  });

/** What the predictions of a loss come from, where they may not be any numbers. */
const ENDS: Readonly<Record<string, string>> = { probability: 'sigmoid', distribution: 'softmax' };

/** Asks a port to train: the record of it, as a file has it, and as it is read. @throws TrajectoryFault for a plan that cannot be, PortError where the port fails */
export const trained = async (
  port: Port,
  plan: Plan,
): Promise<{ readonly record: object; readonly trajectory: Trajectory }> => {
  if (!port.has(ENTRY))
    throw new TrajectoryFault(
      `${port.engine} does not declare ${ENTRY}; a training that it records in a file can be followed as well`,
    );
  lookup(OPTIMIZERS, 'optimizer', camel(plan.optimizer));
  lookup(LOSSES, 'loss', camel(plan.loss));
  const { round } = FORMATS[port.dtype];
  const { prediction, target } = lossRow(camel(plan.loss));
  const end = ENDS[prediction];
  const layers = layersOf(end === undefined ? plan.layers : `${plan.layers},${end}`, port);
  let used = 0;
  const key = (): Key => fold(keyOf(plan.seed), used++);
  const filled = (shape: readonly number[], f: (u: number) => number): Values => ({
    shape,
    data: uniform(key(), shape)
      .toArray()
      .map((u) => round(f(u))),
  });
  const around = (centre: number, by: number) => (u: number) => centre + by * (2 * u - 1);
  const own = layersFrom(layers);
  const needs = needsOf(own, plan.inputs);
  const names = labels(own, 'params');
  const starts: Readonly<Record<string, (fanIn: number) => (u: number) => number>> = {
    w: (fanIn) => around(0, Math.sqrt(3 / fanIn)),
    b: () => around(0, 1 / 8),
    gamma: () => around(1, 1 / 4),
    beta: () => around(0, 1 / 8),
  };
  const params = needs.params.map((shape, i) =>
    filled(shape, lookup(starts, 'parameter', names[i]?.split(': ')[1] ?? '')(shape[0] ?? 1)),
  );
  const width = needs.width;
  const targets: Readonly<Record<string, () => Values>> = {
    number: () => filled([plan.samples, width], around(0, 1)),
    label: () => filled([plan.samples, width], (u) => Math.round(u)),
    sign: () => filled([plan.samples, width], (u) => (u < 1 / 2 ? -1 : 1)),
    distribution: () => {
      const classes = uniform(key(), [plan.samples]).toArray();
      return {
        shape: [plan.samples, width],
        data: classes.flatMap((u) => Array.from({ length: width }, (_, j) => Number(j === Math.floor(u * width)))),
      };
    },
  };
  const batches = Array.from({ length: plan.steps }, () => ({
    x: filled([plan.samples, plan.inputs], around(0, 1)),
    y: lookup(targets, 'target', target)(),
  }));
  const row = optimizerRow(camel(plan.optimizer)).hyper;
  const taken = new Set([...keysOf(port, plan.optimizer), ...Object.keys(plan.hyper)]);
  const hyper = Object.fromEntries([...taken].map((name) => [name, round(plan.hyper[name] ?? row[name] ?? 0)]));
  const { loss, reduction, optimizer, seed } = plan;
  const asked = { layers, loss, reduction, params, optimizer, hyper, batches, seed };
  const { engine, version, dtype, conventions } = port;
  const off = Object.fromEntries(Object.keys(row).map((name) => [name, 0])); // what a port does not take is off
  const record = { schema: 1, engine, version, dtype, conventions, ...asked, hyper: { ...off, ...hyper } };
  trajectoryOf({ ...record, after: { params: batches.map(() => params) } }); // whether such a training can be followed
  const { params: reached, state, losses } = await port.call(ENTRY, asked);
  const whole = { ...record, after: { params: reached, state, losses } };
  try {
    return { record: whole, trajectory: trajectoryOf(whole) };
  } catch (error) {
    if (error instanceof TrajectoryFault) throw new PortError(`${ENTRY}: the port answered wrongly, ${error.message}`);
    throw error;
  }
};
