// A fused group of values as loops of vector code.
import type { Fused, Nest } from './fuse.ts';
import { type Lanes, type Place, placed, type Root, storeFirst, type Term } from './lanes.ts';
import { type Each, type Fold, type Lowered, type Role, roleWithin, type Value } from './lower.ts';
import { add, type Code, i32, type Local, type Locals, loopWhile, lt, seq, type V128 } from './wasm.ts';

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
/** `body` n times; a few times are written out, many become a loop. */
export const repeat = (
  l: Locals,
  n: number,
  moving: readonly Moving[],
  body: (...places: readonly Place[]) => Code,
  written = 4,
): Code => {
  if (n <= written)
    return seq(...Array.from({ length: n }, (_, k) => body(...moving.map(({ from, by }) => placed(from, k * by)))));
  const locals = moving.map(() => l.i32());
  const starts = moving.map(({ from }, i) =>
    (locals[i] as Local<'i32'>).set(
      from.moving === undefined ? i32(from.offset) : add(from.moving.get, i32(from.offset)),
    ),
  );
  const counter = l.i32();
  return seq(
    ...starts,
    counter.set(i32(0)),
    loopWhile(
      seq(
        body(...locals.map((moves): Place => ({ moving: moves, offset: 0 }))),
        ...locals.map((moves, i) => moves.set(add(moves.get, i32((moving[i] as Moving).by)))),
      ),
      lt(counter.tee(add(counter.get, i32(1))), i32(n)),
    ),
  );
};

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
/** Partial sums of a row, whatever the width of vectors. */
const PARTIALS = 8;

export const nestCode = ({ lowered, fused, address, lanes }: Unit, nest: Nest, group: number, l: Locals): Code => {
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

  /** What the code of one turn computes at one vector of elements, of which the first n count. */
  const roots = (turn: number, spot: Spot, n: number, part: number): readonly Root[] => {
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
      .map((v): Root => {
        const it = value(v);
        if (it.kind !== 'fold') {
          const role = fused.roles[v] ?? 'full';
          const place = role === 'full' ? spot.full : role === 'row' ? spot.row : spot.column;
          const lasting = role === 'column' ? 1 : n;
          return { term: term(v, role), put: storeFirst(lanes, placed(place, address(v)), lasting, scratch.fresh) };
        }
        const x = term(it.reads[0] as number, 'full'); // a fold reads one
        const counted = n === count || direction === 'column' ? x : lanes.firstOf(n, x, nothing(v));
        const local = sum(v, part);
        return { term: joined(v)(lanes.held(local), counted), put: (code) => local.set(code) };
      });
  };
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
    const most = Math.max(...turns.map((t) => foldsOf(t).length)) > 1 ? 2 : SIDE_BY_SIDE;
    const together = Math.max(1, Math.min(whole, most, ...turns.map(side)));
    const block = (row: Place, numbers: readonly number[]): Code =>
      seq(
        ...turns.map((turn) => {
          const folds = foldsOf(turn);
          if (turn % 2 === 0)
            return seq(
              ...numbers.map((n, part) =>
                straight(roots(turn, { full: START, row: placed(row, part * bytes), column: START }, n, part)),
              ),
            );
          const down = repeat(
            l,
            rows,
            [
              { from: row, by: columns * width },
              { from: START, by: width },
            ],
            (full = START, column = START) =>
              seq(
                ...numbers.map((n, part) => {
                  const spot = { full: placed(full, part * bytes), row: placed(row, part * bytes), column };
                  return straight(roots(turn, spot, n, part));
                }),
              ),
            written(turn, numbers.length),
          );
          const put = folds.flatMap((v) =>
            numbers.map((n, part) =>
              straight([
                {
                  term: lanes.held(sum(v, part)),
                  put: storeFirst(lanes, placed(placed(row, part * bytes), address(v)), n, scratch.fresh),
                },
              ]),
            ),
          );
          return seq(begin(folds, numbers.length), down, ...put);
        }),
      );
    const blocks = Math.floor(whole / together);
    const rest = restFrom(blocks * together);
    return seq(
      repeat(
        l,
        blocks,
        [{ from: START, by: together * bytes }],
        (row = START) => block(row, Array<number>(together).fill(count)),
        1,
      ),
      rest.length > 0 ? block({ offset: blocks * together * bytes }, rest) : [],
    );
  }

  const line = (full: Place, column: Place): Code =>
    seq(
      ...turns.map((turn) => {
        if (turn % 2 === 0) return straight(roots(turn, { full: START, row: START, column }, 1, 0));
        const folds = foldsOf(turn);
        const many = stored.filter((v) => turnOf(v) === turn).length > 1;
        // the order of a row's sum is fixed: as many vectors side by side as hold its partial sums
        const parts =
          folds.length > 0 ? PARTIALS / count : Math.min(side(turn), many ? SIDE_BY_SIDE / 2 : SIDE_BY_SIDE);
        const at = (first: Place, row: Place, n: number, part: number): readonly Root[] =>
          roots(turn, { full: first, row, column }, n, part);
        const blocks = Math.floor(whole / parts);
        const along = repeat(
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
        return seq(begin(folds, parts), along, ...rest, ...put);
      }),
    );
  return repeat(
    l,
    rows,
    [
      { from: START, by: columns * width },
      { from: START, by: width },
    ],
    (full = START, column = START) => line(full, column),
  );
};
