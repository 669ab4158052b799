// TensorFlow.js: uniform numbers in [0, 1) reach 1: doubles just below it are rounded to the float32 above them.
import { createRequire } from 'node:module';

const load = createRequire(new URL('../../bench/peers/package.json', import.meta.url));
const tf = load('@tensorflow/tfjs');
tf.enableProdMode();
await tf.setBackend('cpu');

const [seed, place] = [81, 356011]; // the first within half a million numbers among the seeds from 1 on
const u = tf.randomUniform([place + 1], 0, 1, 'float32', seed).dataSync();
console.log('expected numbers below maxval, 1: "the upper bound maxval is excluded"');
console.log(`got      ${u[place]} at place ${place} of seed ${seed}`);
process.exitCode = u[place] === 1 ? 0 : 1;
