// Faults of what is random and of the machines that came first, under rare conditions: seeds of many bits, many draws, many units.
import type { Args, Plain } from '../contract.ts';
import {
  above,
  hair,
  large,
  long,
  many,
  one,
  otherwise,
  set,
  shapeOf,
  sometimes,
  valuesOf,
  type When,
} from './edge.ts';
import { at, changed, like, type Mutant, now, number, plain } from './plant.ts';

const shape = (args: Args): readonly number[] => args.shape as readonly number[]; // the contract has parsed it
const seeded = (entry: string, f: (seed: number) => number) =>
  otherwise(
    entry,
    () => true,
    (a) => ({ seed: f(number(a, 'seed')) }),
  );
const bits = (what: string, entry: string): readonly Mutant[] => [
  {
    id: `edge/${what}-seed-32-bits`,
    says: 'seeds lose their bits from the 32nd on',
    killedBy: ['rng/seed-bits'],
    plant: seeded(entry, (s) => s >>> 0),
  },
  {
    id: `edge/${what}-seed-31-bits`,
    says: 'seeds from 2³¹ on lose their highest bit',
    killedBy: ['rng/seed-bits'],
    plant: seeded(entry, (s) => (s >= 2 ** 31 ? s - 2 ** 31 : s)),
  },
  {
    id: `edge/${what}-seed-16-bits`,
    says: 'seeds keep 16 bits',
    killedBy: ['rng/seed-bits'],
    plant: seeded(entry, (s) => s & 0xffff),
  },
  {
    id: `edge/${what}-seed-sign`,
    says: 'seeds lose their sign',
    killedBy: ['rng/seed-bits'],
    plant: seeded(entry, Math.abs),
  },
];
const moreThan =
  (n: number): When =>
  (args) =>
    number(args, 'count') > n;
const manyHidden: When = (a) => (shapeOf(a, 'w')[1] ?? 0) > 4;
const manyVisible: When = (a) => (shapeOf(a, 'w')[0] ?? 0) > 4;
const rows =
  (name: string, n: number): When =>
  (args) =>
    (shapeOf(args, name)[0] ?? 0) > n;
const half: When = (a) => [...valuesOf(a, 'w')].some((v) => v % (1 / 64) !== 0);
const fractions: When = (a) => valuesOf(a, 'x').some((v) => !Number.isInteger(v * 8));

