// The published engines that the laws are asked of: a row per configuration, and how one is verified.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import type { Verified } from '../properties/report.ts';
import { fromJson } from '../src/index.ts';

export interface Engine {
  /** What the configuration is called in reports. */
  readonly name: string;
  /** An adapter, or the command of a program. */
  readonly port: string | readonly string[];
  /** What one does to have it, said where it is missing. */
  readonly install: string;
  /** A command that succeeds where it is installed. */
  readonly probe: readonly string[];
  /** Laws that this version breaks, each read by a person; more may be falsified, none of these may pass unnoticed. */
  readonly breaks: readonly string[];
  /** Laws on which a call of this version throws or never comes back; nothing else may crash. */
  readonly crashes: readonly string[];
}

const PEERS = 'npm run peers';
/** Whether npm has put a package into bench/peers. */
const installed = (name: string): readonly string[] => [
  process.execPath,
  '-e',
  `process.exit(require('node:fs').existsSync('bench/peers/node_modules/${name}/package.json') ? 0 : 1)`,
];

/** In the order of columns. Another engine, or another configuration of one, is a row. */
export const ENGINES: readonly Engine[] = [
  {
    name: 'TensorFlow.js, CPU',
    port: 'properties/ports/tfjs.ts',
    install: PEERS,
    probe: installed('@tensorflow/tfjs'),
    breaks: [
      'activation/derivative-even',
      'rng/seed',
      'rng/uniform-range',
      'dropout/sampled-ends',
      'optimizer/adadelta-units',
      'optimizer/centered-stays-real',
      'initializer/gain',
      'loss/gradient',
      'op/infinite-row',
    ],
    crashes: ['op/stretched', 'purity/out-of-domain', 'purity/arguments-unchanged', 'purity/deterministic'],
  },
  {
    name: 'TensorFlow.js, WASM',
    port: 'properties/ports/tfjs-wasm.ts',
    install: PEERS,
    probe: installed('@tensorflow/tfjs-backend-wasm'),
    breaks: ['op/seam', 'op/nan', 'op/infinite-row', 'loss/logit-form'],
    crashes: ['op/stretched', 'purity/out-of-domain', 'purity/arguments-unchanged', 'purity/deterministic'],
  },
  {
    name: 'jax-js, WASM, float32',
    port: 'properties/ports/jax.ts',
    install: PEERS,
    probe: installed('@jax-js/jax'),
    breaks: [
      'activation/derivative-peak',
      'activation/softplus-slope',
      'gradient/zero-cotangent',
      'norm/far-offset',
      'op/infinite-row',
      'op/nan',
      'purity/out-of-domain',
    ],
    crashes: ['gradient/modes-agree'],
  },
  {
    name: 'jax-js, WASM, float64',
    port: 'properties/ports/jax-wasm-f64.ts',
    install: PEERS,
    probe: installed('@jax-js/jax'),
    breaks: ['activation/nan', 'activation/sigmoid-tail', 'op/infinite-row'],
    crashes: ['gradient/modes-agree'],
  },
  {
    name: 'jax-js, CPU, float64',
    port: 'properties/ports/jax-cpu-f64.ts',
    install: PEERS,
    probe: installed('@jax-js/jax'),
    breaks: ['activation/nan', 'activation/kink', 'op/infinite-row'],
    crashes: ['gradient/modes-agree'],
  },
  {
    name: 'brain.js',
    port: 'properties/ports/brain.ts',
    install: PEERS,
    probe: installed('brain.js'),
    breaks: ['activation/value', 'activation/leaky-family', 'activation/derivative'],
    crashes: [],
  },
  {
    name: 'PyTorch, float64',
    port: ['/usr/bin/python3', 'properties/ports/torch/port.py'],
    install: 'apt-get install -y --no-install-recommends python3-torch',
    probe: ['/usr/bin/python3', '-c', 'import torch'],
    breaks: ['activation/smooth-at-zero', 'loss/logit-form', 'rng/seed-bits', 'optimizer/refuses'],
    crashes: [
      'purity/zero-honoured',
      'loss/total',
      'op/nan',
      'gradient/hessian-product',
      'initializer/gain',
      'optimizer/special-cases',
    ],
  },
  {
    name: 'PyTorch, float32',
    port: ['/usr/bin/python3', 'properties/ports/torch/port.py', 'f32'],
    install: 'apt-get install -y --no-install-recommends python3-torch',
    probe: ['/usr/bin/python3', '-c', 'import torch'],
    breaks: [
      'activation/smooth-at-zero',
      'loss/gradient',
      'loss/logit-form',
      'optimizer/centered-stays-real',
      'optimizer/refuses',
      'rng/seed-bits',
    ],
    crashes: [
      'purity/zero-honoured',
      'loss/total',
      'op/nan',
      'gradient/hessian-product',
      'initializer/gain',
      'optimizer/special-cases',
    ],
  },
  {
    name: 'scikit-learn',
    port: ['/usr/bin/python3', 'properties/ports/sklearn/port.py'],
    install: 'apt-get install -y --no-install-recommends python3-sklearn',
    probe: ['/usr/bin/python3', '-c', 'import sklearn'],
    breaks: [],
    crashes: ['activation/nan', 'activation/infinity'],
  },
];

export type Outcome =
  | { readonly kind: 'verified'; readonly record: Verified; readonly status: number | null }
  | { readonly kind: 'not installed' }
  | { readonly kind: 'failed'; readonly why: string };

/** The arguments that name a port on the command line. */
export const portArguments = ({ port }: Pick<Engine, 'port'>): readonly string[] =>
  typeof port === 'string' ? [port] : ['--', ...port];

/** One engine held to the laws, or why it could not be. Failures of earlier runs are not tried first: equal runs give equal records. */
export const verified = (engine: Engine, options: readonly string[] = []): Outcome => {
  const [probe = '', ...rest] = engine.probe;
  if (spawnSync(probe, rest, { stdio: 'ignore' }).status !== 0) return { kind: 'not installed' };
  const { port } = engine;
  const away = mkdtempSync(join(tmpdir(), 'tautograd-'));
  try {
    const named = portArguments({ port: typeof port === 'string' ? resolve(port) : port.map(located) });
    const { status, stdout, stderr } = spawnSync(
      process.execPath,
      [resolve('src/cli/main.ts'), 'verify', '--json', ...options, ...named],
      { encoding: 'utf8', maxBuffer: 2 ** 28, cwd: away },
    );
    if (status === 2 || stdout === '')
      return { kind: 'failed', why: stderr.trim() || 'it was ended before it said anything' };
    return { kind: 'verified', record: fromJson(stdout) as Verified, status }; // our own output
  } finally {
    rmSync(away, { recursive: true });
  }
};

/** Files of this project are found from anywhere. */
const located = (word: string): string => (word.startsWith('properties/') ? resolve(word) : word);

/** The engines whose name holds one of the words, all where there is none. */
export const engines = (words: readonly string[]): readonly Engine[] =>
  words.length === 0
    ? ENGINES
    : ENGINES.filter(({ name }) => words.some((w) => name.toLowerCase().includes(w.toLowerCase())));
