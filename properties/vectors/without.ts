// What no vector can say: entries without any, entries of which only a part is known, and laws that are not written down.

const SEEDED = 'the numbers that a seed gives are the engine’s own; the laws of the chapter rng/ judge them';
const DRAWN = 'the weights of a seed are the engine’s own: only what no draw can change is known, as a gain of 0';
const CONSTANT = ['zeros', 'constant', 'identity'];

const names = (kind: string, call: string, of: readonly string[], why: string): Readonly<Record<string, string>> =>
  Object.fromEntries(of.map((name) => [`${kind}.${name}.${call}`, why]));

/** Entries without vectors, and why. */
export const WITHOUT: Readonly<Record<string, string>> = {
  ...names('random', 'sample', ['uniform', 'normal'], SEEDED),
  ...names(
    'random',
    'sample',
    ['permutation'],
    'the order of a seed is the engine’s own; the law rng/permutation judges it',
  ),
  ...names('random', 'children', ['uniform', 'normal'], SEEDED),
  ...names(
    'initializer',
    'from_uniforms',
    ['orthogonal', 'identity', 'sparse'],
    'no weight of it is a quantile of one uniform: no engine declares this',
  ),
  'training.network.lsuv':
    'it starts from random orthonormal weights of a seed; the laws initializer/lsuv and initializer/orthogonal judge what they have in common',
  'rbm.rbm.pretrain':
    'the layers that it replaces get weights from a seed, and it refuses networks without one; the laws rbm/pretrain-transfer and rbm/pretrain-defaults judge it',
  'session.training.run': 'it draws its first weights from a seed; the laws of the chapter purity/ hold it to itself',
};

/** Entries of which vectors say a part, and which. */
export const PARTLY: Readonly<Record<string, string>> = {
  ...names(
    'initializer',
    'sample',
    'normal uniform truncated_normal truncated_normal_corrected lecun_normal lecun_uniform lecun_truncated xavier_uniform xavier_normal xavier_truncated he_uniform he_normal he_truncated he_uniform_fan_out he_normal_fan_out he_uniform_fan_avg he_normal_fan_avg torch_linear orthogonal sparse'
      .split(' ')
      .filter((name) => !CONSTANT.includes(name)),
    DRAWN,
  ),
  ...names(
    'layer',
    'sample',
    ['dropout', 'classic_dropout'],
    'the mask of a seed is the engine’s own: only rates of 0 and 1 are known',
  ),
  'rbm.rbm.start': 'the weights come from a seed: the biases are known',
  'rbm.rbm.stack': 'the weights come from a seed: hidden biases that nothing has moved are known',
  'rbm.rbm.fit':
    'the uniforms come from a seed: machines whose units are on or off whatever they are, and biases that nothing moves, are known',
  'training.network.init': 'the weights come from a seed: those of initializers that draw nothing are known',
  'training.batches.indices': 'the order comes from a seed: batches of one sample, and none, are known',
};

/** Laws that are not written down, and why. */
export const NOT_ASKED: Readonly<Record<string, string>> = {
  'dropout/sampled-values': 'it takes the mask from the answer',
  'rng/permutation': 'it sorts the answer',
  'diagnose/signals': 'it counts what another answer has',
  'optimizer/long-run':
    'fifty steps of every rule are in optimizer/trajectory; 128 more at 64 digits take longer than all the rest together',
};
