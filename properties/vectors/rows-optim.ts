// Rows of optimizers: which hyper-parameters are taken, and what wrappers make of a rule, by the oracle's arithmetic with running bounds.
import fc from 'fast-check';
import type { Hyper } from '../../src/index.ts';
import { cotangent, type Values } from '../arbitraries.ts';
import { hyperOf, keysOf, rowOf, type Training, training } from '../laws/training.ts';
import { expecting } from '../oracle/exact.ts';
import { Near } from '../oracle/near.ts';
import { published } from '../oracle/training.ts';
import type { Dtype, PortInfo } from '../port.ts';
import { about, type Known, plainly } from './case.ts';
import { type Draw, declared, nameIn, type Question, type Row } from './row.ts';

type Leaves = readonly (readonly Near[])[];
type Rule = (gradients: Leaves, ws: Leaves) => Leaves;

/** w − lr·g. */
const descent =
  (lr: number): Rule =>
  (gs, ws) =>
    ws.map((leaf, i) => leaf.map((w, j) => w.minus((gs[i]?.[j] ?? w).times(lr))));

const sumOfSquares = (all: readonly Near[]): Near => all.map((g) => g.square()).reduce((a, b) => a.plus(b));
/** Numbers scaled back to a norm of at most limit. */
const cut = (all: readonly Near[], norm: Near, limit: number, dtype: Dtype): readonly Near[] => {
  const above = norm.above(limit);
  const by = Near.of(limit, dtype).over(norm);
  return all.map((g) => (above === false ? g : Near.pick(above, g.times(by), g)));
};
const longer = (all: readonly Near[], dtype: Dtype): Near =>
  all.length === 0 ? Near.of(0, dtype) : sumOfSquares(all).root();

const CLIPS: Readonly<Record<string, (gs: Leaves, limit: number, dtype: Dtype) => Leaves>> = {
  clip_by_value: (gs, limit) => gs.map((leaf) => leaf.map((g) => g.min(limit).max(-limit))),
  clip_by_norm: (gs, limit, dtype) => gs.map((leaf) => cut(leaf, longer(leaf, dtype), limit, dtype)),
  clip_by_global_norm: (gs, limit, dtype) => {
    const norm = longer(gs.flat(), dtype);
    return gs.map((leaf) => cut(leaf, norm, limit, dtype));
  },
};

interface Trace {
  readonly params: readonly Leaves[];
  readonly evaluated: readonly Leaves[];
}

/** What each wrapper makes of plain descent. */
const WRAPPED: Readonly<Record<string, (r: Training, hyper: Hyper, dtype: Dtype) => Trace>> = {
  ...Object.fromEntries(
    Object.entries(CLIPS).map(([name, clip]) => [
      name,
      (r: Training, { limit = 1 }: Hyper, dtype: Dtype): Trace =>
        walk(r, dtype, (gs, ws) => descent(r.hyper.lr ?? 0)(clip(gs, limit, dtype), ws)),
    ]),
  ),
  coupled_decay: (r, { l2 = 0 }, dtype) =>
    walk(r, dtype, (gs, ws) =>
      descent(r.hyper.lr ?? 0)(
        gs.map((leaf, i) => leaf.map((g, j) => g.plus((ws[i]?.[j] ?? g).times(l2)))),
        ws,
      ),
    ),
  lookahead: (r, { period = 1, alpha = 1 }, dtype) => {
    let slow = nears(r.params, dtype);
    let waited = 0;
    return walk(r, dtype, (gs, ws) => {
      const fast = descent(r.hyper.lr ?? 0)(gs, ws);
      waited += 1;
      if (waited < period) return fast;
      waited = 0;
      slow = slow.map((leaf, i) => leaf.map((s, j) => s.plus((fast[i]?.[j] ?? s).minus(s).times(alpha))));
      return slow;
    });
  },
  ema: (r, { decay = 0 }, dtype) => {
    const { params } = walk(r, dtype, descent(r.hyper.lr ?? 0));
    const one = Near.of(1, dtype);
    const keep = Near.of(decay, dtype);
    let mean: Leaves = r.params.map((p) => p.data.map(() => Near.of(0, dtype)));
    let weight = Near.of(0, dtype);
    const evaluated = params.map((ws) => {
      const take = one.minus(keep);
      mean = mean.map((leaf, i) => leaf.map((m, j) => keep.times(m).plus(take.times(ws[i]?.[j] ?? m))));
      weight = keep.times(weight).plus(take);
      return mean.map((leaf) => leaf.map((m) => m.over(weight)));
    });
    return { params, evaluated };
  },
};

const nears = (leaves: readonly Values[], dtype: Dtype): Leaves =>
  leaves.map((leaf) => leaf.data.map((v) => Near.of(v, dtype)));

/** Parameters after every step; one evaluates with the same. */
const walk = ({ params, gradients }: Training, dtype: Dtype, step: Rule): Trace => {
  let ws = nears(params, dtype);
  const all = gradients.map((gs) => (ws = step(nears(gs, dtype), ws)));
  return { params: all, evaluated: all };
};

