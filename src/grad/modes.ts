// Forward mode and second derivatives, made from reverse mode alone: a pull-back is linear, so its own pull-back is the push-forward.
import { DomainError } from '../core/errors.ts';
import { sameShape, show } from '../core/shape.ts';
import type { Lang } from '../ops/lang.ts';
import { grad, gradOf, type Program, pullback, vjp } from './tape.ts';

/** Σ over all elements of all tensors of a·b, a scalar. */
const inner = <T>(o: Lang<T>, as: readonly T[], bs: readonly T[]): T =>
  as
    .map((a, i) => {
      const product = o.mul(a, bs[i] as T); // as many as there are: checked by `fitting`
      return o.sum(product, { axes: o.shape(product).map((_, d) => d), keep: false });
    })
    .reduce((a, b) => o.add(a, b), o.lit(0));

/** @throws DomainError unless there is one tangent per argument, in its shape */
const fitting = <T>(what: string, o: Lang<T>, xs: readonly T[], us: readonly T[]): void => {
  if (xs.length !== us.length)
    throw new DomainError(`${what}: takes one tangent per argument, got ${us.length} for ${xs.length}`);
  xs.forEach((x, i) => {
    const [a, b] = [o.shape(x), o.shape(us[i] as T)];
    if (!sameShape(a, b)) throw new DomainError(`${what}: tangent ${i} must have the shape ${show(a)}, got ${show(b)}`);
  });
};

/**
 * Value of a program and J·u, the derivative of its result along tangents `us` in the shapes of `xs`: the gradient of
 * g ↦ ⟨Jᵀg, u⟩, which is linear in g, so that any g will do.
 * @source Griewank & Walther 2008, §3.1; Baydin et al. 2018, §3.2 (as two reverse passes)
 * @throws DomainError for tangents that do not fit
 */
export const jvp =
  (f: Program) =>
  <T>(o: Lang<T>, xs: readonly T[], us: readonly T[]): { readonly value: T; readonly tangent: T } => {
    fitting('jvp', o, xs, us);
    const { value } = vjp(f, o, xs);
    const n = xs.length;
    const seed = o.expand(o.lit(0), { shape: o.shape(value) });
    const along = pullback(
      (lang, [g, ...rest]) => [
        inner(lang, vjp(f, lang, rest.slice(0, n)).pull(g as (typeof rest)[number]), rest.slice(n)),
      ],
      o,
      [seed, ...xs, ...us],
      1,
    );
    return { value, tangent: gradOf(o, along)[0] as T }; // one tracked argument
  };

/** How a Hessian is reached: the gradient of ⟨∇f, u⟩, the derivative of ∇f along u, or the gradient of the derivative along u. */
export type HvpMode = 'reverseOverReverse' | 'forwardOverReverse' | 'reverseOverForward';

type Product = <T>(f: Program, o: Lang<T>, xs: readonly T[], us: readonly T[]) => readonly T[];

/** The gradient by the first n arguments of a scalar program of xs and us together. */
const gradientByFirst =
  (scalarOf: <U>(f: Program, lang: Lang<U>, xs: readonly U[], us: readonly U[]) => U): Product =>
  (f, o, xs, us) => {
    const n = xs.length;
    return gradOf(
      o,
      pullback((lang, all) => [scalarOf(f, lang, all.slice(0, n), all.slice(n))], o, [...xs, ...us], n),
    );
  };

const PRODUCTS: Readonly<Record<HvpMode, Product>> = {
  reverseOverReverse: gradientByFirst((f, lang, xs, us) => inner(lang, grad(f)(lang, xs), us)),
  reverseOverForward: gradientByFirst((f, lang, xs, us) => jvp(f)(lang, xs, us).tangent),
  forwardOverReverse: (f, o, xs, us) =>
    xs.map((_, i) => jvp((lang, at) => nth(grad(f)(lang, at), i))(o, xs, us).tangent),
};

const nth = <T>(list: readonly T[], i: number): T => list[i] as T; // one gradient per argument

/**
 * H·u of a scalar program, one tensor per argument: the Hessian itself is never made.
 * @source Pearlmutter 1994, §3
 * @throws DomainError when the result is no scalar, or tangents do not fit
 */
export const hvp =
  (f: Program, mode: HvpMode = 'reverseOverReverse') =>
  <T>(o: Lang<T>, xs: readonly T[], us: readonly T[]): readonly T[] => {
    fitting('hvp', o, xs, us);
    return PRODUCTS[mode](f, o, xs, us);
  };
