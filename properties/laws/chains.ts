// Contrastive divergence with every uniform given: single chains, all chains at once, and what they leave unchanged.
import fc from 'fast-check';
import { keyOf, uniform } from '../../src/index.ts';
import { filled, seed, type Values, visiting } from '../arbitraries.ts';
import { every, having, type Inquiry, type Law, law, same, tested, within } from '../law.ts';
import { type Big, exact, exp, expecting, nearest, ONE, ZERO } from '../oracle/exact.ts';
import {
  exactMachine,
  expectedCd,
  hiddenBy,
  hiddenGivenOf,
  modelOf,
  rowsOf,
  type Statistics,
  statesOf,
  visibleBy,
  visibleGivenOf,
  walk,
} from '../oracle/rbm.ts';
import type { PortInfo } from '../port.ts';
import { ALPHA, binomialTest, CERTIFICATE_DIGITS, FORMATS, statisticBound, thresholdGap } from '../tolerance.ts';
import {
  answer,
  bareOf,
  bit,
  cd,
  expectAll,
  flat,
  hiddenUnits,
  type Machine,
  machine,
  type Slopes,
  share,
  sides,
  sizeOf,
  visibleUnits,
  type WithVisible,
  weight,
  withBoth,
} from './machines.ts';

const needs = having('rbm.rbm.cd');
/** Laws about what becomes of samples ask ports that sample. */
const sampling =
  (...calls: readonly string[]) =>
  (port: PortInfo): readonly string[] =>
    port.conventions.cdVisible === 'samples' ? having('rbm.rbm.cd', ...calls)(port) : [];

/** Odd 64ths, which no probability of a lattice machine is but by rare chance. */
const uniformAway = fc.nat({ max: 31 }).map((k) => (2 * k + 1) / 64);

interface Chain extends WithVisible {
  readonly k: number;
  readonly uniforms: readonly Values[];
  readonly from?: Values;
}

/** Half steps of so many rows: h, v, h, v … */
const halfSteps = (k: number, rows: number, nv: number, nh: number, u = uniformAway): fc.Arbitrary<readonly Values[]> =>
  fc.tuple(...Array.from({ length: 2 * k }, (_, i) => filled([rows, i % 2 === 0 ? nh : nv], u)));

interface Wanted {
  readonly persistent: boolean;
  readonly sides?: fc.Arbitrary<readonly [number, number]>;
  readonly turns?: number;
  readonly rows?: fc.Arbitrary<number>;
  readonly value?: fc.Arbitrary<number>;
}
const upToThree = fc.integer({ min: 1, max: 3 });

const chain = ({
  persistent,
  sides: of = sides(3, 3),
  turns = 3,
  rows = upToThree,
  value = weight,
}: Wanted): fc.Arbitrary<Chain> =>
  fc
    .record({ of, n: rows, m: rows, k: fc.integer({ min: 1, max: turns }), carries: fc.boolean() })
    .chain(({ of: [nv, nh], n, m, k, carries }) =>
      persistent && carries
        ? fc
            .tuple(machine(nv, nh, value), filled([n, nv], share), halfSteps(k, m, nv, nh), filled([m, nv], bit))
            .map(([own, v, uniforms, from]) => ({ ...own, v, k, uniforms, from }))
        : fc
            .tuple(machine(nv, nh, value), filled([n, nv], share), halfSteps(k, n, nv, nh))
            .map(([own, v, uniforms]) => ({ ...own, v, k, uniforms })),
    );

const plainOf = (shape: readonly number[], ...data: readonly number[]): Values => ({ shape, data });
/** A hidden unit that is on half the time, between visible ones that follow it: its mean in its place moves chances by 0.3. */
const torn: Machine = { w: plainOf([2, 1], 6, 6), b: plainOf([2], 0, -6), c: plainOf([1], -6) };
/** A chain whose hidden unit is on for both visible ones alone, which stay on with it. */
const chained: Chain = {
  w: plainOf([2, 1], 3, 3),
  b: plainOf([2], -1, -1),
  c: plainOf([1], -4),
  v: plainOf([1, 2], 1 / 4, 1),
  from: plainOf([1, 2], 1, 1),
  k: 1,
  uniforms: [plainOf([1, 1], 1 / 2), plainOf([1, 2], 1 / 2, 1 / 2)],
};

const habitsOf = ({ conventions: { cdVisible, cdHidden } }: PortInfo) => ({ visible: cdVisible, hidden: cdHidden });

const all = ({ w, b, c }: Slopes): readonly number[] => [...w, ...b, ...c];

