// jax-js, WASM: log is off by more than 30 ulps.
import { createRequire } from 'node:module';

const load = createRequire(new URL('../../bench/peers/package.json', import.meta.url));
const jax = load('@jax-js/jax');
await jax.init('wasm');
jax.defaultDevice('wasm');
const { numpy: np } = jax;

const expected = Math.log1p(Math.E);
const [got] = np.log(np.array([1 + Math.E, 1, 2])).js();
process.exitCode = Math.abs(got / expected - 1) <= 1e-6 ? 1 : 0;
console.log(`expected ${expected}\ngot      ${got}`);
