// Distribution functions of exact tests, loaded when one is first asked for: their modules take longer than most commands.
import { createRequire } from 'node:module';
import type binomial from '@stdlib/stats-base-dists-binomial-cdf';
import type chisquare from '@stdlib/stats-base-dists-chisquare-cdf';

const load = createRequire(import.meta.url);
/** A function that a package is, once it is called. */
const late = <A extends readonly number[]>(name: string): ((...args: A) => number) => {
  const known: { f?: (...args: A) => number } = {};
  return (...args) => {
    known.f ??= load(name) as (...args: A) => number; // as its own types, below, say
    return known.f(...args);
  };
};

type Given<F extends (...args: never[]) => number> = Readonly<Parameters<F>>;
/** P(X ≤ k) of n trials with probability p. */
export const binomialCdf = late<Given<typeof binomial>>('@stdlib/stats-base-dists-binomial-cdf');
/** P(X ≤ x) of a sum of n squares. */
export const chisquareCdf = late<Given<typeof chisquare>>('@stdlib/stats-base-dists-chisquare-cdf');