/** Rounding of the three slopes of a chain: relative to the sizes of their two parts. */
const allowedFor = (size: Statistics, rows: number, m: Machine, port: PortInfo): readonly number[] => {
  // visible probabilities carry their error into the hidden ones; samples are exact
  const carried = port.conventions.cdVisible === 'samples' ? 1 : 1 + sizeOf(m);
  return flat(size).map((x) => carried * statisticBound(rows + visibleUnits(m), nearest(x), FORMATS[port.dtype].u));
};

/** One cell of [0, 1] between thresholds: a uniform inside it, and its width. */
interface Cell {
  readonly u: number;
  readonly width: Big;
}

/** The cells between thresholds, in the middle of each a uniform. Every uniform of a cell decides alike. */
const cellsOf = (thresholds: readonly Big[], port: PortInfo): readonly Cell[] => {
  const { u, round } = FORMATS[port.dtype];
  const ends = [ZERO, ...[...thresholds].sort((x, y) => x.comparedTo(y)), ONE];
  return ends.slice(1).flatMap((end, i) => {
    const start = ends[i] ?? ZERO;
    const width = end.minus(start);
    if (width.lt(CERTIFICATE_DIGITS)) return []; // two thresholds that are one
    fc.pre(nearest(width) > 4 * thresholdGap(u)); // in a thinner cell no uniform is sure to lie
    return [{ u: round(nearest(start.plus(end).div(2))), width }];
  });
};

/** Every choice of one element from each list. */
const choices = <T>(lists: readonly (readonly T[])[]): readonly (readonly T[])[] =>
  lists.reduce<readonly (readonly T[])[]>((all, list) => all.flatMap((c) => list.map((x) => [...c, x])), [[]]);

/**
 * The integral of a port's slopes from v over all uniforms: they decide alike between the thresholds that any state could
 * set, so that one uniform of each cell stands for its width. Nothing is assumed about what the port makes of them.
 */
function* averaged(m: Machine, v: readonly number[], k: number, port: PortInfo): Inquiry<readonly Big[]> {
  const exactly = exactMachine(m);
  const [nv, nh] = [visibleUnits(m), hiddenUnits(m)];
  const visible = statesOf(nh).map((h) => visibleGivenOf(exactly, h.map(exact)));
  const hidden = statesOf(nv).map((s) => hiddenGivenOf(exactly, s.map(exact)));
  const first = [hiddenGivenOf(exactly, v.map(exact))];
  const halves = Array.from({ length: 2 * k }, (_, half) => {
    const states = half === 0 ? first : half % 2 === 0 ? hidden : visible;
    const units = Array.from({ length: half % 2 === 0 ? nh : nv }, (_2, i) =>
      cellsOf(
        states.map((p) => p[i] ?? ONE),
        port,
      ),
    );
    return choices(units).map((cells) => ({
      uniforms: { shape: [1, cells.length], data: cells.map((c) => c.u) },
      weight: cells.reduce((w, c) => w.times(c.width), ONE),
    }));
  });
  let total: readonly Big[] = [];
  for (const steps of choices(halves)) {
    const got = all(
      yield* cd({ ...bareOf(m), v: { shape: [1, nv], data: v }, k, uniforms: steps.map((s) => s.uniforms) }),
    );
    const w = steps.reduce((x, s) => x.times(s.weight), ONE);
    total = got.map((x, i) => (total[i] ?? ZERO).plus(w.times(exact(x))));
  }
  return total;
}

/** Small weights, so that no probability is next to another or to 0 and 1. */
const gentle = weight.map((x) => x / 2);

/** Few enough units that all cells of k turns can be asked for. */
const enumerable = fc
  .constantFrom<readonly [nv: number, nh: number, k: number]>([2, 1, 1], [1, 3, 1], [2, 1, 2], [1, 2, 2])
  .chain(([nv, nh, k]) => fc.tuple(machine(nv, nh, gentle), filled([1, nv], share)).map(([m, v]) => ({ ...m, v, k })));

