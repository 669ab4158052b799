// How fast a training may go, one row each: steps a second, by the number of steps made.

export interface Pace {
  readonly label: string;
  readonly doc: string;
  /** Steps a second. */
  readonly rate: (k: number) => number;
}

export const PACES: Readonly<Record<string, Pace>> = {
  ease: {
    label: 'slow start',
    doc: 'begins with a few steps a second and goes faster and faster, until the machine can do no more',
    rate: (k) => Math.max(30, 1.5 * k),
  },
  full: { label: 'full speed', doc: 'as fast as the machine can', rate: () => Number.POSITIVE_INFINITY },
  hundred: { label: '100 steps/s', doc: 'a hundred steps a second', rate: () => 100 },
  ten: { label: '10 steps/s', doc: 'ten steps a second, to look at each', rate: () => 10 },
};
