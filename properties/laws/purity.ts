// The chapter of purity: arguments survive every call, and the same call gives the same bits.
import fc from 'fast-check';
import { cotangent, filled, moderate, parametersFor, seed, small, targetsFor, type Values } from '../arbitraries.ts';
import { type Args, ENTRIES, type Plain } from '../contract.ts';
import { type Answer, ask, claim, every, type Inquiry, law, same, type Verdict } from '../law.ts';
import { anyNetwork } from '../networks.ts';
import { PortError, type PortInfo } from '../port.ts';
import { WHOLE_OPS, wholeProgram } from '../programs.ts';
import { argumentsOf as argumentsFor } from './normcases.ts';

const bit = fc.constantFrom(0, 1);
const inside = fc.integer({ min: 1, max: 15 }).map((k) => k / 16);
const leaves = (port: PortInfo): fc.Arbitrary<readonly Values[]> =>
  fc.tuple(filled([3], cotangent(port.dtype)), filled([2, 2], cotangent(port.dtype)));
const run = (port: PortInfo) => ({ params: leaves(port), gradients: fc.tuple(leaves(port), leaves(port)) });
const strengths = { l1: fc.constant(1 / 8), l2: fc.constant(1 / 4) };
const penalised = (port: PortInfo): fc.Arbitrary<Args> =>
  fc.record({ w: filled([3, 2], cotangent(port.dtype)), ...strengths });
const masked = (port: PortInfo): fc.Arbitrary<Args> =>
  fc.record({
    x: filled([2, 3], cotangent(port.dtype)),
    u: filled([2, 3], inside),
    dropRate: fc.constantFrom(0, 3 / 8),
  });
const machine = { w: filled([3, 2], small), b: filled([3], small), c: filled([2], small) };
const plan = { epochs: fc.constantFrom(0, 1), size: fc.constant(2), lr: fc.constant(1 / 8), seed };
/** Dense layers of two units, from three features on. */
const network = [
  { type: 'dense', units: 2 },
  { type: 'activation', name: 'tanh' },
  { type: 'dense', units: 2 },
];
const twoLayers = (port: PortInfo): fc.Arbitrary<readonly Values[]> =>
  fc.tuple(...[[3, 2], [2], [2, 2], [2]].map((shape) => filled(shape, moderate(port.dtype))));
const batch = (port: PortInfo) =>
  fc.record({ x: filled([2, 3], moderate(port.dtype)), y: filled([2, 2], moderate(port.dtype)) });
const fitted = (port: PortInfo): fc.Arbitrary<Args> =>
  fc.record({
    layers: fc.constant(network),
    loss: fc.constant('mse'),
    reduction: fc.constant('mean'),
    params: twoLayers(port),
    optimizer: fc.constant('sgd'),
    hyper: fc.constant({ lr: 1 / 64 }),
    batches: fc.tuple(batch(port), batch(port)),
    seed,
  });

