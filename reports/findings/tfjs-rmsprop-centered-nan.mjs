// TensorFlow.js: centered RMSProp takes epsilon away from the variance instead of adding it: one zero gradient makes the weight NaN.
import { createRequire } from 'node:module';

const load = createRequire(new URL('../../bench/peers/package.json', import.meta.url));
const tf = load('@tensorflow/tfjs');
tf.enableProdMode();
await tf.setBackend('cpu');

// the step for a gradient of 0 is 0/√(0 − 0 + ε) = 0
const expected = 1;
const w = tf.variable(tf.scalar(1));
tf.train.rmsprop(0.01, 0.9, 0, 1e-7, true).applyGradients([{ name: w.name, tensor: tf.scalar(0) }]);
const [got] = w.dataSync();
console.log(`expected ${expected}\ngot      ${got}`);
process.exitCode = got !== expected ? 0 : 1;
