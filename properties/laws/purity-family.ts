// The chapter of purity, second part: hidden randomness, interruptions, text, locality, zeros, and numbers out of range.
import fc from 'fast-check';
import { optimizerRow } from '../../src/index.ts';
import { allOf, anyNumber, cotangent, filled, moderate, seed, type Values, vector } from '../arbitraries.ts';
import { type Args, camel, ENTRIES } from '../contract.ts';
import { among, ask, claim, each, every, having, type Inquiry, law, same, type Verdict } from '../law.ts';
import type { PortInfo } from '../port.ts';
import { FORMATS } from '../tolerance.ts';
import { answerNumbers, argumentsOf, attempt, covered, tensorsIn } from './purity.ts';

const one = (...data: readonly number[]): Values => ({ shape: [data.length], data });

/** A training with everything that has a state or draws. */
const session = (port: PortInfo): fc.Arbitrary<Args & { readonly steps: number }> =>
  fc.record({
    layers: fc.constantFrom(
      [
        { type: 'dense', units: 3 },
        { type: 'batch_norm' },
        { type: 'activation', name: 'tanh' },
        { type: 'dropout', dropRate: 3 / 8 },
        { type: 'dense', units: 1 },
      ],
      [
        { type: 'dense', units: 2 },
        { type: 'dropout', dropRate: 1 / 4 },
        { type: 'batch_norm', momentum: 1 / 4 },
        { type: 'dense', units: 1 },
      ],
    ),
    loss: fc.constantFrom('mse', 'bce_with_logits'),
    optimizer: fc.constantFrom(...port.names('optimizer', 'run')),
    hyper: fc.constant({}),
    seed,
    x: filled([5, 2], moderate(port.dtype)),
    y: filled([5, 1], fc.constantFrom(0, 1)),
    steps: fc.integer({ min: 2, max: 6 }),
    resumeAt: fc.constant([]),
    evaluateAt: fc.constant([]),
  });

function* everything(args: Args): Inquiry<readonly number[]> {
  const answer = yield* ask('session.training.run', args);
  return [
    ...answer.tensors('variables').flatMap((t) => Array.from(t.data)),
    ...Array.from(answer.tensor('losses').data),
  ];
}
const upTo = (n: number): readonly number[] => Array.from({ length: n }, (_, i) => i + 1);

const leaf = one(1, -2);
const optimizerAt = (hyper: Readonly<Record<string, number>>): Args => ({
  params: [leaf],
  gradients: [[one(1 / 2, 3)], [one(-1, 2)]],
  hyper,
});
const lossAt = (more: Args = {}): Args => ({ prediction: one(1 / 4), target: one(1), reduction: 'mean', ...more });
const weightsAt = (more: Args): Args => ({ shape: [3, 2], fanIn: 3, fanOut: 2, gain: 1, seed: 3, ...more });
const samplesAt = (more: Args): Args => ({
  x: { shape: [2, 1], data: [1, -1] },
  y: one(1, 0),
  lr: 1,
  epochs: 2,
  ...more,
});
/** Arguments that are out of range, and what of them is. */
interface Outside {
  readonly with: string;
  readonly args: Args;
}
const outside = (
  make: (more: Readonly<Record<string, number>>) => Args,
  more: Readonly<Record<string, number>>,
): Outside => ({
  with: Object.entries(more)
    .map(([name, v]) => `${name} = ${v}`)
    .join(' and '),
  args: make(more),
});
const emptyBatch = (...shape: readonly number[]): Outside => ({
  with: `an empty batch of shape [${shape}]`,
  args: lossAt({ prediction: { shape, data: [] }, target: { shape, data: [] } }),
});

