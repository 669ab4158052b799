// TensorFlow.js, WASM: maximum(NaN, 0) is NaN and maximum(0, NaN) is 0; relu6 and clipByValue lose NaN altogether.
import { createRequire } from 'node:module';

const load = createRequire(new URL('../../bench/peers/package.json', import.meta.url));
const tf = load('@tensorflow/tfjs');
const wasm = load('@tensorflow/tfjs-backend-wasm');
tf.enableProdMode();
wasm.setWasmPaths(load.resolve('@tensorflow/tfjs-backend-wasm').replace(/[^/\\]*$/, ''));
await tf.setBackend('wasm');

const nan = tf.scalar(Number.NaN);
const values = [tf.maximum(nan, 0), tf.maximum(tf.scalar(0), nan), tf.relu6(nan), tf.clipByValue(nan, -1, 1)];
const got = values.map((t) => t.dataSync()[0]);
console.log(`expected NaN NaN NaN NaN, as on the CPU backend\ngot      ${got.join(' ')}`);
process.exitCode = got.some((v) => !Number.isNaN(v)) ? 0 : 1;
