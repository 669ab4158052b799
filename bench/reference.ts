// The engine that others are checked against: the eager one, in a process of its own.
import { fileURLToPath } from 'node:url';
import type { Contender } from './duel.ts';
import { adapterCommand } from './remote.ts';

/** TypeScript here, JavaScript where it is built. */
const ADAPTER = fileURLToPath(new URL(`./peers/tautograd${import.meta.url.slice(-3)}`, import.meta.url));

export const REFERENCE: Contender = {
  name: 'tautograd, eager',
  language: 'JavaScript',
  command: adapterCommand(ADAPTER),
  ours: true,
};
