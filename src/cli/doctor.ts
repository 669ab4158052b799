// `tautograd port doctor`: what is wrong with a program that is to be a port, message by message, and how to mend it.

import { examine } from '../../properties/process/doctor.ts';
import type { Finding, Grade } from '../../properties/process/hello.ts';
import { commandText } from '../../properties/process/wording.ts';
import { toJson } from '../index.ts';
import { CommandFault, EXIT } from './fault.ts';
import { self } from './self.ts';
import { coloured, print } from './show.ts';

export interface DoctorCommandOptions {
  readonly timeout?: number;
  readonly json?: boolean;
}

const SIGNS: Readonly<Record<Grade, string>> = {
  well: '✓',
  advice: '?',
  contract: '✗',
  protocol: '✗',
  'not tried': '·',
};

/** 2 where there is no such program, 3 where it breaks off or breaks the protocol, 1 where it answers wrongly. */
const exitOf = (findings: readonly Finding[]): number =>
  findings.some((f) => f.step === 'start' && f.grade === 'protocol')
    ? EXIT.usage
    : findings.some((f) => f.grade === 'protocol')
      ? EXIT.port
      : findings.some((f) => f.grade === 'contract')
        ? EXIT.falsified
        : EXIT.ok;

/** The command. @throws CommandFault without a program to examine */
export const doctorCommand = async (
  command: readonly string[] | undefined,
  { timeout, json = false }: DoctorCommandOptions,
): Promise<number> => {
  if (command === undefined || command.length === 0)
    throw new CommandFault('doctor: it needs the command of a port, as: tautograd port doctor -- python3 my_port.py');
  if (!json) print(`the port ${commandText(command)}`);
  const findings: Finding[] = [];
  for await (const found of examine(command, timeout === undefined ? {} : { timeout })) {
    findings.push(found);
    if (json) continue;
    print(coloured(`${SIGNS[found.grade]} ${found.step.padEnd(20)} ${found.text}`));
    if (found.mend !== undefined) print(`                       → ${found.mend}`);
  }
  const count = (...grades: readonly Grade[]): number => findings.filter((f) => grades.includes(f.grade)).length;
  const faults = count('contract', 'protocol');
  if (json) print(toJson({ schema: 1, command, faults, findings }).trimEnd());
  else
    print(
      faults === 0
        ? `\nthe port is well${count('advice') > 0 ? `, with ${count('advice')} pieces of advice` : ''}; now: ${self()} verify -- ${commandText(command)}`
        : `\n${faults} ${faults === 1 ? 'thing is' : 'things are'} wrong`,
    );
  return exitOf(findings);
};
