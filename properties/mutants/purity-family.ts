// Faults of purity, second part: hidden generators, shared memory, lost state, lost digits, misplaced leaves, and "or default".
import type { Args, Plain } from '../contract.ts';
import { at, changed, like, list, type Mutant, now, number, plain, u } from './plant.ts';

/** A training that forgets or gains something at every step of a list. */
const training = (steps: string, f: (args: Args, k: number) => Args) =>
  at('session.training.run', (args, original) =>
    (args[steps] as readonly number[]).length === 0
      ? now(original, args)
      : now(original, f(args, (args[steps] as readonly number[])[0] ?? 1)),
  );
/** Numbers of the answer's variables changed where a list is not empty. */
const disturbed = (steps: string, f: (v: number, leaf: number) => number) =>
  at('session.training.run', (args, original) => {
    const answer = now(original, args);
    if ((args[steps] as readonly number[]).length === 0) return answer;
    return { ...answer, variables: list(answer, 'variables').map((t, leaf) => like(t, (v) => f(v, leaf))) };
  });
const hyper = (args: Args): Readonly<Record<string, number>> => args.hyper as Readonly<Record<string, number>>; // parsed by the contract
const accepting = (entry: string, good: (args: Args) => Args) =>
  at(entry, (args, original) => {
    try {
      return now(original, args);
    } catch {
      return now(original, good(args));
    }
  });

