// TensorFlow.js: a dropout layer with a seed drops the same units in every step.
import { createRequire } from 'node:module';

const load = createRequire(new URL('../../bench/peers/package.json', import.meta.url));
const tf = load('@tensorflow/tfjs');
tf.enableProdMode();
await tf.setBackend('cpu');

const layer = tf.layers.dropout({ rate: 0.5, seed: 3 });
const step = () => layer.apply(tf.ones([1, 40]), { training: true }).dataSync().join('');
const [first, second, third] = [step(), step(), step()];
console.log(`expected masks that differ (all three alike by chance: 2⁻⁸⁰)\ngot      ${first}\n         ${second}\n         ${third}`);
process.exitCode = first === second && second === third ? 0 : 1;
