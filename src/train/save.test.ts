// Save and resume under test: bit for bit as if the training had never stopped, for every optimizer, schedule and wrapper.
import { describe, expect, test } from 'vitest';
import {
  accuracyOn,
  batches,
  DomainError,
  fit,
  keyOf,
  load,
  lossOn,
  OPTIMIZERS,
  type OptimizerSpec,
  SCHEDULES,
  save,
  setupOf,
  start,
  step,
  Tensor,
  type Training,
  type TrainingSpec,
  uniform,
  WRAPPERS,
} from '../index.ts';

/** Dense, batch normalisation, dropout, and a residual part with more of them: everything that has state or draws. */
const MODEL: TrainingSpec['model'] = {
  layers: [
    { type: 'dense', units: 4, init: 'heNormal' },
    { type: 'batchNorm' },
    { type: 'activation', name: 'leakyRelu', slope: 0.1 },
    { type: 'dropout', dropRate: 0.3 },
    {
      type: 'residual',
      layers: [
        { type: 'dense', units: 4 },
        { type: 'batchNorm', momentum: 0.3 },
        { type: 'dropout', dropRate: 0.2 },
      ],
    },
    { type: 'dense', units: 1 },
  ],
  loss: 'bceWithLogits',
  regulariser: { l2: 1e-3, maxNorm: 3 },
};
const data = {
  x: uniform(keyOf(5), [24, 3]),
  y: Tensor.from(
    [24, 1],
    Array.from({ length: 24 }, (_, i) => ((i * 7) % 3 === 0 ? 1 : 0)),
  ),
};
const plan = { size: 7, epochs: 3, key: keyOf(8) };
const specOf = (optimizer: OptimizerSpec): TrainingSpec => ({ model: MODEL, optimizer, input: [3] });

/** Every number of a training, so that two of them can be told apart by a bit. */
const bits = (training: Training): string => save(specOf({ name: 'sgd' }), training);

const resumes = (optimizer: OptimizerSpec): void => {
  const spec = specOf(optimizer);
  const setup = setupOf(spec);
  const from = start(setup, keyOf(3), spec.input);
  const whole = fit(setup, from, batches(data, plan));
  const half = fit(setup, from, [...batches(data, plan)].slice(0, 5));
  const back = load(save(spec, half.training));
  expect(bits(back.training)).toBe(bits(half.training));
  const rest = fit(back.setup, back.training, batches(data, { ...plan, from: back.training.k }));
  expect(bits(rest.training)).toBe(bits(whole.training));
  expect([...half.losses, ...rest.losses]).toEqual(whole.losses);
  expect(whole.training.k).toBe(12);
  expect(bits(whole.training)).not.toBe(bits(half.training));
};

describe('saved at step 5 and resumed, a training is what it would have been', () => {
  for (const name of Object.keys(OPTIMIZERS)) test(`with ${name}`, () => resumes({ name }));
  for (const name of Object.keys(SCHEDULES))
    test(`under the schedule ${name}`, () => resumes({ name: 'adam', schedule: { name } }));
  for (const name of Object.keys(WRAPPERS))
    test(`wrapped by ${name}`, () => resumes({ name: 'momentum', dialect: 'torch', wrappers: [{ name }] }));
});

test('evaluating between two steps changes nothing', () => {
  const setup = setupOf(specOf({ name: 'adam', wrappers: [{ name: 'ema' }] }));
  const quiet = fit(setup, start(setup, keyOf(3), [3]), batches(data, plan)).training;
  let watched = start(setup, keyOf(3), [3]);
  for (const batch of batches(data, plan)) {
    lossOn(setup, watched, data);
    watched = step(setup, watched, batch).training;
    accuracyOn(setup, watched, data);
  }
  expect(bits(watched)).toBe(bits(quiet));
});

describe('text that is no saved training is refused, and nothing is half loaded', () => {
  const spec = specOf({ name: 'adam' });
  const setup = setupOf(spec);
  const good = save(spec, start(setup, keyOf(0), [3]));
  const cases: readonly (readonly [string, string, string])[] = [
    ['no JSON', 'hello', 'load: the text is no JSON'],
    ['something else', '{"a":1}', 'load: the text is not a "tautograd training"'],
    ['another version', good.replace('"version": 1', '"version": 7'), 'load: version 1 is understood, got 7'],
    ['cut short', good.slice(0, good.length / 2), 'load: the text is no JSON'],
    [
      'a wrong shape',
      good.replace('"units": 1\n', '"units": 2\n'),
      'load: params/5/b must have the shape [2], got [1]',
    ],
    ['a lost tensor', good.replace('"gamma"', '"gama"'), 'load: params/1/gamma must be { shape, data } with numbers'],
    ['an unknown optimizer', good.replace('"adam"', '"adamant"'), 'optimizer: no row is called "adamant"'],
    ['a negative step', good.replace('"k": 0', '"k": -1'), 'load: k must be a number of steps, got -1'],
  ];
  for (const [what, text, message] of cases)
    test(what, () => {
      expect(text).not.toBe(good);
      expect(() => load(text)).toThrow(message);
    });
  test('and the good one is not', () => {
    expect(load(good).spec).toEqual(spec);
    expect(() => load('')).toThrow(DomainError);
  });
});
