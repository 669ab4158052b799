// Small sweeps for tests: as few steps as show something, on problems of both kinds.
import type { Axes } from './tiers.ts';

/** Axes whose runs take some milliseconds each. */
export const smallAxes: Axes = {
  mode: 'defaults',
  problems: ['xor', 'rosenbrock'],
  optimizers: [{ name: 'sgd' }, { name: 'adam' }],
  initializers: ['zeros', 'heNormal'],
  variants: [{}],
  seeds: 4,
  tuningSeeds: 2,
  budgets: [1, 2],
  steps: 20,
};