export const purityFamilyMutants: readonly Mutant[] = [
  {
    id: 'initializer/global-generator',
    says: 'stirs its numbers with those of the host',
    bug: 'tfjs seed ? seed : Math.random()',
    killedBy: ['purity/no-hidden-randomness', 'purity/deterministic'],
    plant: changed('initializer.he_uniform.sample', 'w', (v) => v + u * Math.random()),
  },
  {
    id: 'random/burns-a-draw',
    says: 'draws from the host’s generator and throws it away',
    bug: 'mxnet #17547',
    killedBy: ['purity/no-hidden-randomness'],
    plant: at('random.uniform.sample', (args, original) => {
      Math.random(); // the fault
      return now(original, args);
    }),
  },
  {
    id: 'dense/one-buffer',
    says: 'gives the same buffer for dw and dx',
    bug: 'PyTorch #196083',
    killedBy: ['purity/outputs-apart'],
    plant: at('layer.dense.vjp', (args, original) => {
      const answer = now(original, args);
      const dx = plain(answer, 'dx');
      return { ...answer, dx, dw: { shape: plain(answer, 'dw').shape, data: dx.data } };
    }),
  },
  {
    id: 'optimizer/history-shares-memory',
    says: 'gives the same array for the parameters after every step',
    bug: 'PyTorch #196083',
    killedBy: ['purity/outputs-apart'],
    plant: at('optimizer.sgd.run', (args, original) => {
      const steps = now(original, args).params as readonly (readonly Plain[])[];
      const shared = steps.at(-1) ?? [];
      return { params: steps.map((s) => s.map((t, i) => ({ shape: t.shape, data: shared[i]?.data ?? t.data }))) };
    }),
  },
  {
    id: 'training/evaluation-counts',
    says: 'counts an evaluation as a step, so that later draws differ',
    bug: 'tinygrad #4351',
    killedBy: ['purity/evaluation-between-steps'],
    plant: training('evaluateAt', (args) => ({ ...args, seed: number(args, 'seed') + 1 })),
  },
  {
    id: 'training/evaluation-updates-statistics',
    says: 'folds the evaluated batch into the last variables',
    killedBy: ['purity/evaluation-between-steps'],
    plant: disturbed('evaluateAt', (v, leaf) => (leaf > 2 ? v * (1 + u * 2) : v)),
  },
  {
    id: 'training/moments-not-saved',
    says: 'starts again with new state after a load',
    bug: 'mlx #1329',
    killedBy: ['purity/resumed'],
    plant: at('session.training.run', (args, original) => {
      const [k = 0] = args.resumeAt as readonly number[];
      if (k === 0) return now(original, args);
      const rest = now(original, { ...args, steps: number(args, 'steps') - k, resumeAt: [] });
      const whole = now(original, { ...args, resumeAt: [] });
      const first = Array.from(plain(whole, 'losses').data).slice(0, k);
      return {
        variables: rest.variables,
        losses: { shape: [number(args, 'steps')], data: [...first, ...Array.from(plain(rest, 'losses').data)] },
      };
    }),
  },
  {
    id: 'training/saved-to-single-precision',
    says: 'saves its variables with 32 bits',
    killedBy: ['purity/resumed'],
    plant: disturbed('resumeAt', Math.fround),
  },
  {
    id: 'text/fifteen-digits',
    says: 'writes 15 significant digits',
    bug: 'keras and tfjs serialisation',
    killedBy: ['purity/text-round-trip'],
    plant: changed('session.text.round_trip', 'values', (v) =>
      Number.isFinite(v) && v !== 0 ? Number(v.toPrecision(15)) : v,
    ),
  },
  {
    id: 'text/loses-the-sign-of-zero',
    says: 'writes −0 as 0, as JSON.stringify does',
    killedBy: ['purity/text-round-trip'],
    plant: changed('session.text.round_trip', 'values', (v) => (v === 0 ? 0 : v)),
  },
  {
    id: 'text/null-for-infinity',
    says: 'writes what is not finite as null, which reads back as 0',
    killedBy: ['purity/text-round-trip'],
    plant: changed('session.text.round_trip', 'values', (v) => (Number.isFinite(v) ? v : 0)),
  },
  {
    id: 'optimizer/state-by-position',
    says: 'takes the gradients in reverse where there are three leaves of fitting shapes',
    bug: 'tf-keras c7629ffc8',
    killedBy: ['purity/leaves-apart'],
    plant: at('optimizer.adam.run', (args, original) =>
      now(original, {
        ...args,
        gradients: (args.gradients as readonly (readonly Plain[])[]).map((g) =>
          g.length === 3 && g[0]?.data.length === g[2]?.data.length ? [g[2], g[1], g[0]] : g,
        ),
      }),
    ),
  },
  {
    id: 'optimizer/step-counts-leaves',
    says: 'counts a step per parameter',
    bug: 'tinygrad fc6f355c6, pennylane #1928',
    killedBy: ['purity/leaves-apart'],
    plant: at('optimizer.adamax.run', (args, original) => {
      const answer = now(original, args);
      const n = list(args, 'params').length;
      return {
        params: (answer.params as readonly (readonly Plain[])[]).map((s) =>
          s.map((t) => like(t, (v) => v * (1 + n * 2 ** -40))),
        ),
      };
    }),
  },
  {
    id: 'optimizer/decays-unasked',
    says: 'shrinks every parameter by 2⁻⁴⁰',
    killedBy: ['purity/zero-gradient-stays', 'purity/rate-zero'],
    plant: at('optimizer.sgd.run', (args, original) => ({
      params: (now(original, args).params as readonly (readonly Plain[])[]).map((s) =>
        s.map((t) => like(t, (v) => v * (1 - 2 ** -40))),
      ),
    })),
  },
  {
    id: 'optimizer/rate-or-default',
    says: 'takes a rate of 0 for one that was not given',
    bug: 'neataptic rate || 0.3',
    killedBy: ['purity/rate-zero'],
    plant: at('optimizer.adagrad.run', (args, original) =>
      now(original, { ...args, hyper: { ...hyper(args), lr: hyper(args).lr || 0.3 } }),
    ),
  },
  {
    id: 'optimizer/momentum-or-default',
    says: 'takes a momentum of 0 for one that was not given',
    bug: 'tfjs-layers #259',
    killedBy: ['purity/zero-honoured'],
    plant: at('optimizer.momentum.run', (args, original) =>
      now(original, { ...args, hyper: { ...hyper(args), momentum: hyper(args).momentum || 0.9 } }),
    ),
  },
  {
    id: 'optimizer/decay-or-default',
    says: 'takes a decay of 0 for one that was not given',
    killedBy: ['purity/zero-honoured'],
    plant: at('optimizer.adamw.run', (args, original) =>
      now(original, { ...args, hyper: { ...hyper(args), weightDecay: hyper(args).weightDecay || 0.01 } }),
    ),
  },
  {
    id: 'random/seed-zero-is-none',
    says: 'takes seed 0 for none',
    bug: 'keras #19364, tinygrad #5209',
    killedBy: ['purity/zero-honoured'],
    plant: (port) => {
      let calls = 0;
      return at('random.uniform.sample', (args, original) =>
        now(original, { ...args, seed: number(args, 'seed') || ++calls }),
      )(port);
    },
  },
  {
    id: 'activation/alpha-or-default',
    says: 'takes an alpha of 0 for one that was not given',
    bug: 'torch #37345, in another row',
    killedBy: ['purity/zero-honoured'],
    plant: at('activation.elu.forward', (args, original) =>
      now(original, { ...args, alpha: number(args, 'alpha') || 1 }),
    ),
  },
  {
    id: 'optimizer/any-rate',
    says: 'takes any rate: NaN goes through, and −1 climbs',
    bug: 'mlx and others; tinygrad #11322 for dropout',
    killedBy: ['purity/out-of-domain'],
    plant: accepting('optimizer.sgd.run', (args) => ({ ...args, hyper: { lr: 1 } })),
  },
  {
    id: 'loss/empty-batch',
    says: 'answers NaN for an empty batch: 0/0',
    bug: 'PyTorch #51906',
    killedBy: ['purity/out-of-domain'],
    plant: at('loss.bce.forward', (args, original) =>
      plain(args, 'prediction').data.length === 0 ? { loss: { shape: [], data: [Number.NaN] } } : now(original, args),
    ),
  },
  {
    id: 'initializer/any-fan',
    says: 'takes a fan of 0 for 1',
    killedBy: ['purity/out-of-domain'],
    plant: at('initializer.he_normal.sample', (args, original) =>
      now(original, { ...args, fanIn: Math.max(1, number(args, 'fanIn')) }),
    ),
  },
];
