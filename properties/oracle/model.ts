// A generated network over any reading: loss and gradients as the engine spells them, from which bounds are made.
import {
  drawsGiven,
  type Lang,
  lossAndGrad,
  lossOf,
  lossRow,
  type Model,
  modelOf,
  type OpName,
  type Program,
} from '../../src/index.ts';
import type { NetworkCase, Values } from '../arbitraries.ts';
import type { Equation } from '../args.ts';
import { camel } from '../contract.ts';
import { drawn, listed, placed, specOf } from '../placing.ts';

/** A generated network as a model of the engine. */
export const modelOfCase = ({ layers, loss, reduction, regulariser }: NetworkCase): Model =>
  modelOf({
    layers: layers.map(specOf),
    loss: camel(loss),
    reduction,
    ...(regulariser === undefined ? {} : { regulariser }),
  });

const variables = <T>({ layers, state = [] }: NetworkCase, params: readonly T[], lift: (v: Values) => T) => ({
  params: placed(layers, 'params', params),
  state: placed(layers, 'state', state.map(lift)),
});

/** What a reading makes of a case. */
export interface Reading<T> {
  readonly loss: T;
  readonly output: T;
  readonly gradients: readonly T[];
  readonly state: readonly T[];
}

/** Loss, output, gradients and next state over a reading. */
export const gradientsOver = <T>(o: Lang<T>, c: NetworkCase, lift: (v: Values) => T): Reading<T> => {
  const own = variables(c, c.params.map(lift), lift);
  const draws = { uniforms: drawn(c.layers, c.uniforms).map(lift) };
  const all = lossAndGrad(o, modelOfCase(c), own, lift(c.x), lift(c.y), draws);
  return {
    loss: all.loss,
    output: all.output,
    gradients: listed(c.layers, 'params', all.grads),
    state: listed(c.layers, 'state', all.state),
  };
};

/** Output alone over a reading. */
export const outputOver = <T>(o: Lang<T>, c: NetworkCase, lift: (v: Values) => T, mode: 'train' | 'eval'): T => {
  const draws = drawsGiven(o, drawn(c.layers, c.uniforms).map(lift));
  return modelOfCase(c).network.apply(o, variables(c, c.params.map(lift), lift), lift(c.x), { mode, draws })[0];
};

/** Loss alone over a reading, without its penalty. */
export const lossOver = <T>(o: Lang<T>, c: NetworkCase, lift: (v: Values) => T): T =>
  lossOf(o, lossRow(camel(c.loss)), outputOver(o, c, lift, 'train'), lift(c.y), c.reduction);

/** Every value of a program as data over any reading: the inputs, then one per equation. */
export const valuesOver =
  (equations: readonly Equation[]) =>
  <T>(o: Lang<T>, inputs: readonly T[]): readonly T[] => {
    const values = [...inputs];
    for (const { op, reads, params } of equations)
      values.push((o[op as OpName] as (...a: unknown[]) => T)(...reads.map((i) => values[i]), params)); // by name
    return values;
  };

/** The value of its last equation. */
export const programOver =
  (equations: readonly Equation[]): Program =>
  <T>(o: Lang<T>, inputs: readonly T[]): T =>
    valuesOver(equations)(o, inputs).at(-1) as T;
