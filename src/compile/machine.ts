// From a program to a machine that runs it over a memory of its own, and the two ways to use one: once, and step after step.
import { DomainError, ShapeError } from '../core/errors.ts';
import { type Shape, sameShape, show, size } from '../core/shape.ts';
import { Tensor } from '../core/tensor.ts';
import type { Lang } from '../ops/lang.ts';
import { type Fused, fuse } from './fuse.ts';
import { lanesOf, POOL_BYTES, poolOf } from './lanes.ts';
import { type Lowered, lower, type Value } from './lower.ts';
import { nestCode, repeat, type Unit } from './nest.ts';
import { type Plan, plan } from './plan.ts';
import { type Dtype, type Program, type Pure, printed, trace } from './program.ts';
import { gatherCode, hostKernel, uniformCode } from './solo.ts';
import {
  type Code,
  call,
  func,
  host,
  type Import,
  i32,
  instantiate,
  type Locals,
  load,
  seq,
  store,
  sub,
  wasmModule,
  whileLoop,
} from './wasm.ts';

/**
 * `reproducible`: every operation is rounded, in an order that is fixed, so that results are the same on every machine, and
 * those of the eager engine in f64. `fast`: sums of products are rounded once where the processor can do that.
 */
export type Mode = 'reproducible' | 'fast';

export interface CompileOptions {
  readonly dtype?: Dtype;
  readonly mode?: Mode;
}

type Buffer = Float64Array | Float32Array;

/** A program at work: buffers to write inputs to and read outputs from, in its memory, and the step itself. */
export interface Machine {
  readonly program: Program;
  readonly inputs: readonly Buffer[];
  readonly outputs: readonly Buffer[];
  /** So many steps; each leaves the first outputs where the first inputs are, if the machine has a state. */
  readonly run: (steps: number) => void;
  /** What the compiler knows of it. */
  readonly parts: {
    readonly lowered: Lowered;
    readonly fused: Fused;
    readonly plan: Plan;
    readonly wasm: Uint8Array;
    readonly start: number;
  };
}

const PAGE = 65536;
/** Loads may reach so far behind the last value. */
const MARGIN = 256;

