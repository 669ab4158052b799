// Faults of purity: calls that write, remember, or hand out what is not theirs.
import type { Args, Plain } from '../contract.ts';
import type { Port } from '../port.ts';
import { at, changed, list, type Mutant, now, plain, u } from './plant.ts';

const beyond =
  (limit: number) =>
  (args: Args): boolean =>
    (args.limit as number) > limit;
/** Entries that have nothing to do for some arguments, with what they give and what they take. */
const HANDED: readonly (readonly [
  what: string,
  entry: string,
  gives: string,
  takes: string,
  when: (a: Args) => boolean,
])[] = [
  ['clip-norm', 'clip.by_norm.apply', 'gradients', 'gradients', beyond(2 ** 10)],
  ['clip-value', 'clip.by_value.apply', 'gradients', 'gradients', beyond(2 ** 10)],
  ['max-norm', 'regulariser.max_norm.project', 'w', 'w', beyond(2 ** 10)],
  ['constrain', 'regulariser.max_norm.constrain', 'params', 'params', beyond(2 ** 10)],
  ['dropout-eval', 'layer.dropout.eval', 'y', 'x', () => true],
  ['dropout-0', 'layer.dropout.train', 'y', 'x', (a) => a.dropRate === 0],
  ['rbm-fit', 'rbm.rbm.fit', 'w', 'w', (a) => a.epochs === 0],
];
const batchesOf = (args: Args): readonly Plain[] =>
  (args.batches as readonly { readonly x: Plain; readonly y: Plain }[]).flatMap(({ x, y }) => [x, y]);
/** Entries that overwrite some of what they take. */
const WRITERS: readonly (readonly [what: string, entry: string, tensors: (a: Args) => readonly Plain[]])[] = [
  ['wrapper', 'wrapper.lookahead.run', (a) => list(a, 'params')],
  ['sam', 'wrapper.sam.probe', (a) => list(a, 'gradients')],
  ['clip', 'clip.by_global_norm.apply', (a) => list(a, 'gradients')],
  ['rates', 'optimizer.adamw.run_with_rates', (a) => list(a, 'params')],
  ['l2', 'regulariser.l2.gradient', (a) => [plain(a, 'w')]],
  ['penalty', 'regulariser.l1.penalty', (a) => list(a, 'params')],
  ['dropout', 'layer.dropout.train_vjp', (a) => [plain(a, 'dy')]],
  ['dropout-sample', 'layer.classic_dropout.sample', (a) => [plain(a, 'x')]],
  ['cd', 'rbm.rbm.cd', (a) => [plain(a, 'v')]],
  ['rbm-energy', 'rbm.rbm.energy', (a) => [plain(a, 'h')]],
  ['rbm-stack', 'rbm.rbm.stack', (a) => [plain(a, 'x')]],
  ['pretrain', 'rbm.rbm.pretrain', (a) => list(a, 'params')],
  ['fit', 'training.network.fit', batchesOf],
  ['fit-resumed', 'training.network.fit_resumed', (a) => list(a, 'params')],
  ['lsuv', 'training.network.lsuv', (a) => list(a, 'params')],
  ['exported', 'training.network.exported_output', (a) => [plain(a, 'x')]],
  ['slopes', 'diagnosis.network.slopes', (a) => list(a, 'params')],
  ['signals', 'diagnosis.network.signals', (a) => [plain(a, 'x')]],
  ['symmetry', 'diagnosis.network.symmetry', (a) => list(a, 'params')],
  ['predict', 'perceptron.perceptron.predict', (a) => [plain(a, 'w')]],
  ['refutation', 'perceptron.perceptron.refutation', (a) => [plain(a, 'x')]],
  ['quantile', 'initializer.he_normal.from_uniforms', (a) => [plain(a, 'u')]],
];
/** Entries with a memory that they should not have, and what it shows in. */
const REMEMBERS: readonly (readonly [what: string, entry: string, gives: string])[] = [
  ['schedule', 'schedule.cosine.factor', 'factor'],
  ['slopes', 'diagnosis.network.slopes', 'slopes'],
  ['signals', 'diagnosis.network.signals', 'variances'],
  ['free-energy', 'rbm.rbm.free_energy', 'energy'],
  ['evaluations', 'training.network.fit_watched', 'evaluations'],
  ['mistake-bound', 'perceptron.perceptron.mistake_bound', 'bound'],
  ['clip', 'clip.by_value.apply', 'gradients'],
  ['weight-average', 'wrapper.ema.run', 'evaluated'],
];

export const purityMutants: readonly Mutant[] = [
  {
    id: 'optimizer/overwrites-gradients',
    says: 'scales the gradients in place',
    bug: 'mxnet #15768',
    killedBy: ['purity/arguments-unchanged'],
    plant: at('optimizer.adam.run', (args, original) => {
      const answer = now(original, args);
      for (const g of (args.gradients as readonly (readonly Plain[])[]).flat()) (g.data as number[])[0] = 0; // the fault
      return answer;
    }),
  },
  {
    id: 'dense/remembers',
    says: 'adds what it saw last time',
    bug: 'xformers #173',
    killedBy: ['purity/deterministic'],
    plant: (port) => {
      let calls = 0;
      return changed('layer.dense.forward', 'y', (v) => v + u * calls++)(port);
    },
  },
  {
    id: 'identity/hands-back-its-input',
    says: 'returns the array it was given',
    bug: 'PyTorch #196083',
    killedBy: ['purity/answers-apart'],
    plant: at('activation.identity.forward', (args) => ({ y: args.x })),
  },
  ...HANDED.map(
    ([what, entry, field, taken, when]): Mutant => ({
      id: `${what}/hands-back-its-input`,
      says: `gives back what it was given where there is nothing to do: ${entry}`,
      bug: 'PyTorch #196083',
      killedBy: ['purity/answers-apart'],
      plant: at(entry, (args, original) => ({
        ...now(original, args),
        ...(when(args) ? { [field]: args[taken] } : {}),
      })),
    }),
  ),
  ...WRITERS.map(
    ([what, entry, tensors]): Mutant => ({
      id: `${what}/writes-to-its-input`,
      says: `works in place: ${entry}`,
      bug: 'mxnet #15768',
      killedBy: ['purity/arguments-unchanged'],
      plant: at(entry, (args, original) => {
        const answer = now(original, args);
        for (const t of tensors(args)) (t.data as number[])[0] = 0; // the fault
        return answer;
      }),
    }),
  ),
  ...REMEMBERS.map(
    ([what, entry, field]): Mutant => ({
      id: `${what}/remembers`,
      says: `an answer differs from that of the same call before: ${entry}`,
      bug: 'xformers #173',
      killedBy: ['purity/deterministic'],
      plant: (port: Port) => {
        let calls = 0;
        return at(entry, (args, original) => {
          const answer = now(original, args);
          calls++;
          const moved = (value: unknown): unknown =>
            typeof value === 'number'
              ? value + calls
              : Array.isArray(value)
                ? value.map(moved)
                : { ...(value as Plain), data: Array.from((value as Plain).data, (v) => v + calls) }; // what entries give
          return { ...answer, [field]: moved(answer[field]) };
        })(port);
      },
    }),
  ),
];
