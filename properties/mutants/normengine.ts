// A schoolbook normalisation in doubles with a place for every fault, from which mutants of normalising layers are made.
import type { Args } from '../contract.ts';
import type { Port } from '../port.ts';
import { at, both, now, number, plain } from './plant.ts';

/** Numbers that are normalised together, and which parameter belongs to each. */
interface Group {
  readonly at: readonly number[];
  readonly parameter: readonly number[];
}

/** What may be wrong. Each has the right text as its default. */
export interface Faults {
  readonly groups: (shape: readonly number[]) => readonly Group[];
  readonly mean: (x: readonly number[]) => number;
  readonly variance: (x: readonly number[], mean: number) => number;
  readonly root: (variance: number, eps: number) => number;
  readonly value: (gamma: number, hat: number, beta: number, root: number) => number;
  /** dx of a group from c = γ·dy. */
  readonly dx: (c: readonly number[], hat: readonly number[], root: number, variance: number) => readonly number[];
  readonly dgamma: (dy: readonly number[], hat: readonly number[], x: readonly number[]) => number;
  readonly dbeta: (dy: readonly number[]) => number;
  readonly estimate: (variance: number, n: number, shape: readonly number[]) => number;
  readonly blend: (old: number, fresh: number, momentum: number) => number;
}

const range = (n: number): readonly number[] => Array.from({ length: n }, (_, i) => i);
export const sum = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0);
export const average = (values: readonly number[]): number => sum(values) / values.length;

export const features = (shape: readonly number[]): readonly Group[] => {
  const f = shape.at(-1) ?? 1;
  const rows = range(shape.slice(0, -1).reduce((a, b) => a * b, 1));
  return range(f).map((j) => ({ at: rows.map((i) => i * f + j), parameter: rows.map(() => j) }));
};
export const samples = (shape: readonly number[]): readonly Group[] => {
  const f = shape.at(-1) ?? 1;
  const rows = range(shape.slice(0, -1).reduce((a, b) => a * b, 1));
  return rows.map((i) => ({ at: range(f).map((j) => i * f + j), parameter: range(f) }));
};
export const everything = (shape: readonly number[]): readonly Group[] => {
  const f = shape.at(-1) ?? 1;
  const all = range(shape.reduce((a, b) => a * b, 1));
  return [{ at: all, parameter: all.map((i) => i % f) }];
};
/** As the features, but each place of the middle axis on its own. */
export const firstAxis = (shape: readonly number[]): readonly Group[] => {
  const [n = 1, ...rest] = shape;
  const size = rest.reduce((a, b) => a * b, 1);
  const f = shape.at(-1) ?? 1;
  return range(size).map((k) => ({ at: range(n).map((i) => i * size + k), parameter: range(n).map(() => k % f) }));
};

export const squares = (x: readonly number[], mean: number): number => sum(x.map((v) => (v - mean) * (v - mean)));

const RIGHT: Omit<Faults, 'groups'> = {
  mean: average,
  variance: (x, mean) => squares(x, mean) / x.length,
  root: (variance, eps) => Math.sqrt(variance + eps),
  value: (gamma, hat, beta) => gamma * hat + beta,
  dx: (c, hat, root) => {
    const along = average(c.map((v, i) => v * (hat[i] ?? 0)));
    const centre = average(c);
    return c.map((v, i) => (v - centre - (hat[i] ?? 0) * along) / root);
  },
  dgamma: (dy, hat) => sum(dy.map((v, i) => v * (hat[i] ?? 0))),
  dbeta: sum,
  estimate: (variance, n) => (variance * n) / (n - 1),
  blend: (old, fresh, momentum) => (1 - momentum) * old + momentum * fresh,
};

const numbersOf = (args: Args, name: string): readonly number[] => Array.from(plain(args, name).data);
const pick = (values: readonly number[], places: readonly number[]): readonly number[] =>
  places.map((i) => values[i] ?? Number.NaN);

interface Solved extends Group {
  readonly x: readonly number[];
  readonly mean: number;
  readonly variance: number;
  readonly root: number;
  readonly hat: readonly number[];
}

const solve = (args: Args, f: Faults): readonly Solved[] =>
  f.groups(plain(args, 'x').shape).map((group) => {
    const x = pick(numbersOf(args, 'x'), group.at);
    const mean = f.mean(x);
    const variance = f.variance(x, mean);
    const root = f.root(variance, number(args, 'eps'));
    return { ...group, x, mean, variance, root, hat: x.map((v) => (v - mean) / root) };
  });

