// Faults of dropout by seed: the wrong share, masks that are shared, repeated or remembered.
import type { Args } from '../contract.ts';
import type { Port } from '../port.ts';
import { at, both, changed, type Fault, like, type Mutant, now, number, plain } from './plant.ts';

const BOTH = ['dropout', 'classic_dropout'] as const;
/** The same fault in both forms. */
const inBoth = (call: string, fault: Fault) => both(...BOTH.map((name) => at(`layer.${name}.${call}`, fault)));

/** A fault of dropout by seed: other arguments, the right answer to them. */
const asking = (f: (args: Args) => Args) =>
  inBoth('sample', (args, original) => now(original, { ...args, ...f(args) }));

/** Dropout by seed with a mask that is made from the right one. */
const remasked = (f: (dropped: readonly boolean[], shape: readonly number[], rate: number) => readonly boolean[]) =>
  at('layer.dropout.sample', (args, original) => {
    const x = plain(args, 'x');
    const rate = number(args, 'dropRate');
    const probe = now(original, { ...args, x: like(x, () => 1) });
    const dropped = f(
      Array.from(plain(probe, 'y').data, (v) => v === 0),
      x.shape,
      rate,
    );
    return { y: like(x, (v, i) => (dropped[i] || rate === 1 ? 0 : v / (1 - rate))) };
  });
const row = (i: number, shape: readonly number[]): number => i % (shape.at(-1) ?? 1);

/** Exactly as many as the rate says, chosen by the order of the right mask. */
const exactly = (dropped: readonly boolean[], rate: number): readonly boolean[] => {
  const most = Math.round(rate * dropped.length);
  const order = dropped
    .map((v, i) => [v ? 0 : 1, i] as const)
    .sort(([a, i], [b, j]) => a - b || i - j)
    .map(([, i]) => i);
  const chosen = new Set(order.slice(0, most));
  return dropped.map((_, i) => chosen.has(i));
};

