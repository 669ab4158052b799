// `tautograd diverge`: where a whole training first leaves what it declares, from a file that an engine has recorded or from a port.
import { existsSync, readFileSync } from 'node:fs';
import { type Plan, trained } from '../../properties/diverge/ask.ts';
import { cardOf } from '../../properties/diverge/card.ts';
import { divergenceOf } from '../../properties/diverge/diverge.ts';
import { readTrajectory, type Trajectory, TrajectoryFault } from '../../properties/diverge/trajectory.ts';
import { PortError } from '../../properties/port.ts';
import { textOf } from '../../properties/protocol.ts';
import { toJson } from '../index.ts';
import { CommandFault, EXIT } from './fault.ts';
import { loadEngine, type Source } from './load.ts';
import { coloured, print } from './show.ts';
import { writeText } from './write.ts';

export interface DivergeOptions extends Omit<Plan, 'hyper'> {
  readonly port?: string;
  /** `lr=0.1,beta1=0.9`. */
  readonly hyper?: string;
  readonly timeout?: number;
  /** A file for the training that was asked of a port. */
  readonly record?: string;
  readonly json?: boolean;
}

/** @throws CommandFault for what is no list of numbers by name */
const hyperOf = (text: string | undefined): Plan['hyper'] =>
  Object.fromEntries(
    (text ?? '')
      .split(',')
      .filter((part) => part.trim() !== '')
      .map((part) => {
        const [name = '', value = ''] = part.split('=').map((s) => s.trim());
        if (name === '' || value === '' || Number.isNaN(Number(value)))
          throw new CommandFault(`diverge: --hyper takes numbers by name, as lr=0.1,beta1=0.9, got "${part.trim()}"`);
        return [name, Number(value)];
      }),
  );

const fromFile = (file: string): Trajectory => {
  if (!existsSync(file)) throw new CommandFault(`diverge: there is no file ${file}`);
  try {
    return readTrajectory(readFileSync(file, 'utf8'));
  } catch (error) {
    if (error instanceof TrajectoryFault)
      throw new CommandFault(`diverge: ${file}: ${error.message}`, EXIT.usage, error);
    throw error;
  }
};

const fromPort = async (source: Source, options: DivergeOptions): Promise<Trajectory> => {
  const hyper = hyperOf(options.hyper);
  const engine = await loadEngine(source, options.timeout, 'diverge');
  try {
    const { record, trajectory } = await trained(engine.port, { ...options, hyper });
    if (options.record !== undefined)
      writeText(options.record, `${textOf(record, { tensors: 'json', dtype: engine.port.dtype })}\n`);
    return trajectory;
  } catch (error) {
    if (error instanceof TrajectoryFault) throw new CommandFault(`diverge: ${error.message}`, EXIT.usage, error);
    if (error instanceof PortError) throw new CommandFault(`diverge: ${error.message}`, EXIT.port, error);
    throw error;
  } finally {
    await engine.close();
  }
};

/** The command. Returns the exit code: 0 where every step agrees, 1 where one does not. @throws CommandFault */
export const divergeCommand = async (
  file: string | undefined,
  command: readonly string[] | undefined,
  options: DivergeOptions,
): Promise<number> => {
  if (file !== undefined && (command !== undefined || options.port !== undefined))
    throw new CommandFault(`diverge: either a file or a port, got ${file} and a port as well`);
  const source: Source = {
    ...(options.port === undefined ? {} : { adapter: options.port }),
    ...(command === undefined ? {} : { command }),
  };
  const trajectory = file === undefined ? await fromPort(source, options) : fromFile(file);
  const plain = process.stderr.isTTY !== true || options.json === true;
  const report = divergenceOf(trajectory, (step) => {
    if (!plain) process.stderr.write(`\rstep ${step} of ${trajectory.batches.length}`);
  });
  if (!plain) process.stderr.write('\r\u001b[K');
  if (options.json === true) print(toJson({ schema: 1, ...report }).trimEnd());
  else print(coloured(cardOf(report)));
  return report.agrees ? EXIT.ok : EXIT.falsified;
};
