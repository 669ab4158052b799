// brain.js: leaky-relu is max(x, alpha·x), which is wrong for every x if alpha is above 1.
import { createRequire } from 'node:module';

const load = createRequire(new URL('../../bench/peers/package.json', import.meta.url));
const brain = load('brain.js');

const network = new brain.NeuralNetwork().fromJSON({
  sizes: [1, 1],
  layers: [{ 0: {} }, { 0: { bias: 0, weights: { 0: 1 } } }],
  activation: 'leaky-relu',
  leakyReluAlpha: 1.5,
});
const expected = 0.125; // a positive number is left as it is
const [got] = network.run([0.125]);
console.log(`expected ${expected}\ngot      ${got}`);
process.exitCode = Math.abs(got - expected) > 1e-6 ? 0 : 1;
