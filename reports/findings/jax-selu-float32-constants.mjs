// jax-js: selu of float64 numbers is scaled by a constant that was rounded to float32.
import { createRequire } from 'node:module';

const load = createRequire(new URL('../../bench/peers/package.json', import.meta.url));
const jax = load('@jax-js/jax');
await jax.init('cpu');
jax.defaultDevice('cpu');
const { nn, numpy: np } = jax;

const expected = 1.0507009873554805; // lambda, as its own source has it: selu(1) is lambda
const [got] = nn.selu(np.array(new Float64Array([1]), { dtype: np.float64 })).js();
process.exitCode = Math.abs(got / expected - 1) <= 1e-15 ? 1 : 0;
console.log(`expected ${expected}\ngot      ${got}, which is ${Math.fround(expected)}`);
