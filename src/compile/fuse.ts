// Which values share a loop nest, in which turn of it each is computed, and which of them reach memory.
import { type Each, type Fold, type Lowered, type Role, roleWithin, type Value } from './lower.ts';

/**
 * Loops over rows and columns. `flat`: over all places, no rows needed; `row`: rows outside, so that a row can be folded and
 * used again; `column`: blocks of columns outside, so that columns can.
 */
export interface Nest {
  readonly kind: 'nest';
  readonly direction: 'flat' | 'row' | 'column';
  readonly rows: number;
  readonly columns: number;
  readonly members: readonly number[];
}
/** A value with a kernel of its own. */
export interface Solo {
  readonly kind: 'solo';
  readonly member: number;
}
export type Group = Nest | Solo;

/**
 * A place in the schedule: a group, and a turn within it. Even turns compute what a whole row or column has one of; odd ones
 * are loops over its elements.
 */
export interface Site {
  readonly group: number;
  readonly turn: number;
}

export interface Fused {
  readonly groups: readonly Group[];
  /** Where a value is computed; −1 for those that come in. */
  readonly home: readonly Site[];
  /** Where it is read. */
  readonly reads: readonly (readonly Site[])[];
  /** Whether it reaches memory; others are computed where they are needed. */
  readonly stored: readonly boolean[];
  /** How a value lies in the nest that it belongs to. */
  readonly roles: readonly (Role | null)[];
}

/** A value as light as this costs no more than loading it again, if it reads one number per place at most. */
const LIGHT = 3;
/** As light as this with all the light ones that it is made of. */
const CHAIN = 8;
/** One as heavy as this is worth whole vectors: it is not computed once a row, one lane at a time. */
const HEAVY = 12;

interface Open {
  kind: 'nest';
  direction: 'flat' | 'row' | 'column';
  readonly size: number;
  /** Numbers in a row; null as long as any division will do. */
  columns: number | null;
  readonly members: number[];
}

/** The direction in which a role is one number of each row, or column. */
const needed: Readonly<Record<Role, 'row' | 'column' | null>> = {
  full: null,
  scalar: null,
  column: 'row',
  row: 'column',
};