export const drawEdgeMutants: readonly Mutant[] = [
  // initializers
  ...bits('he-normal', 'initializer.he_normal.sample'),
  ...bits('sparse', 'initializer.sparse.sample'),
  ...bits('network', 'training.network.init'),
  {
    id: 'edge/xavier-gain-1',
    says: 'a gain of 1 given by name is off',
    killedBy: ['initializer/quantile', 'initializer/gain'],
    plant: sometimes('initializer.xavier_uniform.from_uniforms', set('gain', 1)),
  },
  {
    id: 'edge/lecun-one-input',
    says: 'a single input is off',
    killedBy: ['initializer/quantile'],
    plant: sometimes('initializer.lecun_normal.from_uniforms', set('fanIn', 1)),
  },
  {
    id: 'edge/he-uniform-many',
    says: 'weights behind the sixteenth are off',
    killedBy: ['initializer/gain', 'initializer/relu-halves'],
    plant: changed('initializer.he_uniform.from_uniforms', 'w', (v, i) => (i < 16 ? v : hair(v))),
  },
  {
    id: 'edge/truncated-middle',
    says: 'quantiles near the median are off',
    killedBy: ['initializer/quantile'],
    plant: changed('initializer.truncated_normal.from_uniforms', 'w', (v, i, a) =>
      Math.abs((plain(a, 'u').data[i] ?? 0) - 1 / 2) < 2 ** -20 ? v * (1 + 2 ** -20) : v,
    ),
  },
  {
    id: 'edge/normal-far-tail',
    says: 'quantiles beyond eight deviations are off',
    killedBy: ['initializer/quantile'],
    plant: changed('initializer.normal.from_uniforms', 'w', (v, i, a) =>
      (plain(a, 'u').data[i] ?? 1) < 2 ** -50 ? hair(v) : v,
    ),
  },
  {
    id: 'edge/normal-upper-tail',
    says: 'quantiles of uniforms next to 1 are off',
    killedBy: ['initializer/quantile'],
    plant: changed('initializer.normal.from_uniforms', 'w', (v, i, a) =>
      (plain(a, 'u').data[i] ?? 0) > 1 - 2 ** -30 ? hair(v) : v,
    ),
  },
  {
    id: 'edge/normal-half',
    says: 'the quantile of ½ is not 0',
    killedBy: ['initializer/quantile', 'initializer/gain'],
    plant: changed('initializer.normal.from_uniforms', 'w', (v, i, a) =>
      (plain(a, 'u').data[i] ?? 0) === 1 / 2 ? v + 2 ** -40 : v,
    ),
  },
  {
    id: 'edge/large-fans',
    says: 'fans above 1,000 are cut there',
    killedBy: ['initializer/quantile'],
    plant: otherwise('initializer.he_normal.from_uniforms', above('fanIn', 1000), () => ({ fanIn: 1000 })),
  },
  {
    id: 'edge/fan-avg-odd',
    says: 'the mean of the fans is rounded down',
    killedBy: ['initializer/quantile', 'initializer/fans'],
    plant: otherwise(
      'initializer.he_normal_fan_avg.from_uniforms',
      (a) => (number(a, 'fanIn') + number(a, 'fanOut')) % 2 === 1,
      (a) => ({ fanIn: number(a, 'fanIn') - 1 }),
    ),
  },
  {
    id: 'edge/orthogonal-wide',
    says: 'wide matrices have one row that is not of length 1',
    killedBy: ['initializer/orthogonal'],
    plant: sometimes(
      'initializer.orthogonal.sample',
      (a) => (shape(a)[1] ?? 0) > (shape(a)[0] ?? 0),
      (v, i) => (i === 0 ? v * (1 + 2 ** -20) : v),
    ),
  },
  {
    id: 'edge/orthogonal-one',
    says: 'a matrix of one number is always 1',
    killedBy: ['initializer/orthogonal-one'],
    plant: sometimes('initializer.orthogonal.sample', (a) => shape(a).every((n) => n === 1), Math.abs),
  },
  {
    id: 'edge/identity-large',
    says: 'the diagonal ends after eight',
    killedBy: ['initializer/pattern'],
    plant: sometimes(
      'initializer.identity.sample',
      (a) => shape(a).every((n) => n > 8),
      (v, i) => (i > 80 ? 0 : v),
    ),
  },
  {
    id: 'edge/constant-vector',
    says: 'constants of more than sixteen weights end there',
    killedBy: ['initializer/points'],
    plant: changed('initializer.constant.sample', 'w', (v, i) => (i < 16 ? v : 0)),
  },
  {
    id: 'edge/network-third-layer',
    says: 'the third layer has the weights of the second where they are as many',
    killedBy: ['initializer/network-layers'],
    plant: at('training.network.init', (args, original) => {
      const params = now(original, args).params as readonly Plain[];
      return {
        params: params.map((p, i) => {
          const before = params[i - 2];
          return i === 4 && before !== undefined && before.shape.join() === p.shape.join() ? before : p;
        }),
      };
    }),
  },
  {
    id: 'edge/gain-of-slope-1',
    says: 'the gain in front of the identity as a leaky ReLU is √2',
    killedBy: ['initializer/gain-of-activation'],
    plant: sometimes('gain.leaky_relu.value', set('slope', 1), () => Math.SQRT2),
  },
  // generators
  ...bits('uniform', 'random.uniform.sample'),
  ...bits('normal', 'random.normal.sample'),
  ...bits('permutation', 'random.permutation.sample'),
  ...bits('children', 'random.uniform.children'),
  {
    id: 'edge/uniform-repeats',
    says: 'draws repeat themselves after 4,096',
    killedBy: ['rng/long-streams', 'rng/bins'],
    plant: at('random.uniform.sample', (args, original) => {
      const { values } = now(original, args) as { values: Plain };
      return { values: like(values, (v, i) => (i < 4096 ? v : (values.data[i % 4096] ?? v))) };
    }),
  },
  {
    id: 'edge/normal-repeats',
    says: 'draws repeat themselves after 1,024',
    killedBy: ['rng/long-streams', 'rng/bins'],
    plant: at('random.normal.sample', (args, original) => {
      const { values } = now(original, args) as { values: Plain };
      return { values: like(values, (v, i) => (i < 1024 ? v : (values.data[i % 1024] ?? v))) };
    }),
  },
  {
    id: 'edge/permutation-tail',
    says: 'orders of more than 32 leave the last in its place',
    killedBy: ['rng/no-place-fixed'],
    plant: at('random.permutation.sample', (args, original) => {
      const { order } = now(original, args) as { order: readonly number[] };
      const n = order.length;
      if (n <= 32) return { order };
      const last = order.indexOf(n - 1);
      return { order: order.map((v, i) => (i === n - 1 ? n - 1 : i === last ? (order[n - 1] ?? v) : v)) };
    }),
  },
  {
    id: 'edge/threefry-uniforms-many',
    says: 'uniforms behind the 32nd are off',
    killedBy: ['rng/threefry-streams'],
    plant: changed('random.threefry.uniforms', 'values', (v, i) => (i < 32 ? v : hair(v))),
  },
  {
    id: 'edge/threefry-order-long',
    says: 'orders of more than 32 are reversed',
    killedBy: ['rng/threefry-streams'],
    plant: at('random.threefry.order', (args, original) => {
      const { order } = now(original, args) as { order: readonly number[] };
      return { order: order.length > 32 ? [...order].reverse() : order };
    }),
  },
  {
    id: 'edge/threefry-split-9',
    says: 'the ninth child is the first',
    killedBy: ['rng/threefry-streams'],
    plant: at('random.threefry.split', (args, original) => {
      const { keys } = now(original, args) as { keys: readonly (readonly number[])[] };
      return { keys: keys.map((k, i) => (i < 8 ? k : (keys[0] ?? k))) };
    }),
  },
  {
    id: 'edge/threefry-fold-large',
    says: 'children from 2¹⁶ on lose their upper bits',
    killedBy: ['rng/threefry-streams'],
    plant: otherwise(
      'random.threefry.fold',
      () => true,
      (a) => ({ child: number(a, 'child') & 0xffff }),
    ),
  },
  {
    id: 'edge/children-9',
    says: 'the ninth child has the stream of the first',
    killedBy: ['rng/split'],
    plant: at('random.normal.children', (args, original) => {
      const { streams } = now(original, args) as { streams: readonly Plain[] };
      return { streams: streams.map((s, i) => (i < 8 ? s : (streams[0] ?? s))) };
    }),
  },
  {
    id: 'edge/bernoulli-at-1',
    says: 'a probability of 1 leaves the largest uniforms at 0',
    killedBy: ['rng/bernoulli'],
    plant: changed('random.bernoulli.from_uniforms', 'values', (v, i, a) =>
      number(a, 'p') === 1 && (plain(a, 'u').data[i] ?? 0) > 1 - 2 ** -10 ? 0 : v,
    ),
  },
  {
    id: 'edge/uniform-of-one',
    says: 'a single draw is another than the first of many',
    killedBy: ['rng/threefry-seeded'],
    plant: sometimes('random.uniform.sample', set('count', 1), (v) => 1 - v),
  },
  {
    id: 'edge/normal-odd-count',
    says: 'an odd number of draws has another last one',
    killedBy: ['rng/prefix'],
    plant: at('random.normal.sample', (args, original) => {
      const { values } = now(original, args) as { values: Plain };
      const n = values.data.length;
      return { values: like(values, (v, i) => (n % 2 === 1 && n > 1 && i === n - 1 ? -v : v)) };
    }),
  },
  {
    id: 'edge/uniform-many',
    says: 'beyond 2¹⁶ draws all are ½',
    killedBy: ['rng/long-streams'],
    plant: sometimes('random.uniform.sample', moreThan(2 ** 16), (v, i) => (i < 2 ** 16 ? v : 1 / 2)),
  },
  // the perceptron
  {
    id: 'edge/perceptron-9-samples',
    says: 'samples behind the eighth are not looked at',
    killedBy: ['perceptron/walk', 'perceptron/separates'],
    plant: otherwise('perceptron.perceptron.fit', rows('x', 8), (a) => {
      const [, d = 1] = shapeOf(a, 'x');
      return {
        x: { shape: [8, d], data: valuesOf(a, 'x').slice(0, 8 * d) },
        y: { shape: [8], data: valuesOf(a, 'y').slice(0, 8) },
      };
    }),
  },
  {
    id: 'edge/perceptron-many-features',
    says: 'weights of more than four features are off',
    killedBy: ['perceptron/walk', 'perceptron/dual-form'],
    plant: sometimes(
      'perceptron.perceptron.fit',
      (a) => (shapeOf(a, 'x')[1] ?? 0) > 4,
      (v) => v + 1,
      ['w'],
    ),
  },
  {
    id: 'edge/perceptron-class-many-features',
    says: 'classes of more than four features are turned',
    killedBy: ['perceptron/classes'],
    plant: sometimes(
      'perceptron.perceptron.predict',
      (a) => (shapeOf(a, 'x')[1] ?? 0) > 4,
      (v) => 1 - v,
    ),
  },
  {
    id: 'edge/perceptron-rounds',
    says: 'features are rounded to eighths',
    killedBy: ['perceptron/classes'],
    plant: otherwise('perceptron.perceptron.predict', fractions, (a) => ({
      x: like(plain(a, 'x'), (v) => Math.round(v * 8) / 8),
    })),
  },
  {
    id: 'edge/perceptron-fit-rounds',
    says: 'features are rounded to eighths in training',
    killedBy: ['perceptron/walk', 'perceptron/dual-form'],
    plant: otherwise('perceptron.perceptron.fit', fractions, (a) => ({
      x: like(plain(a, 'x'), (v) => Math.round(v * 8) / 8),
    })),
  },
  {
    id: 'edge/perceptron-large',
    says: 'features beyond 2¹⁰ are cut there',
    killedBy: ['perceptron/dual-form'],
    plant: otherwise('perceptron.perceptron.fit', large('x'), (a) => ({
      x: like(plain(a, 'x'), (v) => Math.max(-1024, Math.min(1024, v))),
    })),
  },
  {
    id: 'edge/perceptron-long',
    says: 'stops after 32 epochs',
    killedBy: ['perceptron/walk'],
    plant: otherwise('perceptron.perceptron.fit', above('epochs', 32), () => ({ epochs: 32 })),
  },
  {
    id: 'edge/perceptron-one-sample',
    says: 'the bias of a single sample does not move',
    killedBy: ['perceptron/walk', 'perceptron/dual-form'],
    plant: at('perceptron.perceptron.fit', (args, original) =>
      one('x', 0)(args) ? { ...now(original, args), b: 0 } : now(original, args),
    ),
  },
  {
    id: 'edge/perceptron-predicts-9',
    says: 'classes behind the eighth sample are 0',
    killedBy: ['perceptron/classes'],
    plant: changed('perceptron.perceptron.predict', 'y', (v, i) => (i < 8 ? v : 0)),
  },
  {
    id: 'edge/perceptron-bound-many',
    says: 'the radius looks at the first eight samples',
    killedBy: ['perceptron/bound-value'],
    plant: at('perceptron.perceptron.mistake_bound', (args, original) => {
      const [n = 0, d = 1] = shapeOf(args, 'x');
      return n <= 8
        ? now(original, args)
        : now(original, {
            ...args,
            x: { shape: [8, d], data: valuesOf(args, 'x').slice(0, 8 * d) },
            y: { shape: [8], data: valuesOf(args, 'y').slice(0, 8) },
          });
    }),
  },
  // Boltzmann machines
  {
    id: 'edge/rbm-hidden-many',
    says: 'p(h | v) is off for more than four hidden units',
    killedBy: ['rbm/any-size', 'rbm/stack'],
    plant: sometimes('rbm.rbm.hidden_given', manyHidden),
  },
  {
    id: 'edge/rbm-hidden-many-visible',
    says: 'p(h | v) is off for more than eight visible units',
    killedBy: ['rbm/any-size'],
    plant: sometimes('rbm.rbm.hidden_given', (a) => (shapeOf(a, 'w')[0] ?? 0) > 8),
  },
  {
    id: 'edge/rbm-visible-many',
    says: 'p(v | h) is off for more than four visible units',
    killedBy: ['rbm/any-size'],
    plant: sometimes('rbm.rbm.visible_given', manyVisible),
  },
  {
    id: 'edge/rbm-visible-mantissas',
    says: 'p(v | h) rounds weights to 64ths',
    killedBy: ['rbm/any-size'],
    plant: otherwise('rbm.rbm.visible_given', half, (a) => ({
      w: like(plain(a, 'w'), (v) => Math.round(v * 64) / 64),
    })),
  },
  {
    id: 'edge/rbm-energy-many',
    says: 'energies are off for more than four hidden units',
    killedBy: ['rbm/any-size'],
    plant: sometimes('rbm.rbm.energy', manyHidden),
  },
  {
    id: 'edge/rbm-energy-mantissas',
    says: 'energies round weights to single precision',
    killedBy: ['rbm/any-size'],
    plant: otherwise(
      'rbm.rbm.energy',
      () => true,
      (a) => ({ w: like(plain(a, 'w'), Math.fround) }),
    ),
  },
  {
    id: 'edge/rbm-free-energy-many',
    says: 'the free energy is off for more than four hidden units',
    killedBy: ['rbm/any-size'],
    plant: sometimes('rbm.rbm.free_energy', manyHidden),
  },
  {
    id: 'edge/rbm-free-energy-rows',
    says: 'the free energy of more than eight rows is off',
    killedBy: ['rbm/any-size'],
    plant: sometimes('rbm.rbm.free_energy', rows('v', 8)),
  },
  {
    id: 'edge/rbm-free-energy-mantissas',
    says: 'the free energy rounds weights to single precision',
    killedBy: ['rbm/any-size'],
    plant: otherwise(
      'rbm.rbm.free_energy',
      () => true,
      (a) => ({ w: like(plain(a, 'w'), Math.fround) }),
    ),
  },
  {
    id: 'edge/rbm-likelihood-many',
    says: 'likelihoods are off for more than four visible units',
    killedBy: ['rbm/likelihood-of-many'],
    plant: sometimes('rbm.rbm.log_likelihood', manyVisible),
  },
  {
    id: 'edge/rbm-likelihood-many-hidden',
    says: 'likelihoods are off for more than four hidden units',
    killedBy: ['rbm/likelihood-of-many'],
    plant: sometimes('rbm.rbm.log_likelihood', manyHidden),
  },
  {
    id: 'edge/rbm-slope-many',
    says: 'slopes are off for more than four hidden units',
    killedBy: ['rbm/chains-of-any-size'],
    plant: sometimes('rbm.rbm.cd', manyHidden, hair, ['dw']),
  },
  {
    id: 'edge/rbm-slope-rows',
    says: 'slopes of more than four rows are off',
    killedBy: ['rbm/chains-of-any-size'],
    plant: sometimes('rbm.rbm.cd', rows('v', 4), hair, ['dw']),
  },
  {
    id: 'edge/rbm-slope-mantissas',
    says: 'slopes round weights to single precision',
    killedBy: ['rbm/chains-of-any-size'],
    plant: otherwise(
      'rbm.rbm.cd',
      () => true,
      (a) => ({ w: like(plain(a, 'w'), Math.fround) }),
    ),
  },
  {
    id: 'edge/rbm-many-turns',
    says: 'makes at most four turns',
    killedBy: ['rbm/chains-of-any-size'],
    plant: otherwise('rbm.rbm.cd', above('k', 4), () => ({ k: 4 })),
  },
  {
    id: 'edge/rbm-chain-of-other-length',
    says: 'slopes are off where the chain has more rows than the data',
    killedBy: ['rbm/chains-of-any-size', 'rbm/contrastive-divergence'],
    plant: sometimes(
      'rbm.rbm.cd',
      (a) => a.from !== undefined && ((a.from as Plain).shape[0] ?? 0) > (shapeOf(a, 'v')[0] ?? 0),
      hair,
      ['db'],
    ),
  },
  ...bits('rbm-start', 'rbm.rbm.start'),
  ...bits('rbm-fit', 'rbm.rbm.fit'),
  {
    id: 'edge/rbm-fit-momentum-half',
    says: 'a momentum of ½ given by name is off',
    killedBy: ['rbm/fit-defaults'],
    plant: sometimes('rbm.rbm.fit', set('momentum', 1 / 2)),
  },
  {
    id: 'edge/rbm-fit-long',
    says: 'training ends after six epochs',
    killedBy: ['rbm/fit-batches'],
    plant: otherwise('rbm.rbm.fit', above('epochs', 6), () => ({ epochs: 6 })),
  },
  {
    id: 'edge/rbm-fit-one-row',
    says: 'a single row trains nothing',
    killedBy: ['rbm/fit-dominoes', 'rbm/fit-batches'],
    plant: otherwise('rbm.rbm.fit', one('x', 0), () => ({ epochs: 0 })),
  },
  {
    id: 'edge/rbm-many-rows-probability',
    says: 'p(h | v) of rows behind the eighth is off',
    killedBy: ['rbm/any-size'],
    plant: sometimes('rbm.rbm.hidden_given', rows('v', 8)),
  },
  {
    id: 'edge/rbm-many-numbers',
    says: 'p(v | h) is off where there are more than 32 states',
    killedBy: ['rbm/any-size'],
    plant: sometimes('rbm.rbm.visible_given', many('h', 32)),
  },
  {
    id: 'edge/rbm-long',
    says: 'p(v | h) is off for an axis of more than eight',
    killedBy: ['rbm/any-size'],
    plant: sometimes('rbm.rbm.visible_given', long('w')),
  },
  {
    id: 'normal/zeros',
    says: 'draws zeros, which lie in every range',
    bug: 'tfjs initializers_test',
    killedBy: ['initializer/variance', 'initializer/distribution'],
    plant: changed('initializer.he_normal.sample', 'w', () => 0),
  },
];
