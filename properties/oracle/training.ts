// A whole training by hand at 64 digits: the rules that see whole tensors, and the loop over steps and leaves.
import type { Values } from '../arbitraries.ts';
import type { Dtype } from '../port.ts';
import { NEVER_OFF } from './defaults.ts';
import { Near } from './near.ts';
import { adamStep, type Here, mean, RULES, type Rule } from './rules.ts';

/** Gradients given in advance: start, gradients by step and leaf, hyper-parameters, and a learning rate per step where it changes. */
export interface Training {
  readonly params: readonly Values[];
  /** [step][leaf] */
  readonly gradients: readonly (readonly Values[])[];
  readonly hyper: Readonly<Record<string, number>>;
  readonly rates?: readonly number[];
}

/** One tensor: its coordinates, and squares of numbers beside it. */
interface Leaf {
  readonly shape: readonly number[];
  readonly all: readonly Here[];
  readonly squares: Record<string, Square>;
}
type Square = readonly (readonly Near[])[];
/** Updates by leaf and coordinate. */
type Whole = (leaves: readonly Leaf[], memory: Record<string, Near>) => readonly (readonly Near[])[];

const sum = (terms: readonly Near[]): Near => terms.reduce((a, b) => a.plus(b));
const norm = (terms: readonly Near[]): Near => sum(terms.map((t) => t.square())).root();
const product = (a: Square, b: Square): Square =>
  a.map((row) => (b[0] ?? []).map((_, j) => sum(row.map((v, i) => v.times(b[i]?.[j] ?? v)))));
const turned = (a: Square): Square => (a[0] ?? []).map((_, j) => a.map((row) => row[j] as Near)); // of equal rows
const added = (a: Square, b: Square): Square => a.map((row, i) => row.map((v, j) => v.plus(b[i]?.[j] ?? v)));
const scaled = (a: Square, by: Near): Square => a.map((row) => row.map((v) => v.times(by)));
const asMatrix = ([, columns = 1]: readonly number[], flat: readonly Near[]): Square =>
  Array.from({ length: flat.length / columns }, (_, i) => flat.slice(i * columns, (i + 1) * columns));

const byCoordinate =
  (rule: Rule): Whole =>
  (leaves) =>
    leaves.map((leaf) => leaf.all.map(rule));
const byLeaf =
  (rule: (leaf: Leaf) => readonly Near[]): Whole =>
  (leaves) =>
    leaves.map(rule);

/** You et al. 2020, Algorithm 2. */
const lamb = ({ all }: Leaf): readonly Near[] => {
  const r = all.map((x) => adamStep(x).plus(x.h('weightDecay').times(x.w)));
  const [size, length] = [norm(all.map((x) => x.w)), norm(r)];
  return all.map((x, i) => {
    const step = r[i] ?? x.g;
    const whole = size.value.isZero() || length.value.isZero();
    return x.lr.times(whole ? step : size.over(length).times(step)).neg();
  });
};

/** Jordan et al. 2024: five turns of a quintic on the momentum over its norm. */
const muon = ({ shape, all }: Leaf): readonly Near[] => {
  const [rows = 1, columns = 1] = shape;
  if (shape.length !== 2) return all.map(muonVector);
  const u = all.map((x) => {
    const mu = x.h('momentum');
    const m = mean(x, 'm', mu, x.g);
    return mu.times(m).plus(x.number(1).minus(mu).times(x.g));
  });
  const [first] = all;
  if (first === undefined) return [];
  const length = norm(u).plus(first.h('eps'));
  const none = length.value.isZero();
  let y = asMatrix(shape, none ? u : u.map((v) => v.over(length)));
  if (rows > columns) y = turned(y);
  const constant = (text: string): Near => Near.written(text, first.g.dtype);
  for (let turn = 0; turn < 5; turn++) {
    const a = product(y, turned(y));
    const b = added(scaled(a, constant('-4.775')), scaled(product(a, a), constant('2.0315')));
    y = added(scaled(y, constant('3.4445')), product(b, y));
  }
  if (rows > columns) y = turned(y);
  const side = first.number(Math.max(rows, columns)).root();
  const size = first.on('rmsScale') ? constant('0.2').times(side) : first.number(columns).over(rows).max(1).root();
  const flat = y.flat();
  return all.map((x, i) => x.lr.times(size.times(flat[i] ?? x.g).plus(x.h('weightDecay').times(x.w))).neg());
};
const muonVector: Rule = (x) => {
  const m = mean(x, 'm', x.h('beta1'), x.g);
  const v = mean(x, 'v', x.h('beta2'), x.g.square());
  const one = x.number(1);
  const root = v
    .over(one.minus(x.h('beta2').power(x.k)))
    .root()
    .plus(x.h('adamEps'));
  return x.lr
    .times(x.h('adamShare'))
    .times(m.over(one.minus(x.h('beta1').power(x.k))).over(root))
    .neg();
};

