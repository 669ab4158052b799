// The problems under test: functions against formulas at 64 digits, floors, draws by key alone, and a short run of every row.
import { all, create, type FactoryFunctionMap } from 'mathjs';
import { describe, expect, test } from 'vitest';
import { fold, keyOf, lossOfModel, modelOf, ops, Tensor, UnknownNameError, valueAndGrad } from '../../src/index.ts';
import { checkTargets } from '../../src/train/fit.ts';
import { GIVEN, type NetworkProblem, type Problem } from './problem.ts';
import { PROBLEM_NAMES, PROBLEMS, problemRow } from './problems/index.ts';
import { planeProblems } from './problems/plane.ts';
import { FLIP, FLIP_ENTROPY } from './problems/small.ts';
import { runConfig } from './run.ts';

const every = all as FactoryFunctionMap; // it is there
const math = create(every, { number: 'BigNumber', precision: 64 });

const plain = create(every, {});

/** The functions of the plane as text, from the literature and not from the code. */
const FORMULAS: Readonly<Record<keyof typeof planeProblems, string>> = {
  sphere: 'x^2 + y^2',
  booth: '(x + 2y - 7)^2 + (2x + y - 5)^2',
  matyas: '0.26 (x^2 + y^2) - 0.48 x y',
  rosenbrock: '100 (y - x^2)^2 + (1 - x)^2',
  beale: '(1.5 - x + x y)^2 + (2.25 - x + x y^2)^2 + (2.625 - x + x y^3)^2',
  bealeFar: '(1.5 - x + x y)^2 + (2.25 - x + x y^2)^2 + (2.625 - x + x y^3)^2',
  himmelblau: '(x^2 + y - 11)^2 + (x + y^2 - 7)^2',
  branin: '(y - 5.1 / (4 * pi^2) * x^2 + 5 / pi * x - 6)^2 + 10 * (1 - 1 / (8 * pi)) * cos(x) + 10',
  goldsteinPrice:
    '(1 + (x + y + 1)^2 (19 - 14x + 3x^2 - 14y + 6 x y + 3y^2)) (30 + (2x - 3y)^2 (18 - 32x + 12x^2 + 48y - 36 x y + 27y^2))',
  sixHumpCamel: '(4 - 2.1 x^2 + x^4 / 3) x^2 + x y + (-4 + 4 y^2) y^2',
  threeHumpCamel: '2 x^2 - 1.05 x^4 + x^6 / 6 + x y + y^2',
  mcCormick: 'sin(x + y) + (x - y)^2 - 1.5 x + 2.5 y + 1',
  styblinskiTang: '(x^4 - 16 x^2 + 5 x + y^4 - 16 y^2 + 5 y) / 2',
  rastrigin: '20 + x^2 - 10 cos(2 pi x) + y^2 - 10 cos(2 pi y)',
  rastriginNear: '20 + x^2 - 10 cos(2 pi x) + y^2 - 10 cos(2 pi y)',
  ackley: '-20 exp(-0.2 sqrt((x^2 + y^2) / 2)) - exp((cos(2 pi x) + cos(2 pi y)) / 2) + e + 20',
  griewank: '1 + (x^2 + y^2) / 4000 - cos(x) cos(y / sqrt(2))',
  levy13: 'sin(3 pi x)^2 + (x - 1)^2 (1 + sin(3 pi y)^2) + (y - 1)^2 (1 + sin(2 pi y)^2)',
  saddle: 'x^2 / 2 - y^2 / 2 + y^4 / 4',
  saddleExact: 'x^2 / 2 - y^2 / 2 + y^4 / 4',
};

const planes = Object.entries(planeProblems) as [keyof typeof planeProblems, (typeof planeProblems)['sphere']][]; // its own rows
const networks = Object.entries(PROBLEMS as Readonly<Record<string, Problem>>).filter(
  (entry): entry is [string, NetworkProblem] => entry[1].kind === 'network',
);

const functions = Object.entries(PROBLEMS as Readonly<Record<string, Problem>>).filter(
  ([, row]) => row.kind === 'function',
);

/** Value and slope by the engine. */
const engine = ({ value, constants = [] }: (typeof planeProblems)['sphere'], at: readonly [number, number]) => {
  const { value: f, grads } = valueAndGrad((o, xs) => {
    const [w, ...units] = xs as [(typeof xs)[number], ...(typeof xs)[number][]];
    return value(o, w, units);
  })(ops, [Tensor.from([2], [...at]), ...constants]);
  return { f: f.view[0] ?? Number.NaN, slope: grads[0]?.toArray() ?? [] };
};

