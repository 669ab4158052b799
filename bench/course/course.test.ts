// The course can fail: a fault planted into a part changes the checks that it should, and sound ones hold beside it.
import { describe, expect, test } from 'vitest';
import {
  evaluate,
  fitPerceptron,
  flatten,
  lossAndGrad,
  modelOf,
  ops,
  optimizerOf,
  type Tensor,
} from '../../src/index.ts';
import { drawsTwoLines } from './boundary.ts';
import { COURSE, coursePage, courseReport, type Lesson } from './course.ts';
import { chainRule, learningRate } from './descent.ts';
import { dropoutAsEnsemble } from './dropout.ts';
import { boundsOfEntropy } from './entropy.ts';
import { fourCures, CURES as GRADIENT_CURES } from './gradients.ts';
import { STARTS, signalThroughDepth, zerosStayEqual } from './initial.ts';
import { RIDERS, sideBySide } from './optimizers.ts';
import { CURES, gapAndCures } from './overfitting.ts';
import { compared, type Findings, verdictOf } from './part.ts';
import { drawsOneLine, noLineForXor } from './perceptron.ts';
import { BEGINNINGS, rescuedByMachines } from './pretraining.ts';
import { deadHalf } from './relu.ts';
import { byBatch, runningStatistics } from './running.ts';
import { scaleAndShift } from './scaleshift.ts';
import { covariateShift } from './shift.ts';
import { flatEnds } from './sigmoid.ts';
import { deep } from './train.ts';

const SLOW = 300_000;
const quiet = (): void => {};
/** The checks that do not hold, by their place. */
const broken = ({ checks }: Findings): readonly number[] => checks.flatMap((c, i) => (c.holds ? [] : [i]));

describe('verdicts', () => {
  test('a claim holds when all its checks do, and none is no claim', () => {
    const [good, bad] = [true, false].map((holds) => ({ says: '', found: '', holds }));
    expect(
      [[good, good], [good, bad], []].map((checks) => verdictOf({ checks: checks as Findings['checks'] })),
    ).toEqual(['holds', 'does not hold', 'does not hold']);
  });
  test('a comparison needs the right direction, and enough pairs', () => {
    const many = Array.from({ length: 12 }, (_, i) => i);
    const more = many.map((v) => v + 1);
    const holds = (lower: readonly number[], higher: readonly number[]): boolean | undefined =>
      compared([{ says: '', lower, higher }])[0]?.holds;
    expect(holds(many, more)).toBe(true);
    expect(holds(more, many)).toBe(false);
    expect(holds(many, many)).toBe(false);
    expect(holds(many.slice(0, 5), more.slice(0, 5))).toBe(false);
    expect(
      holds(
        many.map(() => Number.NaN),
        more,
      ),
    ).toBe(false);
  });
  test('reports name what does not hold', () => {
    const [part] = COURSE;
    if (part === undefined) throw new Error('the course is empty');
    const lesson: Lesson = {
      part,
      verdict: 'does not hold',
      checks: [{ says: 'so', holds: false, found: 'not so' }],
      numbers: [{ name: 'a | b', value: 0.5, unit: 'nats' }],
      text: 'no',
      chart: { name: part.id, svg: '<svg/>' },
    };
    expect(courseReport([lesson]).ok).toBe(false);
    expect(coursePage([lesson])).toContain('**does not hold**');
    expect(coursePage([lesson])).toContain('a \\| b');
    expect(new Set(COURSE.map((p) => p.id)).size).toBe(COURSE.length);
    expect(COURSE.map((p) => Number.parseInt(p.number, 10)).at(-1)).toBe(14);
  });
});

