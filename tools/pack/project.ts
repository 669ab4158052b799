// The empty project that the package is tried in: its files by their names, as somebody would write them who has just installed it.

/** A training of XOR, in one step and compiled; prints the signs of the four answers of each. */
const XOR = `const data = { x: Tensor.from([4, 2], [0, 0, 0, 1, 1, 0, 1, 1]), y: Tensor.from([4, 1], [0, 1, 1, 0]) };
const setup = {
  model: modelOf({ layers: mlp([4, 1], 'tanh', 'xavierNormal'), loss: 'bceWithLogits' }),
  optimizer: optimizerOf('adam', { lr: 0.05 }),
};
const signs = (training) => evaluate(setup.model, training.variables, data.x).toArray().map(Math.sign).join();
const fresh = start(setup, keyOf(42), [2]);
const eager = signs(fit(setup, fresh, batches(data, { size: 4, epochs: 300, key: keyOf(42) })).training);
`;
const COMPILED = `const { step, state, training } = trainingStep(setup, fresh);
const compiledBy = (options) => {
  const running = scan(step, { dtype: 'f32', mode: 'fast', ...options }).start(state, [data.x, data.y]);
  running.run(300);
  return signs(training(running.state()));
};
`;
const TRAINING = 'batches, evaluate, fit, keyOf, mlp, modelOf, optimizerOf, start, Tensor';

/** What XOR answers: no, yes, yes, no. */
export const RIGHT = '-1,1,1,-1';

/** An adapter of mean squared error, which is divided by that. */
const adapter = (engine: string, terms: string): string => `import { definePort } from 'tautograd/port';

const sum = (list) => list.reduce((a, b) => a + b, 0);
export default definePort({
  engine: '${engine}',
  version: '1.0.0',
  dtype: 'f64',
  entries: {
    loss: {
      mse: {
        forward: ({ prediction, target, reduction }) => {
          const terms = reduction === 'mean' ? ${terms} : 1;
          const total = sum(Array.from(prediction.data, (p, i) => (p - target.data[i]) ** 2));
          return { loss: { shape: [], data: [total / terms] } };
        },
      },
    },
  },
});
`;

/** Tests of a port by its laws. */
const registered = (file: string): string => `import { registerLaws } from 'tautograd/vitest';
import port from './${file}';

registerLaws(port, { laws: 'loss/value,loss/reduction', profile: 'smoke' });
`;

const TYPES = `import { grad, ops, type Shape, Tensor } from 'tautograd';
import { startThreads } from 'tautograd/node';
import { type Adapter, type Conventions, definePort, type LossArgs, type Plain } from 'tautograd/port';
import { check, LAWS, verify } from 'tautograd/properties';

const shape: Shape = [2];
const square = grad((o, [x = o.lit(0)]) => o.sum(o.mul(x, x), { axes: [0], keep: false }));
export const slopes: readonly Tensor[] = square(ops, [Tensor.from(shape, [1, 2])]);
const loss = ({ prediction }: LossArgs): { loss: Plain } => ({ loss: { shape: [], data: prediction.data } });
const adapter: Adapter = { engine: 'typed', version: '1', dtype: 'f64', entries: { loss: { mse: { forward: loss } } } };
export const port = definePort(adapter);
export const conventions: Conventions = port.conventions;
export const known = [startThreads, check, verify, LAWS.length] as const;
// @ts-expect-error the types are there, and none of them is any
definePort(3);
`;

/** A project of types alone, which reads the declarations of every package it meets. */
const tsconfig = (resolution: 'nodenext' | 'bundler', file: string, types: readonly string[]): string =>
  JSON.stringify({
    compilerOptions: {
      module: resolution === 'bundler' ? 'esnext' : 'nodenext',
      moduleResolution: resolution,
      target: 'es2024',
      lib: ['es2024', 'dom'],
      types,
      strict: true,
      skipLibCheck: false,
      noEmit: true,
    },
    files: [file],
  });

const page = `import { ${TRAINING}, scan, startThreads, trainingStep } from 'tautograd';

try {
  ${(XOR + COMPILED).trimEnd().replaceAll('\n', '\n  ')}
  document.title = [eager, compiledBy({})].join(' ');
} catch (error) {
  document.title = String(error);
}
`;

/** Every file. */
export const FILES: Readonly<Record<string, string>> = {
  'package.json': JSON.stringify({ name: 'somebody', version: '1.0.0', private: true, type: 'module' }),
  'xor.js': `import { ${TRAINING}, scan, trainingStep } from 'tautograd';
import { startThreads } from 'tautograd/node';

${XOR}${COMPILED}const threads = startThreads(2);
console.log([eager, compiledBy({}), compiledBy({ threads })].join(' '));
threads.end();
`,
  'right.js': adapter('right', 'target.data.length'),
  'wrong.js': adapter('wrong', 'target.shape[0]'),
  'right.test.js': registered('right.js'),
  'wrong.test.js': registered('wrong.js'),
  'types.ts': TYPES,
  'vitest.ts': `import { registerLaws } from 'tautograd/vitest';
import { port } from './types.js';

registerLaws(port, { laws: 'loss/*', seed: 1 });
`,
  'nodenext.json': tsconfig('nodenext', 'types.ts', []),
  'bundler.json': tsconfig('bundler', 'types.ts', []),
  'vitest.json': tsconfig('nodenext', 'vitest.ts', ['node']),
  'page.js': page,
  'training.js': `export { ${TRAINING} } from 'tautograd';\n`,
  'small.js': `export { grad, Tensor } from 'tautograd';\n`,
  'whole.js': `export * from 'tautograd';\n`,
};
