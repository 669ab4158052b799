// The compiled engine in single precision, reproducible.
import { compiledPort } from './compiled.ts';

export default compiledPort({ dtype: 'f32', mode: 'reproducible' });
