// Normalisation written once more from its definition, at 64 digits: values, statistics, and the whole Jacobian.

import type { Dtype } from '../port.ts';
import { FORMATS, type NormBound, normBound, normPullBound, normValueBound, gamma as rounding } from '../tolerance.ts';
import { type Big, big, exact, nearest, ONE, sqrt, ZERO } from './exact.ts';

/** A 64-digit number, and how far a stable implementation may be from it. */
export interface Entry {
  readonly value: Big;
  readonly allowed: number;
}

/** Numbers that are normalised together, by their places in the flat tensor, and the parameter that belongs to each. */
export interface Group {
  readonly at: readonly number[];
  readonly parameter: readonly number[];
}

/** What is to be normalised, and how. */
export interface Normalisation {
  readonly x: readonly number[];
  readonly gamma: readonly number[];
  readonly beta: readonly number[];
  readonly eps: number;
  /** Where eps is added: to the variance, or to its root. */
  readonly place: 'inside' | 'outside';
  readonly groups: readonly Group[];
}

const range = (n: number): readonly number[] => Array.from({ length: n }, (_, i) => i);
const sum = (terms: readonly Big[]): Big => terms.reduce((a, b) => a.plus(b), ZERO);
const mean = (terms: readonly Big[]): Big => sum(terms).div(terms.length);
const total = (terms: readonly number[]): number => terms.reduce((a, b) => a + b, 0);

/** One group per feature: every sample and position. */
export const overBatch = (shape: readonly number[]): readonly Group[] => {
  const features = shape.at(-1) ?? 1;
  const rows = shape.slice(0, -1).reduce((a, b) => a * b, 1);
  return range(features).map((j) => ({
    at: range(rows).map((i) => i * features + j),
    parameter: range(rows).map(() => j),
  }));
};

/** One group per sample and position: its features. */
export const overFeatures = (shape: readonly number[]): readonly Group[] => {
  const features = shape.at(-1) ?? 1;
  const rows = shape.slice(0, -1).reduce((a, b) => a * b, 1);
  return range(rows).map((i) => ({ at: range(features).map((j) => i * features + j), parameter: range(features) }));
};

/** The moments of some numbers, biased, and the numbers after normalisation. */
export interface Moments {
  readonly mean: Big;
  readonly variance: Big;
  /** What the centred numbers are divided by. */
  readonly root: Big;
  readonly centred: readonly Big[];
  readonly hat: readonly Big[];
}

const rootOf = (variance: Big, eps: Big, place: Normalisation['place']): Big =>
  place === 'inside' ? sqrt(variance.plus(eps)) : sqrt(variance).plus(eps);

/** Mean, variance as the mean of squares about it, and (x − mean)/root; NaN where the root is 0. */
export const momentsOf = (x: readonly Big[], eps: Big, place: Normalisation['place']): Moments => {
  const centre = mean(x);
  const centred = x.map((v) => v.minus(centre));
  const variance = mean(centred.map((d) => d.times(d)));
  const root = rootOf(variance, eps, place);
  return { mean: centre, variance, root, centred, hat: centred.map((d) => d.div(root)) };
};

/**
 * ∂hatⱼ/∂xᵢ, row j: the numerator moves by δᵢⱼ − 1/n, the root by ∂variance/∂xᵢ = 2·(xᵢ − mean)/n through its slope.
 */
export const jacobianOf = (
  { variance, root, centred }: Moments,
  place: Normalisation['place'],
): readonly (readonly Big[])[] => {
  const n = centred.length;
  const slope = ONE.div((place === 'inside' ? root : sqrt(variance)).times(2)); // of the root, by the variance
  const own = ONE.minus(ONE.div(n)).div(root);
  const other = ONE.div(-n).div(root);
  const rootMoved = centred.map((di) => slope.times(di).times(2).div(n).div(root).div(root));
  return centred.map((dj, j) => rootMoved.map((moved, i) => (i === j ? own : other).minus(dj.times(moved))));
};

const bigs = (values: readonly number[], at: readonly number[]): readonly Big[] => at.map((i) => exact(values[i] ?? 0));

interface Solved {
  readonly group: Group;
  readonly moments: Moments;
  readonly bound: NormBound;
}

