// The chapter of training, part two: batches and draws by key, trainings that are watched, written down and gone on with.
import fc from 'fast-check';
import { cotangent, filled, seed, stir, type Values } from '../arbitraries.ts';
import { ask, claim, every, having, type Inquiry, law, same, tested, type Verdict, within } from '../law.ts';
import { ALPHA, exactly, FORMATS, mixtureTest, sumBound } from '../tolerance.ts';
import { after, STATISTICS } from './batchcases.ts';
import { lossesOf } from './cases.ts';
import { anySeed } from './drawing.ts';
import { judged } from './normcases.ts';
import {
  type Batch,
  batchNorm,
  dropout,
  eachOptimizer,
  type Fit,
  fit,
  fits,
  flat,
  modest,
  needsFit,
  rows,
  times,
} from './training-cases.ts';

interface Plan {
  readonly samples: number;
  readonly size: number;
  readonly epochs: number;
  readonly seed: number;
}

function* indices(plan: Plan, { last = 'keep', from = 0 } = {}): Inquiry<readonly (readonly number[])[]> {
  return (yield* ask('training.batches.indices', { ...plan, last, from })).lists('indices');
}

const plans = fc.record({
  samples: fc.integer({ min: 1, max: 30 }),
  size: fc.integer({ min: 1, max: 12 }),
  epochs: fc.integer({ min: 0, max: 4 }),
  seed: anySeed,
});

const upTo = (n: number): readonly number[] => Array.from({ length: n }, (_, i) => i);
const sorted = (a: readonly number[]): readonly number[] => [...a].sort((x, y) => x - y);

/** Counts of pairs of small numbers, all of one chance. */
const evenly = (about: string, cells: readonly number[], n: number, alpha: number): Verdict => {
  const counts = upTo(n).map((c) => cells.filter((v) => v === c).length);
  return every([
    claim(`${about}: all in range`, counts.reduce((a, b) => a + b, 0) === cells.length),
    tested(about, mixtureTest(counts, new Array<number>(n).fill(1 / n), alpha)),
  ]);
};

