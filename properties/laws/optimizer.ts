// The chapter of optimizers: recurrences at 64 digits, fixed points, symmetries, and relations between the rules.
import fc from 'fast-check';
import { type Hyper, optimizerOf, optimizerRow } from '../../src/index.ts';
import { cotangent, extent, filled, small, type Values } from '../arbitraries.ts';
import { camel, type Plain } from '../contract.ts';
import { among, ask, each, every, type Inquiry, law, same, type Verdict, within } from '../law.ts';
import { type Big, big, exact, expecting, ZERO } from '../oracle/exact.ts';
import { evaluate } from '../oracle/formula.ts';
import { Bounded, bounded } from '../oracle/readings.ts';
import type { PortInfo } from '../port.ts';
import { exactly, FORMATS, grantOf, spacing } from '../tolerance.ts';

interface Run {
  readonly params: readonly Values[];
  /** [step][leaf] */
  readonly gradients: readonly (readonly Values[])[];
  readonly hyper: Hyper;
}

/** Decay rates near and far from 1, all exact in every format, never two alike in one rule. */
const decay = fc.constantFrom(1 / 8, 1 / 2, 3 / 4, 7 / 8, 15 / 16, 1 - 2 ** -7, 1 - 2 ** -10);
const rate = fc.tuple(fc.constantFrom(1, 3, 5, 7), fc.integer({ min: 3, max: 10 })).map(([m, e]) => m * 2 ** -e);

/** Hyper-parameters of a rule, none at a default or at another's value. */
const hyperOf = (port: PortInfo, name: string): fc.Arbitrary<Hyper> => {
  const row = optimizerRow(camel(name));
  const fields = Object.keys(row.hyper).map((key): [string, fc.Arbitrary<number>] => {
    const high = row.domain[key]?.[1] ?? 1;
    if (key === 'epsRoot' && !port.conventions.adamEpsRoot) return [key, fc.constant(0)];
    if (key.startsWith('eps')) return [key, fc.integer({ min: 4, max: 20 }).map((e) => 2 ** -e)];
    return [key, high < 1 ? decay : rate];
  });
  return fc.record(Object.fromEntries(fields)).filter((h) => h.beta1 === undefined || h.beta1 !== h.beta2);
};

const run = (
  port: PortInfo,
  name: string,
  value: fc.Arbitrary<number> = cotangent(port.dtype),
  steps = 6,
): fc.Arbitrary<Run> =>
  fc.tuple(fc.array(extent(3), { minLength: 1, maxLength: 2 }), extent(steps)).chain(([sizes, n]) =>
    fc.record({
      params: fc.tuple(...sizes.map((s) => filled([s], value))),
      gradients: fc.array(fc.tuple(...sizes.map((s) => filled([s], value))), { minLength: n, maxLength: n }),
      hyper: hyperOf(port, name),
    }),
  );

function* trajectory(name: string, r: Run): Inquiry<readonly (readonly Plain[])[]> {
  return (yield* ask(`optimizer.${name}.run`, { ...r })).steps('params');
}

const mapRun = (r: Run, w: (v: number) => number, g: (v: number) => number): Run => {
  const on =
    (f: (v: number) => number) =>
    (v: Values): Values => ({ shape: v.shape, data: v.data.map(f) });
  return { ...r, params: r.params.map(on(w)), gradients: r.gradients.map((gs) => gs.map(on(g))) };
};

const agree = (
  about: string,
  got: readonly (readonly Plain[])[],
  want: readonly (readonly Plain[])[],
  f: (v: number) => number = (v) => v,
): Verdict =>
  every(
    want.flatMap((leaves, t) =>
      leaves.map((leaf, i) =>
        same(`${about}, step ${t + 1}, leaf ${i}`, got[t]?.[i]?.data ?? [], Array.from(leaf.data, f)),
      ),
    ),
  );

/** The recurrence of a row, line by line at 64 digits: parameters after every step. */
const oracle = (name: string, { params, gradients, hyper }: Run): readonly (readonly (readonly Big[])[])[] => {
  const row = optimizerRow(camel(name));
  const constants = Object.fromEntries(Object.entries({ ...row.hyper, ...hyper }).map(([key, v]) => [key, exact(v)]));
  const start = () => Object.fromEntries(row.slots.map((s) => [s, ZERO]));
  let state = params.map((p) => p.data.map((w) => ({ w: exact(w), slots: start() })));
  return gradients.map((gs, t) => {
    state = state.map((leaf, i) =>
      leaf.map(({ w, slots }, j) => {
        const scope: Record<string, Big> = { ...constants, ...slots, w, k: big(t + 1), g: exact(gs[i]?.data[j] ?? 0) };
        for (const line of row.recurrence) {
          const [left = '', right = ''] = line.split(/ = (.*)/);
          scope[left] = evaluate(right, scope);
        }
        return {
          w: w.plus(scope.delta ?? ZERO),
          slots: Object.fromEntries(row.slots.map((s) => [s, scope[s] ?? ZERO])),
        };
      }),
    );
    return state.map((leaf) => leaf.map(({ w }) => w));
  });
};

