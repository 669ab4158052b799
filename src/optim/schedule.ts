// Schedules of the learning rate: rows with their factor as text and as a program in the step.
import { lookup } from '../core/errors.ts';
import type { Lang } from '../ops/lang.ts';
import { type Hyper, hyperOf } from './rule.ts';
import type { Rate } from './transform.ts';

export interface Schedule<H extends Hyper = Hyper> {
  readonly doc: string;
  readonly source: string;
  readonly hyper: H;
  readonly domain: { readonly [K in keyof H]: readonly [number, number] };
  /** The factor on the rate at step k, counted from 1, line by line; the last line is `factor`. */
  readonly recurrence: readonly string[];
  readonly factor: (h: H) => Rate;
}

const schedule = <H extends Hyper>(row: Schedule<H>): Schedule<H> => row;

const STEPS = [1, 2 ** 40] as const;
const SHARE = [0, 1] as const;
const POSITIVE = [2 ** -1022, Number.MAX_VALUE] as const;

/** Steps done before this one. */
const done = <T>(o: Lang<T>, k: T): T => o.sub(k, o.lit(1));
/** (k − 1) / n, at most 1. */
const progress = <T>(o: Lang<T>, k: T, n: number): T => o.minimum(o.div(done(o, k), o.lit(n)), o.lit(1));
/** bˣ. */
const power = <T>(o: Lang<T>, base: T, x: T): T => o.exp(o.mul(x, o.log(base)));
/** From a at 0 to b at 1, along half a cosine. */
const cosine = <T>(o: Lang<T>, a: T, b: T, t: T): T =>
  o.add(b, o.mul(o.sub(a, b), o.div(o.add(o.lit(1), o.cosPi(t)), o.lit(2))));

