// jax-js, WASM: tanh of 1e-5 is off by 1 part in 730.
import { createRequire } from 'node:module';

const load = createRequire(new URL('../../bench/peers/package.json', import.meta.url));
const jax = load('@jax-js/jax');
await jax.init('wasm');
jax.defaultDevice('wasm');
const { numpy: np } = jax;

const expected = Math.tanh(1e-5);
const [got] = np.tanh(np.array([1e-5, 1, 2])).js();
process.exitCode = Math.abs(got / expected - 1) <= 1e-5 ? 1 : 0;
console.log(`expected ${expected}\ngot      ${got}`);
