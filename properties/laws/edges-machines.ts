// The chapter of edges, part three: machines and networks of more units, rows and turns than can be enumerated, at full mantissas.
import fc from 'fast-check';
import { cotangent, filled, moderate, wideExtent } from '../arbitraries.ts';
import { every, law, same, within } from '../law.ts';
import { type Big, nearest, ONE, ZERO } from '../oracle/exact.ts';
import {
  type ExactMachine,
  energyOf,
  exactMachine,
  hiddenBy,
  logSumOf,
  rowsOf,
  softplusOf,
  statesOf,
  turned,
  visibleBy,
  walk,
} from '../oracle/rbm.ts';
import type { PortInfo } from '../port.ts';
import { dotBound, FORMATS, freeEnergyBound, likelihoodBound, statisticBound, unitBound } from '../tolerance.ts';
import {
  answer,
  asks,
  cd,
  expectAll,
  flat,
  type Machine,
  machine,
  share,
  sizeOf,
  termsOf,
  type WithBoth,
} from './machines.ts';

/** Machines with full mantissas, of which now and then one side or the rows are many. */
const anyMachine = ({ dtype }: PortInfo): fc.Arbitrary<WithBoth> =>
  fc.tuple(wideExtent(6), wideExtent(6), wideExtent(4)).chain(([nv, nh, n]) =>
    fc
      .tuple(
        machine(
          nv,
          nh,
          cotangent(dtype).map((v) => v / 4),
        ),
        filled([n, nv], share),
        filled([n, nh], share),
      )
      .map(([m, v, h]) => ({ ...m, v, h })),
  );

const dot = (a: readonly Big[], b: readonly Big[]): Big => a.reduce((s, x, i) => s.plus(x.times(b[i] ?? ZERO)), ZERO);
/** What each hidden unit adds to −E when it is on. */
const pushes = ({ w, c }: ExactMachine, v: readonly Big[]): readonly Big[] =>
  c.map((cj, j) => w.reduce((s, row, i) => s.plus((v[i] ?? ZERO).times(row[j] ?? ZERO)), cj));
const freeOf = (m: ExactMachine, v: readonly Big[]): Big =>
  pushes(m, v).reduce((s, a) => s.minus(softplusOf(a)), dot(v, m.b).neg());
/** ln Z by summing over the smaller side; the larger one is summed in closed form. */
const logPartition = (m: ExactMachine): Big => {
  const from = m.b.length < m.c.length ? m : turned(m);
  return logSumOf(
    statesOf(from.b.length).map((v) =>
      freeOf(
        from,
        v.map((x) => (x === 1 ? ONE : ZERO)),
      ).neg(),
    ),
  );
};

const states = (m: WithBoth): readonly (readonly Big[])[] => rowsOf(m.v);
/** Sum of the sizes of all that a sum over the machine may add up. */
const size = (m: Machine): number => sizeOf(m);

