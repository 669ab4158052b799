// A generated network over any reading: loss and gradients as the engine spells them, for oracle and bound alike.
import { type Lang, lossAndGrad, lossOf, lossRow, type Model, modelOf, type Named } from '../../src/index.ts';
import type { NetworkCase, Values } from '../arbitraries.ts';
import { camel } from '../contract.ts';

/** A generated network as a model of the engine. */
export const modelOfCase = ({ layers, loss, reduction }: NetworkCase): Model =>
  modelOf({
    layers: layers.map((l) => (l.type === 'activation' ? { ...l, name: camel(l.name) } : l)),
    loss: camel(loss),
    reduction,
  });

/** Parameters in the contract's order, per layer. */
const perLayer = <T>({ layers }: NetworkCase, params: readonly T[]): readonly Named<T>[] => {
  let next = 0;
  return layers.map((l): Named<T> => {
    if (l.type !== 'dense') return {};
    const [w, b] = [params[next], params[next + 1]] as [T, T]; // two per dense layer, by construction
    next += 2;
    return { w, b };
  });
};

const variables = <T>(c: NetworkCase, params: readonly T[]) => ({
  params: perLayer(c, params),
  state: c.layers.map(() => ({})),
});

/** Loss and gradients over a reading. */
export const gradientsOver = <T>(
  o: Lang<T>,
  c: NetworkCase,
  lift: (v: Values) => T,
): { readonly loss: T; readonly gradients: readonly T[] } => {
  const all = lossAndGrad(o, modelOfCase(c), variables(c, c.params.map(lift)), lift(c.x), lift(c.y));
  return {
    loss: all.loss,
    gradients: all.grads.flatMap((g) => (g.w === undefined || g.b === undefined ? [] : [g.w, g.b])),
  };
};

/** The loss alone, at given parameters. */
export const lossOver = <T>(o: Lang<T>, c: NetworkCase, params: readonly T[], x: T, y: T): T => {
  const model = modelOfCase(c);
  const [output] = model.network.apply(o, variables(c, params), x, { mode: 'train' });
  return lossOf(o, lossRow(model.spec.loss), output, y, c.reduction);
};
