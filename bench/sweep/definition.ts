// The digest of what a problem is, so that runs of a changed problem are not taken for runs of the old one.
import { canonical, digestOf } from './config.ts';
import type { Problem } from './problem.ts';
import { GIVEN } from './problem.ts';
import { problemRow } from './problems/index.ts';
import { trialOf } from './trial.ts';

/** Facts that do not change what a run does. */
const WORDS = ['doc', 'source', 'tags', 'unit', 'floor', 'testFloor'];

const facts = (row: Problem): unknown => {
  const plain = Object.entries(row).filter(([name, v]) => !WORDS.includes(name) && typeof v !== 'function');
  return Object.fromEntries(plain);
};

/** Sixteen hex digits: of the row's numbers, of what seed 0 draws, of the layers, and of the losses of a short run. */
export const definitionOf = async (name: string): Promise<string> => {
  const row = problemRow(name);
  const trial = await trialOf(name, row, {}, 0, 8);
  const pass = trial.begin({ name: 'sgd' }, row.kind === 'network' ? 'heNormal' : GIVEN, 1e-3);
  const losses = [pass.loss(), pass.advance(8), pass.loss()];
  const layers = row.kind === 'network' ? row.layers('init') : [];
  return digestOf(canonical([facts(row), layers, trial.streams, losses])).slice(0, 16);
};
