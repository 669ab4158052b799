// Faults of networks, penalties, training and diagnosis under rare conditions: many layers, long batches, one leaf, later steps.
import type { AnyLayer } from '../args.ts';
import type { Args, Plain } from '../contract.ts';
import {
  above,
  and,
  hair,
  hyper,
  large,
  leaves,
  long,
  otherwise,
  set,
  shapeOf,
  small,
  sometimes,
  valuesOf,
  type When,
} from './edge.ts';
import { at, both, changed, like, list, type Mutant, now, number, plain } from './plant.ts';

const NET = 'model.network.loss_and_grad';
const FORWARD = 'model.network.forward';
const FIT = 'training.network.fit';
const layersOf = (args: Args): readonly AnyLayer[] => args.layers as readonly AnyLayer[]; // the contract has parsed it
const layer =
  (f: (l: AnyLayer) => boolean): When =>
  (args) =>
    layersOf(args).some((l) => f(l) || (l.type === 'residual' && l.layers.some(f)));
const type = (name: AnyLayer['type']): When => layer((l) => l.type === name);
const field =
  (name: string, value: unknown): When =>
  (args) =>
    layer((l) => (l as unknown as Readonly<Record<string, unknown>>)[name] === value)(args); // by name, so untyped here
const batch =
  (n: number): When =>
  (args) =>
    shapeOf(args, 'x')[0] === n;
const deep =
  (n: number): When =>
  (args) =>
    layersOf(args).filter((l) => l.type === 'dense').length > n;
/** The gradients of some leaves are off. */
const gradients = (
  when: When,
  which: (leaf: number, leaves: number, shape: readonly number[]) => boolean,
  f: (v: number, i: number) => number = hair,
) =>
  at(NET, (args, original) => {
    const answer = now(original, args);
    const all = answer.gradients as readonly Plain[]; // so says the contract
    return when(args)
      ? { ...answer, gradients: all.map((g, i) => (which(i, all.length, g.shape) ? like(g, f) : g)) }
      : answer;
  });
const biases = (_leaf: number, _leaves: number, shape: readonly number[]): boolean => shape.length === 1;
type Steps = readonly (readonly Plain[])[];
/** A training whose parameters are off at some steps and leaves. */
const trajectory = (when: When, which: (step: number, leaf: number) => boolean, entry = FIT) =>
  at(entry, (args, original) => {
    const answer = now(original, args);
    const steps = answer.params as Steps; // so says the contract
    return when(args)
      ? { ...answer, params: steps.map((ps, k) => ps.map((p, leaf) => (which(k + 1, leaf) ? like(p, hair) : p))) }
      : answer;
  });
const always: When = () => true;
const seeded = (entry: string, f: (seed: number) => number) =>
  otherwise(entry, always, (a) => ({ seed: f(number(a, 'seed')) }));
const batchesOf = (args: Args): readonly { readonly x: Plain; readonly y: Plain }[] =>
  args.batches as readonly { readonly x: Plain; readonly y: Plain }[]; // likewise

