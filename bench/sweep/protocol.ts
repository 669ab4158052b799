// The protocol of a sweep: which runs a cell needs next, as a pure function of what is known; no run depends on who makes it.
import {
  DomainError,
  type Hyper,
  type OptimizerSpec,
  optimizerFrom,
  optimizerRow,
  presetOf,
  UnknownNameError,
} from '../../src/index.ts';
import { mean } from '../statistics.ts';
import { canonical, digestOf, idOf, type RunConfig, type Variant } from './config.ts';
import { GIVEN } from './problem.ts';
import { problemRow } from './problems/index.ts';
import type { RunRecord } from './record.ts';
import { plannedFor } from './schedules.ts';
import { spaceOf } from './space.ts';
import { type Tuned, tune } from './tuning.ts';

/**
 * `defaults`: the optimizers as they are. `rate`: the learning rate chosen on the tuning seeds, all else as it is.
 * `budget`: the best of so many configurations of a declared space, chosen on the tuning seeds.
 */
export type SweepMode = 'defaults' | 'rate' | 'budget';

/** A sweep as data: axes, seeds and how to tune. What it needs follows from it alone. */
export interface Protocol {
  readonly schema: 1;
  readonly mode: SweepMode;
  readonly problems: readonly { readonly name: string; readonly definition: string; readonly steps: number }[];
  /** Without learning rates. */
  readonly optimizers: readonly OptimizerSpec[];
  /** For problems that do not start by themselves. */
  readonly initializers: readonly string[];
  readonly variants: readonly Variant[];
  /** Chosen on; disjoint from those reported on. */
  readonly tuningSeeds: readonly number[];
  readonly seeds: readonly number[];
  /** Configurations tried in the mode `budget`, ascending: each is a cell of its own. */
  readonly budgets: readonly number[];
}

/** The place of a cell: what is compared with what. */
export interface Place {
  readonly problem: string;
  readonly variant: Variant;
  readonly optimizer: OptimizerSpec;
  readonly initializer: string;
  /** Configurations that were tried to choose one; null outside the mode `budget`. */
  readonly budget: number | null;
}

/** A configuration that was tried, and the mean final loss over the tuning seeds; +Infinity when any of them failed. */
export interface Draw {
  readonly lr: number;
  readonly hyper: Hyper;
  readonly loss: number;
}

/** What was chosen for a cell, and what came of it. */
export interface Chosen {
  readonly lr: number;
  readonly hyper: Hyper;
  /** In the mode `rate`. */
  readonly tuned: Tuned | null;
  /** In the mode `budget`: all that were tried, in the order of the space. */
  readonly draws: readonly Draw[];
}

/** As much of a record as choosing needs: whoever has many runs keeps no more in memory. */
export type Outcome = Pick<RunRecord, 'finalLoss'>;

/** A cell as far as it is known. */
export interface CellState<R extends Outcome = RunRecord> {
  readonly place: Place;
  /** Null while runs are missing to choose by. */
  readonly chosen: Chosen | null;
  /** One for each of the reporting seeds, in their order, as far as they are known; one in all where nothing is drawn. */
  readonly runs: readonly R[];
  /** Runs that can be made now. */
  readonly missing: readonly RunConfig[];
}

/** @throws DomainError when a seed is both tuned and reported on, or none is given where one is needed */
export const checkProtocol = (protocol: Protocol): void => {
  const { seeds, tuningSeeds, mode, budgets } = protocol;
  const both = seeds.find((seed) => tuningSeeds.includes(seed));
  if (both !== undefined) throw new DomainError(`sweep: no seed may be tuned and reported on, got ${both} in both`);
  if (seeds.length === 0) throw new DomainError('sweep: seeds to report on are needed, got none');
  if (mode !== 'defaults' && tuningSeeds.length === 0)
    throw new DomainError(`sweep: seeds to tune on are needed in the mode ${mode}, got none`);
  if (mode === 'budget' && budgets.length === 0)
    throw new DomainError('sweep: the mode budget needs budgets, got none');
  for (const [name, axis] of Object.entries({
    problems: protocol.problems,
    optimizers: protocol.optimizers,
    initializers: protocol.initializers,
    variants: protocol.variants,
  }))
    if (axis.length === 0) throw new DomainError(`sweep: the grid is empty, got no ${name}`);
  for (const spec of protocol.optimizers) {
    optimizerFrom(spec); // throws with its own sentence
    if (defaultRate(spec) === undefined)
      throw new UnknownNameError(`sweep: ${spec.name} has no learning rate to choose`);
  }
};

const hyperOf = ({ name, dialect, hyper = {} }: OptimizerSpec): Hyper => ({
  ...(dialect === undefined ? optimizerRow(name).hyper : presetOf(name, dialect)),
  ...hyper,
});

/** The learning rate of an optimizer as its dialect has it. */
export const defaultRate = (spec: OptimizerSpec): number | undefined => hyperOf(spec).lr;