/** Arguments for every entry, or kind of entry, that computes from tensors; those without a row here are not covered. */
const ARGUMENTS: Readonly<Record<string, (port: PortInfo, name: string) => fc.Arbitrary<Args>>> = {
  'activation.forward': (port, name) =>
    fc.tuple(filled([4], moderate(port.dtype)), parametersFor(name)).map(([x, p]) => ({ x, ...p })),
  'activation.vjp': (port, name) =>
    fc
      .tuple(filled([4], moderate(port.dtype)), filled([4], cotangent(port.dtype)), parametersFor(name))
      .map(([x, dy, p]) => ({ x, dy, ...p })),
  'layer.dense.forward': (port) =>
    fc.record({
      x: filled([2, 3], moderate(port.dtype)),
      w: filled([3, 2], moderate(port.dtype)),
      b: filled([2], moderate(port.dtype)),
    }),
  'layer.dense.vjp': (port) =>
    fc.record({
      x: filled([2, 3], moderate(port.dtype)),
      w: filled([3, 2], moderate(port.dtype)),
      b: filled([2], moderate(port.dtype)),
      dy: filled([2, 2], cotangent(port.dtype)),
    }),
  'layer.batch_norm.train': (port) => argumentsFor(port, 'batch_norm', 'train'),
  'layer.batch_norm.train_vjp': (port) => argumentsFor(port, 'batch_norm', 'train_vjp'),
  'layer.batch_norm.eval': (port) => argumentsFor(port, 'batch_norm', 'eval'),
  'layer.batch_norm.eval_vjp': (port) => argumentsFor(port, 'batch_norm', 'eval_vjp'),
  'layer.layer_norm.forward': (port) => argumentsFor(port, 'layer_norm', 'forward'),
  'layer.layer_norm.vjp': (port) => argumentsFor(port, 'layer_norm', 'vjp'),
  'model.loss_and_grad': (port) => anyNetwork(port).map(({ direction: _, ...args }) => ({ ...args })),
  'model.forward': (port) =>
    anyNetwork(port).map(({ layers, params, x, state, uniforms }) => ({
      layers,
      params,
      x,
      mode: 'train',
      ...(state === undefined ? {} : { state }),
      ...(uniforms === undefined ? {} : { uniforms }),
    })),
  'program.forward': (port) => wholeProgram(port).map(({ equations, inputs }) => ({ equations, inputs })),
  'program.vjp': (port) => wholeProgram(port).map(({ equations, inputs, dy }) => ({ equations, inputs, dy })),
  'program.jvp': (port) => wholeProgram(port).map(({ equations, inputs, u }) => ({ equations, inputs, u })),
  'program.hvp': (port) =>
    wholeProgram(port, true).map(({ equations, inputs, u }) => ({ equations, inputs, u, mode: 'reverseOverReverse' })),
  'initializer.sample': () =>
    fc.record({
      shape: fc.constant([4, 3]),
      fanIn: fc.constant(4),
      fanOut: fc.constant(3),
      gain: fc.constantFrom(1 / 2, 2),
      seed,
    }),
  'random.sample': () => fc.record({ seed, count: fc.integer({ min: 1, max: 8 }) }),
  'session.run': (port) =>
    fc.record({
      layers: fc.constant([
        { type: 'dense', units: 3 },
        { type: 'dropout', dropRate: 3 / 8 },
        { type: 'dense', units: 1 },
      ]),
      loss: fc.constant('mse'),
      optimizer: fc.constant('adam'),
      hyper: fc.constant({ lr: 1 / 8 }),
      seed,
      x: filled([4, 2], moderate(port.dtype)),
      y: filled([4, 1], moderate(port.dtype)),
      steps: fc.constant(3),
      resumeAt: fc.constant([]),
      evaluateAt: fc.constant([2]),
    }),
  'loss.forward': (_, name) => lossArgs(name),
  'loss.vjp': (_, name) => lossArgs(name),
  'optimizer.run': (port) => {
    const leaf = filled([3], cotangent(port.dtype));
    return fc.record({
      params: fc.tuple(leaf, leaf),
      gradients: fc.array(fc.tuple(leaf, leaf), { minLength: 1, maxLength: 3 }),
      hyper: fc.constant({ lr: 1 / 8 }),
    });
  },
  'optimizer.run_with_rates': (port) =>
    fc.record({ ...run(port), hyper: fc.constant({}), rates: fc.constant([1 / 8, 1 / 4]) }),
  'wrapper.run': (port) =>
    fc.record({
      ...run(port),
      inner: fc.constantFrom(...port.names('optimizer', 'run').slice(0, 2)),
      innerHyper: fc.constant({}),
      hyper: fc.constant({}),
    }),
  'wrapper.probe': (port) =>
    fc.record({ params: leaves(port), gradients: leaves(port), hyper: fc.constant({ rho: 1 / 4 }) }),
  // half the time none of it is to be cut, so that what comes back is what went in
  'clip.apply': (port) => fc.record({ gradients: leaves(port), limit: fc.constantFrom(1, 2 ** 20) }),
  'schedule.factor': () =>
    fc.record({
      hyper: fc.constant({}),
      steps: fc.array(fc.integer({ min: 1, max: 2000 }), { minLength: 1, maxLength: 4 }),
    }),
  'regulariser.value': penalised,
  'regulariser.gradient': penalised,
  'regulariser.penalty': (port) => fc.record({ params: twoLayers(port), ...strengths }),
  'regulariser.penalty_with_biases': (port) => fc.record({ params: twoLayers(port), ...strengths }),
  'regulariser.loss_and_grad': (port) =>
    fc.record({
      x: filled([2, 3], moderate(port.dtype)),
      y: filled([2, 2], moderate(port.dtype)),
      w: filled([3, 2], moderate(port.dtype)),
      b: filled([2], moderate(port.dtype)),
      loss: fc.constant('mse'),
      reduction: fc.constant('mean'),
      ...strengths,
    }),
  'regulariser.project': (port) =>
    fc.record({ w: filled([3, 2], cotangent(port.dtype)), limit: fc.constantFrom(1, 2 ** 20) }),
  'regulariser.constrain': (port) => fc.record({ params: twoLayers(port), limit: fc.constantFrom(1, 2 ** 20) }),
  'layer.train': masked,
  'layer.train_vjp': (port) =>
    fc.tuple(masked(port), filled([2, 3], cotangent(port.dtype))).map(([a, dy]) => ({ ...a, dy })),
  'layer.eval': (port) => fc.record({ x: filled([2, 3], cotangent(port.dtype)), dropRate: fc.constantFrom(0, 3 / 8) }),
  'layer.sample': (port) =>
    fc.record({
      x: filled([2, 8], cotangent(port.dtype)),
      dropRate: fc.constantFrom(0, 3 / 8),
      seed,
      step: fc.integer({ min: 1, max: 9 }),
      place: fc.nat({ max: 3 }),
    }),
  'initializer.from_uniforms': () =>
    fc.record({
      u: filled([3, 2], inside),
      fanIn: fc.constant(3),
      fanOut: fc.constant(2),
      gain: fc.constantFrom(1 / 2, 2),
    }),
  'random.from_uniforms': () => fc.record({ u: filled([4], inside), p: inside }),
  'rbm.energy': () => fc.record({ ...machine, v: filled([2, 3], bit), h: filled([2, 2], bit) }),
  'rbm.free_energy': () => fc.record({ ...machine, v: filled([2, 3], bit) }),
  'rbm.hidden_given': () => fc.record({ ...machine, v: filled([2, 3], bit) }),
  'rbm.visible_given': () => fc.record({ ...machine, h: filled([2, 2], bit) }),
  'rbm.log_likelihood': () => fc.record({ ...machine, v: filled([2, 3], bit) }),
  'rbm.cd': () =>
    fc.record({
      ...machine,
      v: filled([2, 3], bit),
      k: fc.constant(1),
      uniforms: fc.tuple(filled([2, 2], inside), filled([2, 3], inside)),
      from: filled([2, 3], bit),
    }),
  // no epoch at all gives back the machine that came in
  'rbm.fit': () => fc.record({ ...machine, x: filled([4, 3], bit), ...plan }),
  'rbm.start': () => fc.record({ x: filled([4, 3], bit), hidden: fc.constant(2), seed }),
  'rbm.stack': () => fc.record({ x: filled([4, 3], bit), units: fc.constant([2, 2]), ...plan }),
  'rbm.pretrain': () =>
    fc.record({
      layers: fc.constant([
        { type: 'dense', units: 2 },
        { type: 'activation', name: 'sigmoid' },
        { type: 'dense', units: 2 },
      ]),
      params: fc.tuple(filled([3, 2], small), filled([2], small), filled([2, 2], small), filled([2], small)),
      x: filled([4, 3], bit),
      ...plan,
    }),
  'training.fit': fitted,
  'training.fit_watched': (port) =>
    fitted(port).chain((a) =>
      fc.record({ validation: batch(port), stopAt: fc.constant(-1) }).map((more) => ({ ...a, ...more })),
    ),
  'training.fit_resumed': (port) => fitted(port).map((a) => ({ ...a, at: 1 })),
  'training.exported_output': (port) =>
    fc.record({
      layers: fc.constant(network),
      params: twoLayers(port),
      x: filled([2, 3], moderate(port.dtype)),
    }),
  'training.lsuv': (port) =>
    fc.record({
      layers: fc.constant(network),
      params: twoLayers(port),
      x: fc.constant({ shape: [4, 3], data: [1, 0, 0, 0, 1, 0, 0, 0, 1, 1, -1, 2] }), // outputs vary whatever the weights
      tolerance: fc.constant(1 / 16),
      post: fc.constant(false),
      seed,
    }),
  'diagnosis.slopes': (port) =>
    fc.record({
      layers: fc.constant(network),
      params: twoLayers(port),
      loss: fc.constant('mse'),
      reduction: fc.constant('mean'),
      x: filled([2, 3], moderate(port.dtype)),
      y: filled([2, 2], moderate(port.dtype)),
    }),
  'diagnosis.signals': (port) =>
    fc.record({ layers: fc.constant(network), params: twoLayers(port), x: filled([2, 3], moderate(port.dtype)) }),
  'diagnosis.symmetry': (port) => fc.record({ layers: fc.constant(network), params: twoLayers(port) }),
  'perceptron.predict': () => fc.record({ x: filled([4, 2], small), w: filled([2], small), b: small }),
  'perceptron.mistake_bound': () =>
    fc.record({
      x: fc.constant({ shape: [2, 1], data: [2, -1] }),
      y: fc.constant({ shape: [2], data: [1, 0] }),
      w: filled([1], fc.integer({ min: 2, max: 8 })),
      b: fc.constant(1),
    }),
  'perceptron.refutation': () => fc.record({ x: filled([4, 2], fc.integer({ min: 0, max: 1 })), y: filled([4], bit) }),
  'perceptron.fit': () =>
    fc.record({
      x: filled([4, 2], fc.integer({ min: -4, max: 4 })),
      y: filled([4], fc.constantFrom(0, 1)),
      lr: fc.constant(1),
      epochs: fc.integer({ min: 0, max: 5 }),
    }),
};

