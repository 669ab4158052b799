// The built-in engine as a port: every contract entry, straight from the tables.
import { LAYERS, OP_NAMES, OPTIMIZERS } from '../../src/index.ts';
import { snake } from '../contract.ts';
import { type Adapter, definePort } from '../port.ts';
import { classicCalls } from './home/classic.ts';
import { diagnoseCalls } from './home/diagnose.ts';
import { drawCalls } from './home/draws.ts';
import { elementCalls } from './home/elements.ts';
import { layerCalls } from './home/layers.ts';
import { modelCalls } from './home/models.ts';
import { optimCalls } from './home/optim.ts';
import { regularCalls } from './home/regular.ts';
import { sessionCalls } from './home/sessions.ts';
import { eager } from './home/shared.ts';
import { trainingCalls } from './home/training.ts';

export const homeAdapter: Adapter = {
  engine: 'tautograd',
  version: '0.1.0',
  dtype: 'f64',
  hyper: {
    ...Object.fromEntries(Object.entries(OPTIMIZERS).map(([name, row]) => [snake(name), Object.keys(row.hyper)])),
    batch_norm: ['runningVariance'],
  },
  ops: OP_NAMES,
  parts: [...Object.keys(LAYERS), 'regulariser'],
  entries: {
    ...elementCalls(eager),
    ...layerCalls(eager),
    ...drawCalls,
    ...optimCalls(eager),
    ...modelCalls(eager),
    ...classicCalls,
    ...diagnoseCalls,
    ...trainingCalls,
    ...regularCalls(eager),
    layer: { ...layerCalls(eager).layer, ...regularCalls(eager).layer },
    ...sessionCalls,
  },
};

export default definePort(homeAdapter);
