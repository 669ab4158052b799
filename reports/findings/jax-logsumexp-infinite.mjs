// jax-js: logsumexp of infinite numbers is NaN.
import { createRequire } from 'node:module';

const load = createRequire(new URL('../../bench/peers/package.json', import.meta.url));
const jax = load('@jax-js/jax');
await jax.init('wasm');
jax.defaultDevice('wasm');
const { nn, numpy: np } = jax;

const expected = '-Infinity (the logarithm of 0) and Infinity';
const [none, all] = [[-Infinity, -Infinity], [Infinity, 0]].map((x) => nn.logsumexp(np.array(x)).js());
const got = `${none} and ${all}`;
process.exitCode = none === -Infinity && all === Infinity ? 1 : 0;
console.log(`expected ${expected}\ngot      ${got}`);
