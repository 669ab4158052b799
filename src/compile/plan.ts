// Where every stored value lies in one arena: what comes in and goes out for good, the rest as long as it is needed.
import type { Fused, Site } from './fuse.ts';
import type { Lowered, Value } from './lower.ts';

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
    const to = Math.max(from, ...(reads[v] ?? []).map((s) => s.group));
    lives.push({ v, from, to, bytes: roomOf(v) });
  }
  const placed: (Life & { readonly at: number })[] = [];
  for (const life of lives.sort((a, b) => b.bytes - a.bytes || a.v - b.v)) {
    let at = top;
    const meeting = placed.filter((q) => q.from <= life.to && life.from <= q.to).sort((a, b) => a.at - b.at);
    for (const q of meeting) {
      if (at + life.bytes <= q.at) break;
      at = Math.max(at, q.at + q.bytes);
    }
    placed.push({ ...life, at });
    offset[life.v] = at;
  }
  const aliveAt = groups.map((_, k) => sum(lives.filter((l) => l.from <= k && k <= l.to).map((l) => bytesOf(l.v))));
  return {
    offset,
    end: Math.max(top, ...placed.map((q) => q.at + q.bytes)),
    copies,
    alive: lasting + Math.max(0, ...aliveAt),
  };
};

const sum = (xs: readonly number[]): number => xs.reduce((a, b) => a + b, 0);
