// The chapter of optimizers: recurrences at 64 digits, fixed points, symmetries, and relations between the rules.
import fc from 'fast-check';
import { type Hyper, type Optimizer, optimizerOf, optimizerRow } from '../../src/index.ts';
import { cotangent, extent, filled, small, type Values } from '../arbitraries.ts';
import { camel, type Plain } from '../contract.ts';
import { among, ask, each, every, type Inquiry, law, same, type Verdict, within } from '../law.ts';
import { expecting } from '../oracle/exact.ts';
import { Bounded, bounded } from '../oracle/readings.ts';
import { type Run, recurrence } from '../oracle/recurrence.ts';
import type { PortInfo } from '../port.ts';
import { exactly, FORMATS, grantOf, spacing } from '../tolerance.ts';

/** Decay rates near and far from 1, all exact in every format, never two alike in one rule. */
const decay = fc.constantFrom(1 / 8, 1 / 2, 3 / 4, 7 / 8, 15 / 16, 1 - 2 ** -7, 1 - 2 ** -10);
const rate = fc.tuple(fc.constantFrom(1, 3, 5, 7), fc.integer({ min: 3, max: 10 })).map(([m, e]) => m * 2 ** -e);

const rowOf = (name: string): Optimizer => optimizerRow(camel(name));

/** Hyper-parameters that a port takes: those it declares, or those that are not off by default. */
const keysOf = (port: PortInfo, name: string): readonly string[] => {
  const { hyper } = rowOf(name);
  return port.hyper[name] ?? Object.keys(hyper).filter((key) => hyper[key] !== 0);
};

/** A hyper-parameter by its range: flags both ways, epsilons and rates of every size, the others near their defaults. */
const hyperParameter = (row: Optimizer, key: string): fc.Arbitrary<number> => {
  const [low, high] = row.domain[key] ?? [0, 1];
  const usual = row.hyper[key] ?? 0;
  if (high === 1) return Number.isInteger(usual) ? fc.constantFrom(0, 1) : decay;
  if (high < 1) return decay;
  if (key.toLowerCase().includes('eps')) return fc.integer({ min: 4, max: 20 }).map((e) => 2 ** -e);
  if (key === 'lr' || key === 'weightDecay') return rate;
  const near = usual === 0 ? [0, 1 / 4] : [1 / 2, 3 / 4, 5 / 4, 2].map((f) => f * usual);
  return fc.constantFrom(...near.filter((v) => v >= low && v <= high));
};

/** Hyper-parameters of a rule, no two decay rates alike. */
const hyperOf = (port: PortInfo, name: string): fc.Arbitrary<Hyper> => {
  const row = rowOf(name);
  return fc
    .record(Object.fromEntries(keysOf(port, name).map((key) => [key, hyperParameter(row, key)])))
    .filter((h) => h.beta1 === undefined || h.beta1 !== h.beta2);
};

interface Length {
  readonly most: number;
  readonly least?: number;
}

const run = (
  port: PortInfo,
  name: string,
  value: fc.Arbitrary<number> = cotangent(port.dtype),
  { most, least = 1 }: Length = { most: 6 },
): fc.Arbitrary<Run> =>
  fc
    .tuple(
      fc.array(fc.array(extent(3), { minLength: 1, maxLength: 2 }), { minLength: 1, maxLength: 2 }),
      fc.integer({ min: least, max: most }),
    )
    .chain(([shapes, n]) =>
      fc.record({
        params: fc.tuple(...shapes.map((s) => filled(s, value))),
        gradients: fc.array(fc.tuple(...shapes.map((s) => filled(s, value))), { minLength: n, maxLength: n }),
        hyper: hyperOf(port, name),
      }),
    );

/** Some hyper-parameters of a run set, as far as the port takes them. */
const setting = (port: PortInfo, name: string, r: Run, set: Hyper): Run => ({
  ...r,
  hyper: { ...r.hyper, ...Object.fromEntries(Object.entries(set).filter(([key]) => keysOf(port, name).includes(key))) },
});

/** Every epsilon of a rule at 0. */
const withoutEpsilons = (r: Run): Run => ({
  ...r,
  hyper: Object.fromEntries(
    Object.entries(r.hyper).map(([key, v]) => [key, key.toLowerCase().includes('eps') ? 0 : v]),
  ),
});

/** Optimizers of a port whose row has a trait. */
const whose =
  (has: (row: Optimizer) => boolean) =>
  (port: PortInfo): readonly string[] =>
    each('optimizer', 'run')(port).filter((name) => has(rowOf(name)));

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