/** Numbers out of range, by the entry they are given to. */
const OUT_OF_DOMAIN: Readonly<Record<string, readonly Outside[]>> = {
  'optimizer.sgd.run': [outside(optimizerAt, { lr: Number.NaN }), outside(optimizerAt, { lr: -1 })],
  'optimizer.momentum.run': [outside(optimizerAt, { momentum: 2 }), outside(optimizerAt, { momentum: Number.NaN })],
  'optimizer.adam.run': [
    outside(optimizerAt, { lr: Number.NaN }),
    outside(optimizerAt, { beta1: -1 / 2 }),
    outside(optimizerAt, { beta2: 3 / 2 }),
    outside(optimizerAt, { eps: -1 }),
  ],
  'optimizer.rmsprop.run': [outside(optimizerAt, { lr: -1 / 4 })],
  'loss.huber.forward': [outside(lossAt, { delta: -1 }), outside(lossAt, { delta: Number.NaN })],
  'loss.mse.forward': [emptyBatch(0)],
  'loss.bce.forward': [emptyBatch(0)],
  'loss.bce_with_logits.vjp': [emptyBatch(0)],
  'loss.softmax_cross_entropy.forward': [emptyBatch(0, 3)],
  'initializer.he_normal.sample': [
    outside(weightsAt, { gain: Number.NaN }),
    outside(weightsAt, { fanIn: 0 }),
    outside(weightsAt, { fanIn: -3 }),
  ],
  'initializer.he_truncated.sample': [outside(weightsAt, { gain: Number.NaN })], // drawn by rejection, it may never end
  'initializer.xavier_uniform.sample': [
    outside(weightsAt, { fanIn: 0, fanOut: 0 }),
    outside(weightsAt, { gain: Number.POSITIVE_INFINITY }),
  ],
  'perceptron.perceptron.fit': [
    outside(samplesAt, { lr: Number.NaN }),
    outside(samplesAt, { lr: -1 }),
    outside(samplesAt, { epochs: -1 }),
    { with: 'the labels 0.5 and 3', args: samplesAt({ y: one(1 / 2, 3) }) },
  ],
};

/** Zeros that an "or default" would turn into something else: what must come back equal or bare. */
interface Zero {
  readonly needs: readonly string[];
  readonly check: (port: PortInfo) => Inquiry<Verdict>;
}
function* values(entry: string, args: Args): Inquiry<readonly number[]> {
  return answerNumbers(entry, yield* ask(entry, args));
}
const ZEROS: Readonly<Record<string, Zero>> = {
  'activation slope': {
    needs: ['activation.leaky_relu.forward', 'activation.leaky_relu.vjp'],
    *check() {
      const x = one(-3, -1 / 4, 2);
      return every([
        same('leaky ReLU of slope 0', yield* values('activation.leaky_relu.forward', { x, slope: 0 }), [0, 0, 2]),
        same(
          'its derivative',
          yield* values('activation.leaky_relu.vjp', { x, dy: one(1, 1, 1), slope: 0 }),
          [0, 0, 1],
        ),
      ]);
    },
  },
  'activation alpha': {
    needs: ['activation.elu.forward', 'activation.elu.vjp'],
    *check() {
      const x = one(-3, -1 / 4, 2);
      return every([
        same('elu of alpha 0', yield* values('activation.elu.forward', { x, alpha: 0 }), [0, 0, 2]),
        same('its derivative', yield* values('activation.elu.vjp', { x, dy: one(1, 1, 1), alpha: 0 }), [0, 0, 1]),
      ]);
    },
  },
  'initializer seed': {
    needs: ['initializer.he_uniform.sample'],
    *check() {
      const a = yield* values('initializer.he_uniform.sample', weightsAt({ seed: 0 }));
      const b = yield* values('initializer.he_uniform.sample', weightsAt({ seed: 0 }));
      return same('weights of seed 0, drawn again', b, a);
    },
  },
  'initializer gain': {
    needs: ['initializer.he_uniform.sample'],
    *check() {
      return same(
        'weights of gain 0',
        yield* values('initializer.he_uniform.sample', weightsAt({ gain: 0 })),
        [0, 0, 0, 0, 0, 0],
      );
    },
  },
  'random seed': {
    needs: ['random.uniform.sample'],
    *check() {
      const a = yield* values('random.uniform.sample', { seed: 0, count: 5 });
      return same('numbers of seed 0, drawn again', yield* values('random.uniform.sample', { seed: 0, count: 5 }), a);
    },
  },
  momentum: {
    needs: ['optimizer.momentum.run', 'optimizer.nesterov.run', 'optimizer.sgd.run'],
    *check() {
      const sgd = yield* values('optimizer.sgd.run', optimizerAt({ lr: 1 / 8 }));
      return every([
        same('momentum 0', yield* values('optimizer.momentum.run', optimizerAt({ lr: 1 / 8, momentum: 0 })), sgd),
        same(
          'Nesterov with momentum 0',
          yield* values('optimizer.nesterov.run', optimizerAt({ lr: 1 / 8, momentum: 0 })),
          sgd,
        ),
      ]);
    },
  },
  'weight decay': {
    needs: ['optimizer.adamw.run', 'optimizer.adam.run'],
    *check() {
      const h = { lr: 1 / 8, beta1: 3 / 4, beta2: 7 / 8, eps: 2 ** -10 };
      return same(
        'AdamW without decay is Adam',
        yield* values('optimizer.adamw.run', optimizerAt({ ...h, weightDecay: 0 })),
        yield* values('optimizer.adam.run', optimizerAt(h)),
      );
    },
  },
  beta1: {
    needs: ['optimizer.adam.run'],
    *check() {
      // without memory and epsilon the first step is the rate in the direction of the sign
      const moved = yield* values('optimizer.adam.run', optimizerAt({ lr: 1 / 8, beta1: 0, beta2: 0, eps: 0 }));
      return same('Adam with betas and eps 0', moved, [7 / 8, -17 / 8, 1, -9 / 4]);
    },
  },
  epochs: {
    needs: ['perceptron.perceptron.fit'],
    *check() {
      return same(
        'weights, bias and mistakes after no epoch',
        (yield* values('perceptron.perceptron.fit', samplesAt({ epochs: 0 }))).slice(0, 3), // counts may be left out
        [0, 0, 0],
      );
    },
  },
};

