// The rows of this room: what is golden beside what the law book knows beforehand.
import type { Row } from './row.ts';
import { elementRows } from './rows-elements.ts';
import { largeRows } from './rows-large.ts';
import { machineRows } from './rows-machines.ts';
import { modelRows } from './rows-models.ts';
import { optimRows } from './rows-optim.ts';
import { trainingRows } from './rows-training.ts';

export const ROWS: readonly Row[] = [
  ...elementRows,
  ...optimRows,
  ...modelRows,
  ...trainingRows,
  ...machineRows,
  ...largeRows,
];
