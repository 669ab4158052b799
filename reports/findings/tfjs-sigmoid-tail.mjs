// TensorFlow.js: the slope of sigmoid is y·(1 − y) of the rounded y: 44 % off at 17, and 0 at 20.
import { createRequire } from 'node:module';

const load = createRequire(new URL('../../bench/peers/package.json', import.meta.url));
const tf = load('@tensorflow/tfjs');
tf.enableProdMode();
await tf.setBackend('cpu');

const slope = (x) => tf.grad((t) => tf.sigmoid(t))(tf.scalar(x)).dataSync()[0];
const expected = slope(-20); // the slope is even
const got = slope(20);
console.log(`expected ${expected}\ngot      ${got}`);
process.exitCode = Math.abs(got / expected - 1) > 0.01 ? 0 : 1;