/** The longest side of a matrix for which a rule is written here. */
export const LONGEST_SIDE: Readonly<Record<string, number>> = { shampoo: 2 };

/** √A of a positive definite matrix of one or two rows: (A + √det·I)/√(trace + 2·√det). Cayley & Hamilton. */
const rootOf = (a: Square): Square => {
  const [[p, q] = [], [r, s] = []] = a;
  if (p === undefined) return a;
  if (q === undefined || r === undefined || s === undefined) return [[p.root()]];
  const det = p.times(s).minus(q.times(r)).root();
  const by = p.plus(s).plus(det.times(2)).root();
  return [
    [p.plus(det).over(by), q.over(by)],
    [r.over(by), s.plus(det).over(by)],
  ];
};
const inverseOf = (a: Square): Square => {
  const [[p, q] = [], [r, s] = []] = a;
  if (p === undefined) return a;
  if (q === undefined || r === undefined || s === undefined) return [[Near.of(1, p.dtype).over(p)]];
  const det = p.times(s).minus(q.times(r));
  return [
    [s.over(det), q.neg().over(det)],
    [r.neg().over(det), p.over(det)],
  ];
};

/** Gupta, Koren & Singer 2018, Algorithm 1, for sides of one or two; other tensors by Adagrad. */
const shampoo = (leaf: Leaf): readonly Near[] => {
  const { shape, all, squares } = leaf;
  if (shape.length !== 2)
    return all.map((x) => {
      x.s.sum = (x.s.sum ?? x.h('eps')).plus(x.g.square());
      return x.lr.times(x.g.over(x.s.sum.root())).neg();
    });
  const g = asMatrix(
    shape,
    all.map((x) => x.g),
  );
  const [first] = all;
  if (first === undefined) return [];
  const grown = (name: string, by: Square): Square => {
    const now = squares[name] === undefined ? by : added(squares[name], by);
    squares[name] = now;
    const ridged = now.map((row, i) => row.map((v, j) => (i === j ? v.plus(first.h('eps')) : v)));
    return inverseOf(rootOf(rootOf(ridged.map((row) => row.map((v) => v.solved(ridged.flat()))))));
  };
  const left = grown('left', product(g, turned(g)));
  const right = grown('right', product(turned(g), g));
  const y = product(product(left, g), right).flat();
  return all.map((x, i) => x.lr.times(y[i] ?? x.g).neg());
};

/** Mishchenko & Defazio 2024, Algorithm 4. */
const prodigy: Whole = (leaves, memory) => {
  const every = leaves.flatMap((leaf) => leaf.all);
  const [first] = every;
  if (first === undefined) return [];
  const { h, number, k } = first;
  const d = memory.d ?? h('d0');
  const beta3 = h('beta2').root();
  const one = number(1);
  const bias = first.on('biasCorrection')
    ? one
        .minus(h('beta2').power(k))
        .root()
        .over(one.minus(h('beta1').power(k)))
    : one;
  const rate = d.times(first.lr).times(bias);
  const weight = d.over(h('d0')).times(rate);
  const along = sum(
    every.map((x) => {
      x.s.start ??= x.w;
      return x.g.times(x.s.start.minus(x.w));
    }),
  );
  memory.top = beta3.times(memory.top ?? number(0)).plus(weight.times(along));
  const sums = every.map((x) => {
    x.s.sum = beta3.times(x.s.sum ?? number(0)).plus(weight.times(x.g));
    return x.s.sum.abs();
  });
  const size = sum(sums);
  const next = size.value.isZero() ? d : d.max(h('dFactor').times(memory.top).over(size));
  memory.d = next;
  return leaves.map((leaf) =>
    leaf.all.map((x) => {
      const m = mean(x, 'm', h('beta1'), d.times(x.g));
      const v = mean(x, 'v', h('beta2'), d.times(x.g).square());
      return rate
        .times(m)
        .over(v.root().plus(next.times(h('eps'))))
        .neg();
    }),
  );
};

