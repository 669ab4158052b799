// Faults of training Boltzmann machines: momentum, weight cost, batches, orders, seeds, stacks and their transfer.
import {
  contrastiveDivergence,
  fold,
  hiddenGiven,
  type Key,
  keyOf,
  ops,
  permutation,
  type Rbm,
  Tensor,
  uniform,
} from '../../src/index.ts';
import type { Args, Plain } from '../contract.ts';
import { at, changed, type Mutant, now, number, plain } from './plant.ts';

const tensor = (p: Plain): Tensor => Tensor.from(p.shape, p.data);
const flag = (args: Args, name: string): boolean => args[name] === true;
const given = (args: Args, name: string, otherwise: number): number =>
  args[name] === undefined ? otherwise : number(args, name);

interface Step {
  readonly old: number;
  readonly slope: number;
  readonly value: number;
  readonly lr: number;
  readonly momentum: number;
  readonly l2: number;
  readonly of: 'w' | 'b' | 'c';
}

interface TrainingFault {
  readonly push?: (s: Step) => number;
  readonly order?: (key: Key, epoch: number, n: number) => readonly number[];
  readonly batches?: (n: number, size: number) => readonly (readonly [from: number, to: number])[];
  readonly draw?: (key: Key, step: number, drawn: number) => Key;
  readonly k?: (k: number) => number;
  readonly persistent?: (asked: boolean) => boolean;
  readonly epochs?: (n: number) => number;
  readonly forgets?: boolean;
  readonly defaults?: { readonly momentum?: number; readonly l2?: number; readonly k?: number };
  readonly seed?: (seed: number) => number;
  readonly ends?: (machine: Rbm<Tensor>, before: Rbm<Tensor>) => Rbm<Tensor>;
}

const push = ({ old, slope, value, lr, momentum, l2, of }: Step): number =>
  momentum * old - lr * (slope + (of === 'w' ? l2 * value : 0));
const whole = (n: number, size: number): readonly (readonly [number, number])[] =>
  Array.from({ length: Math.max(1, Math.floor(n / size)) }, (_, i) => [i * size, Math.min(n, (i + 1) * size)] as const);

/** Training with one habit of it wrong. */
const training = (f: TrainingFault) =>
  at('rbm.rbm.fit', (args) => {
    const x = tensor(plain(args, 'x'));
    const [n = 0, d = 0] = x.shape;
    const rows = x.toArray();
    const key = keyOf((f.seed ?? ((s) => s))(number(args, 'seed')));
    const lr = number(args, 'lr');
    const momentum = given(args, 'momentum', f.defaults?.momentum ?? 1 / 2);
    const l2 = given(args, 'l2', f.defaults?.l2 ?? 1 / 10_000);
    const k = (f.k ?? ((t) => t))(given(args, 'k', f.defaults?.k ?? 1));
    const persistent = (f.persistent ?? ((p) => p))(flag(args, 'persistent'));
    let machine: Rbm<Tensor> = {
      w: tensor(plain(args, 'w')),
      b: tensor(plain(args, 'b')),
      c: tensor(plain(args, 'c')),
    };
    let before = machine;
    const still = (t: Tensor): readonly number[] => t.toArray().map(() => 0);
    let velocity = { w: still(machine.w), b: still(machine.b), c: still(machine.c) };
    let chain: Tensor | undefined;
    let step = 0;
    for (let epoch = 0; epoch < (f.epochs ?? ((e) => e))(number(args, 'epochs')); epoch++) {
      const order = f.order?.(key, epoch, n) ?? permutation(fold(fold(key, 1), epoch), n);
      if (f.forgets) velocity = { w: still(machine.w), b: still(machine.b), c: still(machine.c) };
      for (const [from, to] of (f.batches ?? whole)(n, number(args, 'size'))) {
        const own = order.slice(from, to);
        const v = Tensor.from(
          [own.length, d],
          own.flatMap((r) => rows.slice(r * d, (r + 1) * d)),
        );
        let drawn = 0;
        const { grads, reached } = contrastiveDivergence(ops, machine, v, {
          k,
          uniform: (shape) => uniform(f.draw?.(key, step, drawn++) ?? fold(fold(fold(key, 2), step), drawn++), shape),
          ...(persistent && chain?.shape[0] === own.length ? { from: chain } : {}),
        });
        chain = reached;
        step++;
        const moved = (of: 'w' | 'b' | 'c'): readonly number[] => {
          const [slopes, values] = [grads[of].toArray(), machine[of].toArray()];
          return velocity[of].map((old, i) =>
            (f.push ?? push)({ old, slope: slopes[i] ?? 0, value: values[i] ?? 0, lr, momentum, l2, of }),
          );
        };
        velocity = { w: moved('w'), b: moved('b'), c: moved('c') };
        const further = (of: 'w' | 'b' | 'c'): Tensor =>
          Tensor.from(
            machine[of].shape,
            machine[of].toArray().map((y, i) => y + (velocity[of][i] ?? 0)),
          );
        before = machine;
        machine = { w: further('w'), b: further('b'), c: further('c') };
      }
    }
    const { w, b, c } = f.ends?.(machine, before) ?? machine;
    const out = (t: Tensor): Plain => ({ shape: t.shape, data: t.toArray() });
    return { w: out(w), b: out(b), c: out(c) };
  });

