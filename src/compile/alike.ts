// Nests that differ in nothing but where their values lie, as layers make them: the code of one serves for all.
import type { Fused, Nest } from './fuse.ts';
import type { Lowered, Value } from './lower.ts';

/** Nests of equal code, and the values that lie elsewhere in each: the i-th of one is to its code what the i-th of another is. */
export interface Alike {
  readonly groups: readonly number[];
  readonly values: readonly (readonly number[])[];
}

/** Everything that the code of a nest depends on but addresses, and what has one. */
const described = (
  { values }: Lowered,
  { home, roles, stored }: Fused,
  nest: Nest,
  group: number,
  numberOf: (of: object) => number,
): { readonly key: string; readonly values: readonly number[] } => {
  const seen = new Map<number, number>();
  const addressed: number[] = [];
  const detail = (value: Value): string => {
    switch (value.kind) {
      case 'literal':
        return Object.is(value.value, -0) ? '-0' : String(value.value);
      case 'each':
        return `${numberOf(value.inner)} ${JSON.stringify(value.params)} ${value.roles}`;
      case 'fold':
        return `${value.how} ${value.along}`;
      default:
        return '';
    }
  };
  const told = (v: number): string => {
    const before = seen.get(v);
    if (before !== undefined) return `${before}`;
    seen.set(v, seen.size);
    const value = values[v] as Value; // in range
    if (stored[v]) addressed.push(v);
    const here = home[v]?.group === group;
    if (stored[v] && !here) return `there ${value.wide === true}`;
    const turn = here ? home[v]?.turn : '';
    return `${value.kind} ${detail(value)} ${turn} ${stored[v]} ${roles[v]} (${value.reads.map(told)})`;
  };
  const { direction, rows, columns, members } = nest;
  return { key: `${direction} ${rows} ${columns} ${members.map(told).join(';')}`, values: addressed };
};

/** The nests of which there are at least so many alike. */
export const alike = (lowered: Lowered, fused: Fused, least: number): readonly Alike[] => {
  const numbers = new Map<object, number>();
  const numberOf = (of: object): number => {
    const number = numbers.get(of) ?? numbers.size;
    numbers.set(of, number);
    return number;
  };
  const kinds = new Map<string, { groups: number[]; values: (readonly number[])[] }>();
  for (const [group, nest] of fused.groups.entries()) {
    if (nest.kind !== 'nest') continue;
    const { key, values } = described(lowered, fused, nest, group, numberOf);
    const kind = kinds.get(key) ?? { groups: [], values: [] };
    kind.groups.push(group);
    kind.values.push(values);
    kinds.set(key, kind);
  }
  return [...kinds.values()].filter(({ groups }) => groups.length >= least);
};
