// The chapter of batch normalisation: how its running statistics move, and what they are the statistics of.
import fc from 'fast-check';
import { moderate, type Values } from '../arbitraries.ts';
import type { Plain } from '../contract.ts';
import { claim, every, law, same, type Verdict } from '../law.ts';
import {
  combined,
  type Entry,
  estimatorOf,
  given,
  momentsOf,
  updated,
  valuesOf,
  varianceOff,
} from '../oracle/batchnorm.ts';
import { type Big, big, exact, nearest, ONE, ZERO } from '../oracle/exact.ts';
import type { PortInfo } from '../port.ts';
import { FORMATS } from '../tolerance.ts';
import {
  after,
  batches,
  batchStatistics,
  copied,
  lattices,
  NAME,
  type Running,
  rowsOf,
  STATISTICS,
  step,
  updates,
} from './batchcases.ts';
import {
  type BatchCase,
  batchCase,
  batchOnly,
  copying,
  evaluate,
  exactly,
  freezing,
  judged,
  kindOf,
  meanUpdate,
  normOf,
  pick,
  pull,
  taken,
} from './normcases.ts';
import { attempt } from './purity.ts';

/** Exact where the estimator is a number of the format, within the bound where n/(n − 1) has to be rounded. */
const exactOrJudged = (
  s: keyof Running,
  got: ArrayLike<number>,
  entries: readonly Entry[],
  c: BatchCase,
  port: PortInfo,
): Verdict => {
  const { factor } = updates(c, port)[s];
  const dyadic = exact(FORMATS[port.dtype].round(nearest(factor))).eq(factor);
  return dyadic ? exactly(`running ${s}`, got, entries) : judged(`running ${s}`, got, entries, port);
};

