// The training steps derived by hand, for libraries of matrices without derivatives: written once over what such a library offers.
import { type Running, repeated } from '../peer.ts';
import type { Inputs, SizesOf } from '../workloads.ts';

/** What a library of matrices offers; a row vector has one row. */
export interface Algebra<M> {
  readonly from: (values: Float64Array, rows: number, columns: number) => M;
  readonly to: (a: M) => ArrayLike<number>;
  readonly matmul: (a: M, b: M) => M;
  readonly transpose: (a: M) => M;
  readonly add: (a: M, b: M) => M;
  readonly sub: (a: M, b: M) => M;
  readonly mul: (a: M, b: M) => M;
  readonly div: (a: M, b: M) => M;
  readonly scale: (a: M, by: number) => M;
  readonly map: (a: M, f: (v: number) => number) => M;
  readonly addRow: (a: M, row: M) => M;
  readonly mulRow: (a: M, row: M) => M;
  /** The sum of all rows, as a row vector. */
  readonly sumRows: (a: M) => M;
}

const logistic = (z: number): number => 1 / (1 + Math.exp(-z));
const reciprocalRoot = (v: number): number => 1 / Math.sqrt(v + 1e-5);
const softplus = (z: number): number => Math.max(z, 0) + Math.log1p(Math.exp(-Math.abs(z)));

type Named<M> = Readonly<Record<string, M>>;
const mapped = <A, B>(named: Named<A>, f: (value: A, name: string) => B): Named<B> =>
  Object.fromEntries(Object.entries(named).map(([name, value]) => [name, f(value, name)]));

/** Adam over named parameters: (gradients, parameters) to parameters. */
export const handAdam = <M>(o: Algebra<M>, lr: number) => {
  const moments = new Map<string, { readonly m: M; readonly v: M }>();
  let k = 0;
  return (params: Named<M>, grads: Named<M>): Named<M> => {
    k++;
    const rate = lr / (1 - 0.9 ** k);
    const root = 1 / Math.sqrt(1 - 0.999 ** k);
    return mapped(params, (w, name) => {
      const g = grads[name] as M; // one per parameter
      const before = moments.get(name);
      const [m1, v1] = [o.scale(g, 1 - 0.9), o.scale(o.mul(g, g), 1 - 0.999)];
      const m = before === undefined ? m1 : o.add(o.scale(before.m, 0.9), m1);
      const v = before === undefined ? v1 : o.add(o.scale(before.v, 0.999), v1);
      moments.set(name, { m, v });
      return o.sub(
        w,
        o.div(
          o.scale(m, rate),
          o.map(v, (s) => Math.sqrt(s) * root + 1e-8),
        ),
      );
    });
  };
};

/** Mean binary cross-entropy from a column of logits, and its gradient. */
const bce = <M>(o: Algebra<M>, z: M, y: M, n: number): { readonly loss: number; readonly dz: M } => {
  const each = o.sub(o.map(z, softplus), o.mul(z, y));
  return { loss: (o.to(o.sumRows(each))[0] ?? Number.NaN) / n, dz: o.scale(o.sub(o.map(z, logistic), y), 1 / n) };
};

/** γ·x̂ + β over the rows, with what its derivative needs. */
export const handNorm = <M>(o: Algebra<M>, x: M, gamma: M, beta: M, n: number) => {
  const mean = o.scale(o.sumRows(x), 1 / n);
  const centred = o.addRow(x, o.scale(mean, -1));
  const variance = o.scale(o.sumRows(o.mul(centred, centred)), 1 / n);
  const inverse = o.map(variance, reciprocalRoot);
  const xhat = o.mulRow(centred, inverse);
  return { y: o.addRow(o.mulRow(xhat, gamma), beta), xhat, inverse, mean, variance };
};

export const handNormBack = <M>(
  o: Algebra<M>,
  { xhat, inverse }: { readonly xhat: M; readonly inverse: M },
  gamma: M,
  dy: M,
  n: number,
) => {
  const dbeta = o.sumRows(dy);
  const dgamma = o.sumRows(o.mul(dy, xhat));
  const inner = o.addRow(o.sub(dy, o.mulRow(xhat, o.scale(dgamma, 1 / n))), o.scale(dbeta, -1 / n));
  return { dx: o.mulRow(inner, o.mul(gamma, inverse)), dgamma, dbeta };
};

