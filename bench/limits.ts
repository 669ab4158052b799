// What this machine can do at most: products and sums a second in vectors of 128 bits on one thread, and bytes copied a second.
import {
  add,
  type Code,
  type Func,
  func,
  host,
  i32,
  instantiate,
  load,
  loopWhile,
  seq,
  simd,
  store,
  sub,
  type V128,
  wasmModule,
} from '../src/compile/wasm.ts';
import type { Limits } from './share.ts';

/** A loop to time: it turns so often, and tells how much it did. */
export interface Probe {
  readonly name: string;
  readonly unit: 'flops' | 'bytes';
  readonly run: (turns: number) => number;
}

/** Sums that do not wait for one another: more than the adders need to stay busy, fewer than there are registers. */
const SUMS = 12;
/** How often they are written out in one turn. */
const UNROLLED = 4;
const VECTOR = 16;
const PAGE = 65_536;
const INSTRUCTIONS = {
  f32: { lanes: 4, add: 0xe4, mul: 0xe6, multiplyAdd: 0x105 },
  f64: { lanes: 2, add: 0xf0, mul: 0xf2, multiplyAdd: 0x107 },
} as const;

const range = (n: number): readonly number[] => Array.from({ length: n }, (_, i) => i);
/** A loop of so many lanes as a probe, which counts its products and sums. */
const counted = (name: string, lanes: number, probe: Func, memory = new host.Memory({ initial: 1 })): Probe => {
  const { probe: run } = instantiate(wasmModule({ memory: { pages: 1 }, functions: [probe] }), memory);
  return {
    name,
    unit: 'flops',
    run: (turns) => {
      run?.(turns);
      return turns * UNROLLED * SUMS * lanes * 2;
    },
  };
};

/** Products and sums: `fused` in one instruction, which rounds once, or in two. */
export const flopsProbe = (dtype: 'f32' | 'f64', fused: boolean): Probe => {
  const { lanes, ...codes } = INSTRUCTIONS[dtype];
  const probe = func('probe', ['turns'], (l, { turns }) => {
    const sums = Array.from({ length: SUMS }, (_, i) => ({ v: l.v128(), at: (2 + i) * VECTOR }));
    const [x, y] = [l.v128(), l.v128()];
    // two forms, so that neither has a product that need not be computed anew
    const next = (sum: V128): V128 =>
      fused ? simd(codes.multiplyAdd, [x.get, y.get, sum]) : simd(codes.add, [simd(codes.mul, [sum, x.get]), y.get]);
    const once = seq(...sums.map(({ v }) => v.set(next(v.get))));
    return seq(
      x.set(load('v128', i32(0))),
      y.set(load('v128', i32(VECTOR))),
      ...sums.map(({ v, at }) => v.set(load('v128', i32(at)))),
      loopWhile(seq(...Array<typeof once>(UNROLLED).fill(once)), turns.tee(sub(turns.get, i32(1)))),
      ...sums.map(({ v, at }) => store('v128', i32(at), v.get)),
    );
  });
  const memory = new host.Memory({ initial: 1 });
  // the sums stay around 1
  const factors = Array.from({ length: 2 * lanes }, (_, i) => (i < lanes ? 0.999 : 0.001));
  const buffer = memory.buffer as ArrayBuffer; // not shared
  const numbers = dtype === 'f32' ? new Float32Array(buffer) : new Float64Array(buffer);
  numbers.set(factors);
  return counted(`${dtype} ${fused ? 'relaxed multiply-add' : 'multiply, add'}`, lanes, probe, memory);
};

/** Of every four products, those whose factor is loaded first: about as many as in a product of matrices. */
const LOADED = 3;

/** Fused products and sums of which most load a factor from the nearest cache, as kernels do. */
export const loadedProbe = (): Probe => {
  const { lanes, multiplyAdd } = INSTRUCTIONS.f32;
  const sums = range(SUMS);
  const probe = func('probe', ['turns'], (l, { turns }) => {
    const kept = sums.map(() => l.v128());
    const [x, y, from] = [l.v128(), l.v128(), l.i32()];
    const once = (turn: number): Code =>
      seq(
        ...kept.map((sum, i) =>
          seq(
            i % 4 < LOADED ? x.set(load('v128', from.get, (turn * SUMS + i) * VECTOR)) : [],
            sum.set(simd(multiplyAdd, [x.get, y.get, sum.get])),
          ),
        ),
      );
    return seq(
      loopWhile(seq(from.set(i32(0)), ...range(UNROLLED).map(once)), turns.tee(sub(turns.get, i32(1)))),
      ...kept.map((sum, i) => store('v128', i32(0), sum.get, i * VECTOR)),
    );
  });
  return counted('f32 relaxed multiply-add of what is loaded', lanes, probe);
};

/** Copies so many bytes, a multiple of 64, at every turn. */
export const copyProbe = (bytes: number): Probe => {
  const pages = Math.ceil((2 * bytes) / PAGE);
  const line = [0, 1, 2, 3].map((i) => i * VECTOR);
  const probe = func('probe', ['turns'], (l, { turns }) => {
    const [from, left] = [l.i32(), l.i32()];
    const vectors = line.map((at) => ({ v: l.v128(), at }));
    const one = seq(
      ...vectors.map(({ v, at }) => v.set(load('v128', from.get, at))),
      ...vectors.map(({ v, at }) => store('v128', from.get, v.get, bytes + at)),
      from.set(add(from.get, i32(line.length * VECTOR))),
    );
    const all = seq(
      from.set(i32(0)),
      left.set(i32(bytes / (line.length * VECTOR))),
      loopWhile(one, left.tee(sub(left.get, i32(1)))),
    );
    return loopWhile(all, turns.tee(sub(turns.get, i32(1))));
  });
  const memory = new host.Memory({ initial: pages });
  const { probe: run } = instantiate(wasmModule({ memory: { pages }, functions: [probe] }), memory);
  return {
    name: `copy of ${bytes} bytes`,
    unit: 'bytes',
    run: (turns) => {
      run?.(turns);
      return turns * bytes;
    },
  };
};

/** Turns that take about a millisecond, then the best of so many: other programs can only make one slower. */
const [SHORT, TRIES] = [1, 40] as const;
const rateOf = ({ run }: Probe): number => {
  const timed = (turns: number): { readonly ms: number; readonly done: number } => {
    const from = performance.now();
    const done = run(turns);
    return { ms: performance.now() - from, done };
  };
  let turns = 1;
  while (timed(turns).ms < SHORT) turns *= 2;
  const rates = Array.from({ length: TRIES }, () => timed(turns)).map(({ ms, done }) => done / ms / 1e6);
  return Math.max(...rates);
};
/** Larger than the caches. */
const COPIED = 64 * 2 ** 20;

/** What this machine can do now. */
export const limits = async (): Promise<Limits | null> => ({
  fmaF32: rateOf(flopsProbe('f32', true)),
  fmaF64: rateOf(flopsProbe('f64', true)),
  mulAddF32: rateOf(flopsProbe('f32', false)),
  mulAddF64: rateOf(flopsProbe('f64', false)),
  copyGBs: rateOf(copyProbe(COPIED)),
});
