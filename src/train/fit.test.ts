// The fold of a training on cases done by hand: when it stops, what it keeps, whom it tells, and what it refuses.
import { describe, expect, test } from 'vitest';
import {
  accuracyOn,
  type Data,
  DomainError,
  evaluationVariables,
  type FitOptions,
  fansOf,
  fit,
  flatten,
  fold,
  initializerRow,
  keyOf,
  type LayerSpec,
  load,
  lossAndGrad,
  lossOn,
  modelOf,
  ops,
  optimizerFrom,
  PRETRAININGS,
  pretrained,
  type Setup,
  ShapeError,
  sample,
  save,
  scalar,
  setupOf,
  stackRbms,
  start,
  startFrom,
  step,
  type TautogradError,
  Tensor,
  type TrainingSpec,
  type Tree,
  toJson,
} from '../index.ts';

const refused = (f: () => unknown, kind: new (message: string) => TautogradError, sentence: string | RegExp): void => {
  expect(f).toThrow(kind);
  expect(f).toThrow(sentence);
};
const matrix = (...rows: readonly (readonly number[])[]): Tensor =>
  Tensor.from([rows.length, rows[0]?.length ?? 0], rows.flat());

/** The numbers of a tree of tensors; two tensors look alike to an assertion. */
const flat = (tree: unknown): readonly unknown[] =>
  flatten(tree as Tree<Tensor | number>).leaves.map((t) =>
    t instanceof Tensor ? [...t.shape, '|', ...t.toArray()] : t,
  );

/** One weight from 0 under (w − y)²: by lr 1/8 it goes half the way, its bias with it, with every step. */
const setup: Setup = setupOf({
  model: { layers: [{ type: 'dense', units: 1, init: 'zeros' }], loss: 'mse' },
  optimizer: { name: 'sgd', hyper: { lr: 1 / 8 } },
});
const from = start(setup, keyOf(1), [1]);
const one: Data = { x: matrix([1]), y: matrix([8]) };
const times = (n: number, data: Data = one): readonly Data[] => Array.from({ length: n }, () => data);
const run = (n: number, options: FitOptions = {}) => fit(setup, from, times(n), options);

