// What can be said of a sweep on the command line: all of it, its parts, and its queue.
import { type Command, Option } from 'commander';
import { integer, jsonFlag, seconds } from './parse.ts';

/** Sizes of a sweep, as bench/sweep/tiers.ts has them; named here so that `--help` loads nothing. */
export const TIERS_NAMED = ['smoke', 'brief', 'standard', 'full'];

/** Adds `sweep` and its parts; `ends` takes the exit code. */
export const sweepCommands = (program: Command, ends: (code: number) => void): void => {
  const sweep = program
    .command('sweep')
    .description('compare optimizers and initializers on problems, with paired seeds: at once, or over many machines');
  /** The axes of a sweep; every option narrows or widens the tier. */
  const withAxes = (command: Command): Command =>
    command
      .option('--config <file>', 'JSON of the same axes; options come before it')
      .addOption(new Option('--tier <name>', 'what is not named (brief unless named)').choices(TIERS_NAMED))
      .addOption(
        new Option('--mode <name>', 'which numbers: as they are, the best learning rate, the best of so many').choices([
          'defaults',
          'rate',
          'budget',
        ]),
      )
      .option('--problems <globs>', 'rows of the table')
      .option('--optimizers <globs>', 'rows of the table, with dialects, as "adam*,sgd,adam:keras"')
      .option('--initializers <globs>', 'rows of the table, pre-trainings too, as "he*,xavier*"')
      .option('--schedules <globs>', 'each with every optimizer, as "none,cosine"; they fit the budget')
      .option('--wrappers <list>', 'each around every optimizer, as "none,lookahead,clipByNorm+sam"')
      .option(
        '--variants <list>',
        'of the problems: batch=n|full, batchNorm, dropRate=p, l2=s, samples=n, as "none,batchNorm+l2=1e-3"',
      )
      .option('--seeds <n>', 'seeds to report on', integer(1))
      .option('--tuning-seeds <n>', 'other seeds, to choose on', integer(1))
      .option('--budgets <list>', 'configurations tried in the mode budget, as "1,5,25"')
      .option('--steps <n>', 'of every run; those of its problem unless named', integer(1));
  const workersOption = [
    '--workers <n>',
    'worker threads, 0 for none (one per core unless named)',
    integer(0),
  ] as const;
  const knownOption = [
    '--known',
    'make results that are known from elsewhere too, and say whether they came out',
  ] as const;
  const planOption = ['--plan <file>', 'as sweep plan has written it'] as const;
  const resumeOption = ['--resume', 'go on with what was kept'] as const;

  withAxes(sweep.command('all', { isDefault: true }))
    .description('the default: check the instrument, make all runs, report')
    .option('--out <dir>', 'write the reports there')
    .option(...knownOption)
    .option(...workersOption)
    .option(...resumeOption)
    .option(...jsonFlag)
    .action(async (options) => ends(await (await import('./sweep.ts')).sweepCommand(options)));
  withAxes(sweep.command('plan'))
    .description('write the runs that can be made now; what is tuned decides the next round')
    .argument('[records...]', 'what is known already')
    .requiredOption('-o, --out <file>', 'the plan')
    .option('--plan <file>', 'an earlier plan, whose sweep goes on')
    .option(...jsonFlag)
    .action(async (records: string[], options) =>
      ends(await (await import('./scale.ts')).planCommand(records, options)),
    );
  sweep
    .command('run')
    .description('make the runs of one shard of a plan; which one, Slurm, Kubernetes and GitHub Actions may say')
    .requiredOption(...planOption)
    .option('--shard <i/n>', 'which of how many, from 1')
    .option('--shards <n>', 'how many, where the scheduler does not say', integer(1))
    .option('--cells', 'share out whole cells, with all of their rounds: one pass is enough')
    .option('-o, --out <file>', 'records, a line each (runs/shard-i-of-n.jsonl unless named)')
    .option('--max-seconds <s>', 'begin no run after that; exit code 3 when some are left', seconds)
    .option(...workersOption)
    .option(...resumeOption)
    .option(...jsonFlag)
    .action(async (options) => ends(await (await import('./scale.ts')).runCommand(options)));
  sweep
    .command('status')
    .description('say what is done and what is missing; exit code 3 until the sweep is complete')
    .argument('[records...]')
    .requiredOption(...planOption)
    .option(...jsonFlag)
    .action(async (records: string[], options) => ends((await import('./scale.ts')).statusCommand(records, options)));
  sweep
    .command('merge')
    .description('unite records as a set, sorted, times apart; one run with two results is an error')
    .argument('<records...>')
    .requiredOption('-o, --out <file>', 'the same text whatever the order of the files')
    .option(...jsonFlag)
    .action(async (records: string[], options) => ends((await import('./scale.ts')).mergeCommand(records, options)));
  sweep
    .command('report')
    .description('say what the records of a complete sweep come to')
    .argument('<records...>')
    .requiredOption(...planOption)
    .option('--out <dir>', 'write the reports there')
    .option(...knownOption)
    .option(...workersOption)
    .option(...jsonFlag)
    .action(async (records: string[], options) =>
      ends(await (await import('./sweep.ts')).reportCommand(records, options)),
    );
  const queue = sweep
    .command('queue')
    .description('share the runs of a sweep by BullMQ over Redis (npm run queue installs it)');
  const redisOption = ['--redis <url>', 'where Redis is', 'redis://127.0.0.1:6379'] as const;
  withAxes(queue.command('serve'))
    .description('give the runs of all rounds to a queue, and keep what comes back')
    .option('--plan <file>', 'a plan in place of axes')
    .requiredOption('-o, --out <file>', 'records, a line each')
    .option(...redisOption)
    .option(...resumeOption)
    .option(...jsonFlag)
    .action(async (options) => ends(await (await import('./scale.ts')).serveCommand(options)));
  queue
    .command('work')
    .description('take runs from a queue, as long as it is')
    .requiredOption('--queue <name>', 'as sweep queue serve has said it')
    .option(...redisOption)
    .option('--idle <s>', 'end when nothing came for so long', seconds)
    .option(
      '--lock <s>',
      'after so long without a sign of life a run is given to another worker (30 s unless named)',
      seconds,
    )
    .option(...workersOption)
    .option(...jsonFlag)
    .action(async (options) => ends(await (await import('./scale.ts')).workCommand(options)));
};
