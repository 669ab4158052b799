// A fused group of values as loops of vector code.
import type { Fused, Nest } from './fuse.ts';
import { type Lanes, type Place, placed, type Root, storeFirst, type Term } from './lanes.ts';
import { type Each, type Fold, type Lowered, type Role, roleWithin, type Value } from './lower.ts';
import { add, type Code, eq, i32, type Local, type Locals, loopWhile, lt, mul, seq, type V128, when } from './wasm.ts';

/** Everything that is known of a program when its code is written. */
export interface Unit {
  readonly lowered: Lowered;
  readonly fused: Fused;
  /** Where stored values lie. */
  readonly address: (v: number) => Omit<Place, 'moving'>;
  readonly lanes: Lanes;
}

/** Locals for one stretch of straight code, used again by the next. */
export const scratchOf = (l: Locals) => {
  const all: Local<'v128'>[] = [];
  const state = { taken: 0 };
  return {
    fresh: (): Local<'v128'> => {
      const local = all[state.taken] ?? l.v128();
      all[state.taken] = local;
      state.taken++;
      return local;
    },
    reset: (): void => {
      state.taken = 0;
    },
  };
};

/** Something that moves along a loop. */
export interface Moving {
  readonly from: Place;
  readonly by: number;
}
/** Turns of a loop that one call does, from one to another and at least one; other calls do the others. */
export interface Share {
  readonly from: Local<'i32'>;
  readonly to: Local<'i32'>;
  /** How many calls there are, about. */
  readonly parts: number;
}
/** `body` n times, or a share of them; a few times are written out, many become a loop. */
export const repeat = (
  l: Locals,
  n: number,
  moving: readonly Moving[],
  body: (...places: readonly Place[]) => Code,
  written = 4,
  share?: Share,
): Code => {
  if (n <= written && share === undefined)
    return seq(...Array.from({ length: n }, (_, k) => body(...moving.map(({ from, by }) => placed(from, k * by)))));
  const locals = moving.map(() => l.i32());
  const starts = moving.map(({ from, by }, i) => {
    const start = from.moving === undefined ? i32(from.offset) : add(from.moving.get, i32(from.offset));
    return (locals[i] as Local<'i32'>).set(share === undefined ? start : add(start, mul(share.from.get, i32(by))));
  });
  const counter = l.i32();
  return seq(
    ...starts,
    counter.set(share?.from.get ?? i32(0)),
    loopWhile(
      seq(
        body(...locals.map((moves): Place => ({ moving: moves, offset: 0 }))),
        ...locals.map((moves, i) => moves.set(add(moves.get, i32((moving[i] as Moving).by)))),
      ),
      lt(counter.tee(add(counter.get, i32(1))), share?.to.get ?? i32(n)),
    ),
  );
};
/** What comes behind the last of n turns, to be done with it. */
export const behind = (n: number, code: Code, share?: Share): Code =>
  share === undefined ? code : when(eq(share.to.get, i32(n)), code);

/** Where the elements of a place in a loop lie: those of the whole, of a row, of a column. */
interface Spot {
  readonly full: Place;
  readonly row: Place;
  readonly column: Place;
}
const START: Place = { offset: 0 };

/** Vectors side by side in a turn of a loop: enough to hide latency, few enough for the registers. */
const SIDE_BY_SIDE = 4;
/** Instructions for one vector from which on two side by side hide it, and from which on one does. */
const [TWO, ONE] = [40, 120] as const;
/** Instructions that are written out rather than looped over. */
const WRITTEN = 500;
/** Of a row, as much as is worked on at a time: what columns have one of is still in the cache when the next rows come. */
const PANEL_BYTES = 16384;
/** Partial sums of a row, whatever the width of vectors. */
const PARTIALS = 8;

