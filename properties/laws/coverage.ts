// What the inputs of laws must reach: pieces, kinks and the numbers beside them, tails, batches, signs, hyper-parameters off their defaults.
import { optimizerRow } from '../../src/index.ts';
import type { Values } from '../arbitraries.ts';
import { camel, rowOf } from '../contract.ts';
import type { Coverage, Law } from '../law.ts';
import { KINKS } from '../oracle/elements.ts';
import type { PortInfo } from '../port.ts';
import { nextDown, nextUp } from '../tolerance.ts';

type Covers = Readonly<Record<string, Coverage<never>>>;

/** Types a predicate by the inputs of the laws it is for, then forgets the type, as `law` does. */
const reaching = <I>(
  share: number,
  of: (input: I, port: PortInfo, subject: string) => boolean,
  when?: (port: PortInfo, subject: string) => boolean,
): Coverage<never> => ({ share, of: of as Coverage<never>['of'], ...(when === undefined ? {} : { when }) });

interface Points {
  readonly x: Values;
}
interface Pulled {
  readonly dy: Values;
}
interface Batch {
  readonly prediction: Values;
  readonly reduction: string;
}

const some =
  (f: (v: number, port: PortInfo, subject: string) => boolean) =>
  (input: Points | Values, port: PortInfo, subject: string): boolean =>
    ('x' in input ? input.x : input).data.some((v) => f(v, port, subject));
const kinks = (subject: string): readonly number[] => KINKS[subject] ?? [];
const bends = (_: PortInfo, subject: string): boolean => kinks(subject).length > 0;
const bothSigns = (values: readonly number[]): boolean => values.some((v) => v < 0) && values.some((v) => v > 0);

// Shares are what the generators give on average over the runs of a check, less a fifth or more.
const PIECES: Covers = {
  'left of every kink': reaching(
    0.45,
    some((v, _, s) => v < Math.min(...kinks(s))),
    bends,
  ),
  'right of every kink': reaching(
    0.45,
    some((v, _, s) => v > Math.max(...kinks(s))),
    bends,
  ),
  'the number beside a kink': reaching(
    0.38,
    some((v, { dtype }, s) => kinks(s).some((k) => v === nextDown(k, dtype) || v === nextUp(k, dtype))),
    bends,
  ),
};
const AT_KINK: Covers = {
  'a kink itself': reaching(
    0.25,
    some((v, _, s) => kinks(s).includes(v)),
    bends,
  ),
};
const TAILS: Covers = {
  'beyond 40 on the left': reaching(
    0.38,
    some((v) => v < -40),
  ),
  'beyond 40 on the right': reaching(
    0.38,
    some((v) => v > 40),
  ),
  'beyond 745': reaching(
    0.36,
    some((v) => Math.abs(v) > 745),
  ),
};
const SIGNS: Covers = {
  'cotangents of both signs': reaching<Pulled>(0.45, ({ dy }) => bothSigns(dy.data)),
};
/** Of operations, whose cotangents may be few where they add up. */
const POINTWISE_SIGNS: Covers = {
  'cotangents of both signs': reaching<Pulled>(
    0.45,
    ({ dy }) => bothSigns(dy.data),
    (_, s) => rowOf(s).kind === 'pointwise',
  ),
};
const BATCHES: Covers = {
  'a batch of at least 2': reaching<Batch>(0.5, ({ prediction }) => (prediction.shape[0] ?? 1) >= 2),
  'the mean': reaching<Batch>(0.36, ({ reduction }) => reduction === 'mean'),
  'the sum': reaching<Batch>(0.36, ({ reduction }) => reduction === 'sum'),
};
const LOGITS = ['bce_with_logits', 'softmax_cross_entropy', 'hinge'];
const SATURATED: Covers = {
  'saturated logits': reaching<Batch>(
    0.3,
    ({ prediction }) => prediction.data.some((z) => Math.abs(z) > 40),
    (_, s) => LOGITS.includes(s),
  ),
  'certain probabilities': reaching<Batch>(
    0.6,
    ({ prediction }) => prediction.data.some((p) => p === 0 || p === 1),
    (_, s) => s === 'bce',
  ),
};
const EXTENTS: Covers = {
  'extents that differ': reaching<{ readonly xs: readonly Values[] }>(
    0.5,
    ({ xs }) => new Set(xs.flatMap((x) => x.shape)).size > 1,
    (_, s) => rowOf(s).kind === 'fold' || rowOf(s).kind === 'pointwise',
  ),
};
interface Run {
  readonly params: readonly Values[];
  readonly gradients: readonly (readonly Values[])[];
  readonly hyper: Readonly<Record<string, number>>;
}
const RUNS: Covers = {
  'hyper-parameters off their defaults': reaching<Run>(
    0.75,
    ({ hyper }, _, s) => Object.entries(hyper).some(([k, v]) => v !== optimizerRow(camel(s)).hyper[k]),
    (_, s) => Object.keys(optimizerRow(camel(s)).hyper).length > 0,
  ),
  'gradients of both signs': reaching<Run>(0.65, ({ gradients }) => bothSigns(gradients.flat().flatMap((g) => g.data))),
  'two steps or more': reaching<Run>(0.6, ({ gradients }) => gradients.length >= 2),
};

/** What each law's inputs must reach, by its id. */
export const COVERAGE: Readonly<Record<string, Covers>> = {
  'activation/value': { ...PIECES, ...AT_KINK, ...TAILS },
  'activation/derivative': { ...PIECES, ...TAILS, ...SIGNS },
  'activation/odd': TAILS,
  'activation/slopes-even': TAILS,
  'activation/softplus-slope': TAILS,
  'activation/leaky-members': TAILS,
  'loss/value': { ...BATCHES, ...SATURATED },
  'loss/gradient': { ...BATCHES, ...SATURATED },
  'loss/reduction': BATCHES,
  'loss/duplication': BATCHES,
  'loss/duplication-gradient': BATCHES,
  'op/value': EXTENTS,
  'op/derivative': { ...EXTENTS, ...POINTWISE_SIGNS },
  'optimizer/steps': RUNS,
};

/** Laws with what their inputs must reach. @throws Error for an id in the table that no law has */
export const covering = (laws: readonly Law[]): readonly Law[] => {
  const strange = Object.keys(COVERAGE).find((id) => !laws.some((l) => l.id === id));
  if (strange !== undefined) throw new Error(`coverage: there is no law ${strange}`);
  return laws.map((l) => {
    const covers = COVERAGE[l.id];
    return covers === undefined ? l : { ...l, covers: covers as NonNullable<Law['covers']> }; // the row's inputs are the law's
  });
};