const FIT = 'rbm/fit-dominoes';
const shaped = (like: Plain, data: readonly number[]): Plain => ({ shape: like.shape, data });

export const machineTrainingMutants: readonly Mutant[] = [
  {
    id: 'rbm/fit-restarts',
    says: 'chains restart although they are to persist',
    killedBy: [FIT],
    plant: training({ persistent: () => false }),
  },
  {
    id: 'rbm/fit-persists',
    says: 'chains go on although they are to restart',
    killedBy: [FIT],
    plant: training({ persistent: () => true }),
  },
  { id: 'rbm/fit-one-turn', says: 'k is not looked at in training', killedBy: [FIT], plant: training({ k: () => 1 }) },
  {
    id: 'rbm/fit-ascends',
    says: 'steps up the slope',
    killedBy: [FIT, 'rbm/fit-batches'],
    plant: training({ push: (s) => push({ ...s, lr: -s.lr }) }),
  },
  {
    id: 'rbm/fit-no-momentum',
    says: 'momentum is not looked at',
    killedBy: [FIT, 'rbm/fit-order'],
    plant: training({ push: (s) => push({ ...s, momentum: 0 }) }),
  },
  {
    id: 'rbm/fit-damped',
    says: 'the slope enters the velocity by 1 − momentum',
    killedBy: [FIT],
    plant: training({ push: (s) => push({ ...s, lr: s.lr * (1 - s.momentum) }) }),
  },
  {
    id: 'rbm/fit-forgets',
    says: 'the velocity starts at 0 in every epoch',
    killedBy: [FIT],
    plant: training({ forgets: true }),
  },
  {
    id: 'rbm/fit-cost-on-biases',
    says: 'the weight cost on the biases too',
    killedBy: [FIT],
    plant: training({ push: (s) => push({ ...s, of: 'w' }) }),
  },
  {
    id: 'rbm/fit-cost-grows',
    says: 'the weight cost with the wrong sign',
    killedBy: [FIT],
    plant: training({ push: (s) => push({ ...s, l2: -s.l2 }) }),
  },
  {
    id: 'rbm/fit-no-cost',
    says: 'no weight cost',
    killedBy: [FIT],
    plant: training({ push: (s) => push({ ...s, l2: 0 }) }),
  },
  {
    id: 'rbm/fit-cost-without-rate',
    says: 'the weight cost without the rate',
    killedBy: [FIT],
    plant: training({ push: (s) => push({ ...s, l2: s.l2 / s.lr }) }),
  },
  {
    id: 'rbm/fit-one-epoch-less',
    says: 'an epoch less',
    killedBy: [FIT, 'rbm/fit-batches'],
    plant: training({ epochs: (n) => n - 1 }),
  },
  {
    id: 'rbm/fit-before-last',
    says: 'the machine before its last step',
    killedBy: [FIT, 'rbm/fit-batches', 'rbm/fit-order'],
    plant: training({ ends: (_m, before) => before }),
  },
  {
    id: 'rbm/fit-stale-hidden-bias',
    says: 'hidden biases are never moved',
    bug: 'OpenANN #76',
    killedBy: [FIT],
    plant: training({ push: (s) => (s.of === 'c' ? 0 : push(s)) }),
  },
  {
    id: 'rbm/fit-unshuffled',
    says: 'rows in their own order',
    killedBy: ['rbm/fit-order'],
    plant: training({ order: (_k, _e, n) => Array.from({ length: n }, (_, i) => i) }),
  },
  {
    id: 'rbm/fit-same-order',
    says: 'every epoch in the order of the first',
    killedBy: ['rbm/fit-order'],
    plant: training({ order: (key, _e, n) => permutation(fold(key, 1), n) }),
  },
  {
    id: 'rbm/fit-with-replacement',
    says: 'rows drawn with replacement',
    killedBy: ['rbm/fit-order'],
    plant: training({
      order: (key, e, n) =>
        uniform(fold(fold(key, 1), e), [n])
          .toArray()
          .map((u) => Math.floor(u * n)),
    }),
  },
  {
    id: 'rbm/fit-drops-row',
    says: 'the last row of an epoch is left out',
    killedBy: ['rbm/fit-order', 'rbm/fit-batches'],
    plant: training({ batches: (n, size) => whole(n - 1, size).filter(([, to]) => to > 0) }),
  },
  {
    id: 'rbm/fit-rest',
    says: 'rows left over make a batch',
    killedBy: ['rbm/fit-batches'],
    plant: training({
      batches: (n, size) =>
        Array.from({ length: Math.ceil(n / size) }, (_, i) => [i * size, Math.min(n, (i + 1) * size)] as const),
    }),
  },
  {
    id: 'rbm/fit-few-rows',
    says: 'fewer rows than a batch are none',
    killedBy: ['rbm/fit-batches', FIT],
    plant: training({ batches: (n, size) => (n < size ? [] : whole(n, size)) }),
  },
  {
    id: 'rbm/fit-seedless',
    says: 'the seed is not looked at',
    killedBy: ['rbm/fit-order', 'rbm/fit-defaults'],
    plant: training({ seed: () => 1 }),
  },
  {
    id: 'rbm/fit-same-step',
    says: 'every step draws the uniforms of the first',
    killedBy: ['rbm/fit-samples'],
    plant: training({ draw: (key, _s, drawn) => fold(fold(key, 2), drawn) }),
  },
  {
    id: 'rbm/fit-same-draw',
    says: 'hidden and visible units share their uniforms',
    killedBy: ['rbm/fit-samples'],
    plant: training({ draw: (key, step) => fold(fold(key, 2), step) }),
  },
  {
    id: 'rbm/fit-momentum-default',
    says: 'momentum 0.9 unless given',
    killedBy: ['rbm/fit-defaults'],
    plant: training({ defaults: { momentum: 9 / 10 } }),
  },
  {
    id: 'rbm/fit-cost-default',
    says: 'no weight cost unless given',
    killedBy: ['rbm/fit-defaults'],
    plant: training({ defaults: { l2: 0 } }),
  },
  {
    id: 'rbm/fit-turns-default',
    says: 'two turns unless given',
    killedBy: ['rbm/fit-defaults'],
    plant: training({ defaults: { k: 2 } }),
  },
  {
    id: 'rbm/start-wide',
    says: 'weights of deviation 0.1',
    killedBy: ['rbm/start'],
    plant: changed('rbm.rbm.start', 'w', (w) => 10 * w),
  },
  {
    id: 'rbm/start-positive',
    says: 'weights without their signs',
    killedBy: ['rbm/start'],
    plant: changed('rbm.rbm.start', 'w', Math.abs),
  },
  {
    id: 'rbm/start-zero-biases',
    says: 'visible biases 0',
    killedBy: ['rbm/start'],
    plant: changed('rbm.rbm.start', 'b', () => 0),
  },
  {
    id: 'rbm/start-share',
    says: 'the logarithm of the share for its logit',
    killedBy: ['rbm/start'],
    plant: changed('rbm.rbm.start', 'b', (b) => Math.log(1 / (1 + Math.exp(-b)))),
  },
  {
    id: 'rbm/start-negated',
    says: 'the logit of the zeros',
    killedBy: ['rbm/start'],
    plant: changed('rbm.rbm.start', 'b', (b) => -b),
  },
  {
    id: 'rbm/start-hidden-biases',
    says: 'hidden biases −4, as for sparse units',
    killedBy: ['rbm/start'],
    plant: changed('rbm.rbm.start', 'c', () => -4),
  },
  {
    id: 'rbm/start-seedless',
    says: 'the same weights for every seed',
    killedBy: ['rbm/start'],
    plant: at('rbm.rbm.start', (args, original) => now(original, { ...args, seed: 1 })),
  },
  {
    id: 'rbm/stack-of-samples',
    says: 'a machine learns from rounded states of the units below, not their probabilities',
    killedBy: ['rbm/stack'],
    plant: at('rbm.rbm.stack', (args, original) => {
      const answer = now(original, args);
      const [w, b, c] = ['w', 'b', 'c'].map((name) => answer[name] as readonly Plain[]); // as the contract says
      const [w0, b0, c0] = [w?.[0], b?.[0], c?.[0]];
      if (w0 === undefined || b0 === undefined || c0 === undefined || (b?.length ?? 0) < 2) return answer;
      const p = hiddenGiven(ops, { w: tensor(w0), b: tensor(b0), c: tensor(c0) }, tensor(plain(args, 'x')));
      const [n = 1, d = 1] = p.shape;
      const ones = (i: number): number => p.toArray().reduce((s, x, k) => (k % d === i && x > 1 / 2 ? s + 1 : s), 1);
      const wrong = Array.from({ length: d }, (_, i) => Math.log(ones(i) / (n + 2 - ones(i))));
      return { ...answer, b: (b ?? []).map((t, i) => (i === 1 ? shaped(t, wrong) : t)) };
    }),
  },
  {
    id: 'rbm/stack-same-key',
    says: 'all machines of a stack start from the same random numbers',
    killedBy: ['rbm/stack'],
    plant: at('rbm.rbm.stack', (args, original) => {
      const answer = now(original, args);
      const w = answer.w as readonly Plain[]; // as the contract says
      return { ...answer, w: w.map((t) => (t.data.length === w[0]?.data.length ? w[0] : t)) };
    }),
  },
  {
    id: 'rbm/stack-untrained',
    says: 'the machines of a stack are those of no epoch',
    killedBy: ['rbm/stack'],
    plant: at('rbm.rbm.stack', (args, original) => now(original, { ...args, epochs: 0 })),
  },
  {
    id: 'rbm/stack-fine-tunes',
    says: 'the lower machine moves on when another is put on it',
    killedBy: ['rbm/stack'],
    plant: at('rbm.rbm.stack', (args, original) => {
      const answer = now(original, args);
      const c = answer.c as readonly Plain[]; // as the contract says
      return {
        ...answer,
        c: c.map((t, i) =>
          i < c.length - 1
            ? shaped(
                t,
                Array.from(t.data, (x) => x + 2 ** -20),
              )
            : t,
        ),
      };
    }),
  },
  {
    id: 'rbm/transfer-nothing',
    says: 'pre-training leaves the network as it was',
    killedBy: ['rbm/pretrain-transfer', 'rbm/pretrain-defaults'],
    plant: at('rbm.rbm.pretrain', (args) => ({ params: args.params })),
  },
  {
    id: 'rbm/transfer-without-bias',
    says: 'weights are taken over, biases stay',
    killedBy: ['rbm/pretrain-transfer', 'rbm/pretrain-defaults'],
    plant: at('rbm.rbm.pretrain', (args, original) => {
      const old = args.params as readonly Plain[]; // parsed by the contract
      const made = now(original, args).params as readonly Plain[];
      return { params: made.map((p, i) => (i % 2 === 1 ? (old[i] ?? p) : p)) };
    }),
  },
  {
    id: 'rbm/transfer-first-only',
    says: 'only the first layer is taken over',
    killedBy: ['rbm/pretrain-transfer'],
    plant: at('rbm.rbm.pretrain', (args, original) => {
      const old = args.params as readonly Plain[]; // parsed by the contract
      const made = now(original, args).params as readonly Plain[];
      return { params: made.map((p, i) => (i > 1 ? (old[i] ?? p) : p)) };
    }),
  },
  {
    id: 'rbm/transfer-any-layer',
    says: 'layers without a sigmoid are taken for machines too',
    killedBy: ['rbm/pretrain-transfer'],
    plant: at('rbm.rbm.pretrain', (args, original) => {
      const layers = (args.layers as readonly { readonly type: string }[]).filter((l) => l.type === 'dense'); // parsed by the contract
      return now(original, { ...args, layers: layers.flatMap((l) => [l, { type: 'activation', name: 'sigmoid' }]) });
    }),
  },
  {
    id: 'rbm/pretrain-short',
    says: 'ten epochs unless given',
    killedBy: ['rbm/pretrain-defaults'],
    plant: at('rbm.rbm.pretrain', (args, original) => now(original, { epochs: 10, ...args })),
  },
  {
    id: 'rbm/pretrain-rate',
    says: 'another rate unless given',
    killedBy: ['rbm/pretrain-defaults'],
    plant: at('rbm.rbm.pretrain', (args, original) => now(original, { lr: 1 / 20, ...args })),
  },
  {
    id: 'rbm/pretrain-batches',
    says: 'batches of 32 unless given',
    killedBy: ['rbm/pretrain-defaults'],
    plant: at('rbm.rbm.pretrain', (args, original) => now(original, { size: 32, ...args })),
  },
];
