// TensorFlow.js as a port, whatever its backend: its public API, with no arithmetic of ours in between.
import { definePort, type Port } from '../../port.ts';
import { tf } from './api.ts';
import { drawCalls } from './draws.ts';
import { elementCalls } from './elements.ts';
import { layerCalls } from './layers.ts';
import { modelCalls, OP_NAMES } from './models.ts';
import { HYPER, optimizerCalls } from './optim.ts';

/** The port on a backend, which must be registered. @throws Error when it cannot be had */
export const tfjsOn = async (backend: string): Promise<Port> => {
  if (!(await tf.setBackend(backend))) throw new Error(`@tensorflow/tfjs: there is no backend ${backend}`);
  return definePort({
    engine: `@tensorflow/tfjs (${backend})`,
    version: tf.version_core,
    dtype: 'f32',
    conventions: {
      bce: 'added', // logLoss: "a small increment to avoid taking log of zero", 1e-7 unless given
      bceClip: 1e-7,
      bnMomentum: 'ofOld', // tf.layers.batchNormalization: "momentum of the moving average"
      bnRunningVariance: 'biased',
      l2: 'full', // tf.regularizers.l2: "loss += sum(l2 * x^2)"
      optimizerDefaults: 'own',
      outOfDomain: 'computed', // nothing is said of ranges
    },
    ops: OP_NAMES,
    parts: ['batchNorm', 'layerNorm', 'residual', 'regulariser'],
    hyper: HYPER,
    entries: { ...elementCalls, ...layerCalls, ...drawCalls, ...optimizerCalls, ...modelCalls },
  });
};
