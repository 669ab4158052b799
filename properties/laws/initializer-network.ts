// The chapter of initializers, part three: what they are for. Layers of a network apart, and signals that keep their size.
import fc from 'fast-check';
import { extent, filled, moderate, seed, stir, type Values } from '../arbitraries.ts';
import { parametersOf } from '../contract.ts';
import {
  among,
  ask,
  claim,
  every,
  type having,
  type Inquiry,
  law,
  same,
  tested,
  type Verdict,
  within,
} from '../law.ts';
import { APART, scaleOf, statedAs, varianceOf } from '../oracle/draws.ts';
import { big, exact, expecting } from '../oracle/exact.ts';
import { evaluate } from '../oracle/formula.ts';
import { ALPHA, binomialTest, chiSquareTest, FORMATS, sumBound, ulpsAt } from '../tolerance.ts';
import { beside, gain, sample, squares } from './drawing.ts';

/** Gains as they are printed. @source PyTorch nn.init.calculate_gain; He et al. 2015, eq. 15; Klambauer et al. 2017 for selu */
const GAINS: Readonly<Record<string, string>> = {
  identity: '1 + 0 * slope',
  sigmoid: '1 + 0 * slope',
  tanh: '5 / 3 + 0 * slope',
  relu: 'sqrt(2 + 0 * slope)',
  leaky_relu: 'sqrt(2 / (1 + slope^2))',
  selu: '3 / 4 + 0 * slope',
};

interface NetworkDraw {
  readonly units: readonly number[];
  readonly inputs: number;
  readonly gain: number;
  readonly seed: number;
}

function* initialised(init: string, d: NetworkDraw): Inquiry<readonly Values[]> {
  const layers = d.units.map((units) => ({ type: 'dense' as const, units, init, gain: d.gain }));
  const args = { layers, inputs: d.inputs, seed: stir(d.seed, d.inputs) };
  return (yield* ask('training.network.init', args)).tensors('params').map((t) => ({
    shape: t.shape,
    data: Array.from(t.data),
  }));
}
const weightsOf = (params: readonly Values[]): readonly Values[] => params.filter((_, i) => i % 2 === 0);

/** Those initializers, where the port makes networks. */
const inNetworks =
  (names: readonly string[]) =>
  (port: Parameters<ReturnType<typeof having>>[0]): readonly string[] =>
    port.has('training.network.init') ? among(names, 'initializer', 'sample')(port) : [];

/** x·w for one sample, in the law's own arithmetic. */
const through = (x: readonly number[], { shape: [, out = 0], data }: Values): readonly number[] => {
  const y = new Array<number>(out).fill(0);
  x.forEach((v, i) => {
    for (let j = 0; j < out; j++) y[j] = (y[j] ?? 0) + v * (data[i * out + j] ?? Number.NaN);
  });
  return y;
};
const relu = (v: number): number => Math.max(v, 0);

