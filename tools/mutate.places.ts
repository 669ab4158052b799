// Where mutants of a room die: the rooms whose tests go first, and the chapters that look at it, the nearest first.

/** Chapters of the law book by the files of the engine that they are about. */
const CHAPTERS: readonly (readonly [prefix: string, chapters: readonly string[]])[] = [
  ['nn/init', ['initializer', 'dense']],
  ['nn/dropout', ['dropout']],
  ['nn/norm', ['norm', 'batchnorm']],
  ['nn/regulariser', ['regularisation']],
  ['nn/loss', ['loss']],
  ['nn/', ['dense', 'network', 'norm', 'batchnorm', 'dropout', 'gradient']],
  ['optim/schedule', ['schedule', 'wrapper']],
  ['optim/transform', ['clip', 'wrapper', 'optimizer']],
  ['optim/wrappers', ['wrapper']],
  ['optim/', ['optimizer', 'wrapper', 'clip', 'schedule']],
  ['models/perceptron', ['perceptron']],
  ['models/rbm', ['rbm']],
  ['models/', ['network', 'rbm', 'perceptron']],
  ['train/diagnose', ['diagnose']],
  ['train/symmetry', ['diagnose']],
  ['train/', ['train', 'diagnose', 'rbm', 'regularisation']],
  ['grad/', ['op', 'gradient', 'convention']],
  ['ops/activations', ['activation', 'op']],
  ['ops/costs', ['loss', 'op']],
  ['ops/', ['op', 'activation', 'loss', 'gradient']],
  ['core/key', ['rng']],
  ['core/distribution', ['rng', 'initializer']],
  ['core/', ['op', 'activation', 'rng', 'purity', 'gradient']],
];

const ROOMS = ['core', 'ops', 'grad', 'nn', 'optim', 'models', 'train'] as const;

/** For mutants of a place of `src`, as `nn/init.ts`: the order of rooms with their own tests, and of chapters. */
export const PLACES = (place: string): { readonly rooms: readonly string[]; readonly laws: readonly string[] } => {
  const own = CHAPTERS.find(([prefix]) => place.startsWith(prefix))?.[1] ?? [];
  const room = place.split('/')[0] ?? '';
  return {
    rooms: [...ROOMS].sort((a, b) => Number(b === room) - Number(a === room)),
    laws: own,
  };
};
