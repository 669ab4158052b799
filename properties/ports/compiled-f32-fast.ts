// The compiled engine in single precision, fast.
import { compiledPort } from './compiled.ts';

export default compiledPort({ dtype: 'f32', mode: 'fast' });
