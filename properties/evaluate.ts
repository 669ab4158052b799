// A program evaluated number by number, in doubles or singles: the plain reading that compiled code is held to.
import { ROWS, type Shape, type TracedProgram } from '../src/index.ts';
import { middles, numbers, type SumParams, singles, stridesOnto, type Vec, walk } from '../src/internal.ts';

const CARRIERS: Readonly<Record<TracedProgram['dtype'], Vec<number, boolean>>> = { f64: numbers, f32: singles };
/** Partial sums of a row. */
const PARTIALS = 8;

/** Σ of n numbers from a place on, every `step`-th, in the engine's order for rows. */
const sumOfRow = (v: Vec<number, boolean>, x: ArrayLike<number>, at: number, n: number): number => {
  const parts = new Array<number>(PARTIALS).fill(0);
  for (let i = 0; i < n; i++) parts[i % PARTIALS] = v.add(parts[i % PARTIALS] as number, x[at + i] as number); // in range
  let width = PARTIALS;
  while (width > 1) {
    width /= 2;
    for (let i = 0; i < width; i++) parts[i] = v.add(parts[i] as number, parts[i + width] as number);
  }
  return parts[0] as number;
};

/** The values of the outputs of a program; what comes in is rounded to its carrier. */
export const evaluated = (program: TracedProgram, inputs: readonly ArrayLike<number>[]): readonly Float64Array[] => {
  const v = CARRIERS[program.dtype];
  const values: Float64Array[] = [];
  for (const { op, reads, shape, p } of program.equations) {
    const out = new Float64Array(shape.reduce((a, b) => a * b, 1));
    values.push(out);
    if (op === 'input') {
      out.set(Array.from(inputs[p as number] as ArrayLike<number>, v.lit)); // as many as it has
      continue;
    }
    if (op === 'literal') {
      out[0] = v.lit(p as number);
      continue;
    }
    const row = ROWS[op];
    const xs = reads.map((r) => values[r] as Float64Array); // earlier ones
    const shapes = reads.map((r) => (program.equations[r] as { shape: Shape }).shape);
    const [x = out, y = out] = xs;
    const [from = [], [k2 = 0, n = 0] = []] = shapes;
    switch (row.lower.as) {
      case 'each': {
        const { inner } = row.lower;
        const params = Object.fromEntries(
          Object.entries(p ?? {}).map(([name, value]) => [name, v.lit(value as number)]),
        );
        walk(
          shape,
          shapes.map((s) => stridesOnto(s, shape)),
          (i, ...at) => {
            out[i] = inner(
              v,
              xs.map((a, j) => a[at[j] as number] as number),
              params,
            ); // in range
          },
        );
        break;
      }
      case 'sum': {
        let current: ArrayLike<number> = x;
        for (const { outer, n: count, inner } of middles(from, p as SumParams)) {
          const next = new Float64Array(outer * inner);
          for (let i = 0; i < outer; i++)
            if (inner === 1) next[i] = sumOfRow(v, current, i * count, count);
            else
              for (let j = 0; j < count; j++)
                for (let c = 0; c < inner; c++)
                  next[i * inner + c] = v.add(
                    next[i * inner + c] as number,
                    current[(i * count + j) * inner + c] as number,
                  );
          current = next;
        }
        out.set(current);
        break;
      }
      case 'product':
        for (let i = 0; i < (from[0] ?? 0); i++)
          for (let j = 0; j < n; j++)
            for (let k = 0; k < k2; k++)
              out[i * n + j] = v.add(out[i * n + j] as number, v.mul(x[i * k2 + k] as number, y[k * n + j] as number));
        break;
      case 'draw': {
        ROWS.uniform.kernel(out, xs, p, shapes, shape);
        for (const [i, u] of out.entries()) {
          // a single has the first 23 bits of the double
          out[i] = row.lower.of(v, program.dtype === 'f32' ? (Math.floor(u * 2 ** 23) + 0.5) * 2 ** -23 : u);
        }
        break;
      }
      default:
        // what only moves numbers is exact; a kernel called from within is one of doubles, rounded
        row.kernel(out, xs, p, shapes, shape);
        for (let i = 0; i < out.length; i++) out[i] = v.lit(out[i] as number);
    }
  }
  return program.outputs.map((o) => values[o] as Float64Array);
};
