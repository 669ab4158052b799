// A typed assembler for the part of WebAssembly that compiled programs need: code is a rope of bytes that knows its result.
// A first call runs all of this once, mostly interpreted: ropes take in others as they are, and only `flat` copies bytes.
// @source WebAssembly Core Specification 3.0, chapter 5 (binary format)

/** What can lie on the stack or in a local. */
export type Value = 'i32' | 'i64' | 'f32' | 'f64' | 'v128';
/** What a piece of code leaves behind. */
export type Type = Value | 'none';
/** Bytes, ropes, and functions that are called, whose numbers are known once a module is laid out. */
type Part = number | Uint8Array | Code<Type> | Callee;
/** Code with a result of type T. The type is a phantom: no rope has this field, it only keeps ropes apart. */
export interface Code<T extends Type = 'none'> extends ReadonlyArray<Part> {
  readonly type?: T;
}
export type I32 = Code<'i32'>;
export type V128 = Code<'v128'>;

/** A function of the host: `params` i32s, no result. */
export interface Import {
  readonly name: string;
  readonly params: number;
}
/** A function of the module; it is exported if it has a name. */
export interface Func {
  readonly name: string | undefined;
  readonly params: number;
  readonly result: 'none' | 'i32';
  readonly locals: readonly Value[];
  readonly code: Code<Type>;
}
type Callee = Import | Func;
type Bytes = readonly number[];
type OfValues<A> = Readonly<Record<Value, A>>;

const NUMBER_OF: OfValues<number> = { i32: 0x7f, i64: 0x7e, f32: 0x7d, f64: 0x7c, v128: 0x7b };
const VOID = 0x40;
const END = 0x0b;

const rope = <T extends Type>(...parts: readonly Part[]): Code<T> => parts;
const NONE: Bytes = [];

const ONE_BYTE: readonly Bytes[] = Array.from({ length: 0x80 }, (_, n) => [n]);
/** An unsigned 32-bit integer in seven bits a byte, the lowest first. @source LEB128 */
export const unsigned = (n: number): Bytes => ONE_BYTE[n] ?? [(n & 0x7f) | 0x80, ...unsigned(n >>> 7)];
/** The same for signed ones: the last byte's highest bit of seven is the sign. @source LEB128 */
export const signed = (n: number): Bytes => {
  const rest = n >> 7;
  const low = n & 0x7f;
  const last = low & 0x40 ? rest === -1 : rest === 0;
  return last ? [low] : [low | 0x80, ...signed(rest)];
};

/** Pieces of code without a result, one after another. */
export const seq = (...parts: readonly Code[]): Code => parts;
/** Any instruction: its operands, its number, what follows the number. */
export const op = <T extends Type>(number: number, args: readonly Code<Type>[], immediates = NONE): Code<T> => [
  ...args,
  number,
  immediates,
];
/** How vector instructions are written, by number. */
const SIMD: readonly Bytes[] = Array.from({ length: 0x120 }, (_, number) => [0xfd, ...unsigned(number)]);
/** Any vector instruction by its number. @source Core Specification 3.0, §5.4.9 */
export const simd = <T extends Type = 'v128'>(
  number: number,
  args: readonly Code<Type>[],
  immediates = NONE,
): Code<T> => [...args, SIMD[number] as Bytes, immediates]; // there is no other

/** A 32-bit constant; addresses above 2³¹ wrap, as they should. */
export const i32 = (n: number): I32 => [0x41, signed(n | 0)];
/** A constant vector of 16 bytes. */
export const v128 = (bytes: Bytes): V128 => simd(0x0c, [], bytes);

const binary =
  (number: number) =>
  (a: I32, b: I32): I32 =>
    op(number, [a, b]);
export const add = binary(0x6a);
export const sub = binary(0x6b);
export const mul = binary(0x6c);
/** Unsigned quotient and remainder. */
export const div = binary(0x6e);
export const rem = binary(0x70);
export const and = binary(0x71);
export const or = binary(0x72);
export const xor = binary(0x73);
export const shl = binary(0x74);
/** The sign stays. */
export const shr = binary(0x75);
/** Zeros come in. */
export const shrU = binary(0x76);
export const eq = binary(0x46);
export const ne = binary(0x47);
export const lt = binary(0x48);
export const le = binary(0x4c);
/** Less among addresses, which are unsigned. */
export const below = binary(0x49);
export const isZero = (a: I32): I32 => op(0x45, [a]);
/** a where c is not 0, else b; both are computed. */
export const select = <T extends Value>(c: I32, a: Code<T>, b: Code<T>): Code<T> => op(0x1b, [a, b, c]);
/** The smaller; both are computed twice. */
export const least = (a: I32, b: I32): I32 => select(lt(a, b), a, b);

