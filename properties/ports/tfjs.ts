// TensorFlow.js on its CPU backend, plain JavaScript.
import { tfjsOn } from './tfjs/port.ts';

export default await tfjsOn('cpu');
