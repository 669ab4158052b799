// Trainings that are followed: correct engines agree, and every planted fault is named with its step, tensor, element and convention.
import { describe, expect, test } from 'vitest';
import type { Hyper } from '../../src/index.ts';
import type { Args, Plain } from '../contract.ts';
import type { Conventions } from '../conventions.ts';
import { type Dtype, definePort, override, type Port } from '../port.ts';
import home from '../ports/home.ts';
import { naiveNetwork } from '../ports/naive.ts';
import { textOf } from '../protocol.ts';
import { FORMATS } from '../tolerance.ts';
import { type Plan, trained } from './ask.ts';
import { cardOf } from './card.ts';
import { divergenceOf, type Report } from './diverge.ts';
import { readTrajectory, TrajectoryFault, trajectoryOf } from './trajectory.ts';

const FIT = 'training.network.fit';
const PLAN: Plan = {
  layers: '4,tanh,2',
  loss: 'mse',
  reduction: 'mean',
  optimizer: 'adam',
  hyper: {},
  inputs: 3,
  samples: 4,
  steps: 3,
  seed: 1,
};

interface Asked {
  readonly layers: readonly { readonly type: string }[];
  readonly params: readonly Plain[];
  readonly batches: readonly { readonly x: Plain; readonly y: Plain }[];
  readonly hyper: Hyper;
  readonly reduction: 'mean' | 'sum';
}
interface Answered {
  readonly params: readonly (readonly Plain[])[];
  readonly state: readonly (readonly Plain[])[];
  readonly losses: readonly number[];
}
type Fault = (asked: Asked, train: (changed?: Partial<Asked>) => Answered) => Answered;

/** The built-in engine with a fault in its trainings. */
const faulty = (fault: Fault): Port =>
  override(home, {
    [FIT]: (args, original) => {
      const asked = args as unknown as Asked; // the contract's fields
      const train = (changed: Partial<Asked> = {}) => original({ ...args, ...changed }) as unknown as Answered; // it answers at once
      return fault(asked, train) as unknown as Args;
    },
  });

const reported = async (port: Port, plan: Partial<Plan> = {}): Promise<Report> =>
  divergenceOf((await trained(port, { ...PLAN, ...plan })).trajectory);

const withHyper =
  (change: (h: Hyper) => Hyper): Fault =>
  ({ hyper }, train) =>
    train({ hyper: { ...hyper, ...change(hyper) } });

const mapped = (t: Plain, f: (v: number, i: number) => number): Plain => ({
  shape: t.shape,
  data: Array.from(t.data, f),
});
const fits = (r: Report): readonly string[] => r.readings.filter((f) => f.fits).map((f) => f.says);
/** Where a report says that it begins. */
const where = ({ first }: Report) => first && [first.step, first.tensor, first.element];

/** One number's rule in plain doubles: what is added to w. */
type Rule = (g: number, w: number, s: Record<string, number>, k: number, h: Hyper) => number;

const adam =
  ({ inside = false, from = 0 } = {}): Rule =>
  (g, _w, s, k, { lr = 0, beta1 = 0, beta2 = 0, eps = 0 }) => {
    s.m = beta1 * (s.m ?? 0) + (1 - beta1) * g;
    s.v = beta2 * (s.v ?? 0) + (1 - beta2) * g * g;
    const mean = s.m / (1 - beta1 ** (k + from));
    const square = s.v / (1 - beta2 ** (k + from));
    return (-lr * mean) / (inside ? Math.sqrt(square + eps) : Math.sqrt(square) + eps);
  };

