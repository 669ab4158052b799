// `tautograd list` and `tautograd explain`: the tables of the project, read aloud.
import { PROBLEMS } from '../../bench/problems.ts';
import { LAWS } from '../../properties/laws/index.ts';
import { MUTANTS } from '../../properties/mutants/index.ts';
import { ACTIVATIONS, INITIALIZERS, LAYERS, LOSSES, OPTIMIZERS, ROWS, toJson } from '../index.ts';
import { CommandFault, EXIT } from './fault.ts';
import { print } from './show.ts';

/** A row as fields to print; the first says what it is. */
type Entry = Readonly<Record<string, unknown>> & { readonly doc: string };

const text = (formula: (typeof ROWS)[keyof typeof ROWS]['formula']): string =>
  typeof formula === 'string'
    ? formula
    : 'index' in formula
      ? `Σ ${formula.term}${typeof formula.index === 'string' ? ` over ${formula.index}` : ' over the given axes'}`
      : formula.map(({ when, f }) => (when === undefined ? f : `${f} where ${when}`)).join(', else ');

const ops = Object.fromEntries(
  Object.entries(ROWS).map(([name, r]): [string, Entry] => [
    name,
    {
      doc: r.doc,
      kind: r.kind,
      arguments: r.args.join(', '),
      formula: text(r.formula),
      ulps: r.ulp,
      ...(r.source === undefined ? {} : { source: r.source }),
    },
  ]),
);

/** Every table by its name. A new row shows up here by itself. */
const TABLES: Readonly<Record<string, Readonly<Record<string, Entry>>>> = {
  ops,
  activations: Object.fromEntries(ACTIVATIONS.map((name) => [name, ops[name] ?? { doc: '' }])),
  losses: Object.fromEntries(
    Object.entries(LOSSES).map(([name, { doc, formula, source }]) => [name, { doc, formula, source }]),
  ),
  layers: Object.fromEntries(Object.entries(LAYERS).map(([name, { doc, source }]) => [name, { doc, source }])),
  initializers: Object.fromEntries(
    Object.entries(INITIALIZERS).map(([name, { doc, distribution, variance, source }]) => [
      name,
      { doc, distribution, variance, source },
    ]),
  ),
  optimizers: Object.fromEntries(
    Object.entries(OPTIMIZERS).map(([name, { doc, hyper, slots, recurrence, source }]) => [
      name,
      { doc, hyper, slots, recurrence, source },
    ]),
  ),
  problems: Object.fromEntries(Object.entries(PROBLEMS).map(([name, { doc, source }]) => [name, { doc, source }])),
  laws: Object.fromEntries(
    LAWS.map((l) => [
      l.id,
      {
        doc: l.says,
        catalogue: l.ref,
        class: l.class,
        ...(l.formula === undefined ? {} : { formula: l.formula }),
        ...(l.source === undefined ? {} : { source: l.source }),
        runs: l.runs,
        ...(l.detects === undefined ? {} : { detects: l.detects }),
        ...(l.kills === undefined ? {} : { 'real bugs': l.kills }),
        mutants: MUTANTS.filter((m) => m.killedBy.includes(l.id)).map((m) => m.id),
      },
    ]),
  ),
  mutants: Object.fromEntries(
    MUTANTS.map((m) => [
      m.id,
      { doc: m.says, ...(m.bug === undefined ? {} : { bug: m.bug }), 'killed by': m.killedBy },
    ]),
  ),
};

const value = (v: unknown): string =>
  Array.isArray(v)
    ? v.join('\n               ')
    : v !== null && typeof v === 'object'
      ? Object.entries(v)
          .map(([k, x]) => `${k} = ${String(x)}`)
          .join(', ')
      : String(v);

/** `list <table>`. @throws CommandFault for an unknown table */
export const listCommand = (table: string, json: boolean): number => {
  const rows = TABLES[table];
  if (rows === undefined)
    throw new CommandFault(`list: there is no table "${table}", known are ${Object.keys(TABLES).join(', ')}`);
  if (json) print(toJson(rows).trimEnd());
  else
    for (const [name, row] of Object.entries(rows))
      print(
        `${name.padEnd(table === 'laws' || table === 'mutants' ? 36 : 16)} ${row.doc}${typeof row.source === 'string' ? `  (${row.source})` : ''}`,
      );
  return EXIT.ok;
};

/** `explain <row>`: every table's row of that name. @throws CommandFault when there is none */
export const explainCommand = (name: string, json: boolean): number => {
  const found = Object.entries(TABLES).flatMap(([table, rows]) =>
    Object.hasOwn(rows, name) && table !== 'activations' ? [{ table, ...rows[name] }] : [],
  );
  if (found.length === 0)
    throw new CommandFault(`explain: no row is called "${name}"; \`list laws\` and \`list ops\` name what there is`);
  if (json) print(toJson(found).trimEnd());
  else
    for (const { table, ...row } of found) {
      print(`${name}  (${table})`);
      for (const [field, v] of Object.entries(row))
        print(`  ${(field === 'doc' ? 'what' : field).padEnd(12)} ${value(v)}`);
    }
  return EXIT.ok;
};
