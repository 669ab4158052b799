// Steps in parts that threads take from one another: who is free takes the next, and a step goes on when all are done.
import type { Fused, Group, Nest, Site } from './fuse.ts';
import type { Lowered, Value } from './lower.ts';
import { TICKET, WORDS } from './threads.ts';
import {
  add,
  and,
  atomicAdd,
  atomicExchange,
  atomicLoad,
  atomicStore,
  atomicWait,
  atomicWake,
  type Code,
  call,
  drop,
  eq,
  type Func,
  func,
  type I32,
  i32,
  isZero,
  type Locals,
  le,
  least,
  loopWhile,
  lt,
  mul,
  ne,
  or,
  seq,
  shrU,
  when,
} from './wasm.ts';

/** A group whose units are shared out: a function of the first of them, the one behind the last, and a scratch. */
export interface Shared {
  readonly units: number;
  /** Units of one part. */
  readonly size: number;
  readonly func: Func;
}

/** How often a thread looks before it goes to sleep: about a tenth of a millisecond, a wake-up costs half of that. */
const LOOKS = 50_000;
/** Nanoseconds after which the first thread looks again, whatever has become of the others. */
const NAP = 1_000_000;
/** After so many nanoseconds without anything to do a helper leaves a machine that rests. */
const PATIENCE = 50_000_000;

/** As many parts as a ticket can count. */
const MOST_PARTS = 255;
const MOST_GROUPS = 0x7fff;

/** Instructions for one number drawn, and for one moved. */
const [DRAWN, MOVED] = [30, 4] as const;
/** How many instructions on single numbers a group takes, about. */
export const effortOf = ({ values }: Lowered, group: Group): number => {
  const of = (v: number): number => {
    const it = values[v] as Value; // in range
    switch (it.kind) {
      case 'each':
        return it.size * (it.weight + 1);
      case 'fold':
        return it.rows * it.columns;
      case 'product':
        return it.size * it.k;
      case 'draw':
        return it.size * DRAWN;
      case 'gather':
        return it.size * MOVED;
      default:
        return 0;
    }
  };
  return group.kind === 'solo' ? of(group.member) : group.members.reduce((sum, v) => sum + of(v), 0);
};

/**
 * Nests of columns with what they keep of every place in nests of rows of their own, each before what is folded in the same
 * turn: threads that write stretches of the same rows would take lines of the cache from one another, long before the stretches
 * meet. What is not kept is computed again in either.
 */
export const rowsApart = ({ values }: Lowered, fused: Fused, isLarge: (g: Group) => boolean): Fused => {
  const { home, roles, stored } = fused;
  const turnOf = (v: number): number => home[v]?.turn ?? 0;
  const isKept = (v: number): boolean => stored[v] === true && values[v]?.kind === 'each' && roles[v] === 'full';
  const groups: Group[] = [];
  const moved: Site[] = [...home];
  /** Where the turns of groups are now, by "group turn". */
  const now = new Map<string, Site[]>();
  /** Members of a turn of group k join the last group, or begin another. */
  const put = (k: number, turn: number, own: readonly number[], group: Nest, joins: boolean): void => {
    const last = groups.at(-1);
    if (joins && last?.kind === 'nest') groups[groups.length - 1] = { ...last, members: [...last.members, ...own] };
    else groups.push({ ...group, members: own });
    const site = { group: groups.length - 1, turn };
    for (const v of own) moved[v] = site;
    now.set(`${k} ${turn}`, [...(now.get(`${k} ${turn}`) ?? []), site]);
  };
  fused.groups.forEach((g, k) => {
    if (g.kind === 'solo' || g.direction !== 'column' || !isLarge(g)) {
      const group = groups.push(g) - 1;
      for (const v of g.kind === 'solo' ? [g.member] : g.members) {
        const site = { group, turn: turnOf(v) };
        moved[v] = site;
        now.set(`${k} ${site.turn}`, [site]);
      }
      return;
    }
    let columns = false;
    for (const turn of [...new Set(g.members.map(turnOf))].sort((a, b) => a - b)) {
      const own = g.members.filter((v) => turnOf(v) === turn);
      const kept = own.filter(isKept);
      const rest = own.filter((v) => !isKept(v));
      const light = rest.filter((v) => stored[v] !== true);
      if (kept.length > 0) put(k, turn, [...kept, ...light], { ...g, direction: 'row' }, false);
      if (kept.length > 0) columns = false;
      if (rest.length === light.length) continue;
      put(k, turn, rest, g, columns);
      columns = true;
    }
  });
  const reads = fused.reads.map((sites) => sites.flatMap((s) => now.get(`${s.group} ${s.turn}`) ?? []));
  return { ...fused, groups, home: moved, reads };
};

/** Units in parts of equal size. Null where there is but one, or too many groups. */
export const sharedOut = (units: number, parts: number, groups: number): Pick<Shared, 'units' | 'size'> | null => {
  const size = Math.max(1, Math.ceil(units / Math.min(parts, MOST_PARTS)));
  return units > size && groups < MOST_GROUPS ? { units, size } : null;
};
/** How many parts a group has. */
export const countOf = ({ units, size }: Pick<Shared, 'units' | 'size'>): number => Math.ceil(units / size);

