// The restricted Boltzmann machine with binary units: energies, conditionals, exact likelihood, contrastive divergence.
import { DomainError, ShapeError } from '../core/errors.ts';
import { fold, type Key, normal, permutation, uniform } from '../core/key.ts';
import { show } from '../core/shape.ts';
import { Tensor } from '../core/tensor.ts';
import { type Lang, ops } from '../ops/lang.ts';

/** Weights [visible, hidden], biases of the visible units [visible] and of the hidden ones [hidden]. */
export interface Rbm<T> {
  readonly w: T;
  readonly b: T;
  readonly c: T;
}

const rowSum = <T>(o: Lang<T>, x: T): T => o.sum(x, { axes: [-1], keep: false });

/** Energy of states v [n, visible] and h [n, hidden], one each: −b·v − c·h − v·w·h. @source Smolensky 1986; Hinton 2010, eq. 1 */
export const energy = <T>(o: Lang<T>, { w, b, c }: Rbm<T>, v: T, h: T): T =>
  o.neg(o.add(o.add(rowSum(o, o.mul(v, b)), rowSum(o, o.mul(h, c))), rowSum(o, o.mul(o.matmul(v, w), h))));

/** −log Σ_h e^(−E(v, h)) of states v [n, visible]: −b·v − Σ softplus(c + v·w). @source Hinton 2010, eq. 25 */
export const freeEnergy = <T>(o: Lang<T>, { w, b, c }: Rbm<T>, v: T): T =>
  o.neg(o.add(rowSum(o, o.mul(v, b)), rowSum(o, o.softplus(o.add(o.matmul(v, w), c)))));

/** p(h = 1 | v) = σ(c + v·w). @source Hinton 2010, eq. 7 */
export const hiddenGiven = <T>(o: Lang<T>, { w, c }: Rbm<T>, v: T): T => o.sigmoid(o.add(o.matmul(v, w), c));

/** p(v = 1 | h) = σ(b + h·wᵀ). @source Hinton 2010, eq. 8 */
export const visibleGiven = <T>(o: Lang<T>, { w, b }: Rbm<T>, h: T): T =>
  o.sigmoid(o.add(o.matmul(h, o.transpose(w)), b));

/** The machine with the roles of its units exchanged. */
export const dual = <T>(o: Lang<T>, { w, b, c }: Rbm<T>): Rbm<T> => ({ w: o.transpose(w), b: c, c: b });

/** Most units whose states are enumerated. */
const MOST = 16;

/** All 2ⁿ states of n binary units, one a row; no units have one state. @throws DomainError above 16 units */
export const binaryStates = (n: number): Tensor => {
  if (!Number.isInteger(n) || n < 0 || n > MOST)
    throw new DomainError(`rbm: between 0 and ${MOST} units can be enumerated, got ${n}`);
  return Tensor.build([2 ** n, n], (out) => {
    for (let i = 0; i < out.length; i++) out[i] = (Math.floor(i / n) >> (i % n)) & 1;
  });
};

/** log Σ e^(−E), exactly, over the states of the smaller side. @throws DomainError when both sides are above 16 units */
export const logPartition = <T>(o: Lang<T>, machine: Rbm<T>, lift: (t: Tensor) => T): T => {
  const [visible = 0, hidden = 0] = o.shape(machine.w);
  const small = visible <= hidden ? machine : dual(o, machine);
  return o.logSumExp(o.neg(freeEnergy(o, small, lift(binaryStates(Math.min(visible, hidden))))));
};

/** log p(v) of every row, exactly. @throws DomainError for machines too large to enumerate */
export const logLikelihood = <T>(o: Lang<T>, machine: Rbm<T>, v: T, lift: (t: Tensor) => T): T =>
  o.sub(o.neg(freeEnergy(o, machine, v)), logPartition(o, machine, lift));

/** One chain of Gibbs samples: uniforms in (0, 1) come from a function of their shape, in the order of use. */
export interface Chain<T> {
  /** Turns from visible to hidden and back. */
  readonly k: number;
  readonly uniform: (shape: readonly number[]) => T;
  /** Visible states that a persistent chain has reached; the data unless named. */
  readonly from?: T;
}

/**
 * The slope of −log p(v) as k turns of a chain estimate it, averaged over the rows, and the visible states reached. Hidden
 * states are sampled on the way, and probabilities at its end.
 * @source Hinton 2002, eq. 8; Hinton 2010, §3; Tieleman 2008 (persistent)
 */
export const contrastiveDivergence = <T>(
  o: Lang<T>,
  machine: Rbm<T>,
  v: T,
  { k, uniform: draw, from }: Chain<T>,
): { readonly grads: Rbm<T>; readonly reached: T } => {
  if (!Number.isInteger(k) || k < 1) throw new DomainError(`rbm: k must be a positive integer, got ${k}`);
  const sample = (p: T): T => o.greater(p, draw(o.shape(p)));
  const there = hiddenGiven(o, machine, v);
  let reached = from ?? v;
  let h = sample(from === undefined ? there : hiddenGiven(o, machine, from));
  for (let turn = 0; turn < k; turn++) {
    reached = sample(visibleGiven(o, machine, h));
    if (turn < k - 1) h = sample(hiddenGiven(o, machine, reached));
  }
  const back = hiddenGiven(o, machine, reached);
  const n = (x: T): T => o.lit(o.shape(x)[0] ?? 1);
  const mean = (x: T): T => o.div(o.sum(x, { axes: [0], keep: false }), n(x));
  const pairs = (a: T, p: T): T => o.div(o.matmul(o.transpose(a), p), n(a));
  return {
    grads: {
      w: o.sub(pairs(reached, back), pairs(v, there)),
      b: o.sub(mean(reached), mean(v)),
      c: o.sub(mean(back), mean(there)),
    },
    reached,
  };
};

