// Two ways to run a pointwise row under test: compiled from text, and interpreted where a page forbids that; same bits.
import { afterAll, expect, test, vi } from 'vitest';
import * as compiling from '../index.ts';

type Engine = typeof compiling;

/** The engine, loaded again in a place where functions cannot be made from text. */
const strict = async (): Promise<Engine> => {
  vi.resetModules();
  vi.stubGlobal('Function', function forbidden() {
    throw new EvalError('Refused to evaluate a string as JavaScript');
  });
  return import('../index.ts');
};
afterAll(() => {
  vi.unstubAllGlobals();
});

const { POSITIVE_INFINITY: INF } = Number;
const EDGES = [0, -0, 1, -1, 0.5, 3, -3, 40, -745, 2 ** -1074, 2 ** 1000, INF, -INF, Number.NaN];

/** Edges first, in another order per argument, then numbers between −10 and 10. */
const numbers = ({ uniform, keyOf }: Engine, place: number, size: number): readonly number[] =>
  [
    ...EDGES.slice(5 * place),
    ...EDGES.slice(0, 5 * place),
    ...uniform(keyOf(place), [size])
      .toArray()
      .map((u) => 20 * u - 10),
  ].slice(0, size);

const results = (engine: Engine, name: compiling.OpName, shapes: readonly compiling.Shape[]): readonly number[] => {
  const apply = engine.ops[name] as (...a: unknown[]) => compiling.Tensor; // by name, so untyped here
  const xs = shapes.map((shape, place) =>
    engine.Tensor.from(
      shape,
      numbers(
        engine,
        place,
        shape.reduce((a, b) => a * b, 1),
      ),
    ),
  );
  return apply(...xs, engine.ROWS[name].sample([])).toArray();
};

/** All pointwise rows, along arguments and over broadcast axes. Rows are compiled when they are first used, so this is to run before a page forbids it. */
const everything = (engine: Engine): readonly (readonly [what: string, values: readonly number[]])[] =>
  engine.OP_NAMES.filter((name) => engine.ROWS[name].kind === 'pointwise').flatMap((name) => {
    const { length } = engine.ROWS[name].args;
    const flat = Array.from({ length }, () => [14, 15]);
    const stretched = Array.from({ length }, (_, k) => (k % 2 === 0 ? [14, 1] : [1, 15]));
    const single = Array.from({ length }, (_, k) => (k === 0 ? [14, 15] : []));
    return [flat, stretched, single].map(
      (shapes) => [`${name} of ${JSON.stringify(shapes)}`, results(engine, name, shapes)] as const,
    );
  });
const differing = (a: readonly number[], b: readonly number[]): number => a.findIndex((v, i) => !Object.is(v, b[i]));

test('compiled and interpreted rows agree bit for bit, along arguments and over broadcast axes', async () => {
  const compiled = everything(compiling);
  const interpreting = await strict();
  expect(interpreting.ROWS).not.toBe(compiling.ROWS);
  expect(() => new Function('return 1')).toThrow(EvalError);
  const interpreted = new Map(everything(interpreting));
  expect([...interpreted.keys()]).toEqual([...new Map(compiled).keys()]);
  for (const [what, values] of compiled) expect(differing(values, interpreted.get(what) ?? []), what).toBe(-1);
});

test('the elementary functions do so too', async () => {
  const xs = numbers(compiling, 0, 500);
  /** Every function at every number, and a part of a buffer, of which the rest stays. */
  const all = async (): Promise<readonly (readonly [string, readonly number[]])[]> => {
    const { elementary, elementarySingle, expInto, ULPS } = await import('../core/elementary.ts');
    const { normalSingles } = await import('../core/key.ts');
    const normals = new Float32Array(100);
    normalSingles([1, 2], normals);
    const buffer = Float64Array.from(xs);
    expInto(buffer, 1, 400);
    const names = Object.keys(ULPS) as readonly (keyof typeof ULPS)[];
    return [
      ...names.map((name) => [name, xs.map((x) => elementary[name](x))] as const),
      ...names.map((name) => [`${name} in singles`, xs.map((x) => elementarySingle[name](Math.fround(x)))] as const),
      ['expInto', [...buffer]],
      ['normalSingles', [...normals]],
    ];
  };
  vi.unstubAllGlobals();
  vi.resetModules();
  const compiled = await all();
  await strict();
  const interpreted = new Map(await all());
  for (const [name, values] of compiled) expect(differing(values, interpreted.get(name) ?? []), name).toBe(-1);
});
