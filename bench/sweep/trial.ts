// A problem, a variant and a seed, made ready: everything drawn, nothing chosen, and trainings that begin from there.
import { canonical, type Variant } from './config.ts';
import type { Problem } from './problem.ts';
import { recent } from './recent.ts';
import { functionTrial } from './trial/function.ts';
import { networkTrial } from './trial/network.ts';
import type { Trial } from './trial/pass.ts';

/** Trials that a worker keeps, as the next configuration may need them. */
const TRIALS_KEPT = 12;

/** The trial of a problem, a variant and a seed; those met last are kept. @throws DomainError for a variant that it has not */
export const trialOf = (
  name: string,
  problem: Problem,
  variant: Variant,
  seed: number,
  steps: number,
): Trial | Promise<Trial> =>
  recent('trial', TRIALS_KEPT, canonical({ name, variant, seed, steps }), () =>
    problem.kind === 'network'
      ? networkTrial(name, problem, variant, seed, steps)
      : functionTrial(name, problem, variant, seed, steps),
  );
