// TensorFlow.js: maximum and minimum broadcast, but their gradients do not.
import { createRequire } from 'node:module';

const load = createRequire(new URL('../../bench/peers/package.json', import.meta.url));
const tf = load('@tensorflow/tfjs');
tf.enableProdMode();
await tf.setBackend('cpu');

const [a, b] = [tf.tensor([[1, 2], [3, 4]]), tf.tensor([2, 3])];
const outcome = (f) => {
  try {
    return tf.grads(f)([a, b])[1].dataSync().join(' ');
  } catch (error) {
    return error.message;
  }
};
const [most, least] = [outcome((x, y) => tf.maximum(x, y)), outcome((x, y) => tf.minimum(x, y))];
console.log(`expected 1 1 and 1 1\ngot      ${most}\n         ${least}`);
process.exitCode = most !== '1 1' && least !== '1 1' ? 0 : 1;
