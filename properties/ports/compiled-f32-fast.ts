// The compiled engine in single precision, fast; compiled-fast.json says which laws it breaks, and why.
import { compiledPort } from './compiled.ts';

export default compiledPort({ dtype: 'f32', mode: 'fast' });
