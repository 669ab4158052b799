// The way in: the rooms of the engine in reading order.

export type { Mode } from './compile/arithmetic.ts';
// compile: pure functions as vector code.
export {
  type CompileOptions,
  compile,
  type Scan,
  type Scanned,
  type Step,
  scan,
  type Underway,
} from './compile/compile.ts';
export {
  type Dtype,
  type Equation,
  type Program as TracedProgram,
  type Pure,
  printed,
  programFromLine,
  programToLine,
  trace,
} from './compile/program.ts';
export { type Helper, type Job, type Spawn, startThreads, type Threads, ThreadsError } from './compile/threads.ts';
export { DomainError, lookup, meant, ShapeError, TautogradError, UnknownNameError } from './core/errors.ts';
export { fromJson, toJson, toLine } from './core/json.ts';
export { fold, type Key, keyOf, normal, permutation, split, threefry, uniform } from './core/key.ts';
export { normalQuantile } from './core/quantile.ts';
export { broadcast, type Shape } from './core/shape.ts';
// core: what everything stands on. Immutable tensors first.
export { scalar, Tensor, type View } from './core/tensor.ts';
export { flatten, type Tree } from './core/tree.ts';
// grad: the language read backwards.
export { type HvpMode, hvp, jvp } from './grad/modes.ts';
export { grad, gradOf, type Program, type Pullback, pullback, valueAndGrad, vjp } from './grad/tape.ts';
export { lossOfModel, type ModelSpec, mlp, networkOf } from './models/mlp.ts';
// models: the perceptron, and networks as data.
export { findRefutation, fitPerceptron, mistakeBound, type Perceptron, predict, refutes } from './models/perceptron.ts';
export {
  binaryStates,
  contrastiveDivergence,
  dual,
  energy,
  fitRbm,
  freeEnergy,
  hiddenGiven,
  logLikelihood,
  logPartition,
  type Rbm,
  stackRbms,
  startRbm,
  visibleGiven,
} from './models/rbm.ts';
export {
  type Draw,
  fansOf,
  fromOneUniform,
  fromUniforms,
  gainOf,
  INITIALIZERS,
  type Initializer,
  initializerRow,
  sample,
} from './nn/init.ts';

// nn: layers, initializers, losses.
export {
  type Context,
  type Draws,
  drawsByKey,
  drawsGiven,
  type Layer,
  type Named,
  type Network,
  type NetworkVariables,
  serial,
} from './nn/layer.ts';
export { dense, LAYERS, type LayerSpec, layerOf } from './nn/layers.ts';
export { LOSSES, type Loss, lossOf, lossRow, type Prediction, type Reduction, type Target } from './nn/loss.ts';
export type { BatchNorm, LayerNorm } from './nn/norm.ts';
export { constrain, penaltyOf, REGULARISERS, type Regulariser, type RegulariserSpec } from './nn/regulariser.ts';
export type { DrawParams } from './ops/draw.ts';
export { ACTIVATIONS, type Lang, OP_NAMES, OPS, type OpName, ops, ROWS, reading } from './ops/lang.ts';
// ops: one row per operation, and the language they spell.
export type { Formula, Indexed, Kind, Kink, Op, Rowwise, Whole } from './ops/op.ts';
export type { RootParams } from './ops/spectral.ts';
export type { Verbs } from './ops/verbs.ts';
export { OPTIMIZERS, type OptimizerName, optimizerOf, optimizerRow, presetOf } from './optim/optimizers.ts';
export type { Dialect, Hyper, Optimizer, Traits } from './optim/rule.ts';
export { SCHEDULES, type Schedule, scheduleOf, scheduleRow } from './optim/schedule.ts';
export { type OptimizerSpec, optimizerFrom } from './optim/spec.ts';
// optim: transformations of gradients.
export { addDecay, chain, type Rate, type Slots, scale, type Transform } from './optim/transform.ts';
export { clipByGlobalNorm, clipByNorm, clipByValue, WRAPPERS, type Wrapper, wrappedBy } from './optim/wrappers.ts';
// train: data, and training as a fold.
export { compiledSteps, type TrainingStep, trainingStep } from './train/compiled.ts';
export {
  type BatchPlan,
  batches,
  bestFeatures,
  type Data,
  FEATURE_SCORES,
  minMax,
  oneHot,
  parseCsv,
  rescale,
  type Scaling,
  splitData,
  standardiser,
  takeData,
  takeFeatures,
  takeRows,
} from './train/data.ts';
export { type Diagnosis, diagnose, type LayerReport, type Thresholds, type Verdict } from './train/diagnose.ts';
export { type Drift, drift, gradientShift, type Moments, type Shift, signalMoments } from './train/drift.ts';
export { gunzip, parseIdx } from './train/files.ts';
export {
  accuracyOn,
  evaluate,
  evaluationVariables,
  type Fit,
  type FitOptions,
  fit,
  lossAndGrad,
  lossOn,
  type Model,
  type Moving,
  modelOf,
  type Randomness,
  type Setup,
  start,
  startFrom,
  step,
  stepOver,
  type Training,
} from './train/fit.ts';
export { PRETRAININGS, type Pretraining, pretrained } from './train/pretrain.ts';
export { load, save, setupOf, type TrainingSpec } from './train/save.ts';
export { type Symmetry, symmetryOf } from './train/symmetry.ts';