export const sampledDropoutMutants: readonly Mutant[] = [
  {
    id: 'dropout/sampled-scale',
    says: 'divides by the rate where the mask comes from a seed',
    bug: 'lmjohns3/theanets #123',
    killedBy: ['dropout/sampled-values'],
    plant: changed('layer.dropout.sample', 'y', (v, _, a) => {
      const p = number(a, 'dropRate');
      return p === 0 || p === 1 ? v : (v * (1 - p)) / p;
    }),
  },
  {
    id: 'dropout/sampled-noise',
    says: 'perturbs what it keeps',
    bug: 'FluxML/Flux.jl dfacc9c82',
    killedBy: ['dropout/sampled-values', 'dropout/sampled-ends'],
    plant: changed('layer.dropout.sample', 'y', (v, i) => v * (1 + 2 ** -20 * ((i % 3) - 1))),
  },
  {
    id: 'dropout/keep-for-drop',
    says: 'keeps with the probability to drop, rescaled so that the mean is right',
    bug: 'gorgonia #399',
    killedBy: ['dropout/count'],
    plant: inBoth('sample', (args, original) => now(original, { ...args, dropRate: 1 - number(args, 'dropRate') })),
  },
  {
    id: 'dropout/polarity-by-seed',
    says: 'drops what it should keep, and rescales as if it did not',
    killedBy: ['dropout/count'],
    plant: remasked((dropped, _, p) => (p === 0 || p === 1 ? dropped : dropped.map((d) => !d))),
  },
  {
    id: 'dropout/a-quarter-for-a-fifth',
    says: 'drops a quarter more than it is asked to',
    killedBy: ['dropout/count'],
    plant: (port: Port) =>
      at('layer.dropout.sample', (args, original) => {
        const p = number(args, 'dropRate');
        const y = plain(now(original, { ...args, dropRate: Math.min(1, p * 1.25) }), 'y');
        const x = plain(args, 'x').data;
        return { y: like(y, (v, i) => (v === 0 ? 0 : (x[i] ?? 0) / (1 - p))) };
      })(port),
  },
  {
    id: 'dropout/all-dropped',
    says: 'never makes a mask: everything is dropped',
    bug: 'ooples/AiDotNet.Tensors #732',
    killedBy: ['dropout/count', 'dropout/seed', 'dropout/sampled-ends'],
    plant: changed('layer.dropout.sample', 'y', () => 0),
  },
  {
    id: 'dropout/none-dropped',
    says: 'never drops',
    killedBy: ['dropout/count', 'dropout/seed'],
    plant: remasked((dropped) => dropped.map(() => false)),
  },
  {
    id: 'dropout/sampled-mask-of-x',
    says: 'draws anew for negative numbers',
    killedBy: ['dropout/mask-of-key'],
    plant: at('layer.dropout.sample', (args, original) => {
      const other = plain(now(original, { ...args, seed: number(args, 'seed') + 1 }), 'y').data;
      return {
        y: like(plain(now(original, args), 'y'), (v, i) => ((plain(args, 'x').data[i] ?? 0) < 0 ? (other[i] ?? 0) : v)),
      };
    }),
  },
  {
    id: 'dropout/seed-ignored',
    says: 'draws from a seed of its own, always the same',
    bug: 'apache/mxnet #17547, #19209',
    killedBy: ['dropout/seed', 'dropout/fresh-masks'],
    plant: asking(() => ({ seed: 7 })),
  },
  {
    id: 'dropout/seed-zero',
    says: 'seed || fresh: 0 is not honoured',
    bug: 'apache/mxnet #19209',
    killedBy: ['dropout/seed'],
    plant: (port) => {
      let fresh = 1000;
      return asking((a) => ({ seed: number(a, 'seed') || fresh++ }))(port);
    },
  },
  {
    id: 'dropout/history',
    says: 'the mask depends on how many were drawn before',
    bug: 'apache/mxnet #16705, xformers #173',
    killedBy: ['dropout/seed', 'dropout/mask-of-key'],
    plant: (port) => {
      let drawn = 0;
      return asking((a) => ({ seed: number(a, 'seed') + 3 * drawn++ }))(port);
    },
  },
  {
    id: 'dropout/same-every-step',
    says: 'draws one mask for the whole training',
    bug: 'Paddle #7796, keras #20656',
    killedBy: ['dropout/fresh-masks', 'dropout/seed'],
    plant: asking(() => ({ step: 1 })),
  },
  {
    id: 'dropout/same-every-layer',
    says: 'gives all layers one mask',
    killedBy: ['dropout/fresh-masks', 'dropout/seed'],
    plant: asking(() => ({ place: 0 })),
  },
  {
    id: 'dropout/every-other-step',
    says: 'has two masks that take turns',
    killedBy: ['dropout/fresh-masks'],
    plant: asking((a) => ({ step: number(a, 'step') % 2 })),
  },
  {
    id: 'dropout/step-of-8-bits',
    says: 'repeats itself after 256 steps',
    killedBy: ['dropout/fresh-masks'],
    plant: asking((a) => ({ step: number(a, 'step') & 255 })),
  },
  {
    id: 'dropout/step-of-16-bits',
    says: 'repeats itself after 65,536 steps',
    killedBy: ['dropout/fresh-masks'],
    plant: asking((a) => ({ step: number(a, 'step') & 65_535 })),
  },
  {
    id: 'dropout/step-plus-layer',
    says: 'adds step and layer: a layer repeats the mask of the layer above it one step late',
    killedBy: ['dropout/fresh-masks'],
    plant: asking((a) => ({ step: number(a, 'step') + number(a, 'place'), place: 0 })),
  },
  {
    id: 'dropout/seed-plus-step',
    says: 'adds seed and step: the next seed repeats all masks one step late',
    killedBy: ['dropout/fresh-masks'],
    plant: asking((a) => ({ seed: number(a, 'seed') + number(a, 'step'), step: 1 })),
  },
  {
    id: 'dropout/seed-plus-layer',
    says: 'adds seed and layer',
    killedBy: ['dropout/fresh-masks'],
    plant: asking((a) => ({ seed: number(a, 'seed') + number(a, 'place'), place: 0 })),
  },
  {
    id: 'dropout/opposite-step',
    says: 'keeps at every other step what it dropped before',
    killedBy: ['dropout/fresh-masks'],
    plant: at('layer.classic_dropout.sample', (args, original) => {
      const step = number(args, 'step');
      const y = plain(now(original, { ...args, step: step - (step % 2) }), 'y');
      const x = plain(args, 'x').data;
      return { y: step % 2 === 0 ? y : like(y, (v, i) => (v === 0 ? (x[i] ?? 0) : 0)) };
    }),
  },
  {
    id: 'dropout/rows-alike',
    says: 'stretches the mask of a row over all of them',
    killedBy: ['dropout/independent', 'dropout/counts-vary'],
    plant: remasked((dropped, shape) => dropped.map((_, i) => dropped[row(i, shape)] ?? false)),
  },
  {
    id: 'dropout/columns-alike',
    says: 'drops whole rows',
    killedBy: ['dropout/independent', 'dropout/counts-vary'],
    plant: remasked((dropped, shape) => dropped.map((_, i) => dropped[i - row(i, shape)] ?? false)),
  },
  {
    id: 'dropout/channels-alike',
    says: 'stretches the mask over the middle axis',
    killedBy: ['dropout/independent'],
    plant: remasked((dropped, shape) => {
      const [, channels = 1, width = 1] = shape;
      return dropped.map(
        (_, i) => dropped[Math.floor(i / (channels * width)) * channels * width + (i % width)] ?? false,
      );
    }),
  },
  {
    id: 'dropout/period-256',
    says: 'repeats its mask after 256 numbers',
    killedBy: ['dropout/independent'],
    plant: remasked((dropped) => dropped.map((_, i) => dropped[i % 256] ?? false)),
  },
  {
    id: 'dropout/in-pairs',
    says: 'drops neighbours together',
    killedBy: ['dropout/independent'],
    plant: remasked((dropped) => dropped.map((_, i) => dropped[i - (i % 2)] ?? false)),
  },
  {
    id: 'dropout/exact-rows',
    says: 'drops exactly the same number in every row',
    killedBy: ['dropout/counts-vary'],
    plant: remasked((dropped, shape, p) => {
      const width = shape.at(-1) ?? 1;
      return Array.from({ length: dropped.length / width }, (_, r) =>
        exactly(dropped.slice(r * width, (r + 1) * width), p),
      ).flat();
    }),
  },
  {
    id: 'dropout/exact-step',
    says: 'drops exactly the same number at every step',
    killedBy: ['dropout/counts-vary'],
    plant: remasked((dropped, _, p) => exactly(dropped, p)),
  },
];
