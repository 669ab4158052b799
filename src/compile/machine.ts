// From a program to a machine that runs it over a memory of its own.
import { type Alike, alike } from './alike.ts';
import type { Mode } from './arithmetic.ts';
import { drawsOf } from './draw.ts';
import { type Fused, fuse, type Group, type Nest } from './fuse.ts';
import { gemmFunctions, isTiny, type Matrix, type Product as Operands, scratchBytes } from './gemm.ts';
import { lanesOf, POOL_BYTES, poolOf } from './lanes.ts';
import { type Lowered, lower, type Product, type Value } from './lower.ts';
import { nestCode, type Share, type Unit } from './nest.ts';
import { countOf, crewOf, effortOf, rowsApart, type Shared, sharedOut } from './parts.ts';
import { type Plan, plan } from './plan.ts';
import type { Buffer, Program } from './program.ts';
import { countCode, gatherCode, hostKernel } from './solo.ts';
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
  load,
  seq,
  store,
  sub,
  wasmModule,
  whileLoop,
} from './wasm.ts';

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
    /** Nests that share their code. */
    readonly repeats: readonly Alike[];
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
/** Instructions on vectors from which on a group is worth sharing out, see `npm run bench:threads`: about 4 microseconds. */
const LEAST = 20_000;

/** Nests alike from which on they are called rather than written out: each with addresses of its own, which costs a little. */
const LEAST_ALIKE = 8;
/** Groups in one function. */
const GROUPS = 128;
const sum = (xs: readonly number[]): number => xs.reduce((a, b) => a + b, 0);
const multipleOf = (unit: number, n: number): number => Math.ceil(n / unit) * unit;

