// Faults of training: gradients that pile up, losses of the wrong moment, samples left out, orders that stand still, states that get lost.
import type { Args, Plain } from '../contract.ts';
import type { Port } from '../port.ts';
import { asking } from './initializer.ts';
import { at, both, type Fault, like, list, type Mutant, now, number } from './plant.ts';

export interface Batch {
  readonly x: Plain;
  readonly y: Plain;
}
export const batchesOf = (args: Args): readonly Batch[] => args.batches as readonly Batch[]; // the contract's fields
export const numbersOf = (args: Args, name: string): readonly number[] => args[name] as readonly number[];
export const listsOf = (args: Args, name: string): readonly (readonly number[])[] =>
  args[name] as readonly (readonly number[])[];
export const stepsOf = (args: Args): readonly (readonly Plain[])[] => args.params as readonly (readonly Plain[])[];
const statesOf = (answer: Args): readonly (readonly Plain[])[] => answer.state as readonly (readonly Plain[])[];

const FITS = ['fit', 'fit_watched', 'fit_resumed'] as const;
/** Every way to fit, with the same fault. */
export const everyFit = (fault: Fault) => both(...FITS.map((call) => at(`training.network.${call}`, fault)));
const losses =
  (f: (losses: readonly number[], args: Args) => readonly number[]): Fault =>
  (args, original) => {
    const answer = now(original, args);
    return { ...answer, losses: f(numbersOf(answer, 'losses'), args) };
  };
/** The parameters of every step, and the last. */
export const parameters =
  (f: (leaf: Plain, step: number, i: number, args: Args) => Plain): Fault =>
  (args, original) => {
    const answer = now(original, args);
    const steps = stepsOf(answer).map((s, k) => s.map((leaf, i) => f(leaf, k, i, args)));
    return { ...answer, params: steps, final: steps.at(-1) ?? answer.final };
  };
/** Plain gradient descent by the port's own gradients, as a wrong engine would do it. */
const descent =
  (step: (w: Plain, g: Plain, before: Plain | undefined, lr: number) => Plain) =>
  (port: Port): Port =>
    at('training.network.fit', (args, original) => {
      if (args.optimizer !== 'sgd' || JSON.stringify(args.layers).includes('dropout')) return now(original, args);
      const { lr = 0 } = args.hyper as { readonly lr?: number };
      let params = list(args, 'params');
      let before: readonly Plain[] = [];
      const found: number[] = [];
      const steps = batchesOf(args).map(({ x, y }) => {
        const { layers, loss, reduction } = args;
        const g = port.call('model.network.loss_and_grad', { layers, loss, reduction, params, x, y }) as Args; // the home port answers at once
        found.push((g.loss as Plain).data[0] ?? Number.NaN);
        const gradients = list(g, 'gradients');
        params = params.map((w, i) => step(w, gradients[i] ?? w, before[i], lr));
        before = gradients;
        return params;
      });
      return { params: steps, state: steps.map(() => []), losses: found, final: params };
    })(port);

const half = (t: Plain, from: number, to: number): Plain => {
  const [n = 1, ...rest] = t.shape;
  const width = t.data.length / n;
  return { shape: [to - from, ...rest], data: Array.from(t.data).slice(from * width, to * width) };
};

