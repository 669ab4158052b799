// Compiled steps beside those of the fold: the same bits as doubles, and as singles a count that goes on beyond 2²⁴.
import { expect, test } from 'vitest';
import {
  compiledSteps,
  fit,
  flatten,
  keyOf,
  normal,
  ops,
  setupOf,
  start,
  type Tensor,
  type Training,
  type Tree,
  uniform,
} from '../index.ts';

const setupWith = (lr: number) =>
  setupOf({
    model: {
      layers: [
        { type: 'dense', units: 32, init: 'heNormal' },
        { type: 'activation', name: 'tanh' },
        { type: 'dropout', dropRate: 0.5 },
        { type: 'dense', units: 1, init: 'heNormal' },
      ],
      loss: 'bceWithLogits',
    },
    optimizer: { name: 'adam', hyper: { lr } },
  });
const data = { x: normal(keyOf(1), [16, 4]), y: ops.greater(uniform(keyOf(2), [16, 1]), ops.lit(0.5)) };
/** A training that claims to have made so many steps. */
const after = (k: number, lr: number): Training => ({ ...start(setupWith(lr), keyOf(3), [4]), k });
const numbersOf = ({ variables, slots }: Training): readonly number[] =>
  flatten<Tensor>([variables, slots] as unknown as Tree<Tensor>).leaves.flatMap((t) => t.toArray()); // records of tensors

test.each([0, 2 ** 24 - 2])('as doubles they are those of the fold to the last bit, from step %d on', (k) => {
  const setup = setupWith(0.01);
  const batches = Array.from({ length: 5 }, () => data);
  const [eager, compiled] = [fit(setup, after(k, 0.01), batches), compiledSteps(setup, after(k, 0.01), batches)];
  expect(compiled.losses).toEqual(eager.losses);
  expect(numbersOf(compiled.training)).toEqual(numbersOf(eager.training));
  expect(compiled.training.k).toBe(k + 5);
});

test('as singles they count on beyond 2²⁴, and no two draw the same', () => {
  const from = 2 ** 24 - 3;
  const batches = Array.from({ length: 8 }, () => data);
  // nothing moves, so that only the draws of dropout tell steps apart
  const { training, losses } = compiledSteps(setupWith(1e-30), after(from, 1e-30), batches, { dtype: 'f32' });
  const doubles = compiledSteps(setupWith(1e-30), after(from, 1e-30), batches);
  expect(training.k).toBe(from + 8);
  expect(new Set(losses).size).toBe(8);
  for (const [i, loss] of losses.entries()) expect(loss).toBeCloseTo(doubles.losses[i] as number, 5);
});
