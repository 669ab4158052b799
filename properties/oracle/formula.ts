// Formulas as text, evaluated and differentiated at 64 digits.
import type { MathNode } from 'mathjs';
import type { Formula, Indexed } from '../../src/index.ts';
import { DIFFERENCE_ERROR, KINK_DIGITS, ORACLE_STEP } from '../tolerance.ts';
import { type Big, big, math, ZERO } from './exact.ts';

export type Scope = Readonly<Record<string, Big>>;

/** Text that mathjs cannot read as meant. */
class FormulaError extends Error {
  override readonly name = 'FormulaError';
}

interface Compiled {
  readonly node: MathNode;
  readonly run: (scope: Scope) => unknown;
}

const compiled = new Map<string, Compiled>();

/** Compiles once; a name that is not bound would silently be a unit, so names are checked at every evaluation. */
const compile = (text: string): Compiled => {
  const known = compiled.get(text);
  if (known !== undefined) return known;
  const node = math.parse(text);
  const code = node.compile();
  const names = new Set<string>();
  node.traverse((child, path) => {
    if (math.isSymbolNode(child) && path !== 'fn') names.add(child.name);
  });
  const run = (scope: Scope): unknown => {
    for (const name of names)
      if (name !== 'pi' && !Object.hasOwn(scope, name))
        throw new FormulaError(`formula: "${name}" in "${text}" is not bound`);
    return code.evaluate({ ...scope });
  };
  const made = { node, run };
  compiled.set(text, made);
  return made;
};

const asBig = (value: unknown, text: string): Big => {
  if (!math.isBigNumber(value))
    throw new FormulaError(`formula: "${text}" is no 64-digit number, got ${String(value)}`);
  return value;
};

/** Whatever a text comes to, matrices included. */
export const evaluateAny = (text: string, scope: Readonly<Record<string, unknown>>): unknown =>
  compile(text).run(scope as Scope); // mathjs takes any value by name

/** The value of a text. */
export const evaluate = (text: string, scope: Scope): Big => asBig(compile(text).run(scope), text);

/** The text of the piece that holds at a point. */
export const pieceAt = (formula: Formula, scope: Scope): string => {
  if (typeof formula === 'string') return formula;
  if ('index' in formula) return formula.term;
  if ('each' in formula) return formula.each;
  if ('matrix' in formula) return formula.matrix;
  const piece = formula.find(({ when }) => when === undefined || compile(when).run(scope) === true);
  if (piece === undefined) throw new FormulaError('formula: no piece holds');
  return piece.f;
};

/** The value of a formula at a point. */
export const valueAt = (formula: Formula, scope: Scope): Big => evaluate(pieceAt(formula, scope), scope);

const derivatives = new Map<string, string | null>();

/** The derivative as text, or null where mathjs has no rule (log1p, min, …). */
export const symbolic = (text: string, by: string): string | null => {
  const id = `${by}|${text}`;
  const known = derivatives.get(id);
  if (known !== undefined) return known;
  let found: string | null = null;
  try {
    // abs(x)/x, its derivative of abs, has no value at 0: leave those to differences
    found = /\babs\b/.test(text) ? null : math.derivative(text, by, { simplify: false }).toString();
  } catch {
    found = null;
  }
  derivatives.set(id, found);
  return found;
};

/** A derivative, and how wrong it may be. */
export interface Slope {
  readonly value: Big;
  readonly error: Big;
}

/** ∂f/∂x of one argument of a formula: symbolic where possible, a central difference elsewhere. */
export const slopeAt = (formula: Formula, by: string, scope: Scope): Slope => {
  const piece = pieceAt(formula, scope);
  const text = symbolic(piece, by);
  const direct = text === null ? null : evaluate(text, scope);
  if (direct?.isFinite()) return { value: direct, error: ZERO }; // where it overflows, differences do not
  const x = scope[by] ?? ZERO;
  // a step relative to x suits poles at 0, a fixed one suits smooth functions at tiny x: the smaller error decides
  const steps = [x.abs().times(ORACLE_STEP), big(ORACLE_STEP)].filter((h) => h.gt(0));
  const slopes = steps.map((h) => difference((v) => evaluate(piece, { ...scope, [by]: v }), x, h));
  return slopes.reduce((a, b) => (b.error.lt(a.error) ? b : a));
};

const difference = (f: (v: Big) => Big, x: Big, h: Big): Slope => differenceOf(f(x.minus(h)), f(x), f(x.plus(h)), h);

/** A central difference. Its error: what the one-sided differences disagree by, and the cancellation of 64 digits. */
export const differenceOf = (down: Big, mid: Big, up: Big, h: Big): Slope => {
  const bend = up.plus(down).minus(mid.times(2)).abs();
  return { value: up.minus(down).div(h.times(2)), error: bend.plus(mid.abs().times(DIFFERENCE_ERROR)).div(h) };
};

