// The verifier as a port of its own: every engine is checked together with the judge that checks it.
import type { Plain } from '../contract.ts';
import { override, type Port } from '../port.ts';
import { compare, exactly } from '../tolerance.ts';

interface Question {
  readonly got: Plain;
  readonly expected: Plain;
  readonly allowed: Plain;
  readonly zeros: 'signed' | 'equal';
}

/** The port, joined by the verifier's own entries, which the meta-laws ask. */
export const withVerifier = (port: Port): Port =>
  override(port, {
    'verifier.judge.compare': (args) => {
      const { got, expected, allowed, zeros } = args as unknown as Question; // parsed by whoever asks: the meta-laws
      const { ok, margin } = compare(got.data, Array.from(expected.data, exactly), allowed.data, { zeros });
      return { ok, margin };
    },
  });
