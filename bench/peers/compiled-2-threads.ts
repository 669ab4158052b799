// The engine compiled in single precision, fast, on two threads.
import { startThreads } from '../../src/node.ts';
import { compiledPeer } from './compiled.ts';

export default compiledPeer('tautograd, fast, 2 threads', { dtype: 'f32', mode: 'fast', threads: startThreads(2) });