/** Every parameter after every step against the 64-digit rule, within the bound of the program. */
function* agrees(r: Run, port: PortInfo, name: string): Inquiry<Verdict> {
  const got = yield* trajectory(name, r);
  const [truth, bound] = [recurrence(camel(name), r), bounds(port, name, r)];
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
}

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
    holds: agrees,
  }),
  law<Run>({
    id: 'optimizer/trajectory',
    ref: 'O-39, O-20, O-22',
    class: '64-digit oracle',
    runs: 3,
    says: 'fifty steps in a row stay on the 64-digit trajectory, within the running error bound',
    source: 'the row of the optimizer',
    kills: ['OLMo-core #317', 'chainer #7661', 'holocron #1'],
    subjects: each('optimizer', 'run'),
    given: (port, name) => run(port, name, cotangent(port.dtype), { least: 50, most: 50 }),
    holds: agrees,
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
    given: (port, name) => run(port, name).map((r) => setting(port, name, r, { lr: 0 })),
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
          // decay moves weights, and a first moment above zero does
          setting(port, name, r, { weightDecay: 0, initialMoment: 0 }),
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
    subjects: whose((row) => row.traits.odd),
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
    id: 'optimizer/scale-free',
    ref: 'O-13',
    class: 'power of two',
    says: 'without epsilons, rules that measure gradients by gradients do not change when all are scaled by 2ᵏ',
    subjects: whose((row) => row.traits.scaleFree),
    given: (port, name) =>
      fc.record({
        r: run(port, name).map(withoutEpsilons),
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
      const { hyper } = withoutEpsilons(r);
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
    subjects: whose((row) => row.traits.sees === 'coordinate'),
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
    id: 'optimizer/leaves-of-their-own',
    ref: 'O-20, P-08',
    class: 'exact',
    runs: 30,
    says: 'a tensor moves alone as it does in company, for rules that measure tensor by tensor',
    subjects: whose((row) => row.traits.sees === 'leaf'),
    given: run,
    *holds(r, _port, name) {
      const together = yield* trajectory(name, r);
      const verdicts: Verdict[] = [];
      for (const [i, params] of r.params.entries()) {
        const alone = yield* trajectory(name, {
          ...r,
          params: [params],
          gradients: r.gradients.map((gs) => [gs[i] ?? params]),
        });
        verdicts.push(
          ...together.map((leaves, t) =>
            same(`leaf ${i} alone, step ${t + 1}`, alone[t]?.[0]?.data ?? [], Array.from(leaves[i]?.data ?? [])),
          ),
        );
      }
      return every(verdicts);
    },
  }),
  law<{ readonly r: Run; readonly to: Hyper }>({
    id: 'optimizer/special-cases',
    ref: 'O-07, O-19, O-23, O-31, P-09',
    class: 'exact',
    runs: 40,
    says: 'a rule with a part switched off is the rule without that part: momentum 0 is plain descent, AdamW without decay is Adam, …',
    kills: ['tfjs-layers #259', 'mlx #473'],
    subjects: (port) =>
      Object.entries(SPECIAL_CASES).flatMap(([name, { is }]) =>
        port.has(`optimizer.${name}.run`) && port.has(`optimizer.${is}.run`) ? [name] : [],
      ),
    given: (port, name) => {
      const { off, is } = specialCase(name);
      return run(port, name).map((r) => {
        const set = setting(port, name, r, off);
        const to = Object.fromEntries(Object.entries(set.hyper).filter(([key]) => keysOf(port, is).includes(key)));
        return { r: set, to };
      });
    },
    *holds({ r, to }, _port, name) {
      const { is } = specialCase(name);
      return agree(
        `w of ${name} against ${is}`,
        yield* trajectory(name, r),
        yield* trajectory(is, { ...r, hyper: to }),
      );
    },
  }),
];

/** Rules that become others, bit for bit, when some of their parts are off. */
const SPECIAL_CASES: Readonly<Record<string, { readonly off: Hyper; readonly is: string }>> = {
  momentum: { off: { momentum: 0, dampening: 0, lrInside: 0 }, is: 'sgd' },
  nesterov: { off: { momentum: 0, lrInside: 0 }, is: 'sgd' },
  adamw: { off: { weightDecay: 0 }, is: 'adam' },
  signum: { off: { momentum: 0 }, is: 'sign_sgd' },
};
function specialCase(name: string): { readonly off: Hyper; readonly is: string } {
  return SPECIAL_CASES[name] ?? { off: {}, is: name }; // every subject has one
}