/** Every group with its moments, and with the bound of a stable implementation. */
const solve = ({ x, eps, place, groups }: Normalisation, dtype: Dtype): readonly Solved[] =>
  groups.map((group) => {
    const moments = momentsOf(bigs(x, group.at), exact(eps), place);
    const bound = normBound(
      {
        top: Math.max(...group.at.map((i) => Math.abs(x[i] ?? 0))),
        deviation: nearest(sqrt(moments.variance)),
        eps,
        place,
        hat: moments.hat.map(nearest),
      },
      FORMATS[dtype].u,
    );
    return { group, moments, bound };
  });

/** γ·hat + β, in the order of x. */
export const valuesOf = (c: Normalisation, dtype: Dtype): readonly Entry[] => {
  const out = new Array<Entry>(c.x.length);
  for (const { group, moments, bound } of solve(c, dtype))
    group.at.forEach((to, i) => {
      const p = group.parameter[i] ?? 0;
      const [g, b] = [c.gamma[p] ?? 0, c.beta[p] ?? 0];
      const hat = moments.hat[i] ?? ZERO;
      out[to] = {
        value: exact(g).times(hat).plus(exact(b)),
        allowed: normValueBound(g, b, nearest(hat), bound.hat[i] ?? 0, FORMATS[dtype].u),
      };
    });
  return out;
};

/** Mean and biased variance of every group. */
export const statisticsOf = (
  c: Normalisation,
  dtype: Dtype,
): readonly { readonly mean: Entry; readonly variance: Entry }[] =>
  solve(c, dtype).map(({ moments, bound }) => ({
    mean: { value: moments.mean, allowed: bound.mean },
    variance: { value: moments.variance, allowed: bound.variance },
  }));

/** Cotangents of x, γ and β. */
export interface Pulled {
  readonly dx: readonly Entry[];
  readonly dgamma: readonly Entry[];
  readonly dbeta: readonly Entry[];
}

/** dyᵀ·∂y/∂(x, γ, β) by the whole Jacobian, entry by entry. */
export const pulledOf = (c: Normalisation, dy: readonly number[], dtype: Dtype): Pulled => {
  const { u } = FORMATS[dtype];
  const dx = new Array<Entry>(c.x.length);
  const gammaTerms = c.gamma.map((): { term: Big; size: number; off: number }[] => []);
  for (const { group, moments, bound } of solve(c, dtype)) {
    const weighed = group.at.map((to, i) => exact(dy[to] ?? 0).times(exact(c.gamma[group.parameter[i] ?? 0] ?? 0)));
    const jacobian = jacobianOf(moments, c.place);
    const allowed = normPullBound(weighed.map(nearest), moments.hat.map(nearest), nearest(moments.root), bound, u);
    group.at.forEach((to, i) => {
      dx[to] = {
        value: sum(weighed.map((g, j) => g.times(jacobian[j]?.[i] ?? ZERO))),
        allowed: allowed[i] ?? 0,
      };
      const hat = moments.hat[i] ?? ZERO;
      const g = dy[to] ?? 0;
      gammaTerms[group.parameter[i] ?? 0]?.push({
        term: exact(g).times(hat),
        size: Math.abs(g) * (Math.abs(nearest(hat)) + (bound.hat[i] ?? 0)),
        off: Math.abs(g) * (bound.hat[i] ?? 0),
      });
    });
  }
  return {
    dx,
    dgamma: gammaTerms.map((terms) => ({
      value: sum(terms.map(({ term }) => term)),
      allowed: total(terms.map(({ off }) => off)) + rounding(terms.length + 2, u) * total(terms.map((t) => t.size)),
    })),
    dbeta: c.beta.map((_, p) => {
      const terms = c.groups.flatMap(({ at, parameter }) => at.filter((_at, i) => parameter[i] === p));
      return {
        value: sum(bigs(dy, terms)),
        allowed: rounding(terms.length, u) * total(terms.map((i) => Math.abs(dy[i] ?? 0))),
      };
    }),
  };
};

/** Running statistics after a batch: what is kept weighs 1 − weight. */
export interface Update {
  /** Of the new batch. */
  readonly weight: Big;
  /** What the statistic of the batch is multiplied by, as n/(n − 1). */
  readonly factor: Big;
}

export const updated = (old: Entry, fresh: Entry, { weight, factor }: Update, dtype: Dtype): Entry => {
  const { u } = FORMATS[dtype];
  const estimate = fresh.value.times(factor);
  const [w, kept, f] = [nearest(weight), nearest(ONE.minus(weight)), nearest(factor)];
  const size = Math.abs(nearest(old.value)) + old.allowed + w * (Math.abs(nearest(estimate)) + f * fresh.allowed);
  return {
    value: ONE.minus(weight).times(old.value).plus(weight.times(estimate)),
    allowed: kept * old.allowed + w * f * fresh.allowed + rounding(6, u) * size,
  };
};

