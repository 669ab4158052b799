// A round of a sweep as a file: the protocol, and the runs that can be made now; and which of them a shard makes.
import { DomainError, fromJson } from '../../src/index.ts';
import { canonical, digestOf, idOf, type RunConfig } from './config.ts';
import {
  cellsOf,
  checkProtocol,
  nameOfProtocol,
  nextRuns,
  type Outcome,
  type Place,
  type Protocol,
  placesOf,
} from './protocol.ts';
import type { RunRecord } from './record.ts';
import { linesOf, StoreFault } from './store.ts';

export interface Plan {
  readonly protocol: Protocol;
  /** From 1; those after the first need what the one before has found. */
  readonly round: number;
  /** In the order of their names; none when the sweep is complete. */
  readonly runs: readonly RunConfig[];
}

const KIND = 'sweep plan';

/** What can be run now. */
export const planOf = (protocol: Protocol, known: ReadonlyMap<string, Outcome>, round: number): Plan => ({
  protocol,
  round,
  runs: byId(nextRuns(protocol, known)),
});

const byId = (runs: readonly RunConfig[]): readonly RunConfig[] =>
  runs
    .map((run) => ({ run, id: idOf(run) }))
    .sort((a, b) => (a.id < b.id ? -1 : 1))
    .map(({ run }) => run);

/** A line for the protocol, then one for each run; the same plan is the same text. */
export function* planLines({ protocol, round, runs }: Plan): Generator<string> {
  const head = { schema: 1, kind: KIND, name: nameOfProtocol(protocol), round, runs: runs.length, protocol };
  yield `${canonical(head)}\n`;
  for (const config of runs) yield `${canonical({ id: idOf(config), config })}\n`;
}

/** Reads a plan. @throws StoreFault for a file that cannot be read or is no whole plan; DomainError, UnknownNameError for a protocol that cannot be run */
export const readPlan = (path: string): Plan => {
  const runs: RunConfig[] = [];
  let head: { readonly protocol: Protocol; readonly round: number; readonly runs: number } | undefined;
  let number = 0;
  for (const { text } of linesOf(path)) {
    number += 1;
    let row: Record<string, unknown> | null;
    try {
      row = fromJson(text) as typeof row; // checked below
    } catch {
      row = null;
    }
    if (number === 1 && row?.kind === KIND && row.schema === 1) head = row as unknown as typeof head;
    else if (number > 1 && typeof row?.id === 'string' && idOf(row.config as RunConfig) === row.id)
      runs.push(row.config as RunConfig);
    else throw new StoreFault(`sweep: line ${number} of ${path} is not of a plan, got "${text.slice(0, 40)}"`);
  }
  if (head === undefined) throw new StoreFault(`sweep: ${path} is empty, and no plan`);
  if (head.runs !== runs.length)
    throw new StoreFault(`sweep: ${path} is torn: it has ${runs.length} of ${head.runs} runs`);
  checkProtocol(head.protocol);
  return { protocol: head.protocol, round: head.round, runs };
};

/** One of so many shares, counted from 1. */
export interface Shard {
  readonly index: number;
  readonly of: number;
}

/** Every n-th from the index on: the shares of all shards are disjoint, and together everything. */
export const shareOf = <T>(sorted: readonly T[], { index, of }: Shard): readonly T[] =>
  sorted.filter((_, i) => i % of === index - 1);

const wholeNumber = (text: string | undefined): number | undefined =>
  text !== undefined && /^\d+$/.test(text) ? Number(text) : undefined;

/** `3/8`. @throws DomainError */
export const parseShard = (text: string): Shard => {
  const [index, of, ...more] = text.split('/').map((part) => wholeNumber(part));
  if (index === undefined || of === undefined || more.length > 0 || index < 1 || index > of)
    throw new DomainError(`sweep: a shard is i/n with 1 ≤ i ≤ n, got "${text}"`);
  return { index, of };
};

/** Where schedulers say which of how many a process is. */
interface Scheduler {
  readonly name: string;
  /** Position from 0, and how many; undefined when the scheduler is another. */
  readonly read: (
    value: (name: string) => number | undefined,
    shards: number | undefined,
  ) => { readonly at: number; readonly of: number | undefined } | undefined;
}

