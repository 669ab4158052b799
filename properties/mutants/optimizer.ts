// Faults of optimizers: the lines of their rules, each wrong once.
import type { Args, Plain } from '../contract.ts';
import { at, like, list, type Mutant, now } from './plant.ts';

interface AdamState {
  w: number;
  m: number;
  v: number;
}
interface AdamFault {
  readonly correct?: (beta: number, k: number) => number;
  readonly root?: (v: number, eps: number) => number;
  readonly second?: (v: number, g: number, beta2: number) => number;
  readonly step?: (k: number, leaf: number, leaves: number) => number;
  readonly lr?: (lr: number) => number;
}
/** Adam written once more, element by element, with one line to go wrong. */
const adam = ({
  correct = (beta, k) => 1 - beta ** k,
  root = (v, eps) => Math.sqrt(v) + eps,
  second = (v, g, b) => b * v + (1 - b) * g * g,
  step = (k) => k,
  lr = (x) => x,
}: AdamFault) =>
  at('optimizer.adam.run', (args) => {
    const h = {
      lr: 0.001,
      beta1: 0.9,
      beta2: 0.999,
      eps: 2 ** -26,
      ...(args.hyper as Readonly<Record<string, number>>),
    };
    const state = list(args, 'params').map((p) => Array.from(p.data, (w): AdamState => ({ w, m: 0, v: 0 })));
    const steps = (args.gradients as readonly (readonly Plain[])[]).map((gs, t) =>
      gs.map((g, leaf) =>
        like(g, (gi, i) => {
          const s = state[leaf]?.[i] ?? { w: 0, m: 0, v: 0 };
          const k = step(t + 1, leaf, gs.length);
          s.m = h.beta1 * s.m + (1 - h.beta1) * gi;
          s.v = second(s.v, gi, h.beta2);
          s.w -= (lr(h.lr) * (s.m / correct(h.beta1, k))) / root(s.v / correct(h.beta2, k), h.eps);
          return s.w;
        }),
      ),
    );
    return { params: steps };
  });

/** The right trajectory for changed arguments. */
const withHyper = (name: string, f: (hyper: Readonly<Record<string, number>>) => Readonly<Record<string, number>>) =>
  at(`optimizer.${name}.run`, (args, original) =>
    now(original, { ...args, hyper: f(args.hyper as Readonly<Record<string, number>>) }),
  );