/** An optimizer in a few words: `adam`, `adam (keras)`, `sgd, cosine`, `sgd in sam`. */
export const labelOf = ({ name, dialect, schedule, wrappers = [], hyper = {} }: OptimizerSpec): string => {
  const numbers = Object.entries(hyper).map(([key, value]) => `${key} ${value}`);
  const notes = [...(dialect === undefined ? [] : [dialect]), ...numbers];
  const own = notes.length === 0 ? name : `${name} (${notes.join(', ')})`;
  const planned = schedule === undefined ? own : `${own}, ${schedule.name}`;
  return wrappers.reduce((inner, w) => `${inner} in ${w.name}`, planned);
};

/** The places of a sweep, in the order of its axes; initializers count only where a problem asks for one. */
export const placesOf = ({ problems, variants, optimizers, initializers, mode, budgets }: Protocol): readonly Place[] =>
  problems.flatMap(({ name: problem }) => {
    const network = problemRow(problem).kind === 'network';
    return (network ? variants : [{}]).flatMap((variant) =>
      (network ? initializers : [GIVEN]).flatMap((initializer) =>
        optimizers.flatMap((optimizer) =>
          (mode === 'budget' ? budgets : [null]).map((budget) => ({
            problem,
            variant,
            optimizer,
            initializer,
            budget,
          })),
        ),
      ),
    );
  });

/** What is known of every cell, and which runs it needs; of some cells alone, if a share of the places is named. */
export const cellsOf = <R extends Outcome>(
  protocol: Protocol,
  known: ReadonlyMap<string, R>,
  mine: (place: Place) => boolean = () => true,
): readonly CellState<R>[] => {
  const { mode, tuningSeeds, seeds, budgets } = protocol;
  return placesOf(protocol)
    .filter(mine)
    .map((place): CellState<R> => {
      const { problem, variant, initializer, budget } = place;
      const facts = protocol.problems.find(({ name }) => name === problem);
      const row = problemRow(problem);
      const once = row.kind === 'function' && row.fixed === true;
      const { hyper: given = {}, ...rest } = plannedFor(place.optimizer, facts?.steps ?? 0);
      const config = (lr: number, hyper: Hyper, seed: number): RunConfig => {
        const all = { ...given, ...hyper };
        const optimizer = Object.keys(all).length === 0 ? rest : { ...rest, hyper: all };
        return {
          schema: 1,
          problem,
          definition: facts?.definition ?? '',
          optimizer,
          initializer,
          lr,
          variant,
          steps: facts?.steps ?? 0,
          seed,
        };
      };
      const wanted = (lr: number, hyper: Hyper, over: readonly number[]) =>
        (once ? over.slice(0, 1) : over).map((seed) => {
          const run = config(lr, hyper, seed);
          return { run, record: known.get(idOf(run)) };
        });
      const missingOf = (all: ReturnType<typeof wanted>) =>
        all.flatMap(({ run, record }) => (record === undefined ? [run] : []));
      const lossOf = (all: ReturnType<typeof wanted>): readonly number[] | null =>
        missingOf(all).length > 0 ? null : all.map(({ record }) => record?.finalLoss ?? Number.NaN);
      const reported = (chosen: Chosen): CellState<R> => {
        const all = wanted(chosen.lr, chosen.hyper, seeds);
        return { place, chosen, runs: all.flatMap(({ record }) => record ?? []), missing: missingOf(all) };
      };
      const tuning = (missing: readonly RunConfig[]): CellState<R> => ({ place, chosen: null, runs: [], missing });
      const standard = defaultRate(place.optimizer) ?? Number.NaN; // checked by checkProtocol

      if (mode === 'defaults') return reported({ lr: standard, hyper: {}, tuned: null, draws: [] });
      if (mode === 'rate') {
        const state = tune(standard, (lr) => lossOf(wanted(lr, {}, tuningSeeds)));
        if ('untried' in state) return tuning(state.untried.flatMap((lr) => missingOf(wanted(lr, {}, tuningSeeds))));
        return reported({ lr: state.tuned.lr, hyper: {}, tuned: state.tuned, draws: [] });
      }
      const space = spaceOf(hyperOf(place.optimizer), Math.max(...budgets));
      const tried = space.map((point) => ({ ...point, all: wanted(point.lr, point.hyper, tuningSeeds) }));
      const missing = tried.flatMap(({ all }) => missingOf(all));
      if (missing.length > 0) return tuning(missing);
      const draws = tried.map(({ lr, hyper, all }): Draw => ({ lr, hyper, loss: mean(lossOf(all) ?? []) }));
      const best = draws.slice(0, budget ?? 0).reduce((a, b) => (b.loss < a.loss ? b : a));
      return reported({ lr: best.lr, hyper: best.hyper, tuned: null, draws });
    });
};

/** Runs that can be made now, each once, whichever cells ask for it; none when the sweep is complete. */
export const nextRuns = (
  protocol: Protocol,
  known: ReadonlyMap<string, Outcome>,
  mine?: (place: Place) => boolean,
): readonly RunConfig[] => {
  const runs = cellsOf(protocol, known, mine).flatMap(({ missing }) => missing);
  return [...new Map(runs.map((run) => [idOf(run), run])).values()];
};

/** What a sweep is called: a digest of its protocol. */
export const nameOfProtocol = (protocol: Protocol): string => digestOf(canonical(protocol)).slice(0, 16);
