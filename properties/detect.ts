// Measures detection limits: how often a law finds a planted fault with a fresh seed each time, and down to which size for certain.
import type { Law } from './law.ts';
import { FAULTS, type Fault } from './limits.ts';
import type { Port } from './port.ts';
import { atLeast } from './power.ts';
import { check } from './run.ts';
import { binomialBelow, MISS } from './tolerance.ts';

/** The probability with which a size has to be found to count as one that is. */
export const CERTAIN = 0.999;

/** A piece of work: trials of one fault in one size, from one number to another. */
export interface Trials {
  readonly fault: string;
  readonly size: number;
  readonly seed: number;
  readonly from: number;
  readonly to: number;
}

/** How many of the trials found the fault: a trial is the whole check of the law, with a seed of its own, until it fails. */
export const found = async (trials: Trials, laws: readonly Law[], home: Port): Promise<number> => {
  const fault = FAULTS.find((f) => f.id === trials.fault);
  const law = laws.find((l) => l.id === fault?.law);
  if (fault === undefined || law === undefined) throw new Error(`there is no fault ${trials.fault}, or no law for it`);
  let count = 0;
  for (let trial = trials.from; trial < trials.to; trial++) {
    const seed = (Math.imul(trial + 1, 0x9e3779b1) ^ trials.seed) >>> 1; // neighbours far apart
    const port = fault.plant(trials.size, trial)(home);
    const { status } = await check(law, port, fault.subject, { seed, shrink: false, extent: false });
    if (status === 'falsified') count++;
  }
  return count;
};

/** What came of one size. */
export interface Sized {
  /** null where the fault has no size. */
  readonly size: number | null;
  readonly found: number;
  readonly trials: number;
  /** What the trials prove of the probability to find it, at 95 % confidence. */
  readonly atLeast: number;
  /** The exact probability, for a law that lets chance decide. */
  readonly power: number | null;
  /** Whether the exact probability is at least 0.999, or no trial missed: 3,000 trials prove as much. */
  readonly certain: boolean;
}

export interface Limit {
  readonly check: string;
  readonly fault: string;
  readonly says: string;
  readonly law: string;
  readonly subject: string;
  readonly sizes: readonly Sized[];
  /** The smallest size that is found with probability 0.999; null where there is none, or the fault has no size. */
  readonly smallest: number | null;
  readonly demanded: number | null;
  /** Whether what has to be found is. */
  readonly met: boolean;
}

export interface MeasureOptions {
  readonly seed: number;
  /** Trials that decide a size. */
  readonly trials: number;
  readonly count: (trials: Trials) => Promise<number>;
  /** Trials that are under way at once. */
  readonly hands?: number;
  readonly say?: (text: string) => void;
}

/** Trials of a size that tell whether it is worth deciding, and those that check what is known exactly. */
const SCOUTS = 20;
const CHECKS = 60;
/** Trials that are given out at once. */
const PORTION = 50;

/**
 * A fault in all its sizes: scouted from the largest down until hardly any trial finds it, then decided at the smallest size that
 * no scout missed, or the next larger one where a trial does.
 */
export const measure = async (fault: Fault, options: MeasureOptions): Promise<Limit> => {
  const { seed, trials, count, hands = 1, say = () => {} } = options;
  const { power } = fault;
  const sizes = fault.sizes ?? [0];
  const demanded = typeof fault.demanded === 'number' ? fault.demanded : null;
  // where the chance is known exactly, trials only check it
  const due = power === undefined ? trials : Math.min(trials, CHECKS);
  const made = new Map<number, { found: number; trials: number }>();
  const at = (size: number): { found: number; trials: number } => {
    const own = made.get(size) ?? { found: 0, trials: 0 };
    made.set(size, own);
    return own;
  };
  /** Goes on with a size until so many trials are made, or more have missed than are worth going on for. */
  const go = async (size: number, upTo: number, misses: number): Promise<void> => {
    const own = at(size);
    while (own.trials < upTo && own.trials - own.found <= misses) {
      const portions: Promise<number>[] = [];
      for (let h = hands; h > 0 && own.trials < upTo; h--) {
        const to = own.trials + Math.min(PORTION, Math.ceil((upTo - own.trials) / h));
        portions.push(count({ fault: fault.id, size, seed, from: own.trials, to }));
        own.trials = to;
      }
      for (const n of await Promise.all(portions)) own.found += n;
      say(`${fault.id}${fault.sizes === undefined ? '' : ` ${size}`}: ${own.found} of ${own.trials}`);
    }
  };
  const misses = power === undefined ? 0 : due;
  const complete = (size: number): boolean => {
    const own = at(size);
    return own.trials >= due && own.trials - own.found <= misses;
  };
  /** Whether the probability is as demanded: exactly known and not contradicted, or no trial has missed. */
  const holds = (size: number): boolean => {
    const own = at(size);
    if (power === undefined) return own.found === own.trials;
    return power(size) >= CERTAIN && binomialBelow(own.found, own.trials, power(size)) > MISS;
  };
  for (const size of sizes) {
    await go(size, Math.min(trials, SCOUTS), SCOUTS);
    if (at(size).found < at(size).trials / 4) break;
  }
  const seen = sizes.filter((size) => made.has(size));
  let smallest: number | null = null;
  for (const size of seen.filter(holds).reverse()) {
    await go(size, due, misses);
    if (!complete(size) || !holds(size)) continue;
    smallest = size;
    break;
  }
  if (demanded !== null && made.has(demanded) && fault.slow === undefined) await go(demanded, due, misses);
  const sized = seen.map((size): Sized => {
    const own = at(size);
    return {
      size: fault.sizes === undefined ? null : size,
      ...own,
      atLeast: atLeast(own.found, own.trials),
      power: power?.(size) ?? null,
      // what finds an error finds a larger one
      certain: smallest !== null && size >= smallest && holds(size),
    };
  });
  return {
    check: fault.check,
    fault: fault.id,
    says: fault.says,
    law: fault.law,
    subject: fault.subject,
    sizes: sized,
    smallest: fault.sizes === undefined ? null : smallest,
    demanded,
    met: fault.demanded === undefined || sized.some((s) => s.certain && s.size === demanded),
  };
};
