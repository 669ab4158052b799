// The chapter of optimizers: the published rules at 64 digits, fixed points, and symmetries.
import fc from 'fast-check';
import { optimizerOf } from '../../src/index.ts';
import { cotangent, powerOfTwo, small, type Values, visiting } from '../arbitraries.ts';
import { camel } from '../contract.ts';
import { among, ask, claim, each, every, type Inquiry, law, same, type Verdict, within } from '../law.ts';
import { expecting } from '../oracle/exact.ts';
import { Bounded, bounded } from '../oracle/readings.ts';
import { recurrence } from '../oracle/recurrence.ts';
import { isPublished } from '../oracle/training.ts';
import type { PortInfo } from '../port.ts';
import { grantOf } from '../tolerance.ts';
import {
  agree,
  between,
  follows,
  mapRun,
  missingOff,
  rowOf,
  type Size,
  setting,
  standard,
  type Training,
  training,
  trajectory,
  whose,
  withoutEpsilons,
} from './training.ts';

/** How far a correct implementation may be from it: the rule itself, read with running error bounds. */
const bounds = (
  port: PortInfo,
  name: string,
  { params, gradients, hyper }: Training,
): readonly (readonly Bounded[])[] => {
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

/** Every parameter after every step against the text of the row, within the bound of the program. */
function* agrees(asked: Training, port: PortInfo, name: string): Inquiry<Verdict> {
  const got = yield* trajectory(name, asked);
  const r = { ...asked, hyper: { ...missingOff(port, name), ...asked.hyper } };
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

/** Gradients of ordinary size, and now and then none. */
const sparse = (port: PortInfo): fc.Arbitrary<number> =>
  fc.oneof(
    { withCrossShrink: true },
    { arbitrary: fc.constant(0), weight: 1 },
    { arbitrary: cotangent(port.dtype), weight: 9 },
  );

/** Without any epsilon, rules that divide by the root of nothing but zeros have no value. */
const withSomeEpsilon = (given: fc.Arbitrary<Training>): fc.Arbitrary<Training> =>
  given.filter(({ hyper }) => {
    const all = Object.entries(hyper).filter(([key]) => key.toLowerCase().includes('eps'));
    return all.length === 0 || all.some(([, v]) => v > 0);
  });

/** Every rule that is written out in the oracle. */
const known = (port: PortInfo): readonly string[] => standard(port).filter(isPublished);

/** A sixteenth of the rate: rules that multiply weights by their own norms leave every bound behind within fifty large steps, in singles many others within a hundred. */
const slower = (hyper: Training['hyper']): Training['hyper'] =>
  hyper.lr === undefined ? hyper : { ...hyper, lr: hyper.lr / 16 };

/** The length of a trajectory. */
const FIFTY = 50;
const LONG = 128;

export const optimizerLaws = [
  law<Training>({
    id: 'optimizer/steps',
    ref: 'O-11, O-17, O-39',
    class: '64-digit oracle',
    runs: 40,
    says: 'the first steps of every parameter are those of the published rule, written out by hand at 64 digits, with every hyper-parameter on and epsilons as large as gradients',
    source: 'the papers of the rows',
    kills: ['tf-keras 2f003f9f1', 'burn #621', 'mlx #1640', 'convnetjs #70', 'TF #35102', 'pytorch #22628'],
    subjects: known,
    given: (port, name) => {
      const of = (size: Size) => training(port, name, sparse(port), { most: 5, leaves: 2, side: 2, ...size });
      const rare = [[[2, 1, 2]], [[11]], [[]], [[1], [2], [1, 2], [1]]];
      return visiting(of({}), ...rare.map((shapes) => of({ shapes, least: 2, most: 3 })));
    },
    *holds(r, port, name) {
      return follows(port, name, r, yield* trajectory(name, r));
    },
  }),
  law<Training>({
    id: 'optimizer/trajectory',
    ref: 'O-39',
    class: '64-digit oracle',
    runs: 4,
    says: 'fifty steps in a row stay on the 64-digit trajectory of the published rule, within its running error bound',
    source: 'the papers of the rows',
    kills: ['OLMo-core #317', 'chainer #7661', 'holocron #1', 'tf-keras 32b15912a'],
    subjects: known,
    // not shrunk: fifty steps at 64 digits take long, and stay fifty
    given: (port, name) =>
      fc.noShrink(
        training(port, name, sparse(port), {
          least: FIFTY,
          most: FIFTY,
          shapes: rowOf(name).traits.sees === 'coordinate' ? [[3]] : [[2, 2], [1]],
        }).map((r) => ({ ...r, hyper: slower(r.hyper) })),
      ),
    *holds(r, port, name) {
      const got = yield* trajectory(name, r);
      return every([claim('steps', got.length === FIFTY, got.length, FIFTY), follows(port, name, r, got)]);
    },
  }),
  law<Training>({
    id: 'optimizer/long-run',
    ref: 'O-39',
    class: '64-digit oracle',
    runs: 1,
    says: 'nor does a run of 128 steps leave it, when every power of a decay that a correction has is nothing to the format',
    source: 'the papers of the rows',
    kills: ['OLMo-core #317'],
    subjects: known,
    given: (port, name) =>
      fc.noShrink(
        training(port, name, cotangent(port.dtype), { least: LONG, most: LONG, shapes: [[1]] }).map((r) =>
          port.dtype === 'f64' ? r : { ...r, hyper: slower(r.hyper) },
        ),
      ),
    *holds(r, port, name) {
      return follows(port, name, r, yield* trajectory(name, r));
    },
  }),
  law<Training & { readonly rates: readonly number[] }>({
    id: 'optimizer/rate-per-step',
    ref: 'O-10, O-39',
    class: '64-digit oracle',
    runs: 12,
    says: 'a learning rate that changes takes effect where the rule has it: inside the velocity or outside, on the decay, in the weights of an average',
    source: 'the papers of the rows',
    subjects: (port) => known(port).filter((name) => port.has(`optimizer.${name}.run_with_rates`)),
    given: (port, name) =>
      training(port, name, undefined, { least: 3, most: 5, leaves: 2, side: 2 }).chain((r) =>
        fc
          .array(
            fc.oneof({ arbitrary: between(port, 1 / 64, 1 / 2), weight: 7 }, { arbitrary: fc.constant(0), weight: 1 }),
            { minLength: r.gradients.length, maxLength: r.gradients.length },
          )
          .map((rates) => ({ ...r, rates })),
      ),
    *holds(r, port, name) {
      const { params, gradients, hyper, rates } = r;
      const answer = yield* ask(`optimizer.${name}.run_with_rates`, { params, gradients, hyper, rates });
      const inside = port.conventions.momentumRate === 'inside' ? { lrInside: 1 } : {}; // where the port does not say
      return follows(port, name, { ...r, hyper: { ...inside, ...hyper } }, answer.steps('params'));
    },
  }),
  law<Training>({
    id: 'optimizer/text',
    ref: 'O-39',
    class: '64-digit oracle',
    runs: 5,
    says: 'every step follows the text that the row shows to its readers, computed at 64 digits, matrices of any shape included',
    source: 'the row of the optimizer',
    kills: ['PyTorch #142323 (documentation and code disagree)'],
    subjects: standard,
    given: (port, name) => training(port, name, undefined, { most: 4 }),
    holds: agrees,
  }),
  law<Training>({
    id: 'optimizer/sgd-exact',
    ref: 'O-01, O-36',
    class: 'lattice',
    says: 'on small integers and a power-of-two rate, w − lr·g is exact and applied once',
    kills: ['gorgonia #494'],
    subjects: among(['sgd'], 'optimizer', 'run'),
    given: (port, name) => training(port, name, small).map((r) => ({ ...r, hyper: { lr: 1 / 4 } })),
    *holds(r, _port, name) {
      let want = r.params;
      const all = r.gradients.map(
        (gs) =>
          (want = want.map((w, i) => ({ shape: w.shape, data: w.data.map((v, j) => v - (gs[i]?.data[j] ?? 0) / 4) }))),
      );
      return agree('w', yield* trajectory(name, r), all);
    },
  }),
  law<{ readonly r: Training; readonly a: number; readonly b: number }>({
    id: 'optimizer/sgd-linear',
    ref: 'O-03',
    class: 'power of two',
    runs: 50,
    says: 'the step of plain descent is linear in the rate and in the gradient: powers of two of either scale it without rounding',
    subjects: among(['sgd'], 'optimizer', 'run'),
    given: (port, name) =>
      fc.record({
        r: training(port, name).map((r) =>
          mapRun(
            { ...r, gradients: r.gradients.slice(0, 1) },
            () => 0,
            (g) => g,
          ),
        ),
        a: powerOfTwo(-9, 9),
        b: powerOfTwo(-9, 9),
      }),
    *holds({ r, a, b }, _port, name) {
      const scaled = mapRun(
        { ...r, hyper: { lr: (r.hyper.lr ?? 0) * a } },
        (w) => w,
        (g) => g * b,
      );
      return agree(
        `w for ${a}·lr and ${b}·g`,
        yield* trajectory(name, scaled),
        yield* trajectory(name, r),
        (v) => v * a * b,
      );
    },
  }),
  law<Training>({
    id: 'optimizer/zero-lr',
    ref: 'O-02, P-09',
    class: 'exact',
    runs: 30,
    says: 'a learning rate of 0 is honoured: no parameter moves',
    kills: ['neataptic rate || 0.3', 'synaptic'],
    subjects: each('optimizer', 'run'),
    given: (port, name) => training(port, name).map((r) => setting(port, name, r, { lr: 0 })),
    *holds(r, _port, name) {
      return agree(
        'w',
        yield* trajectory(name, r),
        r.gradients.map(() => r.params),
      );
    },
  }),
  law<Training>({
    id: 'optimizer/zero-gradient',
    ref: 'O-18, O-38',
    class: 'exact',
    runs: 30,
    says: 'from a fresh state a zero gradient moves nothing and makes no NaN',
    kills: ['pylearn2 #1496', 'mistnet #94', 'Optimisers.jl #190', 'pytorch #1767'],
    subjects: each('optimizer', 'run'),
    given: (port, name) =>
      withSomeEpsilon(training(port, name)).map((r) =>
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
  law<Training>({
    id: 'optimizer/odd',
    ref: 'O-15',
    class: 'exact',
    runs: 40,
    says: 'from zero, negated gradients give the negated trajectory',
    subjects: whose((row) => row.traits.odd),
    given: (port, name) =>
      training(port, name).map((r) =>
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
  law<{ readonly r: Training; readonly k: number }>({
    id: 'optimizer/scale-free',
    ref: 'O-13',
    class: 'power of two',
    runs: 40,
    says: 'without epsilons, rules that measure gradients by gradients do not change when all are scaled by 2ᵏ',
    subjects: whose((row) => row.traits.scaleFree),
    given: (port, name) =>
      fc.record({
        r: training(port, name).map((r) => ({ ...r, hyper: withoutEpsilons(r.hyper) })),
        k: fc.oneof(
          { withCrossShrink: true },
          { arbitrary: fc.integer({ min: -9, max: 9 }), weight: 3 },
          { arbitrary: fc.integer({ min: -40, max: 40 }), weight: 1 },
        ),
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
  law<Training>({
    id: 'optimizer/leaves-apart',
    ref: 'O-16, O-20, P-08',
    class: 'exact',
    runs: 50,
    says: 'parameters do not see each other: a leaf moves alone as it does in company, and coordinates may be permuted',
    kills: ['tinygrad fc6f355c6', 'tf-keras c7629ffc8', 'pennylane #1928', 'PyTorch #196083'],
    subjects: whose((row) => row.traits.sees === 'coordinate'),
    given: training,
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
  law<Training>({
    id: 'optimizer/leaves-of-their-own',
    ref: 'O-20, P-08',
    class: 'exact',
    runs: 30,
    says: 'a tensor moves alone as it does in company, for rules that measure tensor by tensor',
    subjects: whose((row) => row.traits.sees === 'leaf'),
    given: training,
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
];
