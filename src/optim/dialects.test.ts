// Dialects under test: the first step of every preset for a gradient of 1 at a weight of 0, against its closed form.
import { describe, expect, test } from 'vitest';
import { type Dialect, type OPTIMIZERS, ops, optimizerOf, optimizerRow, presetOf, scalar, Tensor } from '../index.ts';

/** The size of the first step of a weight [1] for the gradient 1. */
const firstStep = (name: string, dialect: Dialect, shape: readonly number[] = [1]): number => {
  const { init, update } = optimizerOf(name, presetOf(name, dialect));
  const [w, g] = [Tensor.from(shape, [0]), Tensor.from(shape, [1])];
  const [[u]] = update(ops, [g], init(ops, [w]), [w], scalar(1)) as [[Tensor], unknown];
  return -(u.view[0] as number); // one element
};

const { sqrt } = Math;
const half = (n: number, psi: number): number => 0.9 * (1 - 0.96 ** (n * psi) / 2);
const nadam = (lr: number, one: number, two: number, below: number): number =>
  (lr * ((two * 0.1) / (1 - one * two) + 1)) / below;
const adam = (lr: number): number => lr / (1 + 1e-8);
/** Keras: eps joins the root before the correction. */
const adamHat = (lr: number): number => (lr * sqrt(0.001)) / (sqrt(0.001) + 1e-7);

/** Catalogued first steps: what "the same optimizer" does in each library. */
const FIRST: Readonly<Record<keyof typeof OPTIMIZERS, Partial<Record<Dialect, number>>>> = {
  sgd: { torch: 0.001, keras: 0.01 },
  momentum: { torch: 0.001, keras: 0.01, optax: 0.01 },
  nesterov: { torch: 0.0019, keras: 0.019, optax: 0.019 },
  rprop: { paper: 0.1, torch: 0.01, optax: 0.001 },
  signSgd: {},
  signum: {},
  lion: { paper: 1e-4, keras: 0.001, optax: 0.001 },
  adagrad: { torch: 0.01 / (1 + 1e-10), keras: 0.001 / sqrt(1.1 + 1e-7), optax: 0.001 / sqrt(1.1 + 1e-7) },
  rmsprop: {
    paper: 0.001 / (sqrt(0.1) + 1e-8),
    torch: 0.01 / (sqrt(0.01) + 1e-8),
    keras: 0.001 / sqrt(0.1 + 1e-7),
    optax: 0.001 / sqrt(0.1 + 1e-8),
  },
  adadelta: {
    paper: sqrt(1e-6) / sqrt(0.05 + 1e-6),
    torch: sqrt(1e-6) / sqrt(0.1 + 1e-6),
    keras: (0.001 * sqrt(1e-7)) / sqrt(0.05 + 1e-7),
    optax: sqrt(1e-6) / sqrt(0.1 + 1e-6),
  },
  adamax: { torch: 0.002 / (1 + 1e-8), keras: 0.001 / (1 + 1e-7), optax: 0.002 / (1 + 1e-8) },
  adam: { paper: adam(0.001), torch: adam(0.001), keras: adamHat(0.001), optax: adam(0.001) },
  adamw: { torch: adam(0.001), keras: adamHat(0.001), optax: adam(0.001) },
  amsgrad: { torch: adam(0.001), keras: adamHat(0.001), optax: adam(0.001) },
  nadam: {
    torch: nadam(0.002, half(1, 0.004), half(2, 0.004), 1 + 1e-8),
    keras: nadam(0.001, half(1, 1), half(2, 1), 1 + 1e-7 / sqrt(0.001)),
    optax: nadam(0.001, 0.9, 0.9, 1 + 1e-8),
  },
  radam: { paper: 0.001, torch: 0.001, optax: 0.001 },
  adabelief: {
    paper: 0.001 / (sqrt(0.81 + 1e-5) + 1e-8),
    optax: 0.001 / (sqrt(0.81 + 1e-13) + 1e-16),
  },
  yogi: { paper: 0.01 / (sqrt(1.001) + 1e-3), optax: (0.01 * (1 + 9e-6)) / (sqrt(1.001) + 1e-3) },
  adan: { optax: adam(0.001) },
  adopt: { paper: 0, optax: 0 },
  lamb: { paper: 0.001 / (1 + 1e-6), keras: 0.001 / (1 + 1e-7), optax: 0.001 / (1 + 1e-6) },
  shampoo: {},
  scheduleFreeSgd: { paper: 1, optax: 1 },
  scheduleFreeAdamw: { paper: adam(0.0025), optax: adam(0.0025) },
  prodigy: {
    paper: (1e-6 * 1e-7) / (sqrt(1e-15) + 1e-14),
    optax: ((1e-6 * sqrt(0.001)) / 0.1) * (1e-7 / (sqrt(1e-15) + 1e-14)),
  },
  muon: { paper: 0.0003 / (1 + 1e-10), torch: 0.000_015 / (1 + 1e-10), keras: 0.000_015 / (1 + 1e-10) },
};

