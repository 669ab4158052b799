// The published rule of an optimizer, line by line at 64 digits: what its trajectory must be, independent of the program.
import type { Matrix } from 'mathjs';
import { type Hyper, type Optimizer, optimizerRow } from '../../src/index.ts';
import type { Values } from '../arbitraries.ts';
import { type Big, big, exact, math, ZERO } from './exact.ts';
import { evaluate, evaluateAny } from './formula.ts';

/** Open-loop training: start, gradients by step and leaf, hyper-parameters. */
export interface Run {
  readonly params: readonly Values[];
  /** [step][leaf] */
  readonly gradients: readonly (readonly Values[])[];
  readonly hyper: Hyper;
}

type Names = Record<string, Big>;

/** One tensor in the making: what its elements hold, and the matrices that lines have made of it. */
interface Leaf {
  readonly shape: readonly number[];
  readonly elements: Names[];
  matrices: Record<string, Matrix>;
}

const LINE = /^(\w+) = (?:(leaf|total|matrix)\((.*)\)|(.*))$/;

const names = (text: string): readonly string[] => [...text.matchAll(/[A-Za-z_]\w*/g)].map(([n]) => n);

/** A name of a leaf as a whole matrix, where it is one. */
const asMatrix = (leaf: Leaf, name: string, shared: Names): Matrix | Big | undefined => {
  const made = leaf.matrices[name];
  if (made !== undefined) return made;
  const first = leaf.elements[0]?.[name];
  if (first === undefined) return shared[name];
  const [rows = 1, columns = 1] = leaf.shape;
  return math.matrix(
    Array.from({ length: rows }, (_, i) =>
      Array.from({ length: columns }, (_2, j) => leaf.elements[i * columns + j]?.[name] ?? ZERO),
    ),
  );
};

/** A line that computes with whole matrices. */
const matrixLine = (leaf: Leaf, name: string, text: string, shared: Names): void => {
  const scope: Record<string, Matrix | Big> = {};
  for (const n of names(text)) {
    const value = asMatrix(leaf, n, shared);
    if (value !== undefined) scope[n] = value;
  }
  const made = evaluateAny(text, scope) as Matrix; // the line says so
  leaf.matrices[name] = made;
  const [rows = 1, columns = 1] = leaf.shape;
  const [r, c] = made.size();
  if (r !== rows || c !== columns) return; // a square beside it, or its transpose: for further matrix lines only
  leaf.elements.forEach((e, i) => {
    e[name] = made.get([Math.floor(i / columns), i % columns]) as Big;
  });
};

/** One line, done to every leaf before the next line begins. */
const doLine = (line: string, leaves: readonly Leaf[], shared: Names): void => {
  const [, name = '', how, inner = '', plain = ''] = line.match(LINE) ?? [];
  const over = (leaf: Leaf, text: string): Big =>
    leaf.elements.map((e) => evaluate(text, { ...shared, ...e })).reduce((a, b) => a.plus(b), ZERO);
  if (how === 'total') shared[name] = leaves.map((leaf) => over(leaf, inner)).reduce((a, b) => a.plus(b), ZERO);
  else if (how === 'matrix') for (const leaf of leaves) matrixLine(leaf, name, inner, withSizes(leaf, shared));
  else if (name in shared) shared[name] = evaluate(plain, { ...leaves[0]?.elements[0], ...shared });
  else
    for (const leaf of leaves) {
      const sum = how === 'leaf' ? over(leaf, inner) : null;
      delete leaf.matrices[name];
      for (const e of leaf.elements) e[name] = sum ?? evaluate(plain, { ...withSizes(leaf, shared), ...e });
    }
};

const withSizes = ({ shape }: Leaf, shared: Names): Names => ({
  ...shared,
  rows: big(shape[0] ?? 1),
  columns: big(shape[1] ?? 1),
});

/** Square matrices of zeros beside a leaf. */
const startMatrices = (row: Optimizer, [rows = 1, columns = 1]: readonly number[]): Record<string, Matrix> =>
  Object.fromEntries(
    Object.entries(row.squares ?? {}).map(([name, side]) => {
      const n = side === 'rows' ? rows : columns;
      return [name, math.matrix(Array.from({ length: n }, () => new Array<Big>(n).fill(ZERO)))];
    }),
  );

const linesOf = (row: Optimizer, leaf: Leaf): readonly string[] =>
  leaf.shape.length === 2 ? row.recurrence : (row.vectors ?? row.recurrence);

/** Parameters after every step, [step][leaf][element]. */
export const recurrence = (
  name: string,
  { params, gradients, hyper }: Run,
): readonly (readonly (readonly Big[])[])[] => {
  const row = optimizerRow(name);
  const constants: Names = Object.fromEntries(
    Object.entries({ ...row.hyper, ...hyper }).map(([key, v]) => [key, exact(v)]),
  );
  const shared: Names = { ...constants, k: ZERO };
  for (const [slot, start] of Object.entries(row.shared ?? {})) shared[slot] = evaluate(start, constants);
  const leaves: readonly Leaf[] = params.map((p) => ({
    shape: p.shape,
    matrices: p.shape.length === 2 ? startMatrices(row, p.shape) : {},
    elements: p.data.map((v) => {
      const w = exact(v);
      const slots = Object.entries(row.slots).map(([s, start]) => [s, evaluate(start, { ...constants, w })] as const);
      return { w, ...Object.fromEntries(slots) };
    }),
  }));
  const groups = [...new Set(leaves.map((leaf) => linesOf(row, leaf)))].map((lines) => ({
    lines,
    leaves: leaves.filter((leaf) => linesOf(row, leaf) === lines),
  }));
  return gradients.map((gs, t) => {
    shared.k = big(t + 1);
    leaves.forEach((leaf, i) => {
      leaf.elements.forEach((e, j) => {
        e.g = exact(gs[i]?.data[j] ?? 0);
      });
    });
    for (const { lines, leaves: some } of groups) for (const line of lines) doLine(line, some, shared);
    for (const leaf of leaves) for (const e of leaf.elements) e.w = (e.w ?? ZERO).plus(e.delta ?? ZERO);
    return leaves.map((leaf) => leaf.elements.map((e) => e.w ?? ZERO));
  });
};
