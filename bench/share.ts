// What the machine could do at best, measured in the same run, and how much of it a workload reaches.
import { type Dtype, kindOf, WIDTH, type Workload } from './workloads.ts';

/** Of one thread with 128-bit vectors: 10⁹ multiplications and additions a second, and 10⁹ bytes a second of a copy. */
export interface Limits {
  readonly fmaF32: number;
  readonly fmaF64: number;
  readonly mulAddF32: number;
  readonly mulAddF64: number;
  readonly copyGBs: number;
}

const PEAK: Readonly<Record<Dtype, (limits: Limits) => number>> = { f32: (l) => l.fmaF32, f64: (l) => l.fmaF64 };

/** The better of two probes: other programs can only make one slower. */
export const bestOf = (a: Limits | null, b: Limits | null): Limits | null =>
  a === null || b === null
    ? (a ?? b)
    : {
        fmaF32: Math.max(a.fmaF32, b.fmaF32),
        fmaF64: Math.max(a.fmaF64, b.fmaF64),
        mulAddF32: Math.max(a.mulAddF32, b.mulAddF32),
        mulAddF64: Math.max(a.mulAddF64, b.mulAddF64),
        copyGBs: Math.max(a.copyGBs, b.copyGBs),
      };

/**
 * The share of the limit: the shortest time in which one thread could do the arithmetic, or read and write the numbers,
 * whichever is longer, over the time it took. Above 1 for wider vectors, more threads, or numbers that stay in a cache.
 */
export const shareOf = (limits: Limits, { kind, sizes }: Workload, dtype: Dtype, ns: number): number => {
  const { flops, numbers } = kindOf(kind);
  const arithmetic = flops(sizes) / PEAK[dtype](limits);
  const traffic = (numbers(sizes) * WIDTH[dtype]) / limits.copyGBs;
  return Math.max(arithmetic, traffic) / ns; // both in ns, as the limits are in 10⁹ a second
};