/** The second derivative of one argument, by differences; good for an estimate of size, which is what bounds need. */
export const curvatureAt = (formula: Formula, by: string, scope: Scope): Big => {
  const x = scope[by] ?? ZERO;
  const h = big(ORACLE_STEP);
  const f = (v: Big): Big => evaluate(pieceAt(formula, scope), { ...scope, [by]: v });
  return f(x.plus(h))
    .plus(f(x.minus(h)))
    .minus(f(x).times(2))
    .div(h.times(h));
};

/** Whether the slopes just left and right of a point differ: a bend, where the derivative is a convention. */
export const bendsAt = (formula: Formula, by: string, scope: Scope): boolean => {
  if (!Array.isArray(formula)) return false; // one piece, no seam
  const x = scope[by] ?? ZERO;
  const h = big(ORACLE_STEP);
  const f = (v: Big): Big => valueAt(formula, { ...scope, [by]: v });
  const [left, right] = [f(x).minus(f(x.minus(h))), f(x.plus(h)).minus(f(x))];
  return left.minus(right).abs().gt(left.abs().plus(right.abs()).times(KINK_DIGITS));
};

/** A name as TeX: Greek letters as mathjs has them, a number behind one as its index, other words upright, no letter as a unit. */
const texName = (node: MathNode): string | undefined => {
  if (!math.isSymbolNode(node)) return undefined; // as mathjs prints it
  const [, word = '', index] = node.name.match(/^([A-Za-z]+?)(\d*)$/) ?? [];
  if (index !== undefined && index !== '') return ` {${tex(word)}}_{${index}}`;
  if (/^[A-Za-z]$/.test(word)) return ` ${word}`; // a command of TeX may stand before it
  return /^\s*\\/.test(new math.SymbolNode(node.name).toTex())
    ? undefined
    : ` \\mathrm{${node.name.replaceAll('_', '\\_')}}`;
};

/** A line of mathematics as TeX; an assignment keeps its name on the left. */
export const tex = (text: string): string =>
  math
    .parse(text)
    .toTex({ parenthesis: 'auto', handler: texName })
    .replace(/(?<![\\a-z{])erf(inv)?(?=\\left)/g, '\\mathrm{erf$1}')
    .trim();

/** Whether an index on the left is missing on the right, so that terms are added up. */
export const sumsUp = ({ index }: Indexed): boolean => {
  if (typeof index !== 'string') return true; // indices that depend on parameters belong to reductions
  const [left = '', right = ''] = index.split('->');
  return [...left.replace(',', '')].some((letter) => !right.includes(letter));
};

/** What joins pieces of mathematics in a line of text. */
const JOINTS = /(; |,? where |, with |, else |, unit by unit|every period steps: |gradient at |, (?=\w+ = ))/;

/** Two words with nothing but a blank between them: no product, but a sentence. */
const WORDS = /[A-Za-z]{2,} [A-Za-z]{2,}/;

/** Mathematics with words in it, as rows of layers and losses have it, as TeX; what is no mathematics stays text. */
export const texOfText = (text: string): string =>
  text
    .split(JOINTS) // mathematics and joints in turn
    .map((part, i) => {
      if (i % 2 === 1) return `\\text{${part}}`;
      if (part === '') return '';
      if (WORDS.test(part)) return `\\text{${part}}`;
      const [left = '', right] = part.split(/ = (.*)/);
      try {
        return right === undefined ? tex(left) : `${tex(left)} = ${tex(right)}`;
      } catch {
        return `\\text{${part}}`;
      }
    })
    .filter((part) => part !== '')
    .join(' ');

/** A formula as TeX: pieces as cases, sums with their names. */
export const texOf = (formula: Formula): string => {
  if (typeof formula === 'string') return tex(formula);
  if ('index' in formula) return `${sumsUp(formula) ? '\\sum ' : ''}${tex(formula.term)}`;
  if ('matrix' in formula) return tex(formula.matrix);
  if ('each' in formula)
    return [
      tex(formula.each),
      ...Object.entries(formula.sums ?? {}).map(([name, term]) => `${name} = \\sum_j ${tex(term)}`),
      ...Object.entries(formula.maxima ?? {}).map(([name, term]) => `${name} = \\max_j ${tex(term)}`),
    ].join(',\\quad ');
  const cases = formula.map(({ when, f }) => `${tex(f)} & ${when === undefined ? '\\text{else}' : tex(when)}`);
  return `\\begin{cases} ${cases.join(' \\\\ ')} \\end{cases}`;
};