const lossArgs = (name: string): fc.Arbitrary<Args> => {
  const eighths = fc.integer({ min: 1, max: 7 }).map((k) => k / 8);
  return fc.record({
    prediction: filled([2, 3], eighths),
    target: targetsFor(name, [2, 3], eighths),
    reduction: fc.constantFrom('mean', 'sum'),
  });
};

const parts = (entry: string): readonly [string, string] => {
  const [kind = '', name = '', call = ''] = entry.split('.');
  return [`${kind}.${call}`, name];
};

export const covered = (port: PortInfo): readonly string[] =>
  [...ENTRIES.keys()].filter(
    (id) =>
      port.has(id) &&
      (id in ARGUMENTS || parts(id)[0] in ARGUMENTS) &&
      (!id.startsWith('program.') || WHOLE_OPS.every((op) => port.ops.includes(op))),
  );

export const argumentsOf = (port: PortInfo, entry: string): fc.Arbitrary<Args> => {
  const [kind, name] = parts(entry);
  return (ARGUMENTS[entry] ?? ARGUMENTS[kind])?.(port, name) ?? fc.constant({});
};

/** Every tensor of an answer or of arguments, in order. */
export const tensorsIn = (value: unknown): readonly Plain[] => {
  if (value === null || typeof value !== 'object') return [];
  if ('data' in value && 'shape' in value) return [value as Plain]; // the contract's tensors, and nothing else, have both
  return Object.values(value).flatMap(tensorsIn);
};

