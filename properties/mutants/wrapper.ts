// Faults of clipping and of wrappers: limits with a lost sign, norms of the wrong tensors, averages that miss their start.
import type { Plain } from '../contract.ts';
import { at, both, like, list, type Mutant, now, number } from './plant.ts';

type Numbers = Readonly<Record<string, number>>;
type Steps = readonly (readonly Plain[])[];

const clipped = (name: string, f: (v: number, limit: number) => number) =>
  at(`clip.${name}.apply`, (args) => ({
    gradients: list(args, 'gradients').map((g) => like(g, (v) => f(v, number(args, 'limit')))),
  }));

/** Clipping with another entry's answer. */
const asOther = (name: string, other: string) => (port: Parameters<Mutant['plant']>[0]) =>
  at(`clip.${name}.apply`, (args) => port.call(`clip.${other}.apply`, args) as ReturnType<typeof now>)(port); // at once

const NORMS = ['by_norm', 'by_global_norm'] as const;

const withHyper = (name: string, f: (hyper: Numbers) => Numbers) =>
  at(`wrapper.${name}.run`, (args, original) => now(original, { ...args, hyper: f(args.hyper as Numbers) }));

export const wrapperMutants: readonly Mutant[] = [
  {
    id: 'clip/by_value-no-sign',
    says: 'has +limit for the lower limit as well',
    bug: 'gorgonia #469',
    killedBy: ['clip/value', 'clip/odd'],
    plant: clipped('by_value', (v, limit) => (Math.abs(v) > limit ? limit : v)),
  },
  {
    id: 'clip/by_value-wraps',
    says: 'lets numbers at a limit of one half through',
    killedBy: ['clip/value'],
    plant: clipped('by_value', (v, limit) => Math.max(-limit / 2, Math.min(limit / 2, v))),
  },
  {
    id: 'clip/by_value-absolute',
    says: 'has a limit of 1 whatever it was told',
    killedBy: ['clip/homogeneous', 'clip/identity-below', 'clip/value'],
    plant: clipped('by_value', (v) => Math.max(-1, Math.min(1, v))),
  },
  {
    id: 'clip/by_global_norm-apart',
    says: 'cuts tensor by tensor',
    killedBy: ['clip/norm'],
    plant: asOther('by_global_norm', 'by_norm'),
  },
  {
    id: 'clip/by_norm-together',
    says: 'cuts all tensors by their joint norm',
    killedBy: ['clip/norm'],
    plant: asOther('by_norm', 'by_global_norm'),
  },
  {
    id: 'clip/norm-always',
    says: 'scales up as well as down',
    killedBy: ['clip/norm', 'clip/identity-below'],
    plant: both(
      ...NORMS.map((name) =>
        at(`clip.${name}.apply`, (args) => {
          const gs = list(args, 'gradients');
          const norm = (ts: readonly Plain[]): number => Math.hypot(...ts.flatMap((t) => Array.from(t.data)));
          return {
            gradients: gs.map((g) => like(g, (v) => (v * number(args, 'limit')) / norm(name === 'by_norm' ? [g] : gs))),
          };
        }),
      ),
    ),
  },
  {
    id: 'clip/norm-without-eps',
    says: 'forgets the eps in the norm',
    bug: 'undeclared dialect',
    killedBy: ['clip/norm'],
    plant: both(
      ...NORMS.map((name) => at(`clip.${name}.apply`, (args, original) => now(original, { ...args, eps: 0 }))),
    ),
  },
  {
    id: 'clip/norm-fixed-eps',
    says: 'adds 2⁻²⁰ to every norm',
    bug: 'undeclared dialect',
    killedBy: ['clip/norm', 'clip/homogeneous'],
    plant: both(
      ...NORMS.map((name) =>
        at(`clip.${name}.apply`, (args, original) =>
          now(original, { ...args, eps: (typeof args.eps === 'number' ? args.eps : 0) + 2 ** -20 }),
        ),
      ),
    ),
  },
  {
    id: 'wrapper/clip_by_value-afterwards',
    says: 'does not cut what goes into the rule',
    killedBy: ['wrapper/clips-first'],
    plant: withHyper('clip_by_value', (h) => ({ limit: 1024 * (h.limit ?? 1) })),
  },
  {
    id: 'wrapper/coupled_decay-half',
    says: 'decays by half of l2',
    bug: 'DenseNet #57',
    killedBy: ['wrapper/coupled-decay', 'wrapper/defaults'],
    plant: withHyper('coupled_decay', (h) => ('l2' in h ? { l2: (h.l2 ?? 0) / 2 } : h)),
  },
  {
    id: 'wrapper/coupled_decay-decoupled',
    says: 'takes l2·w off beside the rule',
    bug: 'mlx #473',
    killedBy: ['wrapper/coupled-decay', 'wrapper/coupled-decay-is-no-decay'],
    plant: at('wrapper.coupled_decay.run', (args, original) => {
      const l2 = (args.hyper as Numbers).l2 ?? 0;
      const right = now(original, { ...args, hyper: { l2: 0 } });
      const start = list(args, 'params');
      const off = (right.params as Steps).map((leaves, t) =>
        leaves.map((leaf, i) => like(leaf, (v, j) => v - (t + 1) * l2 * (start[i]?.data[j] ?? 0))),
      );
      return { params: off, evaluated: off };
    }),
  },
  {
    id: 'wrapper/lookahead-one-late',
    says: 'waits one step longer',
    killedBy: ['wrapper/lookahead'],
    plant: withHyper('lookahead', (h) => ({ ...h, period: (h.period ?? 1) + 1 })),
  },
  {
    id: 'wrapper/lookahead-backwards',
    says: 'takes alpha for the share of the slow weights',
    killedBy: ['wrapper/lookahead', 'wrapper/follows-all-the-way'],
    plant: withHyper('lookahead', (h) => ({ ...h, alpha: 1 - (h.alpha ?? 0) })),
  },
  {
    id: 'wrapper/lookahead-other-default',
    says: 'waits for six steps unless told otherwise',
    killedBy: ['wrapper/defaults'],
    plant: withHyper('lookahead', (h) => ({ period: 6, ...h })),
  },
  {
    id: 'wrapper/ema-uncorrected',
    says: 'does not correct the mean for its start at 0',
    killedBy: ['wrapper/mean-of-weights'],
    plant: at('wrapper.ema.run', (args, original) => {
      const right = now(original, args);
      const { decay = 0 } = args.hyper as Numbers;
      return {
        ...right,
        evaluated: (right.evaluated as Steps).map((leaves, t) =>
          leaves.map((leaf) => like(leaf, (v) => v * (1 - decay ** (t + 1)))),
        ),
      };
    }),
  },
  {
    id: 'wrapper/ema-late',
    says: 'averages the weights of before each step',
    bug: 'tf-keras c7629ffc8',
    killedBy: ['wrapper/mean-of-weights'],
    plant: at('wrapper.ema.run', (args, original) => {
      const right = now(original, args);
      const evaluated = right.evaluated as Steps;
      return {
        ...right,
        evaluated: evaluated.map((leaves, t) => (t === 0 ? list(args, 'params') : (evaluated[t - 1] ?? leaves))),
      };
    }),
  },
  {
    id: 'wrapper/ema-trains-at-the-mean',
    says: 'goes on from the mean',
    killedBy: ['wrapper/mean-of-weights'],
    plant: at('wrapper.ema.run', (args, original) => {
      const right = now(original, args);
      return { ...right, params: right.evaluated };
    }),
  },
  {
    id: 'wrapper/evaluates-at-the-gradient',
    says: 'evaluates where it differentiates',
    killedBy: ['wrapper/averages-stay'],
    plant: at('wrapper.coupled_decay.run', (args, original) => {
      const right = now(original, args);
      return { ...right, evaluated: right.params };
    }),
  },
  {
    id: 'wrapper/sam-apart',
    says: 'goes rho along every tensor by itself',
    killedBy: ['wrapper/worst-nearby'],
    plant: at('wrapper.sam.probe', (args) => probe(args, (all, own) => Math.hypot(...(own.length > 0 ? own : all)))),
  },
  {
    id: 'wrapper/sam-squared',
    says: 'divides by the squared norm',
    killedBy: ['wrapper/worst-nearby'],
    plant: at('wrapper.sam.probe', (args) => probe(args, (all) => Math.hypot(...all) ** 2)),
  },
  {
    id: 'wrapper/sam-nowhere',
    says: 'divides 0 by 0 where there is no gradient',
    killedBy: ['wrapper/worst-nearby'],
    plant: at('wrapper.sam.probe', (args) => probe(args, (all) => Math.hypot(...all))),
  },
];

function probe(args: Parameters<typeof list>[0], length: (all: readonly number[], own: readonly number[]) => number) {
  const gradients = list(args, 'gradients');
  const { rho = 0 } = args.hyper as Numbers;
  const all = gradients.flatMap((g) => Array.from(g.data));
  return {
    params: list(args, 'params').map((p, i) => {
      const own = Array.from(gradients[i]?.data ?? []);
      return like(p, (w, j) => w + (rho * (own[j] ?? 0)) / length(all, own));
    }),
  };
}