describe('a fit', () => {
  test('w and b go together: the error halves with every step', () => {
    // error 8: slope 2·8 for w and for b, so that each moves by 2 and the output by 4
    const { losses, training, stopped, best, evaluations } = run(3);
    expect(losses).toEqual([64, 16, 4]);
    expect(lossOn(setup, training, one)).toBe(1);
    expect([training.k, stopped, evaluations]).toEqual([3, 'end', []]);
    expect(best).toBe(training);
  });
  test('judges every so many steps, and tells whoever asks', () => {
    const told: object[] = [];
    const { evaluations } = run(5, { validation: one, every: 2, onStep: (d) => told.push(d) });
    expect(evaluations).toEqual([
      { k: 2, loss: 4 },
      { k: 4, loss: 1 / 4 },
    ]);
    expect(told).toEqual([
      { k: 1, loss: 64 },
      { k: 2, loss: 16, validation: 4 },
      { k: 3, loss: 4 },
      { k: 4, loss: 1, validation: 1 / 4 },
      { k: 5, loss: 1 / 4 },
    ]);
    expect(run(2, { validation: one }).evaluations.map(({ k }) => k)).toEqual([1, 2]);
  });
  test('stops at a target, which may be met exactly', () => {
    const { stopped, training } = run(9, { validation: one, stopAt: 4 });
    expect([stopped, training.k]).toEqual(['target', 2]);
    expect(run(3, { validation: one, stopAt: 0 }).stopped).toBe('end');
  });
  test('stops when evaluations in a row bring no more than minDelta, and keeps the best', () => {
    const away: Data = { x: matrix([1]), y: matrix([3]) }; // the output is 4, 6, 7, 7.5: it passes 3 and leaves
    const patient = (patience: number, minDelta = 0) => run(9, { validation: away, patience, minDelta });
    expect(patient(1).evaluations.map((e) => e.loss)).toEqual([1, 9]);
    expect([patient(1).stopped, patient(1).training.k, patient(1).best.k]).toEqual(['patience', 2, 1]);
    expect([patient(3).stopped, patient(3).training.k, patient(3).best.k]).toEqual(['patience', 4, 1]);
    // 16, 4, 1, 1/4: improvements of 12, 3, 3/4
    const slow = (minDelta: number) => run(9, { validation: one, patience: 1, minDelta });
    expect([slow(12).training.k, slow(11).training.k, slow(3).training.k, slow(2.9).training.k]).toEqual([2, 3, 3, 4]);
    expect(slow(12).best.k).toBe(2);
    expect(run(9, { validation: one, patience: 1, minDelta: 2.9 }).best.k).toBe(4);
    expect(patient(Number.POSITIVE_INFINITY).stopped).toBe('end');
    // idle evaluations must be in a row
    const wave = [one, away, away, one, one, one];
    expect(fit(setup, from, wave, { validation: one, patience: 2 }).training.k).toBeGreaterThan(2);
  });
  test('a loss that is not finite undoes its step and ends the fit', () => {
    const broken: Data = { x: matrix([Number.POSITIVE_INFINITY]), y: matrix([8]) };
    const { stopped, training, losses } = fit(setup, from, [one, broken, one]);
    expect([stopped, training.k, losses.length]).toEqual(['diverged', 1, 2]);
    expect(losses[1]).toBe(Number.POSITIVE_INFINITY);
  });
  test('options out of range', () => {
    for (const every of [0, 1.5])
      refused(() => run(1, { every }), DomainError, `fit: every must be a positive integer, got ${every}`);
    for (const patience of [0, Number.NaN])
      refused(() => run(1, { patience }), DomainError, `fit: patience must be at least 1, got ${patience}`);
    for (const minDelta of [-1, Number.NaN])
      refused(() => run(1, { minDelta }), DomainError, `fit: minDelta must not be negative, got ${minDelta}`);
    expect(() => run(1, { every: 1, patience: 1, minDelta: 0 })).not.toThrow();
  });
});

describe('targets that a loss cannot mean', () => {
  const judged = (loss: string, y: number) => {
    const own = setupOf({
      model: { layers: [{ type: 'dense', units: 1, init: 'zeros' }], loss },
      optimizer: { name: 'sgd' },
    });
    return () => step(own, start(own, keyOf(1), [1]), { x: matrix([1]), y: matrix([y]) });
  };
  for (const [loss, good, bad, says] of [
    ['mse', [-5, 0, Number.POSITIVE_INFINITY], [Number.NaN], 'numbers'],
    ['bceWithLogits', [0, 1 / 2, 1], [-0.1, 1.1, Number.NaN], 'labels from 0 to 1'],
    ['hinge', [-1, 1], [0, 2, -2], '-1 or 1'],
    ['softmaxCrossEntropy', [0, 1 / 2, 1], [-0.1, 1.1, Number.NaN], 'shares from 0 to 1'],
  ] as const)
    test(loss, () => {
      for (const y of good) expect(judged(loss, y)).not.toThrow();
      for (const y of bad) refused(judged(loss, y), DomainError, `${loss}: targets must be ${says}, got ${y} at 0`);
    });
  test('are refused by an evaluation as well, by their place', () => {
    const data = { x: matrix([1], [2]), y: matrix([1], [Number.NaN]) };
    refused(() => lossOn(setup, from, data), DomainError, 'mse: targets must be numbers, got NaN at 1');
  });
});

