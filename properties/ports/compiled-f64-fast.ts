// The compiled engine in double precision, fast; compiled-fast.json says which laws it breaks, and why.
import { compiledPort } from './compiled.ts';

export default compiledPort({ dtype: 'f64', mode: 'fast' });
