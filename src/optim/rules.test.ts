// Rules under test against the text of their rows at 64 digits: defaults, and every number and flag moved, over a few steps.
import { describe, expect, test } from 'vitest';
import { nearest } from '../../properties/oracle/exact.ts';
import { recurrence } from '../../properties/oracle/recurrence.ts';
import { type Hyper, OPTIMIZERS, ops, optimizerOf, optimizerRow, scalar, Tensor } from '../index.ts';

const values = (shape: readonly number[], ...data: readonly number[]) => ({ shape, data });
/** Both kinds of leaves, of which a tall and a wide matrix; signs that turn and stay, and slopes of 0. */
const PARAMS = [values([2, 3], 1, -2, 0.5, 3, -0.25, 2), values([3, 1], 0.5, -1, 2), values([2], 0.75, -1.5)];
const GRADIENTS = [
  [values([2, 3], 0.5, -1, 0.25, 0, 2, -0.75), values([3, 1], 1, -0.5, 0), values([2], 1.5, -0.25)],
  [values([2, 3], 0.75, 1, 0.5, 0, -3, -0.5), values([3, 1], 2, 0.25, 0), values([2], -1, -2)],
  [values([2, 3], -0.25, 0.5, 4, 1, -1, 0), values([3, 1], 1, 0.75, -1), values([2], 0.5, 0)],
  [values([2, 3], 1, 0.5, -2, 1, 0, 0.5), values([3, 1], -1, 0.5, 3), values([2], 0.25, 1)],
];

/** No number is its default, and no two are alike; flags are as asked. */
const moved = (name: string, flags: number): Hyper => {
  const { hyper, domain } = optimizerRow(name);
  return Object.fromEntries(
    Object.keys(hyper).map((key, i) => {
      const [low, high] = domain[key] as readonly [number, number]; // one range per number
      if (high === 1) return [key, key === 'beta1' ? 0.625 : flags];
      return [key, high < 1 ? 0.5 + i / 32 : low >= 1 ? low + 1 / 2 : 0.125 + i / 8];
    }),
  );
};

const run = (name: string, hyper: Hyper): readonly (readonly (readonly number[])[])[] => {
  const { init, update } = optimizerOf(name, hyper);
  const tensors = (of: typeof PARAMS) => of.map(({ shape, data }) => Tensor.from(shape, data));
  let ws: readonly Tensor[] = tensors(PARAMS);
  let slots = init(ops, ws);
  return GRADIENTS.map((gs, t) => {
    const [us, next] = update(ops, tensors(gs), slots, ws, scalar(t + 1));
    ws = ws.map((w, i) => ops.add(w, us[i] as Tensor)); // one update per leaf
    slots = next;
    return ws.map((w) => w.toArray());
  });
};

for (const name of Object.keys(OPTIMIZERS))
  describe(name, () => {
    for (const [what, hyper] of [
      ['by its defaults', {}],
      ['with every number moved and no flag', moved(name, 0)],
      ['with every number moved and every flag', moved(name, 1)],
    ] as const)
      test(what, () => {
        const truth = recurrence(name, { params: PARAMS, gradients: GRADIENTS, hyper });
        run(name, hyper).forEach((leaves, t) => {
          leaves.forEach((leaf, i) => {
            leaf.forEach((w, j) => {
              const near = nearest(truth[t]?.[i]?.[j] as Parameters<typeof nearest>[0]); // of the same form
              expect(Math.abs(w - near), `step ${t + 1}, leaf ${i}, at ${j}: ${w}, ${near}`).toBeLessThanOrEqual(
                2 ** -32 * Math.max(1, Math.abs(near)),
              );
            });
          });
        });
      });
  });

test('a decay of 0 leaves the weights alone, whatever they are', () => {
  const [w, g] = [Tensor.from([1, 1], [Number.POSITIVE_INFINITY]), Tensor.from([1, 1], [1])];
  for (const name of ['lion', 'adamw', 'muon']) {
    const { init, update } = optimizerOf(name, { weightDecay: 0 });
    const [[u]] = update(ops, [g], init(ops, [w]), [w], scalar(1)) as [[Tensor], unknown];
    expect(Number.isFinite(u.view[0]), name).toBe(true);
  }
});
