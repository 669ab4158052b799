// The chapter of Boltzmann machines: energies, conditionals and likelihood against the enumeration of all states.
import fc from 'fast-check';
import { claim, every, type Inquiry, type Law, law, same, within } from '../law.ts';
import { type Big, big, exact, exp, expecting, nearest, ONE, sqrt, ZERO } from '../oracle/exact.ts';
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
  statesOf,
  statisticsOf,
  transitionOf,
  visibleGivenOf,
} from '../oracle/rbm.ts';
import type { PortInfo } from '../port.ts';
import { FORMATS, stepBound } from '../tolerance.ts';
import { chainLaws } from './chains.ts';
import {
  allStates,
  answer,
  anyState,
  asks,
  bareOf,
  bit,
  dualOf,
  expectAll,
  flat,
  freeError,
  hiddenUnits,
  likelihoodError,
  type Machine,
  machine,
  ofAnySize,
  probabilities,
  sides,
  sizeOf,
  visibleOf,
  visibleUnits,
  type WithBoth,
  type WithVisible,
  withBoth,
} from './machines.ts';
import { machineTrainingLaws } from './rbmfit.ts';
import { machineStackLaws } from './rbmstack.ts';
import { machineSymmetryLaws } from './rbmsymmetry.ts';

/** The chances of all visible states and the step v → h → v′, from the answers of the port alone. */
function* chainOf(m: Machine): Inquiry<{ readonly pi: readonly Big[]; readonly t: readonly (readonly Big[])[] }> {
  const [nv, nh] = [visibleUnits(m), hiddenUnits(m)];
  const v = allStates(nv);
  const logp = yield* answer('log_likelihood', 'logp', { ...m, v });
  const hidden = yield* answer('hidden_given', 'p', { ...m, v });
  const visible = yield* answer('visible_given', 'p', { ...m, h: allStates(nh) });
  return {
    pi: logp.map((x) => exp(exact(x))),
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
    runs: 40,
    says: 'the energy has a term per visible bias, per hidden bias and per weight, each with a minus sign',
    formula: 'E(v, h) = −Σ vᵢbᵢ − Σ hⱼcⱼ − ΣΣ vᵢwᵢⱼhⱼ',
    source: 'Smolensky 1986; Hinton 2010, eq. 1',
    subjects: asks('energy'),
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
    runs: 25,
    says: 'the free energy is what summing e^(−E) over all hidden states leaves, at every size of weights and for shares as well as bits',
    formula: 'F(v) = −ln Σ_h e^(−E(v, h)) = −b·v − Σ softplus(c + v·w)',
    source: 'Hinton 2010, eq. 25',
    subjects: asks('free_energy'),
    given: () => ofAnySize(3, 4, 9),
    *holds(all, port) {
      const m = visibleOf(all);
      const exactly = exactMachine(m);
      const truth = rowsOf(m.v).map((v) => freeEnergyOf(exactly, v));
      return within(
        'F of every row',
        yield* answer('free_energy', 'energy', m),
        expectAll(truth, port.dtype),
        freeError(m, truth, port),
      );
    },
  }),
  law<WithBoth>({
    id: 'rbm/hidden-given',
    ref: 'Z-04',
    class: '64-digit oracle',
    runs: 30,
    says: 'p(h = 1 | v) is the share of hidden states with that unit on in the enumerated joint distribution',
    formula: 'p(hⱼ = 1 | v) = σ(cⱼ + Σ vᵢwᵢⱼ)',
    source: 'Hinton 2010, eq. 7',
    subjects: asks('hidden_given'),
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
    runs: 30,
    says: 'p(v = 1 | h) is the share of visible states with that unit on in the enumerated joint distribution',
    formula: 'p(vᵢ = 1 | h) = σ(bᵢ + Σ wᵢⱼhⱼ)',
    source: 'Hinton 2010, eq. 8',
    subjects: asks('visible_given'),
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
    subjects: asks('log_likelihood'),
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
    runs: 12,
    says: 'the partition function is the same summed over visible states, over hidden states, and as the likelihood implies it',
    formula: 'Σ_v e^(−F(v)) = Σ_h e^(−F′(h)) = e^(−F(v) − ln p(v)), F′ of the machine seen from the other side',
    subjects: asks('free_energy', 'log_likelihood'),
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
    subjects: asks('hidden_given', 'log_likelihood'),
    given: () => atState(),
    *holds(m, port) {
      const v = allStates(visibleUnits(m));
      const logp = yield* answer('log_likelihood', 'logp', { ...m, v });
      const p = yield* answer('hidden_given', 'p', { ...m, v });
      const [states, hidden] = [rowsOf(v), rowsOf({ shape: [v.shape[0] ?? 0, hiddenUnits(m)], data: p })];
      const own = states.map((s) => (s.every((x, i) => x.eq(bitsOf(m)[i] ?? 0)) ? ONE : ZERO));
      const model = statisticsOf(
        logp.map((x) => exp(exact(x))),
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
    runs: 12,
    says: 'a Gibbs step v → h → v′ by the port’s conditionals leaves the distribution of its likelihood as it is',
    formula: 'π·T = π, Σ π = 1',
    source: 'Geman & Geman 1984',
    subjects: asks('log_likelihood', 'hidden_given', 'visible_given'),
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
    runs: 12,
    says: 'between any two visible states the chain goes to and fro equally often',
    formula: 'πᵢ·Tᵢⱼ = πⱼ·Tⱼᵢ',
    source: 'Geman & Geman 1984',
    subjects: asks('log_likelihood', 'hidden_given', 'visible_given'),
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
    subjects: asks('log_likelihood', 'hidden_given', 'visible_given'),
    given: () => atState(fewUnits.filter(([nv]) => nv < 3)),
    *holds(m, port) {
      const { t } = yield* chainOf(m);
      const exactly = exactMachine(m);
      const states = statesOf(visibleUnits(m));
      const start = states.findIndex((s) => s.every((x, i) => x === bitsOf(m)[i]));
      const chance = modelOf(exactly)[start] ?? ONE;
      const spread = sqrt(ONE.minus(chance).div(chance)).div(2);
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
    subjects: asks('log_likelihood'),
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
];

export const rbmLaws: readonly Law[] = [
  ...stateLaws,
  ...machineSymmetryLaws,
  ...chainLaws,
  ...machineTrainingLaws,
  ...machineStackLaws,
];
