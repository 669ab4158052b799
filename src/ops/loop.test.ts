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

test('compiled and interpreted rows agree bit for bit, along arguments and over broadcast axes', async () => {
  const interpreting = await strict();
  expect(interpreting.ROWS).not.toBe(compiling.ROWS);
  expect(() => new Function('return 1')).toThrow(EvalError);
  const names = compiling.OP_NAMES.filter((name) => compiling.ROWS[name].kind === 'pointwise');
  for (const name of names) {
    const { length } = compiling.ROWS[name].args;
    const flat = Array.from({ length }, () => [14, 15]);
    const stretched = Array.from({ length }, (_, k) => (k % 2 === 0 ? [14, 1] : [1, 15]));
    for (const shapes of [flat, stretched]) {
      const [a, b] = [results(compiling, name, shapes), results(interpreting, name, shapes)];
      expect(
        a.findIndex((v, i) => !Object.is(v, b[i])),
        `${name} of ${JSON.stringify(shapes)}`,
      ).toBe(-1);
    }
  }
});

test('the elementary functions do so too', async () => {
  const here = await import('../core/elementary.ts');
  vi.unstubAllGlobals();
  vi.resetModules();
  const there = await import('../core/elementary.ts');
  expect(there.elementary).not.toBe(here.elementary);
  const xs = numbers(compiling, 0, 500);
  for (const name of Object.keys(here.ULPS) as readonly (keyof typeof here.ULPS)[])
    expect(
      xs.findIndex((x) => !Object.is(here.elementary[name](x), there.elementary[name](x))),
      name,
    ).toBe(-1);
  const [a, b] = [Float64Array.from(xs), Float64Array.from(xs)];
  here.expInto(a, 1, 400);
  there.expInto(b, 1, 400);
  expect([...a].findIndex((v, i) => !Object.is(v, b[i]))).toBe(-1);
});
