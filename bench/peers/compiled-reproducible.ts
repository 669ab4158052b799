// The engine compiled so that every machine gets the same bits, in single precision.
import { compiledPeer } from './compiled.ts';

export default compiledPeer('tautograd, reproducible', { dtype: 'f32', mode: 'reproducible' });
