// Nested records and lists of values: leaves in a fixed order, and a map that throws on any mismatch of structure.
import { ShapeError } from './errors.ts';

/**
 * A value, or lists and plain records of such. Whatever is neither is a leaf, so carriers are class instances or numbers.
 * Record keys are visited in sorted order, whatever their birth order.
 */
export type Tree<T> = T | readonly Tree<T>[] | { readonly [name: string]: Tree<T> };

type Branch<T> = readonly Tree<T>[] | { readonly [name: string]: Tree<T> };

const isList = <T>(branch: Branch<T>): branch is readonly Tree<T>[] => Array.isArray(branch);

const isBranch = <T>(tree: Tree<T>): tree is Branch<T> =>
  Array.isArray(tree) ||
  (tree !== null && typeof tree === 'object' && Object.getPrototypeOf(tree) === Object.prototype);

/** The leaves, and how to put others in their places. */
export interface Flat<T> {
  readonly leaves: readonly T[];
  /** One path per leaf, as `0/w`. */
  readonly paths: readonly string[];
  /** @throws ShapeError when the number of leaves differs */
  readonly build: <U>(leaves: readonly U[]) => Tree<U>;
}

/** Takes a tree apart. Leaves are everything that is neither an array nor a plain record. */
export const flatten = <T>(tree: Tree<T>): Flat<T> => {
  const leaves: T[] = [];
  const paths: string[] = [];
  const walk = (node: Tree<T>, path: string): void => {
    if (!isBranch(node)) {
      leaves.push(node as T); // not a branch, hence a leaf: TypeScript cannot exclude T being an array itself
      paths.push(path);
    } else if (isList(node))
      node.forEach((child, i) => {
        walk(child, path ? `${path}/${i}` : `${i}`);
      });
    else for (const [name, child] of sorted(node)) walk(child, path ? `${path}/${name}` : name);
  };
  walk(tree, '');
  const build = <U>(next: readonly U[]): Tree<U> => {
    if (next.length !== leaves.length)
      throw new ShapeError(`build: the tree has ${leaves.length} leaves, got ${next.length}`);
    let i = 0;
    const make = (node: Tree<T>): Tree<U> => {
      if (!isBranch(node)) return next[i++] as U; // the length was checked above
      return isList(node)
        ? node.map(make)
        : Object.fromEntries(sorted(node).map(([name, child]) => [name, make(child)]));
    };
    return make(tree);
  };
  return { leaves, paths, build };
};

const sorted = <T>(node: { readonly [name: string]: Tree<T> }): readonly (readonly [string, Tree<T>])[] =>
  Object.entries(node).sort(([a], [b]) => (a < b ? -1 : 1)); // no name comes twice
