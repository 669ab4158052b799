// The chapter of Boltzmann machines: energies, conditionals and likelihood against the enumeration of all states.
import fc from 'fast-check';
import { powerOfTwo } from '../arbitraries.ts';
import { claim, every, having, type Inquiry, type Law, law, same, within } from '../law.ts';
import { type Big, big, exact, expecting, nearest, ONE, ZERO } from '../oracle/exact.ts';
import {
  energyOf,
  exactMachine,
  exactTransition,
  freeEnergyOf,
  hiddenGivenOf,
  likelihoodSlopes,
  logPartitionOf,
  logSumOf,
  memoryOf,
  minus,
  modelOf,
  moved,
  rowsOf,
  softplusOf,
  statesOf,
  statisticsOf,
  transitionOf,
  visibleGivenOf,
} from '../oracle/rbm.ts';
import type { PortInfo } from '../port.ts';
import { contractUlps, FORMATS, freeEnergyBound, likelihoodBound, stepBound, ulpsAt } from '../tolerance.ts';
import { chainLaws } from './chains.ts';
import {
  allStates,
  answer,
  anyState,
  bareOf,
  bit,
  dualOf,
  expectAll,
  flat,
  hiddenUnits,
  type Machine,
  machine,
  sides,
  sizeOf,
  termsOf,
  visibleUnits,
  type WithBoth,
  type WithVisible,
  weight,
  withBoth,
} from './machines.ts';
import { machineTrainingLaws } from './rbmfit.ts';

const needs = (...calls: readonly string[]) => having(...calls.map((c) => `rbm.rbm.${c}`));
const visibleOf = ({ h: _, ...rest }: WithBoth): WithVisible => rest;

/** 4 ulps at every probability: on the lattice the sum inside is exact. */
const probabilities = (about: string, got: readonly number[], truth: readonly Big[], port: PortInfo) =>
  within(
    about,
    got,
    expectAll(truth, port.dtype),
    truth.map((p) => ulpsAt(contractUlps(1), nearest(p), port.dtype)),
  );

const likelihoodError = (m: Machine, port: PortInfo): number =>
  likelihoodBound(2 ** (visibleUnits(m) + hiddenUnits(m)), termsOf(m), sizeOf(m), FORMATS[port.dtype].u);
const freeError = (m: WithVisible, port: PortInfo): readonly number[] => {
  const big64 = exactMachine(m);
  return rowsOf(m.v).map((v) => {
    const linear = v.reduce((s, x, i) => s.plus(x.times(big64.b[i] ?? ZERO).abs()), ZERO);
    const soft = freeEnergyOf(big64, v).plus(v.reduce((s, x, i) => s.plus(x.times(big64.b[i] ?? ZERO)), ZERO));
    return freeEnergyBound(termsOf(m), nearest(linear.plus(soft.abs())), FORMATS[port.dtype].u);
  });
};

/** Machines of every size of weights, up to those whose exponentials overflow. */
const ofAnySize = (mostVisible: number, mostHidden: number, largest: number): fc.Arbitrary<WithBoth> =>
  fc
    .oneof(fc.constant(1), powerOfTwo(-2, largest))
    .chain((scale) => withBoth({ sides: sides(mostVisible, mostHidden), value: weight.map((x) => x * scale) }));

/** The chances of all visible states and the step v → h → v′, from the answers of the port alone. */
function* chainOf(m: Machine): Inquiry<{ readonly pi: readonly Big[]; readonly t: readonly (readonly Big[])[] }> {
  const [nv, nh] = [visibleUnits(m), hiddenUnits(m)];
  const v = allStates(nv);
  const logp = yield* answer('log_likelihood', 'logp', { ...m, v });
  const hidden = yield* answer('hidden_given', 'p', { ...m, v });
  const visible = yield* answer('visible_given', 'p', { ...m, h: allStates(nh) });
  return {
    pi: logp.map((x) => exact(x).exp()),
    t: transitionOf(rowsOf({ shape: [2 ** nv, nh], data: hidden }), rowsOf({ shape: [2 ** nh, nv], data: visible })),
  };
}
const chainError = (m: Machine, port: PortInfo): number =>
  2 * likelihoodError(m, port) + stepBound(visibleUnits(m) + hiddenUnits(m), FORMATS[port.dtype].u);