describe('functions of the plane', () => {
  test.each(planes)('%s is its formula, and least where it says', (name, row) => {
    const code = math.compile(FORMULAS[name]);
    const oracle = (x: number, y: number) =>
      code.evaluate({ x: math.bignumber(String(x)), y: math.bignumber(String(y)) });
    // the formula at 64 digits at the start and near it: the terms of all functions are below 2²⁰ there
    for (const [dx, dy] of [
      [0, 0],
      [0.25, -0.125],
      [-0.375, 0.5],
    ] as const) {
      const at = [row.from[0] + dx, row.from[1] + dy] as const;
      const truth = Number(oracle(...at));
      expect(Math.abs(engine(row, at).f - truth), `${at}`).toBeLessThanOrEqual(
        2 ** -53 * 64 * Math.max(2 ** 10, Math.abs(truth)),
      );
    }
    const floor = row.floor?.value ?? Number.NaN;
    for (const at of row.minima) {
      // the nearest doubles of a minimum are off by 2⁻⁵¹ at most, which its curvature below 2¹⁰ squares away
      expect(Math.abs(Number(math.subtract(oracle(...at), math.bignumber(String(floor)))))).toBeLessThanOrEqual(
        row.smooth ? 2 ** -51 * Math.max(1, Math.abs(floor)) : 0,
      );
      const { f, slope } = engine(row, at);
      expect(Math.abs(f - floor)).toBeLessThanOrEqual(2 ** -53 * 64 * 2 ** 10);
      // a curvature below 2¹⁰ times the distance, and the rounding of terms below 2¹⁰ times their own slopes
      if (row.smooth) for (const s of slope) expect(Math.abs(s)).toBeLessThan(2 ** -30);
    }
  });

  test.each(planes)('%s is nowhere lower', (name, row) => {
    const numbers = plain.compile(FORMULAS[name]);
    const [low, high] = row.box ?? [-6, 6];
    const floor = row.floor?.value ?? Number.NaN;
    const grid = Array.from({ length: 41 }, (_, i) => low + ((high - low) * i) / 40);
    const least = Math.min(...grid.flatMap((x) => grid.map((y) => numbers.evaluate({ x, y }) as number)));
    expect(least).toBeGreaterThanOrEqual(floor - 1e-12);
  });
});

describe('the table', () => {
  test('names, words and numbers of every row', () => {
    for (const [name, row] of Object.entries(PROBLEMS as Readonly<Record<string, Problem>>)) {
      expect(name).toMatch(/^[a-z][A-Za-z0-9]*$/);
      for (const words of [row.doc, row.source, row.unit]) expect(words.length, name).toBeGreaterThan(0);
      expect(row.tags.length, name).toBeGreaterThan(0);
      expect(row.steps, name).toBeGreaterThan(10);
      if (row.floor !== undefined) expect(row.target, name).toBeGreaterThan(row.floor.value);
    }
    expect(PROBLEM_NAMES.length).toBeGreaterThan(60);
  });

  test('an unknown name gets the nearest one', () => {
    expect(() => problemRow('brestCancer')).toThrow('did you mean "breastCancer"?');
    expect(() => problemRow('nonsense')).toThrow(UnknownNameError);
    expect(() => problemRow('fiel:x.csv')).toThrow('did you mean "file"?');
    expect(() => problemRow('theory:quadratic,a')).toThrow('numbers must follow the name, got "a"');
    expect(() => problemRow('theory:cubic,1')).toThrow('no row is called "cubic"');
  });

  test.each(networks)('%s draws by the key alone, and targets that its loss can mean', async (_name, row) => {
    const [a, b, c] = [await row.data(keyOf(1)), await row.data(keyOf(1)), await row.data(keyOf(2))];
    const flat = ({ train, test: held }: typeof a) =>
      [train.x, train.y, held.x, held.y].map((t) => [...t.shape, ...t.toArray()]);
    expect(flat(a)).toEqual(flat(b));
    const random = !['full batch', 'convex'].some((tag) => row.tags.includes(tag)) || row.tags.includes('regression');
    if (random) expect(flat(a)).not.toEqual(flat(c));
    const model = modelOf({ layers: row.layers('heNormal'), loss: row.loss });
    for (const { y } of [a.train, a.test]) checkTargets(model, y);
    const { output, variables } = model.network.init(keyOf(1), a.train.x.shape.slice(1));
    expect(output).toEqual(a.train.y.shape.slice(1));
    const { loss } = lossOfModel(ops, model.spec, model.network, variables, a.train.x, a.train.y);
    expect(loss.view[0]).toBeGreaterThan((row.floor ?? { value: 0 }).value);
    expect(loss.view[0]).toBeLessThan(Number.POSITIVE_INFINITY);
  });

  test('every function runs, and begins above its floor', async () => {
    for (const [problem, row] of functions) {
      const optimizer = { name: 'sgd' };
      const common = { schema: 1, definition: '', initializer: GIVEN, variant: {}, seed: 1 } as const;
      const record = await runConfig({ ...common, problem, optimizer, lr: 1e-9, steps: 2 });
      expect(record, problem).toMatchObject({ status: 'ok' });
      expect(record.losses[0], problem).toBeGreaterThan((row.floor ?? { value: 0 }).value);
      expect(record.losses[2], problem).toBeLessThanOrEqual(record.losses[0] as number);
    }
  });
});

