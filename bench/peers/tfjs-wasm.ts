// TensorFlow.js with its WASM backend, as an engine of the benchmark.
import { tfjsPeer } from './tfjs.ts';

export default await tfjsPeer('wasm');
