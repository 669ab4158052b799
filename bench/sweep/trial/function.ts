// The trial of a function: where it starts and what noise it meets, and descents that begin from there.
import {
  DomainError,
  flatten,
  fold,
  gradOf,
  ops,
  optimizerFrom,
  pullback,
  type Step,
  scalar,
  scan,
  type Tensor,
  type Tree,
} from '../../../src/index.ts';
import { canonical, digestOf, type Variant } from '../config.ts';
import { type FunctionProblem, GIVEN } from '../problem.ts';
import { recent } from '../recent.ts';
import { bytesOf, count, keyOfTrial, type Moved, mover, STEPS_KEPT, STREAMS, type Trial, withRate } from './pass.ts';

/** Of a function: its start and its noise drawn, and descents from there. */
export const functionTrial = (
  name: string,
  problem: FunctionProblem,
  variant: Variant,
  seed: number,
  steps: number,
): Trial => {
  if (Object.keys(variant).length > 0)
    throw new DomainError(`sweep: ${name} is a function and has no variants, got ${canonical(variant)}`);
  const key = keyOfTrial(name, seed);
  const { constants = [], seen, box } = problem;
  const w0 = problem.start(fold(key, STREAMS.start));
  const drawn =
    seen === undefined ? [] : Array.from({ length: steps }, (_, k) => seen.draw(fold(key, STREAMS.data), k + 1));
  return {
    streams: digestOf(...[w0, ...drawn].map(bytesOf)),
    worst: Number.POSITIVE_INFINITY,
    begin: (optimizer, initializer, lr) => {
      if (initializer !== GIVEN)
        throw new DomainError(`sweep: ${name} starts by itself, which is called ${GIVEN}, got ${initializer}`);
      const rule = optimizerFrom(optimizer);
      const slots = flatten<Tensor>(rule.init(ops, [w0]) as unknown as Tree<Tensor>); // records of lists
      const step: Step = (o, [w, k, ...rest], inputs) => {
        type T = NonNullable<typeof w>;
        const lr = inputs.at(-1) as T;
        const held = inputs.slice(0, constants.length);
        const noise = inputs.slice(constants.length, -1);
        const at = (point: T) =>
          pullback(
            (lang, xs) => {
              const [p, ...more] = xs as [(typeof xs)[number], ...(typeof xs)[number][]];
              const [fixed, [n]] = [more.slice(0, held.length), more.slice(held.length)];
              return [
                seen === undefined || n === undefined ? problem.value(lang, p, fixed) : seen.value(lang, p, n, fixed),
              ];
            },
            o,
            [point, ...held, ...noise],
            1,
          );
        const slopeOf = (point: T): T => gradOf(o, at(point))[0] as T; // one argument is tracked
        const transform = withRate(optimizer, lr);
        const first = at(w as T);
        const probed = transform.probe?.(o, [w as T], [slopeOf(w as T)]);
        const g = slopeOf(probed?.[0] ?? (w as T));
        const next = o.add(k as T, o.lit(1));
        const own = slots.build(rest) as unknown as Record<string, T[]>; // as it was taken apart
        const [[update], after] = transform.update(o, [g], own, [w as T], next);
        const moved = o.add(w as T, update as T);
        const boxed = box === undefined ? moved : o.minimum(o.maximum(moved, o.lit(box[0])), o.lit(box[1]));
        return { state: [boxed, next, ...flatten<T>(after as unknown as Tree<T>).leaves], outputs: [first.value] };
      };
      const stepping = recent('step', STEPS_KEPT, canonical({ form: name, optimizer }), () => scan(step));
      const move = mover(
        stepping,
        (k) => [...constants, ...(seen === undefined ? [] : [drawn[k] as Tensor])], // one for every step of the budget
        seen === undefined,
        scalar(lr),
      );
      let at: Moved = { state: [w0, scalar(0), ...slots.leaves], step: 0 };
      const point = (): Tensor => {
        const [w, , ...rest] = at.state as [Tensor, ...Tensor[]];
        const own = slots.build(rest) as unknown as Record<string, Tensor[]>;
        return rule.evaluated?.(ops, [w], own)?.[0] ?? w;
      };
      const value = (): number => problem.value(ops, point(), constants).view[0] as number; // a scalar
      return {
        advance: (to) => {
          const { moved, losses } = move(at, to);
          at = moved;
          return losses;
        },
        loss: value,
        point: () => point().toArray(),
        judged: () => ({ testLoss: value(), score: value() }),
        weights: () => at.state.slice(0, 1),
        unitSpread: () => null,
        layers: () => [],
        slotsPerParameter: count(slots.leaves) / Math.max(1, w0.view.length),
        gradientsPerStep: rule.probe === undefined ? 1 : 2,
      };
    },
  };
};