/** A second engine: nested loops for the network, one rule per number, and where it looks for its gradient. */
const naive = (
  rule: Rule,
  {
    dtype = 'f64',
    conventions = {},
    ahead = 0,
    hyper = {},
  }: {
    dtype?: Dtype;
    conventions?: Partial<Conventions>;
    ahead?: number;
    hyper?: Readonly<Record<string, readonly string[]>>;
  } = {},
): Port =>
  definePort({
    engine: 'naive',
    version: '1',
    dtype,
    conventions,
    hyper,
    entries: {
      training: {
        network: {
          fit: (a: Asked & Parameters<typeof naiveNetwork.lossAndGrad>[0]) => {
            let params = a.params.map((p) => Array.from(p.data));
            let moved = params.map((p) => p.map(() => 0));
            const memory = params.map((p) => p.map((): Record<string, number> => ({})));
            const losses: number[] = [];
            const reached = a.batches.map((batch, t) => {
              const at = params.map((p, i) => p.map((v, j) => v + ahead * (moved[i]?.[j] ?? 0)));
              const plain = at.map((data, i) => ({ shape: a.params[i]?.shape ?? [], data }));
              const all = naiveNetwork.lossAndGrad({
                ...a,
                params: plain,
                x: mapped(batch.x, (v) => v) as { shape: readonly number[]; data: readonly number[] },
                y: mapped(batch.y, (v) => v) as { shape: readonly number[]; data: readonly number[] },
              });
              losses.push(FORMATS[dtype].round(all.loss));
              const from = params;
              params = params.map((p, i) =>
                p.map((v, j) =>
                  FORMATS[dtype].round(v + rule(all.gradients[i]?.[j] ?? 0, v, memory[i]?.[j] ?? {}, t + 1, a.hyper)),
                ),
              );
              moved = params.map((p, i) => p.map((v, j) => v - (from[i]?.[j] ?? v)));
              return params.map((data, i) => ({ shape: a.params[i]?.shape ?? [], data }));
            });
            return { params: reached, state: reached.map(() => []), losses, final: reached.at(-1) ?? a.params };
          },
        },
      },
    },
  });

describe('correct engines agree:', () => {
  test.each([
    ['adam', {}],
    ['sgd', { layers: '4,batch_norm,relu,3,batch_norm,tanh,1', samples: 5 }],
    ['rmsprop', { loss: 'bce', layers: '3,leaky_relu,2' }],
    ['nesterov', { loss: 'softmax_cross_entropy', reduction: 'sum' }],
    ['muon', {}],
    ['adamw', { loss: 'huber', hyper: { weightDecay: 0.1 } }],
    ['shampoo', { layers: '2', inputs: 2 }],
  ] as const)('the built-in one, by %s %o', async (optimizer, plan) => {
    const r = await reported(home, { optimizer, ...plan });
    expect(r).toMatchObject({ agrees: true, judged: 3, undecided: 0, first: null, readings: [] });
    expect(Math.max(...r.margins)).toBeGreaterThan(0); // something is compared
    expect(cardOf(r)).toMatch(/^✓ tautograd 0\.1\.0 \(f64\), \w+, 3 steps: every step agrees, margin 0\.\d+\n/);
  });

  test('the naive one in nested loops, in doubles', async () => {
    expect(await reported(naive(adam()))).toMatchObject({ agrees: true, undecided: 0 });
  });

  test('and in single precision, where a hundredth of the rate is found', async () => {
    expect(await reported(naive(adam(), { dtype: 'f32' }))).toMatchObject({ agrees: true, undecided: 0 });
    const rate: Rule = (g, w, s, k, h) => adam()(g, w, s, k, h) * (1 + 1e-2);
    expect((await reported(naive(rate, { dtype: 'f32' }))).first).toMatchObject({ step: 1 });
  });

  test('large ones too, by bounds in place of 64 digits', async () => {
    const plan = { layers: '40,tanh,8', inputs: 12, samples: 10, steps: 2, optimizer: 'sgd' };
    expect(await reported(home, plan)).toMatchObject({ agrees: true, undecided: 0 });
    const off = faulty((_, train) => {
      const a = train();
      const wrong = (v: number, i: number): number => (i === 37 ? v * (1 + 1e-12) : v);
      return { ...a, params: a.params.map((ps, t) => ps.map((p, i) => (t === 1 && i === 2 ? mapped(p, wrong) : p))) };
    });
    expect(where(await reported(off, plan))).toEqual([2, 'weights of layer 3 (dense)', [4, 5]]);
  });
});

