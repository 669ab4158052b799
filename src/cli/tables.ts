// `tautograd list` and `tautograd explain`: the tables of the project, read aloud.

import { RECIPES } from '../../bench/recipes.ts';
import { PROBLEMS } from '../../bench/sweep/problems/index.ts';
import { BUGS } from '../../properties/bugs.ts';
import { coverageLines, coverageOf } from '../../properties/catalogue.ts';
import { camel } from '../../properties/contract.ts';
import { formulaText, type LawClass } from '../../properties/law.ts';
import { LAWS } from '../../properties/laws/index.ts';
import { MUTANTS } from '../../properties/mutants/index.ts';
import { sumsUp, tex, texOf, texOfText } from '../../properties/oracle/formula.ts';
import { ALPHA } from '../../properties/tolerance.ts';
import {
  ACTIVATIONS,
  INITIALIZERS,
  type Kind,
  LAYERS,
  LOSSES,
  meant,
  OPTIMIZERS,
  type Op,
  optimizerRow,
  PRETRAININGS,
  REGULARISERS,
  ROWS,
  type Rowwise,
  SCHEDULES,
  scheduleRow,
  toJson,
  WRAPPERS,
} from '../index.ts';
import { CommandFault, EXIT } from './fault.ts';
import { print } from './show.ts';

/** A row as fields to print; the first says what it is. */
export type Entry = Readonly<Record<string, unknown>> & { readonly doc: string };

const text = (formula: (typeof ROWS)[keyof typeof ROWS]['formula']): string =>
  typeof formula === 'string'
    ? formula
    : 'index' in formula
      ? `${sumsUp(formula) ? 'Σ ' : ''}${formula.term}${typeof formula.index === 'string' ? `, indices ${formula.index}` : ' over the given axes'}`
      : 'matrix' in formula
        ? formula.matrix
        : 'each' in formula
          ? rowText(formula)
          : formula.map(({ when, f }) => (when === undefined ? f : `${f} where ${when}`)).join(', else ');

const rowText = ({ sums = {}, maxima = {}, each }: Rowwise): string =>
  `${[
    each,
    ...Object.entries(sums).map(([name, term]) => `${name} = Σ ${term}`),
    ...Object.entries(maxima).map(([name, term]) => `${name} = max ${term}`),
  ].join(', ')} along the last axis`;

/** What the shapes of a row follow from. */
const SHAPES: Readonly<Record<Kind, string>> = {
  pointwise: 'all arguments broadcast to the shape of the result',
  fold: 'by the indices or axes of the formula',
  layout: 'by the indices or parameters',
  rowwise: '[…, n], along the last axis',
  draw: 'a scalar counter, and the shape that is asked for',
  spectral: '[n, n], symmetric',
};

const parametersOf = (row: Op): object => {
  const p = row.sample(row.args.map(() => [1, 1]));
  return p === undefined ? {} : { parameters: Object.keys(p as object).join(', ') };
};

/** A line of a rule as TeX; sums over tensors keep their names. */
const texLine = (line: string): readonly string[] => {
  const [left = '', right = ''] = line.split(/ = (.*)/);
  return [`${tex(left)} \\leftarrow ${tex(right)}`];
};

const ops = Object.fromEntries(
  Object.entries(ROWS).map(([name, r]): [string, Entry] => [
    name,
    {
      doc: r.doc,
      kind: r.kind,
      arguments: r.args.join(', '),
      shapes: SHAPES[r.kind],
      formula: text(r.formula),
      TeX: texOf(r.formula),
      ...parametersOf(r),
      ...(r.kind === 'pointwise' ? { accuracy: `${r.ulp} ulp` } : {}),
      ...(r.kinks.length === 0
        ? {}
        : { kinks: r.kinks.map((k) => `${r.args[k.arg]} = ${k.at}, slope there ${k.slope}`) }),
      source: r.source,
    },
  ]),
);

/** What an answer may be off by, as a law's class says it. */
const TOLERANCES: Readonly<Record<LawClass, string>> = {
  exact: 'none: the same numbers',
  'power of two': 'none: a factor that is a power of two rounds nothing',
  lattice: 'none: every number on the way is a small multiple of a power of two',
  '64-digit oracle':
    'the running error bound of the computation, or the ulps of the contract, around the 64-digit value',
  'rounding bound': 'a bound derived from the roundings that the computation needs',
  enumerated: 'none but the rounding of the sum over all cases',
  statistical: `an exact test that rejects a correct engine with probability ${ALPHA} at most`,
  structural: 'none: it holds or it does not',
};

