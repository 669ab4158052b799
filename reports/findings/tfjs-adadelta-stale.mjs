// TensorFlow.js: Adadelta divides by the mean square of before, so that its first step is 316 times too long.
import { createRequire } from 'node:module';

const load = createRequire(new URL('../../bench/peers/package.json', import.meta.url));
const tf = load('@tensorflow/tfjs');
tf.enableProdMode();
await tf.setBackend('cpu');

// Zeiler 2012, Algorithm 1: E[g²]₁ = (1 − ρ)·g², and the step is −√(0 + ε)/√(E[g²]₁ + ε)·g.
const expected = -Math.sqrt(1e-6) / Math.sqrt(0.1 + 1e-6);
const w = tf.variable(tf.scalar(0));
tf.train.adadelta(1, 0.9, 1e-6).applyGradients([{ name: w.name, tensor: tf.scalar(1) }]);
const [got] = w.dataSync();
console.log(`expected ${expected}\ngot      ${got}`);
process.exitCode = Math.abs(got - expected) > 1e-5 ? 0 : 1;