const WHOLE: Readonly<Record<string, Whole>> = {
  lamb: byLeaf(lamb),
  muon: byLeaf(muon),
  shampoo: byLeaf(shampoo),
  prodigy,
};

/** Whether the rule is known here. */
export const isPublished = (name: string): boolean => name in WHOLE || name in RULES;

/** What a step is made from: weights and gradients by leaf and coordinate, its number, its rate, and the hyper-parameters of a leaf. */
export interface Moment {
  readonly ws: readonly (readonly Near[])[];
  readonly gs: readonly (readonly Near[])[];
  readonly k: number;
  readonly lr: Near;
  readonly h: (key: string, leaf: number) => Near;
}

/** Doubles as they stand, each made once: steps and coordinates share most of them. */
const numbers = (dtype: Dtype): ((x: number) => Near) => {
  const made = new Map<number, Near>();
  return (x) => {
    if (x === 0) return Near.of(x, dtype); // a map does not tell 0 from −0
    const known = made.get(x) ?? Near.of(x, dtype);
    made.set(x, known);
    return known;
  };
};

/** The rule of that name, called once per step: it remembers its state, and returns what is added to the weights. */
export const stepping = (
  name: string,
  shapes: readonly (readonly number[])[],
  dtype: Dtype,
): ((moment: Moment) => readonly (readonly Near[])[]) => {
  const rule = RULES[name];
  const whole = WHOLE[name] ?? (rule === undefined ? null : byCoordinate(rule));
  if (whole === null) throw new RangeError(`published: no rule "${name}"`);
  const number = numbers(dtype);
  const memory: Record<string, Near> = {};
  const states = shapes.map((shape) => ({
    squares: {} as Record<string, Square>,
    all: Array.from({ length: shape.reduce((a, b) => a * b, 1) }, (): Record<string, Near> => ({})),
  }));
  return ({ ws, gs, k, lr, h }) =>
    whole(
      shapes.map((shape, i): Leaf => {
        const own = (key: string): Near => h(key, i);
        const on = (key: string): boolean => !own(key).value.isZero();
        return {
          shape,
          squares: states[i]?.squares ?? {},
          all: (ws[i] ?? []).map((w, j) => ({
            g: gs[i]?.[j] ?? number(0),
            w,
            k,
            lr,
            h: own,
            on,
            number,
            s: states[i]?.all[j] ?? {},
          })),
        };
      }),
      memory,
    );
};

/** Parameters after every step, [step][leaf][coordinate], each with what a correct program may be off by. */
export const published = (
  name: string,
  { params, gradients, hyper, rates }: Training,
  dtype: Dtype,
): readonly (readonly (readonly Near[])[])[] => {
  const number = numbers(dtype);
  const h = (key: string): Near => number(hyper[key] ?? NEVER_OFF[key] ?? 0); // what a port does not take is off
  const step = stepping(
    name,
    params.map((p) => p.shape),
    dtype,
  );
  let ws: readonly (readonly Near[])[] = params.map((p) => p.data.map(number));
  return gradients.map((gs, t) => {
    const lr = number(rates?.[t] ?? hyper.lr ?? 0);
    const us = step({
      ws,
      gs: params.map((p, i) => p.data.map((_, j) => number(gs[i]?.data[j] ?? 0))),
      k: t + 1,
      lr,
      h,
    });
    ws = ws.map((leaf, i) => leaf.map((w, j) => w.plus(us[i]?.[j] ?? w)));
    return ws;
  });
};
