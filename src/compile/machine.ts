// From a program to a machine that runs it over a memory of its own.
import type { Mode } from './arithmetic.ts';
import { type Fused, fuse, type Group } from './fuse.ts';
import { gemmFunctions, isTiny, type Matrix, type Product as Operands, scratchBytes } from './gemm.ts';
import { lanesOf, POOL_BYTES, poolOf } from './lanes.ts';
import { type Lowered, lower, type Product, type Value } from './lower.ts';
import { nestCode, type Share, type Unit } from './nest.ts';
import { countOf, crewOf, effortOf, type Shared, sharedOut } from './parts.ts';
import { type Plan, plan } from './plan.ts';
import type { Program } from './program.ts';
import { drawCode, gatherCode, hostKernel } from './solo.ts';
import { type Job, type Threads, WORDS, WORDS_BYTES } from './threads.ts';
import {
  type Code,
  call,
  type Func,
  func,
  host,
  type Import,
  i32,
  instantiate,
  type Local,
  type Locals,
  seq,
  sub,
  wasmModule,
  whileLoop,
} from './wasm.ts';

export type Buffer = Float64Array | Float32Array;

/** A program at work: buffers in its memory for what comes in and goes out, and the step itself. */
export interface Machine {
  readonly program: Program;
  readonly inputs: readonly Buffer[];
  readonly outputs: readonly Buffer[];
  /** So many steps. Of a machine with a state, the first outputs lie where the first inputs are, for the next step. */
  readonly run: (steps: number) => void;
  /** What the compiler made, for reports and laws. */
  readonly made: {
    readonly lowered: Lowered;
    readonly fused: Fused;
    readonly plan: Plan;
    readonly wasm: Uint8Array;
    /** Where the arena begins; constants lie before it. */
    readonly arena: number;
    /** Every group alone, where the machine was made with a profile. */
    readonly groups: readonly (() => void)[];
    /** The parts of every group that threads share out, each of them alone, there too. */
    readonly parts: readonly (readonly (() => void)[])[];
    /** How many groups threads share out, and how many parts of them helpers have done so far. */
    readonly shared: number;
    readonly helped: () => number;
  };
}

export interface MachineOptions {
  readonly mode?: Mode;
  /** How many of the first outputs are the first inputs of the next step. */
  readonly state?: number;
  /** Whether groups can be run one by one, to be timed. */
  readonly profile?: boolean;
  /** Threads that share out groups of at least so much effort. */
  readonly threads?: Threads;
  readonly least?: number;
}

/** Code for a group, or for a share of its units. */
interface Piece {
  readonly code: Code;
  readonly units: number;
}
/** Of a group that cannot be shared out. */
const PIECE: Piece = { code: [], units: 1 };
interface Own extends Share {
  readonly scratch: Local<'i32'>;
}

const PAGE = 65536;
/** Loads of whole vectors may reach so far behind the last value. */
const MARGIN = 256;
/** Parts of a group for every thread. */
const PARTS = 1;
/** Instructions on vectors from which on a group is worth sharing out. */
const LEAST = 20_000;

