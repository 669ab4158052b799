// The chapter about the verifier itself, second part: its runs find faults and replay them, its tests have power, its inputs vary.
import fc from 'fast-check';
import { seed } from '../arbitraries.ts';
import type { Args, Plain } from '../contract.ts';
import { type Answer, ask, claim, every, having, type Inquiry, law, same, sided } from '../law.ts';
import { type Big, exact, exp, nearest, ONE, ZERO } from '../oracle/exact.ts';
import { ALPHA, MISS } from '../tolerance.ts';

const none: Plain = { shape: [0], data: [] };
const tensor = (data: readonly number[]): Plain => ({ shape: [data.length], data });

/** A sound engine, a generator that reaches what it promises, and two hundred inputs. */
const SOUND = { at: 1000, off: 0, crashes: false, reach: 1000, covered: 500, runs: 200, examples: none } as const;

function* run(more: Args): Inquiry<{ readonly status: string; readonly answer: Answer }> {
  const answer = yield* ask('verifier.run.check', { ...SOUND, ...more });
  return { status: answer.text('status'), answer };
}

const isStatus = (about: string, got: string, expected: string) =>
  claim(`${about}: ${got}, expected ${expected}`, got === expected);

/** P(X = k) for k = 0 … n, at 64 digits. */
const binomial = (n: number, p: number): readonly Big[] => {
  const odds = exact(p).div(ONE.minus(exact(p)));
  const terms = [ONE.minus(exact(p)).pow(n)];
  for (let k = 0; k < n; k++)
    terms.push(
      (terms[k] as Big)
        .times(n - k)
        .div(k + 1)
        .times(odds),
    ); // the one before
  return terms;
};
const sum = (terms: readonly Big[]): Big => terms.reduce((a, b) => a.plus(b), ZERO);

/** P(X > x) of χ² with an even number of degrees of freedom: e^(−x/2)·Σ (x/2)ʲ/j!, j < n/2. */
const beyond = (x: number, n: number): Big => {
  const half = exact(x).div(2);
  let term = ONE;
  let total = ONE;
  for (let j = 1; j < n / 2; j++) {
    term = term.times(half).div(j);
    total = total.plus(term);
  }
  return exp(half.neg()).times(total);
};

/** Two-sided surprise against the level; null so close to it that a double cannot tell. */
const decided = (lower: Big, upper: Big, alpha: number): boolean | null => {
  const p = (lower.lt(upper) ? lower : upper).times(2);
  const ratio = nearest(p.div(exact(alpha)));
  return Math.abs(Math.log2(ratio)) < 2 ** -10 ? null : ratio > 1;
};

function* accepts(
  entry: string,
  observed: readonly number[],
  n: number,
  p: number,
  alpha: number,
): Inquiry<readonly boolean[]> {
  const { data } = (yield* ask(entry, { observed: tensor(observed), n, p, alpha })).tensor('accepted');
  return Array.from(data, (v) => v === 1);
}

function* sample(entry: string, s: number): Inquiry<readonly number[]> {
  return Array.from((yield* ask(`verifier.${entry}.sample`, { seed: s, count: 256 })).tensor('values').data);
}
const share = (values: readonly number[], f: (v: number) => boolean): number => values.filter(f).length / values.length;

