// jax-js as a port, whatever its device and format: its public API, with no arithmetic of ours in between.
import { type Dtype, definePort, type Port } from '../../port.ts';
import { versionOf } from '../peer.ts';
import { jax, wireOf } from './api.ts';
import { elementCalls } from './elements.ts';
import { drawCalls, layerCalls } from './layers.ts';
import { modelCalls, OP_NAMES } from './models.ts';

/** The port on a device in a format. @throws Error when the device cannot be had */
export const jaxOn = async (device: string, dtype: Dtype): Promise<Port> => {
  const had = await jax.init(device);
  if (!had.includes(device)) throw new Error(`@jax-js/jax: there is no device ${device}, only ${had.join(', ')}`);
  jax.defaultDevice(device);
  const wire = wireOf(dtype);
  return definePort({
    engine: `@jax-js/jax (${device}, ${dtype})`,
    version: versionOf('@jax-js/jax'),
    dtype,
    conventions: { reluSlopeAtZero: 1, outOfDomain: 'computed' }, // relu is maximum(x, 0), whose ties go to x; nothing is said of ranges
    ops: OP_NAMES,
    parts: ['layerNorm', 'residual'],
    entries: { ...elementCalls(wire), ...layerCalls(wire), ...drawCalls(wire), ...modelCalls(wire) },
  });
};