describe('a planted fault is named:', () => {
  test('eps inside the root', async () => {
    const r = await reported(naive(adam({ inside: true })));
    expect(where(r)).toEqual([1, 'weights of layer 1 (dense)', [0, 0]]);
    expect(fits(r)).toEqual(['eps inside the root (epsRoot = eps, eps = 0)']);
    expect(r.readings.find((f) => f.fits)?.value).toBe(r.first?.got);
    expect(cardOf(r)).toContain('fits       convention eps inside the root (epsRoot = eps, eps = 0)\n');
  });

  test('a bias correction that is one step ahead', async () => {
    expect(fits(await reported(naive(adam({ from: 1 }))))).toEqual([
      'bias correction one step ahead (it counts from 2)',
    ]);
  });

  test('one element of one tensor at step 7 alone', async () => {
    const r = await reported(
      faulty((_, train) => {
        const a = train();
        const wrong = (v: number, i: number): number => (i === 5 ? v * (1 + 1e-12) : v);
        return { ...a, params: a.params.map((ps, t) => ps.map((p, i) => (t === 6 && i === 2 ? mapped(p, wrong) : p))) };
      }),
      { optimizer: 'sgd', steps: 8 },
    );
    expect(where(r)).toEqual([7, 'weights of layer 3 (dense)', [2, 1]]);
    expect(r.first?.error).toBeCloseTo(Math.abs(r.first?.expected ?? 0) * 1e-12, 15);
    expect(r.first?.ulps).toBeGreaterThan(1000);
    expect(r.off).toMatchObject([{ tensor: 'weights of layer 3 (dense)', elements: 1, of: 8 }]);
    expect(r.margins.slice(0, 6).every((m) => m <= 1)).toBe(true);
    expect(r.later).toBe(1); // step 8 went on from the right number
    expect(fits(r)).toEqual([]);
    expect(cardOf(r)).toContain('fits       no known convention, and no known slip\n');
  });

  const flipped = (t: Plain): Plain => {
    const [n = 0, m] = t.shape;
    return n === m ? mapped(t, (_, i) => t.data[(i % n) * n + Math.floor(i / n)] ?? 0) : t;
  };
  test.each([
    ['steps', 'weights written as [out, in] after every step, and as [in, out] before the first'],
    ['all', 'weights written as [out, in]'],
  ])('transposed weights (%s)', async (which, says) => {
    const r = await reported(
      faulty(({ params }, train) => {
        const a = train(which === 'all' ? { params: params.map(flipped) } : {});
        return { ...a, params: a.params.map((ps) => ps.map(flipped)) };
      }),
      { layers: '3,tanh,2', optimizer: 'sgd' },
    );
    expect(r.first?.step).toBe(1);
    expect(fits(r)).toEqual([says]);
    if (which === 'steps') expect(where(r)).toEqual([1, 'weights of layer 1 (dense)', [0, 1]]); // not on the diagonal
  });

  test.each(['sgd', 'adam'])('a loss that is summed where its mean was asked, by %s', async (optimizer) => {
    const r = await reported(
      faulty((_, train) => train({ reduction: 'sum' })),
      { optimizer },
    );
    expect(where(r)).toEqual([1, 'loss', []]);
    expect(fits(r)).toEqual(['loss reduction sum']);
    expect(r.first?.got).toBeCloseTo(8 * (r.first?.expected ?? 0), 10);
  });

  /** The running statistics of one batch norm by another rule, from the batch that the engine has seen. */
  const running =
    (rule: (old: number, batch: number, variance: boolean) => number): Fault =>
    ({ params, layers }, train) => {
      const a = train();
      const own = [params[2]?.data ?? [], params[2]?.data ?? []].map((d, i) => Array.from(d, () => i)); // 0 and 1
      const before = own.map((d) => [...d]);
      const state = a.state.map((statistics) =>
        statistics.map((t, i) => {
          const now = mapped(t, (v, j) => {
            const { momentum } = layers[1] as unknown as { readonly momentum: number };
            const batch = (v - (1 - momentum) * (before[i]?.[j] ?? 0)) / momentum;
            return rule(own[i]?.[j] ?? 0, batch, i === 1);
          });
          before[i] = Array.from(t.data);
          own[i] = Array.from(now.data);
          return now;
        }),
      );
      return { ...a, state };
    };
  const normed = { layers: '3,batch_norm,tanh,2', optimizer: 'sgd' };
  test('a biased running variance', async () => {
    const r = await reported(
      faulty(running((old, batch, variance) => 0.9 * old + 0.1 * (variance ? (batch * 3) / 4 : batch))),
      normed,
    );
    expect(where(r)).toEqual([1, 'running variances of layer 2 (batch_norm)', [0]]);
    expect(fits(r)).toEqual(['bnRunningVariance biased']);
  });

  test('a momentum that weighs the old running statistics', async () => {
    const r = await reported(faulty(running((old, batch) => 0.1 * old + 0.9 * batch)), normed);
    expect(where(r)).toEqual([1, 'running means of layer 2 (batch_norm)', [0]]);
    expect(fits(r)).toEqual(['bnMomentum ofOld']);
  });

  test('a rule of running statistics that nobody has', async () => {
    const r = await reported(faulty(running((old, batch, variance) => (variance ? old + batch : old) / 2)), normed);
    expect(where(r)).toEqual([1, 'running means of layer 2 (batch_norm)', [0]]);
    expect(fits(r)).toEqual([]);
  });

  const decayed: Rule = (g, w, s, k, h) => adam()(g + (h.weightDecay ?? 0) * w, w, s, k, h);
  test('coupled weight decay', async () => {
    const r = await reported(naive(decayed), { optimizer: 'adamw' });
    expect(fits(r)).toEqual(['coupled weight decay, added to the gradient']);
  });

  const momentum: Rule = (g, _w, s, _k, { lr = 0, momentum: mu = 0 }) => {
    s.v = mu * (s.v ?? 0) + g;
    return -lr * s.v;
  };
  test('a Nesterov momentum that keeps the point behind, and takes gradients ahead', async () => {
    const port = naive(momentum, { ahead: 0.9 });
    const r = await reported(port, { optimizer: 'nesterov' });
    expect(fits(r)).toEqual(['nesterov sutskever']);
    const conventions = { nesterov: 'sutskever' } as const;
    expect(await reported(naive(momentum, { ahead: 0.9, conventions }), { optimizer: 'nesterov' })).toMatchObject({
      agrees: true,
      undecided: 0,
    });
  });

  test('a velocity of averages', async () => {
    const averaged: Rule = (g, _w, s, _k, { lr = 0, momentum: mu = 0 }) => {
      s.v = mu * (s.v ?? 0) + (1 - mu) * g;
      return -lr * s.v;
    };
    const r = await reported(naive(averaged), { optimizer: 'momentum' });
    expect(fits(r)).toContain('a velocity that averages gradients (dampening = momentum)');
  });

  /** Trained by the sum of the loss, beside which the losses of the mean, of eight terms, are told so many times. */
  const summing = (times: number): Port =>
    faulty((_, train) => {
      const a = train({ reduction: 'sum' });
      return { ...a, losses: a.losses.map((v) => (times * v) / 8) };
    });
  test('a gradient of the sum beside a loss of the mean', async () => {
    for (const optimizer of ['sgd', 'momentum']) {
      const r = await reported(summing(1), { optimizer });
      expect(where(r)).toEqual([1, 'weights of layer 1 (dense)', [0, 0]]);
      expect(fits(r)).toEqual([]);
      expect(r.readings.filter((f) => f.butLosses).map((f) => f.says)).toEqual(['loss reduction sum']);
      expect(cardOf(r)).toContain(
        'fits       the parameters by loss reduction sum, in the gradient alone; the losses are those of the mean, as declared\n',
      );
      expect(cardOf(r)).toMatch(
        /✓ loss reduction sum +-?[\d.e-]+: fits the parameters, here and to the end, not the losses\n/,
      );
    }
  });

  test('a gradient of the sum beside a loss that is neither: nothing fits', async () => {
    const r = await reported(summing(3), { optimizer: 'sgd' });
    expect(r.readings.filter((f) => f.fits || f.butLosses)).toEqual([]);
  });

  const lateMomentum: Rule = (g, _w, s, _k, { lr = 0, momentum: mu = 0 }) => {
    const update = -lr * (s.v ?? 0);
    s.v = mu * (s.v ?? 0) + g;
    return update;
  };
  const lateAdam: Rule = (g, _w, s, k, { lr = 0, beta1 = 0, beta2 = 0, eps = 0 }) => {
    const root = Math.sqrt((s.v ?? 0) / (1 - beta2 ** k));
    const update = (-lr * (s.m ?? 0)) / (1 - beta1 ** k) / (root + eps);
    s.m = beta1 * (s.m ?? 0) + (1 - beta1) * g;
    s.v = beta2 * (s.v ?? 0) + (1 - beta2) * g * g;
    return update;
  };
  test.each([
    ['momentum', lateMomentum],
    ['adam', lateAdam],
  ])('an update by the state of the step before, by %s', async (optimizer, rule) => {
    const r = await reported(naive(rule), { optimizer, steps: 4 });
    expect(where(r)).toEqual([1, 'weights of layer 1 (dense)', [0, 0]]);
    expect(fits(r)).toEqual(['one step late: the update uses the state from before this step']);
  });

  test('gradients that are never set to zero, which shows at step 2', async () => {
    const piling: Rule = (g, _w, s, _k, { lr = 0 }) => {
      s.sum = (s.sum ?? 0) + g;
      return -lr * s.sum;
    };
    const r = await reported(naive(piling), { optimizer: 'sgd' });
    expect(r.first).toMatchObject({ step: 2, tensor: 'weights of layer 1 (dense)', element: [0, 0] });
    expect(fits(r)).toEqual(['gradients that add up, never set to zero']);
  });

  test('the epsilon of a library', async () => {
    const r = await reported(faulty(withHyper(() => ({ eps: 0, epsHat: 1e-7 }))));
    expect(fits(r)).toEqual(['as keras has it (eps 0, epsHat 1e-7)']);
  });

  test('several that fit, where nothing tells them apart', async () => {
    // of one output, the samples are all terms there are; half of twice is one
    const r = await reported(
      faulty((_, train) => train({ reduction: 'sum' })),
      { layers: '2,tanh,1', samples: 2, optimizer: 'sgd' },
    );
    expect(fits(r)).toEqual(['loss reduction sum', 'twice the loss']);
    expect(cardOf(r)).toContain('fits       convention loss reduction sum; or slip twice the loss\n');
  });
});