/** Every table by its name. A new row shows up here by itself. */
export const TABLES: Readonly<Record<string, Readonly<Record<string, Entry>>>> = {
  ops,
  activations: Object.fromEntries(ACTIVATIONS.map((name) => [name, ops[name] ?? { doc: '' }])),
  losses: Object.fromEntries(
    Object.entries(LOSSES).map(([name, { doc, formula, prediction, target, params, source }]) => [
      name,
      {
        doc,
        prediction,
        target,
        formula,
        TeX: texOfText(formula),
        ...(Object.keys(params).length > 0 ? { params } : {}),
        reductions: 'mean, sum',
        source,
      },
    ]),
  ),
  layers: Object.fromEntries(
    Object.entries(LAYERS).map(([name, { doc, shapes, formula, options, source }]) => [
      name,
      { doc, shapes, formula, TeX: texOfText(formula), options, source },
    ]),
  ),
  initializers: {
    ...Object.fromEntries(
      Object.entries(INITIALIZERS).map(([name, { doc, distribution, variance, source }]): [string, Entry] => [
        name,
        { doc, shapes: 'w [in, out]', distribution, variance, TeX: `\\mathrm{Var}[w] = ${tex(variance)}`, source },
      ]),
    ),
    ...Object.fromEntries(
      Object.entries(PRETRAININGS).map(([name, { doc, hyper, source }]): [string, Entry] => [
        name,
        { doc, 'looks at': 'the samples', hyper, source },
      ]),
    ),
  },
  optimizers: Object.fromEntries(
    Object.keys(OPTIMIZERS).map((name) => {
      const { doc, hyper, slots, shared = {}, recurrence, vectors, dialects, source } = optimizerRow(name);
      return [
        name,
        {
          doc,
          hyper,
          slots: { ...slots, ...shared },
          recurrence,
          ...(vectors === undefined ? {} : { 'no matrices': vectors }),
          TeX: recurrence.flatMap(texLine),
          ...Object.fromEntries(Object.entries(dialects).map(([d, preset]) => [d, { ...hyper, ...preset }])),
          source,
        },
      ];
    }),
  ),
  schedules: Object.fromEntries(
    Object.keys(SCHEDULES).map((name) => {
      const { doc, hyper, recurrence, source } = scheduleRow(name);
      return [name, { doc, hyper, recurrence, TeX: recurrence.flatMap(texLine), source }];
    }),
  ),
  wrappers: Object.fromEntries(
    Object.entries(WRAPPERS).map(([name, { doc, hyper, formula, source }]) => [
      name,
      { doc, hyper, formula, TeX: texOfText(formula), source },
    ]),
  ),
  regularisers: Object.fromEntries(
    Object.entries(REGULARISERS).map(([name, { doc, formula, strengths, source }]) => [
      name,
      { doc, formula, TeX: texOfText(formula), strengths: strengths.join(', '), source },
    ]),
  ),
  problems: Object.fromEntries(Object.entries(PROBLEMS).map(([name, { doc, source }]) => [name, { doc, source }])),
  recipes: Object.fromEntries(
    Object.entries(RECIPES).map(([name, { doc, optimizer, hyper, batch, epochs, source }]) => [
      name,
      { doc, optimizer, hyper, batch, epochs, source },
    ]),
  ),
  laws: Object.fromEntries(
    LAWS.map((l) => [
      l.id,
      {
        doc: l.says,
        catalogue: l.ref,
        class: l.class,
        tolerance: TOLERANCES[l.class],
        ...(l.formula === undefined ? {} : { formula: formulaText(l) }),
        ...(l.source === undefined ? {} : { source: l.source }),
        runs: l.runs,
        ...(l.detects === undefined ? {} : { detects: l.detects }),
        ...(l.kills === undefined ? {} : { 'real bugs': l.kills }),
        mutants: MUTANTS.filter((m) => m.killedBy.includes(l.id)).map((m) => m.id),
      },
    ]),
  ),
  catalogue: Object.fromEntries(
    coverageOf(LAWS).map(({ entry, laws, reason }) => [
      entry,
      { doc: laws.length > 0 ? laws.join(', ') : `not applicable: ${reason}` },
    ]),
  ),
  bugs: Object.fromEntries(
    Object.entries(BUGS).map(([number, { where, symptom, mutants }]) => [
      `#${number}`,
      {
        doc: `${symptom} (${where})`,
        ...(typeof mutants === 'string' ? { 'no mutant': mutants } : { mutants }),
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
  v !== null && typeof v === 'object' && Object.keys(v).length === 0
    ? 'none'
    : Array.isArray(v)
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
  else {
    for (const [name, row] of Object.entries(rows))
      print(
        `${name.padEnd(table === 'laws' || table === 'mutants' ? 36 : 24)} ${row.doc}${typeof row.source === 'string' ? `  (${row.source})` : ''}`,
      );
    if (table === 'catalogue') print(`\n${coverageLines(coverageOf(LAWS)).join('\n')}`);
  }
  return EXIT.ok;
};

/** `explain <row>`: every table's row of that name, spelt as here or as in the contract. @throws CommandFault when there is none */
export const explainCommand = (asked: string, json: boolean): number => {
  const names = Object.values(TABLES).flatMap((rows) => Object.keys(rows));
  const name = names.includes(asked) ? asked : camel(asked);
  const found = Object.entries(TABLES).flatMap(([table, rows]) =>
    Object.hasOwn(rows, name) && table !== 'activations' ? [{ table, ...rows[name] }] : [],
  );
  if (found.length === 0) {
    const near = meant(name, names);
    const hint = near === undefined ? '' : `; did you mean "${near}"?`;
    throw new CommandFault(
      `explain: no row is called "${asked}"${hint || '; `list laws` and `list ops` name what there is'}`,
    );
  }
  if (json) print(toJson(found).trimEnd());
  else
    for (const { table, ...row } of found) {
      print(`${name}  (${table})`);
      for (const [field, v] of Object.entries(row))
        print(`  ${(field === 'doc' ? 'what' : field).padEnd(12)} ${value(v)}`);
    }
  return EXIT.ok;
};
