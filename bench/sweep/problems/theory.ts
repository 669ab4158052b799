// Problems with exact theory, described by numbers: what the instrument is checked with, and nothing to choose by.
import { DomainError, type LayerSpec, lookup, Tensor } from '../../../src/index.ts';
import { type Facts, type FunctionProblem, type NetworkProblem, type Problem, sumAll } from '../problem.ts';
import { onlyTrain } from './generate.ts';

const THEORY = { tags: ['theory'], unit: 'f', steps: 400, target: 1e-3 } as const;

const func = (
  row: Omit<FunctionProblem, 'kind' | 'fixed' | keyof Facts> & Pick<Facts, 'doc' | 'source'>,
): FunctionProblem => ({
  ...THEORY,
  ...row,
  kind: 'function',
  fixed: true,
});

const network = (row: Pick<NetworkProblem, 'doc' | 'source' | 'data' | 'layers'>): NetworkProblem => ({
  ...THEORY,
  ...row,
  kind: 'network',
  loss: 'mse',
  batch: 'full',
});

/** Numbers from the name, as many as it has. */
const MAKERS: Readonly<Record<string, (numbers: readonly number[]) => Problem>> = {
  /** ½·Σ λx² from 1 each, for the curvatures λ. */
  quadratic: (curvatures) =>
    func({
      doc: '½·Σ λx²',
      source: 'Polyak 1964',
      start: () => Tensor.build([curvatures.length], (out) => out.fill(1)),
      constants: [Tensor.from([curvatures.length], [...curvatures])],
      value: (o, w, [c]) => o.mul(o.lit(1 / 2), sumAll(o, o.mul(c as typeof w, o.square(w)))),
    }),
  /** Σ gw from 0, for the slopes g. */
  slope: (slopes) =>
    func({
      doc: 'Σ gw: the same gradient everywhere',
      source: 'Kingma & Ba 2015, §2.1',
      start: () => Tensor.build([slopes.length], () => {}),
      constants: [Tensor.from([slopes.length], [...slopes])],
      value: (o, w, [g]) => sumAll(o, o.mul(g as typeof w, w)),
    }),
  /** (ab − s)² from a = b = start, by two layers of one unit; two samples of opposite sign keep the biases at 0. */
  mode: ([s = 1, start = 0.1]) =>
    network({
      doc: '(ab − s)²: one mode of a linear network of two layers',
      source: 'Saxe, McClelland & Ganguli 2014, eq. 6-8',
      data: () => onlyTrain({ x: Tensor.from([2, 1], [1, -1]), y: Tensor.from([2, 1], [s, -s]) }),
      layers: (init): readonly LayerSpec[] =>
        [1, 1].map((units) => ({ type: 'dense', units, init, gain: start }) as const),
    }),
  /** One sample through layers of ReLU, all of one width. */
  relu: ([width = 1, depth = 1]) =>
    network({
      doc: 'one sample through layers of ReLU',
      source: 'He et al. 2015, §2.2',
      data: () => onlyTrain({ x: Tensor.build([1, width], (out) => out.fill(1)), y: Tensor.from([1, 1], [0]) }),
      layers: (init): readonly LayerSpec[] => [
        ...Array.from({ length: depth }).flatMap((): readonly LayerSpec[] => [
          { type: 'dense', units: width, init },
          { type: 'activation', name: 'relu' },
        ]),
        { type: 'dense', units: 1, init },
      ],
    }),
};

/** `quadratic,1,0.01`: a maker and its numbers. @throws UnknownNameError, DomainError */
export const theoryProblem = (description: string): Problem => {
  const [name = '', ...texts] = description.split(',');
  const numbers = texts.map(Number);
  const bad = numbers.findIndex((v) => !Number.isFinite(v));
  if (bad >= 0) throw new DomainError(`theory: numbers must follow the name, got "${texts[bad]}"`);
  return lookup(MAKERS, 'theory', name)(numbers);
};
