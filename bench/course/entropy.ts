// Chapter 4: binary cross-entropy and its bounds.
import { type Data, type Lang, mlp, ops, Tensor } from '../../src/index.ts';
import { figure } from '../markdown.ts';
import { chartOf, lines } from './panels.ts';
import { check, type Findings, grid, number, type Part } from './part.ts';
import { CORNERS, setupOf, startOf, watched } from './train.ts';

/** The loss of a probability p against a label y. */
export type Cost = <T>(o: Lang<T>, p: T, y: T) => T;
const bce: Cost = (o, p, y) => o.bce(p, y);

const UNIT = 2 ** -52;
const FINE = 256;
const SHARES = Array.from({ length: FINE - 1 }, (_, i) => (i + 1) / FINE);
const entropyOf = (y: number): number => (y === 0 || y === 1 ? 0 : -(y * Math.log(y) + (1 - y) * Math.log1p(-y)));

/** Samples on each corner of XOR, and how many of them have the wrong label. */
const [EACH, WRONG] = [64, 13] as const;
const noisy = (wrong: number): Data => {
  const rows = Array.from({ length: 4 * EACH }, (_, i) => i);
  return {
    x: Tensor.from(
      [rows.length, 2],
      rows.flatMap((i) => [CORNERS.view[2 * (i % 4)] as number, CORNERS.view[2 * (i % 4) + 1] as number]),
    ), // a corner each
    y: Tensor.from(
      [rows.length, 1],
      rows.map((i) => ([0, 1, 1, 0][i % 4] === 1 ? 1 : 0) ^ (i < 4 * wrong ? 1 : 0)),
    ),
  };
};

const EVERY = 20;
const STEPS = 2000;
/** Losses of a network that can learn every corner by itself. */
const lossesOn = (data: Data): readonly { readonly k: number; readonly loss: number }[] => {
  const setup = setupOf({ layers: mlp([8, 1], 'tanh', 'xavierNormal'), loss: 'bceWithLogits' }, 'adam', { lr: 0.05 });
  return watched(setup, startOf(setup, 1, data), data, { every: EVERY, steps: STEPS });
};

