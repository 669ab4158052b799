// Faults behind the thousandth step or number, in the fourth machine, at numbers that switch something off, and in the order of wrappers.
import type { Args, Plain } from '../contract.ts';
import { and, hair, hyper, leaves, many, otherwise, sometimes, type When } from './edge.ts';
import { at, like, type Mutant, now } from './plant.ts';

type Steps = readonly (readonly Plain[])[];
const run = (name: string): string => `optimizer.${name}.run`;
/** Parameters that are wrong behind a step. */
const behind = (entry: string, step: number, field = 'params') =>
  at(entry, (args, original) => {
    const answer = now(original, args);
    const steps = answer[field] as Steps; // so says the contract
    return { ...answer, [field]: steps.map((ps, k) => (k >= step ? ps.map((p) => like(p, hair)) : ps)) };
  });
const spelt = (name: string, key: string, value: number): Mutant => ({
  id: `edge/${name}-${key}-spelt-out`,
  says: `${name} is off where ${key} is given as ${value}, which it is when nothing is said`,
  killedBy: ['optimizer/spelt-out'],
  plant: sometimes(run(name), hyper(key, value)),
});
const block: When = (a) => leaves(a, 'params').some((p) => p.shape.length === 3);
const averaging: When = (a) => String(a.inner).startsWith('schedule_free');
/** Numbers behind the first n are those of the beginning. */
const repeated = (n: number): Mutant => ({
  id: `edge/dropout-mask-repeats-after-${n}`,
  says: `the mask of a seed repeats itself after ${n} numbers`,
  killedBy: ['dropout/long-masks'],
  plant: at('layer.dropout.sample', (args, original) => {
    const answer = now(original, args);
    const [x, y] = [args.x as Plain, answer.y as Plain]; // so says the contract
    return {
      y: like(y, (v, i) => {
        if (i < n) return v;
        return y.data[i % n] === 0 ? 0 : (x.data[i] ?? 0) / (1 - (args.dropRate as number));
      }),
    };
  }),
});
const machine = (place: number, field: 'w' | 'b' | 'c', f: (v: number) => number): Mutant['plant'] =>
  at('rbm.rbm.stack', (args, original) => {
    const answer = now(original, args);
    const all = answer[field] as readonly Plain[]; // so says the contract
    return { ...answer, [field]: all.map((t, i) => (i === place ? like(t, f) : t)) };
  });
interface Wrapped {
  readonly wrappers: readonly unknown[];
  readonly schedule?: unknown;
}
const wrapped = (change: (args: Args & Wrapped) => object): Mutant['plant'] =>
  otherwise(
    'wrapper.nest.train',
    () => true,
    (a) => ({ ...change(a as Args & Wrapped) }), // the contract has parsed it
  );

