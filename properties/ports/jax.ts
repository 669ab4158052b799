// jax-js on its default device, WebAssembly, in its default format.
import { jaxOn } from './jax/port.ts';

export default await jaxOn('wasm', 'f32');
