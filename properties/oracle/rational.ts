// Exact gradients of piecewise linear networks with squared error, as fractions of integers without end.
import type { AnyLayer } from '../args.ts';
import { exponentOf } from '../tolerance.ts';

/** n / 2^e: doubles are such numbers, and sums and products of them stay so. */
interface Dyadic {
  readonly n: bigint;
  readonly e: number;
}

const ZERO: Dyadic = { n: 0n, e: 0 };

/** A double as it stands. */
const of = (x: number): Dyadic => {
  if (x === 0) return ZERO;
  const e = Math.max(0, 52 - exponentOf(x));
  return { n: BigInt(x * 2 ** e), e };
};
const align = (a: Dyadic, b: Dyadic): readonly [bigint, bigint, number] => {
  const e = Math.max(a.e, b.e);
  return [a.n << BigInt(e - a.e), b.n << BigInt(e - b.e), e];
};
const add = (a: Dyadic, b: Dyadic): Dyadic => {
  const [x, y, e] = align(a, b);
  return { n: x + y, e };
};
const mul = (a: Dyadic, b: Dyadic): Dyadic => ({ n: a.n * b.n, e: a.e + b.e });
const total = (xs: readonly Dyadic[]): Dyadic => xs.reduce(add, ZERO);

/** The double that equals it. @throws Error when there is none, since then the law asks too much */
const double = ({ n, e }: Dyadic): number => {
  let [m, k] = [n, e];
  while (k > 0 && m % 2n === 0n) [m, k] = [m / 2n, k - 1];
  const x = Number(m) / 2 ** k;
  if (BigInt(Number(m)) !== m) throw new Error(`oracle: ${n} / 2^${e} is no double`);
  return x;
};

type Rows = readonly (readonly Dyadic[])[];
interface Values {
  readonly shape: readonly number[];
  readonly data: readonly number[];
}

const nested = ({ shape, data }: Values): Rows => {
  const width = shape.at(-1) ?? 1;
  return Array.from({ length: data.length / width }, (_, r) => data.slice(r * width, (r + 1) * width).map(of));
};
const at = (rows: Rows, i: number, j: number): Dyadic => rows[i]?.[j] ?? ZERO;
const table = (rows: number, columns: number, f: (i: number, j: number) => Dyadic): Rows =>
  Array.from({ length: rows }, (_, i) => Array.from({ length: columns }, (_2, j) => f(i, j)));

/** Slope on either side of 0 of a piecewise linear activation. */
const slopes = (layer: AnyLayer): readonly [left: number, right: number] => {
  if (layer.type !== 'activation') throw new Error(`oracle: no slopes of ${layer.type}`);
  if (layer.name === 'identity') return [1, 1];
  if (layer.name === 'relu') return [0, 1];
  if (layer.name === 'leaky_relu') return [Number(layer.slope), 1];
  throw new Error(`oracle: ${layer.name} is not piecewise linear`);
};

/** A network of dense layers and piecewise linear activations under the sum of squared errors. */
export interface RationalTask {
  readonly layers: readonly AnyLayer[];
  readonly params: readonly Values[];
  readonly x: Values;
  readonly y: Values;
}

export interface RationalTruth {
  readonly loss: number;
  readonly output: readonly number[];
  readonly gradients: readonly (readonly number[])[];
  readonly inputs: readonly number[];
}

/** Loss, output and all gradients, exactly: textbook backpropagation over fractions. At 0, the slope lies `atZero` of the way from left to right. */
export const rationalGradients = ({ layers, params, x, y }: RationalTask, atZero = 0): RationalTruth => {
  const n = x.shape[0] ?? 1;
  let [h, next] = [nested(x), 0];
  const steps: ((delta: Rows) => Rows)[] = [];
  const gradients: (readonly Dyadic[])[] = params.map(() => []);
  for (const layer of layers) {
    const input = h;
    const width = input[0]?.length ?? 0;
    if (layer.type === 'dense') {
      const [iw, ib] = [next, next + 1];
      next += 2;
      const [w, b] = [nested(params[iw] ?? x), nested(params[ib] ?? x)];
      h = table(n, layer.units, (r, j) =>
        add(total(Array.from({ length: width }, (_, i) => mul(at(input, r, i), at(w, i, j)))), at(b, 0, j)),
      );
      steps.push((delta) => {
        const rows = Array.from({ length: n }, (_, r) => r);
        gradients[iw] = table(width, layer.units, (i, j) =>
          total(rows.map((r) => mul(at(input, r, i), at(delta, r, j)))),
        ).flat();
        gradients[ib] = table(1, layer.units, (_, j) => total(rows.map((r) => at(delta, r, j)))).flat();
        return table(n, width, (r, i) =>
          total(Array.from({ length: layer.units }, (_, j) => mul(at(delta, r, j), at(w, i, j)))),
        );
      });
    } else {
      const [left, right] = slopes(layer);
      const slope = (v: Dyadic): Dyadic => of(v.n > 0n ? right : v.n < 0n ? left : left + atZero * (right - left));
      h = input.map((row) => row.map((v) => mul(v, slope(v))));
      steps.push((delta) => table(n, width, (r, j) => mul(at(delta, r, j), slope(at(input, r, j)))));
    }
  }
  const target = nested(y);
  const off = h.map((row, r) => row.map((v, j) => add(v, mul(of(-1), at(target, r, j)))));
  let delta: Rows = off.map((row) => row.map((v) => mul(of(2), v)));
  for (const step of steps.reverse()) delta = step(delta);
  return {
    loss: double(total(off.flat().map((v) => mul(v, v)))),
    output: h.flat().map(double),
    gradients: gradients.map((g) => g.map(double)),
    inputs: delta.flat().map(double),
  };
};