export const metaRunLaws = [
  law<{ readonly at: number; readonly e: number; readonly seed: number }>({
    id: 'meta/every-fault-is-found',
    ref: 'M-01',
    class: 'structural',
    runs: 20,
    says: 'a check finds a fault that its inputs reach, shrinks it to the smallest input that shows it, calls a crash a crash, and finds nothing in a sound engine',
    kills: ['Flux #2693', 'chainer #3541', 'tfjs expect(x) without matcher'],
    subjects: having('verifier.run.check'),
    given: () => fc.record({ at: fc.integer({ min: 0, max: 600 }), e: fc.integer({ min: -30, max: 30 }), seed }),
    *holds({ at, e, seed: s }) {
      const sound = yield* run({ seed: s });
      const wrong = yield* run({ seed: s, at, off: 2 ** e });
      const nan = yield* run({ seed: s, at, off: Number.NaN });
      const crash = yield* run({ seed: s, at, crashes: true });
      return every([
        isStatus('a sound engine', sound.status, 'holds'),
        same('its runs', [sound.answer.number('runs')], [SOUND.runs]),
        isStatus(`an engine off by 2^${e} above ${at}`, wrong.status, 'falsified'),
        same('the smallest input that shows it', [wrong.answer.number('input')], [at + 1]),
        claim('how far the fault reaches', wrong.answer.number('failing') > 0),
        isStatus(`an engine that gives NaN above ${at}`, nan.status, 'falsified'),
        isStatus(`an engine that crashes above ${at}`, crash.status, 'crashed'),
      ]);
    },
  }),
  law<{ readonly reach: number; readonly seed: number }>({
    id: 'meta/blind-generators-show',
    ref: 'M-07',
    class: 'structural',
    runs: 20,
    says: 'a law that holds on inputs that never reach what it promises is undecided, and a fault is a fault all the same',
    kills: ['tfjs #7251 (tests at 1, 3, −2 alone)', 'NNlib #706', 'Knet #288'],
    subjects: having('verifier.run.check'),
    given: () => fc.record({ reach: fc.integer({ min: 10, max: 499 }), seed }),
    *holds({ reach, seed: s }) {
      const blind = yield* run({ seed: s, reach });
      const seeing = yield* run({ seed: s, reach: 1000 });
      const found = yield* run({ seed: s, reach, at: 2, off: 1 });
      return every([
        isStatus(`inputs up to ${reach} where a quarter should be beyond 500`, blind.status, 'undecided'),
        isStatus('inputs up to 1000', seeing.status, 'holds'),
        isStatus('a fault on inputs that reach too little', found.status, 'falsified'),
      ]);
    },
  }),
  law<number>({
    id: 'meta/inputs-are-off-default',
    ref: 'M-08',
    class: 'structural',
    runs: 20,
    says: 'parameters are never 0, mostly neither ½ nor ±1, of both signs, on both sides of 1; extents differ and labels are soft and hard',
    kills: ['convnetjs, brain.js, tiny-dnn dropout (hidden at ½)', 'mxnet #5043', 'chainer #7512'],
    subjects: having('verifier.parameter.sample', 'verifier.extent.sample', 'verifier.label.sample'),
    given: () => seed,
    *holds(s) {
      const parameters = yield* sample('parameter', s);
      const extents = yield* sample('extent', s);
      const labels = yield* sample('label', s);
      const plain = [1 / 2, -1 / 2, 1, -1];
      return every([
        claim('a parameter of 0', !parameters.includes(0)),
        claim('parameters at a default', share(parameters, (v) => plain.includes(v)) < 1 / 2),
        claim('negative parameters', share(parameters, (v) => v < 0) > 1 / 8),
        claim('positive parameters', share(parameters, (v) => v > 0) > 1 / 8),
        claim('parameters above 1', share(parameters, (v) => v > 1) > 2 ** -6),
        claim('extents of at least 2', share(extents, (v) => v >= 2) > 1 / 4),
        claim('extents that differ', new Set(extents).size >= 3),
        claim('hard labels of both classes', labels.includes(0) && labels.includes(1)),
        claim('soft labels', share(labels, (v) => v > 0 && v < 1) > 1 / 8),
      ]);
    },
  }),
  law<number>({
    id: 'meta/cotangents-vary',
    ref: 'M-09',
    class: 'structural',
    runs: 20,
    says: 'cotangents are never zero, of both signs, of many sizes, and hardly ever 1',
    kills: ['PyTorch #57166 (fast gradcheck with torch.rand)'],
    subjects: having('verifier.cotangent.sample'),
    given: () => seed,
    *holds(s) {
      const values = yield* sample('cotangent', s);
      return every([
        claim('a cotangent of 0', !values.includes(0)),
        claim('negative cotangents', share(values, (v) => v < 0) > 1 / 8),
        claim('positive cotangents', share(values, (v) => v > 0) > 1 / 8),
        claim('cotangents of 1', share(values, (v) => v === 1) < 1 / 4),
        claim('different cotangents', new Set(values).size > values.length / 4),
      ]);
    },
  }),
  law<{ readonly n: number; readonly k: number; readonly j: number }>({
    id: 'meta/tests-have-power',
    ref: 'M-10',
    class: 'enumerated',
    runs: 12,
    says: 'an exact test accepts what the enumerated distribution says at its level, and rejects the alternative of the design sheet with probability 1 − 10⁻⁶: the swap of 0.2 and 0.8 among 90 draws, a variance off by a factor of 2 among 620',
    kills: ['PyTorch test_trunc_normal_generator (n = 5)', 'tfjs initializers_test'],
    subjects: having('verifier.binomial.test', 'verifier.chi_square.test'),
    given: () =>
      fc.record({
        n: fc.integer({ min: 20, max: 90 }),
        k: fc.integer({ min: 2, max: 14 }),
        j: fc.integer({ min: 8, max: 40 }),
      }),
    *holds({ n, k, j }) {
      const p = k / 16;
      const alpha = 2 ** -j;
      const counts = Array.from({ length: n + 1 }, (_, i) => i);
      const mass = binomial(n, p);
      const got = yield* accepts('verifier.binomial.test', counts, n, p, alpha);
      const wrong = counts.findIndex((i) => {
        const due = decided(sum(mass.slice(0, i + 1)), sum(mass.slice(i)), alpha);
        return due !== null && due !== got[i];
      });
      // the design sheet: 90 draws tell 0.2 from 0.8
      const all = Array.from({ length: 91 }, (_, i) => i);
      const swap = yield* accepts('verifier.binomial.test', all, 90, 1 / 5, ALPHA);
      const miss = nearest(sum(binomial(90, 4 / 5).filter((_, i) => swap[i])));
      const alarm = nearest(sum(binomial(90, 1 / 5).filter((_, i) => swap[i] === false)));
      // χ²: decided by its closed form, and the factor 2 among 620
      const freedom = 2 * k + 10;
      const sums = Array.from({ length: 41 }, (_, i) => (freedom * (i + 1)) / 8);
      const squares = yield* accepts('verifier.chi_square.test', sums, freedom, 0, alpha);
      const off = sums.findIndex((x, i) => {
        const upper = beyond(x, freedom);
        const due = decided(ONE.minus(upper), upper, alpha);
        return due !== null && due !== squares[i];
      });
      const doubled = yield* accepts('verifier.chi_square.test', [2 * 620, 620 / 2, 620, Number.NaN], 620, 0, ALPHA);
      return every([
        claim(`${wrong} successes among ${n} at p = ${p}, level 2^-${j}`, wrong < 0),
        sided('the chance to miss a swap of 0.2 and 0.8 among 90 draws', miss, '≤', MISS),
        sided('its chance of a false alarm', alarm, '≤', ALPHA),
        claim(`a sum of ${sums[off]} for ${freedom} squares, level 2^-${j}`, off < 0),
        same('a variance of 2, of ½, of 1, and NaN, among 620', doubled.map(Number), [0, 0, 1, 0]),
      ]);
    },
  }),
  law<{ readonly at: number; readonly seed: number; readonly other: number }>({
    id: 'meta/failures-replay',
    ref: 'M-11',
    class: 'structural',
    runs: 20,
    says: 'the same seed gives the same record, and the value alone shows the failure again under any seed, tried first',
    kills: ['tiny-dnn af92c26c'],
    subjects: having('verifier.run.check'),
    given: () => fc.record({ at: fc.integer({ min: 0, max: 600 }), seed, other: seed }),
    *holds({ at, seed: s, other }) {
      const first = yield* run({ seed: s, at, off: 1 });
      const again = yield* run({ seed: s, at, off: 1 });
      const input = first.answer.number('input');
      const value = yield* run({ seed: other, at, off: 1, runs: 1, examples: tensor([input]) });
      const mended = yield* run({ seed: other, examples: tensor([input]) });
      return every([
        same(
          'input, runs and reach of the same seed',
          ['input', 'runs', 'failing'].map((f) => again.answer.number(f)),
          ['input', 'runs', 'failing'].map((f) => first.answer.number(f)),
        ),
        isStatus('the stored value under another seed', value.status, 'falsified'),
        same('the input that fails then', [value.answer.number('input')], [input]),
        same('inputs tried until it failed', [value.answer.number('runs')], [1]),
        isStatus('the stored value on a mended engine', mended.status, 'holds'),
      ]);
    },
  }),
];
