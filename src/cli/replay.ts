// `tautograd verify --replay`: a stored failure, judged afresh.
import type { Port } from '../../properties/port.ts';
import { PortError } from '../../properties/port.ts';
import { commandText } from '../../properties/process/wording.ts';
import { card } from '../../properties/report.ts';
import { type Check, crashed, judge } from '../../properties/run.ts';
import { lookup, toJson } from '../index.ts';
import { CommandFault, EXIT } from './fault.ts';
import { lawsOf, loadStored, type Source } from './load.ts';
import { self } from './self.ts';
import { coloured, print } from './show.ts';
import { storeOf } from './store.ts';

/** The command that shows one failure again. */
export const replayOf =
  (source: Source, port: Pick<Port, 'engine'>, by = self()) =>
  (c: Pick<Check, 'law' | 'subject'>): string => {
    const { adapter, command } = source;
    const { pathOf } = storeOf(port.engine, source);
    return [
      by,
      'verify',
      ...(adapter === undefined ? [] : [adapter]),
      '--replay',
      pathOf(c),
      ...(command === undefined ? [] : ['--', commandText(command)]),
    ].join(' ');
  };

/** The check of the stored values alone. @throws CommandFault when they fit no law and subject of the port */
export const replay = async (
  path: string,
  source: Source,
  port: Port,
  timeout: number | undefined,
  json: boolean,
): Promise<Check> => {
  const stored = loadStored(path);
  const law = lookup(Object.fromEntries(lawsOf(undefined).map((l) => [l.id, l])), 'law', stored.law);
  if (!law.subjects(port).includes(stored.subject))
    throw new CommandFault(`replay: ${port.engine} does not declare what ${stored.law} [${stored.subject}] needs`);
  const common = { law: law.id, subject: stored.subject, runs: 1, skipped: 0, seed: 0 };
  let found: Check;
  try {
    const v = await judge(law, port, stored.subject, stored.input, timeout);
    found = v.ok
      ? { ...common, status: 'holds', margin: v.margin }
      : {
          ...common,
          status: 'falsified',
          margin: v.margin,
          counterexample: { input: stored.input, about: v.about ?? '', worst: v.worst ?? null, shrinks: 0 },
        };
  } catch (error) {
    if (!(error instanceof PortError))
      throw new CommandFault(`replay: the stored values do not fit ${law.id} as it is now`, EXIT.usage, error);
    found = crashed(common, error.message, stored.input);
  }
  if (json) print(toJson(found).trimEnd());
  else
    print(
      found.counterexample === undefined
        ? coloured(`✓ ${law.id} [${stored.subject}] holds on the stored values now`)
        : coloured(card(law, found, port, replayOf(source, port)(found))),
    );
  return found;
};