/** Rules by which a leaf that has a gradient of zero from the start never moves. */
const STILL = 'sgd momentum nesterov adagrad rmsprop adadelta adam amsgrad nadam adamax'.split(' ');

export const purityFamilyLaws = [
  law<Args>({
    id: 'purity/no-hidden-randomness',
    ref: 'P-04',
    class: 'structural',
    runs: 10,
    says: 'no call draws from a global generator: with that of the host taken away the answer is the same',
    kills: ['tfjs seed || Math.random()', 'mxnet #17547'],
    subjects: covered,
    given: argumentsOf,
    *holds(args, _port, entry) {
      const before = answerNumbers(entry, yield* ask(entry, args));
      const kept = Math.random;
      let drawn = 0;
      Math.random = () => {
        drawn++;
        return 0;
      };
      try {
        const after = answerNumbers(entry, yield* ask(entry, args));
        return every([
          claim('draws from the host’s generator', drawn === 0, drawn, 0),
          same('the answer without it', after, before, { zeros: 'signed' }),
        ]);
      } finally {
        Math.random = kept;
      }
    },
  }),
  law<Args>({
    id: 'purity/outputs-apart',
    ref: 'P-02',
    class: 'exact',
    runs: 10,
    says: 'the tensors of one answer share no memory: writing to one leaves the others as they are',
    kills: ['PyTorch #196083'],
    subjects: covered,
    given: argumentsOf,
    *holds(args, _port, entry) {
      const answer = yield* ask(entry, args);
      const all = Object.keys(ENTRIES.get(entry)?.gives ?? {}).flatMap((name) => tensorsIn(answer.tensor(name)));
      const before = all.map((t) => Array.from(t.data));
      const verdicts: Verdict[] = [claim('tensors share no memory', true)];
      for (const [i, t] of all.entries()) {
        if (Object.isFrozen(t.data) || t.data.length === 0) continue;
        const mine = t.data as number[]; // arrays and typed arrays alike
        mine[0] = Number.NaN;
        for (const [j, other] of all.entries())
          if (j !== i) verdicts.push(same(`tensor ${j} after writing to tensor ${i}`, other.data, before[j] ?? []));
        mine[0] = before[i]?.[0] ?? 0;
      }
      return every(verdicts);
    },
  }),
  law<Args & { readonly steps: number }>({
    id: 'purity/evaluation-between-steps',
    ref: 'P-05',
    class: 'exact',
    runs: 20,
    says: 'evaluating between the steps of a training changes nothing of it, batch statistics and draws included',
    kills: ['tinygrad #4351'],
    subjects: having('session.training.run', 'optimizer.sgd.run'),
    given: session,
    *holds(args) {
      const alone = yield* everything(args);
      const watched = yield* everything({ ...args, evaluateAt: upTo(args.steps) });
      return same('variables and losses of the training that was watched', watched, alone, { zeros: 'signed' });
    },
  }),
  law<Args & { readonly steps: number }>({
    id: 'purity/resumed',
    ref: 'P-07',
    class: 'exact',
    runs: 30,
    says: 'saved and loaded on the way, a training ends as it would have: step count, moments, draws and batch statistics included',
    kills: ['mlx #1329', 'tfjs serialisation losses'],
    subjects: having('session.training.run', 'optimizer.sgd.run'),
    given: session,
    *holds(args) {
      const whole = yield* everything(args);
      const resumed = yield* everything({ ...args, resumeAt: [1 + Math.floor(args.steps / 3)] });
      const often = yield* everything({ ...args, resumeAt: upTo(args.steps) });
      return every([
        same('the training resumed once', resumed, whole, { zeros: 'signed' }),
        same('the training resumed after every step', often, whole, { zeros: 'signed' }),
      ]);
    },
  }),
  law<Values>({
    id: 'purity/text-round-trip',
    ref: 'P-06',
    class: 'exact',
    says: 'a number written as text reads back as the same number: every digit, the sign of zero, infinities and NaN',
    kills: ['mlx #1329', 'keras serialisation losses'],
    subjects: having('session.text.round_trip'),
    given: (port) => vector(fc.oneof(anyNumber(port.dtype), fc.constantFrom(-0, 0, FORMATS[port.dtype].round(1 / 3)))),
    *holds(v) {
      const back = (yield* ask('session.text.round_trip', { values: v })).tensor('values').data;
      return same('the numbers read back', back, v.data, { zeros: 'signed' });
    },
  }),
  law<{
    readonly leaves: readonly Values[];
    readonly gradients: readonly (readonly Values[])[];
    readonly drop: number;
  }>({
    id: 'purity/leaves-apart',
    ref: 'P-08',
    class: 'exact',
    runs: 20,
    says: 'a parameter is updated by its own gradients: without one of its neighbours it moves as before',
    kills: ['tf-keras c7629ffc8', 'pennylane #1928', 'tinygrad fc6f355c6'],
    subjects: (port) =>
      each('optimizer', 'run')(port).filter((name) => optimizerRow(camel(name)).traits.sees !== 'all'),
    given: (port) => {
      const triple = fc.tuple(
        filled([2], cotangent(port.dtype)),
        filled([1, 3], cotangent(port.dtype)),
        filled([2], cotangent(port.dtype)),
      );
      return fc.record({
        leaves: triple,
        gradients: fc.array(triple, { minLength: 1, maxLength: 3 }),
        drop: fc.nat({ max: 2 }),
      });
    },
    *holds({ leaves, gradients, drop }, _port, name) {
      const without = <T>(list: readonly T[]): readonly T[] => list.filter((_, i) => i !== drop);
      const run = `optimizer.${name}.run`;
      const whole = (yield* ask(run, { params: leaves, gradients, hyper: {} })).steps('params');
      const part = (yield* ask(run, { params: without(leaves), gradients: gradients.map(without), hyper: {} })).steps(
        'params',
      );
      const flat = (steps: readonly (readonly { readonly data: ArrayLike<number> }[])[]): readonly number[] =>
        steps.flatMap((s) => s.flatMap((t) => Array.from(t.data)));
      return same(`the others without leaf ${drop}`, flat(part), flat(whole.map(without)), { zeros: 'signed' });
    },
  }),
  law<{ readonly still: Values; readonly other: Values; readonly steps: readonly Values[] }>({
    id: 'purity/zero-gradient-stays',
    ref: 'P-08, O-38',
    class: 'exact',
    runs: 20,
    says: 'a parameter whose gradient is zero from the start stays bit for bit, beside one that moves',
    kills: ['pylearn2 #1496', 'mistnet #94'],
    subjects: among(STILL, 'optimizer', 'run'),
    given: (port) =>
      fc.record({
        still: filled([3], cotangent(port.dtype)),
        other: filled([2], cotangent(port.dtype)),
        steps: fc.array(filled([2], cotangent(port.dtype)), { minLength: 1, maxLength: 4 }),
      }),
    *holds({ still, other, steps }, _port, name) {
      const zero = { ...still, data: still.data.map(() => 0) };
      const run = { params: [still, other], gradients: steps.map((g) => [zero, g]), hyper: { lr: 1 / 8 } };
      const after = (yield* ask(`optimizer.${name}.run`, run)).steps('params');
      const [first, second] = [after.at(-1)?.[0]?.data ?? [], after.at(-1)?.[1]?.data ?? []];
      const moved = Array.from(second).some((v, i) => v !== other.data[i]);
      return every([
        same('the parameter without gradients', first, still.data, { zeros: 'signed' }),
        claim('the other parameter moved', moved || name === 'nadam'),
      ]);
    },
  }),
  law<{ readonly params: Values; readonly gradients: readonly Values[] }>({
    id: 'purity/rate-zero',
    ref: 'P-09',
    class: 'exact',
    runs: 10,
    says: 'a learning rate of 0 is 0, not the default: nothing moves',
    kills: ['neataptic rate || 0.3', 'synaptic rate || 0.3'],
    subjects: (port) =>
      each('optimizer', 'run')(port).filter((name) => optimizerRow(camel(name)).hyper.lr !== undefined),
    given: (port) =>
      fc.record({
        params: filled([3], cotangent(port.dtype)),
        gradients: fc.array(filled([3], cotangent(port.dtype)), { minLength: 1, maxLength: 3 }),
      }),
    *holds({ params, gradients }, _port, name) {
      const run = { params: [params], gradients: gradients.map((g) => [g]), hyper: { lr: 0 } };
      const after = (yield* ask(`optimizer.${name}.run`, run)).steps('params');
      return every(after.map((s, k) => same(`parameters after step ${k + 1}`, s[0]?.data ?? [], params.data)));
    },
  }),
  law<null>({
    id: 'purity/zero-honoured',
    ref: 'P-09',
    class: 'enumerated',
    runs: 1,
    says: 'zeros are zeros: a slope, a seed, a gain, a momentum, a decay or a number of epochs of 0 is never taken for one that was not given',
    kills: ['keras #19364', 'tinygrad #5209', 'torch #37345', 'tfjs-layers #259'],
    subjects: (port) => Object.keys(ZEROS).filter((name) => ZEROS[name]?.needs.every((e) => port.has(e))),
    given: () => fc.constant(null),
    *holds(_, port, name) {
      return yield* (ZEROS[name] as Zero).check(port); // the subjects come from the table
    },
  }),
  law<readonly Outside[]>({
    id: 'purity/out-of-domain',
    ref: 'P-10',
    class: 'enumerated',
    runs: 1,
    says: 'numbers out of range and empty batches are refused with an error, or where a port declares that it computes with them, never turned into a silent NaN',
    kills: ['tinygrad #11322', 'PyTorch #51906', 'keras #22021'],
    subjects: (port) => Object.keys(OUT_OF_DOMAIN).filter(port.has),
    given: (_, entry) => allOf(OUT_OF_DOMAIN[entry] ?? []),
    *holds(questions, port, entry) {
      const computes = port.conventions.outOfDomain === 'computed';
      const found: Verdict[] = [];
      for (const { with: what, args } of questions) {
        const { refused, why, values: got } = yield* attempt(entry, args);
        const nan = got.findIndex(Number.isNaN);
        const fine = refused || (computes && got.length > 0 && nan < 0);
        const must = computes ? 'must be refused, or answered without NaN' : 'must be refused';
        found.push(claim(`${entry} with ${what} ${must}, but ${why}`, fine, got[Math.max(0, nan)]));
      }
      return every(found);
    },
  }),
];
