// Rows of several steps along the last axis: maximum, log-sum-exp, softmax and its logarithm.

import { elementary, expInto } from '../core/elementary.ts';
import { ShapeError } from '../core/errors.ts';
import { show } from '../core/shape.ts';
import type { View } from '../core/tensor.ts';
import { sumRow } from './fold.ts';
import { layout, rowwise } from './op.ts';
import type { Verbs } from './verbs.ts';

const last = { axes: [-1], keep: true } as const;

/** The largest of n numbers: NaN where one is, and 0 rather than −0, so that the order of comparing is free. */
const top = (x: View, at: number, n: number): number => {
  let best = Number.NEGATIVE_INFINITY;
  for (let j = at; j < at + n; j++) best = Math.max(best, x[j] as number); // in range: a row of n
  return best;
};

/**
 * log Σ exp(xⱼ − m) for the largest m: the terms that are 1 because they are the largest are counted, and one of them is the
 * 1 of log1p, so that nothing is lost beside it.
 */
const logOfSum = (x: View, at: number, n: number, most: number): number => {
  const row = new Float64Array(n);
  let ties = 0;
  for (let j = 0; j < n; j++) {
    const below = (x[at + j] as number) - most; // in range: a row of n
    row[j] = below;
    ties += below < 0 ? 0 : 1;
  }
  expInto(row, 0, n);
  for (let j = 0; j < n; j++) if (!((x[at + j] as number) < most)) row[j] = 0;
  return elementary.log1p(sumRow(row, 0, n) + (ties - 1));
};

/** {@link logOfSum} in rows that give the same bits. */
const logOfSumBy = <T>(o: Verbs<T>, x: T, most: T): T => {
  const below = o.greater(most, x);
  const rest = o.sum(o.where(below, o.exp(o.sub(x, most)), o.lit(0)), last);
  const ties = o.sum(o.sub(o.lit(1), below), last);
  return o.log1p(o.add(rest, o.sub(ties, o.lit(1))));
};

/** The shape of a row's result, stretched back along the last axis. */
const along = <T>(o: Verbs<T>, g: T, x: T): T => o.reshape(g, { shape: [...o.shape(x).slice(0, -1), 1] });

const shifted = <T>(o: Verbs<T>, x: T): T => o.sub(x, o.max(x));

export const rowwiseRows = {
  max: layout<readonly ['x'], undefined>({
    args: ['x'],
    doc: 'largest number along the last axis, which stays with size 1; ties share the slope',
    source: 'Iverson 1962, §1.6 (reduction)',
    formula: { maxima: { m: 'x' }, each: 'm' },
    sample: () => undefined,
    lower: { as: 'max' },
    shape: ([x = []]) => {
      if (x.length === 0 || x.at(-1) === 0)
        throw new ShapeError(`max: the last axis must hold at least one number, got ${show(x)}`);
      return [...x.slice(0, -1), 1];
    },
    kernel: (out, [x = []], _p, [shape = []]) => {
      const n = shape.at(-1) ?? 1;
      for (let i = 0; i < out.length; i++) out[i] = top(x, i * n, n);
    },
    vjp: (o, g, y, [x]) => {
      const ties = o.sub(o.lit(1), o.greater(y, x));
      return [o.mul(ties, o.div(g, o.sum(ties, last)))];
    },
  }),
  logSumExp: rowwise<readonly ['x']>({
    args: ['x'],
    doc: 'logarithm of the sum of exponentials along the last axis, without overflow',
    source: 'Blanchard, Higham & Higham 2021, Algorithm 3.2',
    formula: { sums: { s: 'exp(x)' }, each: 'log(s)' },
    reduces: true,
    f: (out, to, x, at, n) => {
      const most = top(x, at, n);
      out[to] = most + logOfSum(x, at, n, most);
    },
    vjp: (o, g, _y, [x]) => [o.mul(along(o, g, x), o.softmax(x))],
    steps: (o, [x]) => {
      const m = o.max(x);
      const sum = o.add(m, o.log(o.sum(o.exp(o.sub(x, m)), last)));
      return o.reshape(sum, { shape: o.shape(x).slice(0, -1) });
    },
    exactly: (o, [x]) => {
      const m = o.max(x);
      return o.reshape(o.add(m, logOfSumBy(o, x, m)), { shape: o.shape(x).slice(0, -1) });
    },
  }),
  softmax: rowwise<readonly ['x']>({
    args: ['x'],
    activation: true,
    doc: 'exponentials along the last axis, divided by their sum',
    source: 'Bridle 1990',
    formula: { sums: { s: 'exp(x)' }, each: 'exp(x) / s' },
    f: (out, to, x, at, n) => {
      const most = top(x, at, n);
      for (let j = 0; j < n; j++) out[to + j] = (x[at + j] as number) - most;
      expInto(out, to, to + n);
      const s = sumRow(out, to, n);
      for (let j = 0; j < n; j++) out[to + j] = (out[to + j] as number) / s;
    },
    vjp: (o, g, y) => [o.mul(y, o.sub(g, o.sum(o.mul(g, y), last)))],
    steps: (o, [x]) => {
      const e = o.exp(shifted(o, x));
      return o.div(e, o.sum(e, last));
    },
  }),
  logSoftmax: rowwise<readonly ['x']>({
    args: ['x'],
    activation: true,
    doc: 'logarithm of softmax, without overflow or cancellation at the top',
    source: 'Bridle 1990; Blanchard, Higham & Higham 2021, Algorithm 3.2',
    formula: { sums: { s: 'exp(x)' }, each: 'x - log(s)' },
    f: (out, to, x, at, n) => {
      const most = top(x, at, n);
      const rest = logOfSum(x, at, n, most);
      for (let j = 0; j < n; j++) out[to + j] = (x[at + j] as number) - most - rest; // in range: a row of n
    },
    vjp: (o, g, _y, [x]) => [o.sub(g, o.mul(o.softmax(x), o.sum(g, last)))],
    steps: (o, [x]) => {
      const d = shifted(o, x);
      return o.sub(d, o.log(o.sum(o.exp(d), last)));
    },
    exactly: (o, [x]) => {
      const m = o.max(x);
      return o.sub(o.sub(x, m), logOfSumBy(o, x, m));
    },
  }),
};
