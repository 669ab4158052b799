// jax-js: standardize takes the variance for E[x²] − E[x]², which cancels: it can be negative, and NaN comes back for numbers near 10,000.
import { createRequire } from 'node:module';

const load = createRequire(new URL('../../bench/peers/package.json', import.meta.url));
const jax = load('@jax-js/jax');
await jax.init('wasm');
jax.defaultDevice('wasm');
const { nn, numpy: np } = jax;

const expected = 'about -1.22 0 1.22';
const values = nn.standardize(np.array([10000.1, 10000.2, 10000.3])).js();
const got = values.join(' ');
process.exitCode = Math.abs(values[0] + 1.22) < 0.1 && Math.abs(values[2] - 1.22) < 0.1 ? 1 : 0;
console.log(`expected ${expected}\ngot      ${got}`);