export const edgeMachineLaws = [
  law<WithBoth>({
    id: 'rbm/any-size',
    ref: 'Z-01, Z-02, Z-04',
    class: '64-digit oracle',
    runs: 40,
    says: 'energies, free energies and conditionals of machines of any size, with full mantissas, are sums of products, softplus and σ of such sums',
    formula: 'F(v) = −b·v − Σ ln(1 + e^(cⱼ + Σ vᵢwᵢⱼ))',
    source: 'Hinton 2010, eq. 1, 7, 8; Higham 2002, §3.1',
    subjects: asks('energy', 'free_energy', 'hidden_given', 'visible_given'),
    given: anyMachine,
    *holds(m, port) {
      const { u } = FORMATS[port.dtype];
      const exactly = exactMachine(m);
      const [vs, hs] = [states(m), rowsOf(m.h)];
      const terms = termsOf(m);
      const whole = size(m);
      const bare = { w: m.w, b: m.b, c: m.c };
      const energies = vs.map((v, r) => energyOf(exactly, v, hs[r] ?? []));
      const free = vs.map((v) => freeOf(exactly, v));
      const hidden = vs.flatMap((v) => hiddenBy(exactly, v));
      const visible = hs.flatMap((h) => visibleBy(exactly, h));
      const unit = unitBound(terms, whole, u);
      return every([
        within(
          'energy of every row',
          yield* answer('energy', 'energy', m),
          expectAll(energies, port.dtype),
          energies.map(() => dotBound(terms + 4, whole, u)),
        ),
        within(
          'F of every row',
          yield* answer('free_energy', 'energy', { ...bare, v: m.v }),
          expectAll(free, port.dtype),
          free.map(() => freeEnergyBound(2 * terms, whole + m.c.data.length, u)),
        ),
        within(
          'p(h = 1 | v)',
          yield* answer('hidden_given', 'p', { ...bare, v: m.v }),
          expectAll(hidden, port.dtype),
          hidden.map(() => unit),
        ),
        within(
          'p(v = 1 | h)',
          yield* answer('visible_given', 'p', { ...bare, h: m.h }),
          expectAll(visible, port.dtype),
          visible.map(() => unit),
        ),
      ]);
    },
  }),
  law<WithBoth>({
    id: 'rbm/likelihood-of-many',
    ref: 'Z-03',
    class: '64-digit oracle',
    runs: 12,
    says: 'log p(v) of a machine with up to ten units on one side is that of the sum over the other side, in closed form',
    formula: 'Z = Σ_h e^(c·h)·Π (1 + e^(bᵢ + Σ wᵢⱼhⱼ))',
    source: 'Freund & Haussler 1994, §2',
    subjects: asks('log_likelihood'),
    given: ({ dtype }) =>
      fc
        .tuple(fc.integer({ min: 5, max: 10 }), fc.integer({ min: 1, max: 2 }), fc.boolean())
        .chain(([many, few, turn]) => {
          const [nv, nh] = turn ? [few, many] : [many, few];
          return fc
            .tuple(
              machine(
                nv,
                nh,
                cotangent(dtype).map((v) => v / 4),
              ),
              filled([2, nv], fc.constantFrom(0, 1)),
              filled([2, nh], share),
            )
            .map(([m, v, h]) => ({ ...m, v, h }));
        }),
    *holds(m, port) {
      const exactly = exactMachine(m);
      const z = logPartition(exactly);
      const truth = states(m).map((v) => freeOf(exactly, v).neg().minus(z));
      const units = m.b.data.length + m.c.data.length;
      const allowed = likelihoodBound(2 ** units, termsOf(m), size(m), FORMATS[port.dtype].u);
      const { h: _, ...asked } = m;
      return within(
        'ln p(v) of every row',
        yield* answer('log_likelihood', 'logp', asked),
        expectAll(truth, port.dtype),
        truth.map(() => allowed),
      );
    },
  }),
  law<{ readonly m: WithBoth; readonly k: number; readonly chain: number; readonly u: readonly number[] }>({
    id: 'rbm/chains-of-any-size',
    ref: 'Z-06, Z-19',
    class: '64-digit oracle',
    runs: 24,
    says: 'chains of many units, rows and turns, with full mantissas, go where a schoolbook walks by the same uniforms, and so do their slopes; a chain may have more rows than the data, or fewer',
    source: 'Hinton 2002; Tieleman 2008, §2',
    // probabilities that are handed on carry their errors from turn to turn
    subjects: (port) => (port.conventions.cdVisible === 'samples' ? asks('cd')(port) : []),
    given: (port) =>
      anyMachine(port).chain((m) =>
        fc.record({
          m: fc.constant({ ...m, v: { ...m.v, data: m.v.data.map((x) => (x > 1 / 2 ? 1 : 0)) } }),
          k: fc.integer({ min: 1, max: 7 }),
          // where the data are sampled, too, they are the chain
          chain: port.conventions.cdHidden === 'samples' ? fc.constant(0) : fc.integer({ min: 0, max: 6 }),
          u: fc.array(
            moderate('f32').map((v) => Math.abs(v) % 1),
            { minLength: 64, maxLength: 64 },
          ),
        }),
      ),
    *holds({ m, k, chain, u: seeds }, port) {
      const { u } = FORMATS[port.dtype];
      const [nv, nh] = [m.b.data.length, m.c.data.length];
      const n = chain === 0 ? (m.v.shape[0] ?? 1) : chain;
      // multiples of the golden ratio, stirred by what was drawn: as good as uniform, and never twice the same
      let at = 0;
      const next = (): number => {
        at++;
        return FORMATS.f32.round((at * 0.618_033_988 + (seeds[at % seeds.length] ?? 0)) % 1) % 1;
      };
      const uniforms = Array.from({ length: 2 * k }, (_, t) => {
        const width = t % 2 === 0 ? nh : nv;
        return { shape: [n, width], data: Array.from({ length: n * width }, next) };
      });
      const from =
        chain === 0
          ? undefined
          : {
              shape: [n, nv],
              data: Array.from({ length: n * nv }, (_, i) => ((seeds[i % seeds.length] ?? 0) > 1 / 4 ? 1 : 0)),
            };
      const { cdVisible, cdHidden } = port.conventions;
      const exactly = exactMachine(m);
      const truth = walk(exactly, states(m), k, uniforms.map(rowsOf), from === undefined ? undefined : rowsOf(from), {
        visible: cdVisible,
        hidden: cdHidden,
      });
      const unit = unitBound(termsOf(m), size(m), u);
      fc.pre(truth.gap > 4 * unit); // which side of its probability a uniform is on must not be a matter of rounding
      const { h: _, ...asked } = m;
      const got = yield* cd({ ...asked, k, uniforms, ...(from === undefined ? {} : { from }) });
      const sizes = flat(truth.size).map((s) => nearest(s.abs()));
      const rows = Math.max(n, m.v.shape[0] ?? 1);
      return every([
        same('states reached', got.reached, truth.reached.flat().map(nearest)),
        within(
          'slopes by w, b and c',
          [...got.w, ...got.b, ...got.c],
          expectAll(flat(truth.slope), port.dtype),
          sizes.map((s) => statisticBound(2 * rows, s, u) + 4 * unit),
        ),
      ]);
    },
  }),
];
