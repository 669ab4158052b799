// The engine itself, compiled: the pure functions of the eager adapter, traced once and run as vector code.
import {
  type CompileOptions,
  type Dtype,
  flatten,
  type Lang,
  lossOf,
  lossRow,
  ops,
  optimizerOf,
  pullback,
  type Step,
  scalar,
  scan,
  Tensor,
  type Tree,
  trainingStep,
} from '../../src/index.ts';
import { definePeer, type Peer, type Running } from '../peer.ts';
import { normalised, normInputs } from './tautograd.ts';
import { classifier, type Task, xor } from './training.ts';

/** What is given is there. */
const first = <T>(xs: readonly T[]): T => xs[0] as T;

interface Variant extends CompileOptions {
  readonly dtype: Dtype;
}

/** The engine compiled in one of its variants. */
export const compiledPeer = (name: string, options: Variant): Peer => {
  /** Steps over a state; `names` are those of the state, then of the outputs. */
  const steps = (
    step: Step,
    state: readonly Tensor[],
    inputs: readonly Tensor[],
    names: readonly string[],
  ): Running => {
    const underway = scan(step, options).start(state, inputs);
    return {
      run: underway.run,
      outputs: () => {
        const all = [...underway.state(), ...underway.outputs()];
        return Object.fromEntries(names.flatMap((n, i) => (n === '' ? [] : [[n, all[i]?.view ?? []]])));
      },
    };
  };
  /** A function of its inputs, again and again. */
  const again = (
    f: <T>(o: Lang<T>, xs: readonly T[]) => readonly T[],
    inputs: readonly Tensor[],
    names: readonly string[],
  ): Running => steps((o, _, xs) => ({ state: [], outputs: f(o, xs) }), [], inputs, names);
  /** Something that is drawn anew at every step. */
  const drawn = (draw: <T>(o: Lang<T>, k: T) => T, name: string): Running =>
    steps(
      <T>(o: Lang<T>, [k]: readonly T[]) => {
        const next = o.add(k as T, o.lit(1));
        return { state: [next], outputs: [draw(o, next)] };
      },
      [scalar(0)],
      [],
      ['', name],
    );
  const trained = ({ setup, training, batch, read }: Task): Running => {
    const { step, state, training: meant } = trainingStep(setup, training);
    const underway = scan(step, options).start(state, [batch.x, batch.y]);
    return {
      run: underway.run,
      outputs: () => read(meant(underway.state()).variables, first(underway.outputs()).view[0] as number), // a scalar
    };
  };
  return definePeer({
    engine: name,
    version: '0.1.0',
    dtype: options.dtype,
    threads: options.threads?.count ?? 1,
    can: {
      matmul: ({ n, transA, transB }, inputs) => {
        const turned = <T>(o: Lang<T>, x: T, yes: boolean): T => (yes ? o.transpose(x) : x);
        return again(
          <T>(o: Lang<T>, [a, b]: readonly T[]) => [o.matmul(turned(o, a as T, transA), turned(o, b as T, transB))],
          [Tensor.from([n, n], inputs.a), Tensor.from([n, n], inputs.b)],
          ['c'],
        );
      },
      classifier: (sizes, inputs) => trained(classifier(sizes, inputs)),
      xor: (sizes, inputs) => trained(xor(sizes, inputs)),
      sigmoid: ({ n }, inputs) => again((o, xs) => [o.sigmoid(first(xs))], [Tensor.from([n], inputs.x)], ['y']),
      relu: ({ n }, inputs) => again((o, xs) => [o.relu(first(xs))], [Tensor.from([n], inputs.x)], ['y']),
      batchNorm: ({ rows, columns }, inputs) =>
        again((o, xs) => [normalised(o, xs)], normInputs(rows, columns, inputs), ['y']),
      batchNormBoth: ({ rows, columns }, inputs) =>
        again(
          <T>(o: Lang<T>, xs: readonly T[]) => {
            const { value, pull } = pullback((lang, at) => [normalised(lang, at)], o, xs.slice(0, 5), 3);
            return [value, ...pull(xs[5] as T)];
          },
          [...normInputs(rows, columns, inputs), Tensor.from([rows, columns], inputs.dy)],
          ['y', 'dx', 'dgamma', 'dbeta'],
        ),
      bceWithLogits: ({ n }, inputs) =>
        again(
          (o, xs) => {
            const { value, pull } = pullback(
              <T>(lang: Lang<T>, [z, y]: readonly T[]) =>
                [lossOf(lang, lossRow('bceWithLogits'), z as T, y as T, 'mean')] as const,
              o,
              xs,
              1,
            );
            return [value, ...pull(o.lit(1))];
          },
          [Tensor.from([n], inputs.z), Tensor.from([n], inputs.y)],
          ['loss', 'dz'],
        ),
      softmax: ({ n }, inputs) => again((o, xs) => [o.softmax(first(xs))], [Tensor.from([1, n], inputs.x)], ['y']),
      adam: ({ n, lr }, inputs) => {
        const optimizer = optimizerOf('adam', { lr });
        const w = Tensor.from([n], inputs.w);
        const tree = { slots: optimizer.init(ops, [w]), w, k: scalar(0) };
        const { leaves, build, paths } = flatten<Tensor>(tree);
        return steps(
          <T>(o: Lang<T>, state: readonly T[], [g]: readonly T[]) => {
            const at = build(state) as unknown as { slots: Record<string, readonly T[]>; w: T; k: T }; // as it was taken apart
            const k = o.add(at.k, o.lit(1));
            const [updates, slots] = optimizer.update(o, [g as T], at.slots, [at.w], k);
            const next = { slots, w: o.add(at.w, first(updates)), k };
            return { state: flatten<T>(next as unknown as Tree<T>).leaves, outputs: [] };
          },
          leaves,
          [Tensor.from([n], inputs.g)],
          paths.map((path) => (path === 'w' ? 'w' : '')),
        );
      },
      normal: ({ n }) => drawn((o, k) => o.normal(k, { key: [1, 1], shape: [n] }), 'x'),
      dropoutMask: ({ n, dropRate }) =>
        drawn((o, k) => o.greater(o.uniform(k, { key: [1, 2], shape: [n] }), o.lit(dropRate)), 'mask'),
    },
  });
};

export default compiledPeer('tautograd, fast', { dtype: 'f32', mode: 'fast' });