export const optimizerMutants: readonly Mutant[] = [
  {
    id: 'adam/no-correction',
    says: 'does not correct the bias',
    bug: 'mlx #1640',
    killedBy: ['optimizer/recurrence', 'optimizer/adam-constant-gradient'],
    plant: adam({ correct: () => 1 }),
  },
  {
    id: 'adam/beta-squared',
    says: 'corrects with β²ᵏ',
    bug: 'Lasagne #274',
    killedBy: ['optimizer/adam-constant-gradient', 'optimizer/recurrence'],
    plant: adam({ correct: (beta, k) => 1 - beta ** (2 * k) }),
  },
  {
    id: 'adam/minus-eps',
    says: 'divides by √v − eps',
    bug: 'tf-keras 2f003f9f1',
    killedBy: ['optimizer/recurrence'],
    plant: adam({ root: (v, eps) => Math.sqrt(v) - eps }),
  },
  {
    id: 'adam/eps-inside',
    says: 'puts eps inside the root',
    bug: 'undeclared dialect',
    killedBy: ['optimizer/recurrence'],
    plant: adam({ root: (v, eps) => Math.sqrt(v + eps) }),
  },
  {
    id: 'adam/no-eps',
    says: 'forgets eps',
    bug: 'Optimisers.jl #190',
    killedBy: ['optimizer/zero-gradient'],
    plant: adam({ root: (v) => Math.sqrt(v) }),
  },
  {
    id: 'adam/step-per-leaf',
    says: 'counts a step per parameter',
    bug: 'tinygrad fc6f355c6',
    killedBy: ['optimizer/leaves-apart', 'optimizer/recurrence'],
    plant: adam({ step: (k, leaf, leaves) => (k - 1) * leaves + leaf + 1 }),
  },
  {
    id: 'adam/step-from-zero',
    says: 'starts counting at 0',
    bug: 'burn #621',
    killedBy: ['optimizer/recurrence', 'optimizer/zero-gradient'],
    plant: adam({ step: (k) => k - 1 }),
  },
  {
    id: 'adam/floor',
    says: 'never divides by less than 1/8',
    killedBy: ['optimizer/scale-free'],
    plant: adam({ root: (v) => Math.max(Math.sqrt(v), 1 / 8) }),
  },
  {
    id: 'adam/lopsided',
    says: 'lets only positive gradients into the second moment',
    killedBy: ['optimizer/odd'],
    plant: adam({ second: (v, g, b) => b * v + (1 - b) * (g > 0 ? g * g : (g * g) / 2) }),
  },
  {
    id: 'sgd/twice',
    says: 'w′ = w − 2·lr·g',
    bug: 'gorgonia #494',
    killedBy: ['optimizer/sgd-exact'],
    plant: withHyper('sgd', (h) => ({ ...h, lr: 2 * (h.lr ?? 0) })),
  },
  {
    id: 'sgd/zero-lr',
    says: 'lr || 0.3',
    bug: 'neataptic',
    killedBy: ['optimizer/zero-lr'],
    plant: withHyper('sgd', (h) => ({ ...h, lr: h.lr || 0.3 })),
  },
  {
    id: 'momentum/zero',
    says: 'momentum || 0.9',
    bug: 'tfjs-layers #259',
    killedBy: ['optimizer/special-cases'],
    plant: withHyper('momentum', (h) => ({ ...h, momentum: h.momentum || 0.9 })),
  },
  {
    id: 'adam/frozen-step',
    says: 'stops counting at 10',
    bug: 'OLMo-core #317',
    killedBy: ['optimizer/trajectory'],
    plant: adam({ step: (k) => Math.min(k, 10) }),
  },
  {
    id: 'amsgrad/no-maximum',
    says: 'never updates the maximum: plain Adam',
    bug: 'chainer #7661',
    killedBy: ['optimizer/trajectory', 'optimizer/recurrence'],
    plant: (port) =>
      at('optimizer.amsgrad.run', (args) => {
        const { maxCorrected: _, ...hyper } = args.hyper as Readonly<Record<string, number>>;
        return port.call('optimizer.adam.run', { ...args, hyper }) as Args; // the home port answers at once
      })(port),
  },
  {
    id: 'adamw/decay-without-rate',
    says: 'takes weightDecay·w off whatever the rate',
    bug: 'Flux a92606b8f',
    killedBy: ['optimizer/recurrence'],
    plant: withHyper('adamw', (h) => ({ ...h, weightDecay: (h.weightDecay ?? 0) / (h.lr || 1) })),
  },
  {
    id: 'adagrad/starts-at-one',
    says: 'starts its sum at 1',
    bug: 'dl4j #953',
    killedBy: ['optimizer/recurrence'],
    plant: withHyper('adagrad', (h) => ({ ...h, initialAccumulator: 1 })),
  },
  {
    id: 'lion/swapped-betas',
    says: 'remembers with the rate that it steps with',
    killedBy: ['optimizer/recurrence'],
    plant: withHyper('lion', (h) => ({ ...h, beta1: h.beta2 ?? 0, beta2: h.beta1 ?? 0 })),
  },
  {
    id: 'nadam/no-schedule',
    says: 'keeps the decay of the first moment constant without declaring it',
    bug: 'undeclared dialect',
    killedBy: ['optimizer/recurrence'],
    plant: withHyper('nadam', (h) => ({ ...h, scheduled: 0 })),
  },
  {
    id: 'schedule-free/evaluates-where-it-differentiates',
    says: 'mixes the iterates with 1 − beta1',
    killedBy: ['optimizer/recurrence'],
    plant: withHyper('schedule_free_sgd', (h) => ({ ...h, beta1: 1 - (h.beta1 ?? 0) })),
  },
  {
    id: 'lamb/one-ratio',
    says: 'measures all tensors together',
    killedBy: ['optimizer/leaves-of-their-own', 'optimizer/recurrence'],
    plant: at('optimizer.lamb.run', (args, original) => {
      const joined = (ts: readonly Plain[]): readonly Plain[] => {
        const data = ts.flatMap((t) => Array.from(t.data));
        return [{ shape: [data.length], data }];
      };
      const params = list(args, 'params');
      const gradients = args.gradients as readonly (readonly Plain[])[];
      const answer = now(original, { ...args, params: joined(params), gradients: gradients.map(joined) });
      const apart = ([all]: readonly Plain[]): readonly Plain[] => {
        let at0 = 0;
        return params.map((p) => like(p, () => all?.data[at0++] ?? Number.NaN));
      };
      return { params: (answer.params as readonly (readonly Plain[])[]).map(apart) };
    }),
  },
];
