// jax-js, CPU: erf(0) is 1e-9.
import { createRequire } from 'node:module';

const load = createRequire(new URL('../../bench/peers/package.json', import.meta.url));
const jax = load('@jax-js/jax');
await jax.init('cpu');
jax.defaultDevice('cpu');
const { lax, numpy: np } = jax;

const expected = 0;
const [got] = lax.erf(np.array([0, 1, 2])).js();
process.exitCode = got === expected ? 1 : 0;
console.log(`expected ${expected}\ngot      ${got}`);
