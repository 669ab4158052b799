// TensorFlow.js: heNormal, glorotNormal and leCunNormal have 0.88 of the deviation that they say, for want of the correction of the cut.
import { createRequire } from 'node:module';

const load = createRequire(new URL('../../bench/peers/package.json', import.meta.url));
const tf = load('@tensorflow/tfjs');
tf.enableProdMode();
await tf.setBackend('cpu');

const w = tf.initializers.heNormal({ seed: 5 }).apply([200, 2000], 'float32').dataSync();
const expected = Math.sqrt(2 / 200); // “stddev = sqrt(2 / fanIn)”
const mean = w.reduce((s, v) => s + v, 0) / w.length;
const got = Math.sqrt(w.reduce((s, v) => s + (v - mean) ** 2, 0) / w.length);
console.log(`expected ${expected}\ngot      ${got}`);
process.exitCode = Math.abs(got / expected - 1) > 0.05 ? 0 : 1;
