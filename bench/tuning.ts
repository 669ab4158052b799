// Choice of a learning rate: the same grid around each optimizer's own default, extended while the best lies on its edge.
import { mean } from './statistics.ts';

/** A rate and the mean final training loss over the tuning seeds, in nats per sample. */
export interface Tried {
  readonly lr: number;
  readonly loss: number;
}

/**
 * `ok`: the best rate lies inside the grid. `edge`: it does not, even after every extension, so a better one may exist.
 * `tie`: every rate gives the same loss, so that there is nothing to choose. `failed`: every rate diverges on some seed.
 */
export type TuningStatus = 'ok' | 'edge' | 'tie' | 'failed';

export interface Tuned {
  readonly lr: number;
  readonly status: TuningStatus;
  /** In ascending order of the rate. */
  readonly tried: readonly Tried[];
}

/** The default rate times 1, 3, 10, 30 … 1000: rungs 0 to 6 of a ladder that goes on in both directions. */
export const RUNGS = [0, 1, 2, 3, 4, 5, 6] as const;
/** Rungs that may be added below and above. */
export const MOST_EXTRA = 4;

/** Factor of a rung: 1, 3, 10, 30 … and 0.3, 0.1 … below. */
export const factorOf = (rung: number): number => Number(`${rung % 2 === 0 ? 1 : 3}e${Math.floor(rung / 2)}`); // from text, so that 0.3 is the double nearest to 0.3

/** The rate of a rung, in at most six digits, so that a report prints the very number used. */
export const rateOf = (defaultLr: number, rung: number): number => Number((defaultLr * factorOf(rung)).toPrecision(6));

const bestOf = (tried: readonly Tried[]): number =>
  tried.reduce((best, t, i) => (t.loss < (tried[best]?.loss ?? Number.POSITIVE_INFINITY) ? i : best), 0);

/**
 * The rate with the lowest mean final loss over the tuning seeds; the smallest such rate when several have it.
 * The mean and not the median, because of three seeds a median forgives one failure.
 */
export const tune = async (defaultLr: number, lossesAt: (lr: number) => Promise<readonly number[]>): Promise<Tuned> => {
  const attempt = async (rung: number): Promise<Tried> => {
    const lr = rateOf(defaultLr, rung);
    return { lr, loss: mean(await lossesAt(lr)) };
  };
  let tried: readonly Tried[] = [];
  for (const rung of RUNGS) tried = [...tried, await attempt(rung)];
  const same = tried.every((t) => t.loss === tried[0]?.loss);
  if (same && tried[0]?.loss === Number.POSITIVE_INFINITY) return { lr: defaultLr, status: 'failed', tried };
  if (same) return { lr: defaultLr, status: 'tie', tried };
  let [below, above] = [0, 0];
  for (;;) {
    const best = bestOf(tried);
    if (best === 0 && below < MOST_EXTRA) {
      below += 1;
      tried = [await attempt(RUNGS[0] - below), ...tried];
    } else if (best === tried.length - 1 && above < MOST_EXTRA) {
      above += 1;
      tried = [...tried, await attempt(RUNGS.length - 1 + above)];
    } else {
      const status = best === 0 || best === tried.length - 1 ? 'edge' : 'ok';
      return { lr: tried[best]?.lr ?? defaultLr, status, tried };
    }
  }
};
