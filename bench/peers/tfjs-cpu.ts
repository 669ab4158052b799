// TensorFlow.js with its backend in JavaScript, as an engine of the benchmark.
import { tfjsPeer } from './tfjs.ts';

export default await tfjsPeer('cpu');
