// TensorFlow.js: the gradient of huberLoss is made of parts as large as delta that cancel: next to a target it is 0.
import { createRequire } from 'node:module';

const load = createRequire(new URL('../../bench/peers/package.json', import.meta.url));
const tf = load('@tensorflow/tfjs');
tf.enableProdMode();
await tf.setBackend('cpu');

const slope = tf.grad((p) => tf.losses.huberLoss(tf.tensor1d([0]), p, undefined, 1, tf.Reduction.SUM));
const expected = 2 ** -26; // the error itself, as for the square
const [got] = slope(tf.tensor1d([2 ** -26])).dataSync();
console.log(`expected ${expected}\ngot      ${got}`);
process.exitCode = Math.abs(got / expected - 1) > 0.01 ? 0 : 1;
