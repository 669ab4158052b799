// Counterexamples on disk, as values, one file per law and subject, under .tautograd/ where the command was given.
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Check } from '../../properties/run.ts';
import { fromJson, toJson } from '../index.ts';
import type { Stored } from './load.ts';

const slug = (text: string): string => text.replace(/[^\w.-]+/g, '-').replace(/^-+|-+$/g, '');

/** Where the counterexample of a check lives. */
export const pathOf = (engine: string, { law, subject }: Pick<Check, 'law' | 'subject'>): string =>
  join('.tautograd', 'counterexamples', slug(engine), `${slug(law)}--${slug(subject)}.json`);

/** Writes the values of a failure. */
export const keep = (engine: string, check: Check): void => {
  if (check.counterexample === undefined) return;
  const path = pathOf(engine, check);
  mkdirSync(join(path, '..'), { recursive: true });
  const stored: Stored = {
    schema: 1,
    engine,
    law: check.law,
    subject: check.subject,
    input: check.counterexample.input,
  };
  writeFileSync(path, toJson(stored));
};

/** What failed before, to be tried first. A file that cannot be read is no example. */
export const kept =
  (engine: string) =>
  (law: string, subject: string): readonly unknown[] => {
    const path = pathOf(engine, { law, subject });
    if (!existsSync(path)) return [];
    try {
      return [(fromJson(readFileSync(path, 'utf8')) as Stored).input];
    } catch {
      return [];
    }
  };
