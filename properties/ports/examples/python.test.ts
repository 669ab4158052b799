// The example port in Python under test: four hundred lines hold 80 % of the contract, the doctor finds it well, and its laws hold.
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { CONTRACT } from '../../contract.ts';
import { doctor, run, verified } from '../trial.ts';

const PORT = join(import.meta.dirname, 'python/port.py');
const python = run('python3', ['-c', 'import sys; sys.exit(sys.version_info < (3, 9))']).status === 0;
if (!python && process.env.CI) throw new Error('the tests of the port in Python need python3, 3.9 or newer');

/** Entries of the contract without the verifier's own. */
const ALL = CONTRACT.filter((row) => row.kind !== 'verifier').reduce((n, row) => n + row.names.length, 0);

test('is one file of at most 400 lines of at most 120 characters', () => {
  const lines = readFileSync(PORT, 'utf8').trimEnd().split('\n');
  expect(lines.length).toBeLessThanOrEqual(400);
  expect(lines.filter((line) => [...line].length > 120)).toEqual([]);
});

describe.skipIf(!python)('the port in Python (skipped where there is no python3 from 3.9 on)', () => {
  test('is well by the doctor, with at least 80 % of the contract', () => {
    const { status, stdout } = doctor(['python3', PORT]);
    expect(stdout).toContain('the port is well');
    const [, answered = '0', declared] =
      /(\d+) of (\d+) entries answer in the shapes of the contract/.exec(stdout) ?? [];
    expect(answered).toBe(declared);
    expect(Number(answered)).toBeGreaterThanOrEqual(Math.ceil(0.8 * ALL));
    expect(status).toBe(0);
  });

  test('holds the laws that it declares', () => {
    const laws =
      'activation/value,activation/derivative,loss/value,loss/gradient,norm/*,dropout/values,initializer/*quantile*,rng/threefry*,optimizer/trajectory,schedule/*';
    const { status, stdout } = verified(laws, ['python3', PORT]);
    expect(stdout).toMatch(/ 0 falsified, 0 crashed/);
    expect(status).toBe(0);
  });

  test('answers without the protocol', () => {
    const ask = "import json, port; print(json.dumps(port.answer('activation.relu.forward', json.loads(input()))))";
    const x = { shape: [4], data: [-1, 'NaN', 2.5, 'Infinity'] };
    const { stdout } = spawnSync('python3', ['-c', ask], {
      cwd: join(PORT, '..'),
      input: JSON.stringify({ x }),
      encoding: 'utf8',
    });
    expect(JSON.parse(stdout)).toEqual({ y: { shape: [4], data: [0, 'NaN', 2.5, 'Infinity'] } });
  });
});