/** The machine of a program. */
export const machineOf = (
  program: Program,
  { mode = 'reproducible', state = 0, profile = false, threads, least = LEAST }: MachineOptions = {},
): Machine => {
  const { dtype } = program;
  const lowered = lower(program);
  const fused = fuse(lowered);
  const pool = poolOf();
  const lanes = lanesOf(dtype, mode === 'fast', pool);
  const { width } = lanes;
  const multiplies = lowered.values.some((v) => v.kind === 'product');
  // constants, what threads agree by, what each of them packs, and then the arena
  const words = POOL_BYTES;
  const scratch = words + (threads === undefined ? 0 : WORDS_BYTES);
  const gemm = multiplies ? gemmFunctions(dtype, mode, scratch) : null;
  const arena = scratch + (multiplies ? scratchBytes(dtype) * (threads?.count ?? 1) : 0);
  const where = plan(lowered, fused, state, width, arena);
  const unit: Unit = { lowered, fused, plan: where, lanes };
  const pages = Math.ceil((where.end + MARGIN) / PAGE);
  const limits = threads === undefined ? { pages } : ({ pages, maximum: pages, shared: true } as const);
  const memory = new host.Memory({
    initial: pages,
    ...(threads === undefined ? {} : { maximum: pages, shared: true }),
  });
  const view = (address: number, n: number): Buffer =>
    dtype === 'f64' ? new Float64Array(memory.buffer, address, n) : new Float32Array(memory.buffer, address, n);
  const value = (v: number): Value => lowered.values[v] as Value; // in range
  const at = (v: number): number => where.offset[v] as number; // of stored values

  const parts = PARTS * (threads?.count ?? 1);
  const imports: Import[] = [];
  const kernels: Record<string, () => void> = {};
  const productOf = ({ reads: [x = 0, y = 0], m, k, n, turned: [turnedX, turnedY] }: Product, to: number): Operands => {
    const matrix = (v: number, line: number, isTurned: boolean, other: number): Matrix =>
      isTurned ? { at: at(v), line: width, step: other * width } : { at: at(v), line: line * width, step: width };
    return { a: matrix(x, k, turnedX, m), b: matrix(y, n, turnedY, k), c: { at: at(to), line: n * width }, m, n, k };
  };
  const product = (p: Operands, l: Locals, share?: Own): Piece => {
    if (gemm === null) throw new RangeError('compile: there is no product'); // there is one, so there are its functions
    if (share === undefined) return { code: isTiny(p) ? gemm.tiny(l, p) : gemm.product(p), units: 1 };
    const divided = isTiny(p) ? null : gemm.divided(p, parts);
    return divided === null
      ? PIECE
      : { ...divided, code: divided.code(share.from.get, share.to.get, share.scratch.get) };
  };
  const solo = (v: number, l: Locals, share?: Own): Piece => {
    const it = value(v);
    const [x = 0] = it.reads;
    switch (it.kind) {
      case 'gather':
        return { code: gatherCode(it, lanes, at(x), at(v), l, share), units: it.shape[0] ?? 1 };
      case 'draw':
        return drawCode(it, lanes, at(x), at(v), l, share);
      case 'product':
        return product(productOf(it, v), l, share);
      case 'host': {
        const imported: Import = { name: `kernel${imports.length}`, params: 0 };
        imports.push(imported);
        const ins = it.reads.map((r) => view(at(r), value(r).size));
        kernels[imported.name] = hostKernel(it, ins, view(at(v), it.size));
        return { code: call(imported), units: 1 };
      }
      default:
        throw new RangeError(`compile: a value of the kind ${it.kind} must lie in a nest`);
    }
  };
  /** A group, or a share of it. */
  const piece = (group: number, l: Locals, share?: Own): Piece => {
    const g = fused.groups[group] as Group; // in range
    return g.kind === 'nest' ? nestCode(unit, g, group, l, share) : solo(g.member, l, share);
  };
  /** A value over another, when a step ends. */
  const copied = (from: number, to: number, size: number, l: Locals): Code =>
    gatherCode({ shape: [size], strides: [1] }, lanes, from, to, l);

  const shared: (Shared & { readonly group: number })[] = [];
  for (const [group, g] of fused.groups.entries()) {
    if (threads === undefined || effortOf(lowered, g) <= least * lanes.count) continue;
    let units = 0;
    const own = func(undefined, ['from', 'to', 'scratch'], (l, share) => {
      const made = piece(group, l, share);
      units = made.units;
      return made.code;
    });
    const out = sharedOut(units, parts, shared.length);
    if (out !== null) shared.push({ ...out, func: own, group });
  }
  const crew = shared.length === 0 ? null : crewOf(shared, words, scratch, scratchBytes(dtype), profile);
  const groupCode = (group: number, l: Locals): Code => {
    const among = shared.findIndex((s) => s.group === group);
    return crew === null || among < 0 ? piece(group, l).code : crew.together(among);
  };
  const apart = profile ? fused.groups.map((_, k) => func(`group${k}`, [], (l) => groupCode(k, l))) : [];
  const step = func(undefined, [], (l) =>
    seq(
      ...fused.groups.map((_, k) => (profile ? call(apart[k] as Func) : groupCode(k, l))), // one each
      ...where.copies.map(({ from, to }) => copied(at(from), at(to), value(from).size, l)),
    ),
  );
  const run = func('run', ['steps'], (_l, { steps }) =>
    whileLoop(steps.get, seq(call(step), steps.set(sub(steps.get, i32(1))))),
  );
  const wasm = wasmModule({
    imports,
    memory: limits,
    functions: [
      ...[step, run, ...apart, ...(gemm?.functions ?? [])],
      ...(crew === null ? [] : [...crew.functions, ...shared.map((s) => s.func)]),
    ],
    data: [{ at: 0, bytes: pool.bytes() }],
  });
  const module = new host.Module(wasm);
  const exports = instantiate(module, memory, kernels);
  const job: Job = {
    module,
    memory,
    hosts: Object.keys(kernels),
    words: new Int32Array(memory.buffer, words, WORDS_BYTES / 4),
  };
  const during = (work: () => void): void =>
    crew === null || threads === undefined ? work() : threads.during(job, work);
  const partsOf = (group: number): readonly (() => void)[] => {
    const among = shared.findIndex((s) => s.group === group);
    const it = shared[among];
    if (it === undefined || !profile) return [];
    return Array.from({ length: countOf(it) }, (_, i) => () => void exports.part?.(among, i, scratch));
  };
  const buffers = (vs: readonly number[]): readonly Buffer[] => vs.map((v) => view(at(v), value(v).size));
  return {
    program,
    inputs: buffers(lowered.inputs),
    outputs: buffers(lowered.outputs),
    run: (steps) => during(() => exports.run?.(steps)),
    made: {
      ...{ lowered, fused, plan: where, wasm, arena },
      groups: apart.map((f) => () => during(() => exports[f.name ?? '']?.())),
      parts: fused.groups.map((_, k) => partsOf(k)),
      shared: shared.length,
      helped: () => (crew === null ? 0 : Atomics.load(job.words, WORDS.helped)),
    },
  };
};
