// TensorFlow.js: a truncated normal of deviation NaN never comes back.
import { createRequire } from 'node:module';

const load = createRequire(new URL('../../bench/peers/package.json', import.meta.url));

import { spawnSync } from 'node:child_process';

const path = JSON.stringify(load.resolve('@tensorflow/tfjs'));
const call = `const tf = require(${path}); console.log('started'); tf.truncatedNormal([1], 0, NaN, 'float32', 1);`;
const { error, stdout } = spawnSync(process.execPath, ['-e', call], { timeout: 20_000, encoding: 'utf8' });
if (!stdout.includes('started')) throw new Error('the engine was not loaded within 20 s');
const late = error?.code === 'ETIMEDOUT';
console.log('expected an error, or NaN\n' + `got      ${late ? 'nothing within 20 s' : 'an answer'}`);
process.exitCode = late ? 0 : 1;
