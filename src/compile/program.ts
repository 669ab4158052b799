// A pure function read as symbols: running it once leaves a program, plain data, free of repeats, trivia and dead ends.
import { DomainError } from '../core/errors.ts';
import { fromJson, toLine } from '../core/json.ts';
import { checkShape, type Shape, sameShape, show } from '../core/shape.ts';
import { numbers, singles, type Vec } from '../core/vec.ts';
import { type Lang, type OpName, ROWS, reading } from '../ops/lang.ts';
import type { Op } from '../ops/op.ts';

/** The numbers that a program deals in. */
export type Dtype = 'f64' | 'f32';
/** Numbers of a program in its memory. */
export type Buffer = Float64Array | Float32Array;

/** A pure function of tensors, over any carrier. */
export type Pure = <T>(o: Lang<T>, xs: readonly T[]) => readonly T[];

/** One value: a row of the table applied to earlier values, an argument, or a number. */
export interface Equation {
  readonly op: OpName | 'input' | 'literal';
  /** Numbers of the equations that it reads, all of them smaller than its own. */
  readonly reads: readonly number[];
  readonly shape: Shape;
  /** Parameters of the row, or the number. */
  readonly p?: unknown;
}

/** Equations in an order in which they can be computed. */
export interface Program {
  readonly dtype: Dtype;
  readonly equations: readonly Equation[];
  readonly inputs: readonly number[];
  readonly outputs: readonly number[];
}

/** How numbers are computed when a program is traced: as its carrier would. */
const FOLDING: Readonly<Record<Dtype, Vec<number, boolean>>> = { f64: numbers, f32: singles };

/** A program in the making: the language on symbols, which are numbers of equations. */
export interface Tracer {
  readonly symbols: Lang<number>;
  readonly input: (shape: Shape) => number;
  /** What has been traced so far, as far as these need it. */
  readonly program: (outputs: readonly number[]) => Program;
}

/**
 * Runs `f` on symbols of these shapes. @throws ShapeError when shapes do not fit
 */
export const trace = (f: Pure, shapes: readonly Shape[], dtype: Dtype = 'f64'): Program => {
  const { symbols, input, program } = tracer(dtype);
  return program(f(symbols, shapes.map(input)));
};

/**
 * A language that writes down what it is asked for. Equal equations are one, numbers are computed at once, and what no output needs is
 * left out; nothing that could change a bit of a result is done.
 */
export const tracer = (dtype: Dtype): Tracer => {
  const inputs: number[] = [];
  const equations: Equation[] = [];
  const known = new Map<string, number>();
  const at = (v: number): Equation => equations[v] as Equation; // symbols are born here, and only here
  const put = (equation: Equation): number => {
    const { op, reads, shape, p } = equation;
    const key = `${op} ${reads.join()} ${shape.join()} ${p === undefined ? '' : toLine(p)}`;
    const before = known.get(key);
    if (before !== undefined) return before;
    known.set(key, equations.length);
    return equations.push(equation) - 1;
  };
  const literal = (value: number): number =>
    put({ op: 'literal', reads: [], shape: [], p: dtype === 'f32' ? Math.fround(value) : value });

  /** An argument without the stretching that broadcasting does anyway. */
  const bare = (v: number): number => {
    const e = at(v);
    return e.op !== 'input' && e.op !== 'literal' && ROWS[e.op].lower.as === 'stretch' ? bare(e.reads[0] as number) : v;
  };
  const each = (row: Op, name: OpName, reads: readonly number[], shape: Shape, p: unknown): number => {
    const xs = [...reads];
    for (const [i, x] of reads.entries()) {
      const shorter = xs.with(i, bare(x));
      const same = row.shape(
        shorter.map((v) => at(v).shape),
        p,
        name,
      );
      if (sameShape(same, shape)) xs[i] = bare(x);
    }
    const neutral = row.neutral?.find(({ arg, is }) => isLiteral(xs[arg] as number, is));
    const other = xs[1 - (neutral?.arg ?? 0)];
    if (neutral !== undefined && other !== undefined && sameShape(at(other).shape, shape)) return other;
    if (row.lower.as === 'each' && xs.every((x) => at(x).op === 'literal')) {
      const values = xs.map((x) => at(x).p as number); // of literals
      return literal(row.lower.inner(FOLDING[dtype], values, (p ?? {}) as Readonly<Record<string, number>>));
    }
    return put({
      op: name,
      reads: row.commutes ? xs.sort((a, b) => a - b) : xs,
      shape,
      ...(p === undefined ? {} : { p }),
    });
  };
  const isLiteral = (v: number, value: number): boolean => at(v).op === 'literal' && Object.is(at(v).p, value);
  /** Through rows that undo each other: views of views, turns of turns. */
  const moved = (row: Op, name: OpName, x: number, shape: Shape, p: unknown): number => {
    const { op, reads } = at(x);
    const before = op === 'input' || op === 'literal' ? null : ROWS[op].lower.as;
    if (before === row.lower.as && row.lower.as === 'turn') return reads[0] as number;
    const from = before === row.lower.as && row.lower.as === 'view' ? (reads[0] as number) : x;
    if (row.lower.as !== 'turn' && sameShape(at(from).shape, shape)) return from;
    return put({ op: name, reads: [from], shape, ...(p === undefined ? {} : { p }) });
  };

  const symbols: Lang<number> = reading<number>({ shape: (v) => at(v).shape, lit: literal }, (row, xs, p, name) => {
    const shape = row.shape(
      xs.map((x) => at(x).shape),
      p,
      name,
    );
    const { lower } = row;
    if (lower.as === 'steps') return lower.steps(symbols, xs, p as never); // the caller's, by Lang
    if (lower.as === 'each') return each(row, name, xs, shape, p);
    if (lower.as === 'view' || lower.as === 'turn' || lower.as === 'stretch')
      return moved(row, name, xs[0] as number, shape, p);
    return put({ op: name, reads: xs, shape, ...(p === undefined ? {} : { p }) });
  });
  return {
    symbols,
    input: (shape) => {
      const v = put({ op: 'input', reads: [], shape: checkShape(shape), p: inputs.length });
      inputs.push(v);
      return v;
    },
    program: (outputs) => alive({ dtype, equations, inputs, outputs }),
  };
};

