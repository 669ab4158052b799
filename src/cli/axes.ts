// The axes of a sweep as a person gives them: options of the command line, or a file; both say the same.
import { readFileSync } from 'node:fs';
import { z } from 'zod';
import type { Variant } from '../../bench/sweep/config.ts';
import { PROBLEMS } from '../../bench/sweep/problems/index.ts';
import type { SweepMode } from '../../bench/sweep/protocol.ts';
import { type Axes, TIER_NAMES, TIERS, type Tier, type TierName } from '../../bench/sweep/tiers.ts';
import { matching } from '../../properties/glob.ts';
import {
  INITIALIZERS,
  lookup,
  OPTIMIZERS,
  type OptimizerSpec,
  optimizerRow,
  PRETRAININGS,
  SCHEDULES,
  WRAPPERS,
} from '../index.ts';
import { CommandFault } from './fault.ts';

const MODES = ['defaults', 'rate', 'budget'] as const;

const count = z.int().min(1);
const hyper = z.record(z.string(), z.number());
const named = z.union([z.string().min(1), z.strictObject({ name: z.string(), hyper: hyper.optional() })]);
const names = z.array(z.string().min(1)).min(1);
const variant = z.strictObject({
  batch: z.union([count, z.literal('full')]).optional(),
  batchNorm: z.boolean().optional(),
  dropRate: z.number().min(0).lt(1).optional(),
  l2: z.number().min(0).optional(),
  samples: count.optional(),
});

/** What a file may say; every list takes the texts of the command line, and some take rows with numbers. */
export const sweepSchema = z.strictObject({
  tier: z.enum(TIER_NAMES).optional(),
  mode: z.enum(MODES).optional(),
  problems: names.optional(),
  optimizers: z
    .array(
      z.union([
        z.string().min(1),
        z.strictObject({
          name: z.string(),
          dialect: z.string().optional(),
          hyper: hyper.optional(),
          schedule: z.strictObject({ name: z.string(), hyper: hyper.optional() }).optional(),
          wrappers: z.array(z.strictObject({ name: z.string(), hyper: hyper.optional() })).optional(),
        }),
      ]),
    )
    .min(1)
    .optional(),
  initializers: names.optional(),
  schedules: z.array(named).min(1).optional(),
  wrappers: z
    .array(z.union([named, z.array(named).min(1)]))
    .min(1)
    .optional(),
  variants: z
    .array(z.union([z.string().min(1), variant]))
    .min(1)
    .optional(),
  seeds: count.optional(),
  tuningSeeds: count.optional(),
  budgets: z.array(count).min(1).optional(),
  steps: count.optional(),
});

export type SweepConfig = z.infer<typeof sweepSchema>;

/** The options of the command line; texts that are lists have commas. */
export interface AxisOptions {
  readonly config?: string;
  readonly tier?: TierName;
  readonly mode?: SweepMode;
  readonly problems?: string;
  readonly optimizers?: string;
  readonly initializers?: string;
  readonly schedules?: string;
  readonly wrappers?: string;
  readonly variants?: string;
  readonly seeds?: number;
  readonly tuningSeeds?: number;
  readonly budgets?: string;
  readonly steps?: number;
}

/** A file of axes. @throws CommandFault in one sentence */
const loadConfig = (path: string): SweepConfig => {
  let value: unknown;
  try {
    value = JSON.parse(readFileSync(path, 'utf8'));
  } catch (error) {
    const why = (error as NodeJS.ErrnoException).code === 'ENOENT' ? 'there is no such file' : (error as Error).message;
    throw new CommandFault(`sweep: ${path} cannot be read as JSON: ${why}`);
  }
  const parsed = sweepSchema.safeParse(value);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  throw new CommandFault(`sweep: ${path}: ${[issue?.path.join('.'), issue?.message].filter((t) => t).join(': ')}`);
};

const listOf = (text: string | undefined): string[] | undefined => text?.split(',').map((part) => part.trim());

/** Rows by names and globs, each once, in the order given. @throws UnknownNameError, with a suggestion; CommandFault for a glob that matches none */
const rowsOf = (
  what: string,
  table: Readonly<Record<string, unknown>>,
  globs: readonly string[],
): readonly string[] => {
  const chosen = globs.flatMap((glob) => {
    if (!/[*?]/.test(glob)) {
      lookup(table, what, glob);
      return [glob];
    }
    const found = matching(Object.keys(table), glob).chosen;
    if (found.length === 0)
      throw new CommandFault(`sweep: no ${what} matches "${glob}", known are ${Object.keys(table).join(', ')}`);
    return found;
  });
  return [...new Set(chosen)];
};

/** Rows by names and globs, and problems that a name with a colon describes. */
const problemsOf = (list: readonly string[]): readonly string[] =>
  list.flatMap((name) => (name.includes(':') ? [name] : rowsOf('problem', PROBLEMS, [name])));