export const SCHEDULES = {
  constant: schedule({
    doc: 'the rate as it is',
    source: 'Robbins & Monro 1951 (as the alternative)',
    hyper: {},
    domain: {},
    recurrence: ['factor = 1'],
    factor: () => (o) => o.lit(1),
  }),
  step: schedule({
    doc: 'multiplied by gamma after every so many steps',
    source: 'Krizhevsky et al. 2012, §5 (by hand); He et al. 2016, §3.4',
    hyper: { every: 100, gamma: 0.1 },
    domain: { every: STEPS, gamma: SHARE },
    recurrence: ['factor = gamma ^ floor((k - 1) / every)'],
    factor:
      ({ every, gamma }) =>
      (o, k) =>
        gamma === 0
          ? o.greater(o.lit(every + 1 / 2), k)
          : power(o, o.lit(gamma), o.floor(o.div(done(o, k), o.lit(every)))),
  }),
  exponential: schedule({
    doc: 'falls by the factor rate over every so many steps; in stairs if staircase is 1',
    source: 'Senior et al. 2013, eq. 4',
    hyper: { every: 100, rate: 0.5, staircase: 0 },
    domain: { every: STEPS, rate: [2 ** -1022, 1], staircase: SHARE },
    recurrence: ['t = (k - 1) / every', 'factor = rate ^ (staircase == 1 ? floor(t) : t)'],
    factor:
      ({ every, rate, staircase }) =>
      (o, k) => {
        const t = o.div(done(o, k), o.lit(every));
        return power(o, o.lit(rate), staircase === 1 ? o.floor(t) : t);
      },
  }),
  inverseRoot: schedule({
    doc: 'rises in a line for warmup steps, then falls with the root of the step; 1 at the top',
    source: 'Vaswani et al. 2017, eq. 3, scaled to a peak of 1',
    hyper: { warmup: 100 },
    domain: { warmup: STEPS },
    recurrence: ['factor = min(k / warmup, sqrt(warmup / k))'],
    factor:
      ({ warmup }) =>
      (o, k) =>
        o.minimum(o.div(k, o.lit(warmup)), o.sqrt(o.div(o.lit(warmup), k))),
  }),
  polynomial: schedule({
    doc: 'from 1 to the share final over so many steps, along a power; a line for power 1',
    source: 'Chen et al. 2018 (DeepLab), §4.1',
    hyper: { steps: 1000, power: 1, final: 0 },
    domain: { steps: STEPS, power: POSITIVE, final: SHARE },
    recurrence: ['t = min((k - 1) / steps, 1)', 'factor = (1 - final) * (1 - t)^power + final'],
    factor:
      ({ steps, power: p, final }) =>
      (o, k) => {
        const ahead = o.maximum(o.sub(o.lit(steps), done(o, k)), o.lit(0));
        const left = o.div(ahead, o.lit(steps));
        const shape = p === 1 ? left : o.where(o.step(ahead), power(o, left, o.lit(p)), o.lit(0));
        return o.add(o.mul(o.sub(o.lit(1), o.lit(final)), shape), o.lit(final));
      },
  }),
  cosine: schedule({
    doc: 'from 1 to the share final over so many steps, along half a cosine',
    source: 'Loshchilov & Hutter 2017, eq. 5',
    hyper: { steps: 1000, final: 0 },
    domain: { steps: STEPS, final: SHARE },
    recurrence: ['t = min((k - 1) / steps, 1)', 'factor = final + (1 - final) * (1 + cosPi(t)) / 2'],
    factor:
      ({ steps, final }) =>
      (o, k) =>
        cosine(o, o.lit(1), o.lit(final), progress(o, k, steps)),
  }),
  warmRestarts: schedule({
    doc: 'cosines one after another, each growth times as long as the one before; at most cycles of them, then the last goes on at its end',
    source: 'Loshchilov & Hutter 2017 (SGDR), eq. 5',
    hyper: { first: 100, growth: 2, final: 0, cycles: 10 },
    domain: { first: STEPS, growth: [1, 100], final: SHARE, cycles: [1, 64] },
    recurrence: [
      'done = k - 1',
      'cycle = growth == 1 ? floor(done / first) : floor(log(1 + done * (growth - 1) / first) / log(growth) + 1e-30)',
      'n = min(cycle, cycles - 1)',
      'before = growth == 1 ? n * first : first * (growth^n - 1) / (growth - 1)',
      't = min((done - before) / (first * growth^n), 1)',
      'factor = final + (1 - final) * (1 + cosPi(t)) / 2',
    ],
    factor:
      ({ first, growth, final, cycles }) =>
      (o, k) => {
        // the cycles are few: each begins where the one before has ended
        const at = done(o, k);
        let [before, length] = [0, first];
        let t = o.div(at, o.lit(length));
        for (let n = 1; n < cycles; n++) {
          before += length;
          length *= growth;
          t = o.where(o.greater(o.lit(before), at), t, o.div(o.sub(at, o.lit(before)), o.lit(length)));
        }
        return cosine(o, o.lit(1), o.lit(final), o.minimum(t, o.lit(1)));
      },
  }),
  oneCycle: schedule({
    doc: 'from the share start up to 1 and down to the share final, along half cosines; up for the share peak of the steps',
    source: 'Smith & Topin 2018; cosine halves as in fastai and torch',
    hyper: { steps: 1000, peak: 0.3, start: 0.04, final: 4e-6 },
    domain: { steps: STEPS, peak: [2 ** -20, 1 - 2 ** -20], start: SHARE, final: SHARE },
    recurrence: [
      'top = peak * steps',
      'up = min((k - 1) / top, 1)',
      'down = max(min((k - 1 - top) / (steps - top), 1), 0)',
      'factor = k - 1 < top ? 1 + (start - 1) * (1 + cosPi(up)) / 2 : final + (1 - final) * (1 + cosPi(down)) / 2',
    ],
    factor:
      ({ steps, peak, start, final }) =>
      (o, k) => {
        const at = done(o, k);
        const top = o.mul(o.lit(peak), o.lit(steps));
        const up = o.minimum(o.div(at, top), o.lit(1));
        const fall = o.div(o.sub(at, top), o.sub(o.lit(steps), top));
        const down = o.maximum(o.minimum(fall, o.lit(1)), o.lit(0));
        const rising = cosine(o, o.lit(start), o.lit(1), up);
        return o.where(o.greater(top, at), rising, cosine(o, o.lit(1), o.lit(final), down));
      },
  }),
  warmupStableDecay: schedule({
    doc: 'rises in a line, stays at 1, falls over the last steps: in a line, or with 1 - root if rooted is 1',
    source: 'Hu et al. 2024 (MiniCPM), §4; Hägele et al. 2024, eq. 2 (rooted)',
    hyper: { steps: 1000, warmup: 100, decay: 200, rooted: 0 },
    domain: { steps: STEPS, warmup: [0, 2 ** 40], decay: STEPS, rooted: SHARE },
    recurrence: [
      'up = warmup == 0 ? 1 : min(k / warmup, 1)',
      'late = max(min((k - 1 - (steps - decay)) / decay, 1), 0)',
      'factor = min(up, 1 - (rooted == 1 ? sqrt(late) : late))',
    ],
    factor:
      ({ steps, warmup, decay, rooted }) =>
      (o, k) => {
        const up = warmup === 0 ? o.lit(1) : o.minimum(o.div(k, o.lit(warmup)), o.lit(1));
        const past = o.div(o.sub(done(o, k), o.lit(steps - decay)), o.lit(decay));
        const late = o.maximum(o.minimum(past, o.lit(1)), o.lit(0));
        return o.minimum(up, o.sub(o.lit(1), rooted === 1 ? o.sqrt(late) : late));
      },
  }),
};

export type ScheduleName = keyof typeof SCHEDULES;

/** The row of that name. @throws UnknownNameError */
export const scheduleRow = (name: string): Schedule =>
  lookup(SCHEDULES as unknown as Readonly<Record<string, Schedule>>, 'schedule', name);

/**
 * The factor of a row with some hyper-parameters changed.
 * @throws UnknownNameError, DomainError for a value outside its range, NaN included
 */
export const scheduleOf = (name: string, changed: Hyper = {}): Rate => {
  const row = scheduleRow(name);
  return row.factor(hyperOf(name, row, changed));
};
