// jax-js, WASM: exp is infinite from 88.4 up, while the largest float32 is e^88.7.
import { createRequire } from 'node:module';

const load = createRequire(new URL('../../bench/peers/package.json', import.meta.url));
const jax = load('@jax-js/jax');
await jax.init('wasm');
jax.defaultDevice('wasm');
const { numpy: np } = jax;

const expected = Math.exp(88.5);
const [got] = np.exp(np.array([88.5, 1, 2])).js();
process.exitCode = Math.abs(got / expected - 1) <= 1e-5 ? 1 : 0;
console.log(`expected ${expected}\ngot      ${got}`);