/** [step][leaf] within its running bounds, or null where a choice is open. */
const stepsKnown = (form: readonly (readonly Values[])[], steps: readonly Leaves[], dtype: Dtype): Known | null => {
  const all = steps.flat(2);
  return all.every((n) => Number.isFinite(n.error))
    ? about(
        form,
        all.map((n) => expecting(n.value, dtype)),
        all.map((n) => n.error),
        dtype,
      )
    : null;
};

/** Hyper-parameters of each wrapper, off every default. */
const HYPERS: Readonly<Record<string, fc.Arbitrary<Hyper>>> = {
  ...Object.fromEntries(
    Object.keys(CLIPS).map((name) => [name, fc.integer({ min: 1, max: 24 }).map((k) => ({ limit: k / 8 }))]),
  ),
  coupled_decay: fc.integer({ min: 1, max: 40 }).map((k) => ({ l2: k / 64 })),
  lookahead: fc.record({ period: fc.integer({ min: 1, max: 4 }), alpha: fc.constantFrom(1 / 8, 1 / 4, 3 / 4, 1 / 2) }),
  ema: fc.integer({ min: 1, max: 63 }).map((k) => ({ decay: k / 64 })),
};

const wrappedQuestions = (port: PortInfo, entry: string, draw: Draw): readonly Question[] => {
  const { dtype } = port;
  const name = nameIn(entry);
  const hypers = draw(HYPERS[name] ?? fc.constant({}), 20);
  return draw(training(port, 'sgd', cotangent(dtype), { most: 6, side: 2 }), 20).flatMap(
    (r, i): readonly Question[] => {
      const hyper = hypers[i] ?? {};
      const trace = WRAPPED[name]?.(r, hyper, dtype);
      if (trace === undefined) return [];
      const [params, evaluated] = [
        stepsKnown(r.gradients, trace.params, dtype),
        stepsKnown(r.gradients, trace.evaluated, dtype),
      ];
      if (params === null || evaluated === null) return [];
      const args = { params: r.params, gradients: r.gradients, inner: 'sgd', innerHyper: r.hyper, hyper };
      return [{ args, known: { params, evaluated } }];
    },
  );
};

/** Clipping number by number is exact, so that any rule inside keeps its own bound. */
const clippedQuestions = (port: PortInfo, draw: Draw): readonly Question[] =>
  port.names('optimizer', 'run').flatMap((inner, k) =>
    draw(training(port, inner, undefined, { most: 3, leaves: 1, side: 2 }), 1).flatMap((r): readonly Question[] => {
      const limit = (1 + (k % 8)) / 8;
      const gradients = r.gradients.map((gs) =>
        gs.map((g) => ({ shape: g.shape, data: g.data.map((v) => Math.max(-limit, Math.min(limit, v))) })),
      );
      const steps = stepsKnown(r.gradients, published(inner, { ...r, gradients }, port.dtype), port.dtype);
      if (steps === null || inner.startsWith('schedule_free')) return []; // which evaluates elsewhere by itself
      const args = { params: r.params, gradients: r.gradients, inner, innerHyper: r.hyper, hyper: { limit } };
      return [{ args, known: { params: steps } }];
    }),
  );

export const optimRows: readonly Row[] = [
  {
    id: 'vectors/accepts',
    says: 'hyper-parameters in their range are taken, any part of them too; unknown names, negative rates, decays of 1 and NaN are not',
    entries: (port) => port.names('optimizer', 'accepts').map((name) => `optimizer.${name}.accepts`),
    asks: (port, entry, draw) => {
      const name = nameIn(entry);
      const keys = keysOf(port, name);
      return draw(hyperOf(port, name), 2).flatMap((hyper, i) => {
        const key = keys[i % keys.length] ?? 'lr';
        const isDecay =
          (rowOf(name).hyper[key] ?? 1) < 1 && /^(beta|decay|momentum)/.test(key) && !name.startsWith('schedule_free');
        const answer =
          (accepted: boolean) =>
          (h: Hyper): Question => ({ args: { hyper: h }, known: { accepted: plainly(accepted) } });
        const { NaN: nan, POSITIVE_INFINITY, NEGATIVE_INFINITY } = Number;
        return [
          ...[hyper, { [key]: hyper[key] ?? 0 }, ...(i === 0 ? [{}] : [])].map(answer(true)),
          ...[
            { ...hyper, learningRate: 1 / 8 },
            ...[nan, -1 / 8, POSITIVE_INFINITY, NEGATIVE_INFINITY, ...(isDecay ? [1, 2] : [])].map((v) => ({
              ...hyper,
              [key]: v,
            })),
          ].map(answer(false)),
        ];
      });
    },
  },
  {
    id: 'vectors/wrapped-descent',
    says: 'plain descent inside a wrapper, at 64 digits with running bounds',
    source: 'the papers of the rows',
    entries: (port) =>
      declared('optimizer.sgd.run')(port).flatMap(() =>
        Object.keys(WRAPPED)
          .map((name) => `wrapper.${name}.run`)
          .filter((e) => port.has(e)),
      ),
    asks: (port, entry, draw) => wrappedQuestions(port, entry, draw),
  },
  {
    id: 'vectors/clipped-rules',
    says: 'every published rule on gradients that were cut number by number, which is exact',
    source: 'the papers of the rows',
    entries: declared('wrapper.clip_by_value.run'),
    asks: (port, _entry, draw) => clippedQuestions(port, draw),
  },
];
