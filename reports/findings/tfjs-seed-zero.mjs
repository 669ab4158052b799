// TensorFlow.js: seed 0 is no seed for normal and truncated normal numbers: two draws differ.
import { createRequire } from 'node:module';

const load = createRequire(new URL('../../bench/peers/package.json', import.meta.url));
const tf = load('@tensorflow/tfjs');
tf.enableProdMode();
await tf.setBackend('cpu');

const twice = (draw) => [draw(), draw()].map((t) => t.dataSync()[0]);
const [a, b] = twice(() => tf.randomNormal([1], 0, 1, 'float32', 0));
const [c, d] = twice(() => tf.truncatedNormal([1], 0, 1, 'float32', 0));
const [e, f] = twice(() => tf.randomUniform([1], 0, 1, 'float32', 0));
console.log('expected the same number twice from seed 0');
console.log(`got      ${a} and ${b}, ${c} and ${d}; uniform numbers do it: ${e} and ${f}`);
process.exitCode = a !== b && c !== d && e === f ? 0 : 1;