describe('what is known of them', () => {
  test('the entropy of a turned label, and that no prediction has a lower expected loss', () => {
    expect(-FLIP * Math.log(FLIP) - (1 - FLIP) * Math.log(1 - FLIP)).toBeCloseTo(FLIP_ENTROPY, 15);
    for (let p = 0.01; p < 1; p += 0.01)
      expect(-FLIP * Math.log(1 - p) - (1 - FLIP) * Math.log(p)).toBeGreaterThanOrEqual(FLIP_ENTROPY - 1e-15);
  });

  test('of the labels to learn from about one in ten is turned, of the chances to judge by none is certain', async () => {
    const { train, test: held } = await PROBLEMS.noisyLabels.data(keyOf(3));
    const n = train.y.view.length;
    // the clouds are so far apart that the sign of the first feature tells the class of almost all
    const turned = Array.from(
      { length: n },
      (_, i) => Number((train.x.view[2 * i] ?? 0) < 0) !== train.y.view[i],
    ).filter(Boolean);
    expect(turned.length).toBeGreaterThan(n * FLIP * 0.5);
    expect(turned.length).toBeLessThan(n * FLIP * 1.6);
    expect(new Set(held.y.toArray())).toEqual(new Set([FLIP, 1 - 2 * FLIP + FLIP]));
  });

  test('the deep quadratic: its floor is the value at 0, and the mean of what steps see', () => {
    const { value, constants, floor, seen, start } = PROBLEMS.quadraticDeep;
    const at0 = value(
      ops,
      Tensor.build([100], () => {}),
      constants,
    ).view[0] as number;
    expect(at0).toBe(floor.value);
    const [eigenvalues] = constants;
    const values = eigenvalues?.toArray() ?? [];
    expect(values.filter((v) => v >= 30 && v <= 60).length).toBe(10);
    expect(values.filter((v) => v > 0 && v < 1).length).toBe(90);
    // a rotation keeps lengths: at a start of length 10, f lies between the least and the largest curvature times 50
    const from = value(ops, start(), constants).view[0] as number;
    expect(from - at0).toBeGreaterThan(50 * Math.min(...values));
    expect(from - at0).toBeLessThan(50 * Math.max(...values));
    const draws = Array.from({ length: 50 }, (_, k) => seen.draw(fold(keyOf(1), 0), k + 1).toArray()).flat();
    const variance = draws.reduce((a, v) => a + v * v, 0) / draws.length;
    expect(Math.abs(variance * (128 / 0.36) - 1)).toBeLessThan(8 * Math.sqrt(2 / draws.length)); // eight deviations
  });

  test('Reddi’s sequence: what steps see is on average the slope of the value', () => {
    const { seen } = PROBLEMS.misleading;
    const slopes = [1, 2, 3, 4, 5, 6].map((k) => seen.draw(keyOf(0), k).view[0] as number);
    expect(slopes).toEqual([3, -1, -1, 3, -1, -1]);
  });

  test('the sparse gradient: a step sees one weight, each in its turn', () => {
    const { seen } = PROBLEMS.sparseGradient;
    const masks = Array.from({ length: 2000 }, (_, k) => seen.draw(keyOf(5), k + 1).toArray());
    for (const mask of masks) expect(mask.filter((v) => v !== 0)).toEqual([1]);
    expect(new Set(masks.map((mask) => mask.indexOf(1))).size).toBe(100);
  });
});
