// Faults of batches and of what is written down: samples left out, orders that stand still, states that get lost.
import type { Args, Plain } from '../contract.ts';
import { asking } from './initializer.ts';
import { at, changed, like, list, type Mutant, now, number } from './plant.ts';
import { batchesOf, listsOf, numbersOf, parameters, stepsOf } from './train.ts';

const indices = (f: (batches: readonly (readonly number[])[], args: Args) => readonly (readonly number[])[]) =>
  at('training.batches.indices', (args, original) => ({ indices: f(listsOf(now(original, args), 'indices'), args) }));

export const trainDataMutants: readonly Mutant[] = [
  {
    id: 'epoch/last-batch-dropped',
    says: 'drops a last batch that is smaller',
    killedBy: ['train/epoch'],
    plant: indices((all, a) => all.filter((b) => b.length === number(a, 'size'))),
  },
  {
    id: 'epoch/last-batch-filled',
    says: 'fills a last batch up with samples of the first',
    killedBy: ['train/epoch'],
    plant: indices((all, a) =>
      all.map((b) => [...b, ...(all[0] ?? []).slice(0, Math.max(0, number(a, 'size') - b.length))]),
    ),
  },
  {
    id: 'epoch/drop-ignored',
    says: 'keeps a last batch that is smaller whatever is asked',
    killedBy: ['train/epoch'],
    plant: at(
      'training.batches.indices',
      asking(() => ({ last: 'keep' })),
    ),
  },
  {
    id: 'epoch/with-replacement',
    says: 'draws samples afresh for every place',
    killedBy: ['train/epoch'],
    plant: indices((all) => all.map((b) => b.map((v, i) => (i > 0 && v % 3 === 0 ? (b[0] ?? v) : v)))),
  },
  {
    id: 'epoch/first-sample-missing',
    says: 'begins with sample 1',
    killedBy: ['train/epoch'],
    plant: indices((all) => all.map((b) => b.map((v) => (v === 0 ? 1 : v)))),
  },
  {
    id: 'shuffle/not-at-all',
    says: 'leaves the samples in the order of the data',
    killedBy: ['train/shuffle', 'train/shuffle-uniform'],
    plant: indices((all, a) => {
      let next = 0;
      return all.map((b) => b.map(() => next++ % number(a, 'samples')));
    }),
  },
  {
    id: 'shuffle/once',
    says: 'shuffles once, for all epochs',
    killedBy: ['train/shuffle', 'train/shuffle-uniform'],
    plant: (port) =>
      at('training.batches.indices', (args, original) => {
        const all = listsOf(now(original, args), 'indices');
        const one = listsOf(
          port.call('training.batches.indices', { ...args, epochs: 1, from: 0, size: args.samples }) as Args,
          'indices',
        ).flat();
        let next = 0;
        return { indices: all.map((b) => b.map(() => one[next++ % one.length] ?? 0)) };
      })(port),
  },
  {
    id: 'shuffle/seed-ignored',
    says: 'shuffles by a seed of its own',
    killedBy: ['train/shuffle', 'train/shuffle-uniform'],
    plant: at(
      'training.batches.indices',
      asking(() => ({ seed: 4 })),
    ),
  },
  {
    id: 'shuffle/history',
    says: 'orders depend on how often was asked',
    bug: 'mxnet #16705',
    killedBy: ['train/shuffle'],
    plant: (port) => {
      let calls = 0;
      return at(
        'training.batches.indices',
        asking((a) => ({ seed: (number(a, 'seed') % 2 ** 40) + calls++ })),
      )(port);
    },
  },
  {
    id: 'shuffle/by-size',
    says: 'orders depend on the size of the batches',
    killedBy: ['train/shuffle'],
    plant: at(
      'training.batches.indices',
      asking((a) => ({ seed: (number(a, 'seed') % 2 ** 40) + number(a, 'size') })),
    ),
  },
  {
    id: 'shuffle/by-epochs',
    says: 'orders depend on how many epochs there will be',
    killedBy: ['train/shuffle'],
    plant: at(
      'training.batches.indices',
      asking((a) => ({ seed: (number(a, 'seed') % 2 ** 40) + number(a, 'epochs') })),
    ),
  },
  {
    id: 'shuffle/begins-again',
    says: 'begins the epoch again when a training goes on',
    killedBy: ['train/shuffle'],
    plant: at(
      'training.batches.indices',
      asking(() => ({ from: 0 })),
    ),
  },
  {
    id: 'shuffle/within-batches',
    says: 'shuffles within batches that stay where they are',
    killedBy: ['train/shuffle', 'train/shuffle-uniform'],
    plant: indices((all, a) => {
      const n = number(a, 'samples');
      return all.map((b) => [...b].sort((x, y) => (x % 2) - (y % 2) || x - y).map((v) => v % n));
    }),
  },
  {
    id: 'resume/moments-lost',
    says: 'goes on with empty moments and step 1',
    bug: 'mlx #1329',
    killedBy: ['train/resume'],
    plant: (port) =>
      at('training.network.fit_resumed', (args) => {
        const { at: cut, ...rest } = args;
        const k = cut as number; // by the contract
        const run = (more: object): Args => port.call('training.network.fit', { ...rest, ...more }) as Args;
        const first = run({ batches: batchesOf(args).slice(0, k) });
        const second = run({ params: first.final, batches: batchesOf(args).slice(k) });
        return {
          params: [...stepsOf(first), ...stepsOf(second)],
          state: [...(first.state as readonly unknown[]), ...(second.state as readonly unknown[])],
          losses: [...numbersOf(first, 'losses'), ...numbersOf(second, 'losses')],
          final: second.final,
        };
      })(port),
  },
  {
    id: 'resume/seven-digits',
    says: 'writes parameters with seven digits',
    bug: 'mlx #1329',
    killedBy: ['train/resume'],
    plant: at(
      'training.network.fit_resumed',
      parameters((leaf, k, _i, a) => (k >= number(a, 'at') ? like(leaf, (v) => Number(v.toPrecision(7))) : leaf)),
    ),
  },
  {
    id: 'resume/statistics-lost',
    says: 'starts running statistics anew',
    killedBy: ['train/resume'],
    plant: at('training.network.fit_resumed', (args, original) => {
      const answer = now(original, args);
      const state = answer.state as readonly (readonly Plain[])[]; // by the contract
      return {
        ...answer,
        state: state.map((s, k) => (k >= number(args, 'at') ? s.map((t, i) => like(t, () => i % 2)) : s)),
      };
    }),
  },
  {
    id: 'exported/twelve-digits',
    says: 'writes twelve digits',
    bug: 'mlx #1329',
    killedBy: ['train/exported'],
    plant: at(
      'training.network.exported_output',
      asking((a) => ({ params: list(a, 'params').map((p) => like(p, (v) => Number(v.toPrecision(12)))) })),
    ),
  },
  {
    id: 'exported/bias-forgotten',
    says: 'forgets the last bias in the exported function',
    bug: 'brain.js #256',
    killedBy: ['train/exported'],
    plant: at(
      'training.network.exported_output',
      asking((a) => ({ params: list(a, 'params').map((p, i, all) => (i === all.length - 1 ? like(p, () => 0) : p)) })),
    ),
  },
  {
    id: 'exported/subnormals-flushed',
    says: 'writes the smallest numbers as 0',
    killedBy: ['train/exported'],
    plant: changed('training.network.exported_output', 'y', (v) => (Math.abs(v) < 2 ** -40 ? 0 : v)),
  },
];
