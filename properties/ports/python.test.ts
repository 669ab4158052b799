// The ports in Python under test: the doctor finds them well, and laws of their chapters hold, where Debian's python3 has the engine.
import { describe, expect, test } from 'vitest';
import { doctor, run, verified } from './trial.ts';

const PYTHON = '/usr/bin/python3';

const PORTS = [
  { engine: 'torch', entries: 149, laws: 'convention/*,dense/*,batchnorm/running-step,optimizer/sgd-exact' },
  { engine: 'sklearn', entries: 6, laws: 'convention/*,perceptron/walk,rbm/hidden-given' },
] as const;

for (const { engine, entries, laws } of PORTS) {
  const there = run(PYTHON, ['-c', `import numpy, ${engine}`]).status === 0;
  if (!there) console.warn(`the port of ${engine} is not tested: ${PYTHON} has no module ${engine} here`);
  describe.skipIf(!there)(`the port of ${engine}`, () => {
    const port = [PYTHON, `properties/ports/${engine}/port.py`];

    test('is well by the doctor', () => {
      const { stdout } = doctor(port);
      expect(stdout).toContain(`${entries} of ${entries} entries answer in the shapes of the contract`);
      expect(stdout).toContain('the port is well');
    }, 120_000);

    test('holds laws of its chapters', () => {
      const { stdout } = verified(laws, port);
      expect(stdout).toMatch(/0 falsified, 0 crashed/);
    }, 120_000);
  });
}
