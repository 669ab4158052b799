// Symmetries of Boltzmann machines: sides exchanged, units renumbered or flipped, weights or units that are not there.
import fc from 'fast-check';
import { every, type Law, law, same, within } from '../law.ts';
import { type Big, exact, exp, nearest, ONE, ZERO } from '../oracle/exact.ts';
import { exactMachine, rowsOf, softplusOf } from '../oracle/rbm.ts';
import {
  answer,
  asks,
  dualOf,
  expectAll,
  freeError,
  hiddenUnits,
  likelihoodError,
  probabilities,
  sides,
  visibleOf,
  visibleUnits,
  type WithBoth,
  type WithVisible,
  weight,
  withBoth,
} from './machines.ts';

export const machineSymmetryLaws: readonly Law[] = [
  law<WithBoth>({
    id: 'rbm/duality',
    ref: 'Z-11',
    class: 'lattice',
    runs: 60,
    says: 'seen from the other side, with wᵀ and the biases exchanged, the machine is the same',
    subjects: asks('energy', 'hidden_given', 'visible_given'),
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
    subjects: asks('energy', 'hidden_given', 'log_likelihood'),
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
    subjects: asks('energy', 'hidden_given', 'visible_given', 'log_likelihood'),
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
    runs: 15,
    says: 'without weights all units are independent: each is on by the σ of its own bias, and the likelihood is the product of theirs',
    formula: 'w = 0: ln p(v) = Σ vᵢbᵢ − softplus(bᵢ)',
    subjects: asks('hidden_given', 'visible_given', 'log_likelihood'),
    given: () => withBoth().map((m) => ({ ...m, w: { ...m.w, data: m.w.data.map(() => 0) } })),
    *holds(m, port) {
      const { b, c } = exactMachine(m);
      const sigma = (x: Big): Big => ONE.div(exp(x.neg()).plus(1));
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
    subjects: asks('free_energy', 'log_likelihood'),
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
    runs: 15,
    says: 'a hidden unit more without weights multiplies every Σ_h e^(−E) by 1 + e^c, and leaves the likelihood as it is',
    formula: 'F′(v) = F(v) − softplus(c), ln p′(v) = ln p(v)',
    subjects: asks('free_energy', 'log_likelihood'),
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
      const exactly = free.map(exact);
      const [own, more] = [
        freeError(m, exactly, port),
        freeError(
          wider,
          exactly.map((f) => f.minus(soft)),
          port,
        ),
      ];
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