export interface RbmPlan {
  readonly hidden: number;
  readonly epochs: number;
  readonly size: number;
  readonly lr: number;
  readonly momentum?: number;
  /** Weight cost, on w alone. */
  readonly l2?: number;
  readonly k?: number;
  readonly persistent?: boolean;
  /** The machine to go on from; {@link startRbm} unless given. */
  readonly from?: Rbm<Tensor>;
  readonly key: Key;
}

/**
 * A machine before its first step: small normal weights, visible biases at the logit of each unit's share of ones.
 * @source Hinton 2010, §8
 */
export const startRbm = (x: Tensor, hidden: number, key: Key): Rbm<Tensor> => {
  const [n = 0, d = 0] = x.shape;
  const ones = ops.sum(x, { axes: [0], keep: false });
  const share = ops.div(ops.add(ones, Tensor.from([], [1])), Tensor.from([], [n + 2])); // so that none is 0 or 1
  return {
    w: ops.mul(normal(key, [d, hidden]), Tensor.from([], [0.01])),
    b: ops.sub(ops.log(share), ops.log1p(ops.neg(share))),
    c: Tensor.build([hidden], () => {}),
  };
};

/**
 * Trains a machine on rows of shares in [0, 1] by contrastive divergence with momentum, as a pure fold over batches by key.
 * Rows left over by whole batches wait for another epoch; fewer rows than a batch are one.
 * @source Hinton 2010
 * @throws ShapeError, DomainError for data outside [0, 1] or numbers out of range
 */
export const fitRbm = (
  x: Tensor,
  { hidden, epochs, size, lr, momentum = 0.5, l2 = 1e-4, k = 1, persistent = false, from: begin, key }: RbmPlan,
): Rbm<Tensor> => {
  const [n = 0, d = 0] = x.shape;
  if (x.shape.length !== 2 || n === 0) throw new ShapeError(`rbm: data must be [n, visible], got ${show(x.shape)}`);
  const bad = x.toArray().find((v) => !(v >= 0 && v <= 1));
  if (bad !== undefined) throw new DomainError(`rbm: data must lie in [0, 1], got ${bad}`);
  for (const [name, v] of Object.entries({ hidden, size }))
    if (!Number.isInteger(v) || v < 1) throw new DomainError(`rbm: ${name} must be a positive integer, got ${v}`);
  if (!(lr >= 0 && momentum >= 0 && momentum < 1 && l2 >= 0))
    throw new DomainError(`rbm: lr, momentum < 1 and l2 must not be negative, got ${lr}, ${momentum} and ${l2}`);
  const rate = Tensor.from([], [-lr]);
  const [keep, cost] = [Tensor.from([], [momentum]), Tensor.from([], [l2])];
  let machine = begin ?? startRbm(x, hidden, fold(key, 0));
  let velocity: Rbm<Tensor> = { w: zeros([d, hidden]), b: zeros([d]), c: zeros([hidden]) };
  let chain: Tensor | undefined;
  for (let epoch = 0, step = 0; epoch < epochs; epoch++) {
    const order = permutation(fold(fold(key, 1), epoch), n);
    for (let at = 0; at + size <= Math.max(n, size); at += size, step++) {
      const rows = order.slice(at, at + size);
      const v = Tensor.build([rows.length, d], (out) => {
        rows.forEach((r, i) => {
          for (let j = 0; j < d; j++) out[i * d + j] = x.view[r * d + j] as number; // in range
        });
      });
      const stepKey = fold(fold(key, 2), step);
      let drawn = 0;
      const from = persistent && chain?.shape[0] === rows.length ? { from: chain } : {};
      const { grads, reached } = contrastiveDivergence(ops, machine, v, {
        k,
        uniform: (shape) => uniform(fold(stepKey, drawn++), shape),
        ...from,
      });
      chain = reached;
      const push = (old: Tensor, g: Tensor): Tensor => ops.add(ops.mul(keep, old), ops.mul(rate, g));
      velocity = {
        w: push(velocity.w, ops.add(grads.w, ops.mul(cost, machine.w))),
        b: push(velocity.b, grads.b),
        c: push(velocity.c, grads.c),
      };
      machine = {
        w: ops.add(machine.w, velocity.w),
        b: ops.add(machine.b, velocity.b),
        c: ops.add(machine.c, velocity.c),
      };
    }
  }
  return machine;
};

const zeros = (shape: readonly number[]): Tensor => Tensor.build(shape, () => {});

/** Machines one on another: each learns from the probabilities of the hidden units below. @source Hinton, Osindero & Teh 2006 */
export const stackRbms = (
  x: Tensor,
  sizes: readonly number[],
  plan: Omit<RbmPlan, 'hidden' | 'from'>,
): readonly Rbm<Tensor>[] => {
  let below = x;
  return sizes.map((hidden, i) => {
    const machine = fitRbm(below, { ...plan, hidden, key: fold(plan.key, i) });
    below = hiddenGiven(ops, machine, below);
    return machine;
  });
};