/**
 * Schedulers by the variables that they set.
 * @source Slurm: sbatch, "output environment variables"; Kubernetes: Job, "completion mode"; GitHub Actions: contexts,
 * `strategy.job-index` and `strategy.job-total`, which a workflow hands on as STRATEGY_JOB_INDEX and STRATEGY_JOB_TOTAL
 */
export const SCHEDULERS: readonly Scheduler[] = [
  {
    name: 'Slurm',
    read: (value) => {
      const id = value('SLURM_ARRAY_TASK_ID');
      const [first, step] = [value('SLURM_ARRAY_TASK_MIN') ?? 0, value('SLURM_ARRAY_TASK_STEP') ?? 1];
      return id === undefined ? undefined : { at: (id - first) / step, of: value('SLURM_ARRAY_TASK_COUNT') };
    },
  },
  {
    name: 'Kubernetes',
    read: (value, shards) => {
      const at = value('JOB_COMPLETION_INDEX');
      return at === undefined ? undefined : { at, of: shards };
    },
  },
  {
    name: 'GitHub Actions',
    read: (value) => {
      const at = value('STRATEGY_JOB_INDEX');
      return at === undefined ? undefined : { at, of: value('STRATEGY_JOB_TOTAL') };
    },
  },
];

/**
 * The shard that a scheduler has set in the environment, and which scheduler; all of it where there is none. `shards` is how
 * many there are where the scheduler does not say.
 * @throws DomainError when a scheduler says which but nobody how many, or what it says does not fit
 */
export const shardFrom = (
  environment: Readonly<Record<string, string | undefined>>,
  shards?: number,
): { readonly shard: Shard; readonly by: string | null } => {
  for (const { name, read } of SCHEDULERS) {
    const found = read((variable) => wholeNumber(environment[variable]), shards);
    if (found === undefined) continue;
    const { at, of = shards } = found;
    if (of === undefined)
      throw new DomainError(
        `sweep: ${name} says that this is number ${at + 1}, but not of how many: --shards is needed`,
      );
    if (!Number.isInteger(at) || at < 0 || at >= of)
      throw new DomainError(`sweep: ${name} says that this is number ${at + 1} of ${of}, which cannot be`);
    return { shard: { index: at + 1, of }, by: name };
  }
  if (shards !== undefined && shards > 1)
    throw new DomainError(`sweep: which of the ${shards} shards this is must be named, as --shard 1/${shards}`);
  return { shard: { index: 1, of: 1 }, by: null };
};

/** A cell without its budget: budgets choose among the same runs. */
const groundOf = ({ budget: _, ...ground }: Place): string => digestOf(canonical(ground));

/** Whether a cell is of a shard: whole cells need nobody else's runs to choose by, so that one pass makes all of their rounds. */
export const cellsOfShard = (protocol: Protocol, shard: Shard): ((place: Place) => boolean) => {
  const grounds = [...new Set(placesOf(protocol).map(groundOf))].sort();
  const own = new Set(shareOf(grounds, shard));
  return (place) => own.has(groundOf(place));
};

/** How far a sweep is. */
export interface Status {
  /** Of this round. */
  readonly planned: number;
  readonly done: number;
  readonly missing: number;
  /** Of all runs that there are, of any round. */
  readonly runs: number;
  readonly diverged: number;
  /** Runs that the engine refused. */
  readonly errors: number;
  readonly cells: number;
  readonly complete: number;
  /** Runs that can be made now, with all that is known: those missing, or those of the next round. */
  readonly next: number;
}

/** As much of a record as {@link statusOf} needs. */
export type Counted = Pick<RunRecord, 'finalLoss' | 'status'>;

export const statusOf = ({ protocol, runs }: Plan, known: ReadonlyMap<string, Counted>): Status => {
  const cells = cellsOf(protocol, known);
  const missing = runs.filter((run) => !known.has(idOf(run))).length;
  const having = (status: RunRecord['status']): number => [...known.values()].filter((r) => r.status === status).length;
  return {
    planned: runs.length,
    done: runs.length - missing,
    missing,
    runs: known.size,
    diverged: having('diverged'),
    errors: having('error'),
    cells: cells.length,
    complete: cells.filter((cell) => cell.chosen !== null && cell.missing.length === 0).length,
    next: new Set(cells.flatMap((cell) => cell.missing.map(idOf))).size,
  };
};
