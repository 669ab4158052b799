// The engines of the comparison: a row per configuration, and what says that it is installed.

import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { Contender } from '../duel.ts';
import { REFERENCE } from '../reference.ts';
import { adapterCommand } from '../remote.ts';

const here = (file: string): string => fileURLToPath(new URL(file, import.meta.url));

export interface Entry extends Contender {
  /** What one does to have it, said where it is missing. */
  readonly install: string;
  readonly installed: () => boolean;
}

const PEERS = 'npm run peers';

/** An adapter of this folder; `needs` is the package that `npm run peers` has put here. */
const module = (name: string, file: string, needs?: string): Entry => ({
  name,
  language: 'JavaScript',
  command: adapterCommand(here(file)),
  ours: false,
  install: PEERS,
  installed: () => needs === undefined || existsSync(here(`node_modules/${needs}/package.json`)),
});

/** Debian's, for which its packages are built; then whatever is called so. */
const PYTHONS = ['/usr/bin/python3', 'python3'] as const;
const found = (needs: string): string | undefined =>
  PYTHONS.find((python) => spawnSync(python, ['-c', `import ${needs}`], { stdio: 'ignore' }).status === 0);

const python = (name: string, file: string, needs: string, threads: number): Entry => {
  const own = found(needs);
  const n = String(threads);
  return {
    name: `${name}, ${threads === 1 ? 'one thread' : `${threads} threads`}`,
    language: 'Python',
    command: [own ?? PYTHONS[0], here(file), n],
    env: { OMP_NUM_THREADS: n, OPENBLAS_NUM_THREADS: n, MKL_NUM_THREADS: n },
    ours: false,
    install: `apt-get install -y --no-install-recommends python3-${needs}`,
    installed: () => own !== undefined,
  };
};

/** In the order of reports. Another engine, or another configuration of one, is a row. */
export const contenders = (): readonly Entry[] => [
  { ...REFERENCE, install: PEERS, installed: () => true },
  { ...module('tautograd, fast', 'compiled.ts'), ours: true },
  { ...module('tautograd, fast, 2 threads', 'compiled-2-threads.ts'), ours: true },
  { ...module('tautograd, reproducible', 'compiled-reproducible.ts'), ours: true },
  { ...module('tautograd, fast f64', 'compiled-f64.ts'), ours: true },
  module('TensorFlow.js, CPU', 'tfjs-cpu.ts', '@tensorflow/tfjs'),
  module('TensorFlow.js, WASM', 'tfjs-wasm.ts', '@tensorflow/tfjs-backend-wasm'),
  module('jax-js, WASM', 'jax.ts', '@jax-js/jax'),
  module('ml-matrix', 'ml-matrix.ts', 'ml-matrix'),
  module('mathjs', 'mathjs.ts'),
  module('brain.js', 'brain.ts', 'brain.js'),
  module('plain TypeScript', 'plain.ts'),
  ...[1, 2].map((threads) => python('NumPy', 'numpy_peer.py', 'numpy', threads)),
  ...[1, 2].map((threads) => python('PyTorch', 'torch_peer.py', 'torch', threads)),
];