/** Where in memory: a constant beside the address on the stack, and no promise about alignment. */
export const memarg = (offset: number): Bytes => [0, ...unsigned(offset)];
const LOAD: OfValues<Bytes> = { i32: [0x28], i64: [0x29], f32: [0x2a], f64: [0x2b], v128: [0xfd, 0x00] };
const STORE: OfValues<Bytes> = { i32: [0x36], i64: [0x37], f32: [0x38], f64: [0x39], v128: [0xfd, 0x0b] };
export const load = <T extends Value>(type: T, at: I32, offset = 0): Code<T> => [at, LOAD[type], memarg(offset)];
export const store = <T extends Value>(type: T, at: I32, value: Code<T>, offset = 0): Code => [
  at,
  value,
  STORE[type],
  memarg(offset),
];
/** Stores one lane of a vector of lanes of 32 or 64 bits. */
export const storeLane = (bits: 32 | 64, at: I32, vector: V128, lane: number, offset = 0): Code =>
  simd(bits === 32 ? 0x5a : 0x5b, [at, vector], [...memarg(offset), lane]);

/** Instructions on words of a memory that threads share, all of them in one order. @source WebAssembly threads, "Instructions" */
const atomic = <T extends Type>(number: number, args: readonly Code<Type>[]): Code<T> => op(0xfe, args, [number, 2, 0]);
export const atomicLoad = (at: I32): I32 => atomic(0x10, [at]);
export const atomicStore = (at: I32, value: I32): Code => atomic(0x17, [at, value]);
/** A value that nobody wants. */
export const drop = (a: I32): Code => op(0x1a, [a]);
export const atomicAdd = (at: I32, value: I32): Code => drop(atomic(0x1e, [at, value]));
/** Stores the value where the word is as expected; the word as it was. */
export const atomicExchange = (at: I32, expected: I32, value: I32): I32 => atomic(0x48, [at, expected, value]);
/** Sleeps while the word is as expected, for so many nanoseconds at most: 0 woken, 1 it is another, 2 for so long. */
export const atomicWait = (at: I32, expected: I32, ns: number): I32 =>
  atomic(0x01, [at, expected, op<'i64'>(0x42, [], signed(ns))]);
/** Wakes all that sleep on the word. */
export const atomicWake = (at: I32): Code => drop(atomic(0x00, [at, i32(-1)]));

export const when = (c: I32, then: Code, otherwise?: Code): Code =>
  rope(c, 0x04, VOID, then, ...(otherwise ? [0x05, otherwise] : []), END);
/** The body, and again while c is not 0. */
export const loopWhile = (body: Code, c: I32): Code => rope(0x03, VOID, body, c, 0x0d, 0, END);
/** The body while c is not 0; perhaps never. */
export const whileLoop = (c: I32, body: Code): Code => when(c, loopWhile(body, c));
/** A call of a function without a result. It has to be in the module, or among its imports. */
export const call = (f: Callee, ...args: readonly I32[]): Code => rope(...args, 0x10, f);
export const callI32 = (f: Func & { readonly result: 'i32' }, ...args: readonly I32[]): I32 => rope(...args, 0x10, f);

export interface Local<T extends Value> {
  readonly get: Code<T>;
  readonly set: (value: Code<T>) => Code;
  /** Sets, and leaves the value on the stack. */
  readonly tee: (value: Code<T>) => Code<T>;
}
/** A new local at every call. */
export type Locals = { readonly [T in Value]: () => Local<T> };
export type Params<P extends string> = Readonly<Record<P, Local<'i32'>>>;

const local = <T extends Value>(index: number): Local<T> => ({
  get: [0x20, unsigned(index)],
  set: (value) => op(0x21, [value], unsigned(index)),
  tee: (value) => op(0x22, [value], unsigned(index)),
});

/** A function of i32s. Parameters have names here; locals are born as the body asks for them. */
const defined = <P extends string, R extends 'none' | 'i32'>(
  name: string | undefined,
  params: readonly P[],
  result: R,
  body: (l: Locals, p: Params<P>) => Code<R>,
): Func & { readonly result: R } => {
  const locals: Value[] = [];
  const birth =
    <T extends Value>(type: T) =>
    (): Local<T> =>
      local(params.length + locals.push(type) - 1);
  const births: Locals = {
    i32: birth('i32'),
    i64: birth('i64'),
    f32: birth('f32'),
    f64: birth('f64'),
    v128: birth('v128'),
  };
  // fromEntries forgets the names of the keys
  const named = Object.fromEntries(params.map((p, i) => [p, local(i)])) as Params<P>;
  const code = body(births, named);
  return { name, params: params.length, result, locals, code };
};
export const func = <P extends string>(
  name: string | undefined,
  params: readonly P[],
  body: (l: Locals, p: Params<P>) => Code,
) => defined(name, params, 'none', body);
export const funcI32 = <P extends string>(
  name: string | undefined,
  params: readonly P[],
  body: (l: Locals, p: Params<P>) => I32,
) => defined(name, params, 'i32', body);

/** Pages have 64 KiB. A shared memory says how far it may grow. */
export type MemoryLimits =
  | { readonly pages: number; readonly maximum?: number; readonly shared?: false }
  | { readonly pages: number; readonly maximum: number; readonly shared: true };