export const networkInitializerLaws = [
  law<number>({
    id: 'initializer/gain-of-activation',
    ref: 'I-06',
    class: '64-digit oracle',
    runs: 20,
    says: 'the gain in front of an activation is the usual one, and follows the slope of leaky ReLU',
    formula: 'gain = √(2/(1 + slope²)), √2 for ReLU, 5/3 for tanh, 3/4 for SELU, 1 for sigmoid and identity',
    source: 'He et al. 2015, eq. 15; PyTorch nn.init.calculate_gain',
    kills: ['Flux 4f87f2b', 'tfjs-layers #505'],
    subjects: among(Object.keys(GAINS), 'gain', 'value'),
    given: () =>
      fc.oneof(
        { withCrossShrink: true },
        fc.integer({ min: -24, max: 24 }).map((k) => k / 8),
        fc.constantFrom(0, 1, -1, 1 / 100),
      ),
    *holds(slope, port, name) {
      const takes = parametersOf(name).includes('slope');
      const got = (yield* ask(`gain.${name}.value`, takes ? { slope } : {})).number('gain');
      const expected = expecting(evaluate(GAINS[name] ?? '', { slope: exact(slope) }), port.dtype);
      return within(`gain at slope ${slope}`, [got], [expected], [ulpsAt(2, expected.value, port.dtype)]);
    },
  }),
  law<NetworkDraw>({
    id: 'initializer/network-biases',
    ref: 'I-18',
    class: 'exact',
    runs: 10,
    says: 'biases of a new network are zero, whatever the initializer of its weights',
    subjects: inNetworks([...statedAs('point'), ...APART, 'orthogonal', 'identity', 'sparse']),
    given: () =>
      fc.record({ units: fc.array(extent(5), { minLength: 1, maxLength: 3 }), inputs: extent(5), gain, seed }),
    *holds(d, _port, name) {
      const biases = (yield* initialised(name, d)).filter((_, i) => i % 2 === 1).flatMap((b) => b.data);
      return same(
        'biases',
        biases,
        biases.map(() => 0),
      );
    },
  }),
  law<NetworkDraw>({
    id: 'initializer/network-layers',
    ref: 'I-13',
    class: 'statistical',
    runs: 2,
    says: 'equal-shaped layers of one network are independent: signs in the same and in the mirrored place agree half of the time',
    formula: '#{sign w₁[i] = sign w₂[i]} ~ Binomial(n, ½), n = 4,096',
    kills: ['mlx #3828'],
    detects: 'two layers that agree in 60 % of the places',
    subjects: inNetworks(APART),
    given: () => fc.record({ units: fc.constant([64, 64, 64]), inputs: fc.constant(64), gain, seed }),
    *holds(d, _port, name) {
      const layers = weightsOf(yield* initialised(name, d));
      const up = (k: number, i: number): boolean => (layers[k]?.data[i] ?? Number.NaN) > 0;
      const n = layers[0]?.data.length ?? 0;
      const pairs = [
        [0, 1],
        [0, 2],
        [1, 2],
      ] as const; // of three layers
      const agreeing = (about: string, at: (i: number) => readonly [boolean, boolean]): Verdict => {
        const k = Array.from({ length: n }, (_, i) => at(i)).filter(([a, b]) => a === b).length;
        return beside(tested(about, binomialTest(k, n, 1 / 2, ALPHA / 12)), k / n, 1 / 2);
      };
      return every(
        pairs.flatMap(([a, b]) => [
          agreeing(`layers ${a} and ${b}`, (i) => [up(a, i), up(b, i)]),
          agreeing(`layers ${a} and ${b}, mirrored`, (i) => [up(a, i), up(b, n - 1 - i)]),
        ]),
      );
    },
  }),
  law<NetworkDraw>({
    id: 'initializer/network-variance',
    ref: 'I-05, I-06',
    class: 'statistical',
    runs: 2,
    says: 'the layers of a network have the variance of their own fans, in the right order, and of their gain',
    formula: 'Σ w²/Var[w] ~ χ²ₙ per layer, n = 8,192',
    kills: ['burn #4973', 'Flux #442', 'tfjs-layers #505'],
    detects: 'a variance off by 25 %',
    subjects: inNetworks(statedAs('normal')),
    given: () =>
      fc
        .record({ units: fc.constantFrom([256, 32], [16, 512]), inputs: fc.constantFrom(32, 512), gain, seed })
        .map((d) => ({ ...d, inputs: 2 ** 13 / (d.units[0] ?? 1) })),
    *holds(d, _port, name) {
      const layers = weightsOf(yield* initialised(name, d));
      return every(
        layers.map(({ shape: [fanIn = 1, fanOut = 1], data }, i) => {
          const sum = squares(data) / varianceOf(name, { fanIn, fanOut, gain: d.gain });
          return beside(
            tested(`layer ${i}, variance ÷ stated variance`, chiSquareTest(sum, data.length, ALPHA / 4)),
            sum / data.length,
            1,
          );
        }),
      );
    },
  }),
  law<NetworkDraw>({
    id: 'initializer/network-seed',
    ref: 'I-12, I-13',
    class: 'exact',
    runs: 10,
    says: 'a network is a function of its seed, 0 included, and another seed gives other weights',
    subjects: inNetworks(APART),
    given: () =>
      fc.record({
        units: fc.tuple(extent(4), extent(4)),
        inputs: extent(4).map((n) => n + 3),
        gain,
        seed: fc.oneof(fc.constant(0), seed),
      }),
    *holds(d, _port, name) {
      const at = (units: readonly number[], s: number) =>
        ask('training.network.init', {
          layers: units.map((n) => ({ type: 'dense', units: n, init: name, gain: d.gain })),
          inputs: d.inputs,
          seed: s,
        });
      const flat = (all: readonly { readonly data: ArrayLike<number> }[]): readonly number[] =>
        all.flatMap((t) => Array.from(t.data));
      const a = flat((yield* at(d.units, d.seed)).tensors('params'));
      const other = flat((yield* at(d.units, d.seed + 1)).tensors('params'));
      const again = flat((yield* at(d.units, d.seed)).tensors('params'));
      return every([
        same(`parameters of seed ${d.seed}, made again`, again, a),
        claim(
          'parameters of another seed differ',
          other.some((v, i) => v !== a[i]),
        ),
      ]);
    },
  }),
  law<{
    readonly fanIn: number;
    readonly fanOut: number;
    readonly x: Values;
    readonly gain: number;
    readonly seed: number;
  }>({
    id: 'initializer/propagation',
    ref: 'I-15',
    class: 'statistical',
    runs: 2,
    says: 'for any one sample, the sums that a layer of normal weights makes of it are normal, with a variance in proportion to the length of the sample',
    formula: 'Σⱼ zⱼ²/(Var[w]·|x|²) ~ χ² with fanOut degrees of freedom, z = x·w',
    source: 'He et al. 2015, §2.2; exact because a sum of normals is normal',
    detects: 'a variance off by 25 % downwards or 35 % upwards, as by rows that share a tenth of themselves',
    subjects: among(statedAs('normal'), 'initializer', 'sample'),
    given: () =>
      fc.constantFrom(16, 32).chain((fanIn) =>
        fc.record({
          fanIn: fc.constant(fanIn),
          fanOut: fc.constant(2 ** 12),
          x: fc.oneof(
            filled([fanIn], moderate('f64')),
            fc.constantFrom(1, -1).map((v) => ({ shape: [fanIn], data: new Array<number>(fanIn).fill(v) })),
          ),
          gain,
          seed,
        }),
      ),
    *holds({ x, ...d }, _port, name) {
      const length = squares(x.data);
      fc.pre(length > 0);
      const z = through(x.data, { shape: [d.fanIn, d.fanOut], data: yield* sample(name, d) });
      const sum = squares(z) / (varianceOf(name, d) * length);
      const up = z.filter((v) => v > 0).length;
      return every([
        beside(tested('variance of the sums ÷ stated', chiSquareTest(sum, d.fanOut, ALPHA / 4)), sum / d.fanOut, 1),
        beside(tested('positive sums', binomialTest(up, d.fanOut, 1 / 2, ALPHA / 4)), up / d.fanOut, 1 / 2),
      ]);
    },
  }),
  law<{ readonly fanIn: number; readonly gain: number }>({
    id: 'initializer/relu-halves',
    ref: 'I-16',
    class: 'enumerated',
    runs: 10,
    says: 'ReLU keeps exactly half of the second moment of evenly spread weights, whose sign is a coin: the 2 of He’s variance',
    formula: 'Σ relu(w)² = ½·Σ w²',
    source: 'He et al. 2015, eq. 8',
    kills: ['tfjs #172'],
    subjects: (port) => (port.has('activation.relu.forward') ? among(APART, 'initializer', 'from_uniforms')(port) : []),
    given: () => fc.record({ fanIn: extent(99), gain }),
    *holds({ fanIn, gain: g }, port, name) {
      const n = 2 ** 10;
      const u = { shape: [n], data: Array.from({ length: n }, (_, i) => (i + 1 / 2) / n) };
      const w = (yield* ask(`initializer.${name}.from_uniforms`, { u, fanIn, fanOut: fanIn + 1, gain: g })).tensor('w');
      const y = (yield* ask('activation.relu.forward', { x: w })).tensor('y');
      const whole = squares(Array.from(w.data));
      const half = squares(Array.from(y.data));
      // each side is a sum of n squares of weights that are themselves off by a few units
      const allowed = 4 * sumBound(n + 128, FORMATS[port.dtype].u) * whole;
      return within('second moment behind ReLU', [half], [expecting(exact(whole).div(big(2)), port.dtype)], [allowed]);
    },
  }),
  law<NetworkDraw & { readonly x: Values }>({
    id: 'initializer/depth',
    ref: 'I-17',
    class: 'statistical',
    runs: 1,
    says: 'layer by layer, a deep ReLU network of He weights keeps the length of a sample as exactly as chance allows: half of the units are active, and the squares of the active ones follow χ²',
    formula: 'Σ zⱼ²/(2|a|²/n) over active units ~ χ² with as many degrees of freedom; #active ~ Binomial(n, ½)',
    source: 'He et al. 2015, §2.2; Hanin & Rolnick 2018 (why the ends alone say nothing)',
    detects: 'a variance off by a factor of 2 (Xavier in the place of He), a share of active units off by 0.16',
    subjects: inNetworks(['he_normal']),
    given: () =>
      fc.record({
        units: fc.constant(new Array<number>(6).fill(256)),
        inputs: fc.constant(64),
        gain: fc.constant(1),
        seed,
        x: fc.noShrink(filled([64], moderate('f64'))),
      }),
    *holds({ x, ...d }, _port, name) {
      const length = squares(x.data);
      fc.pre(length > 0);
      let a: readonly number[] = x.data;
      let [sum, active, n] = [0, 0, 0];
      for (const w of weightsOf(yield* initialised(name, d))) {
        const [fanIn = 1, fanOut = 1] = w.shape;
        const next = through(a, w).map(relu);
        sum += squares(next) / (scaleOf(name, { fanIn, fanOut, gain: 1 }) ** 2 * squares(a));
        active += next.filter((v) => v > 0).length;
        n += fanOut;
        a = next;
      }
      return every([
        beside(tested('active units', binomialTest(active, n, 1 / 2, ALPHA / 2)), active / n, 1 / 2),
        beside(tested('squares of the active units', chiSquareTest(sum, active, ALPHA / 2)), sum / active, 1),
      ]);
    },
  }),
];
