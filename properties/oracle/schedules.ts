// Schedules of the learning rate written once more by hand at 64 digits: the factor at step k, counted from 1.
import type { Dtype } from '../port.ts';
import { Near } from './near.ts';

interface Here {
  readonly h: (key: string) => number;
  readonly n: (x: number) => Near;
  /** From 1. */
  readonly k: number;
}

/** From a to b along half a cosine, t from 0 to 1. */
const halfCosine = (a: Near, b: Near, t: Near): Near => b.plus(a.minus(b).times(t.cosPi().plus(1)).over(2));
/** bˣ. */
const power = (b: Near, x: Near): Near => (x.value.isZero() ? Near.of(1, b.dtype) : b.log().times(x).exp());

const FACTORS: Readonly<Record<string, (x: Here) => Near>> = {
  constant: ({ n }) => n(1),
  step: ({ h, n, k }) => {
    const falls = Math.floor((k - 1) / h('every'));
    return n(h('gamma')).power(falls);
  },
  exponential: ({ h, n, k }) => {
    const t = (k - 1) / h('every');
    return power(n(h('rate')), h('staircase') === 1 ? n(Math.floor(t)) : n(k - 1).over(h('every')));
  },
  inverse_root: ({ h, n, k }) => (k <= h('warmup') ? n(k).over(h('warmup')) : n(h('warmup')).over(k).root()),
  polynomial: ({ h, n, k }) => {
    const left = h('steps') - (k - 1);
    const final = n(h('final'));
    if (left <= 0) return final;
    return n(1)
      .minus(final)
      .times(power(n(left).over(h('steps')), n(h('power'))))
      .plus(final);
  },
  cosine: ({ h, n, k }) => {
    const t = Math.min(k - 1, h('steps'));
    return halfCosine(n(1), n(h('final')), n(t).over(h('steps')));
  },
  warm_restarts: ({ h, n, k }) => {
    let [start, length, cycle] = [0, h('first'), 1];
    while (cycle < h('cycles') && k - 1 >= start + length) {
      start += length;
      length *= h('growth');
      cycle += 1;
    }
    return halfCosine(n(1), n(h('final')), n(Math.min(k - 1 - start, length)).over(length));
  },
  one_cycle: ({ h, n, k }) => {
    const done = n(k - 1);
    const top = n(h('peak')).times(h('steps'));
    const rising = halfCosine(n(h('start')), n(1), done.over(top).min(1));
    const fall = done
      .minus(top)
      .over(n(h('steps')).minus(top))
      .min(1)
      .max(0);
    return Near.pick(top.above(done), rising, halfCosine(n(1), n(h('final')), fall));
  },
  warmup_stable_decay: ({ h, n, k }) => {
    const up = h('warmup') === 0 ? n(1) : n(Math.min(k, h('warmup'))).over(h('warmup'));
    const past = Math.min(Math.max(k - 1 - (h('steps') - h('decay')), 0), h('decay'));
    const late = n(past).over(h('decay'));
    return up.min(n(1).minus(h('rooted') === 1 ? late.root() : late));
  },
};

export const isSchedule = (name: string): boolean => name in FACTORS;

/** The factor with what a correct program may be off by. */
export const factorAt = (name: string, hyper: Readonly<Record<string, number>>, k: number, dtype: Dtype): Near =>
  FACTORS[name]?.({ h: (key) => hyper[key] ?? Number.NaN, n: (x) => Near.of(x, dtype), k }) ??
  Near.of(Number.NaN, dtype);
