// Functions of two weights, for trajectories and teaching: do not choose an optimizer by these.
import { type Lang, Tensor } from '../../../src/index.ts';
import type { FunctionProblem } from '../problem.ts';

/** A function of two weights from a given start. */
const plane = <K extends string>(
  row: Omit<FunctionProblem, 'kind' | 'value' | 'start' | 'unit' | 'tags' | 'fixed'> & {
    readonly tags?: readonly K[];
    readonly from: readonly [number, number];
    readonly f: <T>(o: Lang<T>, x: T, y: T) => T;
  },
): FunctionProblem => {
  const { from, f, tags = [], ...facts } = row;
  return {
    ...facts,
    kind: 'function',
    tags: ['2-D', ...tags],
    unit: 'f',
    fixed: true,
    start: () => Tensor.from([2], [...from]),
    constants: [Tensor.from([2], [1, 0]), Tensor.from([2], [0, 1])],
    value: (o, w, units) => {
      const [x, y] = units.map((e) => o.sum(o.mul(w, e), { axes: [0], keep: false })) as [typeof w, typeof w]; // two
      return f(o, x, y);
    },
  };
};

export const functionProblems = {
  rosenbrock: plane({
    doc: '(1 − x)² + 100·(y − x²)²: a bent valley',
    source: 'Rosenbrock 1960',
    from: [-1.2, 1],
    f: (o, x, y) => o.add(o.square(o.sub(o.lit(1), x)), o.mul(o.lit(100), o.square(o.sub(y, o.square(x))))),
    steps: 1000,
    target: 1e-3,
    floor: { value: 0, how: 'exact, at (1, 1)' },
  }),
};
