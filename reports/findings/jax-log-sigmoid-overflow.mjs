// jax-js: logSigmoid(-100) is -∞, and its slope NaN.
import { createRequire } from 'node:module';

const load = createRequire(new URL('../../bench/peers/package.json', import.meta.url));
const jax = load('@jax-js/jax');
await jax.init('wasm');
jax.defaultDevice('wasm');
const { nn, numpy: np } = jax;

const x = np.array([-100, 1, 2]);
const [value] = nn.logSigmoid(x.ref).js();
const [slope] = jax.grad((t) => nn.logSigmoid(t).sum())(x).js();
const expected = '-100 and slope 1';
const got = `${value} and slope ${slope}`;
process.exitCode = got === expected ? 1 : 0;
console.log(`expected ${expected}\ngot      ${got}`);