export const trainDataLaws = [
  law<Plan>({
    id: 'train/epoch',
    ref: 'T-02',
    class: 'structural',
    runs: 60,
    says: 'an epoch visits every sample exactly once, in batches of the size asked for; a last batch that is smaller is kept, or dropped when asked',
    subjects: having('training.batches.indices'),
    given: () => plans,
    *holds(p) {
      const each = Math.ceil(p.samples / p.size);
      const kept = yield* indices(p);
      const full = Math.floor(p.samples / p.size);
      const sizes = upTo(p.epochs * each).map((i) => (i % each < full ? p.size : p.samples % p.size));
      const dropped = full === 0 ? null : yield* indices(p, { last: 'drop' });
      return every([
        same(
          'sizes of the batches',
          kept.map((b) => b.length),
          sizes,
        ),
        ...upTo(p.epochs).map((e) =>
          same(`samples of epoch ${e}, sorted`, sorted(kept.slice(e * each, (e + 1) * each).flat()), upTo(p.samples)),
        ),
        ...(dropped === null
          ? []
          : [same('batches without the smaller ones', dropped.flat(), kept.filter((b) => b.length === p.size).flat())]),
      ]);
    },
  }),
  law<Plan & { readonly from: number }>({
    id: 'train/shuffle',
    ref: 'T-03',
    class: 'exact',
    runs: 40,
    says: 'the order of an epoch depends on seed and epoch alone: not on the size of the batches, on how many epochs follow, or on where one begins; other seeds and other epochs have other orders',
    subjects: having('training.batches.indices'),
    given: () =>
      fc.record({
        samples: fc.integer({ min: 24, max: 40 }),
        size: fc.integer({ min: 1, max: 12 }),
        epochs: fc.integer({ min: 2, max: 4 }),
        seed: anySeed,
        from: fc.integer({ min: 0, max: 30 }),
      }),
    *holds({ from, ...p }) {
      const all = yield* indices(p);
      const epoch = (e: number): readonly number[] => all.flat().slice(e * p.samples, (e + 1) * p.samples);
      const again = yield* indices(p);
      const whole = (yield* indices({ ...p, size: p.samples })).flat();
      const fewer = (yield* indices({ ...p, epochs: p.epochs - 1 })).flat();
      const later = yield* indices(p, { from });
      const other = (yield* indices({ ...p, seed: p.seed + (p.seed < 2 ** 52 ? 1 : -1) })).flat();
      const differ = (a: readonly number[], b: readonly number[]): boolean => a.some((v, i) => v !== b[i]);
      return every([
        same('order, made again', again.flat(), all.flat()),
        same('order of whole batches', whole, all.flat()),
        same('order of one epoch fewer', fewer, all.flat().slice(0, fewer.length)),
        same(`order from batch ${from} on`, later.flat(), all.slice(from).flat()),
        claim('epochs of the same order', !upTo(p.epochs - 1).some((e) => !differ(epoch(e), epoch(e + 1)))),
        claim('order of another seed differs', differ(other, all.flat())),
        claim('order is not that of the data', differ(epoch(0), upTo(p.samples))),
      ]);
    },
  }),
  law<number>({
    id: 'train/shuffle-uniform',
    ref: 'T-03, R-13',
    class: 'statistical',
    runs: 1,
    says: 'orders of the epochs are fair and apart: in epochs of four, every pair of neighbouring epochs has any two first samples, and any two last ones, equally often',
    formula: 'likelihood under a mixture of Dirichlet laws over that under 1/16 each stays below 1/α, n = 2,048 pairs',
    source: 'Krichevsky & Trofimov 1981; Markov’s inequality',
    detects: 'two of sixteen cells with 1.8 times their share; an order that is used twice',
    subjects: having('training.batches.indices'),
    given: () => seed,
    *holds(s) {
      const n = 2 ** 11;
      const all = yield* indices({ samples: 4, size: 4, epochs: 2 * n, seed: stir(s, 4) });
      const firsts: number[] = [];
      for (let i = 0; i < n; i++)
        firsts.push((yield* indices({ samples: 4, size: 1, epochs: 1, seed: stir(s, 5) + i }))[0]?.[0] ?? Number.NaN);
      const pair = (place: number) =>
        upTo(n).map((i) => 4 * (all[2 * i]?.[place] ?? Number.NaN) + (all[2 * i + 1]?.[place] ?? Number.NaN));
      return every([
        evenly('first samples of neighbouring epochs', pair(0), 16, ALPHA / 4),
        evenly('last samples of neighbouring epochs', pair(3), 16, ALPHA / 4),
        evenly(
          'first and last sample of an epoch',
          all.flatMap(([a = 0, , , b = 0]) => (a === b ? [Number.NaN] : [3 * a + (b > a ? b - 1 : b)])),
          12,
          ALPHA / 4,
        ),
        evenly('first sample under a seed', firsts, 4, ALPHA / 4),
      ]);
    },
  }),
  law<Fit>({
    id: 'train/watching',
    ref: 'T-08, P-05',
    class: 'exact',
    runs: 5,
    says: 'judging by other data in eval mode between the steps changes nothing: parameters, losses and running statistics are the same to the last bit, with dropout and batch normalisation',
    kills: ['tinygrad #4351', 'mxnet #9580'],
    subjects: eachOptimizer('training.network.fit_watched'),
    given: (port, optimizer) =>
      fits(port, { between: [batchNorm, dropout], losses: lossesOf(port) })
        .map((c) => ({ ...c, optimizer }))
        .filter((c) => c.batches.every((b) => (b.x.shape[0] ?? 0) > 1)),
    *holds(c) {
      const [batch] = c.batches;
      if (batch === undefined) return claim('a batch', false);
      const alone = yield* fit(c);
      const watched = yield* ask('training.network.fit_watched', {
        ...c,
        validation: { x: times(batch.x, 3), y: batch.y },
        stopAt: Number.NEGATIVE_INFINITY,
      });
      return every([
        same('losses', watched.numbers('losses'), alone.numbers('losses')),
        ...alone
          .steps('params')
          .flatMap((p, k): readonly Verdict[] => [
            same(`parameters after step ${k + 1}`, flat(watched.steps('params')[k]), flat(p)),
            same(
              `running statistics after step ${k + 1}`,
              flat(watched.steps('state')[k]),
              flat(alone.steps('state')[k]),
            ),
          ]),
        claim('judgements', watched.numbers('evaluations').length === c.batches.length),
      ]);
    },
  }),
  law<Fit>({
    id: 'train/running-statistics',
    ref: 'T-04, B-16',
    class: '64-digit oracle',
    runs: 20,
    says: 'every step of a training moves the running statistics of a batch normalisation from where the step before has left them, by the batch that it is shown; the first starts from 0 and 1',
    formula: 'rₖ = (1 − m)·rₖ₋₁ + m·s(xₖ), r₀ = (0, 1)',
    source: 'Ioffe & Szegedy 2015, Algorithm 2',
    subjects: needsFit('layer.batch_norm.train'),
    given: (port) =>
      fits(port, { value: cotangent(port.dtype), depth: 1 })
        .filter((c) => c.batches.every((b) => (b.x.shape[0] ?? 0) > 1))
        .map((c) => {
          const features = [c.batches[0]?.x.shape[1] ?? 1];
          const start = (v: number): Values => ({ shape: features, data: new Array<number>(features[0] ?? 1).fill(v) });
          return { ...c, layers: [batchNorm, ...c.layers], params: [start(1), start(0), ...c.params] };
        }),
    *holds(c, port) {
      const state = (yield* fit(c)).steps('state');
      const [gamma, beta] = c.params as [Values, Values]; // of the normalisation, which comes first
      let [mean, variance] = [beta, gamma]; // zeros and ones
      return every(
        c.batches.flatMap(({ x }, k) => {
          const { eps, momentum } = batchNorm;
          const truth = after({ x, gamma, beta, mean, variance, eps, momentum, dy: x }, port);
          const got = state[k] ?? [];
          const kept = (i: number): Values => ({ shape: gamma.shape, data: Array.from(got[i]?.data ?? []) });
          [mean, variance] = [kept(0), kept(1)];
          return STATISTICS.map((s, i) =>
            judged(`running ${s} after step ${k + 1}`, got[i]?.data ?? [], truth[s], port),
          );
        }),
      );
    },
  }),
  law<Fit>({
    id: 'train/judging',
    ref: 'T-08, P-05',
    class: 'rounding bound',
    runs: 30,
    says: 'samples that a training is judged by do not see each other, and no mask: the loss of all is the mean of the losses of each, under any seed, with dropout and batch normalisation in eval mode',
    formula: 'L(x₁ … xₙ) = (L(x₁) + … + L(xₙ))/n',
    kills: ['mxnet #9580', 'NNlib #576'],
    subjects: needsFit('training.network.fit_watched', 'loss.mse.vjp'),
    given: (port) =>
      fits(port, { between: [batchNorm, dropout], losses: ['mse'], wider: false })
        .filter((c) => c.batches.every((b) => (b.x.shape[0] ?? 0) > 1))
        .map((c) => ({ ...c, hyper: { lr: 0 } })),
    *holds(c, port) {
      const [batch] = c.batches;
      if (batch === undefined) return claim('a batch', false);
      const judged = function* (validation: Batch, seedValue: number): Inquiry<readonly number[]> {
        const args = { ...c, seed: seedValue, validation, stopAt: Number.NEGATIVE_INFINITY };
        return (yield* ask('training.network.fit_watched', args)).numbers('evaluations');
      };
      const n = batch.x.shape[0] ?? 1;
      const whole = yield* judged(batch, c.seed);
      const other = yield* judged(batch, c.seed + 1);
      const singles: (readonly number[])[] = [];
      for (let i = 0; i < n; i++)
        singles.push(yield* judged({ x: rows(batch.x, i, i + 1), y: rows(batch.y, i, i + 1) }, c.seed));
      const means = whole.map((_, k) => singles.reduce((s, one) => s + (one[k] ?? Number.NaN), 0) / n);
      const allowed = sumBound(n * batch.y.data.length, FORMATS[port.dtype].u);
      return every([
        same('losses under another seed', other, whole),
        within(
          'losses after each step',
          whole,
          means.map(exactly),
          means.map((v) => 2 * allowed * Math.abs(v)),
        ),
      ]);
    },
  }),
  law<Fit & { readonly other: number }>({
    id: 'train/draws',
    ref: 'D-13, P-03',
    class: 'exact',
    runs: 10,
    says: 'what dropout draws in training is a function of seed and step: fresh in every step, the same again under the same seed (0 included), other under another, and not changed by later steps',
    kills: ['mxnet #16705', 'mlx #3828', 'xformers #173', 'mxnet #17547'],
    subjects: needsFit('loss.mse.vjp'),
    given: () =>
      fc.record({
        layers: fc.constant([{ type: 'dense', units: 64 }, dropout, { type: 'dense', units: 1 }]),
        loss: fc.constant('mse'),
        reduction: fc.constant('sum' as const),
        params: fc.noShrink(
          fc.tuple(filled([1, 64], modest), filled([64], modest), filled([64, 1], modest), filled([1], modest)),
        ),
        optimizer: fc.constant('sgd'),
        hyper: fc.constant({ lr: 0 }),
        batches: fc
          .record({ x: filled([1, 1], modest), y: filled([1, 1], modest) })
          .map((b) => Array.from({ length: 5 }, () => b)),
        seed: fc.oneof(fc.constant(0), fc.integer({ min: 0, max: 2 ** 20 })),
        other: fc.integer({ min: 2 ** 20 + 1, max: 2 ** 21 }),
      }),
    *holds({ other, ...c }) {
      const a = (yield* fit(c)).numbers('losses');
      const b = (yield* fit({ ...c, seed: other })).numbers('losses');
      const short = (yield* fit({ ...c, batches: c.batches.slice(0, 3) })).numbers('losses');
      return every([
        claim('steps with the draws of another', new Set(a).size === a.length, new Set(a).size, a.length),
        claim(
          'losses under another seed differ',
          a.every((v, i) => v !== b[i]),
        ),
        same('losses under the same seed, of fewer steps', short, a.slice(0, 3)),
      ]);
    },
  }),
  law<Fit & { readonly at: number }>({
    id: 'train/resume',
    ref: 'P-07, P-06',
    class: 'exact',
    runs: 6,
    says: 'a training that is written down after some steps, read back and gone on with is the training that never stopped, to the last bit: moments, number of steps, draws of dropout and running statistics included',
    kills: ['mlx #1329', 'torch #196083'],
    subjects: eachOptimizer('training.network.fit_resumed'),
    given: (port, optimizer) =>
      fc
        .record({ c: fits(port, { between: [batchNorm, dropout] }), at: fc.integer({ min: 0, max: 4 }) })
        .map(({ c, at }) => ({ ...c, optimizer, at: Math.min(at, c.batches.length) }))
        .filter((c) => c.batches.every((b) => (b.x.shape[0] ?? 0) > 1)),
    *holds({ at, ...c }) {
      const whole = yield* fit(c);
      const resumed = yield* ask('training.network.fit_resumed', { ...c, at });
      return every([
        ...whole
          .steps('params')
          .flatMap((p, k): readonly Verdict[] => [
            same(`parameters after step ${k + 1}`, flat(resumed.steps('params')[k]), flat(p), { zeros: 'signed' }),
            same(
              `running statistics after step ${k + 1}`,
              flat(resumed.steps('state')[k]),
              flat(whole.steps('state')[k]),
            ),
          ]),
        same('losses', resumed.numbers('losses'), whole.numbers('losses')),
        same('parameters at the end', flat(resumed.tensors('final')), flat(whole.tensors('final')), {
          zeros: 'signed',
        }),
      ]);
    },
  }),
  law<Fit & { readonly odd: readonly number[] }>({
    id: 'train/exported',
    ref: 'T-10, P-06',
    class: 'exact',
    runs: 40,
    says: 'a network that was written to text and read back gives the output of the network, to the last bit: −0, the smallest and the largest numbers among its parameters',
    kills: ['brain.js #256', 'neataptic standalone', 'mlx #1329'],
    subjects: needsFit('training.network.exported_output', 'model.network.loss_and_grad'),
    given: (port) => {
      const { tiny, minExponent, u, round } = FORMATS[port.dtype];
      const odd = [-0, tiny, -3 * tiny, 2 ** minExponent, 1 + 2 * u, -1 / 3, 2 ** 53 + 2, 1 / 10, 2 ** 70];
      const strange = fc.constantFrom(...odd.map(round)); // a port reads numbers of its own format only
      return fits(port).chain((c) =>
        fc.record({
          ...Object.fromEntries(Object.entries(c).map(([name, v]) => [name, fc.constant(v)])),
          odd: fc.array(strange, { minLength: 1, maxLength: 4 }),
        }),
      ) as unknown as fc.Arbitrary<Fit & { readonly odd: readonly number[] }>; // the fields of both
    },
    *holds({ odd, ...c }) {
      const [batch] = c.batches;
      if (batch === undefined) return claim('a batch', false);
      const [w, ...rest] = c.params;
      const params = [{ shape: w?.shape ?? [], data: (w?.data ?? []).map((v, i) => odd[i] ?? v) }, ...rest];
      const { layers, loss, reduction } = c;
      const own = (yield* ask('model.network.loss_and_grad', { layers, loss, reduction, params, ...batch })).tensor(
        'output',
      );
      const exported = function* (of: readonly object[], weights: readonly Values[], x: Values) {
        const args = { layers: of, params: weights, x };
        return (yield* ask('training.network.exported_output', args)).tensor('y').data;
      };
      const alone: number[] = [];
      for (const v of odd) {
        const one = { shape: [1, 1], data: [1] };
        const params1 = [
          { ...one, data: [v] },
          { shape: [1], data: [0] },
        ];
        alone.push(...Array.from(yield* exported([{ type: 'dense', units: 1 }], params1, one)));
      }
      return every([
        same('output', yield* exported(layers, params, batch.x), Array.from(own.data), { zeros: 'signed' }),
        same('1·w + 0', alone, odd),
      ]);
    },
  }),
];
