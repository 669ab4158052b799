// The compiled engine in double precision, fast.
import { compiledPort } from './compiled.ts';

export default compiledPort({ dtype: 'f64', mode: 'fast' });
