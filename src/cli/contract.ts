// `tautograd contract`: what a port may be asked, as a table for people or as JSON Schema for machines.
import { CONTRACT_VERSION } from '../../properties/contract.ts';
import { PROTOCOL } from '../../properties/protocol.ts';
import { contractSchema, conventionTexts, PORTABLE, rowTexts } from '../../properties/published.ts';
import { toJson } from '../index.ts';
import { EXIT } from './fault.ts';
import { namesOf } from './load.ts';
import { print } from './show.ts';

/** The command. @throws CommandFault when a glob matches no entry */
export const contractCommand = (globs: string | undefined, json: boolean): number => {
  const idsOf = ({ kind, names, call }: (typeof PORTABLE)[number]): readonly string[] =>
    names.map((name) => `${kind}.${name}.${call}`);
  const kinds = [...new Set(PORTABLE.map((row) => `${row.kind}.*`))];
  const chosen = new Set(namesOf('contract', 'entry', PORTABLE.flatMap(idsOf), globs, kinds));
  if (json) {
    const { entries, ...rest } = contractSchema();
    const own = Object.entries(entries as object).filter(([id]) => chosen.has(id));
    print(toJson({ ...rest, entries: Object.fromEntries(own) }).trimEnd());
    return EXIT.ok;
  }
  print(`contract ${CONTRACT_VERSION}, protocol ${PROTOCOL}: ${chosen.size} entries`);
  for (const { row, takes, gives } of rowTexts()) {
    const ids = idsOf(row).filter((id) => chosen.has(id));
    if (ids.length === 0) continue;
    const names = ids.map((id) => id.split('.')[1] ?? '');
    print('');
    print(ids.length === 1 ? (ids[0] as string) : `${row.kind}.<name>.${row.call}`); // there is one
    print(`    ${row.says}`);
    print(`    takes  ${takes === '' ? 'nothing' : takes}`);
    print(`    gives  ${gives}`);
    if (names.length > 1) print(`    names  ${names.join(' ')}`);
  }
  if (globs !== undefined) return EXIT.ok;
  print('\nconventions: what engines may differ in, as long as they declare it');
  for (const { name, values, usual, says } of conventionTexts()) {
    print('');
    print(name);
    print(`    ${says}`);
    print(`    may be  ${values}`);
    print(`    usual   ${usual}`);
  }
  return EXIT.ok;
};