export const boundsOfEntropy = async (cost: Cost = bce): Promise<Findings> => {
  const costs = (p: readonly number[], y: number): readonly number[] =>
    cost(
      ops,
      Tensor.from([p.length], p),
      Tensor.from(
        [p.length],
        p.map(() => y),
      ),
    ).toArray();
  const all = [0, ...SHARES, 1].map((y) => ({ y, losses: costs(SHARES, y) }));
  const lowest = Math.min(...all.flatMap((r) => r.losses));
  const half = all.map((r) => Math.abs((r.losses[FINE / 2 - 1] ?? Number.NaN) - Math.LN2) / (UNIT * Math.LN2));
  const certain = grid(1, 60, 60);
  const sure = certain.map((k) => (costs([2 ** -k], 1)[0] as number) / (k * Math.LN2) - 1);
  const logits = [1, 10, 100, 1000, 1e6].map(
    (z) => ops.bceWithLogits(Tensor.from([1], [-z]), Tensor.from([1], [1])).view[0] as number,
  );
  const proper = all.slice(1, -1).filter((r) => SHARES[r.losses.indexOf(Math.min(...r.losses))] === r.y).length;
  const floors = all.slice(1, -1).map((r) => Math.abs(Math.min(...r.losses) / entropyOf(r.y) - 1));
  const floor = entropyOf(WRONG / EACH);
  const [withNoise, clean] = [lossesOn(noisy(WRONG)), lossesOn(noisy(0))];
  const under = Math.min(...withNoise.map((s) => s.loss)) - floor;
  const [last = Number.NaN, lastClean = Number.NaN] = [withNoise, clean].map((s) => s.at(-1)?.loss);
  const rounding = 16 * UNIT;
  return {
    checks: [
      check(
        `never below 0, for ${FINE - 1} probabilities and ${all.length} labels`,
        lowest >= 0,
        `lowest ${figure(lowest)}`,
      ),
      check(
        'log 2 at p = ½ whatever the label, to 2 roundings',
        Math.max(...half) <= 2,
        `off by at most ${figure(Math.max(...half))} units in the last place`,
      ),
      check(
        'a sure mistake costs without bound: k·log 2 at p = 2⁻ᵏ, and at least |z| at the logit z',
        Math.max(...sure.map(Math.abs)) <= rounding &&
          logits.every((l, i) => l >= ([1, 10, 100, 1000, 1e6][i] as number)),
        `${figure(Math.max(...logits))} nats at a logit of −10⁶`,
      ),
      check(
        `proper: among ${FINE - 1} probabilities the best is the label itself, for every label between`,
        proper === SHARES.length,
        `for ${proper} of ${SHARES.length}`,
      ),
      check(
        'the least possible is the entropy of the label',
        Math.max(...floors) <= rounding,
        `to ${figure(Math.max(...floors))}`,
      ),
      check(
        `with ${WRONG} of ${EACH} labels wrong no training goes below the entropy, and it comes within 0.001 of it`,
        under >= -rounding && last - floor <= 1e-3,
        `${figure(last - floor)} above, never below ${figure(under)}`,
      ),
    ],
    numbers: [
      number('loss at p = ½', costs([0.5], 1)[0] as number, 'nats'),
      number('loss at p = 2⁻⁶⁰ of a label 1', costs([2 ** -60], 1)[0] as number, 'nats'),
      number('loss at p = 0 of a label 1, where the logarithm is floored', costs([0], 1)[0] as number, 'nats'),
      number(`entropy of labels of which ${WRONG} of ${EACH} are wrong`, floor, 'nats'),
      number('loss after training on them', last, 'nats'),
      number('loss after training on clean labels', lastClean, 'nats'),
    ],
    text: `With noisy labels the loss ends at ${last.toFixed(4)} nats, the entropy being ${floor.toFixed(4)}; with clean ones at ${figure(lastClean)}`,
    chart: await chartOf(
      'cross-entropy',
      'Binary cross-entropy and its bounds',
      'left: −(y log p + (1 − y) log(1 − p)); right: a 2–8–1 network on XOR',
      'Cross-entropy over the probability for three labels, and the training loss with clean and noisy labels above the entropy.',
      [
        lines({
          title: 'cost of a probability',
          x: { title: 'probability p', domain: [0, 1] },
          y: { title: 'loss (nats)', domain: [0, 4] },
          order: ['label 1', 'label 0', 'label 0.2'],
          values: [1, 0, 0.2].flatMap((y) =>
            costs(SHARES, y).map((loss, i) => ({ series: `label ${y}`, x: SHARES[i] as number, y: loss })),
          ),
          rules: [{ y: Math.LN2, text: 'log 2' }],
        }),
        lines({
          title: 'training loss',
          x: { title: 'step' },
          y: { title: 'loss (nats)', log: true },
          order: [`${WRONG} of ${EACH} labels wrong`, 'clean labels'],
          values: [
            ...withNoise.map(({ k, loss }) => ({ series: `${WRONG} of ${EACH} labels wrong`, x: k, y: loss })),
            ...clean.map(({ k, loss }) => ({ series: 'clean labels', x: k, y: loss })),
          ],
          rules: [{ y: floor, text: 'entropy of the noise' }],
        }),
      ],
    ),
  };
};

export const entropyParts: readonly Part[] = [
  {
    id: 'cross-entropy',
    title: 'Binary cross-entropy',
    claim:
      '−(y log p + (1 − y) log(1 − p)) is never negative, log 2 at p = ½, without bound at a sure mistake, least at p = y, and there the entropy of the label.',
    source: 'Good 1952; Gneiting & Raftery 2007 (proper scores)',
    run: () => boundsOfEntropy(),
  },
];
