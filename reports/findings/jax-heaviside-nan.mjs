// jax-js: heaviside(NaN) is 1.
import { createRequire } from 'node:module';

const load = createRequire(new URL('../../bench/peers/package.json', import.meta.url));
const jax = load('@jax-js/jax');
await jax.init('wasm');
jax.defaultDevice('wasm');
const { numpy: np } = jax;

const expected = Number.NaN;
const [got] = np.heaviside(np.array([Number.NaN, 1, 2]), 0).js();
process.exitCode = Number.isNaN(got) ? 1 : 0;
console.log(`expected ${expected}\ngot      ${got}`);