export const trainingEdgeMutants: readonly Mutant[] = [
  // networks
  {
    id: 'edge/net-bias-sum',
    says: 'bias gradients are averaged where the sum was asked, for batches of more than one',
    killedBy: ['gradient/network', 'gradient/network-exact'],
    plant: at(NET, (args, original) => {
      const answer = now(original, args);
      const n = shapeOf(args, 'x')[0] ?? 1;
      return args.reduction === 'sum'
        ? {
            ...answer,
            gradients: (answer.gradients as readonly Plain[]).map((g) =>
              g.shape.length === 1 ? like(g, (v) => v / n) : g,
            ),
          }
        : answer;
    }),
  },
  {
    id: 'edge/net-bias-sum-of-two',
    says: 'bias gradients are off for the sum over two samples',
    killedBy: ['gradient/network', 'gradient/network-exact'],
    plant: gradients(and(set('reduction', 'sum'), batch(2)), biases),
  },
  {
    id: 'edge/net-last-bias-mean-one',
    says: 'the last bias is off for the mean over one sample',
    killedBy: ['gradient/network', 'gradient/random-model'],
    plant: gradients(and(set('reduction', 'mean'), batch(1)), (i, n) => i === n - 1),
  },
  {
    id: 'edge/net-third-layer',
    says: 'the third layer’s weights are off',
    killedBy: ['gradient/network', 'gradient/network-exact'],
    plant: gradients(deep(2), (i) => i === 4),
  },
  {
    id: 'edge/net-one-input',
    says: 'gradients of networks with one feature are off',
    killedBy: ['gradient/network', 'gradient/network-exact'],
    plant: gradients(
      (a) => shapeOf(a, 'x')[1] === 1,
      (i) => i === 0,
    ),
  },
  {
    id: 'edge/net-one-output-sum',
    says: 'with one output and the sum, the loss is off',
    killedBy: ['gradient/network', 'gradient/network-exact'],
    plant: sometimes(
      NET,
      and(set('reduction', 'sum'), (a) => shapeOf(a, 'y')[1] === 1),
      hair,
      ['loss'],
    ),
  },
  {
    id: 'edge/net-nine-features',
    says: 'gradients of more than eight features are off',
    killedBy: ['gradient/random-model', 'gradient/large-model'],
    plant: gradients(
      (a) => (shapeOf(a, 'x')[1] ?? 0) > 8,
      (i) => i === 0,
    ),
  },
  {
    id: 'edge/net-nine-samples',
    says: 'the loss of more than eight samples is off',
    killedBy: ['gradient/random-model', 'gradient/large-model'],
    plant: sometimes(NET, (a) => (shapeOf(a, 'x')[0] ?? 0) > 8, hair, ['loss']),
  },
  {
    id: 'edge/net-nine-outputs',
    says: 'gradients of more than eight outputs are off',
    killedBy: ['gradient/large-model'],
    plant: gradients(
      (a) => (shapeOf(a, 'y')[1] ?? 0) > 8,
      (i, n) => i === n - 2,
    ),
  },
  {
    id: 'edge/net-twenty-outputs',
    says: 'outputs are off where there are more than sixteen',
    killedBy: ['gradient/large-model'],
    plant: sometimes(NET, (a) => (shapeOf(a, 'y')[1] ?? 0) > 15, hair, ['output']),
  },
  {
    id: 'edge/net-dropout-and-sum',
    says: 'with dropout and the sum, gradients are off',
    killedBy: ['gradient/random-model'],
    plant: gradients(and(type('dropout'), set('reduction', 'sum')), (i) => i === 0),
  },
  {
    id: 'edge/net-dropout-1',
    says: 'dropout at rate 1 inside a network gives NaN',
    killedBy: ['gradient/random-model', 'network/finite'],
    plant: sometimes(NET, field('dropRate', 1), () => Number.NaN, ['output']),
  },
  {
    id: 'edge/net-momentum-1',
    says: 'running statistics with a momentum of 1 are off',
    killedBy: ['gradient/random-model'],
    plant: sometimes(NET, field('momentum', 1), hair, ['state']),
  },
  {
    id: 'edge/net-residual-norm',
    says: 'running statistics inside a residual block are off',
    killedBy: ['gradient/random-model'],
    plant: sometimes(
      NET,
      (a) => layersOf(a).some((l) => l.type === 'residual' && l.layers.some((k) => k.type === 'batchNorm')),
      hair,
      ['state'],
    ),
  },
  {
    id: 'edge/net-two-norms',
    says: 'the second batch normalisation keeps the statistics of the first',
    killedBy: ['gradient/random-model'],
    plant: at(NET, (args, original) => {
      const answer = now(original, args);
      const state = answer.state as readonly Plain[] | undefined;
      return state !== undefined && state.length > 2
        ? { ...answer, state: state.map((s, i) => (i > 1 ? like(s, hair) : s)) }
        : answer;
    }),
  },
  {
    id: 'edge/net-penalty-and-sum',
    says: 'a penalty is off where the sum was asked',
    killedBy: ['gradient/random-model'],
    plant: sometimes(
      NET,
      and((a) => a.regulariser !== undefined, set('reduction', 'sum')),
      hair,
      ['loss'],
    ),
  },
  {
    id: 'edge/net-l1-alone',
    says: 'gradients are off for l1 without l2',
    killedBy: ['gradient/random-model'],
    plant: gradients(
      (a) => {
        const r = a.regulariser as { l1?: number; l2?: number } | undefined;
        return (r?.l1 ?? 0) > 0 && (r?.l2 ?? 0) === 0;
      },
      (i) => i === 0,
    ),
  },
  {
    id: 'edge/net-eval-dropout',
    says: 'eval mode is off behind dropout',
    killedBy: ['network/forward'],
    plant: sometimes(FORWARD, and(set('mode', 'eval'), type('dropout'))),
  },
  {
    id: 'edge/net-eval-many',
    says: 'eval mode is off for more than four samples',
    killedBy: ['network/batch-independence', 'network/forward'],
    plant: sometimes(FORWARD, (a) => (shapeOf(a, 'x')[0] ?? 0) > 4),
  },
  {
    id: 'edge/net-train-forward-norm',
    says: 'the forward pass alone in train mode is off with layer normalisation',
    killedBy: ['network/forward'],
    plant: sometimes(FORWARD, and(set('mode', 'train'), type('layerNorm'))),
  },
  {
    id: 'edge/net-forward-wide',
    says: 'the forward pass alone is off for more than eight features',
    killedBy: ['network/batch-independence', 'network/forward'],
    plant: sometimes(FORWARD, long('x')),
  },
  {
    id: 'edge/net-large-data',
    says: 'data beyond 2¹⁰ are cut there',
    killedBy: ['network/data-scaling'],
    plant: otherwise(NET, large('x'), (a) => ({ x: like(plain(a, 'x'), (v) => Math.max(-1024, Math.min(1024, v))) })),
  },
  {
    id: 'edge/net-tiny-data',
    says: 'data below 2⁻¹⁰ count as 0',
    killedBy: ['gradient/large-model', 'network/data-scaling'],
    plant: otherwise(NET, small('x'), (a) => ({ x: like(plain(a, 'x'), (v) => (Math.abs(v) < 2 ** -10 ? 0 : v)) })),
  },
  {
    id: 'edge/net-identical-samples',
    says: 'gradients are off where all samples are one',
    killedBy: ['gradient/network-exact', 'gradient/additive'],
    plant: gradients(
      (a) => {
        const [n = 1, d = 1] = shapeOf(a, 'x');
        const v = valuesOf(a, 'x');
        return n > 1 && v.every((e, i) => e === v[i % d]);
      },
      (i) => i === 0,
    ),
  },
  // penalties
  {
    id: 'edge/l1-many',
    says: 'weights behind the eighth have no l1 slope',
    killedBy: ['regularisation/gradient', 'regularisation/consistent'],
    plant: changed('regulariser.l1.gradient', 'dw', (v, i) => (i < 8 ? v : 0)),
  },
  {
    id: 'edge/l2-many-value',
    says: 'the penalty of an axis of more than eight is off',
    killedBy: ['regularisation/value', 'regularisation/consistent'],
    plant: sometimes('regulariser.l2.value', long('w')),
  },
  {
    id: 'edge/elastic-net-equal',
    says: 'equal strengths are off',
    killedBy: ['regularisation/off'],
    plant: sometimes('regulariser.elastic_net.value', (a) => a.l1 === a.l2),
  },
  {
    id: 'edge/l2-strength-1',
    says: 'a strength of 1 is off',
    killedBy: ['regularisation/weight-decay'],
    plant: both(sometimes('regulariser.l2.value', set('l2', 1)), sometimes('regulariser.l2.gradient', set('l2', 1))),
  },
  {
    id: 'edge/penalty-third-layer',
    says: 'the third layer is not penalised',
    killedBy: ['regularisation/biases'],
    plant: at('regulariser.l2.penalty', (args, original) => {
      const answer = now(original, args);
      return {
        ...answer,
        gradients: (answer.gradients as readonly Plain[]).map((g, i) => (i === 4 ? like(g, () => 0) : g)),
      };
    }),
  },
  {
    id: 'edge/penalty-fourth-layer',
    says: 'layers behind the third are not penalised',
    killedBy: ['regularisation/biases'],
    plant: at('regulariser.l1.penalty', (args, original) => {
      const answer = now(original, args);
      return {
        ...answer,
        gradients: (answer.gradients as readonly Plain[]).map((g, i) => (i > 5 ? like(g, () => 0) : g)),
      };
    }),
  },
  {
    id: 'edge/penalty-bias-and-sum',
    says: 'the bias of a penalised layer is off where the sum was asked',
    killedBy: ['regularisation/batch', 'regularisation/off'],
    plant: sometimes('regulariser.l2.loss_and_grad', set('reduction', 'sum'), hair, ['db']),
  },
  {
    id: 'edge/penalty-one-sample-mean',
    says: 'a penalised layer is off for the mean over one sample',
    killedBy: ['regularisation/loss', 'regularisation/batch'],
    plant: sometimes('regulariser.elastic_net.loss_and_grad', and(set('reduction', 'mean'), batch(1)), hair, ['dw']),
  },
  {
    id: 'edge/penalty-many-samples',
    says: 'the penalty is off for batches of more than four',
    killedBy: ['regularisation/batch'],
    plant: sometimes('regulariser.l1.loss_and_grad', (a) => (shapeOf(a, 'x')[0] ?? 0) > 4, hair, ['loss']),
  },
  {
    id: 'edge/l2-large-weights',
    says: 'weights beyond 2¹⁰ are cut there',
    killedBy: ['regularisation/value', 'regularisation/additive'],
    plant: otherwise('regulariser.l2.value', large('w'), (a) => ({
      w: like(plain(a, 'w'), (v) => Math.max(-1024, Math.min(1024, v))),
    })),
  },
  {
    id: 'edge/max-norm-one-input',
    says: 'a single input is not constrained',
    killedBy: ['regularisation/max-norm', 'regularisation/projection'],
    plant: at('regulariser.max_norm.project', (args, original) =>
      shapeOf(args, 'w')[0] === 1 ? { w: plain(args, 'w') } : now(original, args),
    ),
  },
  {
    id: 'edge/max-norm-many-units',
    says: 'units behind the fourth are not constrained',
    killedBy: ['regularisation/max-norm', 'regularisation/projection'],
    plant: changed('regulariser.max_norm.project', 'w', (v, i, a) =>
      i % (shapeOf(a, 'w')[1] ?? 1) > 3 ? (plain(a, 'w').data[i] ?? v) : v,
    ),
  },
  {
    id: 'edge/max-norm-limit-1',
    says: 'a limit of 1 is off',
    killedBy: ['regularisation/projection'],
    plant: sometimes('regulariser.max_norm.project', set('limit', 1)),
  },
  {
    id: 'edge/max-norm-large',
    says: 'the norm of numbers beyond 2⁵⁰⁰ overflows',
    killedBy: ['regularisation/max-norm'],
    plant: sometimes('regulariser.max_norm.project', large('w', 2 ** 40), () => 0),
  },
  {
    id: 'edge/constrain-third-layer',
    says: 'the third layer is not constrained',
    killedBy: ['regularisation/constraint-of-weights'],
    plant: at('regulariser.max_norm.constrain', (args, original) => {
      const answer = now(original, args);
      return {
        params: (answer.params as readonly Plain[]).map((p, i) => (i === 4 ? (list(args, 'params')[i] ?? p) : p)),
      };
    }),
  },
  // training
  {
    id: 'edge/fit-step-5',
    says: 'training is off from the fifth step on',
    killedBy: ['train/composition'],
    plant: trajectory(always, (k) => k > 4),
  },
  {
    id: 'edge/fit-third-layer',
    says: 'the third layer is off',
    killedBy: ['train/composition'],
    plant: trajectory(deep(2), (_k, leaf) => leaf === 4),
  },
  {
    id: 'edge/fit-long-batch',
    says: 'steps on more than four samples are off',
    killedBy: ['train/composition'],
    plant: trajectory(
      (a) => batchesOf(a).some((b) => (b.x.shape[0] ?? 0) > 4),
      () => true,
    ),
  },
  {
    id: 'edge/fit-one-sample',
    says: 'steps on a single sample are off',
    killedBy: ['train/composition'],
    plant: trajectory(
      (a) => batchesOf(a).some((b) => b.x.shape[0] === 1),
      () => true,
    ),
  },
  {
    id: 'edge/fit-bias-and-sum',
    says: 'the last bias is off where the sum was asked',
    killedBy: ['train/composition'],
    plant: trajectory(set('reduction', 'sum'), (_k, leaf) => leaf === 3),
  },
  {
    id: 'edge/fit-one-batch',
    says: 'a training of a single batch is off',
    killedBy: ['train/composition'],
    plant: trajectory(
      (a) => batchesOf(a).length === 1,
      () => true,
    ),
  },
  {
    id: 'edge/fit-rate-1',
    says: 'a rate of 1 is off',
    killedBy: ['train/data-scaling'],
    plant: trajectory(hyper('lr', 1), () => true),
  },
  {
    id: 'edge/fit-losses-late',
    says: 'losses from the fifth step on are those of before',
    killedBy: ['train/composition'],
    plant: at(FIT, (args, original) => {
      const answer = now(original, args);
      const losses = answer.losses as readonly number[];
      return { ...answer, losses: losses.map((v, i) => (i > 3 ? (losses[i - 1] ?? v) : v)) };
    }),
  },
  {
    id: 'edge/fit-seed-32-bits',
    says: 'seeds of dropout lose their bits from the 32nd on',
    killedBy: ['rng/seed-bits'],
    plant: seeded(FIT, (s) => s >>> 0),
  },
  {
    id: 'edge/fit-seed-16-bits',
    says: 'seeds of dropout keep 16 bits',
    killedBy: ['rng/seed-bits'],
    plant: seeded(FIT, (s) => s & 0xffff),
  },
  {
    id: 'edge/fit-wide',
    says: 'networks of more than eight features are off',
    killedBy: ['train/composition'],
    plant: trajectory(
      (a) => batchesOf(a).some((b) => (b.x.shape[1] ?? 0) > 8),
      (_k, leaf) => leaf === 0,
    ),
  },
  {
    id: 'edge/watched-third-step',
    says: 'the third evaluation is the second',
    killedBy: ['train/evaluations'],
    plant: at('training.network.fit_watched', (args, original) => {
      const answer = now(original, args);
      const all = answer.evaluations as readonly number[];
      return { ...answer, evaluations: all.map((v, i) => (i === 2 ? (all[1] ?? v) : v)) };
    }),
  },
  {
    id: 'edge/resumed-at-0',
    says: 'a training resumed before its first step is off',
    killedBy: ['train/resume'],
    plant: trajectory(set('at', 0), () => true, 'training.network.fit_resumed'),
  },
  {
    id: 'edge/resumed-late',
    says: 'a training resumed after more than two steps is off',
    killedBy: ['train/resume'],
    plant: trajectory(above('at', 2), (k) => k > 2, 'training.network.fit_resumed'),
  },
  {
    id: 'edge/batches-seed-32-bits',
    says: 'orders have 32 bits of the seed',
    killedBy: ['rng/seed-bits'],
    plant: seeded('training.batches.indices', (s) => s >>> 0),
  },
  {
    id: 'edge/batches-seed-16-bits',
    says: 'orders have 16 bits of the seed',
    killedBy: ['rng/seed-bits'],
    plant: seeded('training.batches.indices', (s) => s & 0xffff),
  },
  {
    id: 'edge/batches-size-1',
    says: 'batches of one are not shuffled',
    killedBy: ['train/shuffle'],
    plant: at('training.batches.indices', (args, original) => {
      const { indices } = now(original, args) as { indices: readonly (readonly number[])[] };
      const n = number(args, 'samples');
      return { indices: args.size === 1 ? indices.map((_, i) => [(i + (args.from as number)) % n]) : indices };
    }),
  },
  {
    id: 'edge/batches-whole',
    says: 'a batch of all samples is not shuffled',
    killedBy: ['train/shuffle'],
    plant: at('training.batches.indices', (args, original) => {
      const { indices } = now(original, args) as { indices: readonly (readonly number[])[] };
      return {
        indices:
          number(args, 'size') >= number(args, 'samples') ? indices.map((b) => [...b].sort((p, q) => p - q)) : indices,
      };
    }),
  },
  {
    id: 'edge/batches-ninth-epoch',
    says: 'the fifth epoch has the order of the first',
    killedBy: ['train/shuffle-uniform'],
    plant: at('training.batches.indices', (args, original) => {
      const { indices } = now(original, args) as { indices: readonly (readonly number[])[] };
      const per = Math.max(1, Math.round(indices.length / Math.max(1, number(args, 'epochs'))));
      return {
        indices: args.from === 0 ? indices.map((b, i) => (i >= 4 * per ? (indices[i % per] ?? b) : b)) : indices,
      };
    }),
  },
  {
    id: 'edge/exported-wide',
    says: 'networks of more than eight features come back off',
    killedBy: ['train/exported'],
    plant: sometimes('training.network.exported_output', long('x')),
  },
  {
    id: 'edge/exported-deep',
    says: 'networks of three dense layers come back off',
    killedBy: ['train/exported'],
    plant: sometimes('training.network.exported_output', deep(2)),
  },
  // diagnosis
  {
    id: 'edge/slopes-wide',
    says: 'slopes of more than eight features are off',
    killedBy: ['diagnose/slopes-by-hand'],
    plant: at('diagnosis.network.slopes', (args, original) => {
      const answer = now(original, args);
      return long('x')(args) ? { ...answer, slopes: (answer.slopes as readonly number[]).map(hair) } : answer;
    }),
  },
  {
    id: 'edge/slopes-mean',
    says: 'slopes of a mean are those of the sum',
    killedBy: ['diagnose/slopes-by-hand'],
    plant: otherwise('diagnosis.network.slopes', set('reduction', 'mean'), () => ({ reduction: 'sum' })),
  },
  {
    id: 'edge/slopes-long-batch',
    says: 'slopes of more than four samples are off',
    killedBy: ['diagnose/slopes-by-hand'],
    plant: at('diagnosis.network.slopes', (args, original) => {
      const answer = now(original, args);
      return (shapeOf(args, 'x')[0] ?? 0) > 4
        ? { ...answer, slopes: (answer.slopes as readonly number[]).map(hair) }
        : answer;
    }),
  },
  {
    id: 'edge/slopes-of-biases',
    says: 'slopes of biases are off',
    killedBy: ['diagnose/slopes-by-hand'],
    plant: at('diagnosis.network.slopes', (args, original) => {
      const answer = now(original, args);
      return {
        ...answer,
        parameters: (answer.parameters as readonly number[]).map((v, i) => (i % 2 === 1 ? hair(v) : v)),
      };
    }),
  },
  {
    id: 'edge/slopes-of-biases-mean',
    says: 'slopes of biases are off for a mean',
    killedBy: ['diagnose/slopes-by-hand'],
    plant: at('diagnosis.network.slopes', (args, original) => {
      const answer = now(original, args);
      return args.reduction === 'mean'
        ? { ...answer, parameters: (answer.parameters as readonly number[]).map((v, i) => (i % 2 === 1 ? hair(v) : v)) }
        : answer;
    }),
  },
  {
    id: 'edge/signals-wide',
    says: 'variances of more than four features are off',
    killedBy: ['diagnose/signals'],
    plant: at('diagnosis.network.signals', (args, original) => {
      const answer = now(original, args);
      return (shapeOf(args, 'x')[1] ?? 0) > 4
        ? { ...answer, variances: (answer.variances as readonly number[]).map(hair) }
        : answer;
    }),
  },
  {
    id: 'edge/signals-tiny',
    says: 'the variance of numbers of little spread is 0',
    killedBy: ['diagnose/signals'],
    plant: at('diagnosis.network.signals', (args, original) => {
      const answer = now(original, args);
      return { ...answer, variances: (answer.variances as readonly number[]).map((v) => (v < 2 ** -12 ? 0 : v)) };
    }),
  },
  {
    id: 'edge/dead-one-sample',
    says: 'no unit is dead for a single sample',
    killedBy: ['diagnose/dead-units'],
    plant: at('diagnosis.network.signals', (args, original) => {
      const answer = now(original, args);
      return shapeOf(args, 'x')[0] === 1
        ? { ...answer, dead: (answer.dead as readonly number[]).map(() => 0) }
        : answer;
    }),
  },
  {
    id: 'edge/symmetry-many',
    says: 'units behind the eighth are not compared',
    killedBy: ['diagnose/symmetry'],
    plant: at('diagnosis.network.symmetry', (args, original) => {
      const answer = now(original, args);
      const units = leaves(args, 'params')
        .filter((p) => p.shape.length === 1)
        .map((p) => p.data.length);
      return {
        distinct: (answer.distinct as readonly number[]).map((d, i) => ((units[i] ?? 0) > 8 ? (units[i] ?? d) : d)),
      };
    }),
  },
  {
    id: 'edge/symmetry-second-layer',
    says: 'units of the second layer are all different',
    killedBy: ['diagnose/symmetry-of-each-layer'],
    plant: at('diagnosis.network.symmetry', (args, original) => {
      const answer = now(original, args);
      const units = leaves(args, 'params')
        .filter((p) => p.shape.length === 1)
        .map((p) => p.data.length);
      return { distinct: (answer.distinct as readonly number[]).map((d, i) => (i === 1 ? (units[i] ?? d) : d)) };
    }),
  },
];
