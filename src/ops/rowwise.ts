// Rows of several steps along the last axis: maximum, log-sum-exp, softmax and its logarithm.

import { elementary, expInto } from '../core/elementary.ts';
import { ShapeError } from '../core/errors.ts';
import { show } from '../core/shape.ts';
import type { View } from '../core/tensor.ts';
import { layout, rowwise } from './op.ts';
import type { Verbs } from './verbs.ts';

const last = { axes: [-1], keep: true } as const;

/** Index of the first largest of n numbers; that of the first NaN, where there is one. */
const top = (x: View, at: number, n: number): number => {
  let best = at;
  for (let j = at; j < at + n; j++) {
    if ((x[j] as number) <= (x[best] as number)) continue; // in range: a row of n
    best = j;
    if (Number.isNaN(x[j])) break; // larger than a NaN is nothing, but a comparison would not say so
  }
  return best;
};

/** Numbers on their way through an exponential, so many at a time. Scratch within one sum. */
const CHUNK = 64;
const chunk = new Float64Array(CHUNK);

/** Σ exp(xⱼ − x_top) over the others; the top itself is the 1 that the sum leaves out. */
const others = (x: View, at: number, n: number, best: number): number => {
  let s = 0;
  let filled = 0;
  for (let j = at; j < at + n; j++) {
    if (j !== best) chunk[filled++] = (x[j] as number) - (x[best] as number);
    if (filled < CHUNK && j < at + n - 1) continue;
    expInto(chunk, 0, filled);
    for (let k = 0; k < filled; k++) s += chunk[k] as number;
    filled = 0;
  }
  return s;
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
    shape: ([x = []]) => {
      if (x.length === 0 || x.at(-1) === 0)
        throw new ShapeError(`max: the last axis must hold at least one number, got ${show(x)}`);
      return [...x.slice(0, -1), 1];
    },
    kernel: (out, [x = []], _p, [shape = []]) => {
      const n = shape.at(-1) ?? 1;
      for (let i = 0; i < out.length; i++) out[i] = x[top(x, i * n, n)] as number; // in range: one row each
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
      const best = top(x, at, n);
      const most = x[best] as number; // in range: the row has n numbers
      // an infinite top is the answer, and must not meet its own difference
      out[to] = Math.abs(most) === Number.POSITIVE_INFINITY ? most : most + elementary.log1p(others(x, at, n, best));
    },
    vjp: (o, g, _y, [x]) => [o.mul(along(o, g, x), o.softmax(x))],
    steps: (o, [x]) => {
      const m = o.max(x);
      const sum = o.add(m, o.log(o.sum(o.exp(o.sub(x, m)), last)));
      return o.reshape(sum, { shape: o.shape(x).slice(0, -1) });
    },
  }),
  softmax: rowwise<readonly ['x']>({
    args: ['x'],
    activation: true,
    doc: 'exponentials along the last axis, divided by their sum',
    source: 'Bridle 1990',
    formula: { sums: { s: 'exp(x)' }, each: 'exp(x) / s' },
    f: (out, to, x, at, n) => {
      const most = x[top(x, at, n)] as number;
      for (let j = 0; j < n; j++) out[to + j] = (x[at + j] as number) - most;
      expInto(out, to, to + n);
      let s = 0;
      for (let j = 0; j < n; j++) s += out[to + j] as number;
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
      const best = top(x, at, n);
      const rest = elementary.log1p(others(x, at, n, best));
      for (let j = 0; j < n; j++) out[to + j] = (x[at + j] as number) - (x[best] as number) - rest;
    },
    vjp: (o, g, _y, [x]) => [o.sub(g, o.mul(o.softmax(x), o.sum(g, last)))],
    steps: (o, [x]) => {
      const d = shifted(o, x);
      return o.sub(d, o.log(o.sum(o.exp(d), last)));
    },
  }),
};