describe('planted faults', () => {
  test('a perceptron whose bias never moves', async () => {
    const stuck: typeof fitPerceptron = (...a) => ({ ...fitPerceptron(...a), b: 0 });
    expect(broken(await drawsOneLine(stuck))).toContain(0);
  });
  test('OR in the place of XOR', async () => {
    expect(broken(await noLineForXor([0, 1, 1, 1]))).toEqual([0, 1]);
  });
  test('a perceptron that stops without having learnt', async () => {
    const tired: typeof fitPerceptron = (...a) => ({ ...fitPerceptron(...a), converged: true });
    expect(broken(await noLineForXor(undefined, tired))).toContain(1);
  });
  test('no hidden layer', { timeout: SLOW }, async () => {
    expect(broken(await drawsTwoLines(quiet, []))).toEqual([1, 2, 4]);
  });
  test('a slope that is off by a millionth', { timeout: SLOW }, async () => {
    const off = await chainRule((model, variables, { x, y }) =>
      flatten<Tensor>(lossAndGrad(ops, model, variables, x, y).grads).leaves.flatMap((g) =>
        g.toArray().map((v) => v * (1 + 1e-6)),
      ),
    );
    expect(broken(off)).toContain(0);
    expect(broken(off)).toContain(2);
  });
  test('momentum in the place of plain descent, whose limit is another', { timeout: SLOW }, async () => {
    expect(broken(await learningRate(quiet, 'momentum'))).toContain(0);
  });
  test('a cross-entropy that forgets the other class', { timeout: SLOW }, async () => {
    expect(broken(await boundsOfEntropy((o, p, y) => o.neg(o.mul(y, o.log(p)))))).toContain(3);
  });
  test('tanh in the place of the sigmoid', { timeout: SLOW }, async () => {
    expect(broken(await flatEnds('tanh'))).toEqual([0, 1, 2, 3]);
  });
  test('a leaky unit in the place of ReLU', { timeout: SLOW }, async () => {
    const found = await deadHalf(quiet, { type: 'activation', name: 'leakyRelu', slope: 0.1 }, [1, 2]);
    expect(broken(found)).toEqual(expect.arrayContaining([0, 3]));
    expect(broken(found)).not.toContain(4);
  });
  test('momentum that has none', { timeout: SLOW }, async () => {
    const riders = RIDERS.map((r) =>
      r.name === 'momentum' ? { ...r, inValley: { lr: 0.05 }, make: () => optimizerOf('sgd', { lr: 0.05 }) } : r,
    );
    expect(broken(await sideBySide(quiet, riders, [1, 2], [0.3]))).toEqual(expect.arrayContaining([1, 2]));
  });
  test('random weights in the place of zeros', { timeout: SLOW }, async () => {
    expect(broken(await zerosStayEqual(quiet, ['xavierNormal', 'constant'], [1, 2]))).toEqual(
      expect.arrayContaining([0, 2]),
    );
    expect(broken(await zerosStayEqual(quiet, undefined, [1, 2]))).not.toContain(0);
  });
  test('weights of He without the factor 2', { timeout: SLOW }, async () => {
    const starts = STARTS.map((s, i) => (i === 0 ? { ...s, init: 'lecunNormal' } : s));
    expect(broken(await signalThroughDepth(quiet, starts, [1, 2]))).toContain(0);
  });
  test('no Boltzmann machines', { timeout: SLOW }, async () => {
    const plain = BEGINNINGS.map((b, i) => (i === 2 ? { ...b, from: (BEGINNINGS[0] as typeof b).from } : b));
    expect(broken(await rescuedByMachines(quiet, plain, [1]))).toContain(1);
  });
  test('dropout without scaling', { timeout: SLOW }, async () => {
    const unscaled = {
      dropout: { type: 'dropout', dropRate: 0.5, form: 'classic' },
      evaluation: (model, variables, x) => {
        const layers = model.spec.layers.map((l) => (l.type === 'dropout' ? { ...l, form: 'inverted' as const } : l));
        return evaluate(modelOf({ ...model.spec, layers }), variables, x);
      },
    } satisfies Parameters<typeof dropoutAsEnsemble>[1];
    expect(broken(await dropoutAsEnsemble(quiet, unscaled, [1, 2]))).toEqual(expect.arrayContaining([2, 3]));
    expect(broken(await dropoutAsEnsemble(quiet, undefined, [1, 2]))).not.toContain(2);
  });
  test('a cure that changes nothing', { timeout: SLOW }, async () => {
    const [regularised] = CURES.filter((c) => c.name === 'regularisation');
    if (regularised === undefined) throw new Error('there is no such cure');
    const idle = { ...regularised, model: { ...regularised.model, regulariser: {} } };
    expect(broken(await gapAndCures(quiet, [idle]))).toEqual([1, 2]);
  });
  test('a cure that keeps the trouble, and a rate that stays large', { timeout: SLOW }, async () => {
    const kept = GRADIENT_CURES.map((c, i) => (i === 0 ? { ...c, cured: c.trouble } : c));
    const found = await fourCures(quiet, kept, { large: 0.03, small: 0.03 }, [1, 2]);
    expect(broken(found)).toEqual(expect.arrayContaining([0, 6]));
    expect(broken(found)).not.toContain(1);
  });
  test('batch normalisation that is not there', { timeout: SLOW }, async () => {
    expect(broken(await covariateShift(quiet, deep(3, 24, 10, { activation: 'tanh', init: 'xavierNormal' })))).toEqual([
      0,
    ]);
  });
  test('a normalisation that adds too much to the variance, and γ and β that do not learn', {
    timeout: SLOW,
  }, async () => {
    const wrong = { layer: { type: 'batchNorm', eps: 1e-3 } as const, learnt: optimizerOf('sgd', { lr: 1e-9 }) };
    expect(broken(await scaleAndShift(quiet, wrong, [1, 2]))).toEqual(expect.arrayContaining([0, 2]));
  });
  test('batch statistics at evaluation', { timeout: SLOW }, async () => {
    expect(broken(await runningStatistics(quiet, byBatch, [1, 2]))).toEqual(expect.arrayContaining([0, 1]));
    expect(broken(await runningStatistics(quiet, evaluate, [1, 2]))).not.toContain(0);
  });
});
