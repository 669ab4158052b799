// Threads of Node: its workers, as the compiler starts them.
import { Worker } from 'node:worker_threads';
import { type Helper, type Spawn, startThreads as start, type Threads } from './compile/threads.ts';

/** What a script of the web needs of a worker of Node. */
const PRELUDE = `const { parentPort } = require('node:worker_threads');
parentPort.on('message', (data) => onmessage({ data }));
`;

const nodeWorker: Spawn = (script, failed): Helper => {
  const worker = new Worker(PRELUDE + script, { eval: true });
  worker.unref(); // what is left to do does not depend on it
  worker.on('error', (error) => failed(error instanceof Error ? error.message : String(error)));
  return { post: (message) => worker.postMessage(message), end: () => void worker.terminate() };
};

/**
 * {@link start}, with workers of Node. A process ends when it has nothing else to do, whether they are ended or not.
 * @throws DomainError for a number of threads that is not whole, below 1 or above 64
 */
export const startThreads = (count = 2): Threads => start(count, nodeWorker);
