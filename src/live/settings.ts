// What can be set, one row each, and how it is written behind the # of an address.
import {
  ACTIVATIONS,
  DomainError,
  INITIALIZERS,
  lookup,
  OPTIMIZERS,
  type OpName,
  optimizerRow,
  ROWS,
  TautogradError,
} from '../index.ts';
import { PACES } from './pace.ts';
import { PLANES } from './planes.ts';

/** All that a training on the page depends on, and at which pace it is shown. */
export interface Settings {
  readonly data: string;
  readonly samples: number;
  readonly noise: number;
  readonly depth: number;
  readonly width: number;
  readonly activation: string;
  readonly init: string;
  readonly batchNorm: number;
  readonly dropRate: number;
  readonly optimizer: string;
  readonly lr: number;
  readonly batch: number;
  readonly l2: number;
  readonly seed: number;
  readonly pace: string;
  readonly stop: number;
}
export type Name = keyof Settings;
/** Those that differ from what is usual. */
export type Given = Partial<Settings>;

export interface Choice {
  readonly value: string;
  readonly label: string;
  readonly doc: string;
}

interface Common<V> {
  readonly label: string;
  readonly group: Group;
  readonly doc: string;
  /** What it is unless it is given; may follow from the settings before it. */
  readonly usual: (before: Settings) => V;
  /** Settings that go back to what is usual when this one is changed by hand. */
  readonly resets?: readonly Name[];
  /** Whether a training goes on when it is changed. */
  readonly live?: boolean;
}
export interface ChoiceRow extends Common<string> {
  readonly kind: 'choice';
  readonly choices: readonly Choice[];
}
export interface NumberRow extends Common<number> {
  readonly kind: 'number';
  /** Ends of what the page takes; what lies outside the engine's own ranges is refused by the engine. */
  readonly low?: number;
  readonly high?: number;
  readonly whole?: boolean;
}
/** 0 and 1 are no and yes. */
export interface FlagRow extends Common<number> {
  readonly kind: 'flag';
}
export type SettingRow = ChoiceRow | NumberRow | FlagRow;

export const GROUPS = { data: 'Data', network: 'Network', training: 'Training' } as const;
export type Group = keyof typeof GROUPS;

const choicesOf = <R extends { readonly doc: string }>(
  table: Readonly<Record<string, R>>,
  label: (name: string, row: R) => string = (name) => name,
): readonly Choice[] =>
  Object.entries(table).map(([value, row]) => ({ value, label: label(value, row), doc: row.doc }));

/** The parameters that an activation of a layer has here, where it has any: those that its row is shown with. */
export const paramsOf = (activation: OpName): Readonly<Record<string, number>> =>
  // every activation takes one tensor, and named numbers or nothing
  (ROWS[activation].sample([[1, 1]]) as Readonly<Record<string, number>> | undefined) ?? {};
const saidOf = (activation: OpName): readonly string[] =>
  Object.entries(paramsOf(activation)).map(([name, v]) => `${name} ${v}`);

const whole = (
  low: number,
  high: number,
  usual: number,
): Pick<NumberRow, 'kind' | 'low' | 'high' | 'whole' | 'usual'> => ({
  ...{ kind: 'number', whole: true, low, high },
  usual: () => usual,
});