export interface Crew {
  readonly functions: readonly Func[];
  /** Code that does a group together; to be run by the first thread only. */
  readonly together: (group: number) => Code;
}

/**
 * What shares groups out. A ticket is one word: number of the group, of its parts, and of the part that is next; whoever
 * counts it up takes that part. The first thread takes parts as all do, so that a helper that is late costs nothing, and then waits
 * for those that others have taken. `words`: where the words of {@link WORDS} lie; helper h has the scratch behind that of the
 * first thread and of the helpers before it. `apart`: whether a part can be asked for from outside.
 */
export const crewOf = (
  groups: readonly Shared[],
  words: number,
  scratch: number,
  scratchBytes: number,
  apart: boolean,
): Crew => {
  const wordAt = (word: number): I32 => i32(words + 4 * word);
  const [ticket, done] = [wordAt(WORDS.ticket), wordAt(WORDS.done)];
  const [asleep, waiting] = [wordAt(WORDS.asleep), wordAt(WORDS.waiting)];
  const next = (word: I32): I32 => and(word, i32(0xff));
  const parts = (word: I32): I32 => and(shrU(word, i32(8)), i32(0xff));
  const part = func(apart ? 'part' : undefined, ['group', 'index', 'scratch'], (_, { group, index, scratch: own }) => {
    /** One of the groups from one to another, by halves. */
    const among = (from: number, to: number): Code => {
      const it = groups[from];
      if (it === undefined) return [];
      if (to - from === 1) {
        const first = mul(index.get, i32(it.size));
        return call(it.func, first, least(i32(it.units), add(first, i32(it.size))), own.get);
      }
      const middle = (from + to) >> 1;
      return when(lt(group.get, i32(middle)), among(from, middle), among(middle, to));
    };
    return among(0, groups.length);
  });
  /** Takes parts as long as there are any. `seen` is the ticket without any in the end. */
  const take = (l: Locals, own: I32, after: Code) => {
    const seen = l.i32();
    const there = lt(next(seen.get), parts(seen.get));
    const one = when(
      eq(atomicExchange(ticket, seen.get, add(seen.get, i32(1))), seen.get),
      seq(call(part, shrU(seen.get, i32(16)), next(seen.get), own), atomicAdd(done, i32(1)), after),
    );
    return { seen, code: loopWhile(seq(seen.set(atomicLoad(ticket)), when(there, one)), there) };
  };
  const together = func(undefined, ['word'], (l, { word }) => {
    const [looks, seen, isLate] = [l.i32(), l.i32(), l.i32()];
    return seq(
      atomicStore(done, i32(0)),
      atomicStore(ticket, word.get),
      when(atomicLoad(asleep), atomicWake(ticket)),
      take(l, i32(scratch), []).code,
      looks.set(i32(0)),
      loopWhile(
        seq(
          looks.set(add(looks.get, i32(1))),
          seen.set(atomicLoad(done)),
          isLate.set(and(lt(seen.get, parts(word.get)), isZero(atomicLoad(wordAt(WORDS.failed))))),
          // whoever does the last part may have lost its processor
          when(
            and(and(isLate.get, lt(i32(LOOKS), looks.get)), atomicLoad(wordAt(WORDS.patient))),
            seq(atomicStore(waiting, i32(1)), drop(atomicWait(done, seen.get, NAP)), atomicStore(waiting, i32(0))),
          ),
        ),
        isLate.get,
      ),
    );
  });
  const help = func('help', ['helper'], (l, { helper }) => {
    const [looks, stays] = [l.i32(), l.i32()];
    const present = add(i32(words + 4 * WORDS.present), mul(helper.get, i32(4)));
    const { seen, code } = take(
      l,
      add(i32(scratch), mul(add(helper.get, i32(1)), i32(scratchBytes))),
      seq(looks.set(i32(0)), atomicAdd(wordAt(WORDS.helped), i32(1)), when(atomicLoad(waiting), atomicWake(done))),
    );
    const sleep = seq(
      atomicAdd(asleep, i32(1)),
      // a machine that is at work is not left
      stays.set(or(ne(atomicWait(ticket, seen.get, PATIENCE), i32(2)), ne(seen.get, i32(TICKET.resting)))),
      atomicAdd(asleep, i32(-1)),
      looks.set(i32(0)),
    );
    const look = seq(
      code,
      looks.set(add(looks.get, i32(1))),
      stays.set(ne(seen.get, i32(TICKET.leave))),
      when(and(stays.get, lt(i32(LOOKS), looks.get)), sleep),
    );
    // who leaves looks once more: either it comes back, or it is called again
    const gone = seq(
      atomicStore(present, i32(0)),
      stays.set(le(i32(0), atomicLoad(ticket))),
      when(stays.get, stays.set(isZero(atomicExchange(present, i32(0), i32(1))))),
    );
    return loopWhile(seq(loopWhile(look, stays.get), gone), stays.get);
  });
  return {
    functions: [part, together, help],
    together: (group) => {
      const it = groups[group];
      return it === undefined ? [] : call(together, i32((group << 16) | (countOf(it) << 8)));
    },
  };
};
