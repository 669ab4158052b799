// The example port in C under test: it compiles without a warning, the doctor finds it well with sanitizers on, and laws of every chapter hold.
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { doctor, run, verified } from '../trial.ts';

const ROOT = join(import.meta.dirname, '../../..');
const HERE = join(import.meta.dirname, 'c');
const compiler = ['cc', 'make'].every((tool) => run(tool, ['--version']).status === 0);

describe.skipIf(!compiler)('the port in C (skipped where there is no C compiler)', () => {
  const [plain, checked] = [join(ROOT, '.tautograd/c'), join(ROOT, '.tautograd/c-checked')];
  beforeAll(() => {
    for (const [to, more] of [
      [plain, []],
      [checked, ['CHECKED=1']],
    ] as const) {
      const made = run('make', ['-C', HERE, `O=${to}`, ...more]);
      expect(`${made.stdout}${made.stderr}`).not.toContain('warning');
      expect(made.status, made.stderr).toBe(0);
    }
  }, 120_000);

  test('is well by the doctor, entry by entry, under the address and undefined-behaviour sanitizers', () => {
    const { status, stdout } = doctor([join(checked, 'port')]);
    expect(stdout).toContain('the port is well');
    expect(stdout).toContain('275 of 275 entries answer in the shapes of the contract');
    expect(status).toBe(0);
  }, 60_000);

  test('holds the laws that it declares', () => {
    const laws =
      'activation/*,loss/value,loss/gradient,norm/*,dropout/values,optimizer/trajectory,perceptron/*,rbm/free-energy';
    const { status, stdout } = verified(laws, [join(plain, 'port')]);
    expect(stdout).toMatch(/0 falsified, 0 crashed, 0 not covered/);
    expect(status).toBe(0);
  }, 60_000);
});
