// Kernels of values that no loop nest holds: numbers moved about, counts, and kernels of the table called from within.
import { stridesOnto } from '../core/shape.ts';
import type { Lanes, Place } from './lanes.ts';
import type { Count, Gather, HostCall } from './lower.ts';
import { repeat, type Share } from './nest.ts';
import type { Buffer } from './program.ts';
import { add, type Code, i32, type Locals, load, op, store } from './wasm.ts';

/** A place as the code that computes it. */
export const addressOf = ({ moving, offset }: Place) =>
  moving === undefined ? i32(offset) : add(moving.get, i32(offset));

/** Every number from the place that the strides say, one after the other. */
export const gatherCode = (
  { shape, strides }: Pick<Gather, 'shape' | 'strides'>,
  { width }: Lanes,
  from: number,
  to: number,
  l: Locals,
  share?: Share,
): Code => {
  const type = width === 8 ? 'i64' : 'i32'; // bits, so that no NaN is touched
  const own = stridesOnto(shape, shape);
  const along = (axis: number, source: Place, target: Place): Code => {
    const n = shape[axis];
    if (n === undefined) return store(type, addressOf(target), load(type, addressOf(source)));
    return repeat(
      l,
      n,
      [
        { from: source, by: (strides[axis] ?? 0) * width },
        { from: target, by: (own[axis] ?? 0) * width },
      ],
      (s = source, t = target) => along(axis + 1, s, t),
      4,
      axis === 0 ? share : undefined,
    );
  };
  return along(0, { offset: from }, { offset: to });
};

/** A count that goes on. */
export const countCode = ({ by }: Count, from: number, to: number): Code => {
  const step: Code<'f64'> = [0x44, ...new Uint8Array(new Float64Array([by]).buffer)];
  return store('f64', i32(to), op(0xa0, [load('f64', i32(from)), step]));
};

/** A kernel of the table on buffers of the memory, as doubles. */
export const hostKernel =
  ({ row, p, shapes, shape, size }: HostCall, ins: readonly Buffer[], to: Buffer) =>
  (): void => {
    const out = new Float64Array(size);
    row.kernel(
      out,
      ins.map((x) => Float64Array.from(x)),
      p,
      shapes,
      shape,
    );
    to.set(out);
  };
