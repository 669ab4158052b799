// The chapter of diagnosis: norms that are exact, verdicts that follow the ratios, and counts that can be counted again.
import fc from 'fast-check';
import { extent, filled, magnitude, moderate, small, type Values, wideExtent } from '../arbitraries.ts';
import type { NetworkLayer } from '../args.ts';
import {
  type Answer,
  ask,
  claim,
  every,
  having,
  type Inquiry,
  law,
  same,
  sided,
  type Verdict,
  within,
} from '../law.ts';
import { exactly, FORMATS, gamma } from '../tolerance.ts';

interface Net {
  readonly layers: readonly NetworkLayer[];
  readonly params: readonly Values[];
  readonly x: Values;
  readonly y: Values;
}

const slopesOf = (net: Net, reduction: 'mean' | 'sum' = 'sum'): Inquiry<Answer> =>
  ask('diagnosis.network.slopes', { ...net, loss: 'mse', reduction });
const signalsOf = ({ layers, params, x }: Omit<Net, 'y'>): Inquiry<Answer> =>
  ask('diagnosis.network.signals', { layers, params, x });
const needs =
  (...more: readonly string[]) =>
  (call: string) =>
    having(`diagnosis.network.${call}`, ...more);

const dense = (units: number): NetworkLayer => ({ type: 'dense', units });
const activation = (name: string): NetworkLayer => ({ type: 'activation', name });
const one = (v: number): Values => ({ shape: [1, 1], data: [v] });
const zeros = (n: number): Values => ({ shape: [n], data: new Array<number>(n).fill(0) });

/** A chain of 1 × 1 layers without biases, an activation between them. */
const chain = (weights: readonly number[], name: string, x: number, y: number): Net => ({
  layers: weights.flatMap((_, i) => (i === 0 ? [dense(1)] : [activation(name), dense(1)])),
  params: weights.flatMap((w) => [one(w), zeros(1)]),
  x: one(x),
  y: one(y),
});

/** Matrices of integers without biases, a ReLU between them, of different widths; so many samples and outputs. */
const rectified = (samples: number, outputs: readonly number[]): fc.Arbitrary<Net> =>
  fc.tuple(fc.array(extent(4), { minLength: 2, maxLength: 4 }), fc.constantFrom(...outputs)).chain(([inner, out]) => {
    const widths = [...inner, out];
    return fc.record({
      layers: fc.constant(widths.slice(1).flatMap((n, i) => (i === 0 ? [dense(n)] : [activation('relu'), dense(n)]))),
      params: fc
        .tuple(...widths.slice(1).map((n, i) => filled([widths[i] ?? 1, n], small)))
        .map((ws) => ws.flatMap((w) => [w, zeros(w.shape[1] ?? 1)])),
      x: filled([samples, widths[0] ?? 1], small),
      y: filled([samples, out], fc.constant(1 / 2)), // never what integers add up to: a slope is always there
    });
  });

const scaled = (net: Net, by: number): Net => ({
  ...net,
  params: net.params.map((p) => ({ ...p, data: p.data.map((v) => v * by) })),
});

/** Corner of a right triangle and its hypotenuse. */
const TRIPLES = [
  [3, 4, 5],
  [5, 12, 13],
  [8, 15, 17],
  [20, 21, 29],
] as const;

/** What a ratio of slopes is called; the contract's own thresholds. */
const called = (ratio: number): string =>
  Number.isNaN(ratio) ? 'silent' : ratio < 1 / 1000 ? 'vanishing' : ratio > 1000 ? 'exploding' : 'healthy';

/** A fixed walk through the midpoints of n equal cells of (0, 1): every cell once, in an order that repeats nothing. */
const spread = (n: number, stride: number): readonly number[] =>
  Array.from({ length: n }, (_, i) => (((i * stride) % n) + 1 / 2) / n);

/** A number in (0, 1) from a counter, stirred so that neighbours have nothing in common. @source Appleby, MurmurHash3 (fmix32) */
const stirred = (i: number): number => {
  const a = Math.imul(i ^ (i >>> 16), 0x85ebca6b);
  const b = Math.imul(a ^ (a >>> 13), 0xc2b2ae35);
  return (((b ^ (b >>> 16)) >>> 0) + 1 / 2) / 2 ** 32;
};

