// The generators of models and their truths under test: reach, shrinking, certificates, and what one wrong weight costs.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ACTIVATIONS, LOSSES } from '../src/index.ts';
import type { NetworkCase } from './arbitraries.ts';
import type { AnyLayer } from './args.ts';
import { snake } from './contract.ts';
import { boundedOf, meant } from './laws/cases.ts';
import { anyNetwork, expanded, needsOf } from './networks.ts';
import { nearest } from './oracle/exact.ts';
import { gradientsOver } from './oracle/model.ts';
import { certified, naiveGradients } from './oracle/naive.ts';
import { rationalGradients } from './oracle/rational.ts';
import { bounded } from './oracle/readings.ts';
import home from './ports/home.ts';
import { naiveNetwork } from './ports/naive.ts';
import { grantOf } from './tolerance.ts';

const sample = (n: number, seed = 1): readonly NetworkCase[] => fc.sample(anyNetwork(home), { seed, numRuns: n });
const flat = (layers: readonly AnyLayer[]): readonly AnyLayer[] =>
  layers.flatMap((l) => (l.type === 'residual' ? [l, ...flat(l.layers)] : [l]));

describe('random models', () => {
  const cases = sample(1500);

  test('have every layer, activation, loss, reduction and penalty', () => {
    const layers = cases.flatMap((c) => flat(c.layers));
    expect([...new Set(layers.map((l) => l.type))].sort()).toEqual(
      ['activation', 'batchNorm', 'dense', 'dropout', 'layerNorm', 'residual'].sort(),
    );
    const names = new Set(layers.flatMap((l) => (l.type === 'activation' ? [l.name] : [])));
    expect([...names].sort()).toEqual(ACTIVATIONS.map(snake).sort());
    expect(new Set(cases.map((c) => c.loss)).size).toBe(Object.keys(LOSSES).length);
    const share = (of: (c: NetworkCase) => boolean): number => cases.filter(of).length / cases.length;
    expect(share((c) => c.reduction === 'mean')).toBeGreaterThan(0.3);
    expect(share((c) => c.regulariser !== undefined)).toBeGreaterThan(0.3);
    expect(share((c) => c.state !== undefined)).toBeGreaterThan(0.2);
    expect(share((c) => (c.uniforms?.length ?? 0) > 1)).toBeGreaterThan(0.02);
    expect(share((c) => (c.x.shape[0] ?? 0) > 1)).toBeGreaterThan(0.5);
    const weights = cases.flatMap((c) => c.params.filter((p) => p.shape.length === 2));
    expect(weights.filter(({ shape: [n, m] }) => n !== m).length / weights.length).toBeGreaterThan(0.6);
    expect(share((c) => c.params.some((p) => p.data.some((v) => v < 0) && p.data.some((v) => v > 0)))).toBeGreaterThan(
      0.6,
    );
  });

  test('bring exactly what their layers need', () => {
    for (const c of cases.slice(0, 200)) {
      const needs = needsOf(c.layers, c.x.shape[1] ?? 1);
      expect(c.params.map((p) => p.shape)).toEqual(needs.params);
      expect((c.state ?? []).length).toBe(2 * needs.state.length);
      expect((c.uniforms ?? []).length).toBe(needs.uniforms.length);
    }
  });

  test('shrink to one dense layer where the fault is in every network', () => {
    const { counterexample } = fc.check(
      fc.property(anyNetwork(home), (c) => c.params.length === 0),
      { seed: 3 },
    );
    const [least] = counterexample ?? [];
    expect(least?.layers.filter((l) => l.type !== 'activation').length).toBe(1);
    expect(least?.params.map((p) => p.data.length)).toEqual([1, 1]);
  });

  test.each([1, 2, 3, 4])('shrink to the layer that fails and little around it, from seed %i', (seed) => {
    const { counterexample } = fc.check(
      fc.property(anyNetwork(home), (c) => !c.layers.some((l) => l.type === 'batchNorm')),
      { seed },
    );
    expect(counterexample?.[0].layers.length).toBeLessThanOrEqual(5); // of up to a dozen
  });
});

