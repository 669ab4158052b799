// Machines one on another, and what a network takes over from them.
import fc from 'fast-check';
import { filled, seed, type Values, visiting } from '../arbitraries.ts';
import type { NetworkLayer } from '../args.ts';
import { ask, claim, every, having, type Inquiry, type Law, law, same, within } from '../law.ts';
import { exactly, FORMATS, unitBound } from '../tolerance.ts';
import {
  answer,
  asks,
  bit,
  dyadicWeights,
  logits,
  type Machine,
  numbersOf,
  type Plan,
  share,
  sizeOf,
  type Trained,
} from './machines.ts';

const stackPlan = fc.record({
  epochs: fc.constantFrom(0, 2),
  size: fc.constantFrom(2, 3),
  lr: fc.constant(1 / 4),
  momentum: fc.constantFrom(0, 3 / 4),
  l2: fc.constantFrom(0, 1 / 64),
  k: fc.constantFrom(1, 2),
  seed,
});
type StackPlan = Omit<Plan, 'persistent'>;

interface Stacked {
  readonly x: Values;
  readonly units: readonly number[];
  readonly plan: StackPlan;
}
/** Widths that differ from layer to layer. */
const stacked = (depth: number): fc.Arbitrary<Stacked> =>
  fc
    .record({
      widths: fc.shuffledSubarray([2, 3, 4, 5, 6], { minLength: depth + 1, maxLength: depth + 1 }),
      n: fc.constantFrom(4, 5),
    })
    .chain(({ widths: [d = 1, ...units], n }) =>
      fc.record({ x: filled([n, d], share), units: fc.constant(units), plan: stackPlan }),
    );

function* stack({ x, units, plan }: Stacked): Inquiry<readonly Machine[]> {
  const a = yield* ask('rbm.rbm.stack', { x, units, ...plan });
  const of = (name: string): readonly Values[] =>
    a.tensors(name).map(({ shape, data }) => ({ shape, data: Array.from(data) }));
  const [w, b, c] = [of('w'), of('b'), of('c')];
  return w.map((own, i) => ({ w: own, b: b[i] ?? own, c: c[i] ?? own }));
}

/** p(h | v) of machines one on another, each by the port. */
function* upwards(machines: readonly Machine[], x: Values): Inquiry<readonly Values[]> {
  const layers: Values[] = [];
  let below = x;
  for (const m of machines) {
    below = { shape: [x.shape[0] ?? 0, m.c.data.length], data: yield* answer('hidden_given', 'p', { ...m, v: below }) };
    layers.push(below);
  }
  return layers;
}

const firstOf = (m: readonly Machine[]): Trained => ({
  w: m[0]?.w.data ?? [],
  b: m[0]?.b.data ?? [],
  c: m[0]?.c.data ?? [],
});

/** Dense layers with these activations behind them, null for none. */
const layersOf = (units: readonly number[], names: readonly (string | null)[]): readonly NetworkLayer[] =>
  units.flatMap((n, i): readonly NetworkLayer[] => {
    const name = names[i] ?? null;
    return [{ type: 'dense', units: n }, ...(name === null ? [] : [{ type: 'activation' as const, name }])];
  });

interface Transfer extends Stacked {
  readonly names: readonly (string | null)[];
  readonly params: readonly Values[];
}
const transfer: fc.Arbitrary<Transfer> = stacked(3).chain((s) =>
  fc
    .record({
      names: fc.constantFrom<readonly (string | null)[]>(
        ['sigmoid', 'sigmoid', null],
        ['sigmoid', 'tanh', null],
        ['sigmoid', 'tanh', 'sigmoid'],
        ['sigmoid', null, 'sigmoid'],
        ['sigmoid', 'sigmoid', 'sigmoid'],
      ),
      params: fc.tuple(
        ...s.units.flatMap((n, i) => [
          filled([i === 0 ? (s.x.shape[1] ?? 1) : (s.units[i - 1] ?? 1), n], dyadicWeights),
          filled([n], dyadicWeights),
        ]),
      ),
    })
    .map((more) => ({ ...s, ...more })),
);
/** How many layers from the first on have a sigmoid behind them. */
const sigmoids = (names: readonly (string | null)[]): number => {
  const until = names.findIndex((n) => n !== 'sigmoid');
  return until < 0 ? names.length : until;
};