/** The first `state` outputs become the first inputs of the next step. */
export const machineOf = (
  program: Program,
  { mode = 'reproducible', state = 0 }: { readonly mode?: Mode; readonly state?: number } = {},
): Machine => {
  const { dtype } = program;
  const lowered = lower(program);
  const fused = fuse(lowered);
  const pool = poolOf();
  const lanes = lanesOf(dtype, mode === 'fast', pool);
  const { width } = lanes;
  const where = plan(lowered, fused, state, width, POOL_BYTES);
  const unit: Unit = { lowered, fused, plan: where, lanes };
  const value = (v: number): Value => lowered.values[v] as Value; // in range
  const at = (v: number): number => where.offset[v] as number; // of stored values
  const imports: Import[] = [];
  const kernels: Record<string, () => void> = {};
  const memory = new host.Memory({ initial: Math.ceil((where.end + MARGIN) / PAGE) });
  const view = (address: number, n: number): Buffer =>
    dtype === 'f64' ? new Float64Array(memory.buffer, address, n) : new Float32Array(memory.buffer, address, n);

  const solo = (v: number, l: Locals): Code => {
    const it = value(v);
    const [x = 0, y = 0] = it.reads;
    if (it.kind === 'gather') return gatherCode(it, lanes, at(x), at(v), l);
    if (it.kind === 'uniform') return uniformCode(it, lanes, at(x), at(v), l);
    if (it.kind === 'product') return productCode(it, at(x), at(y), at(v), l);
    if (it.kind !== 'host') throw new RangeError(`compile: a ${it.kind} must be in a nest`);
    const name = `kernel${imports.length}`;
    const imported: Import = { name, params: 0 };
    imports.push(imported);
    const kernel = hostKernel(it, view);
    const sizes = it.reads.map((r) => value(r).size);
    kernels[name] = () => kernel(it.reads.map(at), sizes, at(v), it.size);
    return call(imported);
  };
  const productCode = (it: Value & { readonly kind: 'product' }, x: number, y: number, to: number, l: Locals): Code => {
    const { m, k, n, turned } = it;
    const type = dtype;
    const [mulCode, addCode] = dtype === 'f64' ? [0xa2, 0xa0] : [0x94, 0x92];
    const strideX = turned[0] ? [width, m * width] : [k * width, width];
    const strideY = turned[1] ? [width, k * width] : [n * width, width];
    const sum = dtype === 'f64' ? l.f64() : l.f32();
    const zero = dtype === 'f64' ? [0x44, 0, 0, 0, 0, 0, 0, 0, 0] : [0x43, 0, 0, 0, 0];
    const place = (p: { moving?: { get: Code<'i32'> }; offset: number }): Code<'i32'> =>
      p.moving ? ([p.moving.get, i32(p.offset), 0x6a] as unknown as Code<'i32'>) : i32(p.offset);
    return repeat(
      l,
      m,
      [
        { from: { offset: x }, by: strideX[0] as number },
        { from: { offset: to }, by: n * width },
      ],
      (xr, tr) =>
        repeat(
          l,
          n,
          [
            { from: { offset: y }, by: strideY[0 + 1] as number },
            { from: tr as never, by: width },
          ],
          (yc, t) =>
            seq(
              sum.set(zero as never),
              repeat(
                l,
                k,
                [
                  { from: xr as never, by: strideX[1] as number },
                  { from: yc as never, by: strideY[0] as number },
                ],
                (a, b) =>
                  sum.set([
                    sum.get,
                    load(type, place(a as never)),
                    load(type, place(b as never)),
                    mulCode,
                    addCode,
                  ] as never),
              ),
              store(type, place(t as never), sum.get as never),
            ),
        ),
    );
  };
  const group = (k: number, l: Locals): Code => {
    const g = fused.groups[k];
    if (g === undefined) return [];
    return g.kind === 'nest' ? nestCode(unit, g, k, l) : solo(g.member, l);
  };
  const copied = (from: number, to: number, n: number, l: Locals): Code => {
    const type = width === 8 ? 'i64' : 'i32';
    return repeat(
      l,
      n,
      [
        { from: { offset: from }, by: width },
        { from: { offset: to }, by: width },
      ],
      (a, b) => {
        const place = (p: typeof a) =>
          p?.moving ? ([p.moving.get, i32(p.offset), 0x6a] as unknown as Code<'i32'>) : i32(p?.offset ?? 0);
        return store(type, place(b), load(type, place(a)));
      },
    );
  };
  const step = func(undefined, [], (l) =>
    seq(
      ...fused.groups.map((_, k) => group(k, l)),
      ...where.copies.map(({ from, to }) => copied(at(from), at(to), value(from).size, l)),
    ),
  );
  const run = func('run', ['steps'], (_l, { steps }) =>
    whileLoop(steps.get, seq(call(step), steps.set(sub(steps.get, i32(1))))),
  );
  const pages = Math.ceil((where.end + MARGIN) / PAGE);
  const wasm = wasmModule({
    imports,
    memory: { pages },
    functions: [step, run],
    data: [{ at: 0, bytes: pool.bytes() }],
  });
  const exports = instantiate(wasm, memory, kernels);
  const buffers = (vs: readonly number[]): readonly Buffer[] => vs.map((v) => view(at(v), value(v).size));
  return {
    program,
    inputs: buffers(lowered.inputs),
    outputs: buffers(lowered.outputs),
    run: (steps) => {
      exports.run?.(steps);
    },
    parts: { lowered, fused, plan: where, wasm, start: POOL_BYTES },
  };
};

/** Machines by what they compute, so that equal programs are compiled once. A program that is dropped is collected with its map. */
const cached = <M>(make: (program: Program) => M): ((key: string, program: () => Program) => M) => {
  const byShapes = new Map<string, M>();
  return (key, program) => {
    const before = byShapes.get(key);
    if (before !== undefined) return before;
    const made = make(program());
    byShapes.set(key, made);
    return made;
  };
};

const tensorsOf = (machine: Machine, buffers: readonly Buffer[], ids: readonly number[]): readonly Tensor[] =>
  buffers.map((b, i) => Tensor.from((machine.program.equations[ids[i] as number] as { shape: Shape }).shape, b)); // one each

/**
 * A pure function as a machine: traced and compiled once for every list of shapes, and a function of tensors again.
 * @throws ShapeError as the function itself would
 */
export const compile = (
  f: Pure,
  { dtype = 'f64', mode = 'reproducible' }: CompileOptions = {},
): ((xs: readonly Tensor[]) => readonly Tensor[]) => {
  const machine = cached((program) => machineOf(program, { mode }));
  return (xs) => {
    const shapes = xs.map((x) => x.shape);
    const made = machine(shapes.join(';'), () => trace(f, shapes, dtype));
    for (const [i, x] of xs.entries()) made.inputs[i]?.set(x.view);
    made.run(1);
    return tensorsOf(made, made.outputs, made.program.outputs);
  };
};
void DomainError;
void ShapeError;
void sameShape;
void show;
void size;
void printed;

export type { Lang };