/** Code for a nest, or for a share of its outermost loop, and how many turns that has. */
export const nestCode = (
  { lowered, fused, address, lanes }: Unit,
  nest: Nest,
  group: number,
  l: Locals,
  share?: Share,
): { readonly code: Code; readonly units: number } => {
  const { count, width } = lanes;
  const { direction, members } = nest;
  const [rows, columns] = direction === 'flat' ? [1, nest.rows * nest.columns] : [nest.rows, nest.columns];
  const scratch = scratchOf(l);
  const value = (v: number): Value => lowered.values[v] as Value; // in range
  const turnOf = (v: number): number => fused.home[v]?.turn ?? -1;
  const stored = members.filter((v) => fused.stored[v]);
  const turns = [...new Set(stored.map(turnOf))].sort((a, b) => a - b);
  const foldsOf = (turn: number): readonly number[] =>
    members.filter((v) => value(v).kind === 'fold' && turnOf(v) === turn);
  /** Instructions for one vector in a turn, about. */
  const weightOf = (turn: number): number =>
    members.reduce((sum, v) => {
      const it = value(v);
      return sum + (it.kind === 'each' && turnOf(v) === turn ? it.weight : 1);
    }, 0);
  const side = (turn: number): number => (weightOf(turn) > ONE ? 1 : weightOf(turn) > TWO ? 2 : SIDE_BY_SIDE);
  /** How many bodies of a loop are written out instead. */
  const written = (turn: number, parts: number): number =>
    Math.max(1, Math.min(4, Math.floor(WRITTEN / (weightOf(turn) * parts))));
  const sums = new Map<string, Local<'v128'>>();
  const sum = (v: number, part: number): Local<'v128'> => {
    const key = `${v} ${part}`;
    const local = sums.get(key) ?? l.v128();
    sums.set(key, local);
    return local;
  };
  const howOf = (v: number): Fold['how'] => (value(v) as Fold).how; // asked for folds only
  const joined = (v: number) => (howOf(v) === 'sum' ? lanes.add : lanes.max);
  const nothing = (v: number): Term => lanes.lit(howOf(v) === 'sum' ? 0 : Number.NEGATIVE_INFINITY);

  interface Computed {
    readonly v: number;
    readonly term: Term;
  }
  /** What one turn computes at one vector of elements, of which the first n count: of a fold, what is to be folded. */
  const computed = (turn: number, spot: Spot, n: number): readonly Computed[] => {
    const memo = new Map<string, Term>();
    const term = (v: number, role: Role): Term => {
      const key = `${v} ${role}`;
      const before = memo.get(key);
      if (before !== undefined) return before;
      const made = newTerm(v, role);
      memo.set(key, made);
      return made;
    };
    const newTerm = (v: number, role: Role): Term => {
      const it = value(v);
      if (it.kind === 'literal') return lanes.lit(it.value);
      const here = fused.home[v]?.group === group && turnOf(v) === turn && it.kind === 'each';
      if (fused.stored[v] && !here) {
        const at = address(v);
        if (it.wide) return lanes.spreadWide(at);
        if (role === 'full') return lanes.load(placed(spot.full, at));
        if (role === 'row') return lanes.load(placed(spot.row, at));
        return lanes.spread(placed(role === 'column' ? spot.column : START, at));
      }
      const each = it as Each; // folds are stored, and everything else that is not computed here
      const args = each.reads.map((r, i) => term(r, roleWithin(each.roles[i] ?? 'scalar', role)));
      const params = Object.entries(each.params).map(([name, p]) => [name, lanes.lit(p)] as const);
      return each.inner(lanes, args, Object.fromEntries(params));
    };
    return stored
      .filter((v) => turnOf(v) === turn)
      .map((v) => {
        const it = value(v);
        if (it.kind !== 'fold') return { v, term: term(v, fused.roles[v] ?? 'full') };
        const x = term(it.reads[0] as number, 'full'); // a fold reads one
        return { v, term: n === count || direction === 'column' ? x : lanes.firstOf(n, x, nothing(v)) };
      });
  };
  /** A number of a row, of a column, or of each place, kept. */
  const kept = ({ v, term }: Computed, { full, row, column }: Spot, n: number): Root => {
    const role = fused.roles[v];
    const place = role === 'row' ? row : role === 'column' ? column : full;
    return {
      term,
      put: storeFirst(lanes, placed(place, address(v)), role === 'column' ? 1 : n, scratch.fresh),
    };
  };
  const isFold = ({ v }: Computed): boolean => value(v).kind === 'fold';
  /** The code of one turn at one vector of elements; sums are in locals. */
  const roots = (turn: number, spot: Spot, n: number, part: number): readonly Root[] =>
    computed(turn, spot, n).map((it): Root => {
      if (!isFold(it)) return kept(it, spot, n);
      const local = sum(it.v, part);
      return { term: joined(it.v)(lanes.held(local), it.term), put: (code) => local.set(code) };
    });
  const straight = (all: readonly Root[]): Code => {
    const code = lanes.emit(scratch.fresh, all);
    scratch.reset();
    return code;
  };
  const begin = (folds: readonly number[], parts: number): Code =>
    straight(
      folds.flatMap((v) =>
        Array.from({ length: parts }, (_, part) => ({
          term: nothing(v),
          put: (code: V128): Code => sum(v, part).set(code),
        })),
      ),
    );
  const bytes = count * width;
  const whole = Math.floor(columns / count);
  const tail = columns - whole * count;
  /** Vectors of a line from a place on: how many numbers each has. */
  const restFrom = (first: number): readonly number[] => [
    ...Array<number>(Math.max(0, whole - first)).fill(count),
    ...(tail > 0 ? [tail] : []),
  ];

  if (direction === 'column') {
    /**
     * Columns side by side. Every turn reads their rows from end to end, some rows at a time, and has what it has folded so far
     * in memory: blocks of columns narrow enough for registers would read memory in pieces, far apart.
     */
    const panel = (row: Place, vectors: number, last: number): Code => {
      /** Every vector of a row, and how many numbers of it count. */
      const across = (full: Place, body: (full: Place, row: Place, n: number) => Code, written: number): Code =>
        seq(
          repeat(
            l,
            vectors,
            [
              { from: full, by: bytes },
              { from: row, by: bytes },
            ],
            (f = full, r = row) => body(f, r, count),
            written,
          ),
          last > 0 ? body(placed(full, vectors * bytes), placed(row, vectors * bytes), last) : [],
        );
      return seq(
        ...turns.map((turn) => {
          if (turn % 2 === 0)
            return across(START, (_, r, n) => straight(roots(turn, { full: START, row: r, column: START }, n, 0)), 1);
          const folds = foldsOf(turn);
          const many = stored.filter((v) => turnOf(v) === turn && !folds.includes(v)).length > 1;
          const together = Math.min(side(turn), many ? SIDE_BY_SIDE / 2 : SIDE_BY_SIDE);
          const alone = rows <= together;
          const some = (full: Place, column: Place, n: number): Code =>
            across(
              full,
              (f, r, lasting) => {
                const at = (k: number): Spot => ({
                  full: placed(f, k * columns * width),
                  row: r,
                  column: placed(column, k * width),
                });
                const all = Array.from({ length: n }, (_, k) =>
                  computed(turn, at(k), lasting).map((it) => ({ k, it })),
                ).flat();
                return straight([
                  ...all.filter(({ it }) => !isFold(it)).map(({ k, it }) => kept(it, at(k), lasting)),
                  ...folds.map((v) => {
                    const before = alone ? nothing(v) : lanes.load(placed(r, address(v)));
                    const term = all
                      .filter(({ it }) => it.v === v)
                      .reduce((sum, { it }) => joined(v)(sum, it.term), before);
                    return kept({ v, term }, at(0), lasting);
                  }),
                ]);
              },
              written(turn, n),
            );
          const groups = Math.floor(rows / together);
          const left = rows - groups * together;
          const [line, lines] = [columns * width, together * columns * width];
          return seq(
            alone
              ? []
              : across(
                  START,
                  (full, r, n) =>
                    straight(folds.map((v) => kept({ v, term: nothing(v) }, { full, row: r, column: START }, n))),
                  1,
                ),
            repeat(
              l,
              groups,
              [
                { from: row, by: lines },
                { from: START, by: together * width },
              ],
              (full = row, column = START) => some(full, column, together),
              1,
            ),
            left > 0 || rows === 0
              ? some(placed(row, groups * together * line), { offset: groups * together * width }, left)
              : [],
          );
        }),
      );
    };
    // one for each part of what is shared out; no sum depends on them
    const most = Math.max(1, Math.min(PANEL_BYTES / bytes, Math.floor(whole / (share?.parts ?? 1))));
    const panels = Math.floor(whole / most);
    const left = whole - panels * most;
    const code = seq(
      repeat(l, panels, [{ from: START, by: most * bytes }], (row = START) => panel(row, most, 0), 1, share),
      left + tail > 0 ? behind(panels, panel({ offset: panels * most * bytes }, left, tail), share) : [],
    );
    return { code, units: panels };
  }

  /** Vectors of a line in one turn of the loop along it. */
  const abreast = (turn: number): number => {
    const many = stored.filter((v) => turnOf(v) === turn).length > 1;
    // the order of a row's sum is fixed: as many vectors side by side as hold its partial sums
    if (foldsOf(turn).length > 0) return PARTIALS / count;
    return Math.min(side(turn), many ? SIDE_BY_SIDE / 2 : SIDE_BY_SIDE);
  };
  const line = (full: Place, column: Place, along?: Share): Code =>
    seq(
      ...turns.map((turn) => {
        if (turn % 2 === 0) return straight(roots(turn, { full: START, row: START, column }, 1, 0));
        const folds = foldsOf(turn);
        const parts = abreast(turn);
        const at = (first: Place, row: Place, n: number, part: number): readonly Root[] =>
          roots(turn, { full: first, row, column }, n, part);
        const blocks = Math.floor(whole / parts);
        const most = repeat(
          l,
          blocks,
          [
            { from: full, by: parts * bytes },
            { from: START, by: parts * bytes },
          ],
          (first = START, row = START) =>
            straight(
              Array.from({ length: parts }, (_, part) =>
                at(placed(first, part * bytes), placed(row, part * bytes), count, part),
              ).flat(),
            ),
          written(turn, parts),
          along,
        );
        const rest = restFrom(blocks * parts).map((n, part) => {
          const offset = (blocks * parts + part) * bytes;
          return straight(at(placed(full, offset), { offset }, n, part));
        });
        const put = folds.map((v) => {
          const halves = (from: readonly Term[]): Term => {
            const [one] = from;
            if (one !== undefined && from.length === 1) return one;
            const half = from.length / 2;
            return halves(from.slice(0, half).map((t, i) => joined(v)(t, from[half + i] as Term))); // as many again
          };
          const partial = Array.from({ length: parts }, (_, part) => lanes.held(sum(v, part)));
          const whole = lanes.total(halves(partial), joined(v));
          return straight([{ term: whole, put: storeFirst(lanes, placed(column, address(v)), 1, scratch.fresh) }]);
        });
        return seq(begin(folds, parts), most, behind(blocks, seq(...rest), along), ...put);
      }),
    );
  const [only] = turns;
  // a flat nest has one line and one turn, and shares of it are stretches of the line
  if (direction === 'flat' && only !== undefined && turns.length === 1)
    return { code: line(START, START, share), units: Math.floor(whole / abreast(only)) };
  const code = repeat(
    l,
    rows,
    [
      { from: START, by: columns * width },
      { from: START, by: width },
    ],
    (full = START, column = START) => line(full, column),
    4,
    share,
  );
  return { code, units: rows };
};