/** A number that was given. */
export const given = (x: number): Entry => ({ value: exact(x), allowed: 0 });

/** Σ cᵢ·eᵢ of entries that are off by at most so much each. */
export const combined = (entries: readonly Entry[], by: (i: number) => Big): Entry => ({
  value: sum(entries.map((e, i) => e.value.times(by(i)))),
  allowed: total(entries.map((e, i) => e.allowed * Math.abs(nearest(by(i))))),
});

/** Mean of squares about the mean, exactly, of doubles. */
export const varianceOf = (values: readonly number[]): Big => momentsOf(values.map(exact), ZERO, 'inside').variance;

/** What a mean of squares about the mean may be off by, where each number is: its root is a seminorm. */
export const varianceOff = (variance: Big, off: number): number => 2 * nearest(sqrt(variance)) * off + off * off;

/** Given statistics per feature, by which x is normalised without a look at the batch. */
export interface Fixed extends Omit<Normalisation, 'groups'> {
  readonly mean: readonly number[];
  readonly variance: readonly number[];
}

interface FixedHat extends Entry {
  readonly feature: number;
  readonly root: Big;
}

const fixedHats = ({ x, mean: centre, variance, eps, place }: Fixed, dtype: Dtype): readonly FixedHat[] =>
  x.map((v, i) => {
    const feature = i % centre.length;
    const m = centre[feature] ?? 0;
    const root = rootOf(exact(variance[feature] ?? 0), exact(eps), place);
    return {
      feature,
      root,
      value: exact(v).minus(exact(m)).div(root),
      // a difference, a root of a sum and a quotient; or scale and shift folded into one product
      allowed: (rounding(10, FORMATS[dtype].u) * (Math.abs(v) + Math.abs(m))) / nearest(root),
    };
  });

/** γ·(x − mean)/root + β. */
export const fixedValuesOf = (c: Fixed, dtype: Dtype): readonly Entry[] =>
  fixedHats(c, dtype).map(({ feature, value, allowed }) => {
    const [g, b] = [c.gamma[feature] ?? 0, c.beta[feature] ?? 0];
    return {
      value: exact(g).times(value).plus(exact(b)),
      allowed: normValueBound(g, b, nearest(value), allowed, FORMATS[dtype].u),
    };
  });

/** Cotangents of x, γ and β: γ/root·dy, Σ dy·hat and Σ dy, and nothing else. */
export const fixedPulledOf = (c: Fixed, dy: readonly number[], dtype: Dtype): Pulled => {
  const { u } = FORMATS[dtype];
  const hats = fixedHats(c, dtype);
  const of = (p: number) => hats.flatMap((h, i) => (h.feature === p ? [{ ...h, g: dy[i] ?? 0 }] : []));
  return {
    dx: hats.map(({ feature, root }, i) => {
      const value = exact(dy[i] ?? 0)
        .times(exact(c.gamma[feature] ?? 0))
        .div(root);
      return { value, allowed: rounding(10, u) * Math.abs(nearest(value)) };
    }),
    dgamma: c.gamma.map((_, p) => {
      const terms = of(p);
      const along = combined(terms, (i) => exact(terms[i]?.g ?? 0));
      const size = total(terms.map((t) => Math.abs(t.g) * (Math.abs(nearest(t.value)) + t.allowed)));
      return { value: along.value, allowed: along.allowed + rounding(terms.length + 2, u) * size };
    }),
    dbeta: c.beta.map((_, p) => {
      const terms = of(p).map(({ g }) => g);
      return {
        value: sum(terms.map(exact)),
        allowed: rounding(terms.length, u) * total(terms.map(Math.abs)),
      };
    }),
  };
};

/** The weight of a new batch, by what the momentum weighs. */
export const weightOf = (momentum: number, direction: 'ofNew' | 'ofOld'): Big =>
  direction === 'ofNew' ? exact(momentum) : ONE.minus(exact(momentum));

/** n/(n − 1), or 1 where the running variance is the biased one. */
export const estimatorOf = (n: number, estimator: 'unbiased' | 'biased'): Big =>
  estimator === 'unbiased' ? big(n).div(n - 1) : ONE;