/** The machine of a program. */
export const machineOf = (
  program: Program,
  { mode = 'reproducible', state = 0, profile = false, threads, least = LEAST }: MachineOptions = {},
): Machine => {
  const { dtype } = program;
  const lowered = lower(program, state);
  const pool = poolOf();
  const lanes = lanesOf(dtype, mode === 'fast', pool);
  const isLarge = (g: Group): boolean => threads !== undefined && effortOf(lowered, g) > least * lanes.count;
  const fused = rowsApart(lowered, fuse(lowered), isLarge);
  const { width } = lanes;
  const draws = drawsOf(lanes);
  const multiplies = lowered.values.some((v) => v.kind === 'product');
  // constants, where the values of nests that are alike lie, what threads agree by, what each of them packs, and then the arena
  const repeats = alike(lowered, fused, LEAST_ALIKE);
  const tables = POOL_BYTES;
  const words = tables + multipleOf(64, 4 * sum(repeats.map(({ values }) => values.flat().length)));
  const scratch = words + (threads === undefined ? 0 : WORDS_BYTES);
  const gemm = multiplies ? gemmFunctions(dtype, mode, scratch) : null;
  const arena = scratch + (multiplies ? scratchBytes(dtype) * (threads?.count ?? 1) : 0);
  const where = plan(lowered, fused, state, width, arena);
  const unit: Unit = { lowered, fused, address: (v) => ({ offset: where.offset[v] as number }), lanes }; // of stored values
  const pages = Math.ceil((where.end + MARGIN) / PAGE);
  const limits = threads === undefined ? { pages } : ({ pages, maximum: pages, shared: true } as const);
  const memory = new host.Memory({
    initial: pages,
    ...(threads === undefined ? {} : { maximum: pages, shared: true }),
  });
  const view = (address: number, n: number, wide = dtype === 'f64'): Buffer =>
    wide ? new Float64Array(memory.buffer, address, n) : new Float32Array(memory.buffer, address, n);
  const value = (v: number): Value => lowered.values[v] as Value; // in range
  const at = (v: number): number => where.offset[v] as number; // of stored values

  // one for each thread: more are packed again and lie in shorter rows, which costs more than it evens out
  const parts = threads?.count ?? 1;
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
    const divided = isTiny(p) ? null : gemm.divided(p, share.parts);
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
        return draws.code(it, { child: at(x), wide: value(x).wide === true, to: at(v) }, l, share);
      case 'count':
        return { code: countCode(it, at(x), at(v)), units: 1 };
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
  const copied = (from: number, to: number, l: Locals): Code => {
    const { size, wide } = value(from);
    if (wide) return store('f64', i32(at(to)), load('f64', i32(at(from))));
    return gatherCode({ shape: [size], strides: [1] }, lanes, at(from), at(to), l);
  };

  const shared: (Shared & { readonly group: number })[] = [];
  for (const [group, g] of fused.groups.entries()) {
    if (!isLarge(g)) continue;
    let units = 0;
    const own = func(undefined, ['first', 'end', 'scratch'], (l, { first, end, scratch }) => {
      const made = piece(group, l, { from: first, to: end, parts, scratch });
      units = made.units;
      return made.code;
    });
    const out = sharedOut(units, parts, shared.length);
    if (out !== null) shared.push({ ...out, func: own, group });
  }
  const crew = shared.length === 0 ? null : crewOf(shared, words, scratch, scratchBytes(dtype), profile);
  /** Addresses of all nests that are alike, and a call with its own for each. */
  const addresses: number[] = [];
  const calls = new Map<number, Code>();
  const once = repeats.map(({ groups, values }): Func => {
    const [first = 0] = groups;
    const nest = fused.groups[first] as Nest; // only they are alike
    const f = func(undefined, ['table'], (l, { table }) => {
      const starts = new Map((values[0] ?? []).map((v) => [v, l.i32()]));
      const address = (v: number) => ({ start: starts.get(v) as Local<'i32'>, offset: 0 }); // all that it asks for
      return seq(
        ...[...starts.values()].map((start, i) => start.set(load('i32', table.get, 4 * i))),
        nestCode({ ...unit, address }, nest, first, l).code,
      );
    });
    for (const [i, k] of groups.entries()) {
      calls.set(k, call(f, i32(tables + 4 * addresses.length)));
      addresses.push(...(values[i] ?? []).map(at));
    }
    return f;
  });
  const groupCode = (group: number, l: Locals): Code => {
    const among = shared.findIndex((s) => s.group === group);
    if (crew !== null && among >= 0) return crew.together(among);
    return calls.get(group) ?? piece(group, l).code;
  };
  const count = fused.groups.length;
  const stretch = (from: number, to: number, l: Locals): Code =>
    seq(...Array.from({ length: Math.min(to, count) - from }, (_, i) => groupCode(from + i, l)));
  // a function has a limited size, and is compiled as a whole
  const most = profile ? 1 : GROUPS;
  const stretches = Array.from({ length: profile || count > most ? Math.ceil(count / most) : 0 }, (_, i) =>
    func(profile ? `group${i}` : undefined, [], (l) => stretch(i * most, (i + 1) * most, l)),
  );
  const step = func(undefined, [], (l) =>
    seq(
      ...(stretches.length === 0 ? [stretch(0, count, l)] : stretches.map((f) => call(f))),
      ...where.copies.map(({ from, to }) => copied(from, to, l)),
    ),
  );
  const run = func('run', ['steps'], (_l, { steps }) =>
    whileLoop(steps.get, seq(call(step), steps.set(sub(steps.get, i32(1))))),
  );
  const wasm = wasmModule({
    imports,
    memory: limits,
    functions: [
      ...[step, run, ...stretches, ...once, ...draws.functions(), ...(gemm?.functions() ?? [])],
      ...(crew === null ? [] : [...crew.functions, ...shared.map((s) => s.func)]),
    ],
    data: [
      { at: 0, bytes: pool.bytes() },
      { at: tables, bytes: new Uint8Array(Int32Array.from(addresses).buffer) },
    ],
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
  const buffers = (vs: readonly number[]): readonly Buffer[] =>
    vs.map((v) => view(at(v), value(v).size, value(v).wide));
  return {
    program,
    inputs: buffers(lowered.inputs),
    outputs: buffers(lowered.outputs),
    run: (steps) => during(() => exports.run?.(steps)),
    made: {
      ...{ lowered, fused, plan: where, wasm, arena, repeats },
      groups: profile ? stretches.map((f) => () => during(() => exports[f.name ?? '']?.())) : [],
      parts: fused.groups.map((_, k) => partsOf(k)),
      shared: shared.length,
      helped: () => (crew === null ? 0 : Atomics.load(job.words, WORDS.helped)),
    },
  };
};
