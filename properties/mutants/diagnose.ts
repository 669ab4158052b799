// Faults of a diagnosis: norms that are none, verdicts of the wrong layer, counts that miss.

import type { Args } from '../contract.ts';
import { at, both, like, type Mutant, now, number, plain } from './plant.ts';

const numbers = (args: Args, name: string): readonly number[] => args[name] as readonly number[]; // parsed by the contract
/** The right answer of a call with some of its lists changed. */
const call = (name: 'slopes' | 'signals' | 'symmetry', change: (answer: Args, args: Args) => Args) =>
  at(`diagnosis.network.${name}`, (args, original) => {
    const answer = now(original, args);
    return { ...answer, ...change(answer, args) };
  });
const each = (field: string, f: (v: number, i: number, all: readonly number[]) => number) => (answer: Args) => ({
  [field]: numbers(answer, field).map(f),
});

export const diagnoseMutants: readonly Mutant[] = [
  {
    id: 'diagnose/ratio-of-weights',
    says: 'takes the ratio one layer too late',
    killedBy: ['diagnose/linear-chain', 'diagnose/scaling-up'],
    plant: call(
      'slopes',
      each('ratios', (_v, i, all) => all[Math.min(i + 1, all.length - 1)] ?? 1),
    ),
  },
  {
    id: 'diagnose/verdict-flipped',
    says: 'calls what explodes vanishing',
    killedBy: ['diagnose/linear-chain', 'diagnose/depth-50'],
    plant: call('slopes', (answer) => ({
      verdicts: (answer.verdicts as readonly string[]).map((v) =>
        v === 'exploding' ? 'vanishing' : v === 'vanishing' ? 'healthy' : v,
      ),
    })),
  },
  {
    id: 'diagnose/absolute-slopes',
    says: 'judges the slope itself instead of its ratio, so that the scale of the loss decides',
    killedBy: ['diagnose/loss-scale', 'diagnose/linear-chain'],
    plant: call('slopes', (answer) => ({ ratios: numbers(answer, 'slopes') })),
  },
  {
    id: 'diagnose/slope-grows',
    says: 'lets a slope pass sigmoids undiminished',
    killedBy: ['diagnose/sigmoid-chain'],
    plant: call('slopes', (answer, args) => ({
      ratios: numbers(answer, 'ratios').map((v) => v * 4 ** (args.layers as readonly unknown[]).length),
    })),
  },
  {
    id: 'diagnose/norm-of-sizes',
    says: 'adds up sizes where the root of the squares is due',
    killedBy: ['diagnose/norms'],
    plant: call(
      'slopes',
      each('parameters', (v, i) => (i === 0 ? (v * 7) / 5 : v)),
    ),
  },
  {
    id: 'diagnose/norm-overflows',
    says: 'squares before it scales: slopes above 2⁵¹¹ become infinite',
    killedBy: ['diagnose/norms'],
    plant: call(
      'slopes',
      each('slopes', (v) => Math.sqrt(v * v)),
    ),
  },
  {
    id: 'diagnose/overflow-is-exploding',
    says: 'calls a slope that is not finite exploding',
    killedBy: ['diagnose/not-finite'],
    plant: call('slopes', (answer) => ({
      verdicts: (answer.verdicts as readonly string[]).map((v) => (v === 'not finite' ? 'exploding' : v)),
    })),
  },
  {
    id: 'diagnose/overflow-is-healthy',
    says: 'asks whether the ratio is outside its limits, which NaN never is',
    killedBy: ['diagnose/not-finite'],
    plant: call('slopes', (answer) => ({
      verdicts: (answer.verdicts as readonly string[]).map((v) => (v === 'not finite' ? 'healthy' : v)),
    })),
  },
  {
    id: 'diagnose/dead-for-one',
    says: 'calls a unit dead that is off for the first sample',
    killedBy: ['diagnose/dead-units'],
    plant: at('diagnosis.network.signals', (args, original) => {
      const x = plain(args, 'x');
      const one = {
        shape: [1, ...x.shape.slice(1)],
        data: Array.from(x.data).slice(0, x.data.length / (x.shape[0] ?? 1)),
      };
      return { ...now(original, args), dead: now(original, { ...args, x: one }).dead };
    }),
  },
  {
    id: 'diagnose/unbiased-variance',
    says: 'divides the variance by n − 1',
    killedBy: ['diagnose/signals'],
    plant: call(
      'signals',
      each('variances', (v) => (v * 10) / 9),
    ),
  },
  {
    id: 'diagnose/saturation-at-99',
    says: 'counts saturation from 0.99 on',
    killedBy: ['diagnose/signals'],
    plant: at('diagnosis.network.signals', (args, original) => {
      const x = plain(args, 'x');
      // tanh(2.0923) is 0.97, tanh(2.6467) is 0.99
      const inside = like(x, (v) => (Math.abs(v) > 2.0923 && Math.abs(v) < 2.6467 ? 2 * Math.sign(v) : v));
      return { ...now(original, args), saturated: now(original, { ...args, x: inside }).saturated };
    }),
  },
  {
    id: 'diagnose/symmetry-ignores-what-leaves',
    says: 'compares incoming weights alone',
    killedBy: ['diagnose/symmetry'],
    plant: at('diagnosis.network.symmetry', (args, original) =>
      now(original, {
        ...args,
        params: (args.params as readonly { shape: number[]; data: number[] }[]).map((p, i) =>
          i === 2 ? like(p, () => 0) : p,
        ),
      }),
    ),
  },
  {
    id: 'diagnose/symmetry-never',
    says: 'finds all units different',
    killedBy: ['diagnose/symmetry'],
    plant: call('symmetry', (_answer, args) => ({
      distinct: [(args.params as readonly { shape: readonly number[] }[])[1]?.shape[0] ?? 0],
    })),
  },
  {
    id: 'diagnose/shifts-the-weights',
    says: 'leaves its mark on the weights it looked at',
    killedBy: ['diagnose/read-only'],
    plant: both(
      at('diagnosis.network.slopes', (args, original) => {
        const answer = now(original, args);
        const [w] = args.params as readonly { data: number[] }[];
        if (w !== undefined) w.data[0] = number({ v: w.data[0] }, 'v') + 1;
        return answer;
      }),
    ),
  },
];