export const SETTINGS: { readonly [K in Name]: Settings[K] extends string ? ChoiceRow : NumberRow | FlagRow } = {
  data: {
    ...{ kind: 'choice', group: 'data', label: 'Problem', doc: 'which points are to be told apart' },
    usual: () => 'xor',
    choices: choicesOf(PLANES, (_, row) => row.label),
    resets: ['noise'],
  },
  samples: {
    ...whole(2, 1000, 200),
    ...{ group: 'data', label: 'Samples', doc: 'points to learn from; as many others to be tested with' },
  },
  noise: {
    ...{ kind: 'number', group: 'data', label: 'Noise', low: 0, high: 2 },
    doc: 'standard deviation that is added to each coordinate',
    usual: ({ data }) => lookup(PLANES, 'problem', data).noise,
  },
  seed: {
    ...whole(0, 2 ** 32 - 1, 1),
    ...{ group: 'data', label: 'Seed', doc: 'fixes data, weights and batches: the same seed gives the same training' },
  },
  depth: {
    ...whole(0, 20, 1),
    ...{ group: 'network', label: 'Hidden layers', doc: 'none is a single unit, which draws one line' },
  },
  width: { ...whole(1, 64, 4), ...{ group: 'network', label: 'Units each', doc: 'units in each hidden layer' } },
  activation: {
    ...{ kind: 'choice', group: 'network', label: 'Activation', doc: 'what each hidden unit does to its sum' },
    usual: () => 'tanh',
    choices: ACTIVATIONS.map((value) => ({ value, label: [value, ...saidOf(value)].join(', '), doc: ROWS[value].doc })),
  },
  init: {
    ...{ kind: 'choice', group: 'network', label: 'Initializer', doc: 'where the weights begin' },
    usual: () => 'xavierUniform',
    choices: choicesOf(INITIALIZERS),
  },
  batchNorm: {
    ...{ kind: 'flag', group: 'network', label: 'Batch norm', usual: () => 0 },
    doc: 'each unit to mean 0 and variance 1 over the batch, before its activation',
  },
  dropRate: {
    ...{ kind: 'number', group: 'network', label: 'Dropout', usual: () => 0 },
    doc: 'share of the hidden units that is switched off at random in every step',
  },
  optimizer: {
    ...{ kind: 'choice', group: 'training', label: 'Optimizer', doc: 'how a gradient becomes a step' },
    usual: () => 'adam',
    choices: choicesOf(OPTIMIZERS),
    resets: ['lr'],
  },
  lr: {
    ...{ kind: 'number', group: 'training', label: 'Learning rate' },
    doc: 'the size of a step; the optimizer’s own unless another is given',
    usual: ({ optimizer }) => optimizerRow(optimizer).hyper.lr ?? 0,
  },
  batch: {
    ...whole(1, 1000, 32),
    ...{ group: 'training', label: 'Batch size', doc: 'samples per step; all of them where there are no more' },
  },
  l2: {
    ...{ kind: 'number', group: 'training', label: 'L2', usual: () => 0 },
    doc: 'strength of the penalty on squared weights',
  },
  pace: {
    ...{ kind: 'choice', group: 'training', label: 'Pace', doc: 'how fast it may go', live: true },
    usual: () => 'ease',
    choices: choicesOf(PACES, (_, row) => row.label),
  },
  stop: {
    ...whole(1, 1e9, 20_000),
    ...{ group: 'training', label: 'Pause after', doc: 'steps after which it pauses by itself', live: true },
  },
};
export const NAMES = Object.keys(SETTINGS) as readonly Name[]; // the keys of the table

/** All settings, from those that are given. */
export const settingsOf = (given: Given): Settings => {
  const all: Record<string, string | number> = {};
  // every row sees those before it, and the last one completes them
  for (const name of NAMES) all[name] = given[name] ?? SETTINGS[name].usual(all as unknown as Settings);
  return all as unknown as Settings;
};

/** The value of a row from text. @throws UnknownNameError, DomainError */
export const readAs = (name: Name, text: string): string | number => {
  const row: SettingRow = SETTINGS[name];
  if (row.kind === 'choice')
    return lookup(Object.fromEntries(row.choices.map((c) => [c.value, c.value])), row.label.toLowerCase(), text);
  const value = text.trim() === '' ? Number.NaN : Number(text);
  const {
    low = -Number.MAX_VALUE,
    high = Number.MAX_VALUE,
    whole: isWhole = true,
  } = row.kind === 'flag' ? { low: 0, high: 1 } : { whole: false, ...row };
  if (!(value >= low && value <= high && (!isWhole || Number.isInteger(value))))
    throw new DomainError(
      `${name}: must be a ${isWhole ? 'whole ' : ''}number${row.kind === 'number' && row.low === undefined ? '' : ` from ${low} to ${high}`}, got ${text.trim() === '' ? 'nothing' : text}`,
    );
  return value;
};

/** One setting changed by hand: what follows from it goes back to what is usual, and what is usual is not kept. */
export const changed = (given: Given, name: Name, value: string | number): Given => {
  const resets = SETTINGS[name].resets ?? [];
  const next: Given = { ...given, ...Object.fromEntries(resets.map((r) => [r, undefined])), [name]: value };
  return plain(next);
};

/** Without what is usual anyway. */
export const plain = (given: Given): Given => {
  const all = settingsOf(given);
  return Object.fromEntries(
    NAMES.flatMap((name) =>
      given[name] === undefined || given[name] === SETTINGS[name].usual(all) ? [] : [[name, given[name]]],
    ),
  );
};

/** The fragment of an address, without its #: `data=moons&depth=2`. What is usual is left out. */
export const toFragment = (given: Given): string =>
  Object.entries(plain(given))
    .map(([name, value]) => `${name}=${encodeURIComponent(value)}`)
    .join('&');

/** The settings in a fragment, and a sentence for each part of it that means none. */
export const fromFragment = (fragment: string): { readonly given: Given; readonly refusals: readonly string[] } => {
  const refusals: string[] = [];
  const given = Object.fromEntries(
    [...new URLSearchParams(fragment.replace(/^#/, ''))].flatMap(([name, text]) => {
      try {
        lookup(SETTINGS, 'setting', name);
        return [[name, readAs(name as Name, text)]]; // looked up
      } catch (error) {
        if (!(error instanceof TautogradError)) throw error;
        refusals.push(error.message);
        return [];
      }
    }),
  );
  return { given, refusals };
};
