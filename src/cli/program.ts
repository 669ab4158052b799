// The command line: what can be said, and how it ends.
import { Command, CommanderError, Option } from 'commander';
import { TautogradError } from '../index.ts';
import { CommandFault, EXIT } from './fault.ts';
import { integer, jsonFlag, percentage, seconds } from './parse.ts';
import { sweepCommands } from './sweeps.ts';

const VERSION = '0.1.0';
/** The seed of CI and of every run that names none. */
const SEED = 1;

/** A seed as a number, or `fresh` for one that was not used before; it is printed with the verdicts. */
const seedOf = (text: string): number => (text === 'fresh' ? Math.floor(Math.random() * 2 ** 31) : integer(0)(text));

// Commands load what they need when they run, so that `--help` is immediate.
export const program = new Command('tautograd')
  .description('Laws for neural-network engines, and a benchmark of optimizers and initializers.')
  .version(VERSION)
  .option('--debug', 'show stack traces')
  .exitOverride()
  .configureOutput({ outputError: (text, write) => write(text) })
  .showSuggestionAfterError();

/** Commands that take a port's command behind `--`, whose options are its own. */
export const BEFORE_A_COMMAND: readonly string[] = ['verify', 'doctor', 'check', 'bench', 'diverge'];
const cut = process.argv.indexOf('--', 2);
const foreign: { readonly command?: readonly string[] } = cut < 0 ? {} : { command: process.argv.slice(cut + 1) };
program.hook('preAction', (_, action) => {
  if (cut >= 0 && !BEFORE_A_COMMAND.includes(action.name()))
    throw new CommandFault(`${action.name()}: it takes no command behind --`);
});

/** Commander numbers its own errors 1; here 1 means that a law is falsified. */
const exits = { code: EXIT.ok as number };
const ends = (code: number): void => {
  exits.code = code;
};

program
  .command('verify')
  .description('hold an engine to the laws: the built-in one, an adapter module, or any program behind --')
  .usage('[adapter] [options] [-- command…]')
  .argument('[adapter]', 'a module whose default export is made by definePort')
  .option('--law <globs>', 'laws by id, as "loss/*,meta/*"')
  .option('--list', 'name the laws and what they apply to, and run nothing')
  .option('--seed <n>', 'seed of every generator, or "fresh"', seedOf, SEED)
  .addOption(
    new Option(
      '--profile <name>',
      'smoke: one input for one subject of each law that is not statistical, ci: as many as a law asks for, deep: twenty times that',
    )
      .choices(['smoke', 'ci', 'deep'])
      .default('ci'),
  )
  .option('--runs <n>', 'inputs per law and subject (statistical laws keep their own)', integer(1))
  .option('--workers <n>', 'worker threads, 0 for none (as many as are of use unless named)', integer(0))
  .option('--time-limit <s>', 'what is not done after these seconds is undecided', seconds)
  .option('--expect <file>', 'deviations that are expected: a JSON list of {law, subject?, why, link?}')
  .option('--timeout <ms>', 'longest wait for one answer (10 s unless named)', integer(1))
  .option('--replay <file>', 'judge a stored counterexample again')
  .addOption(new Option('--format <name>', 'what to print').choices(['pretty', 'json', 'tap']).default('pretty'))
  .option('--json', 'the same as --format json')
  .option('--all-cards', 'the card of every failure, not only of those that tell most')
  .option('--junit <file>', 'write the verdicts as JUnit XML')
  .option('--html <file>', 'write the verdicts as one page')
  .addOption(
    new Option('--github <when>', 'annotations and the summary of the step (auto: in GitHub Actions)')
      .choices(['auto', 'always', 'never'])
      .default('auto'),
  )
  .action(async (adapter: string | undefined, options) =>
    ends(
      await (await import('./verify.ts')).verifyCommand(
        { ...foreign, ...(adapter === undefined ? {} : { adapter }) },
        options,
      ),
    ),
  );

program
  .command('diverge')
  .description(
    'follow a whole training: the first step, tensor and element that is off, and the convention that explains it',
  )
  .usage('[file] [options] [-- command…]')
  .argument('[file]', 'a training that an engine has recorded (JSON); without one a port is asked to train')
  .option('--port <adapter>', 'a module whose default export is made by definePort; the built-in engine unless named')
  .option('--optimizer <name>', 'as in the contract', 'adam')
  .option('--hyper <list>', 'its hyper-parameters, as lr=0.1,beta1=0.9; the published defaults unless named')
  .option('--layers <list>', 'units, activations and batch_norm', '4,tanh,2')
  .option('--loss <name>', 'as in the contract', 'mse')
  .addOption(new Option('--reduction <name>', 'of the loss').choices(['mean', 'sum']).default('mean'))
  .option('--inputs <n>', 'features of a sample', integer(1), 3)
  .option('--samples <n>', 'samples of a batch', integer(1), 4)
  .option('--steps <n>', 'steps of the training', integer(1), 20)
  .option('--seed <n>', 'seed of weights and data, or "fresh"', seedOf, SEED)
  .option('--timeout <ms>', 'longest wait for the answer of a program (10 s unless named)', integer(1))
  .option('--record <file>', 'write the training of the port as a file, to be followed again')
  .option(...jsonFlag)
  .action(async (file: string | undefined, options) =>
    ends(await (await import('./diverge.ts')).divergeCommand(file, foreign.command, options)),
  );