export const batchnormLaws = [
  law<BatchCase>({
    id: 'batchnorm/running-step',
    ref: 'B-16, B-18',
    class: '64-digit oracle',
    runs: 60,
    says: 'one step moves the running mean and variance towards those of the batch by the declared weight and estimator',
    formula: 'r′ = (1 − m)·r + m·s, with s the batch’s mean, or its variance times n/(n − 1) if unbiased',
    source: 'Ioffe & Szegedy 2015, Algorithm 2',
    kills: ['mxnet #1948', 'PaddlePaddle #51120', 'oneflow #6055', 'tinygrad #807', 'mlx #3817'],
    subjects: batchOnly,
    given: batches,
    *holds(c, port) {
      const a = yield* step(c);
      const truth = after(c, port);
      return every(STATISTICS.map((s) => judged(`running ${s}`, a[s].data, truth[s], port)));
    },
  }),
  law<BatchCase>({
    id: 'batchnorm/running-exact',
    ref: 'B-16, B-18',
    class: 'lattice',
    runs: 60,
    says: 'on integers with a dyadic momentum the running statistics have no error at all, but for the division by n − 1',
    subjects: batchOnly,
    given: lattices,
    *holds(c, port) {
      const a = yield* step(c);
      const truth = after(c, port);
      return every(STATISTICS.map((s) => exactOrJudged(s, a[s].data, truth[s], c, port)));
    },
  }),
  law<BatchCase>({
    id: 'batchnorm/batch-of-one',
    ref: 'B-19, P-10',
    class: 'exact',
    runs: 10,
    says: 'a batch of one sample, which has no unbiased variance, is refused with an error or gives finite numbers; it is never turned into a silent NaN',
    subjects: batchOnly,
    given: (port) =>
      batchCase(port, NAME, { shape: fc.integer({ min: 1, max: 3 }).map((n) => [2, n]), eps: [1 / 8, 1] }).map((c) => ({
        ...c,
        x: { shape: [1, c.gamma.data.length], data: c.x.data.slice(0, c.gamma.data.length) },
      })),
    *holds(c) {
      const entry = kindOf(NAME).forward;
      const { refused, why, values } = yield* attempt(entry, taken(entry, c));
      const fine = refused || (values.length > 0 && values.every(Number.isFinite));
      return claim(
        `refused (${why}), or finite`,
        fine,
        values.find((v) => !Number.isFinite(v)),
      );
    },
  }),
  law<{ readonly c: BatchCase; readonly steps: number }>({
    id: 'batchnorm/constant-batches',
    ref: 'B-16',
    class: 'rounding bound',
    runs: 30,
    says: 'after k equal batches what is left of the start is (1 − m)ᵏ of it, and the rest is the batch’s own statistic',
    formula: 'rₖ = (1 − m)ᵏ·r₀ + (1 − (1 − m)ᵏ)·s',
    kills: ['mxnet #1948', 'PaddlePaddle #51120', 'oneflow #6055', 'tinygrad 2f17d151'],
    subjects: batchOnly,
    given: (port) => fc.record({ c: batches(port), steps: fc.integer({ min: 2, max: 6 }) }),
    *holds({ c, steps }, port) {
      let at = c;
      for (let k = 0; k < steps; k++) {
        const { mean, variance } = yield* step(at);
        const values = (t: Plain): Values => ({ shape: t.shape, data: Array.from(t.data) });
        at = { ...at, mean: values(mean), variance: values(variance) };
      }
      const fresh = batchStatistics(c, port);
      const by = updates(c, port);
      const each = (s: keyof Running): readonly Entry[] =>
        fresh[s].map((e, j) => {
          let chain = given(c[s].data[j] ?? 0);
          for (let k = 0; k < steps; k++) chain = updated(chain, e, by[s], port.dtype);
          const left = ONE.minus(by[s].weight).pow(steps);
          const estimate = e.value.times(by[s].factor);
          const value = left.times(exact(c[s].data[j] ?? 0)).plus(ONE.minus(left).times(estimate));
          return { value, allowed: chain.allowed };
        });
      return every(STATISTICS.map((s) => judged(`running ${s} after ${steps} batches`, at[s].data, each(s), port)));
    },
  }),
  law<BatchCase>({
    id: 'batchnorm/momentum-freezes',
    ref: 'B-17',
    class: 'exact',
    runs: 30,
    says: 'the momentum that gives the new batch no weight leaves the running statistics bit for bit, whatever the batch',
    kills: ['mxnet #1948', 'aprender #2166'],
    subjects: batchOnly,
    given: (port) => batches(port).map((c) => ({ ...c, momentum: freezing(port) })),
    *holds(c) {
      const a = yield* step(c);
      return every(STATISTICS.map((s) => same(`running ${s}`, a[s].data, c[s].data)));
    },
  }),
  law<BatchCase>({
    id: 'batchnorm/momentum-copies',
    ref: 'B-17',
    class: 'lattice',
    runs: 30,
    says: 'the momentum that gives it all the weight makes the running statistics exactly those of the batch, whatever they were',
    kills: ['tinygrad 2f17d151', 'aprender #2166'],
    subjects: batchOnly,
    given: (port) => lattices(port).map((c) => ({ ...c, momentum: copying(port) })),
    *holds(c, port) {
      const a = yield* step(c);
      const truth = after(copied(c, port), port);
      return every(STATISTICS.map((s) => exactOrJudged(s, a[s].data, truth[s], c, port)));
    },
  }),
  law<BatchCase>({
    id: 'batchnorm/estimator',
    ref: 'B-18',
    class: 'rounding bound',
    runs: 30,
    says: 'the copied running variance is n/(n − 1) times the one that the outputs show if declared unbiased, and that one itself if biased',
    formula: 's²·(n − 1)/n = Σ(x − μ)²/n, against Σŷ²/n of the outputs without eps',
    kills: ['pytorch #3122', 'tinygrad #807', 'mlx #3817'],
    subjects: batchOnly,
    given: (port) => batchCase(port, NAME, { eps: [0], offset: moderate(port.dtype) }),
    *holds(c, port) {
      const a = yield* step(copied(c, port));
      const n = rowsOf(c);
      const factor = updates(c, port).variance.factor;
      const fresh = batchStatistics(c, port).variance;
      const at = normOf(c, port, NAME);
      const outputs = valuesOf(at, port.dtype);
      const verdicts = at.groups.map((group, j) => {
        // without eps the outputs are (x − μ)/s, so that Σ(y − β)·(x − μ)·s/γ is the sum of squares by which they were divided
        const x = pick(c.x.data, group.at).map(exact);
        const m = momentsOf(x, ZERO, 'inside');
        const gamma = exact(c.gamma.data[j] ?? 1);
        const by = (i: number): Big => (m.centred[i] ?? ZERO).div(gamma).div(n);
        const seen = combined(
          pick(a.y.data, group.at).map((v) => ({ value: exact(v).minus(exact(c.beta.data[j] ?? 0)), allowed: 0 })),
          by,
        );
        const off = combined(pick(outputs, group.at), by).allowed;
        // seen = s, the deviation itself
        const value = seen.value.times(seen.value).times(factor);
        const allowed =
          nearest(factor) * (fresh[j]?.allowed ?? 0) +
          nearest(factor) * varianceOff(m.variance, off) +
          FORMATS[port.dtype].u * 4 * nearest(value);
        return judged(
          `running variance of feature ${j}`,
          [a.variance.data[j] ?? Number.NaN],
          [{ value, allowed }],
          port,
        );
      });
      return every(verdicts);
    },
  }),
  law<{ readonly c: BatchCase; readonly runningVariance: 'unbiased' | 'biased' }>({
    id: 'batchnorm/either-estimator',
    ref: 'B-18',
    class: '64-digit oracle',
    runs: 30,
    says: 'an engine that lets one choose keeps the unbiased variance when asked for it, and the biased one when asked for that',
    formula: 's² = Σ(x − μ)²/(n − 1), or /n',
    subjects: (port) => batchOnly(port).filter((name) => port.hyper[name]?.includes('runningVariance')),
    given: (port) => fc.record({ c: batches(port), runningVariance: fc.constantFrom('unbiased', 'biased') }),
    *holds({ c, runningVariance }, port) {
      const own = { ...copied(c, port), runningVariance };
      const { variance } = yield* step(own);
      const by = { ...updates(c, port).variance, factor: estimatorOf(rowsOf(c), runningVariance) };
      const weight = meanUpdate(own, port).weight;
      return judged(
        `running variance, ${runningVariance}`,
        variance.data,
        batchStatistics(c, port).variance.map((e) => updated(given(0), e, { ...by, weight }, port.dtype)),
        port,
      );
    },
  }),
  law<BatchCase>({
    id: 'batchnorm/variance-far-from-0',
    ref: 'B-23',
    class: '64-digit oracle',
    runs: 40,
    says: 'the variance of numbers far from 0 is not negative, and keeps its digits but for the conditioning of the data',
    formula: '|s² − σ²| ≤ 2·σ·δ + δ², δ of the order n·u·max|x|',
    source: 'Chan, Golub & LeVeque 1983, Table 1',
    kills: ['keras #18795', 'mlx #1314'],
    subjects: batchOnly,
    given: (port) => {
      const far = port.dtype === 'f64' ? 1e8 : 1e3;
      return batchCase(port, NAME, { offset: fc.constantFrom(far, -far, far / 8) }).map((c) => copied(c, port));
    },
    *holds(c, port) {
      const { mean, variance } = yield* step(c);
      const truth = after(c, port);
      const bad = Array.from(variance.data).findIndex((v) => !(v >= 0));
      return every([
        claim(`variance of feature ${bad} ≥ 0`, bad < 0, variance.data[bad]),
        judged('running mean', mean.data, truth.mean, port),
        judged('running variance', variance.data, truth.variance, port),
      ]);
    },
  }),
  law<{ readonly c: BatchCase; readonly freeze: boolean }>({
    id: 'batchnorm/state-untouched',
    ref: 'B-25',
    class: 'exact',
    runs: 30,
    says: 'a step returns new statistics: inputs, parameters and the previous state keep their bits, and nothing returned is one of them',
    subjects: batchOnly,
    given: (port) => fc.record({ c: batches(port), freeze: fc.boolean() }),
    *holds({ c, freeze }, port) {
      const own = freeze ? { ...c, momentum: freezing(port) } : c;
      const fields = ['x', 'gamma', 'beta', 'mean', 'variance', 'dy'] as const;
      const before = fields.map((f) => [...own[f].data]);
      const a = yield* step(own);
      yield* pull(NAME, own);
      if (port.has('layer.batch_norm.eval')) yield* evaluate(own);
      const given = fields.map((f) => own[f].data as ArrayLike<number>);
      return every([
        ...fields.map((f, i) => same(`${f} after the step`, own[f].data, before[i] ?? [], { zeros: 'signed' })),
        claim('an answer is not an argument', ![a.y, a.mean, a.variance].some((t) => given.includes(t.data))),
      ]);
    },
  }),
  law<{ readonly a: BatchCase; readonly b: BatchCase }>({
    id: 'batchnorm/merged-batches',
    ref: 'B-26',
    class: 'rounding bound',
    runs: 30,
    says: 'the statistics of two batches together follow from those of each',
    formula: 'M = Mₐ + M_b + (μₐ − μ_b)²·nₐ·n_b/n for sums of squares M',
    source: 'Chan, Golub & LeVeque 1983, eq. 2.1',
    subjects: batchOnly,
    given: (port) =>
      fc
        .tuple(fc.integer({ min: 1, max: 3 }), fc.integer({ min: 2, max: 4 }), fc.integer({ min: 2, max: 4 }))
        .chain(([f, n, m]) =>
          fc.record({
            a: batchCase(port, NAME, { shape: fc.constant([n, f]) }),
            b: batchCase(port, NAME, { shape: fc.constant([m, f]) }),
          }),
        ),
    *holds({ a, b }, port) {
      const f = a.gamma.data.length;
      const union = { ...a, x: { shape: [rowsOf(a) + rowsOf(b), f], data: [...a.x.data, ...b.x.data] } };
      const parts = [a, b, union].map((c) => copied(c, port));
      const answers: Running[] = [];
      for (const part of parts) answers.push(yield* step(part));
      const [na = 1, nb = 1, n = 1] = parts.map(rowsOf);
      const bounds = parts.map((part) => after(part, port));
      return every(
        Array.from({ length: f }, (_, j) => {
          const at = (s: keyof Running, i: number): Entry => ({
            value: exact(answers[i]?.[s].data[j] ?? Number.NaN),
            allowed: bounds[i]?.[s][j]?.allowed ?? 0,
          });
          const factorOf = (i: number): Big => updates(parts[i] as BatchCase, port).variance.factor; // three parts
          const mean = combined([at('mean', 0), at('mean', 1)], (i) => big(i === 0 ? na : nb).div(n));
          const gap = at('mean', 0).value.minus(at('mean', 1).value).abs();
          const gapOff = at('mean', 0).allowed + at('mean', 1).allowed;
          const between = (na * nb) / (n * n);
          const within_ = combined([at('variance', 0), at('variance', 1)], (i) =>
            big(i === 0 ? na : nb)
              .div(n)
              .div(factorOf(i)),
          );
          const variance = within_.value
            .plus(
              gap
                .times(gap)
                .times(na * nb)
                .div(n * n),
            )
            .times(factorOf(2));
          const varianceAllowed =
            nearest(factorOf(2)) * (within_.allowed + between * (2 * nearest(gap) * gapOff + gapOff * gapOff));
          return every([
            judged(
              `mean of feature ${j}`,
              [answers[2]?.mean.data[j] ?? Number.NaN],
              [{ value: mean.value, allowed: mean.allowed + at('mean', 2).allowed }],
              port,
            ),
            judged(
              `variance of feature ${j}`,
              [answers[2]?.variance.data[j] ?? Number.NaN],
              [{ value: variance, allowed: varianceAllowed + at('variance', 2).allowed }],
              port,
            ),
          ]);
        }),
      );
    },
  }),
];