/** Groups values greedily: each joins the first nest that it can share, and that lies behind all that it reads. */
export const fuse = ({ values, outputs }: Lowered): Fused => {
  const at = (v: number): Value => values[v] as Value; // in range
  const all = values.map((_, v) => v);
  const out = new Set(outputs);
  const readers: number[][] = all.map(() => []);
  for (const v of all) for (const r of at(v).reads) readers[r]?.push(v);

  // light values made of at most one full-size value float: they are computed again wherever they are needed
  const bases: ReadonlySet<number>[] = [];
  const effort: number[] = [];
  for (const v of all) {
    const value = at(v);
    const own = value.kind === 'each' ? value.weight : Number.POSITIVE_INFINITY;
    const whole = own + value.reads.reduce((sum, r) => sum + (effort[r] ?? 0), 0);
    const light = own <= LIGHT && whole <= CHAIN;
    const full = value.reads.filter((r) => at(r).kind !== 'literal' && at(r).size === value.size);
    effort[v] = light ? whole : 0;
    bases[v] = light ? new Set(full.flatMap((r) => [...(bases[r] ?? [])])) : new Set([v]);
  }
  const readsFully = (w: number, v: number): boolean => {
    const reader = at(w);
    if (reader.kind === 'fold') return true;
    return reader.kind === 'each' && reader.reads.every((r, i) => r !== v || reader.roles[i] === 'full');
  };
  const floats = all.map(
    (v) =>
      (effort[v] ?? 0) > 0 &&
      (bases[v]?.size ?? 0) <= 1 &&
      !out.has(v) &&
      (readers[v] ?? []).every((w) => readsFully(w, v)),
  );
  // how long rows are, by what a value reads itself or through those that float; a second opinion does not float
  const columnsOf: (number | null)[] = [];
  for (const v of all) {
    const value = at(v);
    let columns = value.kind === 'each' || value.kind === 'fold' ? value.columns : null;
    for (const r of value.reads) {
      const other = floats[r] ? (columnsOf[r] ?? null) : null;
      if (other !== null && columns !== null && other !== columns) floats[r] = false;
      else columns ??= other;
    }
    columnsOf.push(columns);
  }
  /** What a value reads, seen through those that float. */
  const reach: (readonly number[])[] = [];
  for (const v of all)
    reach.push([...new Set(at(v).reads.flatMap((r) => (floats[r] ? [r, ...(reach[r] ?? [])] : [r])))]);

  const groups: (Open | Solo)[] = [];
  const groupOf: number[] = all.map(() => -1);
  const roles: (Role | null)[] = all.map(() => null);
  const rowsOf = (g: Open): number => (g.columns === null ? 1 : g.size / Math.max(1, g.columns));

  /** How the arguments of a value lie in a nest in which it has this role itself. */
  const argumentRole = (value: Each | Fold, i: number, own: Role): Role =>
    value.kind === 'fold' ? 'full' : roleWithin(value.roles[i] ?? 'scalar', own);
  /** How a value lies in its nest: what a fold makes is one number of each row, or column. */
  const born = (value: Each | Fold, own: Role): Role =>
    value.kind === 'each' ? own : value.along === 'row' ? 'column' : 'row';
  const sameRole = (g: Open, a: Role, b: Role): boolean =>
    a === b || (rowsOf(g) === 1 && ['scalar', 'column'].includes(a) && ['scalar', 'column'].includes(b));
  /** Whether everything that a value reads can be had in a nest where it has this role, through those that float. */
  const readable = (g: Open, k: number, v: number, own: Role): boolean => {
    const value = at(v);
    if (value.kind !== 'each' && value.kind !== 'fold') return false;
    return value.reads.every((r, i) => {
      const role = argumentRole(value, i, own);
      if (at(r).kind === 'literal') return true;
      if (floats[r]) return readable(g, k, r, role);
      return groupOf[r] !== k || sameRole(g, roles[r] ?? 'full', role);
    });
  };
  const joins = (v: number, k: number): boolean => {
    const g = groups[k];
    const value = at(v);
    if (g?.kind !== 'nest' || (value.kind !== 'each' && value.kind !== 'fold')) return false;
    const domain = value.kind === 'fold' ? value.rows * value.columns : value.size;
    const columns = columnsOf[v] ?? null;
    const agree = columns === null || g.columns === null || columns === g.columns;
    const split = g.columns ?? columns;
    const choices: Role[] = [];
    if (domain === g.size && agree) choices.push('full');
    if (value.kind === 'each' && columns === null && g.columns !== null) {
      if (domain === g.columns && rowsOf(g) > 1) choices.push('row');
      if (domain === rowsOf(g)) choices.push('column');
    }
    for (const own of choices) {
      const wants = value.kind === 'fold' ? value.along : needed[own];
      if (wants !== null && g.direction !== 'flat' && g.direction !== wants) continue;
      if (own === 'column' && rowsOf(g) > 1 && value.kind === 'each' && value.weight > HEAVY) continue;
      if (!readable({ ...g, columns: split }, k, v, own)) continue;
      if (wants !== null) g.direction = wants;
      g.columns = split;
      roles[v] = born(value, own);
      return true;
    }
    return false;
  };
  // nests in which a large value is read already, so that another reader may join them
  const touching: number[][] = all.map(() => []);
  const touch = (v: number, k: number): void => {
    for (const r of reach[v] ?? []) if (at(r).size > 1 && touching[r]?.at(-1) !== k) touching[r]?.push(k);
  };
  const place = (v: number): void => {
    const value = at(v);
    const seen = (reach[v] ?? []).filter((r) => at(r).kind !== 'literal');
    const from = Math.max(0, ...seen.map((r) => groupOf[r] ?? 0));
    if (value.kind !== 'each' && value.kind !== 'fold') {
      groupOf[v] = groups.push({ kind: 'solo', member: v }) - 1;
      return;
    }
    const near = new Set(
      seen.flatMap((r) => (at(r).size > 1 ? [groupOf[r] ?? -1, ...(touching[r] ?? [])] : [groupOf[r] ?? -1])),
    );
    for (const k of [...near].sort((x, y) => x - y)) {
      const g = groups[k];
      if (k >= from && g?.kind === 'nest' && joins(v, k)) {
        groupOf[v] = k;
        g.members.push(v);
        touch(v, k);
        return;
      }
    }
    const columns = columnsOf[v] ?? null;
    groups.push(
      value.kind === 'fold'
        ? { kind: 'nest', direction: value.along, size: value.rows * value.columns, columns, members: [v] }
        : { kind: 'nest', direction: 'flat', size: value.size, columns, members: [v] },
    );
    groupOf[v] = groups.length - 1;
    touch(v, groups.length - 1);
    roles[v] = born(value, 'full');
  };
  // what needs fewest products comes first, so that clocks and masks do not wait between them
  const level: number[] = [];
  for (const v of all)
    level[v] = Math.max(0, ...at(v).reads.map((r) => level[r] ?? 0)) + (at(v).kind === 'product' ? 1 : 0);
  const scheduled = all
    .filter((v) => !floats[v] && at(v).kind !== 'input' && at(v).kind !== 'literal')
    .sort((a, b) => (level[a] ?? 0) - (level[b] ?? 0) || a - b);
  scheduled.forEach(place);

  // what a fold makes is there one turn after its elements
  const turns: number[] = all.map(() => 0);
  const ready = (r: number, k: number): number => {
    if (floats[r]) return Math.max(0, ...at(r).reads.map((q) => ready(q, k)));
    if (groupOf[r] !== k) return 0;
    return (turns[r] ?? 0) + (at(r).kind === 'fold' ? 1 : 0);
  };
  const home: Site[] = all.map(() => ({ group: -1, turn: -1 }));
  for (const v of scheduled) {
    const k = groupOf[v] ?? -1;
    const value = at(v);
    turns[v] = groups[k]?.kind === 'nest' ? Math.max(0, ...value.reads.map((r) => ready(r, k))) : 0;
    const elements = value.kind === 'fold' || roles[v] === 'full' || groups[k]?.kind === 'solo';
    home[v] = { group: k, turn: 2 * (turns[v] ?? 0) + (elements ? 1 : 0) };
  }

  // backwards, so that the readers of a value are known before it is
  const readBy: Map<string, Site>[] = all.map(() => new Map());
  const sitesOf = (v: number): readonly Site[] => [...(readBy[v]?.values() ?? [])];
  const stored = all.map((v) => out.has(v) || at(v).kind === 'input');
  for (const v of [...all].reverse()) {
    const value = at(v);
    if (value.kind === 'literal' || value.kind === 'input') continue;
    const own = home[v] as Site; // one each
    const inline = groups[own.group]?.kind === 'nest' && value.kind === 'each' && roles[v] === 'full';
    const elsewhere = sitesOf(v).some((s) => s.group !== own.group || s.turn !== own.turn);
    if (!floats[v] && (!inline || elsewhere)) stored[v] = true;
    const sites = floats[v] ? sitesOf(v) : stored[v] ? [own] : [own, ...sitesOf(v)];
    for (const r of value.reads) for (const s of sites) readBy[r]?.set(`${s.group} ${s.turn}`, s);
  }
  const closed = groups.map((g): Group => {
    if (g.kind === 'solo') return g;
    const columns = g.columns ?? g.size;
    const rows = g.columns === null ? 1 : rowsOf(g);
    return { kind: 'nest', direction: settled(g, at, floats), rows, columns, members: g.members };
  });
  return { groups: closed, home, reads: all.map(sitesOf), stored, roles };
};

/** A flat nest that reads something once a row, or column, needs rows after all. */
const settled = (g: Open, at: (v: number) => Value, floats: readonly boolean[]): Nest['direction'] => {
  if (g.direction !== 'flat') return g.direction;
  const uneven = (v: number): boolean => {
    const value = at(v);
    return (
      (value.kind === 'each' && value.roles.some((role) => role === 'row' || role === 'column')) ||
      value.reads.some((r) => floats[r] && uneven(r))
    );
  };
  return g.members.some(uneven) ? 'row' : 'flat';
};
