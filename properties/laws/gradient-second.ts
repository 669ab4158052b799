// Forward mode and second derivatives: tangents, products with the Hessian, and the orders of modes that reach them.
import fc from 'fast-check';
import { hvp, vjp } from '../../src/index.ts';
import type { Values } from '../arbitraries.ts';
import { camel, type Plain } from '../contract.ts';
import { ask, every, having, law, same, type Verdict, within } from '../law.ts';
import { type Big, exact, expecting, nearest, ZERO } from '../oracle/exact.ts';
import { programOver } from '../oracle/model.ts';
import { curved, pushed, slopeAlong, valueAt } from '../oracle/program.ts';
import { bounded } from '../oracle/readings.ts';
import type { PortInfo } from '../port.ts';
import { type ProgramCase, smoothProgram, WHOLE_OPS, wholeProgram } from '../programs.ts';
import { exactly, grantOf, TAYLOR_ORDER_ERROR } from '../tolerance.ts';
import { boundedOf, graph, like, usesOps } from './cases.ts';
import { SMOOTH } from './gradient-models.ts';

const wholes = usesOps(...WHOLE_OPS);
const withEntry =
  (subjects: (port: PortInfo) => readonly string[], ...entries: readonly string[]) =>
  (port: PortInfo): readonly string[] =>
    subjects(port).filter(() => having(...entries)(port).length > 0);
const smoothNames = (port: PortInfo): readonly string[] => SMOOTH.map(camel).filter((op) => port.ops.includes(op));
const smooths = (port: PortInfo): readonly string[] =>
  usesOps('matmul', 'add', 'square', 'sum')(port).filter(() => smoothNames(port).length > 0);

const pull = (c: ProgramCase, dy: Values = c.dy) => graph(c.equations, c.inputs, dy);
const product = (c: ProgramCase, u: readonly Values[], mode: string) =>
  ask('program.graph.hvp', { equations: c.equations, inputs: c.inputs, u, mode });
const MODES = ['reverseOverReverse', 'forwardOverReverse', 'reverseOverForward'] as const;

const dot = (as: readonly { readonly data: ArrayLike<number> }[], us: readonly Values[]): number =>
  as.reduce((s, a, i) => Array.from(a.data).reduce((t, v, k) => t + v * (us[i]?.data[k] ?? 0), s), 0);
/** The same without rounding. */
const exactDot = (as: readonly Plain[], us: readonly Values[]): Big =>
  as.reduce<Big>(
    (s, a, i) => Array.from(a.data).reduce((t, v, k) => t.plus(exact(v).times(exact(us[i]?.data[k] ?? 0))), s),
    ZERO,
  );

const each = (what: string, got: readonly Plain[], expected: readonly (readonly number[])[]): Verdict =>
  every(expected.map((e, i) => same(`${what} ${i}`, got[i]?.data ?? [], e)));

