// Other rules that engines are known to train by, one row each: conventions that may be declared, and slips that happen.
import { type Hyper, optimizerRow } from '../../src/index.ts';
import { camel } from '../contract.ts';
import type { Conventions } from '../conventions.ts';
import { FINGERPRINTS } from '../fingerprints.ts';
import { optionText } from '../infer.ts';
import type { Rules } from './follow.ts';

/** A way to train that differs from the declared one in one thing. */
export interface Reading {
  readonly says: string;
  /** A convention is nobody’s bug once it is declared; a slip is one. */
  readonly kind: 'convention' | 'slip';
  readonly rules: Rules;
}

type Change = (rules: Rules) => Partial<Rules> | null;
interface Row {
  readonly says: string;
  readonly kind: Reading['kind'];
  /** Null where it does not apply. */
  readonly change: Change;
}

const rowOf = ({ optimizer }: Rules) => optimizerRow(camel(optimizer));
/** Other hyper-parameters, where the optimizer has all of them. */
const set =
  (change: (h: Hyper) => Hyper | null): Change =>
  (rules) => {
    const hyper = change(rules.hyper);
    const known = rowOf(rules).hyper;
    return hyper === null || Object.keys(hyper).some((key) => !(key in known))
      ? null
      : { hyper: { ...rules.hyper, ...hyper } };
  };
const on = (v: number | undefined): v is number => v !== undefined && v !== 0;
const decays: Change = ({ hyper }) => (on(hyper.weightDecay) ? {} : null);
const also =
  (first: Change, change: Partial<Rules>): Change =>
  (rules) =>
    first(rules) === null ? null : change;

/** Steps after which no bias is left to correct: βᵏ is below any digit. */
const LONG = 2 ** 40;

/** A Nesterov momentum as plain momentum, with gradients taken ahead or not. */
const momentumOf = (rules: Rules, ahead: boolean): Partial<Rules> | null =>
  rules.optimizer === 'nesterov' || (rules.ahead && !ahead)
    ? { optimizer: 'momentum', hyper: { ...optimizerRow('momentum').hyper, ...rules.hyper }, ahead }
    : null;

const ROWS: readonly Row[] = [
  {
    says: 'eps inside the root (epsRoot = eps, eps = 0)',
    kind: 'convention',
    change: set(({ eps, epsRoot }) => (on(eps) && !on(epsRoot) ? { eps: 0, epsRoot: eps } : null)),
  },
  {
    says: 'eps outside the root (eps = epsRoot, epsRoot = 0)',
    kind: 'convention',
    change: set(({ eps, epsRoot }) => (on(epsRoot) && !on(eps) ? { eps: epsRoot, epsRoot: 0 } : null)),
  },
  {
    says: 'eps beside the root before its bias correction (epsHat = eps, eps = 0)',
    kind: 'convention',
    change: set(({ eps, epsHat }) => (on(eps) && !on(epsHat) ? { eps: 0, epsHat: eps } : null)),
  },
  {
    says: 'eps beside the root after its bias correction (eps = epsHat, epsHat = 0)',
    kind: 'convention',
    change: set(({ eps, epsHat }) => (on(epsHat) && !on(eps) ? { eps: epsHat, epsHat: 0 } : null)),
  },
  { says: 'no eps', kind: 'slip', change: set(({ eps }) => (on(eps) ? { eps: 0 } : null)) },
  { says: 'no bias correction', kind: 'convention', change: () => ({ count: () => LONG }) },
  { says: 'bias correction one step ahead (it counts from 2)', kind: 'slip', change: () => ({ count: (k) => k + 1 }) },
  {
    says: 'bias correction one step behind (it counts 1, 1, 2, …)',
    kind: 'slip',
    change: () => ({ count: (k) => Math.max(1, k - 1) }),
  },
  {
    says: 'coupled weight decay, added to the gradient',
    kind: 'convention',
    change: also(decays, { decay: 'coupled' }),
  },
  {
    says: 'weight decay that is not multiplied by the rate',
    kind: 'convention',
    change: also(decays, { decay: 'unscaled' }),
  },
  {
    says: 'weight decay of matrices alone, not of biases',
    kind: 'convention',
    change: also(decays, { decay: 'matrices' }),
  },
  {
    says: 'no weight decay',
    kind: 'slip',
    change: set(({ weightDecay }) => (on(weightDecay) ? { weightDecay: 0 } : null)),
  },
  {
    says: 'a velocity that averages gradients (dampening = momentum)',
    kind: 'convention',
    change: set(({ momentum, dampening }) => (on(momentum) && dampening === 0 ? { dampening: momentum } : null)),
  },
  { says: 'nesterov sutskever', kind: 'convention', change: (rules) => momentumOf(rules, true) },
  { says: 'a momentum without the look ahead', kind: 'slip', change: (rules) => momentumOf(rules, false) },
  {
    says: 'nesterov torch',
    kind: 'convention',
    change: ({ ahead }) => (ahead ? { optimizer: 'nesterov', ahead: false } : null),
  },
  {
    says: 'a momentum that looks ahead (Nesterov)',
    kind: 'slip',
    change: (rules) => (rules.optimizer === 'momentum' && !rules.ahead ? { optimizer: 'nesterov' } : null),
  },
  {
    says: 'beta1 and beta2 exchanged',
    kind: 'slip',
    change: set(({ beta1, beta2 }) => (on(beta1) && on(beta2) ? { beta1: beta2, beta2: beta1 } : null)),
  },
  ...['momentum', 'beta1', 'beta2', 'decay'].map(
    (key): Row => ({
      says: `${key} weighs the new gradient (1 − ${key} in its place)`,
      kind: 'convention',
      change: set((h) => (on(h[key]) ? { [key]: 1 - (h[key] ?? 0) } : null)),
    }),
  ),
  { says: 'an optimizer that forgets everything between steps', kind: 'slip', change: () => ({ remembers: false }) },
  {
    says: 'one step late: the update uses the state from before this step',
    kind: 'slip',
    change: ({ hyper }) => (on(hyper.momentum) || on(hyper.beta1) ? { late: true } : null),
  },
  { says: 'gradients that add up, never set to zero', kind: 'slip', change: () => ({ piles: true }) },
  { says: 'steps up the gradient', kind: 'slip', change: () => ({ sign: -1 }) },
  {
    says: 'loss reduction sum',
    kind: 'convention',
    change: ({ reduction }) => (reduction === 'sum' ? null : { reduction: 'sum' }),
  },
  {
    says: 'loss reduction mean',
    kind: 'convention',
    change: ({ reduction }) => (reduction === 'mean' ? null : { reduction: 'mean' }),
  },
  {
    says: 'loss divided by the samples of the batch alone',
    kind: 'convention',
    change: ({ reduction }) => (reduction === 'samples' ? null : { reduction: 'samples' }),
  },
  { says: 'half the loss', kind: 'convention', change: () => ({ factor: 1 / 2 }) },
  { says: 'twice the loss', kind: 'slip', change: () => ({ factor: 2 }) },
  { says: 'weights written as [out, in]', kind: 'convention', change: () => ({ transposed: 'all' }) },
  {
    says: 'weights written as [out, in] after every step, and as [in, out] before the first',
    kind: 'slip',
    change: () => ({ transposed: 'steps' }),
  },
];

