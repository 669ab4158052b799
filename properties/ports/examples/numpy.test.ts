// The example port on NumPy under test: the doctor finds it well, and laws of every chapter that it covers hold.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { doctor, run, verified } from '../trial.ts';

const PORT = join(import.meta.dirname, 'numpy/port.py');

/** A system's Python may have NumPy where another on the path has not. */
const python = ['python3', '/usr/bin/python3'].find((p) => run(p, ['-c', 'import numpy']).status === 0);
const MISSING = 'no python3 here can import numpy (Debian: apt-get install python3-numpy)';
if (python === undefined && process.env.CI) throw new Error(`the tests of the port on NumPy: ${MISSING}`);
if (python === undefined) console.warn(`the port on NumPy is not tested: ${MISSING}`);

test('is one file of at most 600 lines of at most 120 characters', () => {
  const lines = readFileSync(PORT, 'utf8').trimEnd().split('\n');
  expect(lines.length).toBeLessThanOrEqual(600);
  expect(lines.filter((line) => [...line].length > 120)).toEqual([]);
});

describe.skipIf(python === undefined)('the port on NumPy (skipped where there is no NumPy)', () => {
  const command = [python ?? '', PORT];

  test('is well by the doctor', () => {
    const { status, stdout } = doctor(command);
    expect(stdout).toContain('the port is well');
    expect(stdout).toContain('181 of 181 entries answer in the shapes of the contract');
    expect(status).toBe(0);
  });

  test('holds the laws that it declares', () => {
    const laws =
      'activation/value,activation/derivative,loss/value,loss/gradient,norm/*,op/*,dropout/values,initializer/quantile,initializer/seed,optimizer/trajectory,network/*';
    const { status, stdout } = verified(laws, command);
    expect(stdout).toMatch(/ 0 falsified, 0 crashed/);
    expect(status).toBe(0);
  });
});