describe('accuracy', () => {
  const with1 = (w: number, b: number) => ({
    ...from,
    variables: { params: [{ w: matrix([w]), b: Tensor.from([1], [b]) }], state: [{}] },
  });
  test('of one output is by the side of the threshold', () => {
    const data = { x: matrix([-1], [0], [1], [2]), y: matrix([0], [0], [0], [1]) };
    expect(accuracyOn(setup, with1(1, 0), data)).toBe(3 / 4);
    expect(accuracyOn(setup, with1(1, 0), data, 1)).toBe(1);
    expect(accuracyOn(setup, with1(1, 0), { ...data, y: matrix([0], [1], [1], [1]) }, -1)).toBe(1);
  });
  test('of several outputs is by the largest, the first of equals', () => {
    const two = setupOf({
      model: { layers: [{ type: 'dense', units: 2, init: 'zeros' }], loss: 'softmaxCrossEntropy' },
      optimizer: { name: 'sgd' },
    });
    const at = {
      ...start(two, keyOf(1), [1]),
      variables: { params: [{ w: matrix([1, -1]), b: Tensor.from([2], [0, 0]) }], state: [{}] },
    };
    const data = { x: matrix([1], [-1], [0]), y: matrix([1, 0], [0, 1], [1, 0]) };
    expect(accuracyOn(two, at, data)).toBe(1);
    expect(accuracyOn(two, at, { ...data, y: matrix([1, 0], [1, 0], [0, 1]) })).toBe(1 / 3);
  });
});

describe('where a training starts, and by what it is judged', () => {
  const spec = (name: string) => ({
    model: modelOf({ layers: [{ type: 'dense', units: 2 }], loss: 'mse' }),
    optimizer: optimizerFrom({ name: 'sgd', wrappers: name === '' ? [] : [{ name, hyper: { decay: 1 / 2 } }] }),
  });
  test('given variables, the same key: the same training', () => {
    const own = spec('');
    expect(toJson(flat(startFrom(own, keyOf(4), start(own, keyOf(4), [3]).variables)))).toBe(
      toJson(flat(start(own, keyOf(4), [3]))),
    );
    expect(start(own, keyOf(4), [3]).key).not.toEqual(keyOf(4));
    expect(start(own, keyOf(4), [3]).key).not.toEqual(start(own, keyOf(5), [3]).key);
    expect(start(own, keyOf(4), [3]).k).toBe(0);
  });
  test('what an average makes of the weights, where there is one', () => {
    const data = { x: matrix([1, 2, 3]), y: matrix([4, 5]) };
    const plain = spec('');
    const at = start(plain, keyOf(4), [3]);
    expect(evaluationVariables(plain, at)).toBe(at.variables);
    const mean = spec('ema');
    const moved = step(mean, step(mean, start(mean, keyOf(4), [3]), data).training, data).training;
    expect(toJson(flat(evaluationVariables(mean, moved).params))).not.toBe(toJson(flat(moved.variables.params)));
    expect(evaluationVariables(mean, moved).state).toBe(moved.variables.state);
  });
  test('gradients without draws are those of given uniforms of which there are none', () => {
    const own = spec('');
    const { variables } = start(own, keyOf(4), [3]);
    const [x, y] = [matrix([1, 2, 3]), matrix([4, 5])];
    const a = lossAndGrad(ops, own.model, variables, x, y);
    expect(flat(a.grads)).toEqual(
      flat(lossAndGrad(ops, own.model, variables, x, y, { key: keyOf(1), k: scalar(0) }).grads),
    );
    expect(a.output.shape).toEqual([1, 2]);
  });
});