const fewUnits = sides(3, 3).filter(([nv, nh]) => nv + nh <= 5);
const bare = (of = fewUnits): fc.Arbitrary<Machine> => of.chain(([nv, nh]) => machine(nv, nh));

/** A binary visible state next to a machine. */
const atState = (of = fewUnits): fc.Arbitrary<WithVisible> =>
  withBoth({ sides: of, state: bit, rows: 1 }).map(visibleOf);
const bitsOf = (m: WithVisible): readonly number[] => m.v.data;

const stateLaws: readonly Law[] = [
  law<WithBoth>({
    id: 'rbm/energy',
    ref: 'Z-01',
    class: 'lattice',
    says: 'the energy has a term per visible bias, per hidden bias and per weight, each with a minus sign',
    formula: 'E(v, h) = −Σ vᵢbᵢ − Σ hⱼcⱼ − ΣΣ vᵢwᵢⱼhⱼ',
    source: 'Smolensky 1986; Hinton 2010, eq. 1',
    subjects: needs('energy'),
    given: () => withBoth({ sides: sides(4, 4), state: anyState }),
    *holds(m) {
      const exactly = exactMachine(m);
      const h = rowsOf(m.h);
      return same(
        'energy of every row',
        yield* answer('energy', 'energy', m),
        rowsOf(m.v).map((v, r) => nearest(energyOf(exactly, v, h[r] ?? []))),
      );
    },
  }),
  law<WithBoth>({
    id: 'rbm/free-energy',
    ref: 'Z-02',
    class: '64-digit oracle',
    runs: 30,
    says: 'the free energy is what summing e^(−E) over all hidden states leaves, at every size of weights and for shares as well as bits',
    formula: 'F(v) = −ln Σ_h e^(−E(v, h)) = −b·v − Σ softplus(c + v·w)',
    source: 'Hinton 2010, eq. 25',
    subjects: needs('free_energy'),
    given: () => ofAnySize(3, 4, 9),
    *holds(all, port) {
      const m = visibleOf(all);
      const exactly = exactMachine(m);
      return within(
        'F of every row',
        yield* answer('free_energy', 'energy', m),
        expectAll(
          rowsOf(m.v).map((v) => freeEnergyOf(exactly, v)),
          port.dtype,
        ),
        freeError(m, port),
      );
    },
  }),
  law<WithBoth>({
    id: 'rbm/hidden-given',
    ref: 'Z-04',
    class: '64-digit oracle',
    runs: 60,
    says: 'p(h = 1 | v) is the share of hidden states with that unit on in the enumerated joint distribution',
    formula: 'p(hⱼ = 1 | v) = σ(cⱼ + Σ vᵢwᵢⱼ)',
    source: 'Hinton 2010, eq. 7',
    subjects: needs('hidden_given'),
    given: () => withBoth({ sides: sides(4, 4) }),
    *holds(all, port) {
      const m = visibleOf(all);
      const exactly = exactMachine(m);
      const truth = rowsOf(m.v).flatMap((v) => hiddenGivenOf(exactly, v));
      return probabilities('p(h = 1 | v), row by row', yield* answer('hidden_given', 'p', m), truth, port);
    },
  }),
  law<WithBoth>({
    id: 'rbm/visible-given',
    ref: 'Z-04',
    class: '64-digit oracle',
    runs: 60,
    says: 'p(v = 1 | h) is the share of visible states with that unit on in the enumerated joint distribution',
    formula: 'p(vᵢ = 1 | h) = σ(bᵢ + Σ wᵢⱼhⱼ)',
    source: 'Hinton 2010, eq. 8',
    subjects: needs('visible_given'),
    given: () => withBoth({ sides: sides(4, 4) }),
    *holds({ v: _, ...m }, port) {
      const exactly = exactMachine(m);
      const truth = rowsOf(m.h).flatMap((h) => visibleGivenOf(exactly, h));
      return probabilities('p(v = 1 | h), row by row', yield* answer('visible_given', 'p', m), truth, port);
    },
  }),
  law<WithBoth>({
    id: 'rbm/likelihood',
    ref: 'Z-02, Z-03',
    class: '64-digit oracle',
    runs: 30,
    says: 'log p(v) is −F(v) less the logarithm of the sum over all joint states, at every size of weights',
    formula: 'ln p(v) = −F(v) − ln Σ_v Σ_h e^(−E(v, h))',
    source: 'Hinton 2010, eq. 3–4',
    subjects: needs('log_likelihood'),
    given: () => ofAnySize(4, 3, 8),
    *holds(all, port) {
      const m = visibleOf(all);
      const exactly = exactMachine(m);
      const z = logPartitionOf(exactly);
      const truth = rowsOf(m.v).map((v) => freeEnergyOf(exactly, v).plus(z).neg());
      const allowed = likelihoodError(m, port);
      return within(
        'ln p(v) of every row',
        yield* answer('log_likelihood', 'logp', m),
        expectAll(truth, port.dtype),
        truth.map(() => allowed),
      );
    },
  }),
  law<Machine>({
    id: 'rbm/partition-both-sides',
    ref: 'Z-03',
    class: 'enumerated',
    runs: 20,
    says: 'the partition function is the same summed over visible states, over hidden states, and as the likelihood implies it',
    formula: 'Σ_v e^(−F(v)) = Σ_h e^(−F′(h)) = e^(−F(v) − ln p(v)), F′ of the machine seen from the other side',
    subjects: needs('free_energy', 'log_likelihood'),
    given: () => bare(),
    *holds(m, port) {
      const v = allStates(visibleUnits(m));
      const free = yield* answer('free_energy', 'energy', { ...m, v });
      const dual = yield* answer('free_energy', 'energy', { ...dualOf(m), v: allStates(hiddenUnits(m)) });
      const logp = yield* answer('log_likelihood', 'logp', { ...m, v });
      const z = logSumOf(free.map((f) => exact(-f)));
      const other = logSumOf(dual.map((f) => exact(-f)));
      const allowed = 2 * likelihoodError(m, port);
      return every([
        within('ln Z over hidden states', [nearest(other)], [expecting(z, port.dtype)], [allowed]),
        within(
          'ln Z by the likelihood of every state',
          logp.map((l, i) => -(free[i] ?? Number.NaN) - l),
          logp.map(() => expecting(z, port.dtype)),
          logp.map(() => allowed),
        ),
      ]);
    },
  }),
  law<WithVisible>({
    id: 'rbm/likelihood-gradient',
    ref: 'Z-05',
    class: '64-digit oracle',
    runs: 8,
    says: 'statistics of the data less those of the model, by the port’s likelihood and conditionals, are the slope of ln p(v) by every weight and bias',
    formula: '∂ ln p(v)/∂wᵢⱼ = vᵢ·p(hⱼ | v) − Σ_v′ p(v′)·v′ᵢ·p(hⱼ | v′); likewise v and p(h) for the biases',
    source: 'Hinton 2002, eq. 5',
    kills: ['OpenANN #76'],
    subjects: needs('hidden_given', 'log_likelihood'),
    given: () => atState(),
    *holds(m, port) {
      const v = allStates(visibleUnits(m));
      const logp = yield* answer('log_likelihood', 'logp', { ...m, v });
      const p = yield* answer('hidden_given', 'p', { ...m, v });
      const [states, hidden] = [rowsOf(v), rowsOf({ shape: [v.shape[0] ?? 0, hiddenUnits(m)], data: p })];
      const own = states.map((s) => (s.every((x, i) => x.eq(bitsOf(m)[i] ?? 0)) ? ONE : ZERO));
      const model = statisticsOf(
        logp.map((x) => exact(x).exp()),
        states,
        hidden,
      );
      const got = flat(minus(statisticsOf(own, states, hidden), model));
      const truth = likelihoodSlopes(exactMachine(m), bitsOf(m));
      const slopes = [...truth.w.flat(), ...truth.b, ...truth.c];
      const allowed = chainError(m, port);
      return within(
        'slope by w, then b, then c',
        got.map(nearest),
        slopes.map((s) => expecting(s.value, port.dtype)),
        slopes.map((s) => allowed + nearest(s.error)),
      );
    },
  }),
  law<Machine>({
    id: 'rbm/stationary',
    ref: 'Z-07',
    class: 'enumerated',
    runs: 20,
    says: 'a Gibbs step v → h → v′ by the port’s conditionals leaves the distribution of its likelihood as it is',
    formula: 'π·T = π, Σ π = 1',
    source: 'Geman & Geman 1984',
    subjects: needs('log_likelihood', 'hidden_given', 'visible_given'),
    given: () => bare(),
    *holds(m, port) {
      const { pi, t } = yield* chainOf(m);
      const allowed = chainError(m, port);
      const total = pi.reduce((s, x) => s.plus(x), ZERO);
      return every([
        within(
          'chance of every visible state after a step',
          moved(pi, t).map(nearest),
          expectAll(pi, port.dtype),
          pi.map(() => allowed),
        ),
        within('sum of the chances', [nearest(total)], [expecting(ONE, port.dtype)], [allowed]),
      ]);
    },
  }),
  law<Machine>({
    id: 'rbm/detailed-balance',
    ref: 'Z-08',
    class: 'enumerated',
    runs: 20,
    says: 'between any two visible states the chain goes to and fro equally often',
    formula: 'πᵢ·Tᵢⱼ = πⱼ·Tⱼᵢ',
    source: 'Geman & Geman 1984',
    subjects: needs('log_likelihood', 'hidden_given', 'visible_given'),
    given: () => bare(),
    *holds(m, port) {
      const { pi, t } = yield* chainOf(m);
      const allowed = chainError(m, port);
      const flow = pi.flatMap((x, i) => pi.map((_, j) => x.times(t[i]?.[j] ?? ZERO)));
      const n = pi.length;
      return within(
        'flow between two states, from each to each',
        flow.map(nearest),
        flow.map((_, k) => expecting(flow[(k % n) * n + Math.floor(k / n)] ?? ZERO, port.dtype)),
        flow.map(() => allowed),
      );
    },
  }),
  law<WithVisible>({
    id: 'rbm/cd-tends-to-likelihood',
    ref: 'Z-10',
    class: 'enumerated',
    runs: 6,
    says: 'the expected statistics of k turns approach the slope of the likelihood as fast as the chain forgets',
    formula: '|Σ_v (δ·Tᵏ − π)(v)·f(v)| ≤ ½·λ₂ᵏ·√((1 − π(v₀))/π(v₀)) for 0 ≤ f ≤ 1',
    source: 'Levin & Peres 2017, Lemma 12.18; Bengio & Delalleau 2009',
    subjects: needs('log_likelihood', 'hidden_given', 'visible_given'),
    given: () => atState(fewUnits.filter(([nv]) => nv < 3)),
    *holds(m, port) {
      const { t } = yield* chainOf(m);
      const exactly = exactMachine(m);
      const states = statesOf(visibleUnits(m));
      const start = states.findIndex((s) => s.every((x, i) => x === bitsOf(m)[i]));
      const chance = modelOf(exactly)[start] ?? ONE;
      const spread = ONE.minus(chance).div(chance).sqrt().div(2);
      const memory = memoryOf(exactTransition(exactly));
      const truth = likelihoodSlopes(exactly, bitsOf(m));
      const slopes = [...truth.w.flat(), ...truth.b, ...truth.c];
      const p = yield* answer('hidden_given', 'p', { ...bareOf(m), v: allStates(visibleUnits(m)) });
      const hidden = rowsOf({ shape: [states.length, hiddenUnits(m)], data: p });
      const exactStates = states.map((s) => s.map(big));
      const delta = states.map((_, i) => (i === start ? ONE : ZERO));
      const data = statisticsOf(delta, exactStates, hidden);
      let weights: readonly Big[] = delta;
      const verdicts = [1, 2, 3, 4, 5, 6, 7, 8].map((k) => {
        weights = moved(weights, t);
        const got = flat(minus(data, statisticsOf(weights, exactStates, hidden)));
        const allowed = nearest(memory.pow(k).times(spread)) + k * chainError(m, port);
        return within(
          `slope by w, b and c after ${k} turns`,
          got.map(nearest),
          slopes.map((s) => expecting(s.value, port.dtype)),
          slopes.map(() => allowed),
        );
      });
      return every(verdicts);
    },
  }),
  law<WithVisible>({
    id: 'rbm/likelihood-ascent',
    ref: 'Z-20',
    class: '64-digit oracle',
    runs: 8,
    says: 'a short step along the exact slope raises ln p(v) by the step times the squared length of the slope',
    formula: 'ln p(θ + t·g) − ln p(θ) = t·|g|² + O(t²)',
    subjects: needs('log_likelihood'),
    given: () => atState(),
    *holds(m, port) {
      const truth = likelihoodSlopes(exactMachine(m), bitsOf(m));
      const step = 2 ** -10;
      const { round, u } = FORMATS[port.dtype];
      const by = (old: readonly number[], g: readonly { readonly value: Big }[]): readonly number[] =>
        old.map((x, i) => round(x + step * nearest(g[i]?.value ?? ZERO)));
      const further: WithVisible = {
        ...m,
        w: { ...m.w, data: by(m.w.data, truth.w.flat()) },
        b: { ...m.b, data: by(m.b.data, truth.b) },
        c: { ...m.c, data: by(m.c.data, truth.c) },
      };
      const slopes = [...truth.w.flat(), ...truth.b, ...truth.c].map((s) => nearest(s.value));
      const expected = step * slopes.reduce((s, g) => s + g * g, 0);
      // the second derivative by |g| is the variance of at most so many statistics of [0, 1]
      const bend = (step * step * slopes.length * slopes.reduce((s, g) => s + g * g, 0)) / 2;
      const noise = 2 * likelihoodError(further, port) + 2 * u * sizeOf(m);
      fc.pre(expected > 4 * (bend + noise)); // where the model fits the data already, nothing rises
      const [before = Number.NaN] = yield* answer('log_likelihood', 'logp', m);
      const [after = Number.NaN] = yield* answer('log_likelihood', 'logp', further);
      const rise = after - before;
      return claim('rise of ln p(v)', Math.abs(rise - expected) <= bend + noise, rise, expected);
    },
  }),
  law<WithBoth>({
    id: 'rbm/duality',
    ref: 'Z-11',
    class: 'lattice',
    runs: 60,
    says: 'seen from the other side, with wᵀ and the biases exchanged, the machine is the same',
    subjects: needs('energy', 'hidden_given', 'visible_given'),
    given: () => withBoth({ sides: sides(4, 4) }),
    *holds({ v, h, ...m }) {
      const dual = dualOf(m);
      return every([
        same(
          'energy seen from the hidden side',
          yield* answer('energy', 'energy', { ...dual, v: h, h: v }),
          yield* answer('energy', 'energy', { ...m, v, h }),
        ),
        same(
          'p(v | h) as p(h | v) of the other side',
          yield* answer('hidden_given', 'p', { ...dual, v: h }),
          yield* answer('visible_given', 'p', { ...m, h }),
        ),
        same(
          'p(h | v) as p(v | h) of the other side',
          yield* answer('visible_given', 'p', { ...dual, h: v }),
          yield* answer('hidden_given', 'p', { ...m, v }),
        ),
      ]);
    },
  }),
  law<{ readonly m: WithBoth; readonly unit: number }>({
    id: 'rbm/gauge-flip',
    ref: 'Z-12',
    class: 'lattice',
    runs: 40,
    says: 'a visible unit that counts its zeros instead of its ones changes no probability',
    formula: 'vᵢ → 1 − vᵢ, wᵢ → −wᵢ, bᵢ → −bᵢ, c → c + wᵢ: E grows by bᵢ',
    subjects: needs('energy', 'hidden_given', 'log_likelihood'),
    given: () => fc.record({ m: withBoth(), unit: fc.nat({ max: 2 }) }),
    *holds({ m, unit: any }, port) {
      const [nv, nh] = [visibleUnits(m), hiddenUnits(m)];
      const unit = any % nv;
      const bias = m.b.data[unit] ?? 0;
      const flipped: WithBoth = {
        ...m,
        w: { ...m.w, data: m.w.data.map((x, k) => (Math.floor(k / nh) === unit ? -x : x)) },
        b: { ...m.b, data: m.b.data.map((x, i) => (i === unit ? -x : x)) },
        c: { ...m.c, data: m.c.data.map((x, j) => x + (m.w.data[unit * nh + j] ?? 0)) },
        v: { ...m.v, data: m.v.data.map((x, k) => (k % nv === unit ? 1 - x : x)) },
      };
      const energy = yield* answer('energy', 'energy', m);
      const logp = yield* answer('log_likelihood', 'logp', visibleOf(m));
      const allowed = likelihoodError(m, port) + likelihoodError(flipped, port);
      return every([
        same(
          'energy less the bias of the flipped unit',
          (yield* answer('energy', 'energy', flipped)).map((e) => e - bias),
          energy,
        ),
        same(
          'p(h | v)',
          yield* answer('hidden_given', 'p', visibleOf(flipped)),
          yield* answer('hidden_given', 'p', visibleOf(m)),
        ),
        within(
          'ln p(v)',
          yield* answer('log_likelihood', 'logp', visibleOf(flipped)),
          expectAll(logp.map(exact), port.dtype),
          logp.map(() => allowed),
        ),
      ]);
    },
  }),
  law<{ readonly m: WithBoth; readonly turn: readonly [number, number] }>({
    id: 'rbm/unit-order',
    ref: 'Z-13',
    class: 'lattice',
    runs: 40,
    says: 'units are without order: renumbered on either side, they give the same energies, and their probabilities renumbered',
    subjects: needs('energy', 'hidden_given', 'visible_given', 'log_likelihood'),
    given: () =>
      fc.record({ m: withBoth({ sides: sides(4, 4) }), turn: fc.tuple(fc.nat({ max: 3 }), fc.nat({ max: 3 })) }),
    *holds({ m, turn: [turnV, turnH] }, port) {
      const [nv, nh] = [visibleUnits(m), hiddenUnits(m)];
      const units = (n: number, by: number): readonly number[] =>
        Array.from({ length: n }, (_, i) => (n - 1 - i + by) % n);
      const [ofV, ofH] = [units(nv, turnV), units(nh, turnH)];
      const columns = (data: readonly number[], order: readonly number[]): readonly number[] =>
        data.map((_, k) => data[Math.floor(k / order.length) * order.length + (order[k % order.length] ?? 0)] ?? 0);
      const moved: WithBoth = {
        w: { ...m.w, data: ofV.flatMap((i) => ofH.map((j) => m.w.data[i * nh + j] ?? 0)) },
        b: { ...m.b, data: columns(m.b.data, ofV) },
        c: { ...m.c, data: columns(m.c.data, ofH) },
        v: { ...m.v, data: columns(m.v.data, ofV) },
        h: { ...m.h, data: columns(m.h.data, ofH) },
      };
      const { v: _, ...hiddenOnly } = m;
      const { v: _2, ...movedHidden } = moved;
      const logp = yield* answer('log_likelihood', 'logp', visibleOf(m));
      const allowed = 2 * likelihoodError(m, port);
      return every([
        same('energy', yield* answer('energy', 'energy', moved), yield* answer('energy', 'energy', m)),
        same(
          'p(h | v) renumbered',
          yield* answer('hidden_given', 'p', visibleOf(moved)),
          columns(yield* answer('hidden_given', 'p', visibleOf(m)), ofH),
        ),
        same(
          'p(v | h) renumbered',
          yield* answer('visible_given', 'p', movedHidden),
          columns(yield* answer('visible_given', 'p', hiddenOnly), ofV),
        ),
        within(
          'ln p(v)',
          yield* answer('log_likelihood', 'logp', visibleOf(moved)),
          expectAll(logp.map(exact), port.dtype),
          logp.map(() => allowed),
        ),
      ]);
    },
  }),
  law<WithBoth>({
    id: 'rbm/no-weights',
    ref: 'Z-14',
    class: '64-digit oracle',
    runs: 30,
    says: 'without weights all units are independent: each is on by the σ of its own bias, and the likelihood is the product of theirs',
    formula: 'w = 0: ln p(v) = Σ vᵢbᵢ − softplus(bᵢ)',
    subjects: needs('hidden_given', 'visible_given', 'log_likelihood'),
    given: () => withBoth().map((m) => ({ ...m, w: { ...m.w, data: m.w.data.map(() => 0) } })),
    *holds(m, port) {
      const { b, c } = exactMachine(m);
      const sigma = (x: Big): Big => ONE.div(x.neg().exp().plus(1));
      const { v: _, ...hiddenOnly } = m;
      const rows = rowsOf(m.v);
      const truth = rows.map((v) =>
        v.reduce((s, x, i) => s.plus(x.times(b[i] ?? ZERO)).minus(softplusOf(b[i] ?? ZERO)), ZERO),
      );
      const allowed = likelihoodError(m, port);
      return every([
        probabilities(
          'p(h)',
          yield* answer('hidden_given', 'p', visibleOf(m)),
          rows.flatMap(() => c.map(sigma)),
          port,
        ),
        probabilities(
          'p(v)',
          yield* answer('visible_given', 'p', hiddenOnly),
          rows.flatMap(() => b.map(sigma)),
          port,
        ),
        within(
          'ln p(v)',
          yield* answer('log_likelihood', 'logp', visibleOf(m)),
          expectAll(truth, port.dtype),
          truth.map(() => allowed),
        ),
      ]);
    },
  }),
  law<WithVisible>({
    id: 'rbm/no-hidden-units',
    ref: 'Z-15',
    class: '64-digit oracle',
    runs: 30,
    says: 'a machine without hidden units is a row of independent coins, with a free energy that is exact',
    formula: 'F(v) = −b·v, ln p(v) = Σ vᵢbᵢ − softplus(bᵢ)',
    subjects: needs('free_energy', 'log_likelihood'),
    given: () => withBoth({ sides: fc.integer({ min: 1, max: 4 }).map((nv) => [nv, 0] as const) }).map(visibleOf),
    *holds(m, port) {
      const { b } = exactMachine(m);
      const linear = rowsOf(m.v).map((v) => v.reduce((s, x, i) => s.plus(x.times(b[i] ?? ZERO)), ZERO));
      const z = b.reduce((s, x) => s.plus(softplusOf(x)), ZERO);
      return every([
        same(
          'F of every row',
          yield* answer('free_energy', 'energy', m),
          linear.map((x) => nearest(x.neg())),
        ),
        within(
          'ln p(v) of every row',
          yield* answer('log_likelihood', 'logp', m),
          expectAll(
            linear.map((x) => x.minus(z)),
            port.dtype,
          ),
          linear.map(() => likelihoodError(m, port)),
        ),
      ]);
    },
  }),
  law<{ readonly m: WithVisible; readonly bias: number }>({
    id: 'rbm/idle-hidden-unit',
    ref: 'Z-15',
    class: '64-digit oracle',
    runs: 30,
    says: 'a hidden unit more without weights multiplies every Σ_h e^(−E) by 1 + e^c, and leaves the likelihood as it is',
    formula: 'F′(v) = F(v) − softplus(c), ln p′(v) = ln p(v)',
    subjects: needs('free_energy', 'log_likelihood'),
    given: () => fc.record({ m: withBoth().map(visibleOf), bias: weight }),
    *holds({ m, bias }, port) {
      const nh = hiddenUnits(m);
      const wider: WithVisible = {
        ...m,
        w: {
          shape: [visibleUnits(m), nh + 1],
          data: Array.from({ length: visibleUnits(m) }, (_, i) => [...m.w.data.slice(i * nh, (i + 1) * nh), 0]).flat(),
        },
        c: { shape: [nh + 1], data: [...m.c.data, bias] },
      };
      const soft = softplusOf(exact(bias));
      const [free, logp] = [yield* answer('free_energy', 'energy', m), yield* answer('log_likelihood', 'logp', m)];
      const [own, more] = [freeError(m, port), freeError(wider, port)];
      return every([
        within(
          'F of every row',
          yield* answer('free_energy', 'energy', wider),
          expectAll(
            free.map((f) => exact(f).minus(soft)),
            port.dtype,
          ),
          free.map((_, r) => (own[r] ?? 0) + (more[r] ?? 0)),
        ),
        within(
          'ln p(v) of every row',
          yield* answer('log_likelihood', 'logp', wider),
          expectAll(logp.map(exact), port.dtype),
          logp.map(() => likelihoodError(m, port) + likelihoodError(wider, port)),
        ),
      ]);
    },
  }),
];

export const rbmLaws: readonly Law[] = [...stateLaws, ...chainLaws, ...machineTrainingLaws];
