// The loops of pointwise rows: one per row, compiled from text with its own function inside, so that no number becomes an object.
import { codeOf, compiled, lazily } from '../core/code.ts';
import { type Shape, stridesOnto, walk } from '../core/shape.ts';
import type { View } from '../core/tensor.ts';
import { numbers, type Vec } from '../core/vec.ts';

type Kernel = (out: Float64Array, ins: readonly View[], p: unknown, shapes: readonly Shape[], shape: Shape) => void;
/** What a loop does to the numbers at one place. */
export type Inner = <V, M>(v: Vec<V, M>, xs: readonly V[], p: Readonly<Record<string, V>>) => V;

/** Flat step through an argument: 1 along with the result, 0 for a single element, −1 where axes need the odometer. */
const flatStep = (x: View, out: Float64Array): number => (x.length === out.length ? 1 : x.length === 1 ? 0 : -1);

const stridesOf = (shapes: readonly Shape[], shape: Shape): readonly (readonly number[])[] =>
  shapes.map((s) => stridesOnto(s, shape));

/** The same loop, the same operations in the same order, without a compiler. */
const interpreted =
  (inner: Inner): Kernel =>
  (out, ins, p, shapes, shape) =>
    walk(shape, stridesOf(shapes, shape), (i, ...at) => {
      const xs = ins.map((x, k) => x[at[k] as number] as number); // one offset per argument, in range
      out[i] = inner(numbers, xs, (p ?? {}) as Readonly<Record<string, number>>); // pointwise parameters are numbers
    });

/** The text of the loop: flat where every argument runs along with the result or stands still, else by the odometer. */
const textOf = (arity: number, inner: Inner, params: readonly string[]): string => {
  const names = Array.from({ length: arity }, (_, k) => `x${k}`);
  const { lines, value } = codeOf((v) => inner(v, names, Object.fromEntries(params.map((p) => [p, `p_${p}`]))));
  const each = (text: (k: number) => string, joint = ' '): string => names.map((_, k) => text(k)).join(joint);
  const body = (at: (k: number) => string): string =>
    `${each((k) => `const x${k} = in${k}[${at(k)}];`)} ${lines.join(' ')} out[i] = ${value};`;
  return `(out, [${each((k) => `in${k}`, ', ')}], p, shapes, shape) => {
    ${params.map((name) => `const p_${name} = p.${name};`).join(' ')}
    ${each((k) => `const s${k} = flatStep(in${k}, out);`)}
    if (${each((k) => `s${k} >= 0`, ' && ')})
      for (let i = 0; i < out.length; i++) { ${body((k) => `s${k} * i`)} }
    else
      walk(shape, stridesOf(shapes, shape), (i, a0, a1, a2) => { ${body((k) => `a${k}`)} });
  }`;
};

/** The kernel of a pointwise row, compiled when it is first used. */
export const loopOf = (arity: number, inner: Inner, params: readonly string[]): Kernel => {
  const made = lazily(
    () => compiled<Kernel>(textOf(arity, inner, params), { flatStep, stridesOf, walk }) ?? interpreted(inner),
  );
  return (out, ins, p, shapes, shape) => made()(out, ins, p, shapes, shape);
};
