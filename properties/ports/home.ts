// The built-in engine as a port: every contract entry, straight from the tables.
import { OP_NAMES, OPTIMIZERS } from '../../src/index.ts';
import { snake } from '../contract.ts';
import { type Adapter, definePort } from '../port.ts';
import { classicCalls } from './home/classic.ts';
import { drawCalls } from './home/draws.ts';
import { elementCalls } from './home/elements.ts';
import { layerCalls } from './home/layers.ts';
import { modelCalls } from './home/models.ts';
import { optimCalls } from './home/optim.ts';
import { sessionCalls } from './home/sessions.ts';

export const homeAdapter: Adapter = {
  engine: 'tautograd',
  version: '0.1.0',
  dtype: 'f64',
  hyper: Object.fromEntries(Object.entries(OPTIMIZERS).map(([name, row]) => [snake(name), Object.keys(row.hyper)])),
  ops: OP_NAMES,
  entries: {
    ...elementCalls,
    ...layerCalls,
    ...drawCalls,
    ...optimCalls,
    ...modelCalls,
    ...classicCalls,
    ...sessionCalls,
  },
};

export default definePort(homeAdapter);