describe('saved text', () => {
  const spec: TrainingSpec = {
    model: { layers: [{ type: 'dense', units: 1 }], loss: 'mse' },
    optimizer: { name: 'momentum' },
    input: [2],
  };
  const good = JSON.parse(save(spec, start(setupOf(spec), keyOf(2), [2])));
  const loading = (changed: object) => () => load(JSON.stringify({ ...good, ...changed }));
  test('of every field that is damaged', () => {
    expect(loading({})).not.toThrow();
    refused(() => load('[1]'), DomainError, 'load: the text is not a "tautograd training"');
    refused(() => load('null'), DomainError, 'load: the text is not a "tautograd training"');
    refused(() => load('7'), DomainError, 'load: the text is not a "tautograd training"');
    refused(loading({ format: 'other' }), DomainError, 'load: the text is not a "tautograd training"');
    refused(loading({ version: 2 }), DomainError, 'load: version 1 is understood, got 2');
    for (const k of [-1, 1.5, 'x', null])
      refused(loading({ k }), DomainError, `load: k must be a number of steps, got ${k}`);
    for (const key of [[1], [1, 2, 3], ['1', '2'], 'ab', null])
      refused(loading({ key }), DomainError, 'load: key must be two words, got ');
    for (const bad of [null, 7, [], {}, { ...spec, input: 2 }, { ...spec, input: ['2'] }])
      refused(loading({ spec: bad }), DomainError, 'load: the specification is missing');
    refused(loading({ spec: { input: [2] } }), DomainError, 'load: the specification is damaged: ');
    const params = (w: unknown) => loading({ params: [{ ...good.params[0], w }] });
    for (const w of [
      null,
      7,
      [],
      {},
      { shape: [2, 1] },
      { data: [1, 2] },
      { shape: ['2', 1], data: [1, 2] },
      { shape: [2, 1], data: ['1', 2] },
    ])
      refused(params(w), DomainError, 'load: params/0/w must be { shape, data } with numbers');
    refused(
      params({ shape: [1, 2], data: [1, 2] }),
      DomainError,
      'load: params/0/w must have the shape [2, 1], got [1, 2]',
    );
    refused(params({ shape: [2, 1], data: [1, 2, 3] }), ShapeError, 'from: shape [2, 1] holds 2 elements, got 3');
    for (const bad of [null, 7, 'text']) refused(loading({ params: bad }), DomainError, 'load: params/0/b must be');
    refused(loading({ slots: {} }), DomainError, /^load: slots\/.* must be \{ shape, data \} with numbers$/);
    refused(
      loading({ spec: { ...spec, model: { ...spec.model, layers: [{ type: 'conv' }] } } }),
      Error as never,
      'layer: no row is called "conv"',
    );
  });
  test('brings back key, step and every slot', () => {
    const own = setupOf(spec);
    const later = step(own, start(own, keyOf(2), [2]), { x: matrix([1, 2]), y: matrix([3]) }).training;
    const back = load(save(spec, later));
    expect(flat(back.training)).toEqual(flat(later));
    expect(Object.keys(back.training.slots)).toEqual(Object.keys(later.slots));
    expect(back.spec).toEqual(spec);
    expect(good).toMatchObject({ format: 'tautograd training', version: 1, k: 0, spec });
  });
});

