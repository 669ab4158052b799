// jax-js: the slope of silu is NaN from -89 down.
import { createRequire } from 'node:module';

const load = createRequire(new URL('../../bench/peers/package.json', import.meta.url));
const jax = load('@jax-js/jax');
await jax.init('wasm');
jax.defaultDevice('wasm');
const { nn, numpy: np } = jax;

const slopes = jax.grad((x) => nn.silu(x).sum());
const expected = -99 * Math.exp(-100);
const [got] = slopes(np.array([-100, 1, 2])).js();
process.exitCode = Math.abs(got - expected) <= 1e-6 ? 1 : 0;
console.log(`expected ${expected}\ngot      ${got}`);