export const handXor = <M>(o: Algebra<M>, { hidden, lr }: SizesOf['xor'], a: Inputs<'xor'>): Running => {
  const [x, y] = [o.from(a.x, 4, 2), o.from(a.y, 4, 1)];
  const xt = o.transpose(x);
  const start = {
    w1: o.from(a.w1, 2, hidden),
    b1: o.from(a.b1, 1, hidden),
    w2: o.from(a.w2, hidden, 1),
    b2: o.from(a.b2, 1, 1),
  };
  const adam = handAdam(o, lr);
  let p = start;
  let loss = Number.NaN;
  return repeated(
    () => {
      const h = o.map(o.addRow(o.matmul(x, p.w1), p.b1), Math.tanh);
      const at = bce(o, o.addRow(o.matmul(h, p.w2), p.b2), y, 4);
      loss = at.loss;
      const da = o.mul(
        o.matmul(at.dz, o.transpose(p.w2)),
        o.map(h, (t) => 1 - t * t),
      );
      p = adam(p, {
        w1: o.matmul(xt, da),
        b1: o.sumRows(da),
        w2: o.matmul(o.transpose(h), at.dz),
        b2: o.sumRows(at.dz),
      }) as typeof start; // the same names
    },
    () => ({ loss: [loss], ...mapped(p, o.to) }),
  );
};

export const handClassifier = <M>(
  o: Algebra<M>,
  { batch: n, inputs, first, second, dropRate, lr }: SizesOf['classifier'],
  a: Inputs<'classifier'>,
): Running => {
  const [x, y] = [o.from(a.x, n, inputs), o.from(a.y, n, 1)];
  const row = (values: Float64Array): M => o.from(values, 1, values.length);
  const start = {
    w1: o.from(a.w1, inputs, first),
    b1: row(a.b1),
    gamma1: row(a.gamma1),
    beta1: row(a.beta1),
    w2: o.from(a.w2, first, second),
    b2: row(a.b2),
    gamma2: row(a.gamma2),
    beta2: row(a.beta2),
    w3: o.from(a.w3, second, 1),
    b3: row(a.b3),
  };
  const adam = handAdam(o, lr);
  let p = start;
  let running = {
    mean1: row(new Float64Array(first)),
    variance1: row(new Float64Array(first).fill(1)),
    mean2: row(new Float64Array(second)),
    variance2: row(new Float64Array(second).fill(1)),
  };
  let loss = Number.NaN;
  const blend = (old: M, fresh: M): M => o.add(o.scale(old, 0.9), o.scale(fresh, 0.1));
  const hidden = (h: M, w: M, b: M, gamma: M, beta: M) => {
    const norm = handNorm(o, o.addRow(o.matmul(h, w), b), gamma, beta, n);
    const factor = o.map(norm.y, (v) => (v > 0 && Math.random() >= dropRate ? 1 / (1 - dropRate) : 0));
    return { ...norm, factor, out: o.mul(norm.y, factor) };
  };
  return repeated(
    () => {
      const h1 = hidden(x, p.w1, p.b1, p.gamma1, p.beta1);
      const h2 = hidden(h1.out, p.w2, p.b2, p.gamma2, p.beta2);
      const unbiased = n / (n - 1);
      running = {
        mean1: blend(running.mean1, h1.mean),
        variance1: blend(running.variance1, o.scale(h1.variance, unbiased)),
        mean2: blend(running.mean2, h2.mean),
        variance2: blend(running.variance2, o.scale(h2.variance, unbiased)),
      };
      const at = bce(o, o.addRow(o.matmul(h2.out, p.w3), p.b3), y, n);
      loss = at.loss;
      const back2 = handNormBack(o, h2, p.gamma2, o.mul(o.matmul(at.dz, o.transpose(p.w3)), h2.factor), n);
      const back1 = handNormBack(o, h1, p.gamma1, o.mul(o.matmul(back2.dx, o.transpose(p.w2)), h1.factor), n);
      p = adam(p, {
        w1: o.matmul(o.transpose(x), back1.dx),
        b1: o.sumRows(back1.dx),
        gamma1: back1.dgamma,
        beta1: back1.dbeta,
        w2: o.matmul(o.transpose(h1.out), back2.dx),
        b2: o.sumRows(back2.dx),
        gamma2: back2.dgamma,
        beta2: back2.dbeta,
        w3: o.matmul(o.transpose(h2.out), at.dz),
        b3: o.sumRows(at.dz),
      }) as typeof start; // the same names
    },
    () => ({ loss: [loss], ...mapped({ ...p, ...running }, o.to) }),
  );
};
