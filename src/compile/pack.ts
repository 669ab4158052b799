// Packing for matrix products: lines of a matrix side by side in panels, so that the kernel reads memory in its order.
import { type Arithmetic, advance, countdown, countdownBy, range, square, VECTOR } from './arithmetic.ts';
import {
  add,
  and,
  type Code,
  call,
  eq,
  type Func,
  func,
  i32,
  least,
  load,
  lt,
  mul,
  seq,
  shrU,
  store,
  sub,
  when,
  whileLoop,
} from './wasm.ts';

/** Lines that are turned in one go: each has its pointer, and there are not many registers. */
const GROUP = 4;

/**
 * Packs one panel of `width` lines of k numbers, a multiple of 4: number 0 of all lines, then number 1, and so on. The first
 * line starts at `from`, lines lie `line` bytes apart, their numbers `step` bytes. Where there are fewer `lines` than that,
 * the last stands in for those that lack: nothing else is read, and what becomes of it is not used.
 */
const onePanel = (f: Arithmetic, width: number): Func =>
  func(undefined, ['source', 'line', 'step', 'lines', 'k', 'to'], (l, { source, line, step, lines, k, to }) => {
    const { dtype, bytes, lanes } = f;
    const left = l.i32();
    const out = l.i32();
    const starts = range(GROUP, () => l.i32());
    const squares = range(GROUP / lanes, (s) => ({
      ...square(
        f,
        l,
        starts.slice(s * lanes, (s + 1) * lanes).map((p) => load('v128', p.get)),
      ),
      at: s * VECTOR,
    }));
    /** As many numbers of every line as a vector has. */
    const several = seq(
      ...squares.map((s) => s.turn),
      ...squares.flatMap(({ columns, at }) => columns.map((v, i) => store('v128', out.get, v, at + i * width * bytes))),
      ...starts.map((p) => advance(p, i32(VECTOR))),
      advance(out, i32(lanes * width * bytes)),
    );
    const one = seq(
      ...starts.map((p, i) => store(dtype, out.get, load(dtype, p.get), i * bytes)),
      ...starts.map((p) => advance(p, step.get)),
      advance(out, i32(width * bytes)),
    );
    const group = (first: number): Code =>
      seq(
        ...starts.map((p, i) => p.set(add(source.get, mul(line.get, least(i32(first + i), sub(lines.get, i32(1))))))),
        out.set(add(to.get, i32(first * bytes))),
        left.set(k.get),
        when(eq(step.get, i32(bytes)), countdownBy(lanes, left, several)),
        countdown(left, one),
      );
    return seq(...range(width / GROUP, (g) => group(g * GROUP)));
  });

/** Packs several panels of `width` lines each, where the lines lie side by side, so that it has to move whole vectors only. */
const panelsAbreast = ({ bytes }: Arithmetic, width: number, panels: number): Func =>
  func(undefined, ['source', 'step', 'k', 'to'], (l, { source, step, k, to }) => {
    const row = width * bytes;
    const pairs = l.i32();
    const outs = range(panels, () => l.i32());
    const places = outs.flatMap((out) => range(row / VECTOR, (i) => ({ v: l.v128(), out, at: i * VECTOR })));
    const line = (n: number): Code =>
      seq(
        ...places.map(({ v }, i) => v.set(load('v128', source.get, i * VECTOR))),
        ...places.map(({ v, out, at }) => store('v128', out.get, v.get, n * row + at)),
        advance(source, step.get),
      );
    const lines = (n: number): Code => seq(...range(n, line), ...outs.map((out) => advance(out, i32(n * row))));
    return seq(
      ...outs.map((out, i) => out.set(add(to.get, mul(k.get, i32(i * row))))),
      // two at a time fill cache lines of the panels of B
      when(and(k.get, i32(1)), lines(1)),
      pairs.set(shrU(k.get, i32(1))),
      countdown(pairs, lines(2)),
    );
  });

/** Panels that are packed together where they can be: as many as read two cache lines of B at a time. */
const ABREAST = 4;

/**
 * Packs `lines` of a block of a matrix in panels of `width` lines, and the functions that it calls. A panel begins at as many
 * bytes as the lines before it have.
 */
export const packBlock = (f: Arithmetic, width: number): readonly [Func, ...(readonly Func[])] => {
  const any = onePanel(f, width);
  const [single, several] = [panelsAbreast(f, width, 1), panelsAbreast(f, width, ABREAST)];
  const block = func(undefined, ['source', 'line', 'step', 'lines', 'k', 'to'], (_, p) => {
    const { source, line, step, lines, k, to } = p;
    const next = (panels: number): Code =>
      seq(
        advance(source, mul(line.get, i32(panels * width))),
        advance(to, mul(k.get, i32(panels * width * f.bytes))),
        lines.set(sub(lines.get, i32(panels * width))),
      );
    const whole = (abreast: Func, panels: number): Code =>
      whileLoop(
        lt(i32(panels * width - 1), lines.get),
        seq(call(abreast, source.get, step.get, k.get, to.get), next(panels)),
      );
    return seq(
      when(eq(line.get, i32(f.bytes)), seq(whole(several, ABREAST), whole(single, 1))),
      whileLoop(
        lt(i32(0), lines.get),
        seq(call(any, source.get, line.get, step.get, lines.get, k.get, to.get), next(1)),
      ),
    );
  });
  return [block, any, single, several];
};
