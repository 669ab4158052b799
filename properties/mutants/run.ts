// Faults of the verifier's own runs: checks that cannot fail, forget their seed, or go blind; tests without power; inputs that repeat.
import type { Args } from '../contract.ts';
import { override, type Port } from '../port.ts';
import { changed, like, type Mutant, plain } from './plant.ts';

/** The verifier answers later, so that its answer is changed when it comes. */
const later =
  (f: (answer: Args, args: Args) => Args, ask: (args: Args) => Args = (args) => args) =>
  (port: Port): Port =>
    override(port, {
      'verifier.run.check': async (args, original) => f(await original(ask(args)), args),
    });
const status = (from: string, to: string) => later((a) => (a.status === from ? { ...a, status: to } : a));

export const runMutants: readonly Mutant[] = [
  {
    id: 'run/never-fails',
    says: 'reports every law as held',
    bug: 'Flux #2693: comparisons that compared nothing',
    killedBy: ['meta/every-fault-is-found', 'meta/failures-replay', 'meta/blind-generators-show'],
    plant: later((a) => ({ ...a, status: 'holds' })),
  },
  {
    id: 'run/crash-is-falsified',
    says: 'calls a crash a falsified law',
    killedBy: ['meta/every-fault-is-found'],
    plant: status('crashed', 'falsified'),
  },
  {
    id: 'run/one-input',
    says: 'stops after one input',
    bug: 'interruptAfterTimeLimit reports success after a few runs',
    killedBy: ['meta/every-fault-is-found'],
    plant: later(
      (a) => a,
      (args) => ({ ...args, runs: 1 }),
    ),
  },
  {
    id: 'run/without-shrinking',
    says: 'reports an input above the smallest one',
    killedBy: ['meta/every-fault-is-found'],
    plant: later((a) => (a.status === 'falsified' ? { ...a, input: (a.input as number) + 1 } : a)),
  },
  {
    id: 'run/blind',
    says: 'does not look at what its inputs reached',
    bug: 'NNlib #706, tfjs #7251: inputs that never met the fault',
    killedBy: ['meta/blind-generators-show'],
    plant: status('undecided', 'holds'),
  },
  {
    id: 'run/seed-forgotten',
    says: 'draws its own seed',
    killedBy: ['meta/failures-replay'],
    plant: (port) => {
      let calls = 0;
      return later(
        (a) => a,
        (args) => ({ ...args, seed: ++calls, runs: 30 }),
      )(port);
    },
  },
  {
    id: 'run/examples-ignored',
    says: 'does not try the stored inputs',
    bug: 'tiny-dnn af92c26c lost the state that failed',
    killedBy: ['meta/failures-replay'],
    plant: later(
      (a) => a,
      (args) => ({ ...args, examples: { shape: [0], data: [] } }),
    ),
  },
  {
    id: 'test/one-sided',
    says: 'accepts every count that is too small',
    bug: 'PyTorch test_trunc_normal_generator',
    killedBy: ['meta/tests-have-power'],
    plant: changed('verifier.binomial.test', 'accepted', (v, i, a) =>
      (plain(a, 'observed').data[i] ?? 0) < 5 ? 1 : v,
    ),
  },
  {
    id: 'test/accepts-everything',
    says: 'finds every sum of squares likely',
    bug: 'tfjs initializers_test: ranges alone, zeros pass',
    killedBy: ['meta/tests-have-power'],
    plant: changed('verifier.chi_square.test', 'accepted', () => 1),
  },
  {
    id: 'test/jumpy',
    says: 'rejects the most likely count',
    killedBy: ['meta/tests-have-power'],
    plant: changed('verifier.binomial.test', 'accepted', (v, i, a) =>
      i === Math.round((a.n as number) * (a.p as number)) ? 0 : v,
    ),
  },
  {
    id: 'inputs/ones',
    says: 'makes cotangents of ones',
    bug: 'PyTorch fast gradcheck, BN gradients checked with ones',
    killedBy: ['meta/cotangents-vary'],
    plant: changed('verifier.cotangent.sample', 'values', () => 1),
  },
  {
    id: 'inputs/positive',
    says: 'makes cotangents of one sign',
    bug: 'PyTorch #57166: torch.rand',
    killedBy: ['meta/cotangents-vary'],
    plant: changed('verifier.cotangent.sample', 'values', Math.abs),
  },
  {
    id: 'inputs/default-parameters',
    says: 'leaves every parameter at ½',
    bug: 'convnetjs, brain.js, tiny-dnn: tests at rate ½ alone',
    killedBy: ['meta/inputs-are-off-default'],
    plant: changed('verifier.parameter.sample', 'values', () => 1 / 2),
  },
  {
    id: 'inputs/square',
    says: 'makes every extent the same',
    killedBy: ['meta/inputs-are-off-default'],
    plant: (port) =>
      override(port, {
        'verifier.extent.sample': (args, original) => {
          const answer = original(args) as Args; // generators answer at once
          return { values: like(plain(answer, 'values'), () => 2) };
        },
      }),
  },
];
