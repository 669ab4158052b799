// `tautograd tour`: the first course in a minute: the perceptron, why not XOR, and the network that can.
import {
  batches,
  type Diagnosis,
  diagnose,
  evaluate,
  findRefutation,
  fit,
  fitPerceptron,
  keyOf,
  type LayerSpec,
  mistakeBound,
  mlp,
  modelOf,
  normal,
  optimizerOf,
  predict,
  type Setup,
  start,
  Tensor,
  toJson,
} from '../index.ts';
import { EXIT } from './fault.ts';
import { coloured, print } from './show.ts';

const CORNERS = Tensor.from([4, 2], [0, 0, 0, 1, 1, 0, 1, 1]);

/** The documented training of XOR: 2–4–1 tanh, Xavier, Adam, full batch. */
export const XOR_SEED = 42;
export const XOR_STEPS = 300;

/** Trains XOR from a seed; returns the loss of every step and the number of wrong corners at the end. */
export const trainXor = (
  seed: number,
): { readonly losses: readonly number[]; readonly logits: readonly number[]; readonly errors: number } => {
  const y = Tensor.from([4, 1], [0, 1, 1, 0]);
  const setup: Setup = {
    model: modelOf({ layers: mlp([4, 1], 'tanh', 'xavierNormal'), loss: 'bceWithLogits' }),
    optimizer: optimizerOf('adam', { lr: 0.05 }),
  };
  const { training, losses } = fit(
    setup,
    start(setup, keyOf(seed), [2]),
    batches({ x: CORNERS, y }, { size: 4, epochs: XOR_STEPS, key: keyOf(seed) }),
  );
  const logits = evaluate(setup.model, training.variables, CORNERS).toArray();
  return { losses, logits, errors: logits.filter((z, i) => z > 0 !== (y.view[i] === 1)).length };
};

/** Starts of a deep network, with what the course says of them. */
const DEEP: readonly (readonly [activation: string, init: string])[] = [
  ['sigmoid', 'xavierNormal'],
  ['tanh', 'xavierNormal'],
  ['relu', 'xavierNormal'],
  ['relu', 'heNormal'],
  ['relu', 'normal'],
];
const DEPTH = 20;
const WIDTH = 16;

/** The first gradient of a deep narrow network, looked at layer by layer. */
export const diagnoseDeep = (activation: string, init: string, normalised: boolean): Diagnosis => {
  const block: readonly LayerSpec[] = [
    { type: 'dense', units: WIDTH, init },
    ...(normalised ? [{ type: 'batchNorm' } as const] : []),
    { type: 'activation', name: activation },
  ];
  const hidden = Array.from({ length: DEPTH }, () => block).flat();
  const model = modelOf({ layers: [...hidden, { type: 'dense', units: 1, init }], loss: 'bceWithLogits' });
  const x = normal(keyOf(1), [32, WIDTH]);
  const y = Tensor.build([32, 1], (out) =>
    out.forEach((_, i) => {
      out[i] = i % 2;
    }),
  );
  return diagnose(model, model.network.init(keyOf(XOR_SEED), [WIDTH]).variables, { x, y });
};

interface Lesson {
  readonly name: string;
  readonly labels: readonly number[];
  /** Any strict separator shows the bound. */
  readonly separator?: { readonly w: readonly number[]; readonly b: number };
}
const LESSONS: readonly Lesson[] = [
  { name: 'AND', labels: [0, 0, 0, 1], separator: { w: [2, 2], b: -3 } },
  { name: 'OR', labels: [0, 1, 1, 1], separator: { w: [2, 2], b: -1 } },
  { name: 'XOR', labels: [0, 1, 1, 0] },
];

/** The command. Returns 1 when something was not learnt that should have been. */
export const tourCommand = (json: boolean): number => {
  const perceptrons = LESSONS.map(({ name, labels, separator }) => {
    const y = Tensor.from([4], labels);
    const { w, b, mistakes, converged } = fitPerceptron(CORNERS, y, 1, 100);
    const wrong = labels.filter((label, i) => predict({ w, b }, [i >> 1, i & 1]) !== label).length;
    const bound = separator === undefined ? null : mistakeBound(CORNERS, y, separator);
    return { name, w, b, mistakes, converged, wrong, bound, refutation: findRefutation(CORNERS, y) };
  });
  const xor = trainXor(XOR_SEED);
  const deep = DEEP.map(([activation, init]) => ({
    activation,
    init,
    plain: diagnoseDeep(activation, init, false),
    normalised: diagnoseDeep(activation, init, true),
  }));
  const ok =
    perceptrons.every((p) =>
      p.bound === null ? p.refutation !== null : p.converged && p.wrong === 0 && p.mistakes <= p.bound,
    ) &&
    xor.errors === 0 &&
    deep.every((d) => d.normalised.verdict === 'healthy');
  if (json) {
    print(
      toJson({
        schema: 1,
        ok,
        perceptrons,
        mlp: { seed: XOR_SEED, steps: XOR_STEPS, loss: xor.losses.at(-1), logits: xor.logits, errors: xor.errors },
        deep,
      }).trimEnd(),
    );
    return ok ? EXIT.ok : EXIT.falsified;
  }
  for (const p of perceptrons) {
    if (p.bound !== null)
      print(
        coloured(
          `${p.converged && p.mistakes <= p.bound ? '✓' : '✗'} perceptron learns ${p.name}: w = (${p.w.join(', ')}), b = ${p.b}, ${p.wrong} wrong, ${p.mistakes} mistakes, at most (R/γ)² = ${p.bound} (Novikoff 1962)`,
        ),
      );
    else {
      print(
        coloured(
          `· perceptron on ${p.name}: ${p.mistakes} mistakes in 100 epochs, ${p.wrong} corners wrong, never done`,
        ),
      );
      const conditions = [...'0110'].map(
        (label, i) => `${label === '1' ? '' : '−'}(${['b', 'w₂ + b', 'w₁ + b', 'w₁ + w₂ + b'][i]}) > 0`,
      );
      print(`  certificate α = (${p.refutation?.join(', ')}): the four conditions`);
      for (const c of conditions) print(`      ${c}`);
      print('  add up to 0 > 0, so no line separates XOR (Farkas 1902; Minsky & Papert 1969)');
    }
  }
  const told = ({ layers: [first], verdict }: Diagnosis): string => `${first?.ratio.toExponential(1)} ${verdict}`;
  const deepLines = [
    `${DEPTH} layers of ${WIDTH}: slope at the input over slope at the output, without and with batch normalisation`,
    ...deep.map(
      (d) => `    ${d.activation.padEnd(8)} ${d.init.padEnd(14)} ${told(d.plain).padEnd(20)} ${told(d.normalised)}`,
    ),
  ];
  print(
    coloured(
      `${xor.errors === 0 ? '✓' : '✗'} 2–4–1 tanh network learns XOR from seed ${XOR_SEED}: loss ${xor.losses[0]?.toFixed(3)} → ${xor.losses.at(-1)?.toFixed(5)} nats in ${XOR_STEPS} Adam steps, ${xor.errors} errors`,
    ),
  );
  print(coloured(`${deep.every((d) => d.normalised.verdict === 'healthy') ? '✓' : '✗'} ${deepLines.join('\n')}`));
  return ok ? EXIT.ok : EXIT.falsified;
};
