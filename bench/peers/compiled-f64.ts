// The engine compiled for one machine in double precision, beside engines that have doubles only.
import { compiledPeer } from './compiled.ts';

export default compiledPeer('tautograd, fast f64', { dtype: 'f64', mode: 'fast' });