export const gradientSecondLaws = [
  law<ProgramCase>({
    id: 'gradient/forward-mode',
    ref: 'G-06',
    class: 'lattice',
    runs: 60,
    says: 'forward mode gives the value and J·u of a program of whole numbers, each exactly',
    source: 'Griewank & Walther 2008, §3.1',
    subjects: withEntry(wholes, 'program.graph.jvp', 'program.graph.forward'),
    given: (port) => wholeProgram(port),
    *holds(c) {
      const { equations, inputs, u } = c;
      const ju = pushed(c);
      fc.pre(ju !== null);
      const answer = yield* ask('program.graph.jvp', { equations, inputs, u });
      const alone = (yield* ask('program.graph.forward', { equations, inputs })).tensor('y');
      const value = valueAt(c).data.map(nearest);
      return every([
        same('y', answer.tensor('y').data, value),
        same('y without a tangent', alone.data, value),
        same('J·u', answer.tensor('dy').data, (ju ?? []).map(nearest)),
      ]);
    },
  }),
  law<ProgramCase>({
    id: 'gradient/second-order-taylor',
    ref: 'G-05',
    class: '64-digit oracle',
    runs: 10,
    says: 'what a smooth program is off its second-order expansion falls with the third power of the step',
    formula: 'log₄(R(2⁻¹²) / R(2⁻¹⁴)) = 3, R(e) = |F(x + eu) − F(x) − e·⟨g, u⟩ − e²/2·⟨u, H·u⟩|',
    source: 'Farrell, Ham, Funke & Rognes 2013, §2.3',
    // the remainder at these steps is far below what single precision loses of the gradient
    subjects: (port) => (port.dtype === 'f64' ? withEntry(smooths, 'program.graph.hvp')(port) : []),
    given: (port) => smoothProgram(port, smoothNames(port)),
    *holds(c, port) {
      const steps = [exact(2 ** -12), exact(2 ** -14)] as const;
      const g = exactDot((yield* pull(c)).tensors('dinputs'), c.u);
      const hu = exactDot((yield* product(c, c.u, MODES[0])).tensors('products'), c.u);
      const start = valueAt(c).data[0] ?? ZERO;
      const lost = steps.map((e) => (valueAt(c, [[c.u, e]]).data[0] ?? ZERO).minus(start));
      const rest = (slope: Big, bend: Big): readonly number[] =>
        steps.map((e, i) =>
          nearest((lost[i] ?? ZERO).minus(e.times(slope)).minus(e.times(e).times(bend).div(2)).abs()),
        );
      const order = ([far = 0, near = 0]: readonly number[]): number => Math.log2(far / near) / 2;
      const truth = curved(c, c.u).reduce<Big>(
        (s, t, i) => t.reduce((r, v, k) => r.plus(v.times(exact(c.u[i]?.data[k] ?? 0))), s),
        ZERO,
      );
      const along = slopeAlong(c);
      const ideal = rest(along, truth);
      fc.pre(Math.abs(order(ideal) - 3) < TAYLOR_ORDER_ERROR / 2);
      const o = bounded(grantOf(port));
      const at = c.inputs.map(boundedOf);
      const bounds = vjp(programOver(c.equations), o, at).pull(boundedOf(c.dy));
      const second = hvp(programOver(c.equations))(o, at, c.u.map(boundedOf));
      const size = (bs: typeof bounds): number =>
        dot(
          bs.map((b) => ({ data: b.error.view })),
          c.u.map((u) => like(u, u.data.map(Math.abs))),
        );
      const uncertain = size(bounds) * 2 ** -14 + size(second) * 2 ** -29;
      fc.pre(uncertain < (ideal[1] ?? 0) * (TAYLOR_ORDER_ERROR / 8));
      return within('order of the remainder', [order(rest(g, hu))], [exactly(3)], [TAYLOR_ORDER_ERROR]);
    },
  }),
  law<ProgramCase>({
    id: 'gradient/hessian-product',
    ref: 'G-05, G-26',
    class: '64-digit oracle',
    runs: 10,
    says: 'H·u of a smooth program by each order of modes agrees, entry by entry, with mixed second differences of its value inside its running error bound',
    formula: '(H·u)ᵢ = (F(x + hu + heᵢ) − F(x + hu − heᵢ) − F(x − hu + heᵢ) + F(x − hu − heᵢ)) / 4h²',
    source: 'Pearlmutter 1994, §3',
    kills: ['torch #79609'],
    subjects: withEntry(smooths, 'program.graph.hvp'),
    given: (port) => smoothProgram(port, smoothNames(port)),
    *holds(c, port) {
      const truth = curved(c, c.u);
      const verdicts: Verdict[] = [];
      for (const mode of MODES) {
        const got = (yield* product(c, c.u, mode)).tensors('products');
        const bound = hvp(programOver(c.equations), mode)(
          bounded(grantOf(port)),
          c.inputs.map(boundedOf),
          c.u.map(boundedOf),
        );
        truth.forEach((t, i) => {
          verdicts.push(
            within(
              `${mode}: product of input ${i}`,
              got[i]?.data ?? [],
              t.map((v) => expecting(v, port.dtype)),
              bound[i]?.error.view ?? [],
            ),
          );
        });
      }
      return every(verdicts);
    },
  }),
  law<ProgramCase>({
    id: 'gradient/hessian-symmetric',
    ref: 'G-25',
    class: 'lattice',
    runs: 50,
    says: 'the Hessian is symmetric: ⟨u, H·v⟩ = ⟨v, H·u⟩ exactly on whole numbers',
    source: 'Schwarz 1873 (equality of mixed partials)',
    subjects: withEntry(wholes, 'program.graph.hvp'),
    given: (port) => wholeProgram(port, true),
    *holds(c) {
      const [hu, hv] = [
        (yield* product(c, c.u, MODES[0])).tensors('products'),
        (yield* product(c, c.v, MODES[0])).tensors('products'),
      ];
      return same('⟨v, H·u⟩ against ⟨u, H·v⟩', [dot(hu, c.v)], [dot(hv, c.u)]);
    },
  }),
  law<ProgramCase>({
    id: 'gradient/modes-agree',
    ref: 'G-26',
    class: 'lattice',
    runs: 40,
    says: 'forward over reverse, reverse over forward and reverse over reverse give the same H·u, exactly on whole numbers',
    kills: ['torch #79609'],
    subjects: withEntry(wholes, 'program.graph.hvp'),
    given: (port) => wholeProgram(port, true),
    *holds(c) {
      const [first, ...others] = MODES;
      const base = (yield* product(c, c.u, first)).tensors('products').map((t) => Array.from(t.data));
      const verdicts: Verdict[] = [];
      for (const mode of others)
        verdicts.push(each(`${mode}: product of input`, (yield* product(c, c.u, mode)).tensors('products'), base));
      return every(verdicts);
    },
  }),
];
