// The sealed mode under test: an operation that writes into its input dies by it, whichever operation it is.
import { afterAll, describe, expect, test } from 'vitest';
import { OP_NAMES, type Op, ROWS, reading, scalar, Tensor, uniform, vjp } from '../src/index.ts';
import { watchBirths } from '../src/internal.ts';
import { sealBirths } from './seal.ts';

const registry = sealBirths(); // in place of that of the other tests, whose inputs nobody may touch
afterAll(() => watchBirths({ seal: (out) => out, born: () => {} }));

/** The engine with one fault: the kernel of one row writes into its first argument. */
const writing = (culprit: string) =>
  reading<Tensor>({ shape: (x) => x.shape, lit: scalar }, (row: Op, xs, p, name) => {
    const shapes = xs.map((x) => x.shape);
    const shape = row.shape(shapes, p, name);
    return Tensor.build(shape, (out) => {
      const ins = xs.map((x) => x.view);
      row.kernel(out, ins, p, shapes, shape);
      if (name === culprit) (ins[0] as unknown as Float64Array)[0] = 9; // the fault: a view is read-only by type alone
    });
  });

describe('a kernel that writes into its input is found', () => {
  for (const name of OP_NAMES)
    test(name, () => {
      const row = ROWS[name];
      const shapes = row.args.map(() => (row.kind === 'draw' ? [] : [2, 2]));
      const xs = shapes.map((s, i) => uniform([3, i], s));
      const apply = (culprit: string): Tensor =>
        (writing(culprit)[name] as (...a: unknown[]) => Tensor)(...xs, row.sample(shapes));
      apply('none');
      expect(registry.broken(), 'the engine as it is').toEqual([]);
      const again = shapes.map((s, i) => uniform([3, i], s));
      (writing(name)[name] as (...a: unknown[]) => Tensor)(...again, row.sample(shapes));
      expect(registry.broken()).toContain(again[0]);
    });
});

test('so is one that does it on the way back', () => {
  const x = uniform([1, 2], [3]);
  const { pull } = vjp((o, [a]) => o.mul(a as NonNullable<typeof a>, a as NonNullable<typeof a>), writing('mul'), [x]);
  pull(Tensor.from([3], [1, 1, 1]));
  expect(registry.broken()).toContain(x);
});

test('so is one long after others, and one that is changed before many more are born', () => {
  const born = (n: number): readonly Tensor[] => Array.from({ length: n }, (_, i) => scalar(i));
  const change = (t: Tensor | undefined): void => {
    (t?.view as unknown as Float64Array)[0] = -1; // the fault
  };
  const first = born(10);
  const many = born(20_000);
  const last = born(10);
  const later = many.slice(6000, 6064); // thousands of others have come since
  for (const t of [first[3], ...later, many[19_000], last[5]]) change(t);
  const large = Tensor.build([5000], () => {});
  born(20_000);
  change(large);
  const broken = new Set(registry.broken());
  const found = later.filter((t) => broken.delete(t));
  expect(found.length, 'one in sixteen is watched for life').toBe(4);
  expect(broken).toEqual(new Set([first[3], many[19_000], last[5], large]));
  expect(registry.broken(), 'each is told once').toEqual([]);
});
