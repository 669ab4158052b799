// TensorFlow.js: a dropout layer of rate 1 drops nothing.
import { createRequire } from 'node:module';

const load = createRequire(new URL('../../bench/peers/package.json', import.meta.url));
const tf = load('@tensorflow/tfjs');
tf.enableProdMode();
await tf.setBackend('cpu');

const got = tf.layers.dropout({ rate: 1 }).apply(tf.ones([1, 5]), { training: true }).dataSync().join(' ');
console.log(`expected 0 0 0 0 0, or an error\ngot      ${got}`);
process.exitCode = got === '1 1 1 1 1' ? 0 : 1;