/** `adam`, `adam*`, `adam:keras`, `adam:*` for every dialect; or a row with numbers. */
const optimizersOf = (list: NonNullable<SweepConfig['optimizers']>): readonly OptimizerSpec[] =>
  list.flatMap((item): readonly OptimizerSpec[] => {
    if (typeof item !== 'string') {
      lookup(OPTIMIZERS, 'optimizer', item.name);
      return [item as OptimizerSpec]; // its dialect and numbers are checked with the protocol
    }
    const [glob = '', dialects] = item.split(':');
    const rows = rowsOf('optimizer', OPTIMIZERS, [glob]);
    if (dialects === undefined) return rows.map((name) => ({ name }));
    return rows.flatMap((name) =>
      rowsOf(`dialect of ${name}`, optimizerRow(name).dialects, [dialects]).map(
        (dialect) => ({ name, dialect }) as OptimizerSpec, // a dialect of that row
      ),
    );
  });

const NONE = 'none';

/** A row with the numbers that differ from its own. */
type NamedRow = NonNullable<OptimizerSpec['schedule']>;

const namedOf = (item: z.infer<typeof named>, what: string, table: Readonly<Record<string, unknown>>): NamedRow => {
  const row = (typeof item === 'string' ? { name: item } : item) as NamedRow;
  lookup(table, what, row.name);
  return row;
};

/** Each optimizer with each schedule in each nest of wrappers; those that it has already come first. */
const combined = (
  optimizers: readonly OptimizerSpec[],
  { schedules = [NONE], wrappers = [NONE] }: SweepConfig,
): readonly OptimizerSpec[] => {
  const plans = schedules.map((item) => (item === NONE ? undefined : namedOf(item, 'schedule', SCHEDULES)));
  const nests = wrappers.map((item) => {
    if (item === NONE) return [];
    const nest = typeof item === 'string' ? item.split('+') : Array.isArray(item) ? item : [item];
    return nest.map((one) => namedOf(one, 'wrapper', WRAPPERS));
  });
  return optimizers.flatMap((spec) =>
    plans.flatMap((schedule) =>
      nests.map((nest) => ({
        ...spec,
        ...(schedule === undefined ? {} : { schedule }),
        ...(nest.length === 0 ? {} : { wrappers: [...(spec.wrappers ?? []), ...nest] }),
      })),
    ),
  );
};

/** `none`, `batchNorm`, `dropRate=0.2`, `batchNorm+l2=1e-3`. @throws CommandFault */
const variantOf = (item: NonNullable<SweepConfig['variants']>[number]): Variant => {
  if (typeof item !== 'string') return item as Variant; // as the schema has found it
  if (item === NONE) return {};
  const fields = item.split('+').map((part): readonly [string, unknown] => {
    const [name = '', value] = part.split('=').map((t) => t.trim());
    return [name, value === undefined ? true : value === 'full' || value === '' ? value : Number(value)];
  });
  const parsed = variant.safeParse(Object.fromEntries(fields));
  if (parsed.success) return parsed.data as Variant; // as the schema has found it
  throw new CommandFault(
    `sweep: a variant is none, or some of batch=n|full, batchNorm, dropRate=p, l2=s, samples=n joined by +, got "${item}"`,
  );
};

const integers = (text: string): number[] =>
  text.split(',').map((part) => {
    const n = Number(part);
    if (!Number.isSafeInteger(n) || n < 1)
      throw new CommandFault(`sweep: budgets are integers above 0 with commas, got "${text}"`);
    return n;
  });

/** Options without those that are not given. */
const given = <T extends object>(options: T): Partial<T> =>
  Object.fromEntries(Object.entries(options).filter(([, v]) => v !== undefined)) as Partial<T>;

/** What a command line asks for: a tier, what a file changes of it, and what options change of both. @throws CommandFault, UnknownNameError */
export const axesOf = (options: AxisOptions): Axes => {
  const file = options.config === undefined ? {} : loadConfig(options.config);
  const { tier: fileTier, ...fromFile } = file;
  const asked: SweepConfig = {
    ...fromFile,
    ...given({
      mode: options.mode,
      problems: listOf(options.problems),
      optimizers: listOf(options.optimizers),
      initializers: listOf(options.initializers),
      schedules: listOf(options.schedules),
      wrappers: listOf(options.wrappers),
      variants: listOf(options.variants),
      seeds: options.seeds,
      tuningSeeds: options.tuningSeeds,
      budgets: options.budgets === undefined ? undefined : integers(options.budgets),
      steps: options.steps,
    }),
  };
  const { doc: _, ...tier }: Tier = TIERS[options.tier ?? fileTier ?? 'brief'];
  const mode = asked.mode ?? tier.mode;
  return {
    mode,
    problems: asked.problems === undefined ? tier.problems : problemsOf(asked.problems),
    optimizers: combined(asked.optimizers === undefined ? tier.optimizers : optimizersOf(asked.optimizers), asked),
    initializers:
      asked.initializers === undefined
        ? tier.initializers
        : rowsOf('initializer', { ...INITIALIZERS, ...PRETRAININGS }, asked.initializers),
    variants: asked.variants === undefined ? tier.variants : asked.variants.map(variantOf),
    seeds: asked.seeds ?? tier.seeds,
    tuningSeeds: asked.tuningSeeds ?? (tier.tuningSeeds > 0 ? tier.tuningSeeds : TIERS.brief.tuningSeeds),
    budgets: asked.budgets ?? (tier.budgets.length > 0 ? tier.budgets : [1, 5, 25]),
    ...(asked.steps === undefined ? {} : { steps: asked.steps }),
  };
};
