// TensorFlow.js, WASM: log1p is log(1 + x), and so the cross-entropy of a confident, right logit is 0.
import { createRequire } from 'node:module';

const load = createRequire(new URL('../../bench/peers/package.json', import.meta.url));
const tf = load('@tensorflow/tfjs');
const wasm = load('@tensorflow/tfjs-backend-wasm');
tf.enableProdMode();
wasm.setWasmPaths(load.resolve('@tensorflow/tfjs-backend-wasm').replace(/[^/\\]*$/, ''));
await tf.setBackend('wasm');

const expected = Math.log1p(2 ** -25); // 2.98e-8
const [got] = tf.log1p(tf.scalar(2 ** -25)).dataSync();
console.log(`expected ${expected}\ngot      ${got}`);
process.exitCode = Math.abs(got / expected - 1) > 0.01 ? 0 : 1;
