// Choice of a learning rate: the same grid around each optimizer's own default, extended while the best lies on its edge.
import { mean } from '../statistics.ts';

/** A rate, and the mean final training loss over the tuning seeds; +Infinity when any of them failed. */
export interface Tried {
  readonly lr: number;
  readonly loss: number;
}

/**
 * `ok`: the best rate lies inside the grid. `edge`: it does not, even after every extension, so a better one may exist.
 * `tie`: every rate gives the same loss, so that there is nothing to choose. `failed`: every rate fails on some seed.
 */
export type TuningStatus = 'ok' | 'edge' | 'tie' | 'failed';

export interface Tuned {
  readonly lr: number;
  readonly status: TuningStatus;
  /** In ascending order of the rate. */
  readonly tried: readonly Tried[];
}

/** The default rate times 0.3, 1, 3, 10 … 300: rungs of a ladder that goes on in both directions. */
export const RUNGS = [-1, 0, 1, 2, 3, 4, 5] as const;
/** Rungs that may be added below and above. */
export const MOST_EXTRA = 4;

/** Factor of a rung: 1, 3, 10, 30 … and 0.3, 0.1 … below. */
export const factorOf = (rung: number): number => Number(`${rung % 2 === 0 ? 1 : 3}e${Math.floor(rung / 2)}`); // from text, so that 0.3 is the double nearest to 0.3

/** The rate of a rung, in at most six digits, so that a report prints the very number used. */
export const rateOf = (defaultLr: number, rung: number): number => Number((defaultLr * factorOf(rung)).toPrecision(6));

const bestOf = (tried: readonly Tried[]): number =>
  tried.reduce((best, t, i) => (t.loss < (tried[best]?.loss ?? Number.POSITIVE_INFINITY) ? i : best), 0);

/**
 * The rate with the lowest mean final loss over the tuning seeds, the smallest such rate when several have it; or the
 * rates that must be tried first. The mean and not the median, because of three seeds a median forgives one failure.
 */
export const tune = (
  defaultLr: number,
  lossesAt: (lr: number) => readonly number[] | null,
): { readonly tuned: Tuned } | { readonly untried: readonly number[] } => {
  let [low, high]: [number, number] = [RUNGS[0], RUNGS[RUNGS.length - 1] as number];
  const [lowest, highest] = [low - MOST_EXTRA, high + MOST_EXTRA];
  for (;;) {
    const rates = Array.from({ length: high - low + 1 }, (_, i) => rateOf(defaultLr, low + i));
    const seen = rates.map((lr) => ({ lr, losses: lossesAt(lr) }));
    const untried = seen.flatMap(({ lr, losses }) => (losses === null ? [lr] : []));
    if (untried.length > 0) return { untried };
    const tried = seen.map(({ lr, losses }): Tried => ({ lr, loss: mean(losses ?? []) }));
    const settled = (lr: number, status: TuningStatus) => ({ tuned: { lr, status, tried } });
    if (tried.every((t) => t.loss === tried[0]?.loss))
      return settled(defaultLr, tried[0]?.loss === Number.POSITIVE_INFINITY ? 'failed' : 'tie');
    const best = bestOf(tried);
    if (best === 0 && low > lowest) low -= 1;
    else if (best === tried.length - 1 && high < highest) high += 1;
    else return settled(tried[best]?.lr ?? defaultLr, best === 0 || best === tried.length - 1 ? 'edge' : 'ok');
  }
};
