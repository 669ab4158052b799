// TensorFlow.js on its WebAssembly backend.
import { dirname } from 'node:path';
import { pathOf, peer } from './peer.ts';
import { tfjsOn } from './tfjs/port.ts';

const BACKEND = '@tensorflow/tfjs-backend-wasm';
const { setWasmPaths } = peer<{ setWasmPaths(directory: string): void }>(BACKEND); // registers itself
setWasmPaths(`${dirname(pathOf(BACKEND))}/`);

export default await tfjsOn('wasm');