program
  .command('contract')
  .description('print what a port may be asked: every entry with what it takes and gives')
  .argument('[entries]', 'entries by globs, as "activation.*,layer.dense.*"; all unless named')
  .option('--json', 'print the JSON Schema of protocol and entries, and nothing else')
  .action(async (entries: string | undefined, { json }) =>
    ends((await import('./contract.ts')).contractCommand(entries, json === true)),
  );

const ports = program.command('port').description('help with ports in other languages');
ports
  .command('init')
  .description('write the beginning of a port: a few entries done, the others listed, and a workflow for CI')
  .argument('<language>', 'python, numpy, c, rust or javascript')
  .argument('[directory]', 'an empty one, or one that is yet to be made', '.')
  .option(...jsonFlag)
  .action(async (language: string, directory: string, { json }) =>
    ends((await import('./init.ts')).initCommand(language, directory, VERSION, json === true)),
  );
ports
  .command('doctor')
  .description('go through the protocol with a program, and say what is wrong and how to mend it')
  .usage('[options] -- command…')
  .option('--timeout <ms>', 'longest wait for one answer (10 s unless named)', integer(1))
  .option(...jsonFlag)
  .action(async (options) => ends(await (await import('./doctor.ts')).doctorCommand(foreign.command, options)));

const vectors = program.command('vectors').description('golden questions and answers as files');
vectors
  .command('export')
  .description('write a manifest, the cases of every kind of entry as JSON Lines, and large tensors as safetensors')
  .option('--out <dir>', 'where the files go', '.tautograd/vectors')
  .option('--entries <globs>', 'entries by globs, as "activation.*,layer.dense.*"; all unless named')
  .option(...jsonFlag)
  .action(async (options) => ends(await (await import('./vectors.ts')).exportCommand(options)));
vectors
  .command('check')
  .description(
    'judge an engine by the files alone: the built-in one, an adapter, any program behind --, or a file of answers',
  )
  .usage('[adapter] [options] [-- command…]')
  .argument('[adapter]', 'a module whose default export is made by definePort')
  .option('--from <dir>', 'where the files are', '.tautograd/vectors')
  .option('--answers <file>', 'JSON Lines of {id, outputs} that a program has written, without any protocol')
  .option('--entries <globs>', 'entries by globs; all that the files have unless named')
  .option('--timeout <ms>', 'longest wait for one answer (10 s unless named)', integer(1))
  .option(...jsonFlag)
  .action(async (adapter: string | undefined, options) =>
    ends(
      await (await import('./vectors.ts')).checkCommand(
        { ...foreign, ...(adapter === undefined ? {} : { adapter }) },
        options,
      ),
    ),
  );

program
  .command('bench')
  .description(
    'time every operation at three sizes and whole programs, and read what they keep in memory; or time a port',
  )
  .usage('[options] [-- command…]')
  .option('--filter <globs>', 'operations by name, as "soft*,matmul"; workloads by id with --port, as "W1/*"')
  .option('--time <ms>', 'time per operation and size', integer(1))
  .option('--rounds <n>', 'turns of every task', integer(2))
  .option('--port <adapter>', 'a module whose default export is made by definePeer: the workloads W1 to W7 on it')
  .option('--scaling', 'how the time of a step grows with width, depth, batch and steps, with fitted exponents')
  .option(
    '--most <n>',
    'the largest width, depth, batch and number of steps of --scaling (64 unless named)',
    integer(4),
  )
  .option('--aa', 'time every task as two interleaved copies: the noise floor of this machine')
  .option('--save-baseline <name>', 'keep the times under a name, for this machine')
  .option(
    '--baseline <name>',
    'compare with the times kept under a name; fails when a second run confirms a slower task',
  )
  .option('--threshold <percent>', 'how much a time may change (10% unless named)', percentage)
  .addOption(new Option('--inject <task=factor>', 'let a task do more of its work, to try out a comparison').hideHelp())
  .option('--out <dir>', 'write the reports there; baselines are under reports/ unless named')
  .option(...jsonFlag)
  .action(async (options) => ends(await (await import('./bench.ts')).anyBenchCommand(options, foreign.command)));

sweepCommands(program, ends);

program
  .command('train')
  .description('train recipes on real data from several seeds: accuracy on a held-out fifth')
  .argument('[recipes]', 'rows of the table by globs, as "digits"; all unless named')
  .option('--seeds <n>', 'seeds 1 to n', integer(1), 10)
  .option(...jsonFlag)
  .action(async (recipes: string | undefined, options) =>
    ends(await (await import('./train.ts')).trainCommand(recipes, options)),
  );

