// Sweeps of several sizes, one row each, and the protocol that follows from such axes.
import type { OptimizerSpec } from '../../src/index.ts';
import type { Variant } from './config.ts';
import { definitionOf } from './definition.ts';
import { problemRow } from './problems/index.ts';
import { checkProtocol, type Protocol, type SweepMode } from './protocol.ts';

/** The axes of a sweep by names, and how many seeds. */
export interface Axes {
  readonly mode: SweepMode;
  readonly problems: readonly string[];
  /** Without learning rates. */
  readonly optimizers: readonly OptimizerSpec[];
  readonly initializers: readonly string[];
  readonly variants: readonly Variant[];
  /** Reported on: 1, 2 … */
  readonly seeds: number;
  /** Chosen on: 1001, 1002 … */
  readonly tuningSeeds: number;
  /** Configurations tried in the mode `budget`. */
  readonly budgets: readonly number[];
  /** Budget of every run; that of its problem unless named. */
  readonly steps?: number;
}

export interface Tier extends Axes {
  readonly doc: string;
}

/** Above any number of seeds to report on. */
const FIRST_TUNING = 1001;

const plainly = (...names: readonly string[]): readonly OptimizerSpec[] => names.map((name) => ({ name }));

const FIVE = plainly('sgd', 'momentum', 'rmsprop', 'adam', 'nadam');
const TWELVE = [...FIVE, ...plainly('nesterov', 'adagrad', 'adamw', 'amsgrad', 'radam', 'lion', 'muon')];

const rate = { mode: 'rate', variants: [{}], seeds: 20, tuningSeeds: 3, budgets: [] } as const;

export const TIERS = {
  smoke: {
    ...rate,
    doc: 'as they are, on three seeds: does everything run?',
    mode: 'defaults',
    problems: ['xor', 'moons', 'breastCancer', 'student', 'deepTanh10'],
    optimizers: plainly('sgd', 'momentum', 'nesterov', 'adagrad', 'rmsprop', 'adam', 'lion', 'muon'),
    initializers: ['zeros', 'lecunNormal', 'xavierUniform', 'heNormal'],
    seeds: 3,
    tuningSeeds: 0,
  },
  brief: {
    ...rate,
    doc: 'learning rates chosen, twenty seeds: an answer in two minutes',
    problems: ['xor', 'moons', 'breastCancer', 'deepRelu10'],
    optimizers: FIVE,
    initializers: ['zeros', 'xavierUniform', 'heNormal', 'orthogonal'],
  },
  standard: {
    ...rate,
    doc: 'twelve optimizers, eight initializers, six problems: half an hour',
    problems: ['xor', 'moons', 'spirals2', 'breastCancer', 'digits', 'deepRelu10'],
    optimizers: TWELVE,
    initializers: [
      'zeros',
      'normal',
      'lecunNormal',
      'xavierUniform',
      'xavierNormal',
      'heUniform',
      'heNormal',
      'orthogonal',
    ],
  },
  full: {
    ...rate,
    doc: 'twenty optimizers, twelve initializers, twelve problems: hours, or many machines',
    problems: [
      'xor',
      'parity4',
      'moons',
      'spirals2',
      'noisyLabels',
      'student',
      'breastCancer',
      'digits',
      'deepSigmoid10',
      'deepTanh10',
      'deepRelu10',
      'linear8',
    ],
    optimizers: [
      ...TWELVE,
      ...plainly('adadelta', 'adamax', 'adabelief', 'yogi', 'adan', 'lamb', 'scheduleFreeAdamw', 'prodigy'),
    ],
    initializers: [
      'zeros',
      'normal',
      'lecunNormal',
      'lecunUniform',
      'xavierUniform',
      'xavierNormal',
      'heUniform',
      'heNormal',
      'heTruncated',
      'orthogonal',
      'torchLinear',
      'lsuv',
    ],
  },
} as const satisfies Readonly<Record<string, Tier>>;

export type TierName = keyof typeof TIERS;

export const TIER_NAMES = Object.keys(TIERS) as readonly TierName[]; // its own keys

const counted = (from: number, n: number): readonly number[] => Array.from({ length: n }, (_, i) => from + i);

/**
 * The sweep over some axes; only modes that choose have seeds to choose on.
 * @throws UnknownNameError, DomainError for axes that make no sweep
 */
export const protocolOf = async (axes: Axes): Promise<Protocol> => {
  const { mode, optimizers, initializers, variants, seeds, tuningSeeds, steps } = axes;
  const problems: Protocol['problems'][number][] = [];
  for (const name of axes.problems)
    problems.push({ name, definition: await definitionOf(name), steps: steps ?? problemRow(name).steps });
  const protocol: Protocol = {
    schema: 1,
    mode,
    problems,
    optimizers,
    initializers,
    variants,
    tuningSeeds: mode === 'defaults' ? [] : counted(FIRST_TUNING, tuningSeeds),
    seeds: counted(1, seeds),
    budgets: mode === 'budget' ? [...axes.budgets].sort((a, b) => a - b) : [],
  };
  checkProtocol(protocol);
  return protocol;
};
