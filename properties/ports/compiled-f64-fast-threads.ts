// The compiled engine in double precision, fast, on two threads that share out everything.
import { compiledPort } from './compiled.ts';

export default compiledPort({ dtype: 'f64', mode: 'fast', threads: 2 });
