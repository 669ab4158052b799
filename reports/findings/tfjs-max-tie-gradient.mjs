// TensorFlow.js: the gradient of max is counted once per tie, so that moving all inputs by t is said to move their maximum by 2t.
import { createRequire } from 'node:module';

const load = createRequire(new URL('../../bench/peers/package.json', import.meta.url));
const tf = load('@tensorflow/tfjs');
tf.enableProdMode();
await tf.setBackend('cpu');

// max(x + t, y + t) = max(x, y) + t: the slopes must sum to 1 whatever the choice among ties
const expected = 1;
const got = tf.grad((x) => tf.max(x))(tf.tensor1d([1, 1, 0])).dataSync().reduce((s, v) => s + v, 0);
console.log(`expected ${expected}\ngot      ${got}`);
process.exitCode = got !== expected ? 0 : 1;