describe('a file', () => {
  const recorded = async (port: Port = home, plan: Partial<Plan> = {}) =>
    (await trained(port, { ...PLAN, steps: 3, ...plan })).record as Record<string, unknown>; // as the schema has it

  test.each([
    ['json', 'f64'],
    ['base64', 'f64'],
  ] as const)('with its tensors as %s is read as it was written', async (tensors, dtype) => {
    const record = await recorded();
    expect(readTrajectory(textOf(record, { tensors, dtype }))).toEqual(trajectoryOf(record));
  });

  test('declares conventions, which are followed', async () => {
    const record = await recorded(home, { layers: '3,batch_norm,tanh,2', optimizer: 'sgd' });
    const outside = divergenceOf(trajectoryOf({ ...record, conventions: { bnEps: 'outside' } }));
    expect(fits(outside)).toEqual(['bnEps inside']);
    expect(where(outside)?.[0]).toBe(1);
  });

  test('may have rates that change, draws of dropout, and no more than parameters', () => {
    const one = (v: number): Plain => ({ shape: [1, 1], data: [v] });
    // w − rate·2·(x·kept·w/(1 − ½))·x·kept/(1 − ½) for y = 0: kept at step 1, dropped at step 2
    const file = {
      schema: 1,
      engine: 'hand',
      layers: [
        { type: 'dropout', dropRate: 1 / 2 },
        { type: 'dense', units: 1 },
      ],
      loss: 'mse',
      reduction: 'sum',
      optimizer: 'sgd',
      rates: [1 / 16, 1 / 2],
      params: [one(1), { shape: [1], data: [0] }],
      batches: [1, 2].map(() => ({ x: one(1), y: one(0) })),
      uniforms: [[one(3 / 4)], [one(1 / 4)]],
    };
    const after = { params: [1, 2].map(() => [one(1 / 2), { shape: [1], data: [-1 / 4] }]) };
    // at step 2 the output is b = −¼ alone
    after.params[1] = [one(1 / 2), { shape: [1], data: [0] }];
    expect(divergenceOf(trajectoryOf({ ...file, after }))).toMatchObject({ agrees: true, judged: 2, undecided: 0 });
    expect(where(divergenceOf(trajectoryOf({ ...file, rates: [1 / 16, 1 / 4], after })))).toEqual([
      2,
      'biases of layer 2 (dense)',
      [0],
    ]);
  });

  test('of an engine that leaves the range is judged as far as there are numbers', async () => {
    const r = await reported(
      faulty((_, train) => {
        const a = train();
        return { ...a, params: a.params.map((ps, t) => (t >= 2 ? ps.map((p) => mapped(p, () => Number.NaN)) : ps)) };
      }),
      { steps: 4 },
    );
    expect(r).toMatchObject({ judged: 3, steps: 4 });
    expect(where(r)).toEqual([3, 'weights of layer 1 (dense)', [0, 0]]);
    expect(cardOf(r)).toMatch(/off by {5}any measure: NaN is not finite\n[\s\S]*unjudged {3}the steps after 3/);
  });

  test('next to a kink has numbers that nothing decides, and says so', async () => {
    const record = await recorded(home, { layers: '2,relu,1', optimizer: 'sgd', steps: 1 });
    const zeros = (t: Plain): Plain => mapped(t, () => 0);
    const params = (record.params as readonly Plain[]).map((p, i) => (i < 2 ? zeros(p) : p));
    const at0 = { ...record, params, conventions: { reluSlopeAtZero: 1 } };
    const r = divergenceOf(trajectoryOf({ ...at0, after: { params: [params] } }));
    expect(r.agrees).toBe(false);
    expect(r.undecided).toBe(0); // exactly at the kink the convention decides
  });

  const MALFORMED: readonly (readonly [string, (r: Record<string, unknown>) => unknown, RegExp])[] = [
    ['of another version', (r) => ({ ...r, schema: 2 }), /^"schema" is wrong, expected 1$/],
    ['without an engine', ({ engine: _, ...r }) => r, /^"engine" is wrong, expected string, received undefined$/],
    ['of no known loss', (r) => ({ ...r, loss: 'mee' }), /^"loss" Invalid option: expected one of/],
    [
      'of no known layer',
      (r) => ({ ...r, layers: [{ type: 'conv' }] }),
      /^"layers\.0\.type" must be dense, activation, batch_norm or dropout$/,
    ],
    [
      'of no known activation',
      (r) => ({ ...r, layers: [{ type: 'activation', name: 'rellu' }] }),
      /^layer 1: there is no activation "rellu"$/,
    ],
    [
      'of an activation without its parameter',
      (r) => ({ ...r, layers: [{ type: 'activation', name: 'leaky_relu' }] }),
      /^layer 1: leaky_relu needs its slope, a number$/,
    ],
    ['of a hyper-parameter nobody has', (r) => ({ ...r, hyper: { rate: 1 } }), /^hyper: .*no row is called "rate"/],
    [
      'of too few steps',
      (r) => ({ ...r, after: { params: [] } }),
      /^after\.params: there are 3 batches, one per step, got 0$/,
    ],
    [
      'of weights the other way round',
      (r) => ({
        ...r,
        params: (r.params as readonly Plain[]).map((p) =>
          p.shape.length === 2 ? { ...p, shape: [...p.shape].reverse() } : p,
        ),
      }),
      /^params: weights of layer 1 \(dense\) must have the shape \[3, 4\], got \[4, 3\]; weights are \[in, out\]$/,
    ],
    [
      'of too few tensors',
      (r) => ({ ...r, params: (r.params as readonly Plain[]).slice(1) }),
      /^params: the layers have 4 tensors \(weights of layer 1 \(dense\), .*\), got 3$/,
    ],
    [
      'of dropout without its draws',
      (r) => ({ ...r, layers: [...(r.layers as readonly unknown[]), { type: 'dropout', dropRate: 0.5 }] }),
      /^uniforms: a training with dropout can only be followed with the numbers that it has drawn$/,
    ],
    [
      'of targets that a loss cannot mean',
      (r) => ({ ...r, loss: 'hinge' }),
      /^batches\.0\.y: hinge takes a sign as its target, got -?0\.\d+$/,
    ],
    [
      'of one sample for a batch norm',
      (r) => ({
        ...r,
        layers: [{ type: 'batch_norm', eps: 1, momentum: 0 }],
        batches: [{ x: { shape: [1, 3], data: [1, 2, 3] }, y: { shape: [1, 3], data: [1, 2, 3] } }],
      }),
      /^batches\.0: batch_norm needs at least 2 samples, got 1$/,
    ],
    [
      'of an optimizer that is written for small matrices',
      (r) => ({ ...r, optimizer: 'shampoo' }),
      /^optimizer: shampoo can be followed for matrices up to 2 × 2, got \[3, 4\]$/,
    ],
  ];
  test.each(MALFORMED)('%s is refused in one sentence', async (_, change, says) => {
    const record = await recorded();
    let fault: unknown;
    try {
      trajectoryOf(change(record));
    } catch (error) {
      fault = error;
    }
    expect(fault).toBeInstanceOf(TrajectoryFault);
    expect((fault as Error).message).toMatch(says);
    expect((fault as Error).message).not.toContain('\n');
  });

  test.each([
    ['no JSON', '{', /^it is not JSON: /],
    ['no object', '[]', /^it is no JSON object$/],
    [
      'a tensor of too few numbers',
      '{"params":[{"shape":[2],"data":[1]}]}',
      /^params\.0: the shape holds 2 numbers, "data" has 1$/,
    ],
  ])('that holds %s is refused in one sentence', (_, text, says) => {
    expect(() => readTrajectory(text)).toThrow(says);
  });
});