/** How far a correct implementation may be from it: the rule itself, read with running error bounds. */
const bounds = (port: PortInfo, name: string, { params, gradients, hyper }: Run): readonly (readonly Bounded[])[] => {
  const o = bounded(grantOf(port));
  const rule = optimizerOf(camel(name), hyper);
  let ws = params.map((p) => Bounded.from(p.shape, p.data));
  let slots = rule.init(o, ws);
  return gradients.map((gs, t) => {
    const [us, next] = rule.update(
      o,
      gs.map((g) => Bounded.from(g.shape, g.data)),
      slots,
      ws,
      Bounded.from([], [t + 1]),
    );
    ws = ws.map((w, i) => o.add(w, us[i] as Bounded)); // one update per leaf
    slots = next;
    return ws;
  });
};

export const optimizerLaws = [
  law<Run>({
    id: 'optimizer/recurrence',
    ref: 'O-06, O-11, O-17, O-21, O-39',
    class: '64-digit oracle',
    runs: 60,
    says: 'every step of every parameter follows the published recurrence at 64 digits, within its running error bound',
    source: 'the row of the optimizer',
    kills: [
      'tf-keras 2f003f9f1',
      'burn #621',
      'mlx #1640',
      'Lasagne #274',
      'AiDotNet #2008',
      'convnetjs #70',
      'chainer #7512',
    ],
    subjects: each('optimizer', 'run'),
    given: run,
    *holds(r, port, name) {
      const got = yield* trajectory(name, r);
      const [truth, bound] = [oracle(name, r), bounds(port, name, r)];
      return every(
        truth.flatMap((leaves, t) =>
          leaves.map((leaf, i) =>
            within(
              `parameters after step ${t + 1}, leaf ${i}`,
              got[t]?.[i]?.data ?? [],
              leaf.map((v) => expecting(v, port.dtype)),
              bound[t]?.[i]?.error.view ?? [],
            ),
          ),
        ),
      );
    },
  }),
  law<Run>({
    id: 'optimizer/sgd-exact',
    ref: 'O-01, O-36',
    class: 'lattice',
    says: 'on small integers and a power-of-two rate, w − lr·g is exact and applied once',
    kills: ['gorgonia #494'],
    subjects: among(['sgd'], 'optimizer', 'run'),
    given: (port, name) => run(port, name, small).map((r) => ({ ...r, hyper: { lr: 1 / 4 } })),
    *holds(r, _port, name) {
      let want = r.params;
      const all = r.gradients.map(
        (gs) =>
          (want = want.map((w, i) => ({ shape: w.shape, data: w.data.map((v, j) => v - (gs[i]?.data[j] ?? 0) / 4) }))),
      );
      return agree('w', yield* trajectory(name, r), all);
    },
  }),
  law<Run>({
    id: 'optimizer/zero-lr',
    ref: 'O-02, P-09',
    class: 'exact',
    runs: 30,
    says: 'a learning rate of 0 is honoured: no parameter moves',
    kills: ['neataptic rate || 0.3', 'synaptic'],
    subjects: each('optimizer', 'run'),
    given: (port, name) => run(port, name).map((r) => ({ ...r, hyper: { ...r.hyper, lr: 0 } })),
    *holds(r, _port, name) {
      return agree(
        'w',
        yield* trajectory(name, r),
        r.gradients.map(() => r.params),
      );
    },
  }),
  law<Run>({
    id: 'optimizer/zero-gradient',
    ref: 'O-18, O-38',
    class: 'exact',
    runs: 30,
    says: 'from a fresh state a zero gradient moves nothing and makes no NaN',
    kills: ['pylearn2 #1496', 'mistnet #94', 'Optimisers.jl #190', 'pytorch #1767'],
    subjects: each('optimizer', 'run'),
    given: (port, name) =>
      run(port, name).map((r) =>
        mapRun(
          r,
          (w) => w,
          () => 0,
        ),
      ),
    *holds(r, _port, name) {
      return agree(
        'w',
        yield* trajectory(name, r),
        r.gradients.map(() => r.params),
      );
    },
  }),
  law<Run>({
    id: 'optimizer/odd',
    ref: 'O-15',
    class: 'exact',
    says: 'from zero, negated gradients give the negated trajectory',
    subjects: each('optimizer', 'run'),
    given: (port, name) =>
      run(port, name).map((r) =>
        mapRun(
          r,
          () => 0,
          (g) => g,
        ),
      ),
    *holds(r, _port, name) {
      return agree(
        'w for −g',
        yield* trajectory(
          name,
          mapRun(
            r,
            (w) => w,
            (g) => -g,
          ),
        ),
        yield* trajectory(name, r),
        (v) => -v,
      );
    },
  }),
  law<{ readonly r: Run; readonly k: number }>({
    id: 'optimizer/adam-scale-free',
    ref: 'O-13',
    class: 'power of two',
    says: 'without eps, Adam’s trajectory does not change when all gradients are scaled by 2ᵏ',
    subjects: among(['adam'], 'optimizer', 'run'),
    given: (port, name) =>
      fc.record({
        r: run(port, name).map((r) => ({ ...r, hyper: { ...r.hyper, eps: 0, epsRoot: 0 } })),
        k: fc.integer({ min: -9, max: 9 }),
      }),
    *holds({ r, k }, _port, name) {
      return agree(
        `w for 2^${k}·g`,
        yield* trajectory(
          name,
          mapRun(
            r,
            (w) => w,
            (g) => g * 2 ** k,
          ),
        ),
        yield* trajectory(name, r),
      );
    },
  }),
  law<{ readonly r: Run; readonly g: number; readonly steps: number }>({
    id: 'optimizer/adam-constant-gradient',
    ref: 'O-12',
    class: 'rounding bound',
    says: 'for a constant gradient and no eps, every step of Adam is exactly lr·sign(g) up to rounding',
    formula: 'wₜ = −t·lr·sign(g)',
    kills: ['Lasagne #274', 'OLMo-core #317', 'AdaBound-tf #3', 'holocron #1', 'pennylane #1928', 'kozistr #305'],
    subjects: among(['adam'], 'optimizer', 'run'),
    given: (port, name) => fc.record({ r: run(port, name), g: cotangent(port.dtype), steps: extent(12) }),
    *holds({ r, g, steps }, port, name) {
      const hyper: Hyper = { ...r.hyper, eps: 0, epsRoot: 0 };
      const got = yield* trajectory(name, {
        params: [{ shape: [1], data: [0] }],
        gradients: Array.from({ length: steps }, () => [{ shape: [1], data: [g] }]),
        hyper,
      });
      const { u } = FORMATS[port.dtype];
      const lr = hyper.lr ?? 0;
      // moments and corrections share the factor 1 − βᵗ, each formed by at most t + 4 roundings of numbers up to 1
      const slack = (beta = 0): number => 1 / (1 - beta);
      return every(
        got.map((leaves, i) => {
          const t = i + 1;
          const step = (t + 8) * u * (slack(hyper.beta1) + slack(hyper.beta2));
          return within(
            `w after step ${t}`,
            leaves[0]?.data ?? [],
            [exactly(-t * lr * Math.sign(g))],
            [t * lr * step + t * spacing(t * lr, port.dtype)],
          );
        }),
      );
    },
  }),
  law<Run>({
    id: 'optimizer/leaves-apart',
    ref: 'O-16, O-20, P-08',
    class: 'exact',
    runs: 50,
    says: 'parameters do not see each other: a leaf moves alone as it does in company, and coordinates may be permuted',
    kills: ['tinygrad fc6f355c6', 'tf-keras c7629ffc8', 'pennylane #1928', 'PyTorch #196083'],
    subjects: each('optimizer', 'run'),
    given: run,
    *holds(r, _port, name) {
      const together = yield* trajectory(name, r);
      const verdicts: Verdict[] = [];
      for (const [i, params] of r.params.entries()) {
        const turn = <V extends { readonly shape: readonly number[]; readonly data: ArrayLike<number> }>(
          v: V,
        ): Values => ({ shape: v.shape, data: Array.from(v.data).reverse() });
        const alone = yield* trajectory(name, {
          ...r,
          params: [turn(params)],
          gradients: r.gradients.map((gs) => [turn(gs[i] ?? params)]),
        });
        verdicts.push(
          ...together.map((leaves, t) =>
            same(
              `leaf ${i} alone and reversed, step ${t + 1}`,
              alone[t]?.[0]?.data ?? [],
              turn(leaves[i] ?? params).data,
            ),
          ),
        );
      }
      return every(verdicts);
    },
  }),
  law<Run>({
    id: 'optimizer/momentum-zero-is-sgd',
    ref: 'O-07, P-09',
    class: 'exact',
    runs: 50,
    says: 'momentum 0 is honoured and is plain SGD',
    kills: ['tfjs-layers #259', 'mlx #473'],
    subjects: (port) => among(['momentum'], 'optimizer', 'run')(port).filter(() => port.has('optimizer.sgd.run')),
    given: (port, name) => run(port, name).map((r) => ({ ...r, hyper: { ...r.hyper, momentum: 0 } })),
    *holds(r, _port, name) {
      const { momentum: _, ...hyper } = r.hyper;
      return agree('w', yield* trajectory(name, r), yield* trajectory('sgd', { ...r, hyper }));
    },
  }),
];
