// Counterexamples on disk, as values, one file per law and subject, under .tautograd/ where the command was given.
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import type { Check, RunOptions } from '../../properties/run.ts';
import { fromJson, toJson } from '../index.ts';
import type { Source, Stored } from './load.ts';

const slug = (text: string): string => text.replace(/[^\w.-]+/g, '-').replace(/^-+|-+$/g, '');

/** What tells ports of one name apart, as every port is that was begun alike: how they are asked. */
const marked = (engine: string, { adapter, command }: Source): string => {
  const asked = command ?? (adapter === undefined ? null : [relative('.', resolve(adapter))]);
  if (asked === null) return slug(engine);
  return `${slug(engine)}-${createHash('sha256').update(asked.join('\0')).digest('hex').slice(0, 8)}`;
};

/** The failures of one port. */
export interface Store {
  /** Where the counterexample of a check lives. */
  readonly pathOf: (check: Pick<Check, 'law' | 'subject'>) => string;
  /** Writes the values of a failure. */
  readonly keep: (check: Check) => void;
  /** What failed before, to be tried first. A file that cannot be read is no example. */
  readonly kept: NonNullable<RunOptions['examples']>;
}

export const storeOf = (engine: string, source: Source): Store => {
  const folder = join('.tautograd', 'counterexamples', marked(engine, source));
  const pathOf: Store['pathOf'] = ({ law, subject }) => join(folder, `${slug(law)}--${slug(subject)}.json`);
  return {
    pathOf,
    keep: ({ law, subject, counterexample }) => {
      if (counterexample === undefined) return;
      const path = pathOf({ law, subject });
      mkdirSync(dirname(path), { recursive: true });
      const stored: Stored = { schema: 1, engine, law, subject, input: counterexample.input };
      writeFileSync(path, toJson(stored));
    },
    kept: (law, subject) => {
      const path = pathOf({ law, subject });
      if (!existsSync(path)) return [];
      try {
        return [(fromJson(readFileSync(path, 'utf8')) as Stored).input];
      } catch {
        return [];
      }
    },
  };
};
