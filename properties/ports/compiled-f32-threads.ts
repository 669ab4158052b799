// The compiled engine in single precision, reproducible, on two threads that share out everything.
import { compiledPort } from './compiled.ts';

export default compiledPort({ dtype: 'f32', mode: 'reproducible', threads: 2 });
