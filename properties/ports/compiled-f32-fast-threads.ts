// The compiled engine in single precision, fast, on two threads that share out everything.
import { compiledPort } from './compiled.ts';

export default compiledPort({ dtype: 'f32', mode: 'fast', threads: 2 });