/** Everything in a module. Its memory and its imports come from `env`. */
export interface ModuleParts {
  readonly imports?: readonly Import[];
  readonly memory: MemoryLimits;
  readonly functions: readonly Func[];
  readonly data?: readonly { readonly at: number; readonly bytes: Uint8Array }[];
}

const list = (items: readonly Part[] | Uint8Array): Code => [unsigned(items.length), items];
const isRope = (part: Uint8Array | Code<Type> | Callee): part is Code<Type> => Array.isArray(part);
const text = (t: string): Code => list(new TextEncoder().encode(t));
const limits = ({ pages, maximum, shared }: MemoryLimits): Code =>
  rope(shared ? 3 : maximum === undefined ? 0 : 1, unsigned(pages), maximum === undefined ? [] : unsigned(maximum));

/** The bytes of a module; imported functions have the first numbers. @throws RangeError if it calls a function that is not in it */
export const wasmModule = ({ imports = [], memory, functions, data = [] }: ModuleParts): Uint8Array<ArrayBuffer> => {
  const callees: readonly Callee[] = [...imports, ...functions];
  const numbers = new Map(callees.map((f, i) => [f, i]));
  const numberOf = (f: Callee): Bytes => {
    const number = numbers.get(f);
    if (number === undefined) throw new RangeError(`wasmModule: the function ${f.name ?? ''} is called but not there`);
    return unsigned(number);
  };
  const flat = (code: Code<Type>): Uint8Array<ArrayBuffer> => {
    let out = new Uint8Array(4096);
    let end = 0;
    const grown = (by: number): void => {
      if (end + by <= out.length) return;
      const larger = new Uint8Array(2 * (end + by));
      larger.set(out);
      out = larger;
    };
    const lay = (parts: Code<Type>): void => {
      for (let i = 0; i < parts.length; i++) {
        const part = parts[i] as Part; // in range
        if (typeof part === 'number') {
          if (end === out.length) grown(1);
          out[end++] = part;
        } else if (isRope(part)) lay(part);
        else if (part instanceof Uint8Array) {
          grown(part.length);
          out.set(part, end);
          end += part.length;
        } else lay(numberOf(part));
      }
    };
    lay(code);
    return out.slice(0, end);
  };
  const sized = (code: Code<Type>): Code => list(flat(code));
  const section = (id: number, items: readonly Part[]): Code => rope(id, sized(list(items)));
  const i32s = (n: number): Code => list(Array<number>(n).fill(NUMBER_OF.i32));
  const type = (f: Callee): Code => rope(0x60, i32s(f.params), i32s('result' in f && f.result === 'i32' ? 1 : 0));
  const body = (f: Func): Code => sized([list(f.locals.map((t) => [1, NUMBER_OF[t]])), f.code, END]);
  const imported = [
    ...imports.map((f, i) => rope(text('env'), text(f.name), 0, unsigned(i))),
    rope(text('env'), text('memory'), 2, limits(memory)),
  ];
  const exported = functions.flatMap((f) => (f.name === undefined ? [] : [rope(text(f.name), 0, f)]));
  const placed = data.map(({ at, bytes }) => rope(0, i32(at), END, list(bytes)));
  return flat([
    ...[0x00, 0x61, 0x73, 0x6d, 1, 0, 0, 0],
    section(1, callees.map(type)),
    section(2, imported),
    section(
      3,
      functions.map((_, i) => unsigned(imports.length + i)),
    ),
    section(7, exported),
    section(10, functions.map(body)),
    section(11, placed),
  ]);
};

/** A module as the host has it; threads may share one. */
export type WasmModule = object;
/** What is used of the host's WebAssembly: the library of the language itself does not declare it. */
export interface Host {
  readonly Memory: new (limits: { initial: number; maximum?: number; shared?: boolean }) => WasmMemory;
  readonly Module: new (bytes: Uint8Array<ArrayBuffer>) => WasmModule;
  readonly Instance: new (module: WasmModule, imports: object) => { readonly exports: Exports };
}
export interface WasmMemory {
  readonly buffer: ArrayBuffer | SharedArrayBuffer;
}
/** Functions without a result give undefined. */
export type Exports = Readonly<Record<string, (...args: Bytes) => number | undefined>>;
export const host = (globalThis as unknown as { readonly WebAssembly: Host }).WebAssembly; // undeclared, see Host

/** A module, or its bytes, made ready to run over a memory, with the host's functions by name. */
export const instantiate = (
  given: Uint8Array<ArrayBuffer> | WasmModule,
  memory: WasmMemory,
  hostFunctions: Readonly<Record<string, (...args: Bytes) => void>> = {},
): Exports => {
  const module = given instanceof Uint8Array ? new host.Module(new Uint8Array(given)) : given;
  return new host.Instance(module, { env: { ...hostFunctions, memory } }).exports;
};