describe('starts that look at data', () => {
  const model = (...names: readonly string[]) =>
    modelOf({
      layers: names.flatMap((name) => [
        { type: 'dense', units: 2 } as const,
        ...(name === '' ? [] : [{ type: 'activation', name } as const]),
      ]),
      loss: 'mse',
    });
  const x = matrix([0, 1, 1], [1, 0, 1], [1, 1, 0], [0, 0, 1]);
  const made = (names: readonly string[], name: string, hyper = {}) => {
    const m = model(...names);
    const { variables } = m.network.init(keyOf(1), [3]);
    const after = pretrained(m, variables, x, keyOf(2), name, hyper);
    return m.spec.layers.flatMap((l, i) =>
      l.type === 'dense' ? [after.params[i]?.w === variables.params[i]?.w ? 'kept' : 'made'] : [],
    );
  };
  test('machines go under the sigmoids from the first on', () => {
    expect(made(['sigmoid', 'sigmoid', ''], 'rbm', { epochs: 1 })).toEqual(['made', 'made', 'kept']);
    expect(made(['sigmoid', 'tanh', 'sigmoid'], 'rbm', { epochs: 1 })).toEqual(['made', 'kept', 'kept']);
    expect(made(['sigmoid'], 'rbm', { epochs: 1 })).toEqual(['made']);
    for (const first of ['tanh', ''])
      refused(
        () => made([first, 'sigmoid'], 'rbm'),
        DomainError,
        'rbm: the first dense layer must have a sigmoid behind it, got none',
      );
  });
  test('every dense layer is scaled to unit variance, before or after its activation', () => {
    expect(made(['tanh', 'relu', ''], 'lsuv')).toEqual(['made', 'made', 'made']);
    const m = model('relu');
    const spread = (hyper: object, place: number) => {
      const after = pretrained(m, m.network.init(keyOf(1), [3]).variables, x, keyOf(2), 'lsuv', {
        tolerance: 2 ** -20,
        most: 50,
        ...hyper,
      });
      const z = ops.matmul(x, after.params[0]?.w as Tensor).toArray();
      const y = place === 0 ? z : z.map((v) => Math.max(v, 0));
      const mean = y.reduce((a, b) => a + b) / y.length;
      return y.reduce((s, v) => s + (v - mean) ** 2, 0) / y.length;
    };
    expect(spread({}, 0)).toBeCloseTo(1, 5);
    expect(spread({ post: 1 }, 1)).toBeCloseTo(1, 5);
    expect(Math.abs(spread({}, 1) - 1)).toBeGreaterThan(2 ** -10);
  });
  test('what is not named, and the ends of what is taken', () => {
    expect(PRETRAININGS.rbm.hyper).toEqual({ epochs: 20, size: 16, lr: 0.1, momentum: 0.5, l2: 1e-4, k: 1 });
    expect(PRETRAININGS.lsuv.hyper).toEqual({ tolerance: 0.1, most: 10, post: 0 });
    const ends: Readonly<Record<string, Readonly<Record<string, readonly [number, number]>>>> = {
      rbm: {
        epochs: [0, 2 ** 30],
        size: [1, 2 ** 30],
        lr: [0, Number.MAX_VALUE],
        momentum: [0, 1 - 2 ** -53],
        l2: [0, Number.MAX_VALUE],
        k: [1, 2 ** 30],
      },
      lsuv: { tolerance: [0, Number.MAX_VALUE], most: [1, 2 ** 30], post: [0, 1] },
    };
    for (const [name, ranges] of Object.entries(ends))
      for (const [key, [low, high]] of Object.entries(ranges))
        refused(
          () => made(['sigmoid'], name, { [key]: low - 1 }),
          DomainError,
          `${name}: ${key} must lie in [${low}, ${high}], got ${low - 1}`,
        );
    refused(() => made(['sigmoid'], 'rbm', { momentum: 1 }), DomainError, 'rbm: momentum must lie in');
    refused(() => made(['sigmoid'], 'lsuv', { post: 2 }), DomainError, 'lsuv: post must lie in');
  });
  test('the machines of a stack give their weights and hidden biases, and nothing else is touched', () => {
    const m = model('sigmoid', 'sigmoid', '');
    const { variables } = m.network.init(keyOf(1), [3]);
    const after = pretrained(m, variables, x, keyOf(2), 'rbm', { epochs: 2, size: 2 });
    const plan = { epochs: 2, size: 2, lr: 0.1, momentum: 0.5, l2: 1e-4, k: 1, key: keyOf(2) };
    const [a, b] = stackRbms(x, [2, 2], plan);
    expect(flat(after.params[0])).toEqual(flat({ w: a?.w as Tensor, b: a?.c as Tensor }));
    expect(flat(after.params[2])).toEqual(flat({ w: b?.w as Tensor, b: b?.c as Tensor }));
    expect(after.params[4]).toBe(variables.params[4]);
    expect(after.state).toBe(variables.state);
  });
  test('one weight, by hand: outputs of variance 4 are halved unless that is near enough', () => {
    const m = modelOf({ layers: [{ type: 'dense', units: 1 }], loss: 'mse' });
    const { variables } = m.network.init(keyOf(1), [1]);
    const size = (tolerance: number) => {
      const { params } = pretrained(m, variables, matrix([0], [4]), keyOf(2), 'lsuv', { tolerance });
      expect(params[0]?.b).toBe(variables.params[0]?.b);
      return Math.abs(params[0]?.w?.view[0] as number);
    };
    expect([size(0), size(3), size(3.5)]).toEqual([1 / 2, 1 / 2, 1]);
  });
  test('orthonormal weights, scaled as often as is said, by what is right behind', () => {
    const scaled = (
      layers: readonly LayerSpec[],
      place: number,
      hyper: object,
      data: Tensor = x,
    ): readonly number[] => {
      const m = modelOf({ layers, loss: 'mse' });
      const { variables } = m.network.init(keyOf(1), [3]);
      const w = pretrained(m, variables, data, keyOf(2), 'lsuv', { tolerance: 0, ...hyper }).params[place]?.w as Tensor;
      const start = sample(initializerRow('orthogonal'), fold(keyOf(2), place), w.shape, fansOf(w.shape));
      return w.toArray().map((v, i) => v / (start.view[i] as number));
    };
    const spread = (values: readonly number[]) => {
      const mean = values.reduce((a, b) => a + b) / values.length;
      return values.reduce((s, v) => s + (v - mean) ** 2, 0) / values.length;
    };
    const start = sample(initializerRow('orthogonal'), fold(keyOf(2), 0), [3, 2], fansOf([3, 2]));
    const z = ops.matmul(x, start).toArray();
    const dense = { type: 'dense', units: 2 } as const;
    const tanh = { type: 'activation', name: 'tanh' } as const;
    const all = (v: number) => new Array(6).fill(expect.closeTo(v, 12));
    // one turn, and no second one
    expect(scaled([dense, tanh], 0, { most: 1, post: 1 })).toEqual(all(1 / Math.sqrt(spread(z.map(Math.tanh)))));
    // what is behind is no activation, or nothing
    const plain = all(1 / Math.sqrt(spread(z)));
    expect(scaled([dense, { type: 'batchNorm' }], 0, { most: 1, post: 1 })).toEqual(plain);
    expect(scaled([dense], 0, { most: 1, post: 1 })).toEqual(plain);
    expect(scaled([dense, tanh], 0, { most: 1 })).toEqual(plain);
    // batch statistics, and no noise of dropout
    const after = scaled([{ type: 'batchNorm', eps: 0 }, { type: 'dropout', dropRate: 0.5 }, dense], 2, { most: 1 });
    const [n, d] = [4, 3];
    const columns = Array.from({ length: d }, (_, j) => x.toArray().filter((_v, i) => i % d === j));
    const normed = Tensor.build([n, d], (out) => {
      columns.forEach((c, j) => {
        const mean = c.reduce((a, b) => a + b) / n;
        c.forEach((v, i) => {
          out[i * d + j] = (v - mean) / Math.sqrt(spread(c));
        });
      });
    });
    const own = sample(initializerRow('orthogonal'), fold(keyOf(2), 2), [3, 2], fansOf([3, 2]));
    expect(after).toEqual(all(1 / Math.sqrt(spread(ops.matmul(normed, own).toArray()))));
  });
  test('samples that are all alike have no variance', () => {
    const m = model('');
    const { variables } = m.network.init(keyOf(1), [3]);
    refused(
      () =>
        pretrained(
          m,
          variables,
          Tensor.build([4, 3], () => {}),
          keyOf(2),
          'lsuv',
        ),
      DomainError,
      'lsuv: layer 0 must have outputs that vary, got the variance 0',
    );
    refused(
      () => pretrained(m, variables, x, keyOf(2), 'hope'),
      Error as never,
      'pre-training: no row is called "hope"',
    );
  });
});
