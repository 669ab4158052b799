// jax-js: the gradient of a gradient throws where one argument is broadcast and another is not used.
import { createRequire } from 'node:module';

const load = createRequire(new URL('../../bench/peers/package.json', import.meta.url));
const jax = load('@jax-js/jax');
await jax.init('wasm');
jax.defaultDevice('wasm');
const { numpy: np } = jax;

const f = (unused, x, b) => {
  unused.dispose();
  return np.sum(np.multiply(x, b));
};
const inputs = () => [np.array([5]), np.array([[1, 2], [3, 4]]), np.array([1, 2])];
/** H·u for u = inputs, by two reverse passes: 0, b in every row, and the sums of x over its rows. */
const product = () => jax.vjp(jax.grad(f, { argnums: [0, 1, 2] }), inputs())[1](inputs());
const expected = '[[0],[[1,2],[1,2]],[4,6]]';
let got;
try {
  got = JSON.stringify(product().map((a) => a.js()));
} catch (error) {
  got = error.message;
}
console.log(`expected ${expected}\ngot      ${got}`);
process.exitCode = got === expected ? 1 : 0;
