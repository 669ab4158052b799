// jax-js on its device for debugging, plain JavaScript, in double precision.
import { jaxOn } from './jax/port.ts';

export default await jaxOn('cpu', 'f64');