export const chainLaws: readonly Law[] = [
  law<Chain>({
    id: 'rbm/contrastive-divergence',
    ref: 'Z-06, Z-19',
    class: '64-digit oracle',
    runs: 30,
    says: 'with its uniforms given, a chain goes where a schoolbook walks, from the data or from where it was, and the slopes are means of the end less means of the data',
    formula: '∂w = ⟨v·p(h | v)⟩ at the end − ⟨v·p(h | v)⟩ of the data; ∂b = ⟨v⟩ − ⟨v⟩, ∂c = ⟨p⟩ − ⟨p⟩',
    source: 'Hinton 2002, eq. 8; Hinton 2010, §3; Tieleman 2008',
    kills: ['rbms #31', 'deeplearning4j #3057', 'OpenANN #76'],
    subjects: needs,
    given: (port) => chain({ persistent: port.conventions.cdHidden === 'probabilities' }),
    *holds(m, port) {
      const { u } = FORMATS[port.dtype];
      const from = m.from === undefined ? undefined : rowsOf(m.from);
      const truth = walk(exactMachine(m), rowsOf(m.v), m.k, m.uniforms.map(rowsOf), from, habitsOf(port));
      fc.pre(truth.gap > thresholdGap(u));
      const got = yield* cd(m);
      const rows = Math.max(m.v.shape[0] ?? 1, m.from?.shape[0] ?? 1);
      const reached = truth.reached.flat();
      const allowed = port.conventions.cdVisible === 'samples' ? 0 : statisticBound(1, 1, u);
      return every([
        within(
          'visible states reached',
          got.reached,
          expectAll(reached, port.dtype),
          reached.map(() => allowed),
        ),
        within(
          'slope by w, then b, then c',
          all(got),
          expectAll(flat(truth.slope), port.dtype),
          allowedFor(truth.size, rows, m, port),
        ),
      ]);
    },
  }),
  law<WithVisible & { readonly k: number }>({
    id: 'rbm/cd-expectation',
    ref: 'Z-06',
    class: 'enumerated',
    runs: 5,
    says: 'integrated over all uniforms, the slopes of k turns are the statistics of the data moved k times by the enumerated transition matrix, less those of the data',
    formula: 'E[∂] = Σ_v (δ·Tᵏ)(v)·f(v) − f(v₀)',
    source: 'Hinton 2002; Bengio & Delalleau 2009',
    kills: ['rbms #31', 'deeplearning4j #3057'],
    subjects: sampling(),
    given: () => enumerable,
    *holds(m, port) {
      const exactly = exactMachine(m);
      const v = m.v.data;
      const truth = flat(expectedCd(exactly, v.map(exact), m.k));
      const got = yield* averaged(m, v, m.k, port);
      return within(
        'expected slope by w, then b, then c',
        got.map(nearest),
        expectAll(truth, port.dtype),
        truth.map(() => statisticBound(1, 2, FORMATS[port.dtype].u)),
      );
    },
  }),
  law<Machine>({
    id: 'rbm/no-slope-at-model',
    ref: 'Z-09',
    class: 'enumerated',
    runs: 5,
    says: 'where the data are the model’s own, the slopes of contrastive divergence are 0 on average',
    formula: 'Σ_v π(v)·E[∂ | v] = 0',
    kills: ['rbms #31'],
    subjects: sampling(),
    given: () =>
      fc.constantFrom<readonly [number, number]>([1, 2], [2, 1], [1, 3]).chain(([nv, nh]) => machine(nv, nh, gentle)),
    *holds(m, port) {
      const pi = modelOf(exactMachine(m));
      let total: readonly Big[] = [];
      for (const [i, v] of statesOf(visibleUnits(m)).entries()) {
        const own = yield* averaged(m, v, 1, port);
        total = own.map((x, j) => (total[j] ?? ZERO).plus(x.times(pi[i] ?? ZERO)));
      }
      return within(
        'expected slope by w, then b, then c',
        total.map(nearest),
        total.map(() => expecting(ZERO, port.dtype)),
        total.map(() => statisticBound(1, 2, FORMATS[port.dtype].u)),
      );
    },
  }),
  law<{ readonly m: Machine; readonly seed: number; readonly k: number }>({
    id: 'rbm/samples-stay-model',
    ref: 'Z-07',
    class: 'statistical',
    runs: 4,
    says: 'independent chains that start from exact samples of the model are still exact samples of it after k turns',
    formula: '#{v = s} ~ Binomial(n, π(s)) for each of 4 states, n = 2,048',
    source: 'Geman & Geman 1984',
    detects: 'a chance of a state off by 0.1',
    kills: ['rbms #31'],
    subjects: sampling(),
    given: () =>
      visiting(
        fc.record({
          m: fc.noShrink(fc.constantFrom(1, 3).chain((nh) => machine(2, nh))), // statistics do not get clearer
          seed,
          k: fc.constantFrom(1, 2, 3),
        }),
        fc.record({ m: fc.constant(torn), seed, k: fc.constant(3) }),
      ),
    *holds({ m, seed: s, k }) {
      const n = 2048;
      const pi = modelOf(exactMachine(m)).map(nearest);
      const states = statesOf(2);
      const nh = hiddenUnits(m);
      const draw = (child: number, shape: readonly number[]): readonly number[] =>
        uniform(keyOf(s * 16 + child), shape).toArray();
      const start = draw(15, [n]).flatMap((u) => {
        let left = u;
        const at = pi.findIndex((p) => {
          left -= p;
          return left < 0;
        });
        return states[at < 0 ? states.length - 1 : at] ?? [];
      });
      const uniforms = Array.from({ length: 2 * k }, (_, i) => {
        const shape = [n, i % 2 === 0 ? nh : 2];
        return { shape, data: draw(i, shape) };
      });
      const { reached } = yield* cd({ ...m, v: { shape: [n, 2], data: start }, k, uniforms });
      const rows = Array.from({ length: n }, (_, r) => r);
      return every(
        states.map((state, i) => {
          const found = rows.filter((r) => state.every((x, j) => reached[2 * r + j] === x)).length;
          const p = pi[i] ?? Number.NaN;
          return {
            ...tested(`rows that reach ${state.join()}`, binomialTest(found, n, p, ALPHA / 16)),
            worst: { index: i, got: found, expected: n * p, error: Math.abs(found - n * p), allowed: Number.NaN },
          };
        }),
      );
    },
  }),
  law<{ readonly m: WithVisible; readonly k: number; readonly below: readonly boolean[] }>({
    id: 'rbm/on-below-probability',
    ref: 'Z-17',
    class: '64-digit oracle',
    runs: 40,
    says: 'samples are 0 or 1, on exactly where the uniform is below the probability, however near it is, and off where they are equal',
    source: 'Hinton 2010, §3',
    kills: ['MLAlgorithms #29', 'echen #7'],
    subjects: sampling(),
    given: () =>
      fc.record({
        m: withBoth({ rows: 1 }).map(({ h: _, ...m }) => m),
        k: fc.constantFrom(1, 2),
        below: fc.array(fc.boolean(), { minLength: 12, maxLength: 12 }),
      }),
    *holds({ m, k, below }, port) {
      const { u, round } = FORMATS[port.dtype];
      const exactly = exactMachine(m);
      let at: readonly Big[] = m.v.data.map(exact);
      let unit = 0;
      const uniforms: Values[] = [];
      for (let half = 0; half < 2 * k; half++) {
        const p = half % 2 === 0 ? hiddenBy(exactly, at) : visibleBy(exactly, at);
        const on = p.map(() => below[unit++ % below.length] === true);
        const data = p.map((x, i) => round(nearest(x) + (on[i] ? -1 : 1) * 2 * thresholdGap(u) * nearest(x)));
        fc.pre(data.every((x) => x > 0 && x < 1));
        uniforms.push({ shape: [1, data.length], data });
        at = on.map((x) => (x ? ONE : ZERO));
      }
      const { reached } = yield* cd({ ...m, k, uniforms });
      // without weights and biases every probability is ½ without rounding
      const coins: WithVisible = {
        w: { ...m.w, data: m.w.data.map(() => 0) },
        b: { ...m.b, data: m.b.data.map(() => 0) },
        c: { ...m.c, data: m.c.data.map(() => 0) },
        v: m.v,
      };
      const halves = uniforms.map((x) => ({ ...x, data: x.data.map(() => 1 / 2) }));
      const tie = yield* cd({ ...coins, k, uniforms: halves });
      return every([
        same('visible states reached by uniforms next to the probabilities', reached, at.map(nearest)),
        same(
          'visible states reached by uniforms at the probabilities',
          tie.reached,
          tie.reached.map(() => 0),
        ),
      ]);
    },
  }),
  law<Chain>({
    id: 'rbm/bias-slopes',
    ref: 'Z-16',
    class: 'exact',
    runs: 40,
    says: 'the slope of a visible bias is the mean state reached less the mean of the data, that of a hidden bias the mean of its probabilities there less the mean at the data',
    formula: '∂b = ⟨v_k⟩ − ⟨v₀⟩, ∂c = ⟨p(h | v_k)⟩ − ⟨p(h | v₀)⟩',
    source: 'Hinton 2010, §3',
    kills: ['OpenANN #76', 'yusugomori #31', 'echen #7'],
    subjects: (port) => (port.conventions.cdHidden === 'probabilities' ? sampling('rbm.rbm.hidden_given')(port) : []),
    given: () => chain({ persistent: true, rows: fc.constantFrom(1, 2, 4), turns: 2 }),
    *holds(m, port) {
      const got = yield* cd(m);
      const [nv, nh] = [visibleUnits(m), hiddenUnits(m)];
      const reached = { shape: (m.from ?? m.v).shape, data: got.reached };
      const mean = (data: readonly number[], d: number): readonly number[] =>
        Array.from(
          { length: d },
          (_, i) => data.filter((_2, k) => k % d === i).reduce((s, x) => s + x, 0) / (data.length / d),
        );
      const [end, start] = [
        yield* answer('hidden_given', 'p', { ...bareOf(m), v: reached }),
        yield* answer('hidden_given', 'p', { ...bareOf(m), v: m.v }),
      ];
      const less = (a: readonly number[], b: readonly number[]): readonly number[] =>
        a.map((x, i) => x - (b[i] ?? Number.NaN));
      const [there, back] = [mean(start, nh), mean(end, nh)];
      return every([
        same('slope by the visible biases', got.b, less(mean(got.reached, nv), mean(m.v.data, nv))),
        within(
          'slope by the hidden biases',
          got.c,
          expectAll(less(back, there).map(exact), port.dtype),
          back.map((x, j) => statisticBound(4, x + (there[j] ?? 0), FORMATS[port.dtype].u)),
        ),
      ]);
    },
  }),
  law<Chain>({
    id: 'rbm/persistent-chain',
    ref: 'Z-19',
    class: 'exact',
    runs: 15,
    says: 'a chain that goes on from where it was goes where one long chain goes, and the data enter only the first part of the slope',
    source: 'Tieleman 2008',
    subjects: sampling(),
    given: () => visiting(chain({ persistent: true, turns: 1 }), fc.constant(chained)),
    *holds(one, port) {
      const { k: _, uniforms, ...m } = one;
      // the second turn takes its uniforms from the other end, so that no half step repeats one
      const again = uniforms.map((x) => ({ ...x, data: x.data.map((u) => 1 - u) }));
      const from = m.from ?? m.v;
      fc.pre(
        walk(exactMachine(m), rowsOf(m.v), 2, [...uniforms, ...again].map(rowsOf), rowsOf(from), habitsOf(port)).gap >
          thresholdGap(FORMATS[port.dtype].u),
      );
      const first = yield* cd({ ...m, k: 1, uniforms });
      const second = yield* cd({ ...m, from: { ...from, data: first.reached }, k: 1, uniforms: again });
      const long = yield* cd({ ...m, k: 2, uniforms: [...uniforms, ...again] });
      return every([
        same('states reached by two chains of one turn', second.reached, long.reached),
        // samples at the data are drawn afresh by every chain
        ...(port.conventions.cdHidden === 'samples'
          ? []
          : [same('slopes of the second chain', all(second), all(long))]),
      ]);
    },
  }),
  law<Chain>({
    id: 'rbm/no-weights-slope',
    ref: 'Z-14, Z-16',
    class: '64-digit oracle',
    runs: 30,
    says: 'without weights the hidden probabilities are σ(c) at both ends, so that the slopes have a closed form',
    formula: 'w = 0: ∂b = ⟨v_k⟩ − ⟨v₀⟩, ∂w = ∂b·σ(c), ∂c = 0, v_k = [uniform < σ(b)]',
    subjects: (port) => (port.conventions.cdHidden === 'probabilities' ? sampling()(port) : []),
    given: () =>
      chain({ persistent: false, turns: 2 }).map((m) => ({ ...m, w: { ...m.w, data: m.w.data.map(() => 0) } })),
    *holds(m, port) {
      const { u } = FORMATS[port.dtype];
      const { b, c } = exactMachine(m);
      const on = (x: Big): Big => ONE.div(exp(x.neg()).plus(1));
      const last = rowsOf(m.uniforms.at(-1) ?? m.v).map((row) =>
        row.map((x, i) => (x.lt(on(b[i] ?? ZERO)) ? ONE : ZERO)),
      );
      const rows = rowsOf(m.v);
      const mean = (states: readonly (readonly Big[])[], i: number): Big =>
        states.reduce((s, row) => s.plus(row[i] ?? ZERO), ZERO).div(states.length);
      const slope = b.map((_, i) => mean(last, i).minus(mean(rows, i)));
      const size = b.map((_, i) => mean(last, i).plus(mean(rows, i)));
      const got = yield* cd(m);
      const p = c.map(on);
      const truth = [...slope.flatMap((x) => p.map((q) => x.times(q))), ...slope, ...c.map(() => ZERO)];
      const sizes = [...size.flatMap((x) => p.map((q) => x.times(q))), ...size, ...p.map((q) => q.times(2))];
      return every([
        same('visible states reached', got.reached, last.flat().map(nearest)),
        within(
          'slope by w, then b, then c',
          all(got),
          expectAll(truth, port.dtype),
          sizes.map((x) => statisticBound(rows.length, nearest(x), u)),
        ),
      ]);
    },
  }),
];
