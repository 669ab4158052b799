// TensorFlow.js: logSumExp of infinite numbers is NaN, where the logarithm of their summed exponentials has a value.
import { createRequire } from 'node:module';

const load = createRequire(new URL('../../bench/peers/package.json', import.meta.url));
const tf = load('@tensorflow/tfjs');
tf.enableProdMode();
await tf.setBackend('cpu');

const rows = [[-Infinity, -Infinity], [Infinity, 0]];
const text = (f) => rows.map((row) => f(tf.tensor1d(row)).dataSync()[0]).join(' and ');
const expected = text((x) => tf.log(tf.sum(tf.exp(x)))); // its own operations, one by one
const got = text((x) => tf.logSumExp(x));
console.log(`expected ${expected}\ngot      ${got}`);
process.exitCode = got === expected ? 1 : 0;
