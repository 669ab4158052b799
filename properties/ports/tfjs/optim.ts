// TensorFlow.js as a port, part four: optimizers, and clipping by value.
import type { Hyper } from '../../../src/index.ts';
import type { ClipArgs, RatesArgs, RunArgs } from '../../args.ts';
import type { Plain } from '../../contract.ts';
import { plain, type Trainer, tensor, tf } from './api.ts';

/** Parameters after every step; each run has an optimizer and variables of its own. */
const trajectory = (
  trainer: Trainer,
  { params, gradients }: Pick<RunArgs, 'params' | 'gradients'>,
  rates?: readonly number[],
) => {
  const ws = tf.tidy(() => params.map((p) => tf.variable(tensor(p)))); // variables outlive a tidy
  try {
    const steps = gradients.map((gs, t) => {
      const rate = rates?.[t];
      if (rate !== undefined) trainer.setLearningRate?.(rate);
      tf.tidy(() => {
        trainer.applyGradients(ws.map(({ name }, i) => ({ name, tensor: tensor(gs[i] as Plain) }))); // one per leaf
      });
      return ws.map(plain);
    });
    return { params: steps };
  } finally {
    for (const w of ws) w.dispose();
    trainer.dispose();
  }
};

/** Where the engine has no default of its own. */
const LR = 0.01;

type Make = (h: Partial<Hyper>) => Trainer;
const optimizer = (make: Make) => ({ run: (a: RunArgs<Partial<Hyper>>) => trajectory(make(a.hyper), a) });

/** For those that have `setLearningRate`. */
const scheduled = (make: Make) => ({
  ...optimizer(make),
  run_with_rates: ({ rates, ...a }: RatesArgs) => trajectory(make(a.hyper), a, rates),
});

/**
 * Hyper-parameters by the contract's name, without those that the engine lacks. Not `adagrad`: its epsilon, 1e-7 inside
 * the root, cannot be given.
 */
export const HYPER: Readonly<Record<string, readonly string[]>> = {
  sgd: ['lr'],
  momentum: ['lr', 'momentum'],
  nesterov: ['lr', 'momentum'],
  rmsprop: ['lr', 'decay', 'epsRoot', 'momentum', 'centered'],
  adadelta: ['lr', 'decay', 'epsRoot'],
  adam: ['lr', 'beta1', 'beta2', 'eps'],
  adamax: ['lr', 'beta1', 'beta2', 'eps'],
};

export const optimizerCalls = {
  optimizer: {
    sgd: scheduled(({ lr = LR }) => tf.train.sgd(lr)),
    momentum: scheduled(({ lr = LR, momentum = 0.9 }) => tf.train.momentum(lr, momentum)),
    nesterov: scheduled(({ lr = LR, momentum = 0.9 }) => tf.train.momentum(lr, momentum, true)),
    rmsprop: optimizer(({ lr = LR, decay, momentum, epsRoot, centered }) =>
      tf.train.rmsprop(lr, decay, momentum, epsRoot, centered === 1),
    ),
    adadelta: optimizer(({ lr, decay, epsRoot }) => tf.train.adadelta(lr, decay, epsRoot)),
    adam: optimizer(({ lr, beta1, beta2, eps }) => tf.train.adam(lr, beta1, beta2, eps)),
    adamax: optimizer(({ lr, beta1, beta2, eps }) => tf.train.adamax(lr, beta1, beta2, eps)),
  },
  clip: {
    by_value: {
      apply: ({ gradients, limit }: ClipArgs) =>
        tf.tidy(() => ({ gradients: gradients.map((g) => plain(tf.clipByValue(tensor(g), -limit, limit))) })),
    },
  },
};