/** Without the equations that no output needs; inputs stay. */
const alive = ({ dtype, equations, inputs, outputs }: Program): Program => {
  const live = new Set([...inputs, ...outputs]);
  for (let v = equations.length - 1; v >= 0; v--)
    if (live.has(v)) for (const r of (equations[v] as Equation).reads) live.add(r); // in range
  const order = [...live].sort((a, b) => a - b);
  const now = new Map(order.map((v, i) => [v, i]));
  const moved = (vs: readonly number[]): readonly number[] => vs.map((v) => now.get(v) as number); // all alive
  return {
    dtype,
    equations: order.map((v) => {
      const e = equations[v] as Equation; // in range
      return { ...e, reads: moved(e.reads) };
    }),
    inputs: moved(inputs),
    outputs: moved(outputs),
  };
};

/** One line per equation; `note` may add what a compiler knows of it. */
export const printed = (program: Program, note: (v: number) => string = () => ''): string => {
  const line = ({ op, reads, shape, p }: Equation, v: number): string => {
    const args = reads.map((r) => `%${r}`).join(', ');
    return `%${v}: ${show(shape)} = ${op}(${args})${p === undefined ? '' : ` ${toLine(p)}`}${note(v)}`;
  };
  return `${program.dtype}\n${program.equations.map(line).join('\n')}\nreturn ${program.outputs.map((v) => `%${v}`).join(', ')}`;
};

/** A program as a line of JSON, and back. */
export const programToLine = (program: Program): string => toLine(program);
/** @throws DomainError when it is no program: an unknown row, a value that is read before it is there, or a shape that does not follow */
export const programFromLine = (line: string): Program => {
  const program = fromJson(line) as Program; // checked below
  const fail = (why: string): never => {
    throw new DomainError(`program: ${why}`);
  };
  const { equations, inputs, outputs } = program;
  if (!Array.isArray(equations) || !Array.isArray(inputs) || !Array.isArray(outputs)) return fail('it must have lists');
  equations.forEach((e: Equation, v) => {
    if (e.reads.some((r) => !(Number.isInteger(r) && r >= 0 && r < v)))
      fail(`equation ${v} must read earlier ones, got ${e.reads.join(', ')}`);
    if (e.op === 'input' || e.op === 'literal') return;
    const row = ROWS[e.op] ?? fail(`no row is called ${String(e.op)}`);
    const shape = row.shape(
      e.reads.map((r) => equations[r]?.shape ?? []),
      e.p,
      e.op,
    );
    if (!sameShape(shape, e.shape)) fail(`equation ${v} must have the shape ${show(shape)}, got ${show(e.shape)}`);
  });
  return program;
};