describe('truths', () => {
  test('the certificate refuses a truth with one slope off by a relative 10⁻¹², whichever it is', () => {
    const c = sample(40, 2).find((one) => one.loss === 'mse' && certified(one, one.direction) !== null);
    if (c === undefined) throw new Error('no network to try');
    const truth = naiveGradients(c);
    truth.gradients.forEach((g, i) => {
      g.forEach((v, k) => {
        if (v.abs().lt(1 / 1024)) return; // in front of a normalisation the slope of a bias is nothing but rounding
        const off = truth.gradients.map((h, j) =>
          h.map((w, l) => (i === j && k === l ? w.times('1.000000000001') : w)),
        );
        expect(() => certified(c, c.direction, { ...truth, gradients: off }), `${i}, ${k}`).toThrow('disagree');
      });
    });
  });

  test('running statistics and penalties of the other conventions are those of the engine, and others than before', () => {
    const conventions = { ...home.conventions, bnMomentum: 'ofOld', bnRunningVariance: 'biased', l2: 'full' } as const;
    const flatten = ({ loss, state }: ReturnType<typeof naiveGradients>): readonly number[] =>
      [loss, ...state.flat()].map(nearest);
    let others = 0;
    for (const asked of sample(60, 4)) {
      const c = meant(asked, { ...home, conventions });
      const truth = flatten(naiveGradients(c));
      if (!truth.every(Number.isFinite)) continue;
      const own = gradientsOver(bounded(grantOf(home)), c, boundedOf);
      const [values, errors] = (['value', 'error'] as const).map((of) =>
        [own.loss, ...own.state].flatMap((t) => Array.from(t[of].view)),
      );
      truth.forEach((v, i) => {
        expect(Math.abs((values?.[i] ?? Number.NaN) - v), `${i}`).toBeLessThanOrEqual(errors?.[i] ?? 0);
      });
      if (flatten(naiveGradients(asked)).some((v, i) => v !== truth[i])) others++;
    }
    expect(others).toBeGreaterThan(20);
  });

  test('the certificate holds where the curvature jumps, and refuses a wrong slope there too', () => {
    const one = (shape: readonly number[], v: number) => ({ shape, data: [v] });
    const c = {
      layers: [
        { type: 'dense', units: 1 },
        { type: 'activation', name: 'softsign' }, // its second derivative goes from 2 to −2 at 0
      ] as const,
      params: [one([1, 1], 1), one([1], -2)],
      x: one([1, 1], 2),
      y: one([1, 1], 3),
      loss: 'mse',
      reduction: 'mean' as const,
    };
    const direction = [one([1, 1], 1), one([1], 1)];
    const truth = naiveGradients(c);
    expect(certified(c, direction)?.gradients.map((g) => g.map(nearest))).toEqual([[-12], [-6]]);
    const gradients = truth.gradients.map((g) => g.map((v) => v.times('1.000000000000000000000000001')));
    expect(() => certified(c, direction, { ...truth, gradients })).toThrow('disagree');
  });

  test('fractions and 64 digits agree on whole numbers', () => {
    const weights = (shape: readonly number[], at: number) => ({
      shape,
      data: Array.from({ length: shape.reduce((a, b) => a * b, 1) }, (_, k) => ((k * 7 + at) % 5) - 2 || 1),
    });
    const c = {
      layers: [
        { type: 'dense', units: 3 },
        { type: 'activation', name: 'leaky_relu', slope: 1 / 4 },
        { type: 'dense', units: 2 },
      ] as const,
      params: [weights([2, 3], 1), weights([3], 2), weights([3, 2], 3), weights([2], 4)],
      x: weights([3, 2], 5),
      y: weights([3, 2], 6),
      loss: 'mse',
      reduction: 'sum' as const,
    };
    const [exactly, naively] = [rationalGradients(c), naiveGradients(c)];
    expect(naively.gradients.map((g) => g.map(nearest))).toEqual(exactly.gradients);
    expect(naively.inputs.map(nearest)).toEqual(exactly.inputs);
    expect(nearest(naively.loss)).toBe(exactly.loss);
  });

  test('nested loops and 64 digits agree to fifteen digits', () => {
    const c = expanded({
      widths: [5, 4, 3],
      names: ['tanh'],
      loss: 'softmax_cross_entropy',
      reduction: 'mean',
      batch: 3,
      seed: 9,
    });
    const [loops, truth] = [naiveNetwork.lossAndGrad(c), naiveGradients(c)];
    truth.gradients.forEach((g, i) => {
      g.forEach((v, k) => {
        expect(loops.gradients[i]?.[k]).toBeCloseTo(nearest(v), 15);
      });
    });
  });
});

test('one weight that is off by a relative 10⁻¹² is found with probability above 0.999, wherever it is', () => {
  const cases = sample(150, 4);
  const o = bounded(grantOf(home));
  const places: Readonly<Record<string, (n: number) => number>> = {
    first: () => 0,
    last: (n) => n - 2,
    bias: (n) => n - 1,
  };
  for (const [name, place] of Object.entries(places)) {
    const found = cases.filter((c) => {
      const { gradients } = gradientsOver(o, c, boundedOf);
      const g = gradients[place(gradients.length)];
      return g !== undefined && (g.error.view[0] ?? 0) < 1e-12 * Math.abs(g.value.view[0] ?? 0);
    }).length;
    // a run of the law tries 110 such networks
    expect((1 - found / cases.length) ** 110, name).toBeLessThan(1e-3);
  }
});
