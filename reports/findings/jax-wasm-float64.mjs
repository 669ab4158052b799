// jax-js, WASM: exp of float64 numbers is right to 9 digits of 16, as that of float32 ones.
import { createRequire } from 'node:module';

const load = createRequire(new URL('../../bench/peers/package.json', import.meta.url));
const jax = load('@jax-js/jax');
await jax.init('wasm');
jax.defaultDevice('wasm');
const { numpy: np } = jax;

const expected = Math.E;
const [got] = np.exp(np.array(new Float64Array([1, 2, 3]), { dtype: np.float64 })).js();
process.exitCode = Math.abs(got / expected - 1) <= 1e-12 ? 1 : 0;
console.log(`expected ${expected}\ngot      ${got}`);
