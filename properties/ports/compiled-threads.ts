// The compiled engine in double precision, reproducible, on two threads that share out everything.
import { compiledPort } from './compiled.ts';

export default compiledPort({ dtype: 'f64', mode: 'reproducible', threads: 2 });
