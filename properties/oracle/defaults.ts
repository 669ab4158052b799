// Hyper-parameters as they were published: what an optimizer, a wrapper or a schedule does where nothing is said.
type Numbers = Readonly<Record<string, number>>;

const BETAS = { beta1: 0.9, beta2: 0.999 } as const;

/** By the papers, and where they name none by the programs of their authors. */
export const OPTIMIZER_DEFAULTS: Readonly<Record<string, Numbers>> = {
  sgd: { lr: 0.01 },
  momentum: { lr: 0.01, momentum: 0.9 },
  nesterov: { lr: 0.01, momentum: 0.9 },
  rprop: { lr: 0.01, up: 1.2, down: 0.5, minFactor: 1e-4, maxFactor: 5000 }, // steps of 10⁻⁶ to 50
  sign_sgd: { lr: 0.001 },
  signum: { lr: 0.001, momentum: 0.9 },
  lion: { lr: 1e-4, beta1: 0.9, beta2: 0.99 },
  adagrad: { lr: 0.01, eps: 1e-10 },
  rmsprop: { lr: 0.01, decay: 0.99, eps: 1e-8 },
  adadelta: { lr: 1, decay: 0.9, epsRoot: 1e-6 },
  adamax: { lr: 0.002, ...BETAS, eps: 1e-8 },
  adam: { lr: 0.001, ...BETAS, eps: 1e-8 },
  adamw: { lr: 0.001, ...BETAS, eps: 1e-8, weightDecay: 0.01 },
  amsgrad: { lr: 0.001, ...BETAS, eps: 1e-8 },
  nadam: { lr: 0.002, ...BETAS, eps: 1e-8, psi: 0.004, scheduled: 1 },
  radam: { lr: 0.001, ...BETAS, eps: 1e-8, threshold: 5 },
  adabelief: { lr: 0.001, ...BETAS, eps: 1e-16, epsAdded: 1e-16 },
  yogi: { lr: 0.01, ...BETAS, eps: 1e-3, initialAccumulator: 1e-6 },
  adan: { lr: 0.001, beta1: 0.98, beta2: 0.92, beta3: 0.99, eps: 1e-8 },
  adopt: { lr: 0.001, beta1: 0.9, beta2: 0.9999, eps: 1e-6 },
  lamb: { lr: 0.001, ...BETAS, eps: 1e-6 },
  schedule_free_sgd: { lr: 1, beta1: 0.9 },
  schedule_free_adamw: { lr: 0.0025, ...BETAS, eps: 1e-8 },
  shampoo: { lr: 0.1, eps: 1e-4 },
  prodigy: { lr: 1, ...BETAS, eps: 1e-8, d0: 1e-6, dFactor: 1 },
  muon: { lr: 0.02, momentum: 0.95, eps: 1e-7, adamShare: 0.015, beta1: 0.9, beta2: 0.95, adamEps: 1e-10 },
};

/** Where 0 is not off: the length that the programs of RAdam wait for, in a port that does not take another. */
export const NEVER_OFF: Numbers = { threshold: 5 };

export const WRAPPER_DEFAULTS: Readonly<Record<string, Numbers>> = {
  clip_by_value: { limit: 1 },
  clip_by_norm: { limit: 1, eps: 0 },
  clip_by_global_norm: { limit: 1, eps: 0 },
  coupled_decay: { l2: 0.0001 },
  lookahead: { period: 5, alpha: 0.5 },
  ema: { decay: 0.999 },
};

export const SCHEDULE_DEFAULTS: Readonly<Record<string, Numbers>> = {
  constant: {},
  step: { every: 100, gamma: 0.1 },
  exponential: { every: 100, rate: 0.5, staircase: 0 },
  inverse_root: { warmup: 100 },
  polynomial: { steps: 1000, power: 1, final: 0 },
  cosine: { steps: 1000, final: 0 },
  warm_restarts: { first: 100, growth: 2, final: 0, cycles: 10 },
  one_cycle: { steps: 1000, peak: 0.3, start: 0.04, final: 4e-6 },
  warmup_stable_decay: { steps: 1000, warmup: 100, decay: 200, rooted: 0 },
};