/** What a training depends on of all that a port declares. */
const TRAINED: readonly (keyof Conventions)[] = ['reluSlopeAtZero', 'bce', 'bnEps', 'bnMomentum', 'bnRunningVariance'];

/** Every other option of a convention that shows in trainings. */
const options = (): readonly Row[] =>
  FINGERPRINTS.filter(({ convention, of }) => of === undefined && TRAINED.includes(convention)).flatMap((row) =>
    row.options.map(
      (option): Row => ({
        says: optionText(option),
        kind: 'convention',
        change: ({ conventions }) => {
          const own = Object.entries(option).every(([key, v]) => conventions[key as keyof Conventions] === v);
          return own ? null : { conventions: { ...conventions, ...option } };
        },
      }),
    ),
  );

/** What a published library does by default, and what each switch of an optimizer turns. */
const ofOptimizer = (rules: Rules): readonly Row[] => {
  const { dialects, hyper, domain } = rowOf(rules);
  const text = (h: Readonly<Partial<Hyper>>): string =>
    Object.entries(h)
      .map(([name, v]) => `${name} ${v}`)
      .join(', ');
  const presets = Object.entries(dialects).flatMap(([name, changed = {}]): Row[] => {
    const { lr: _, ...rest } = changed as Hyper; // of the hyper-parameters of its row
    return Object.keys(rest).length === 0
      ? []
      : [{ says: `as ${name} has it (${text(rest)})`, kind: 'convention', change: set(() => rest) }];
  });
  const switches = Object.entries(domain).flatMap(([name, [low, high]]): Row[] =>
    low === 0 && high === 1 && Number.isInteger(hyper[name])
      ? [
          {
            says: `${name} ${1 - (rules.hyper[name] ?? 0)}`,
            kind: 'convention',
            change: set((h) => ({ [name]: 1 - (h[name] ?? 0) })),
          },
        ]
      : [],
  );
  return [...presets, ...switches];
};

/** All ways to train that differ from the declared one in one thing. */
export const readingsOf = (rules: Rules): readonly Reading[] =>
  [...options(), ...ROWS, ...ofOptimizer(rules)].flatMap(({ says, kind, change }) => {
    const changed = change(rules);
    return changed === null ? [] : [{ says, kind, rules: { ...rules, ...changed } }];
  });
