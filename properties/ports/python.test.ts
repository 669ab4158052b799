// The ports in Python under test: the doctor finds them well, and laws of their chapters hold, where Debian's python3 has the engine.
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';

const ROOT = join(import.meta.dirname, '../..');
const PYTHON = '/usr/bin/python3';
const run = (command: string, args: readonly string[]) =>
  spawnSync(command, args, { cwd: ROOT, encoding: 'utf8', maxBuffer: 2 ** 26 });

const PORTS = [
  { engine: 'torch', entries: 149, laws: 'convention/*,dense/*,batchnorm/running-step,optimizer/sgd-exact' },
  { engine: 'sklearn', entries: 6, laws: 'convention/*,perceptron/walk,rbm/hidden-given' },
] as const;

for (const { engine, entries, laws } of PORTS) {
  const there = run(PYTHON, ['-c', `import numpy, ${engine}`]).status === 0;
  if (!there) console.warn(`the port of ${engine} is not tested: ${PYTHON} has no module ${engine} here`);
  describe.skipIf(!there)(`the port of ${engine}`, () => {
    const port = [PYTHON, `properties/ports/${engine}/port.py`];
    const tautograd = (...args: readonly string[]) =>
      run(process.execPath, ['src/cli/main.ts', ...args, '--timeout', '60000', '--', ...port]);

    test('is well by the doctor', () => {
      const { stdout } = tautograd('port', 'doctor');
      expect(stdout).toContain(`${entries} of ${entries} entries answer in the shapes of the contract`);
      expect(stdout).toContain('the port is well');
    }, 120_000);

    test('holds laws of its chapters', () => {
      const { stdout } = tautograd('verify', '--profile', 'smoke', '--law', laws);
      expect(stdout).toMatch(/0 falsified, 0 crashed/);
    }, 120_000);
  });
}
