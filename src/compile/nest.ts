// A fused group of values as loops of vector code.
import { type Folding, foldings, type Kept } from './folding.ts';
import type { Fused, Nest } from './fuse.ts';
import { type Lanes, type Place, placed, type Root, storeFirst, type Term } from './lanes.ts';
import { type Each, type Fold, type Lowered, type Role, roleWithin, type Value } from './lower.ts';
import { add, type Code, eq, i32, type Local, type Locals, loopWhile, lt, mul, seq, when } from './wasm.ts';

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

/** A vector of elements in a loop: where those of the whole, of a row, of a column lie, and how many of them count. */
interface Spot {
  readonly full: Place;
  readonly row: Place;
  readonly column: Place;
  readonly n: number;
  /** Which of the partial sums it goes to. */
  readonly part: number;
}
const START: Place = { offset: 0 };

/** Vectors side by side in a turn of a loop: enough to hide latency, few enough for the registers. */
const SIDE_BY_SIDE = 4;
/** Instructions for one vector from which on two side by side hide it, and from which on one does. */
const [TWO, ONE] = [80, 300] as const;
/** Instructions that are written out rather than looped over. */
const WRITTEN = 500;
/** Of a row, as much as is worked on at a time: what columns have one of is still in the cache when the next rows come. */
const PANEL_BYTES = 16384;
/** Partial sums of a row, whatever the width of vectors. */
const PARTIALS = 8;
/** Vectors side by side where the largest of a row is sought. */
const MAXIMA = 2;

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
  const storedIn = (turn: number): readonly number[] => stored.filter((v) => turnOf(v) === turn);
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
  const folding = foldings(lanes);
  const foldingOf = (v: number): Folding => folding[(value(v) as Fold).how]; // asked for folds only
  const locals = new Map<string, Local<'v128'>>();
  /** Where one of the vectors is that a fold keeps. */
  const held = (v: number, part: number, i: number): Local<'v128'> => {
    const key = `${v} ${part} ${i}`;
    const local = locals.get(key) ?? l.v128();
    locals.set(key, local);
    return local;
  };

  /** What one turn computes at one vector of elements; of a fold, what is to be folded. */
  const computed = (turn: number, { n, ...spot }: Spot): ReadonlyMap<number, Term> => {
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
    return new Map(
      storedIn(turn).map((v) => {
        const it = value(v);
        if (it.kind !== 'fold') return [v, term(v, fused.roles[v] ?? 'full')];
        const x = term(it.reads[0] as number, 'full'); // a fold reads one
        return [v, n === count || direction === 'column' ? x : lanes.firstOf(n, x, foldingOf(v).nothing)];
      }),
    );
  };
  /** Puts a number of a row, of a column, or of each place where it is kept. */
  const keep = (v: number, { full, row, column, n }: Spot): Root['put'] => {
    const role = fused.roles[v];
    const place = role === 'row' ? row : role === 'column' ? column : full;
    return storeFirst(lanes, placed(place, address(v)), role === 'column' ? 1 : n, scratch.fresh);
  };
  /** The code of one turn at some vectors of elements. What folds keep goes on from `before`, vector after vector. */
  const roots = (
    turn: number,
    spots: readonly Spot[],
    before: (v: number, part: number, i: number) => Term,
    after: (v: number, part: number, i: number) => Root['put'],
  ): readonly Root[] => {
    const made = spots.map((spot) => ({ spot, terms: computed(turn, spot) }));
    const parts = [...new Set(spots.map(({ part }) => part))];
    const folds = foldsOf(turn);
    const folded = (v: number, part: number, { of, join }: Kept, i: number): Root => ({
      term: made
        .filter(({ spot }) => spot.part === part)
        .reduce((sum, { terms }) => join(sum, of(terms.get(v) as Term)), before(v, part, i)), // it is of this turn
      put: after(v, part, i),
    });
    return [
      ...made.flatMap(({ spot, terms }) =>
        [...terms].filter(([v]) => !folds.includes(v)).map(([v, term]) => ({ term, put: keep(v, spot) })),
      ),
      ...folds.flatMap((v) => parts.flatMap((part) => foldingOf(v).kept.map((kept, i) => folded(v, part, kept, i)))),
    ];
  };
  const straight = (all: readonly Root[]): Code => {
    const code = lanes.emit(scratch.fresh, all);
    scratch.reset();
    return code;
  };
  const bytes = count * width;
  const line = columns * width;
  const whole = Math.floor(columns / count);
  const tail = columns - whole * count;
  /** Vectors that a body of a loop computes before it stores any; fewer where it stores more than one value. */
  const sideBySide = (turn: number, stores: number): number =>
    Math.min(side(turn), stores > 1 ? SIDE_BY_SIDE / 2 : SIDE_BY_SIDE);

  if (direction === 'column') {
    /**
     * Columns side by side. Every turn reads their rows from end to end, some rows at a time, and has what it has folded so far
     * in memory: blocks of columns narrow enough for registers would read memory in pieces, far apart.
     */
    const panel = (row: Place, vectors: number, last: number): Code => {
      /** Code for every vector of some rows, given how it lies in each of them. */
      const across = (
        some: { readonly full: Place; readonly column: Place; readonly rows: number },
        roots: (spots: readonly Spot[], first: Spot) => readonly Root[],
        written = 1,
      ): Code => {
        const at = (full: Place, row: Place, n: number): Code => {
          const spot = (k: number): Spot => ({
            full: placed(full, k * line),
            row,
            column: placed(some.column, k * width),
            n,
            part: 0,
          });
          return straight(
            roots(
              Array.from({ length: some.rows }, (_, k) => spot(k)),
              spot(0),
            ),
          );
        };
        const moving = [some.full, row].map((from) => ({ from, by: bytes }));
        const end = (from: Place): Place => placed(from, vectors * bytes);
        return seq(
          repeat(l, vectors, moving, (full = START, row = START) => at(full, row, count), written),
          last > 0 ? at(end(some.full), end(row), last) : [],
        );
      };
      const once = { full: START, column: START, rows: 1 };
      return seq(
        ...turns.map((turn) => {
          if (turn % 2 === 0)
            return across(once, (_, first) =>
              [...computed(turn, first)].map(([v, term]) => ({ term, put: keep(v, first) })),
            );
          const folds = foldsOf(turn);
          const together = sideBySide(turn, storedIn(turn).length - folds.length);
          const groups = Math.floor(rows / together);
          const done = groups * together;
          const alone = rows > 0 && rows <= together;
          const some = (full: Place, column: Place, rows: number): Code =>
            across(
              { full, column, rows },
              (spots, first) =>
                roots(
                  turn,
                  spots,
                  (v) => (alone ? lanes.lit(0) : lanes.load(placed(first.row, address(v)))),
                  (v) => keep(v, first),
                ),
              written(turn, rows),
            );
          return seq(
            alone ? [] : across(once, (_, first) => folds.map((v) => ({ term: lanes.lit(0), put: keep(v, first) }))),
            repeat(
              l,
              groups,
              [
                { from: row, by: together * line },
                { from: START, by: together * width },
              ],
              (full = row, column = START) => some(full, column, together),
              1,
            ),
            done < rows ? some(placed(row, done * line), { offset: done * width }, rows - done) : [],
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

  /** Vectors of partial results: the order of a row's sum is fixed, by how many there are; that of its largest is free. */
  const partsOf = (turn: number): number =>
    foldsOf(turn).some((v) => (value(v) as Fold).how === 'sum') ? PARTIALS / count : MAXIMA;
  /** Vectors of a line in one turn of the loop along it. */
  const abreast = (turn: number): number =>
    foldsOf(turn).length > 0 ? partsOf(turn) : sideBySide(turn, storedIn(turn).length);
  const along = (full: Place, column: Place, share?: Share): Code =>
    seq(
      ...turns.map((turn) => {
        const folds = foldsOf(turn);
        const [parts, together] = [partsOf(turn), abreast(turn)];
        const before = (...which: Parameters<typeof held>): Term => lanes.held(held(...which));
        const after = (...which: Parameters<typeof held>) => held(...which).set;
        /** Vectors from one on. */
        const some = (first: number, full: Place, row: Place, ns: readonly number[]): Code =>
          straight(
            roots(
              turn,
              ns.map((n, k) => ({
                full: placed(full, k * bytes),
                row: placed(row, k * bytes),
                column,
                n,
                part: (first + k) % parts,
              })),
              before,
              after,
            ),
          );
        if (turn % 2 === 0) return some(0, START, START, [1]);
        const blocks = Math.floor(whole / together);
        const done = blocks * together;
        const rest = [...Array<number>(whole - done).fill(count), ...(tail > 0 ? [tail] : [])];
        const each = Array.from({ length: parts }, (_, part) => part);
        const begin = folds.flatMap((v) =>
          each.flatMap((part) => foldingOf(v).kept.map(({ start }, i) => ({ term: start, put: after(v, part, i) }))),
        );
        const put = folds.map((v) => {
          const { kept, result } = foldingOf(v);
          const totals = kept.map(({ join }, i) => {
            const halves = (from: readonly Term[]): Term => {
              const [one] = from;
              if (one !== undefined && from.length === 1) return one;
              const half = from.length / 2;
              return halves(from.slice(0, half).map((t, k) => join(t, from[half + k] as Term))); // as many again
            };
            return lanes.total(halves(each.map((part) => before(v, part, i))), join);
          });
          return straight([
            { term: result(totals), put: storeFirst(lanes, placed(column, address(v)), 1, scratch.fresh) },
          ]);
        });
        return seq(
          straight(begin),
          repeat(
            l,
            blocks,
            [full, START].map((from) => ({ from, by: together * bytes })),
            (full = START, row = START) => some(0, full, row, Array<number>(together).fill(count)),
            written(turn, together),
            share,
          ),
          behind(
            blocks,
            seq(
              ...rest.map((n, k) =>
                some(done + k, placed(full, (done + k) * bytes), { offset: (done + k) * bytes }, [n]),
              ),
            ),
            share,
          ),
          ...put,
        );
      }),
    );
  const [only] = turns;
  // a flat nest has one line and one turn, and shares of it are stretches of the line
  if (direction === 'flat' && only !== undefined && turns.length === 1)
    return { code: along(START, START, share), units: Math.floor(whole / abreast(only)) };
  const code = repeat(
    l,
    rows,
    [
      { from: START, by: line },
      { from: START, by: width },
    ],
    (full = START, column = START) => along(full, column),
    4,
    share,
  );
  return { code, units: rows };
};
