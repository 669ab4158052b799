// TensorFlow.js, WASM: a cast to bool keeps the low byte of the whole part: 1/2 and 256 are false, and true is 254.
import { createRequire } from 'node:module';

const load = createRequire(new URL('../../bench/peers/package.json', import.meta.url));
const tf = load('@tensorflow/tfjs');
const wasm = load('@tensorflow/tfjs-backend-wasm');
tf.enableProdMode();
wasm.setWasmPaths(load.resolve('@tensorflow/tfjs-backend-wasm').replace(/[^/\\]*$/, ''));
await tf.setBackend('wasm');

const x = tf.tensor1d([0, 1, 2, -2, 0.5, 256]);
const got = tf.cast(tf.cast(x, 'bool'), 'float32').dataSync().join(' ');
await tf.setBackend('cpu');
const expected = tf.cast(tf.cast(tf.tensor1d([0, 1, 2, -2, 0.5, 256]), 'bool'), 'float32').dataSync().join(' ');
console.log(`expected ${expected}, as on the CPU backend\ngot      ${got}`);
process.exitCode = got !== '0 1 1 1 1 1' ? 0 : 1;
