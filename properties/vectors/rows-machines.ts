// Rows of the machines that came first: refutations that are the only one, and biases before any training.
import fc from 'fast-check';
import { filled } from '../arbitraries.ts';
import { logits, share } from '../laws/machines.ts';
import { signed, type Task, task, truth } from '../laws/samples.ts';
import { certifies, listsOf } from '../oracle/perceptron.ts';
import { FORMATS } from '../tolerance.ts';
import { about, plainly } from './case.ts';
import { declared, type Question, type Row } from './row.ts';

/** Four whole-numbered samples or fewer in two features. */
const samples: fc.Arbitrary<Task> = fc
  .array(fc.tuple(fc.integer({ min: -2, max: 2 }), fc.integer({ min: -2, max: 2 }), fc.constantFrom(0, 1)), {
    minLength: 1,
    maxLength: 4,
  })
  .map((all) =>
    task(
      all.map(([a, b]) => [a, b]),
      all.map(([, , y]) => y),
    ),
  );

/** The one certificate with multipliers up to `most`, none where there is none, null where there are several. */
const onlyOne = (t: Task, most: number): readonly number[] | null => {
  const all = listsOf(t.y.data.length, most).filter((alpha) => certifies(alpha, signed(t)));
  return all.length > 1 ? null : (all[0] ?? []);
};

export const machineRows: readonly Row[] = [
  {
    id: 'vectors/refutation',
    says: 'the only certificate that no line separates the samples, found by trying all; an empty list where there is none',
    source: 'Farkas 1902; Gordan 1873',
    entries: declared('perceptron.perceptron.refutation'),
    asks: (_port, _entry, draw) =>
      [...Array.from({ length: 16 }, (_, code) => truth(code)), ...draw(samples, 40)].flatMap(
        (t, i): readonly Question[] => {
          const most = 1 + (i % 2);
          const alpha = onlyOne(t, most);
          return alpha === null ? [] : [{ args: { x: t.x, y: t.y, most }, known: { alpha: plainly(alpha) } }];
        },
      ),
  },
  {
    id: 'vectors/first-biases',
    says: 'before its first step a machine has the logits of its data for visible biases, and zeros for hidden ones, whatever the seed',
    source: 'Hinton 2010, §8.1',
    entries: declared('rbm.rbm.start'),
    asks: ({ dtype }, _entry, draw) =>
      draw(fc.record({ x: filled([5, 4], share), hidden: fc.integer({ min: 1, max: 4 }), seed: fc.nat(1000) }), 20).map(
        (args) => {
          const { values, allowed } = logits(args.x, FORMATS[dtype].u);
          const b = { shape: [values.length], data: values.map((e) => e.value) };
          return {
            args,
            known: {
              b: about(b, values, allowed, dtype),
              c: plainly({ shape: [args.hidden], data: new Array<number>(args.hidden).fill(0) }),
            },
          };
        },
      ),
  },
  {
    id: 'vectors/stack-at-rest',
    says: 'with a rate of 0 no machine of a stack moves: every hidden bias stays 0',
    entries: declared('rbm.rbm.stack'),
    asks: (_port, _entry, draw) =>
      draw(
        fc.record({
          x: filled([4, 3], share),
          units: fc.array(fc.integer({ min: 1, max: 4 }), { minLength: 1, maxLength: 3 }),
          epochs: fc.integer({ min: 1, max: 2 }),
          size: fc.constantFrom(2, 4),
          seed: fc.nat(1000),
        }),
        10,
      ).map((args) => ({
        args: { ...args, lr: 0 },
        known: { c: plainly(args.units.map((n) => ({ shape: [n], data: new Array<number>(n).fill(0) }))) },
      })),
  },
];