export const machineStackLaws: readonly Law[] = [
  law<Stacked>({
    id: 'rbm/stack',
    ref: 'Z-18',
    class: 'structural',
    runs: 20,
    says: 'in a stack each machine starts from the probabilities of the one below, learns with weights of its own, and is done before the next begins',
    source: 'Hinton, Osindero & Teh 2006',
    subjects: asks('stack', 'hidden_given'),
    given: () => visiting(stacked(2), stacked(4)),
    *holds(s, port) {
      const { u } = FORMATS[port.dtype];
      const still = { ...s, plan: { ...s.plan, lr: 0 } };
      const first = yield* stack(still);
      const own = yield* stack(s);
      const part = yield* stack({ ...s, units: s.units.slice(0, -1) });
      if (first.length !== s.units.length) return claim('machines', false, first.length, s.units.length);
      const shares = [s.x, ...(yield* upwards(first, s.x))];
      const even = yield* stack({ ...still, units: s.units.map(() => s.x.shape[1] ?? 1) });
      // weights and hidden biases: the visible biases of an upper machine follow from the one below, trained or not
      const learned = own.every((m, i) => {
        const before = first[i];
        return m.w.data.some((v, k) => v !== before?.w.data[k]) || m.c.data.some((v, k) => v !== before?.c.data[k]);
      });
      return every([
        ...first.map((m, i) => {
          const wanted = logits(shares[i] ?? s.x, u);
          return within(`visible biases of machine ${i + 1} from below`, m.b.data, wanted.values, wanted.allowed);
        }),
        ...part.map((m, i) =>
          same(
            `machine ${i + 1} without the last and with it`,
            numbersOf(firstOf([m])),
            numbersOf(firstOf(own.slice(i))),
          ),
        ),
        claim(
          'machines of one size start from different weights',
          new Set(even.map((m) => m.w.data.join())).size === even.length,
        ),
        claim('machines learn when there are epochs, and only then', learned === s.plan.epochs > 0),
      ]);
    },
  }),
  law<Transfer>({
    id: 'rbm/pretrain-transfer',
    ref: 'Z-18',
    class: 'exact',
    runs: 20,
    says: 'pre-training puts w and c of the stack into the dense layers that sigmoids follow from the first on, leaves all others as they were, and so the network computes the hidden probabilities of the machines',
    source: 'Hinton & Salakhutdinov 2006',
    subjects: having(
      'rbm.rbm.pretrain',
      'rbm.rbm.stack',
      'rbm.rbm.hidden_given',
      'model.network.loss_and_grad',
      'activation.sigmoid.vjp',
      'loss.mse.vjp',
    ),
    given: () => transfer,
    *holds(t, port) {
      const { u } = FORMATS[port.dtype];
      const layers = layersOf(t.units, t.names);
      const made = (yield* ask('rbm.rbm.pretrain', { layers, params: t.params, x: t.x, ...t.plan })).tensors('params');
      const count = sigmoids(t.names);
      const machines = yield* stack({ ...t, units: t.units.slice(0, count) });
      const expected = t.params.map((p, i) => {
        const m = machines[Math.floor(i / 2)];
        return (m === undefined ? p : i % 2 === 0 ? m.w : m.c).data;
      });
      const top = (yield* upwards(machines, t.x)).at(-1) ?? t.x;
      const { output } = yield* (function* () {
        const a = yield* ask('model.network.loss_and_grad', {
          layers: layersOf(t.units.slice(0, count), t.names),
          loss: 'mse',
          reduction: 'sum',
          params: made.slice(0, 2 * count).map(({ shape, data }) => ({ shape, data: Array.from(data) })),
          x: t.x,
          y: top,
        });
        return { output: Array.from(a.tensor('output').data) };
      })();
      const allowed = machines.reduce((error, m) => (error + unitBound(8, 1, u)) * (1 + sizeOf(m)), 0);
      return every([
        ...expected.map((data, i) => same(`parameter ${i} after pre-training`, made[i]?.data ?? [], data)),
        within(
          'output of the sigmoid layers',
          output,
          top.data.map(exactly),
          top.data.map(() => allowed),
        ),
      ]);
    },
  }),
  law<{ readonly x: Values; readonly seed: number }>({
    id: 'rbm/pretrain-defaults',
    ref: 'Z-18, P-09',
    class: 'exact',
    runs: 4,
    says: 'what is not said about pre-training is 20 epochs in batches of 16 with the rate 1/10, momentum ½, a weight cost of 1/10,000 and one turn',
    source: 'Hinton 2010',
    subjects: asks('pretrain', 'stack'),
    given: () => fc.record({ x: filled([33, 3], bit), seed }),
    *holds({ x, seed: s }) {
      const params: readonly Values[] = [
        { shape: [3, 2], data: [1, 2, 3, 4, 5, 6] },
        { shape: [2], data: [7, 8] },
      ];
      const made = (yield* ask('rbm.rbm.pretrain', { layers: layersOf([2], ['sigmoid']), params, x, seed: s })).tensors(
        'params',
      );
      const plan = { epochs: 20, size: 16, lr: 1 / 10, momentum: 1 / 2, l2: 1 / 10_000, k: 1, seed: s };
      const { w, c } = firstOf(yield* stack({ x, units: [2], plan }));
      return same(
        'w and b after pre-training',
        [...Array.from(made[0]?.data ?? []), ...Array.from(made[1]?.data ?? [])],
        [...w, ...c],
      );
    },
  }),
];
