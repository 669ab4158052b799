// A second engine for dense networks: nested arrays, plain loops and backpropagation by hand. It shares nothing with src.
import type { AnyLayer } from '../args.ts';

interface Values {
  readonly shape: readonly number[];
  readonly data: readonly number[];
}

/** What a dense network is asked with. */
export interface NaiveTask {
  readonly layers: readonly AnyLayer[];
  readonly loss: string;
  readonly reduction: 'mean' | 'sum';
  readonly params: readonly Values[];
  readonly x: Values;
  readonly y: Values;
}

type Rows = number[][];

const rows = ({ shape, data }: Values): Rows => {
  const width = shape[shape.length - 1] ?? 1;
  const out: Rows = [];
  for (let i = 0; i < data.length; i += width) out.push(data.slice(i, i + width));
  return out;
};
const at = (m: Rows, i: number, j: number): number => m[i]?.[j] ?? Number.NaN;

type Curve = readonly [value: (z: number, a: number) => number, slope: (z: number, a: number) => number];

const sigmoid = (z: number): number => 1 / (1 + Math.exp(-z));

/** Activations with their derivatives, in the input z and a parameter a. */
const CURVES: Readonly<Record<string, Curve>> = {
  identity: [(z) => z, () => 1],
  relu: [(z) => (z > 0 ? z : 0), (z) => (z > 0 ? 1 : 0)],
  leaky_relu: [(z, a) => (z > 0 ? z : a * z), (z, a) => (z > 0 ? 1 : a)],
  sigmoid: [sigmoid, (z) => sigmoid(z) * sigmoid(-z)],
  tanh: [Math.tanh, (z) => 1 / Math.cosh(z) ** 2],
  elu: [(z, a) => (z > 0 ? z : a * Math.expm1(z)), (z, a) => (z > 0 ? 1 : a * Math.exp(z))],
};

/** Loss of one sample and its slope by each prediction, terms counted. */
type Cost = (p: readonly number[], y: readonly number[]) => readonly [terms: number[], slopes: number[]];
const per =
  (value: (p: number, y: number) => number, slope: (p: number, y: number) => number): Cost =>
  (p, y) => [p.map((v, i) => value(v, y[i] ?? 0)), p.map((v, i) => slope(v, y[i] ?? 0))];

const COSTS: Readonly<Record<string, Cost>> = {
  mse: per(
    (p, y) => (p - y) ** 2,
    (p, y) => 2 * (p - y),
  ),
  bce_with_logits: per(
    (z, y) => (z > 0 ? (1 - y) * z : -y * z) + Math.log1p(Math.exp(-Math.abs(z))),
    (z, y) => (1 - y) * sigmoid(z) - y * sigmoid(-z),
  ),
  softmax_cross_entropy: (z, y) => {
    const most = Math.max(...z);
    const e = z.map((v) => Math.exp(v - most));
    const total = e.reduce((a, b) => a + b, 0);
    const mass = y.reduce((a, b) => a + b, 0);
    const cost = z.reduce((s, v, i) => s - (y[i] ?? 0) * (v - most - Math.log(total)), 0);
    return [[cost], e.map((v, i) => (mass * v) / total - (y[i] ?? 0))];
  },
};

const lossAndGrad = ({ layers, loss, reduction, params, x, y }: NaiveTask) => {
  const inputs: Rows[] = []; // what each layer was given
  const weights: Rows[] = params.map(rows);
  let h = rows(x);
  let next = 0;
  for (const layer of layers) {
    inputs.push(h);
    if (layer.type === 'dense') {
      const [w, b] = [weights[next] ?? [], weights[next + 1]?.[0] ?? []];
      next += 2;
      h = h.map((row) =>
        b.map((bias, j) => {
          let s = 0;
          for (let i = 0; i < row.length; i++) s += (row[i] ?? 0) * at(w, i, j);
          return s + bias;
        }),
      );
    } else if (layer.type === 'activation') {
      const [value] = CURVES[layer.name] ?? [() => Number.NaN];
      h = h.map((row) => row.map((z) => value(z, Number(layer.slope ?? layer.alpha))));
    } else throw new Error(`naive: no layer ${layer.type}`);
  }
  const target = rows(y);
  const costs = h.map((row, r) => (COSTS[loss] as Cost)(row, target[r] ?? [])); // laws ask for known losses only
  const terms = costs.flatMap(([t]) => t);
  const share = reduction === 'mean' ? terms.length : 1;
  let delta = costs.map(([, slopes]) => slopes.map((s) => s / share));
  const gradients: number[][] = params.map(() => []);
  for (let l = layers.length - 1; l >= 0; l--) {
    const [layer, input] = [layers[l], inputs[l] ?? []];
    if (layer?.type === 'dense') {
      next -= 2;
      const w = weights[next] ?? [];
      const [dw, db]: [number[], number[]] = [[], []];
      for (let i = 0; i < w.length; i++)
        for (let j = 0; j < layer.units; j++) {
          let s = 0;
          for (let r = 0; r < input.length; r++) s += at(input, r, i) * at(delta, r, j);
          dw.push(s);
        }
      for (let j = 0; j < layer.units; j++) {
        let s = 0;
        for (let r = 0; r < input.length; r++) s += at(delta, r, j);
        db.push(s);
      }
      [gradients[next], gradients[next + 1]] = [dw, db];
      delta = delta.map((row) =>
        w.map((outgoing) => {
          let s = 0;
          for (let j = 0; j < row.length; j++) s += (row[j] ?? 0) * (outgoing[j] ?? 0);
          return s;
        }),
      );
    } else if (layer?.type === 'activation') {
      const [, slope] = CURVES[layer.name] ?? [null, () => Number.NaN];
      delta = delta.map((row, r) => row.map((d, j) => d * slope(at(input, r, j), Number(layer.slope ?? layer.alpha))));
    }
  }
  return { loss: terms.reduce((a, b) => a + b, 0) / share, output: h.flat(), gradients };
};

export const naiveNetwork = { activations: Object.keys(CURVES), losses: Object.keys(COSTS), lossAndGrad } as const;