const numbers = (value: unknown): readonly number[] => tensorsIn(value).flatMap((t) => Array.from(t.data));
const bare = (value: unknown): readonly number[] =>
  typeof value === 'number' ? [value] : Array.isArray(value) ? value.flatMap(bare) : [];
export const answerNumbers = (entry: string, answer: Answer): readonly number[] =>
  Object.keys(ENTRIES.get(entry)?.gives ?? {}).flatMap((name) => {
    const field: unknown = answer.tensor(name);
    return [...bare(field), ...numbers(field)]; // one of the two is empty
  });

/** What became of a question that should perhaps not have been answered. */
interface Outcome {
  readonly refused: boolean;
  /** A crash inside is no refusal. */
  readonly why: string;
  readonly values: readonly number[];
}
export function* attempt(entry: string, args: Args): Inquiry<Outcome> {
  try {
    const answer = yield* ask(entry, args);
    return { refused: false, why: 'it answered', values: answerNumbers(entry, answer) };
  } catch (error) {
    if (!(error instanceof PortError) || !(error.cause instanceof Error)) throw error;
    const { name, message } = error.cause;
    const stumbled = name === 'TypeError' || name === 'ReferenceError';
    return { refused: !stumbled, why: `${name}: ${message}`, values: [] };
  }
}

export const purityLaws = [
  law<Args>({
    id: 'purity/arguments-unchanged',
    ref: 'P-01, O-32',
    class: 'exact',
    runs: 30,
    says: 'no call writes to what it was given',
    kills: ['mxnet #15768', 'PyTorch #194664'],
    subjects: covered,
    given: argumentsOf,
    *holds(args, _port, entry) {
      const before = numbers(args);
      yield* ask(entry, args);
      return same('the arguments after the call', numbers(args), before, { zeros: 'signed' });
    },
  }),
  law<{ readonly a: Args; readonly b: Args }>({
    id: 'purity/deterministic',
    ref: 'P-03, D-13, G-21',
    class: 'exact',
    runs: 30,
    says: 'the same call gives the same bits, whatever was called between',
    kills: ['xformers #173', 'TF #118313'],
    subjects: covered,
    given: (port, entry) => fc.record({ a: argumentsOf(port, entry), b: argumentsOf(port, entry) }),
    *holds({ a, b }, _port, entry) {
      const first = answerNumbers(entry, yield* ask(entry, a));
      yield* ask(entry, b);
      return same('the second answer', answerNumbers(entry, yield* ask(entry, a)), first, { zeros: 'signed' });
    },
  }),
  law<Args>({
    id: 'purity/answers-apart',
    ref: 'P-02',
    class: 'exact',
    runs: 30,
    says: 'an answer is nobody else’s: writing to it changes neither the arguments nor the next answer',
    kills: ['PyTorch #196083'],
    subjects: covered,
    given: argumentsOf,
    *holds(args, _port, entry) {
      const before = numbers(args);
      const answer = yield* ask(entry, args);
      const first = answerNumbers(entry, answer);
      const verdicts: Verdict[] = [];
      for (const name of Object.keys(ENTRIES.get(entry)?.gives ?? {}))
        for (const t of tensorsIn(answer.tensor(name)))
          if (!Object.isFrozen(t.data)) (t.data as number[]).fill(Number.NaN); // arrays and typed arrays alike
      verdicts.push(same('the arguments after writing to the answer', numbers(args), before));
      verdicts.push(same('the next answer', answerNumbers(entry, yield* ask(entry, args)), first));
      return verdicts.length > 0 ? every(verdicts) : claim('an answer', false);
    },
  }),
];
