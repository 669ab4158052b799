// Truths about programs as data at 64 digits: values by formulas, derivatives by differences, kinks one by one.
import type { Values } from '../arbitraries.ts';
import type { ProgramCase } from '../programs.ts';
import { ORACLE_STEP, SECOND_STEP } from '../tolerance.ts';
import { type Big, big, ZERO } from './exact.ts';
import { programOver, valuesOver } from './model.ts';
import { Exact, exactly64, shifted } from './readings.ts';

const exactOf = (v: Values): Exact => Exact.from(v.shape, v.data);
const like = (v: Values, data: readonly number[]): Values => ({ shape: v.shape, data });

/** The value of a program at 64 digits: each operation by its formula, moved along tangents by so many steps. */
export const valueAt = (c: ProgramCase, moves: readonly (readonly [us: readonly Values[], h: Big])[] = []): Exact =>
  programOver(c.equations)(
    exactly64,
    c.inputs.map((x, i) => moves.reduce((at, [us, h]) => shifted(at, us[i]?.data ?? [], h.toString()), exactOf(x))),
  );

/** Whether some operation bends or ties where it is: kinks may cancel along one direction, so each is looked for. */
export const bends = (c: ProgramCase): boolean => {
  const values = valuesOver(c.equations)(exactly64, c.inputs.map(exactOf));
  const flat = c.inputs[3]?.data.length ?? 1; // the row that broadcasts
  return c.equations.some(({ op, reads: [i = 0, j = 0] }) => {
    const [a, b] = [values[i]?.data ?? [], values[j]?.data ?? []];
    if (op === 'relu' || op === 'abs') return a.some((v) => v.isZero());
    const other = (k: number): Big => b[b.length < a.length ? k % flat : k] ?? ZERO;
    return (op === 'maximum' || op === 'minimum') && a.some((v, k) => v.eq(other(k)));
  });
};

/** J·u at 64 digits, or null at a kink. */
export const pushed = (c: ProgramCase): readonly Big[] | null => {
  if (bends(c)) return null;
  const h = big(ORACLE_STEP);
  const [down, up] = [valueAt(c, [[c.u, h.neg()]]), valueAt(c, [[c.u, h]])];
  // the truth has fewer than forty binary places; the difference is off in its fortieth decimal
  const places = 2 ** 40;
  return up.data.map((v, i) =>
    v
      .minus(down.data[i] ?? ZERO)
      .div(h.times(2))
      .times(places)
      .round()
      .div(places),
  );
};

/** ⟨∇F, u⟩ of a smooth program at 64 digits. */
export const slopeAlong = (c: ProgramCase): Big => {
  const h = big(ORACLE_STEP);
  const [down, up] = [valueAt(c, [[c.u, h.neg()]]), valueAt(c, [[c.u, h]])].map((y) => y.data[0] ?? ZERO);
  return (up ?? ZERO).minus(down ?? ZERO).div(h.times(2));
};

/** H·u at 64 digits by mixed second differences of the value alone, one element at a time. */
export const curved = (c: ProgramCase, us: readonly Values[]): readonly (readonly Big[])[] => {
  const h = big(SECOND_STEP);
  const zero = c.inputs.map((x) =>
    like(
      x,
      x.data.map(() => 0),
    ),
  );
  return c.inputs.map((x, i) =>
    x.data.map((_, k) => {
      const e = zero.map((z, j) =>
        j === i
          ? like(
              z,
              z.data.map((_v, l) => Number(l === k)),
            )
          : z,
      );
      const f = (a: Big, b: Big): Big =>
        valueAt(c, [
          [us, a],
          [e, b],
        ]).data[0] ?? ZERO;
      return f(h, h).minus(f(h, h.neg())).minus(f(h.neg(), h)).plus(f(h.neg(), h.neg())).div(h.times(h).times(4));
    }),
  );
};
