// Where mutants of a place die: the room whose tests go first, and the chapters that look at it, the nearest first.

/** Chapters of the law book, by the beginnings of names in `src`: the first that fits is taken. */
const CHAPTERS: readonly (readonly [prefix: string, chapters: readonly string[]])[] = [
  ['nn/init', ['initializer', 'diagnose']],
  ['nn/dropout', ['dropout']],
  ['nn/norm', ['norm', 'batchnorm']],
  ['nn/regulariser', ['regularisation']],
  ['nn/loss', ['loss', 'network']],
  ['nn/', ['dense', 'network', 'norm', 'batchnorm', 'dropout', 'regularisation', 'initializer']],
  ['optim/schedule', ['schedule', 'wrapper']],
  ['optim/transform', ['clip', 'wrapper', 'optimizer']],
  ['optim/wrappers', ['wrapper']],
  ['optim/', ['optimizer', 'wrapper', 'clip']],
  ['models/perceptron', ['perceptron']],
  ['models/rbm', ['rbm']],
  ['models/', ['network', 'rbm', 'perceptron']],
  ['train/diagnose', ['diagnose']],
  ['train/symmetry', ['diagnose', 'rbm']],
  ['train/drift', ['diagnose', 'network']],
  ['train/pretrain', ['initializer', 'rbm']],
  ['train/files', ['train']],
  ['train/save', ['train']],
  ['train/', ['train', 'diagnose', 'rbm', 'regularisation']],
  ['grad/', ['op', 'gradient', 'purity']],
  ['ops/activations', ['activation', 'op']],
  ['ops/costs', ['loss', 'op']],
  ['ops/spectral', ['optimizer']],
  ['ops/draw', ['dropout', 'rng']],
  ['ops/fold', ['op', 'dense', 'gradient']],
  ['ops/rowwise', ['op', 'activation', 'loss', 'rbm']],
  ['ops/layout', ['op', 'gradient', 'dense']],
  ['ops/', ['op', 'activation', 'loss']],
  ['core/key', ['rng', 'purity']],
  ['core/distribution', ['rng', 'initializer']],
  ['core/elementary', ['op', 'activation']],
  ['core/exponential', ['op', 'activation']],
  ['core/circular', ['op', 'activation']],
  ['core/shape', ['op', 'dense']],
  ['core/tree', ['purity', 'optimizer']],
  ['core/', ['op']],
];
const ROOMS: readonly string[] = ['core', 'ops', 'grad', 'nn', 'optim', 'models', 'train'];

export interface Place {
  /** Rooms of `src` whose own tests are run. */
  readonly rooms: readonly string[];
  /** Chapters that are run before all others, or alone. */
  readonly chapters: readonly string[];
}

/** For mutants of a place of `src`, as `nn` or `nn/init.ts`: its own room alone or all of them, the nearest first, and its chapters. */
export const placeOf = (place: string, all: boolean): Place => {
  const room = place.split('/')[0] ?? '';
  return {
    rooms: all ? [room, ...ROOMS.filter((r) => r !== room)] : [room],
    chapters: CHAPTERS.find(([prefix]) => place.startsWith(prefix) || `${place}/` === prefix)?.[1] ?? [],
  };
};