describe('first steps by dialect', () => {
  for (const [name, steps] of Object.entries(FIRST)) {
    test(`${name} has the presets of the table and no others`, () => {
      expect(Object.keys(optimizerRow(name).dialects).sort()).toEqual(Object.keys(steps).sort());
    });
    for (const [dialect, step] of Object.entries(steps))
      test(`${name} ${dialect}: ${step}`, () => {
        const got = firstStep(name, dialect as Dialect);
        expect(Math.abs(got - step), `got ${got}`).toBeLessThanOrEqual(8 * Number.EPSILON * step);
      });
  }

  test('the ratios that the catalogue measured: libraries differ by 32, 2236 and 10.5 times', () => {
    expect(firstStep('rmsprop', 'torch') / firstStep('rmsprop', 'keras')).toBeCloseTo(31.62, 2);
    expect(firstStep('adadelta', 'torch') / firstStep('adadelta', 'keras')).toBeCloseTo(2236.06, 1);
    expect(firstStep('adagrad', 'torch') / firstStep('adagrad', 'keras')).toBeCloseTo(10.49, 2);
  });

  test('muon turns a 1 × 1 matrix by five turns of its quintic', () => {
    const u = 0.05 + 0.95 * 0.05; // the look ahead of the first step
    let x = u / (u + 1e-7);
    for (let i = 0; i < 5; i++) x = 3.4445 * x - 4.775 * x ** 3 + 2.0315 * x ** 5;
    expect(firstStep('muon', 'paper', [1, 1])).toBeCloseTo(0.02 * x, 12);
    expect(firstStep('muon', 'keras', [1, 1])).toBeCloseTo(0.001 * 0.2 * x, 12);
  });
});

/** What the documentation of each library says where it differs from the row: the arguments that people leave out. */
const DIFFERENCES: Readonly<Record<string, Partial<Record<Dialect, Readonly<Record<string, number>>>>>> = {
  sgd: { torch: { lr: 0.001 }, keras: { lr: 0.01 } },
  momentum: { torch: { lr: 0.001, firstStepFull: 1 }, keras: { lrInside: 1 } },
  nesterov: { torch: { lr: 0.001 }, keras: { lrInside: 1 } },
  rprop: { paper: { lr: 0.1 }, optax: { lr: 0.001, minFactor: 0.001, maxFactor: 50_000 } },
  lion: { keras: { lr: 0.001 }, optax: { lr: 0.001, weightDecay: 0.001 } },
  adagrad: {
    keras: { lr: 0.001, eps: 0, epsRoot: 1e-7, initialAccumulator: 0.1 },
    optax: { lr: 0.001, eps: 0, epsRoot: 1e-7, initialAccumulator: 0.1 },
  },
  rmsprop: {
    paper: { lr: 0.001, decay: 0.9 },
    keras: { lr: 0.001, decay: 0.9, eps: 0, epsRoot: 1e-7 },
    optax: { lr: 0.001, decay: 0.9, eps: 0, epsRoot: 1e-8 },
  },
  adadelta: { paper: { decay: 0.95 }, keras: { lr: 0.001, decay: 0.95, epsRoot: 1e-7 } },
  adamax: { torch: { eps: 0, epsInner: 1e-8 }, keras: { lr: 0.001, eps: 1e-7 }, optax: { eps: 0, epsInner: 1e-8 } },
  adam: { keras: { eps: 0, epsHat: 1e-7 } },
  adamw: { keras: { eps: 0, epsHat: 1e-7, weightDecay: 0.004 }, optax: { weightDecay: 1e-4 } },
  amsgrad: { keras: { eps: 0, epsHat: 1e-7 }, optax: { maxCorrected: 1 } },
  nadam: { keras: { lr: 0.001, psi: 1, eps: 0, epsHat: 1e-7 }, optax: { lr: 0.001, scheduled: 0 } },
  radam: { paper: { threshold: 4 }, torch: { eps: 0, epsHat: 1e-8 } },
  adabelief: { paper: { eps: 1e-8, epsAdded: 1e-8 } },
  yogi: { optax: { initialMoment: 1e-6 } },
  lamb: { paper: { weightDecay: 0.01 }, keras: { eps: 1e-7 } },
  prodigy: { optax: { biasCorrection: 1 } },
  muon: { torch: { lr: 0.001, weightDecay: 0.1 }, keras: { lr: 0.001, weightDecay: 0.004, rmsScale: 1 } },
};

test('presets differ from the row in what their library says, and in nothing else', () => {
  for (const [name, steps] of Object.entries(FIRST))
    for (const dialect of Object.keys(steps) as readonly Dialect[])
      expect(presetOf(name, dialect), `${name} ${dialect}`).toEqual({
        ...optimizerRow(name).hyper,
        ...DIFFERENCES[name]?.[dialect],
      });
});

test('what a rule sees beyond one coordinate is declared', () => {
  const seeing = (what: string) => Object.keys(FIRST).filter((name) => optimizerRow(name).traits.sees === what);
  expect(seeing('leaf').sort()).toEqual(['lamb', 'muon', 'shampoo']);
  expect(seeing('all')).toEqual(['prodigy']);
  expect(seeing('coordinate').length).toBe(Object.keys(FIRST).length - 4);
  expect(optimizerRow('shampoo').squares).toEqual({ left: 'rows', right: 'columns' });
  const names = (keeps: (traits: ReturnType<typeof optimizerRow>['traits']) => boolean) =>
    Object.keys(FIRST).filter((name) => !keeps(optimizerRow(name).traits));
  expect(names((t) => t.odd)).toEqual(['yogi']);
  expect(names((t) => t.scaleFree)).toEqual(
    'sgd momentum nesterov adagrad adadelta radam yogi shampoo scheduleFreeSgd'.split(' '),
  );
});