program
  .command('mutants')
  .description('hunt every planted fault with the laws it names')
  .option('--filter <globs>', 'mutants by id, as "adam/*"')
  .option('--full', 'every law against each mutant, not only those that it names')
  .option('--seed <n>', 'seed of every generator, or "fresh"', seedOf, SEED)
  .option('--workers <n>', 'worker threads, 0 for none (as many as are of use unless named)', integer(0))
  .option('--out <dir>', 'write mutants.json and mutants.md there')
  .option(...jsonFlag)
  .action(async (options) => ends(await (await import('./mutants.ts')).mutantsCommand(options)));

program
  .command('limits')
  .description('measure the smallest error that five well-known checks find for certain, with planted faults')
  .option('--filter <globs>', 'faults by id, as "dropout/*"')
  .option('--runs <n>', 'trials that decide a size; 3000 without a miss prove a probability of 0.999', integer(1), 3000)
  .option('--seed <n>', 'seed of every generator, or "fresh"', seedOf, SEED)
  .option('--workers <n>', 'worker threads, 0 for none (as many as are of use unless named)', integer(0))
  .option('--out <dir>', 'write limits.json and limits.md there')
  .option(...jsonFlag)
  .action(async (options) => ends(await (await import('./limits.ts')).limitsCommand(options)));

program
  .command('course')
  .description('the claims of a first deep-learning lecture as experiments: a verdict, numbers and a plot for each')
  .option('--only <globs>', 'parts by id, as "xor" or "batch*,dropout"')
  .option('--list', 'name the parts and what they claim, and run nothing')
  .option('--out <dir>', 'write course.md, course.json and a plot per part there')
  .option(...jsonFlag)
  .action(async (options) => ends(await (await import('./course.ts')).courseCommand(options)));

program
  .command('live')
  .description('write the live page: the engine in the browser, one file to open there')
  .option('-o, --out <file>', 'where it is written', 'live.html')
  .action(async ({ out }) => ends((await import('./live.ts')).liveCommand(out)));

program
  .command('report')
  .description(
    'everything under reports/ as one page that needs no network: verdicts, defects, mutants, speed, sweep, course, package',
  )
  .option('--from <dir>', 'where the reports are', 'reports')
  .option('-o, --out <file>', 'where the page goes (report.html beside the reports unless named)')
  .option('--json', 'print what was read and written, for machines')
  .action(async (options) => ends((await import('./report.ts')).reportCommand(options)));

program
  .command('list')
  .description('print a table of rows')
  .argument(
    '<table>',
    'ops, activations, losses, layers, regularisers, initializers, optimizers, schedules, wrappers, problems, recipes, laws, catalogue, bugs or mutants',
  )
  .option(...jsonFlag)
  .action(async (table: string, { json }) => ends((await import('./tables.ts')).listCommand(table, json === true)));

program
  .command('explain')
  .description('print a law or a row: statement, formula, source, and what it catches')
  .argument('<row>')
  .option(...jsonFlag)
  .action(async (row: string, { json }) => ends((await import('./tables.ts')).explainCommand(row, json === true)));

program
  .command('reference')
  .description('write every table as a page: formulas, shapes, sources, hyper-parameters, dialects, and what laws kill')
  .option('--out <dir>', 'where the folder reference goes', 'reports')
  .action(async ({ out }) => ends((await import('./reference.ts')).referenceCommand(out)));

program
  .command('start')
  .description('the main job: verify the built-in engine, bench, sweep, and write the reports')
  .option('--seed <n>', 'seed of every generator, or "fresh"', seedOf, SEED)
  .option('--out <dir>', 'where the reports go', 'reports')
  .action(async ({ seed, out }) => ends(await (await import('./reports.ts')).startCommand(seed, out)));

/** Reads what was said, does it, and leaves the exit code. */
export const run = async (): Promise<void> => {
  // whoever reads our output may stop reading: that ends us, and is no error
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'EPIPE') process.exit(exits.code);
    throw error;
  });

  try {
    await program.parseAsync(cut < 0 ? process.argv : process.argv.slice(0, cut));
  } catch (error) {
    if (error instanceof CommanderError)
      ends(error.exitCode === 0 ? EXIT.ok : EXIT.usage); // it has said why
    else {
      const debug = program.opts<{ debug?: boolean }>().debug === true || process.argv.includes('--debug');
      const expected = error instanceof CommandFault || error instanceof TautogradError;
      process.stderr.write(
        `tautograd: ${error instanceof Error ? error.message : String(error)}${expected || debug ? '' : ' (a defect of tautograd; --debug shows where)'}\n`,
      );
      if (debug && error instanceof Error) process.stderr.write(`${error.stack}\n`);
      ends(error instanceof CommandFault ? error.exit : expected ? EXIT.usage : EXIT.falsified);
    }
  }
  process.exitCode = exits.code;
};
