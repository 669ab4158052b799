// jax-js on its default device, WebAssembly, in double precision.
import { jaxOn } from './jax/port.ts';

export default await jaxOn('wasm', 'f64');
