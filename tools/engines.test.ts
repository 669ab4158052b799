// The table of published engines, how one row is asked, and the programs that show what was found.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { LAWS } from '../properties/laws/index.ts';
import { ENGINES, type Engine, engines, portArguments, verified } from './engines.ts';

const here: Engine = {
  name: 'here',
  port: 'properties/ports/home.ts',
  install: 'nothing',
  probe: [process.execPath, '-e', ''],
  breaks: [],
  crashes: [],
};

describe('a row per engine', () => {
  test('names are apart, and adapters are there', () => {
    expect(new Set(ENGINES.map(({ name }) => name)).size).toBe(ENGINES.length);
    for (const { port } of ENGINES) if (typeof port === 'string') expect(existsSync(port), port).toBe(true);
  });

  test('what is known to be broken are laws', () => {
    const ids = LAWS.map(({ id }) => id);
    for (const { breaks, crashes } of ENGINES) expect(ids).toEqual(expect.arrayContaining([...breaks, ...crashes]));
  });

  test('words choose by any part of the name, in any case', () => {
    expect(engines([])).toBe(ENGINES);
    expect(engines(['BRAIN']).map(({ name }) => name)).toEqual(['brain.js']);
    expect(engines(['no such engine'])).toEqual([]);
  });

  test('an adapter is named by its file, a program by its command', () => {
    expect(portArguments(here)).toEqual(['properties/ports/home.ts']);
    expect(portArguments({ port: ['python3', 'port.py'] })).toEqual(['--', 'python3', 'port.py']);
  });
});

describe('one engine is asked', () => {
  test('one that is not installed is said to be so, and not started', () => {
    const away = { ...here, port: 'no/such/file.ts', probe: [process.execPath, '-e', 'process.exit(1)'] };
    expect(verified(away)).toEqual({ kind: 'not installed' });
    expect(verified({ ...away, probe: ['no-such-command'] })).toEqual({ kind: 'not installed' });
  });

  test('one that cannot be loaded says why', () => {
    const outcome = verified({ ...here, port: 'no/such/file.ts' });
    expect(outcome.kind).toBe('failed');
    expect(outcome.kind === 'failed' && outcome.why).toContain('no/such/file.ts');
  });

  test('verdicts come back with the values of counterexamples', () => {
    const outcome = verified(here, ['--law', 'meta/no-broadcast']);
    expect(outcome.kind).toBe('verified');
    expect(outcome.kind === 'verified' && outcome.record.checks.map(({ law, status }) => [law, status])).toEqual([
      ['meta/no-broadcast', 'holds'],
    ]);
  });
});

describe('findings', () => {
  const ROOM = 'reports/findings';
  const [pages, programs] = [/\.md$/, /\.(mjs|py)$/].map((kind) => readdirSync(ROOM).filter((f) => kind.test(f)));
  const text = (pages ?? []).map((file) => readFileSync(`${ROOM}/${file}`, 'utf8')).join('\n');

  test('every program has its row, and every row its program', () => {
    const rows = [...text.matchAll(/^\| `([\w-]+)` \||^\|[^|]*\|[^|]*\]\(([\w-]+)\.py\)/gm)].map((m) => m[1] ?? m[2]);
    expect(rows.sort()).toEqual(programs?.map((file) => file.replace(/\.\w+$/, '')).sort());
  });

  test('the laws that are named are laws', () => {
    for (const [, law = ''] of text.matchAll(/`([a-z]+\/[a-z0-9-]+)`/g))
      expect(LAWS.map(({ id }) => id)).toContain(law);
  });

  test('a program needs the engine alone', () => {
    for (const file of programs ?? [])
      expect(readFileSync(`${ROOM}/${file}`, 'utf8'), file).not.toMatch(/tautograd|\/src\/|properties\//);
  });
});
