// Where every stored value lies in one arena: what comes in and goes out for good, the rest as long as it is needed.
import type { Fused, Site } from './fuse.ts';
import type { Lowered, Value } from './lower.ts';
import { roomsOver } from './room.ts';

export interface Plan {
  /** Addresses in bytes; those of values that are not stored mean nothing. */
  readonly offset: readonly number[];
  /** First address behind the arena. */
  readonly end: number;
  /** Outputs that must be copied over their inputs when a step ends. */
  readonly copies: readonly { readonly from: number; readonly to: number }[];
  /** Most bytes that are alive at one time, the arena's lower bound. */
  readonly alive: number;
}

/** Vectors have 16 bytes; a value that starts where one does is loaded fastest. */
const ALIGN = 16;
/**
 * Places a multiple of 4096 bytes apart share the few lines of a cache, and loads wait for stores that seem to be at theirs; so
 * behind a large value a little is left free.
 */
const [LARGE, FREE] = [16384, 256];

interface Life {
  readonly v: number;
  readonly from: number;
  readonly to: number;
  readonly bytes: number;
}

/**
 * Output i takes the place of input i for the next step, for the first `state` of them. `width`: bytes of a number.
 * @source Pisarchyk & Lee 2020, §5 (greedy by size)
 */
export const plan = (
  { values, inputs, outputs }: Lowered,
  { groups, home, reads, stored }: Fused,
  state: number,
  width: number,
  base: number,
): Plan => {
  const bytesOf = (v: number): number => Math.ceil(((values[v] as Value).size * width) / ALIGN) * ALIGN; // in range
  const roomOf = (v: number): number => bytesOf(v) + (bytesOf(v) < LARGE ? 0 : FREE);
  const site = (v: number): Site => home[v] as Site; // one each
  const offset: number[] = [];
  let top = base;
  let lasting = 0;
  const pin = (v: number): void => {
    offset[v] = top;
    top += roomOf(v);
    lasting += bytesOf(v);
  };
  inputs.forEach(pin);
  /** Whether an input is read for the last time where an output is written, place by place, or before. */
  const mayOverwrite = (out: number, input: number): boolean => {
    const { group, turn } = site(out);
    const kind = values[out]?.kind;
    return (
      kind === 'each' &&
      groups[group]?.kind === 'nest' &&
      readsPlaceByPlace(values[out] as Value, input) &&
      (reads[input] ?? []).every((s) => s.group < group || (s.group === group && s.turn === turn))
    );
  };
  /** One that is read at the same place only; through values that float, which read nothing at other places either. */
  const readsPlaceByPlace = (value: Value, input: number): boolean =>
    value.kind !== 'each' || value.reads.every((r, i) => r !== input || value.roles[i] === 'full');
  const copies: { from: number; to: number }[] = [];
  outputs.forEach((out, i) => {
    const input = i < state ? inputs[i] : undefined;
    if (out === input) return;
    if (input !== undefined && mayOverwrite(out, input)) {
      offset[out] = offset[input] as number; // pinned above
      return;
    }
    pin(out);
    if (input !== undefined) copies.push({ from: out, to: input });
  });
  const lives: Life[] = [];
  for (const v of values.keys()) {
    if (!stored[v] || offset[v] !== undefined) continue;
    const from = site(v).group;
    const to = (reads[v] ?? []).reduce((last, s) => Math.max(last, s.group), from);
    lives.push({ v, from, to, bytes: roomOf(v) });
  }
  const roomFor = roomsOver(groups.length);
  let end = top;
  for (const { v, from, to, bytes } of lives.sort((a, b) => b.bytes - a.bytes || a.v - b.v)) {
    const at = roomFor(from, to, bytes, top);
    offset[v] = at;
    end = Math.max(end, at + bytes);
  }
  /** What more, or less, is alive from a group on. */
  const change = groups.map(() => 0);
  for (const { from, to, bytes } of lives) {
    change[from] = (change[from] ?? 0) + bytes;
    if (to + 1 < groups.length) change[to + 1] = (change[to + 1] ?? 0) - bytes;
  }
  let [alive, most] = [0, 0];
  for (const more of change) {
    alive += more;
    most = Math.max(most, alive);
  }
  return { offset, end, copies, alive: lasting + most };
};
