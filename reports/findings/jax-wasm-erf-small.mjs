// jax-js, WASM: erf of 1e-5 is off by 1.8 %.
import { createRequire } from 'node:module';

const load = createRequire(new URL('../../bench/peers/package.json', import.meta.url));
const jax = load('@jax-js/jax');
await jax.init('wasm');
jax.defaultDevice('wasm');
const { lax, numpy: np } = jax;

const expected = (2 / Math.sqrt(Math.PI)) * 1e-5;
const [got] = lax.erf(np.array([1e-5, 1, 2])).js();
process.exitCode = Math.abs(got / expected - 1) <= 1e-3 ? 1 : 0;
console.log(`expected ${expected}\ngot      ${got}`);