const forward = (args: Args, f: Faults): Args => {
  const { shape } = plain(args, 'x');
  const [gamma, beta] = [numbersOf(args, 'gamma'), numbersOf(args, 'beta')];
  const solved = solve(args, f);
  const y = new Array<number>(plain(args, 'x').data.length).fill(0);
  for (const { at: places, parameter, hat, root } of solved)
    places.forEach((to, i) => {
      const p = parameter[i] ?? 0;
      y[to] = f.value(gamma[p] ?? 0, hat[i] ?? 0, beta[p] ?? 0, root);
    });
  const answer = { y: { shape, data: y } };
  if (args.momentum === undefined) return answer;
  const running = (name: 'mean' | 'variance'): Args[string] => ({
    shape: plain(args, name).shape,
    data: numbersOf(args, name).map((old, j) => {
      const own = solved.find((g) => g.parameter.includes(j));
      const fresh = name === 'mean' ? (own?.mean ?? 0) : f.estimate(own?.variance ?? 0, own?.x.length ?? 0, shape);
      return f.blend(old, fresh, number(args, 'momentum'));
    }),
  });
  return { ...answer, mean: running('mean'), variance: running('variance') };
};

const pulled = (args: Args, f: Faults): Args => {
  const [gamma, dy] = [numbersOf(args, 'gamma'), numbersOf(args, 'dy')];
  const dx = new Array<number>(dy.length).fill(0);
  const terms = gamma.map((): { dy: number[]; hat: number[]; x: number[] } => ({ dy: [], hat: [], x: [] }));
  for (const { at: places, parameter, hat, x, root, variance } of solve(args, f)) {
    const own = f.dx(
      places.map((to, i) => (dy[to] ?? 0) * (gamma[parameter[i] ?? 0] ?? 0)),
      hat,
      root,
      variance,
    );
    places.forEach((to, i) => {
      dx[to] = own[i] ?? 0;
      const t = terms[parameter[i] ?? 0];
      t?.dy.push(dy[to] ?? 0);
      t?.hat.push(hat[i] ?? 0);
      t?.x.push(x[i] ?? 0);
    });
  }
  const { shape } = plain(args, 'gamma');
  return {
    dx: { shape: plain(args, 'x').shape, data: dx },
    dgamma: { shape, data: terms.map((t) => f.dgamma(t.dy, t.hat, t.x)) },
    dbeta: { shape, data: terms.map((t) => f.dbeta(t.dy)) },
  };
};

type Plant = (port: Port) => Port;
const planted =
  (groups: Faults['groups'], forwardEntry: string, vjpEntry: string) =>
  (faults: Partial<Faults>, where: 'both' | 'forward' | 'vjp' = 'both'): Plant => {
    const f = { groups, ...RIGHT, ...faults };
    /** A group of one number has no spread: that is left to the port. */
    const spread = (args: Args): boolean => f.groups(plain(args, 'x').shape).every((g) => g.at.length > 1);
    return both(
      ...(where === 'vjp'
        ? []
        : [at(forwardEntry, (args, original) => (spread(args) ? forward(args, f) : now(original, args)))]),
      ...(where === 'forward' ? [] : [at(vjpEntry, (args) => pulled(args, f))]),
    );
  };

/** The batch normalisation of train mode, with faults. */
export const batchNorm = planted(features, 'layer.batch_norm.train', 'layer.batch_norm.train_vjp');
/** The layer normalisation, with faults. */
export const layerNorm = planted(samples, 'layer.layer_norm.forward', 'layer.layer_norm.vjp');

/** Eval mode: the statistics are given, and faults change how they are used. */
export const evalMode = (
  value: (x: number, gamma: number, beta: number, mean: number, variance: number, eps: number) => number,
): Plant =>
  at('layer.batch_norm.eval', (args) => {
    const of = (name: string, i: number): number => {
      const { data } = plain(args, name);
      return data[i % data.length] ?? 0;
    };
    const { shape, data } = plain(args, 'x');
    return {
      y: {
        shape,
        data: Array.from(data, (x, i) =>
          value(x, of('gamma', i), of('beta', i), of('mean', i), of('variance', i), number(args, 'eps')),
        ),
      },
    };
  });

/** What train mode does to the arguments of eval mode. */
const asTraining = (args: Args): Args => ({ momentum: 0, ...args });
export const trained = (args: Args): Args => forward(asTraining(args), { groups: features, ...RIGHT });
export const trainedPull = (args: Args): Args => pulled(asTraining(args), { groups: features, ...RIGHT });
