// TensorFlow.js: zeros given to random initializers become their defaults: uniform between 0 and 1 gives negative weights, deviation 0 gives noise.
import { createRequire } from 'node:module';

const load = createRequire(new URL('../../bench/peers/package.json', import.meta.url));
const tf = load('@tensorflow/tfjs');
tf.enableProdMode();
await tf.setBackend('cpu');

const uniform = tf.initializers.randomUniform({ minval: 0, maxval: 1, seed: 1 }).apply([1000], 'float32').dataSync();
const normal = tf.initializers.randomNormal({ mean: 1, stddev: 0, seed: 1 }).apply([3], 'float32').dataSync();
const truncated = tf.initializers.truncatedNormal({ mean: 1, stddev: 0, seed: 1 }).apply([3], 'float32').dataSync();
console.log(`expected no weight below 0, and all weights of deviation 0 to be 1`);
console.log(`got      ${Math.min(...uniform)}, ${normal.join(' ')}, ${truncated.join(' ')}`);
process.exitCode = Math.min(...uniform) < 0 && normal.some((v) => v !== 1) && truncated.some((v) => v !== 1) ? 0 : 1;
