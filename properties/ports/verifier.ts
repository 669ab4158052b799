// The verifier as a port of its own: every engine is checked together with the judge, the runner and the generators that check it.
import fc from 'fast-check';
import { cotangent, extent, label, parameter } from '../arbitraries.ts';
import type { Args, Plain } from '../contract.ts';
import { ask, type Law, law, same } from '../law.ts';
import { definePort, override, type Port } from '../port.ts';
import { check } from '../run.ts';
import { binomialTest, chiSquareTest, compare, exactly } from '../tolerance.ts';

interface Question {
  readonly got: Plain;
  readonly expected: Plain;
  readonly allowed: Plain;
  readonly zeros: 'signed' | 'equal';
}

interface Trial {
  readonly at: number;
  readonly off: number;
  readonly crashes: boolean;
  readonly reach: number;
  readonly covered: number;
  readonly seed: number;
  readonly runs: number;
  readonly examples: Plain;
}

interface Sample {
  readonly observed: Plain;
  readonly n: number;
  readonly p: number;
  readonly alpha: number;
}

// Arguments are parsed by whoever asks: the meta-laws.
const as = <T>(args: Args): T => args as unknown as T;

/** The smallest law there is: an identity gives back what it got. */
const echo = ({ reach, covered }: Trial): Law =>
  law<number>({
    id: 'verifier/echo',
    ref: 'M-01',
    class: 'exact',
    says: 'the identity gives back what it got',
    subjects: () => ['identity'],
    given: () => fc.integer({ min: 0, max: reach }),
    covers: { 'inputs from the covered number on': { share: 1 / 4, of: (x) => x >= covered } },
    *holds(x) {
      const y = (yield* ask('activation.identity.forward', { x: { shape: [1], data: [x] } })).tensor('y');
      return same('y', y.data, [x]);
    },
  });

/** An engine of one function with one fault. */
const faulty = ({ at, off, crashes }: Trial): Port =>
  definePort({
    engine: 'echo',
    version: '1',
    dtype: 'f64',
    entries: {
      activation: {
        identity: {
          forward: ({ x }: { x: Plain }) => {
            if (crashes && Array.from(x.data).some((v) => v > at)) throw new RangeError('out of reach');
            return { y: { shape: x.shape, data: Array.from(x.data, (v) => (v > at ? v + off : v)) } };
          },
        },
      },
    },
  });

const trial = async (args: Args): Promise<Args> => {
  const t = as<Trial>(args);
  const examples = Array.from(t.examples.data);
  const found = await check(echo(t), faulty(t), 'identity', {
    seed: t.seed,
    runs: t.runs,
    examples: () => examples,
  });
  const input = found.counterexample?.input;
  return {
    status: found.status,
    input: typeof input === 'number' ? input : Number.NaN,
    runs: found.runs,
    failing: found.counterexample?.extent?.failing ?? 0,
  };
};

const accepted =
  (test: (x: number, s: Sample) => boolean) =>
  (args: Args): Args => {
    const s = as<Sample>(args);
    return { accepted: { shape: s.observed.shape, data: Array.from(s.observed.data, (x) => (test(x, s) ? 1 : 0)) } };
  };

const sampled =
  (values: fc.Arbitrary<number>) =>
  (args: Args): Args => {
    const { seed, count } = as<{ readonly seed: number; readonly count: number }>(args);
    return { values: { shape: [count], data: fc.sample(values, { seed, numRuns: count }) } };
  };

/** The port, joined by the verifier's own entries, which the meta-laws ask. */
export const withVerifier = (port: Port): Port =>
  override(port, {
    'verifier.judge.compare': (args) => {
      const { got, expected, allowed, zeros } = as<Question>(args);
      const { ok, margin } = compare(got.data, Array.from(expected.data, exactly), allowed.data, { zeros });
      return { ok, margin };
    },
    'verifier.run.check': trial,
    'verifier.binomial.test': accepted((k, { n, p, alpha }) => binomialTest(k, n, p, alpha).ok),
    'verifier.chi_square.test': accepted((sum, { n, alpha }) => chiSquareTest(sum, n, alpha).ok),
    'verifier.cotangent.sample': sampled(cotangent(port.dtype)),
    'verifier.parameter.sample': sampled(parameter),
    'verifier.extent.sample': sampled(extent()),
    'verifier.label.sample': sampled(label),
  });