/** Square uniform matrices of bound √(3·share/width), the same ones always, so that nothing here is chance. */
const initialised = (width: number, depth: number, share: number): Net => {
  const n = width * width;
  const bound = Math.sqrt((3 * share) / width);
  const matrix = (layer: number): Values => ({
    shape: [width, width],
    data: Array.from({ length: n }, (_, i) => bound * (2 * stirred(1 + layer * n + i) - 1)),
  });
  return {
    layers: Array.from({ length: depth }, () => [dense(width), activation('relu')]).flat(),
    params: Array.from({ length: depth }, (_, layer) => [matrix(layer), zeros(width)]).flat(),
    x: { shape: [8, width], data: spread(8 * width, 37).map((v) => 2 * v - 1) },
    y: { shape: [8, width], data: new Array<number>(8 * width).fill(-1) },
  };
};

export const diagnoseLaws = [
  law<{ readonly exponents: readonly number[]; readonly x: number; readonly y: number }>({
    id: 'diagnose/linear-chain',
    ref: 'X-01',
    class: 'power of two',
    says: 'along a linear chain of weights 2ᵏ every layer multiplies the slope by exactly its weight, and the verdict follows',
    formula: 'ratio of layer l = Π 2^k over the layers from l on',
    subjects: needs('activation.identity.vjp')('slopes'),
    given: () =>
      fc.record({
        exponents: fc.array(fc.integer({ min: -6, max: 6 }), { minLength: 1, maxLength: 6 }),
        x: fc.constantFrom(1, 2, -4),
        y: fc.constantFrom(3, -3), // never a power of two: the loss is never at its minimum
      }),
    *holds({ exponents, x, y }) {
      const weights = exponents.map((k) => 2 ** k);
      const a = yield* slopesOf(chain(weights, 'identity', x, y));
      const behind = weights.map((_, i) => weights.slice(i).reduce((p, w) => p * w, 1));
      // a dense layer, then the activation before the next one, which receives what that one is given
      const expected = behind.flatMap((r, i) => (i < behind.length - 1 ? [r, behind[i + 1] ?? 1] : [r]));
      const verdicts = a.texts('verdicts');
      return every([
        same('ratio, layer by layer', a.numbers('ratios'), expected),
        ...expected.map((r, i) =>
          claim(`verdict of layer ${i}, ratio ${r}: ${verdicts[i]} for ${called(r)}`, verdicts[i] === called(r)),
        ),
      ]);
    },
  }),
  law<{ readonly weights: readonly number[]; readonly x: number }>({
    id: 'diagnose/sigmoid-chain',
    ref: 'X-02',
    class: 'rounding bound',
    says: 'through sigmoids a slope fades by at least a quarter per layer, whatever the inputs',
    formula: '|∂loss/∂x₀| ≤ (1/4)^D·Π|w|·|∂loss/∂x_D|',
    source: 'Hochreiter 1991; the largest slope of the logistic function is 1/4',
    subjects: needs('activation.sigmoid.vjp')('slopes'),
    given: (port) =>
      fc.record({
        weights: fc.array(moderate(port.dtype), { minLength: 2, maxLength: 8 }),
        x: moderate(port.dtype),
      }),
    *holds({ weights, x }, port) {
      const ratio = (yield* slopesOf(chain(weights, 'sigmoid', x, 10 * 1000))).numbers('ratios')[0] ?? Number.NaN;
      const most = weights.reduce((p, w) => p * Math.abs(w), 1) / 4 ** (weights.length - 1);
      const slack = most * gamma(16 * weights.length, FORMATS[port.dtype].u);
      return sided('ratio of the first layer', ratio, '≤', most, slack);
    },
  }),
  law<{ readonly net: Net; readonly k: number }>({
    id: 'diagnose/scaling-up',
    ref: 'X-03',
    class: 'rounding bound',
    says: 'every weight of a ReLU network times 2ᵏ multiplies the ratio of a layer by 2ᵏ for each weight layer behind: scaling up never turns exploding into vanishing',
    subjects: needs('activation.relu.vjp')('slopes'),
    given: () => fc.record({ net: rectified(1, [1]), k: fc.integer({ min: 1, max: 4 }) }),
    *holds({ net, k }, port) {
      const before = (yield* slopesOf(net)).numbers('ratios');
      const after = (yield* slopesOf(scaled(net, 2 ** k))).numbers('ratios');
      const weightLayers = (i: number): number => net.layers.slice(i).filter((l) => l.type === 'dense').length;
      const expected = before.map((r, i) => r * 2 ** (k * weightLayers(i)));
      // each ratio is made of two norms of at most eight numbers
      const slack = gamma(32, FORMATS[port.dtype].u);
      return within(
        'ratio, layer by layer',
        after,
        expected.map(exactly),
        expected.map((r) => r * slack),
      );
    },
  }),
  law<Net>({
    id: 'diagnose/loss-scale',
    ref: 'X-04',
    class: 'power of two',
    says: 'a loss times a power of two changes no ratio and no verdict, and every slope by just that factor',
    subjects: needs('activation.relu.vjp')('slopes'),
    given: () => rectified(2, [1, 2, 4]),
    *holds(net) {
      const outputs = net.y.data.length;
      const [a, b] = [yield* slopesOf(net, 'sum'), yield* slopesOf(net, 'mean')];
      const by = (field: string) => a.numbers(field).map((v) => v / outputs);
      return every([
        same('ratios of the mean', b.numbers('ratios'), a.numbers('ratios')),
        same('slopes of the mean', b.numbers('slopes'), by('slopes')),
        same('parameter slopes of the mean', b.numbers('parameters'), by('parameters')),
        claim('verdicts of the mean', a.texts('verdicts').join() === b.texts('verdicts').join()),
      ]);
    },
  }),
  law<{ readonly place: number; readonly size: number; readonly swap: boolean }>({
    id: 'diagnose/norms',
    ref: 'X-05',
    class: 'power of two',
    says: 'norms of right triangles are exact, at any size: no square overflows or underflows',
    formula: '‖(3, 4)·2ᵏ‖₂ = 5·2ᵏ',
    subjects: needs()('slopes'),
    given: (port) => {
      const most = FORMATS[port.dtype].maxExponent - 16;
      return fc.record({
        place: fc.integer({ min: 0, max: TRIPLES.length - 1 }),
        size: fc.integer({ min: -most, max: most }),
        swap: fc.boolean(),
      });
    },
    *holds({ place, size, swap }) {
      const [p, q, r] = TRIPLES[place] as (typeof TRIPLES)[number]; // drawn in range
      const [a, b] = swap ? [q, p] : [p, q];
      const unit = 2 ** size;
      // ∂/∂w = (a, b)·unit times the slope at the output, which is 2·(0 − 1/2) = −1: the weights are 0
      const wide = yield* slopesOf({
        layers: [dense(1)],
        params: [{ shape: [2, 1], data: [0, 0] }, zeros(1)],
        x: { shape: [1, 2], data: [a * unit, b * unit] },
        y: one(1 / 2),
      });
      // ∂/∂x = w times the same slope: the sample is 0
      const deep = yield* slopesOf({
        layers: [dense(1)],
        params: [{ shape: [2, 1], data: [a * unit, b * unit] }, zeros(1)],
        x: { shape: [1, 2], data: [0, 0] },
        y: one(1 / 2),
      });
      return every([
        same('‖∂loss/∂w‖ and ‖∂loss/∂b‖', wide.numbers('parameters'), [r * unit, 1]),
        same('‖∂loss/∂x‖', deep.numbers('slopes'), [r * unit]),
      ]);
    },
  }),
  law<{ readonly at: number; readonly depth: number; readonly sign: number }>({
    id: 'diagnose/not-finite',
    ref: 'X-06',
    class: 'structural',
    runs: 30,
    says: 'a slope that is NaN or infinite is said to be so, and is never healthy, vanishing or exploding',
    subjects: needs('activation.identity.vjp')('slopes'),
    given: () =>
      fc.record({
        at: fc.integer({ min: 0, max: 5 }),
        depth: fc.integer({ min: 2, max: 6 }),
        sign: fc.constantFrom(1, -1),
      }),
    *holds({ at, depth, sign }, port) {
      const huge = 2 ** Math.floor((FORMATS[port.dtype].maxExponent * 3) / 4);
      const weights = Array.from({ length: depth }, (_, i) => (i === at % depth ? sign * huge : 1));
      const a = yield* slopesOf(chain(weights, 'identity', huge, 1));
      const wrong = a.texts('verdicts').findIndex((v) => v !== 'not finite');
      return claim(`layer ${wrong} of an overflow is said to be ${a.texts('verdicts')[wrong]}`, wrong < 0);
    },
  }),
  law<{ readonly depth: number }>({
    id: 'diagnose/depth-50',
    ref: 'X-07',
    class: 'enumerated',
    runs: 1,
    says: 'fifty ReLU layers that start with the variance of He are healthy; with that of Xavier their slopes and signals vanish',
    formula: 'Var[w] = 2/fanIn keeps the second moment, Var[w] = 1/fanIn halves it in every layer',
    source: 'He et al. 2015, §2.2',
    subjects: needs('activation.relu.vjp')('slopes'),
    given: () => fc.constant({ depth: 50 }),
    *holds({ depth }) {
      const verdicts: Verdict[] = [];
      for (const share of [2, 1]) {
        const a = yield* slopesOf(initialised(64, depth, share));
        const [first] = a.texts('verdicts');
        verdicts.push(
          claim(
            `Var[w] = ${share}/fanIn is said to be ${first}`,
            first === (share === 2 ? 'healthy' : 'vanishing'),
            a.numbers('ratios')[0] ?? Number.NaN,
            share === 2 ? 1 : 2 ** -25,
          ),
        );
      }
      return every(verdicts);
    },
  }),
  law<{ readonly x: Values; readonly w: Values; readonly b: Values; readonly shift: number }>({
    id: 'diagnose/dead-units',
    ref: 'X-08',
    class: 'lattice',
    says: 'the share of dead ReLU units is that of units without a positive number for any sample; biases far below zero kill all',
    subjects: needs('activation.relu.vjp')('signals'),
    given: () =>
      fc.tuple(wideExtent(4), extent(3), wideExtent(5)).chain(([n, i, units]) =>
        fc.record({
          x: filled([n, i], small),
          w: filled([i, units], small),
          b: filled([units], fc.integer({ min: -64, max: 64 })),
          shift: fc.constantFrom(0, 0, -(2 ** 12)),
        }),
      ),
    *holds({ x, w, b, shift }) {
      const [n = 0, i = 0] = x.shape;
      const units = b.data.length;
      const at = (r: number, j: number): number =>
        Array.from({ length: i }, (_, k) => (x.data[r * i + k] ?? 0) * (w.data[k * units + j] ?? 0)).reduce(
          (s, v) => s + v,
          (b.data[j] ?? 0) + shift,
        );
      const alive = Array.from({ length: units }, (_, j) =>
        Array.from({ length: n }, (_2, r) => at(r, j) > 0).some(Boolean),
      );
      const bias = { shape: b.shape, data: b.data.map((v) => v + shift) };
      const a = yield* signalsOf({ layers: [dense(units), activation('relu')], params: [w, bias], x });
      return within(
        'share of dead units',
        a.numbers('dead'),
        [exactly(alive.filter((v) => !v).length / units)],
        [gamma(2, 2 ** -24)],
      );
    },
  }),
  law<{ readonly x: Values; readonly name: string }>({
    id: 'diagnose/signals',
    ref: 'X-08',
    class: 'rounding bound',
    says: 'mean, variance and saturation of a layer are those of the numbers that leave it',
    formula: 'saturated: |tanh| ≥ 0.97, σ outside (0.03, 0.97), |hard tanh| = 1; ReLU never',
    subjects: needs('activation.tanh.vjp', 'activation.sigmoid.vjp', 'activation.relu.vjp')('signals'),
    given: (port) =>
      fc.tuple(wideExtent(5), wideExtent(3), magnitude(12)).chain(([n, d, by]) =>
        fc.record({
          x: filled(
            [n, d],
            fc
              .oneof(
                moderate(port.dtype),
                fc.integer({ min: -32, max: 32 }).map((k) => k / 8),
              )
              .map((v) => v * by),
          ),
          name: fc.constantFrom('tanh', 'sigmoid', 'relu', 'hard_tanh'),
        }),
      ),
    *holds({ x, name }, port) {
      const d = x.shape[1] ?? 1;
      const eye = { shape: [d, d], data: Array.from({ length: d * d }, (_, k) => (k % (d + 1) === 0 ? 1 : 0)) };
      const a = yield* signalsOf({ layers: [dense(d), activation(name)], params: [eye, zeros(d)], x });
      const y = Array.from((yield* ask(`activation.${name}.forward`, { x })).tensor('y').data);
      const mean = y.reduce((s, v) => s + v, 0) / y.length;
      const variance = y.reduce((s, v) => s + (v - mean) ** 2, 0) / y.length;
      const size = y.reduce((s, v) => Math.max(s, Math.abs(v)), 0);
      const slack = gamma(8 * y.length, FORMATS[port.dtype].u);
      const edges: Readonly<Record<string, readonly [number, number]>> = {
        tanh: [-0.97, 0.97],
        sigmoid: [0.03, 0.97],
        hard_tanh: [-1, 1],
      };
      const [low, high] = edges[name] ?? [Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY];
      const full = y.filter((v) => v <= low || v >= high).length / y.length;
      return every([
        within('mean', [a.numbers('means')[1] ?? Number.NaN], [exactly(mean)], [slack * size]),
        within('variance', [a.numbers('variances')[1] ?? Number.NaN], [exactly(variance)], [slack * size * size]),
        within('share of saturated numbers', a.numbers('saturated'), [exactly(full)], [slack]),
      ]);
    },
  }),
  law<{ readonly w1: Values; readonly w2: Values; readonly copies: readonly number[] }>({
    id: 'diagnose/symmetry',
    ref: 'X-09, N-08',
    class: 'exact',
    says: 'hidden units with the same weights in and out are found to be copies; zeros are all copies of one; one different weight makes a unit different',
    subjects: needs('activation.tanh.vjp')('symmetry'),
    given: () =>
      fc
        .tuple(
          extent(3),
          wideExtent(4).map((n) => n + 1),
          extent(3),
        )
        .chain(([i, units, out]) =>
          fc.record({
            w1: filled([i, units], fc.integer({ min: -1, max: 1 })),
            w2: filled([units, out], fc.integer({ min: -1, max: 1 })),
            copies: fc.array(fc.integer({ min: 0, max: units - 1 }), { minLength: units, maxLength: units }),
          }),
        ),
    *holds({ w1, w2, copies }) {
      const [i = 1, units = 1] = w1.shape;
      const out = w2.shape[1] ?? 1;
      // unit j becomes a copy of unit copies[j]
      const a: Values = {
        ...w1,
        data: w1.data.map((_, k) => w1.data[k - (k % units) + (copies[k % units] ?? 0)] ?? 0),
      };
      const b: Values = {
        ...w2,
        data: w2.data.map((_, k) => w2.data[(copies[Math.floor(k / out)] ?? 0) * out + (k % out)] ?? 0),
      };
      const unit = (j: number): string =>
        [
          ...Array.from({ length: i }, (_, r) => (a.data[r * units + j] ?? 0) + 0),
          ...Array.from({ length: out }, (_, c) => (b.data[j * out + c] ?? 0) + 0),
        ].join();
      const expected = new Set(copies.map((_, j) => unit(j))).size;
      const layers = [dense(units), activation('tanh'), dense(out)];
      const found = (yield* ask('diagnosis.network.symmetry', {
        layers,
        params: [a, zeros(units), b, zeros(out)],
      })).numbers('distinct');
      const none = (yield* ask('diagnosis.network.symmetry', {
        layers,
        params: [a, b].flatMap((v) => [{ ...v, data: v.data.map(() => 0) }, zeros(v.shape[1] ?? 1)]),
      })).numbers('distinct');
      const biased = { shape: [units], data: Array.from({ length: units }, (_, j) => j) };
      const apart = (yield* ask('diagnosis.network.symmetry', { layers, params: [a, biased, b, zeros(out)] })).numbers(
        'distinct',
      );
      return every([
        same('distinct units', found, [expected]),
        same('distinct units of zeros', none, [1]),
        same('distinct units with different biases', apart, [units]),
      ]);
    },
  }),
  law<Net>({
    id: 'diagnose/read-only',
    ref: 'X-10',
    class: 'exact',
    runs: 30,
    says: 'a diagnosis changes nothing: not its arguments, and not the loss and gradients asked for before and after',
    subjects: needs('activation.relu.vjp', 'model.network.loss_and_grad')('slopes'),
    given: () => rectified(2, [1, 2, 3]),
    *holds(net) {
      const flat = (): readonly number[] => [net.x, net.y, ...net.params].flatMap((t) => t.data);
      const before = flat();
      const loss = function* (): Inquiry<readonly number[]> {
        const a = yield* ask('model.network.loss_and_grad', { ...net, loss: 'mse', reduction: 'sum' });
        return [a.tensor('loss'), ...a.tensors('gradients')].flatMap((t) => Array.from(t.data));
      };
      const first = yield* loss();
      yield* slopesOf(net);
      return every([
        same('the arguments after the diagnosis', flat(), before, { zeros: 'signed' }),
        same('loss and gradients after the diagnosis', yield* loss(), first, { zeros: 'signed' }),
      ]);
    },
  }),
];
