// jax-js: an array of no numbers can be made from a list, and not from a Float32Array.
import { createRequire } from 'node:module';

const load = createRequire(new URL('../../bench/peers/package.json', import.meta.url));
const jax = load('@jax-js/jax');
await jax.init('wasm');
jax.defaultDevice('wasm');
const { numpy: np } = jax;

const shapeOf = (values) => {
  try {
    return `[${np.array(values).shape}]`;
  } catch (error) {
    return String(error);
  }
};
const expected = shapeOf([]);
const got = shapeOf(new Float32Array(0));
process.exitCode = got === expected ? 1 : 0;
console.log(`expected shape ${expected}, as of an empty list\ngot      ${got}`);