export const rareEdgeMutants: readonly Mutant[] = [
  spelt('muon', 'momentum', 0.95),
  spelt('muon', 'adamShare', 0.015),
  spelt('prodigy', 'd0', 1e-6),
  spelt('shampoo', 'eps', 1e-4),
  spelt('yogi', 'initialAccumulator', 1e-6),
  spelt('adopt', 'beta2', 0.9999),
  spelt('adadelta', 'epsRoot', 1e-6),
  spelt('nadam', 'psi', 0.004),
  spelt('lion', 'weightDecay', 0),
  {
    id: 'edge/muon-rank-3',
    says: 'Muon is off for tensors of three axes',
    killedBy: ['optimizer/steps'],
    plant: sometimes(run('muon'), block),
  },
  {
    id: 'edge/muon-rank-3-left-out',
    says: 'Muon is off for tensors of three axes where the momentum is left out',
    killedBy: ['optimizer/spelt-out'],
    plant: sometimes(
      run('muon'),
      and(block, (a) => (a.hyper as Readonly<Record<string, number>>).momentum === undefined),
    ),
  },
  ...['adam', 'adamax', 'rmsprop', 'nadam', 'momentum'].map(
    (name, i): Mutant => ({
      id: `edge/${name}-far-out`,
      says: `the steps of ${name} are a millionth too long behind the ${i === 0 ? '1,024th' : '256th'}`,
      killedBy: ['optimizer/thousand-steps'],
      plant: at(run(name), (args, original) => {
        const answer = now(original, args);
        const steps = answer.params as Steps; // so says the contract
        const from = i === 0 ? 1024 : 256;
        return {
          params: steps.map((ps, k) =>
            ps.map((p, leaf) => {
              const there = steps[from - 1]?.[leaf]?.data;
              return like(p, (v, j) => (k < from ? v : v + 2 ** -20 * (v - (there?.[j] ?? v))));
            }),
          ),
        };
      }),
    }),
  ),
  {
    id: 'edge/average-in-a-wrapper',
    says: 'a wrapper forgets that the optimizer inside evaluates at an average',
    killedBy: ['wrapper/evaluates-the-average'],
    plant: at('wrapper.clip_by_value.run', (args, original) => {
      const answer = now(original, args);
      return averaging(args) ? { ...answer, evaluated: answer.params } : answer;
    }),
  },
  {
    id: 'edge/average-in-a-wrapper-late',
    says: 'an average inside a wrapper is off from the second step on',
    killedBy: ['wrapper/evaluates-the-average'],
    plant: behind('wrapper.clip_by_value.run', 1, 'evaluated'),
  },
  {
    id: 'wrappers/outside-in',
    says: 'wrappers are put on in the wrong order',
    killedBy: ['wrapper/order'],
    plant: wrapped(({ wrappers }) => ({ wrappers: [...wrappers].reverse() })),
  },
  {
    id: 'wrappers/innermost-alone',
    says: 'the last of two wrappers is forgotten',
    killedBy: ['wrapper/order'],
    plant: wrapped(({ wrappers }) => ({ wrappers: wrappers.slice(0, 1) })),
  },
  {
    id: 'wrappers/without-schedule',
    says: 'a schedule is forgotten inside wrappers',
    killedBy: ['wrapper/order'],
    plant: wrapped(() => ({ schedule: undefined })),
  },
  {
    id: 'edge/wrapped-fourth-step',
    says: 'the fourth step inside wrappers is off',
    killedBy: ['wrapper/order'],
    plant: behind('wrapper.nest.train', 3),
  },
  ...[1024, 4096].map(repeated),
  {
    id: 'edge/dropout-first-block-drawn',
    says: 'numbers behind the first 8,192 are all kept',
    killedBy: ['dropout/long-masks'],
    plant: at('layer.dropout.sample', (args, original) => {
      const y = now(original, args).y as Plain; // so says the contract
      return {
        y: like(y, (v, i) => (i < 8192 ? v : ((args.x as Plain).data[i] ?? 0) / (1 - (args.dropRate as number)))),
      };
    }),
  },
  {
    id: 'edge/dropout-thousand',
    says: 'numbers behind the 1,024th are never dropped',
    killedBy: ['dropout/values'],
    plant: at('layer.dropout.train', (args, original) => {
      const y = now(original, args).y as Plain; // so says the contract
      return { y: like(y, (v, i) => (i >= 1024 && v === 0 ? 1 + Math.abs((args.x as Plain).data[i] ?? 0) : v)) };
    }),
  },
  {
    id: 'edge/dropout-backward-thousand',
    says: 'cotangents of more than a thousand numbers are off',
    killedBy: ['dropout/backward'],
    plant: sometimes('layer.dropout.train_vjp', many('x', 1000)),
  },
  {
    id: 'edge/stack-fourth-biases',
    says: 'the visible biases of the fourth machine of a stack start from those of the third',
    killedBy: ['rbm/stack'],
    plant: machine(3, 'b', () => 0),
  },
  {
    id: 'edge/stack-fourth-weights',
    says: 'the fourth machine of a stack has the weights of the third where they are as many',
    killedBy: ['rbm/stack'],
    plant: at('rbm.rbm.stack', (args, original) => {
      const answer = now(original, args);
      const w = answer.w as readonly Plain[]; // so says the contract
      return { ...answer, w: w.map((t, i) => (i === 3 && w[2]?.shape.join() === t.shape.join() ? w[2] : t)) };
    }),
  },
  {
    id: 'edge/stack-third-touched',
    says: 'a fourth machine changes the third',
    killedBy: ['rbm/stack'],
    plant: at('rbm.rbm.stack', (args, original) => {
      const answer = now(original, args);
      const c = answer.c as readonly Plain[]; // so says the contract
      return { ...answer, c: c.map((t, i) => (i === 2 && c.length === 4 ? like(t, (v) => v + 1 / 8) : t)) };
    }),
  },
  {
    id: 'edge/fit-step-17',
    says: 'training is off from the seventeenth step on',
    killedBy: ['train/composition'],
    plant: behind('training.network.fit', 16),
  },
  {
    id: 'edge/step-gamma-0',
    says: 'a fall to nothing comes a step early',
    killedBy: ['schedule/value'],
    plant: at('schedule.step.factor', (args, original) => {
      const h = args.hyper as Readonly<Record<string, number>>;
      const factor = now(original, args).factor as Plain;
      const steps = args.steps as readonly number[];
      return { factor: like(factor, (v, i) => (h.gamma === 0 && steps[i] === h.every ? 0 : v)) };
    }),
  },
  {
    id: 'edge/ema-decay-0',
    says: 'a mean of weights without a memory is taken for the usual one',
    killedBy: ['wrapper/mean-of-weights'],
    plant: otherwise('wrapper.ema.run', hyper('decay', 0), () => ({ hyper: {} })),
  },
  {
    id: 'edge/sam-rho-0',
    says: 'a probe of no distance is taken for the usual one',
    killedBy: ['wrapper/worst-nearby'],
    plant: otherwise('wrapper.sam.probe', hyper('rho', 0), () => ({ hyper: {} })),
  },
];
