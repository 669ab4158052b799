// What runs in a worker thread of a sweep: one run after another, each as a record.
import { parentPort } from 'node:worker_threads';
import { idOf, type RunConfig } from './config.ts';
import type { Told } from './pool.ts';
import { runConfig } from './run.ts';

const told = async (run: RunConfig): Promise<Told> => {
  try {
    return { made: await runConfig(run) };
  } catch (defect) {
    return { defect };
  }
};

let last: Promise<unknown> = Promise.resolve();
parentPort?.on('message', (run: RunConfig) => {
  // runs wait for each other, so that none is timed beside another
  last = last.then(async () => parentPort?.postMessage({ id: idOf(run), ...(await told(run)) }));
});
