// brain.js: leaky-relu is 0 for negative numbers and alpha·x for positive ones, where it should be alpha·x and x.
import { createRequire } from 'node:module';

const load = createRequire(new URL('../../bench/peers/package.json', import.meta.url));
const brain = load('brain.js');

const network = new brain.NeuralNetwork().fromJSON({
  sizes: [1, 1],
  layers: [{ 0: {} }, { 0: { bias: 0, weights: { 0: 1 } } }],
  activation: 'leaky-relu', // leakyReluAlpha is 0.01 unless named
});
const [negative, positive] = [network.run([-1])[0], network.run([1])[0]];
console.log(`expected -0.01 and 1\ngot      ${negative} and ${positive}`);
process.exitCode = Math.abs(negative + 0.01) < 1e-6 && Math.abs(positive - 1) < 1e-6 ? 1 : 0;