export const trainMutants: readonly Mutant[] = [
  {
    id: 'train/gradient-piles-up',
    says: 'adds every gradient to the one before, and never empties it',
    bug: 'keras #19363',
    killedBy: ['train/composition', 'train/one-sample'],
    plant: (port) => {
      let held: number[][] = [];
      return descent((w, g, before, lr) => {
        const at0 = before === undefined;
        const own = held.find((h) => h.length === g.data.length) ?? [];
        const sum = Array.from(g.data, (v, i) => v + (at0 ? 0 : (own[i] ?? 0)));
        held = [...held.filter((h) => h !== own), sum];
        return like(w, (v, i) => v - lr * (sum[i] ?? 0));
      })(port);
    },
  },
  {
    id: 'train/gradient-of-before',
    says: 'steps by the gradient of the step before',
    killedBy: ['train/composition'],
    plant: descent((w, g, before, lr) => like(w, (v, i) => v - lr * ((before ?? g).data[i] ?? 0))),
  },
  {
    id: 'train/rising',
    says: 'adds the gradient where it must subtract it',
    killedBy: ['train/manual-step', 'train/composition', 'train/loss-slope', 'train/one-sample'],
    plant: descent((w, g, _before, lr) => like(w, (v, i) => v + lr * (g.data[i] ?? 0))),
  },
  {
    id: 'train/half-rate',
    says: 'halves the rate, as if the loss had a factor of ½',
    killedBy: ['train/manual-step', 'train/loss-slope', 'train/one-sample'],
    plant: descent((w, g, _before, lr) => like(w, (v, i) => v - (lr / 2) * (g.data[i] ?? 0))),
  },
  {
    id: 'train/biases-stand-still',
    says: 'does not train the biases',
    killedBy: ['train/manual-step', 'train/composition', 'train/one-sample'],
    plant: descent((w, g, _before, lr) => like(w, (v, i) => (w.shape.length === 1 ? v : v - lr * (g.data[i] ?? 0)))),
  },
  {
    id: 'train/normalised-gradient',
    says: 'scales the gradient of a matrix to length 1',
    killedBy: ['train/data-scaling', 'train/manual-step'],
    plant: descent((w, g, _before, lr) => {
      const length = Math.sqrt(Array.from(g.data).reduce((s, v) => s + v * v, 0)) || 1;
      return like(w, (v, i) => v - (lr * (g.data[i] ?? 0)) / length);
    }),
  },
  {
    id: 'train/loss-after-step',
    says: 'reports the loss after the step',
    killedBy: ['train/manual-step', 'train/composition', 'train/one-sample', 'train/loss-slope'],
    plant: (port) =>
      at('training.network.fit', (args, original) => {
        const answer = now(original, args);
        const { layers, loss, reduction } = args;
        const simple = !JSON.stringify(layers).includes('dropout');
        const after = stepsOf(answer).map((params, k) => {
          const batch = batchesOf(args)[k];
          if (!simple || batch === undefined) return 0;
          const all = port.call('model.network.loss_and_grad', { layers, loss, reduction, params, ...batch }) as Args;
          return (all.loss as Plain).data[0] ?? Number.NaN;
        });
        return simple ? { ...answer, losses: after } : answer;
      })(port),
  },
  {
    id: 'train/loss-of-last-batch',
    says: 'reports the loss of the last batch for every step',
    killedBy: ['train/composition'],
    plant: everyFit(losses((all) => all.map(() => all.at(-1) ?? 0))),
  },
  {
    id: 'train/loss-halved',
    says: 'reports half of the loss that it descends',
    killedBy: ['train/loss-slope', 'train/manual-step', 'train/one-sample'],
    plant: everyFit(losses((all) => all.map((v) => v / 2))),
  },
  {
    id: 'train/first-batch-only',
    says: 'trains on the first batch over and over',
    killedBy: ['train/composition'],
    plant: everyFit(asking((a) => ({ batches: batchesOf(a).map(() => batchesOf(a)[0]) }))),
  },
  {
    id: 'train/step-counted-per-batch-size',
    says: 'restarts the optimizer with every batch: moments and step number are lost',
    bug: 'tinygrad fc6f355c6a, burn #621',
    killedBy: ['train/composition'],
    plant: at('training.network.fit', (args, original) => {
      let params: unknown = args.params;
      const all = batchesOf(args).map((b) => {
        const one = now(original, { ...args, params, batches: [b] });
        params = one.final;
        return one;
      });
      return {
        params: all.map((a) => stepsOf(a)[0]),
        state: all.map((a) => (a.state as readonly unknown[])[0]), // one step each
        losses: all.flatMap((a) => numbersOf(a, 'losses')),
        final: params,
      };
    }),
  },
  {
    id: 'train/final-of-the-step-before',
    says: 'ends with the parameters of the step before the last',
    killedBy: ['train/composition'],
    plant: at('training.network.fit', (args, original) => {
      const answer = now(original, args);
      return { ...answer, final: stepsOf(answer).at(-2) ?? answer.final };
    }),
  },
  {
    id: 'accumulation/unweighted',
    says: 'averages over a batch of three as over one of two',
    bug: 'keras #19363',
    killedBy: ['train/accumulation'],
    plant: at('model.network.loss_and_grad', (args, original) => {
      const answer = now(original, args);
      const n = (args.x as Plain).shape[0] ?? 1;
      const by = args.reduction === 'mean' && n > 2 ? n / 2 : 1;
      return { ...answer, gradients: list(answer, 'gradients').map((g) => like(g, (v) => v * by)) };
    }),
  },
  {
    id: 'accumulation/gradient-summed',
    says: 'averages the loss and sums the gradient',
    bug: 'mistnet #33, nn-from-scratch #13',
    killedBy: ['train/accumulation'],
    plant: at('model.network.loss_and_grad', (args, original) => {
      const answer = now(original, args);
      const n = args.reduction === 'mean' ? ((args.x as Plain).shape[0] ?? 1) : 1;
      return { ...answer, gradients: list(answer, 'gradients').map((g) => like(g, (v) => v * n)) };
    }),
  },
  {
    id: 'accumulation/last-sample-left-out',
    says: 'leaves the last sample of an even batch out',
    killedBy: ['train/accumulation'],
    plant: at('model.network.loss_and_grad', (args, original) => {
      const { x, y } = args as unknown as Batch; // the contract's fields
      const n = x.shape[0] ?? 1;
      if (n % 2 === 1) return now(original, args);
      const less = now(original, { ...args, x: half(x, 0, n - 1), y: half(y, 0, n - 1) });
      return { ...less, output: now(original, args).output };
    }),
  },
  {
    id: 'zero/rate-or-default',
    says: 'lr || 0.3: 0 is not honoured',
    bug: 'synaptic, neataptic rate || 0.3',
    killedBy: ['train/zero-iterations'],
    plant: everyFit(asking((a) => ({ hyper: { ...(a.hyper as object), lr: (a.hyper as { lr?: number }).lr || 0.3 } }))),
  },
  {
    id: 'zero/iterations-at-least-one',
    says: 'without batches it decays the weights once all the same',
    bug: 'synaptic options.iterations || …',
    killedBy: ['train/zero-iterations'],
    plant: at('training.network.fit', (args, original) => {
      const answer = now(original, args);
      return batchesOf(args).length > 0
        ? answer
        : { ...answer, final: list(answer, 'final').map((w) => like(w, (v) => v * (1 - 2 ** -20))) };
    }),
  },
  {
    id: 'stop/error-or-default',
    says: 'stopAt || 0.005: 0 is not honoured',
    bug: 'synaptic options.error || .005',
    killedBy: ['train/stop-at'],
    plant: at(
      'training.network.fit_watched',
      asking((a) => ({ stopAt: number(a, 'stopAt') || 0.005 })),
    ),
  },
  {
    id: 'stop/strictly-less',
    says: 'goes on when the loss is just what was asked for',
    killedBy: ['train/stop-at'],
    plant: at(
      'training.network.fit_watched',
      asking((a) => ({ stopAt: number(a, 'stopAt') - 2 ** -1000 })),
    ),
  },
  {
    id: 'stop/by-training-loss',
    says: 'looks at the loss of the batch in the place of the other data',
    killedBy: ['train/stop-at'],
    plant: at(
      'training.network.fit_watched',
      asking((a) => ({ validation: batchesOf(a)[0] })),
    ),
  },
  {
    id: 'watching/updates-statistics',
    says: 'lets running statistics see the data that it is judged by',
    bug: 'tinygrad #4351',
    killedBy: ['train/watching'],
    plant: at('training.network.fit_watched', (args, original) => {
      const answer = now(original, args);
      const state = answer.state as readonly (readonly Plain[])[]; // by the contract
      return { ...answer, state: state.map((s) => s.map((t) => like(t, (v) => v * 0.9))) };
    }),
  },
  {
    id: 'watching/advances-draws',
    says: 'takes draws of dropout away while it judges',
    bug: 'mxnet #16705',
    killedBy: ['train/watching'],
    plant: at(
      'training.network.fit_watched',
      asking((a) => ({ seed: number(a, 'seed') + 1 })),
    ),
  },
  {
    id: 'judging/with-masks',
    says: 'leaves dropout on while it judges',
    bug: 'NNlib #576',
    killedBy: ['train/judging'],
    plant: at('training.network.fit_watched', (args, original) => {
      const answer = now(original, args);
      const by = 1 + (number(args, 'seed') % 2) / 16;
      return { ...answer, evaluations: numbersOf(answer, 'evaluations').map((v) => v * by) };
    }),
  },
  {
    id: 'judging/by-batch-statistics',
    says: 'normalises what it is judged by with its own statistics, or sums where it should average',
    bug: 'mxnet #9580',
    killedBy: ['train/judging'],
    plant: at('training.network.fit_watched', (args, original) => {
      const answer = now(original, args);
      const { x } = args.validation as Batch; // the contract's field
      return { ...answer, evaluations: numbersOf(answer, 'evaluations').map((v) => v * (x.shape[0] ?? 1)) };
    }),
  },
  {
    id: 'scaling/rate-by-input',
    says: 'divides the rate by the largest input',
    killedBy: ['train/data-scaling', 'train/manual-step'],
    plant: at(
      'training.network.fit',
      asking((a) => {
        const most = Math.max(1, ...batchesOf(a).flatMap(({ x }) => Array.from(x.data, Math.abs)));
        const { lr = 0, ...rest } = a.hyper as { readonly lr?: number };
        return { hyper: { ...rest, lr: lr / most } };
      }),
    ),
  },
  {
    id: 'draws/same-every-step',
    says: 'draws the same mask in every step',
    bug: 'mxnet #16705, mlx #3828',
    killedBy: ['train/draws'],
    plant: at('training.network.fit', (args, original) => {
      const answer = now(original, args);
      const one = batchesOf(args).map((b) => numbersOf(now(original, { ...args, batches: [b] }), 'losses')[0] ?? 0);
      return (args.hyper as { lr?: number }).lr === 0 ? { ...answer, losses: one } : answer;
    }),
  },
  {
    id: 'train/forgets-statistics',
    says: 'moves the running statistics from where they began, in every step',
    killedBy: ['train/running-statistics'],
    plant: at('training.network.fit', (args, original) => {
      const alone = (k: number): Args => now(original, { ...args, batches: batchesOf(args).slice(k, k + 1) });
      const states = batchesOf(args).map((_, k) => statesOf(alone(k))[0] ?? []);
      return { ...now(original, args), state: states };
    }),
  },
  {
    id: 'train/keeps-no-statistics',
    says: 'leaves the running statistics where they began',
    killedBy: ['train/running-statistics'],
    plant: at('training.network.fit', (args, original) => {
      const answer = now(original, args);
      // means and variances in turn
      return { ...answer, state: statesOf(answer).map((s) => s.map((t, i) => like(t, () => i % 2))) };
    }),
  },
  {
    id: 'draws/seed-ignored',
    says: 'draws by a seed of its own',
    bug: 'mxnet #17547, mxnet #19209',
    killedBy: ['train/draws'],
    plant: everyFit(asking(() => ({ seed: 11 }))),
  },
  {
    id: 'draws/history',
    says: 'draws by what was drawn before',
    bug: 'xformers #173',
    killedBy: ['train/draws'],
    plant: (port) => {
      let calls = 0;
      return at(
        'training.network.fit',
        asking((a) => ({ seed: number(a, 'seed') + calls++ })),
      )(port);
    },
  },
  {
    id: 'draws/step-from-the-end',
    says: 'counts steps from the end: more of them change the first draws',
    killedBy: ['train/draws'],
    plant: at(
      'training.network.fit',
      asking((a) => ({ seed: number(a, 'seed') + batchesOf(a).length })),
    ),
  },
];
