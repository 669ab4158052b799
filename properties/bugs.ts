// Real defects of other engines, by number: which mutants stand for each, or why none can.

/** A defect that somebody shipped. */
export interface Bug {
  /** Repository and reference. */
  readonly where: string;
  readonly symptom: string;
  /** Ids of the mutants that stand for it, or the reason why none can. */
  readonly mutants: readonly string[] | string;
}

const bug = (where: string, symptom: string, mutants: Bug['mutants']): Bug => ({ where, symptom, mutants });

/** By their numbers in the list of real defects that the laws were written from. */
export const BUGS: Readonly<Record<number, Bug>> = {
  1: bug('tensorflow/tfjs #7251', 'the gradient of ELU switches at 1, not at 0', [
    'elu/switches-at-1',
    'leaky-relu/switches-at-1',
  ]),
  2: bug('tensorflow/tfjs-layers #970', 'the gradient of batch normalisation ignores what comes from above', [
    'batch_norm/ignores-cotangent',
    'dense/ignores-cotangent',
    'program/seeds-ones',
  ]),
  4: bug('tensorflow/tfjs #1076', 'the gradient of clipping is 0 at its inclusive bounds', ['program/tie-to-none']),
  5: bug('tensorflow/tfjs 4.22.0', 'σ′(20) is 0 where σ′(−20) is not: y·(1 − y) cancels', [
    'sigmoid/slope-from-output',
    'tanh/slope-from-output',
    'sigmoid/slope-vanishes',
  ]),
  7: bug(
    'pytorch/pytorch #31938, #33639',
    'the sign of a leaky ReLU is recovered from its output, wrong for negative slopes',
    ['leaky-relu/side-from-output', 'elu/slope-from-output'],
  ),
  8: bug('pytorch/pytorch #37345', 'the fix of that broke slope 0', ['leaky-relu/zero-is-default']),
  10: bug('pytorch/pytorch #51408', 'hard sigmoid has slope 1/6 where it is saturated', [
    'hard_sigmoid/saturated-slope',
  ]),
  11: bug('FluxML/NNlib.jl #706', 'hard sigmoid has slope 1 where it is saturated', [
    'hard_sigmoid/saturated-slope',
    'hard_sigmoid/saturated-slope-1',
  ]),
  13: bug('FluxML/NNlib.jl #408', 'a fast tanh is NaN for large numbers', ['tanh/nan-beyond-710']),
  14: bug('pytorch/pytorch #21213', 'CELU is wrong, and its errors cancel by chance', ['elu/celu']),
  16: bug('deeplearning4j #8178', 'the backward pass of leaky ReLU ignores its slope', [
    'leaky-relu/slope-forgotten',
    'elu/alpha-forgotten',
  ]),
  17: bug('deeplearning4j/nd4j #701', 'leaky ReLU returns zeros', ['leaky-relu/zeros']),
  19: bug('BrainJS/brain.js #560, #613', 'leaky ReLU multiplies the wrong side, in value and slope alike', [
    'leaky-relu/inverted',
  ]),
  20: bug('BrainJS/brain.js', 'leaky ReLU as the larger of s and alpha·s, wrong above 1', ['leaky-relu/max']),
  25: bug('huggingface/candle #2083', 'the gradient of SiLU is NaN at 0', [
    'program/nan-at-zero',
    'silu/nan-at-infinity',
  ]),
  26: bug('huggingface/candle #2114', 'the gradient of the logistic function by primitive operations is unstable', [
    'sigmoid/slope-by-primitives',
    'sigmoid/slope-from-output',
  ]),
  28: bug('huggingface/candle #211', 'd(a − b)/db has a plus; the slope of the root divides by the input', [
    'program/sign-of-a-difference',
    'program/root-by-input',
  ]),
  29: bug('tracel-ai/burn #1140', 'the gradient of the logistic function is NaN', [
    'model/overflows',
    'sigmoid/slope-by-primitives',
  ]),
  31: bug(
    'tracel-ai/burn #4069',
    'operands the wrong way round on the way back; an untracked input shifts the others',
    ['program/product-turned', 'dense/not-transposed', 'graph/unused-nan', 'model/square-transposed'],
  ),
  32: bug('tracel-ai/burn #702', 'the gradient of a stretched operand keeps the stretched shape or is averaged', [
    'graph/averages-broadcast',
    'model/stretches',
    'dense/bias-of-first',
  ]),
  34: bug('tracel-ai/burn #520, #1090', 'tanh is 0 at 44 and NaN at 45', ['tanh/gone-at-44', 'tanh/nan-beyond-710']),
  35: bug('tracel-ai/burn #1548', 'the logarithm of the logistic function overflows', [
    'softplus/overflows',
    'log-softmax/of-the-share',
  ]),
  37: bug('ml-explore/mlx #505', 'the slope of a power is NaN at 0', [
    'program/products-by-division',
    'program/square-by-division',
  ]),
  38: bug('ml-explore/mlx #2453', 'the gradient of arctan2 is wrong', 'no operation of the contract is an angle'),
  40: bug('tinygrad #8238, #8806', 'the gradient of the logistic function is NaN at ±300', [
    'sigmoid/slope-by-primitives',
    'model/overflows',
  ]),
  41: bug('apache/mxnet #20372', 'the slope of a logarithm of the logistic function is taken at the output', [
    'softplus/slope-of-output',
  ]),
  43: bug('clab/dynet #1525', 'the logistic function is NaN or ½ for large inputs', ['sigmoid/overflows']),
  44: bug('tiny-dnn #347, nd4j #7382, webdnn #558', 'tanh and the logistic function are ∞/∞', [
    'tanh/nan-beyond-710',
    'sigmoid/overflows',
  ]),
  46: bug('ekzhang/jax-js 8c38356', 'comparisons are wrong for NaN', ['relu/hides-nan', 'op/maximum-hides-nan']),
  47: bug('tensorflow/swift-models #180', 'the slope of the logistic function is x·(1 − x)', [
    'sigmoid/slope-of-input',
  ]),
  49: bug('pytorch/pytorch #79609', 'forward over reverse is silently wrong', ['hessian/forward-over-reverse']),
  50: bug('neuronika #87', 'contributions to a bias that is stretched with others are lost', [
    'program/stretched-rows-only',
  ]),
  52: bug('pytorch/pytorch #13773', 'binary cross-entropy is NaN at the logit −120', [
    'bce-with-logits/nan-far-out',
    'bce-with-logits/naive',
  ]),
  53: bug('pytorch/pytorch #135359, #51906', 'binary cross-entropy is NaN for infinite logits and empty batches', [
    'bce-with-logits/nan-far-out',
    'loss/empty-batch',
  ]),
  55: bug('pytorch/pytorch #11752', 'cross-entropy is 0 where two logits of 10⁸ leave ln 2', [
    'cross-entropy/naive',
    'cross-entropy/large-ties',
  ]),
  56: bug('tracel-ai/burn #2739, #2741', 'binary cross-entropy takes the logarithm of 0', ['bce/unclipped']),
  58: bug('tracel-ai/burn #4829', 'probabilities are taken for logits', ['bce/probability-twice']),
  59: bug('ml-explore/mlx #1280', 'binary cross-entropy is infinite or NaN for certain predictions', ['bce/unclipped']),
  61: bug('keras-team/keras #9664', 'binary cross-entropy has no gradient where the logistic function is saturated', [
    'bce-with-logits/gradient-saturates',
  ]),
  62: bug(
    'tensorflow/tensorflow #118313, #33936',
    'a loss of probabilities looks through them at the logits, or the other way round',
    ['bce-with-logits/through-sigmoid', 'bce/probability-twice'],
  ),
  64: bug('tensorflow/tfjs 4.22.0', 'a logarithmic loss is negative, and differs for the two classes', [
    'bce/negative',
    'bce/one-sided-clip',
  ]),
  67: bug('FluxML/NNlib.jl #68', 'the gradient of softmax is NaN', [
    'softmax/diagonal-slope',
    'cross-entropy/gradient-overflows',
  ]),
  68: bug('deeplearning4j #6039, uTensor #175', 'softmax does not subtract the largest logit', ['softmax/naive']),
  70: bug('Theano #3162', 'the gradient of softmax with cross-entropy is NaN', [
    'cross-entropy/gradient-overflows',
    'cross-entropy/first-class',
  ]),
  71: bug('google-deepmind/optax #1267, #1346', 'the gradient of a loss is NaN at its ends', ['kl/nan-at-zero']),
  73: bug('keras-team/keras #23333', 'two arguments of a loss are exchanged', [
    'kl/swapped',
    'kl/exchanged',
    'bce/swapped',
  ]),
  74: bug('keras-team/keras #20021, #20022', 'softmax is wrong over several axes', [
    'softmax/over-everything',
    'softmax/cotangent-summed-over-all',
  ]),
  76: bug('dennybritz/nn-from-scratch #13', 'loss and penalty are averaged, their gradient is summed', [
    'regularisation/loss-averaged-gradient-summed',
    'model/loss-averaged-gradient-summed',
    'mse/gradient-of-sum',
  ]),
  77: bug('davharris/mistnet #33', 'the gradient grows with the batch', [
    'accumulation/gradient-summed',
    'model/bias-averaged',
    'loss/sums',
  ]),
  79: bug('pytorch/pytorch #3122, #19902, #60528', 'which variance normalises and which is kept is not said', [
    'batch_norm/unbiased-normaliser',
    'convention/false-bnRunningVariance',
  ]),
  80: bug('tinygrad #807', 'the running variance has the other estimator', ['batch_norm/running-biased']),
  82: bug('tinygrad 2f17d151b3', 'running statistics are never assigned', [
    'batch_norm/never-updates',
    'model/stale-state',
  ]),
  83: bug('keras-team/keras #19102', 'mean and variance are constants on the way back', [
    'batch_norm/detached-mean',
    'batch_norm/detached-variance',
    'model/statistics-detached',
  ]),
  85: bug('denizyuret/Knet.jl #288', 'the backward pass forgets γ', [
    'batch_norm/forgets-gamma',
    'batch_norm/eval-gradient-forgets-gamma',
  ]),
  86: bug('gorgonia #510', 'the gradients of scale and input are wrong', [
    'batch_norm/gamma-by-x',
    'model/mean-detached',
  ]),
  88: bug('apache/mxnet #9580, pytorch/pytorch #586, torch/nn #768', 'the backward pass of eval mode uses the batch', [
    'batch_norm/eval-gradient-of-batch',
    'batch_norm/detached',
  ]),
  89: bug('apache/mxnet #1948, PaddlePaddle #51120', 'momentum is taken for its complement', [
    'batch_norm/momentum-of-old',
  ]),
  91: bug('keras-team/keras #18795, ml-explore/mlx #1314', 'the variance is a difference of squares, and negative', [
    'batch_norm/one-pass',
    'layer_norm/one-pass',
  ]),
  92: bug('keras-team/keras #20815', 'the mean is divided by the wrong count', [
    'batch_norm/mean-short',
    'batch_norm/unbiased-by-samples',
  ]),
  94: bug('tracel-ai/burn #2185, #2945; Flux #2421', 'eps is added to the deviation', [
    'batch_norm/eps-outside',
    'layer_norm/eps-outside',
    'batch_norm/eval-eps-outside',
  ]),
  95: bug('FluxML/NNlib.jl #576', 'eval mode takes mean 0 and variance 1', ['batch_norm/eval-without-statistics']),
  97: bug('tensorflow/tfjs-layers #104', 'the scale is used only where there is an offset', [
    'batch_norm/gamma-with-beta',
  ]),
  98: bug('tinygrad #17201', 'the backward pass ignores the mode, and takes the inverse deviation for the variance', [
    'batch_norm/by-running-variance',
    'batch_norm/eval-gradient-inverse',
  ]),
  100: bug('BrainJS/brain.js layer/dropout.ts', 'prediction multiplies by the rate, not by what is kept', [
    'dropout/classic-eval-by-rate',
  ]),
  101: bug('tiny-dnn 9d600264', 'the same', ['dropout/classic-eval-by-rate']),
  103: bug('lmjohns3/theanets #123, kaldi #2814, dlordinal #126', 'what is kept is divided by the rate', [
    'dropout/scale-by-rate',
    'dropout/sampled-scale',
  ]),
  104: bug('mp2893/retain #1', 'prediction multiplies by ½ whatever the rate', ['dropout/classic-eval-half']),
  106: bug('FluxML/Flux.jl dfacc9c82', 'alpha dropout has noise for a mask, and wrong coefficients', [
    'alpha_dropout/rate-for-keep',
    'alpha_dropout/shift-by-keep',
    'dropout/noise',
  ]),
  107: bug('tinygrad #11322', 'rate 1 gives NaN', ['dropout/nan-at-1', 'alpha_dropout/nan-at-1']),
  109: bug('apache/mxnet #17547, #19209', 'dropout ignores the seed', ['dropout/seed-ignored', 'draws/seed-ignored']),
  110: bug('apache/mxnet #16705', 'the mask depends on how many calls there were', [
    'dropout/history',
    'draws/same-every-step',
  ]),
  112: bug('facebookresearch/xformers #173', 'the address of the seed is the seed', [
    'dense/remembers',
    'draws/history',
  ]),
  113: bug('ooples/AiDotNet.Tensors #732', 'the mask is never made: everything is dropped', ['dropout/all-dropped']),
  116: bug('keras-team/keras #22761', 'prediction drops', ['dropout/eval-drops', 'model/drops-in-eval']),
  118: bug('onnx/onnx-tensorrt #106', 'the mask says that everything was dropped', ['dropout/backward-all-dropped']),
  119: bug('tensorflow/tfjs #8594', 'the variance is that of a cut law, not corrected', [
    'normal/truncated',
    'truncated/uncorrected',
  ]),
  121: bug('tensorflow/tfjs #172', 'one tail is cut only', [
    'truncated/one-sided',
    'truncated/one-sided-draws',
    'normal/one-tail',
  ]),
  122: bug('tensorflow/tfjs #7104, #7108', 'initializers ignore the seed', [
    'initializer/seed-ignored',
    'network/seed-dropped',
  ]),
  124: bug('keras-team/keras #19364, tinygrad #5209', 'seed 0 is taken for none', [
    'initializer/seed-zero',
    'rng/seed-zero',
    'dropout/seed-zero',
  ]),
  125: bug('tensorflow/tfjs-layers #505', 'mode and distribution have no default', [
    'gain/2-unless-named',
    'normal/uniform-instead',
  ]),
  127: bug('FluxML/Flux.jl 4f87f2b56', 'the gain is ignored', [
    'normal/gain-ignored',
    'network/gain-dropped',
    'orthogonal/gain-ignored',
  ]),
  128: bug('mlverse/torch #555', '√(2/fanIn + fanOut): brackets are missing', ['xavier/missing-parentheses']),
  130: bug('tracel-ai/burn #4973', 'the fan going out is not handed over', ['he/fan-out', 'network/fans-swapped']),
  131: bug('keras-team/keras #2252, #11773', 'fans are counted wrongly', ['uniform/root-of-fans', 'xavier/one-fan']),
  133: bug('arrayfire #1610, AMReX #5643', 'uniforms include 1, and the logarithm is taken of 0', [
    'uniform/includes-1',
    'normal/log-of-zero',
  ]),
  134: bug('VowpalWabbit #1592, gpuocean #37, omnetpp #43', 'normals are infinite for a uniform of 0', [
    'normal/log-of-zero',
    'normal/infinite-once',
  ]),
  136: bug('tinygrad #1593', 'uniforms are cast before they are scaled', ['uniform/cast-first']),
  137: bug('ml-explore/mlx #3828', 'a compiled function keeps an old state of the generator', [
    'network/shared-stream',
    'threefry/spoils-its-key',
  ]),
  142: bug('keras-team/tf-keras 2f003f9f1', 'Adam divides by √v − eps', ['adam/minus-eps']),
  143: bug('keras-team/tf-keras 32b15912a', 'centered RMSProp averages g² where it needs g', [
    'rmsprop/mean-of-squares-twice',
    'adam/spread',
  ]),
  145: bug('gorgonia #469', 'the lower limit of clipping is the upper one', ['clip/by_value-no-sign']),
  146: bug('tracel-ai/burn #621, #888', 'the steps of Adam are counted from 0', [
    'adam/step-from-zero',
    'train/step-counted-per-batch-size',
  ]),
  148: bug('frgfm/holocron #1', 'the corrected moment is kept, so that corrections pile up', [
    'radam/corrects-in-place',
  ]),
  149: bug('kozistr/AdaBound-tensorflow #3', '1 less the correction for the correction', ['adam/doubled-minus-one']),
  151: bug('tensorflow #35102, pytorch #22628', 'eps is scaled by the correction', ['adam/eps-hat']),
  152: bug(
    'google-deepmind/optax #1389, pytorch #142323',
    'the maximum of AMSGrad is taken on the other side of the correction',
    ['amsgrad/other-maximum'],
  ),
  154: bug('FluxML/Flux.jl e1a4bbc8b, a92606b8f', 'decay and rate of AdamW are coupled and uncoupled', [
    'adamw/decay-without-rate',
    'adamw/coupled',
  ]),
  155: bug('chainer #7512', 'the decay of AdamW is not multiplied by the rate', ['adamw/decay-without-rate']),
  157: bug('ml-explore/mlx #1640', 'Adam has no correction', ['adam/no-correction', 'adamax/no-correction']),
  158: bug('apache/mxnet #15543, #16053', 'Nesterov’s rule is wrong', [
    'nesterov/heavy-ball',
    'nesterov/looks-too-far',
  ]),
  160: bug('apache/mxnet #5043', 'brackets are missing in RMSProp', ['rmsprop/brackets']),
  161: bug('apache/mxnet #5217, #6235', 'the spread of centered RMSProp is negative', ['rmsprop/negative-spread']),
  163: bug('pytorch #194664, #196083', 'the state of an optimizer shares memory', [
    'identity/hands-back-its-input',
    'optimizer/history-shares-memory',
    'dense/one-buffer',
  ]),
  164: bug('FluxML/Optimisers.jl #190', 'eps rounds to 0: NaN for a zero gradient', ['adam/no-eps']),
  166: bug('deeplearning4j #953', 'the sum of Adagrad starts at 1', ['adagrad/starts-at-one']),
  167: bug('pytorch #1767', 'Adam and Adadelta are NaN near convergence', ['adam/no-eps', 'adamax/zero-over-zero']),
  169: bug('tensorflow/tfjs-layers #259', 'the momentum of RMSProp is null', ['rmsprop/no-momentum', 'momentum/zero']),
  170: bug('ooples/AiDotNet #2008', 'the velocity never decays', ['momentum/never-decays']),
  172: bug('tinygrad fc6f355c6a', 'Adam counts a step per parameter', [
    'adam/step-per-leaf',
    'optimizer/step-counts-leaves',
  ]),
  173: bug('tracel-ai/burn #5191', 'the cosine starts again unasked', ['schedule/never-ends']),
  178: bug('titu1994/DenseNet #57, mlcommons/hpc #22', 'a factor of 2 between penalty and decay', [
    'regularisation/value-without-half',
    'regularisation/gradient-doubled',
    'regularisation/full-undeclared',
    'wrapper/coupled_decay-half',
  ]),
  179: bug('keras-team/keras #22021', 'a penalty is not normalised by the batch', [
    'regularisation/penalty-per-sample',
    'loss/empty-batch',
  ]),
  181: bug('trustyai-explainability #26, manning #46', 'the bias of the perceptron moves once per feature', [
    'perceptron/bias-per-feature',
  ]),
  182: bug('neuroph #48', 'the threshold moves the wrong way', ['perceptron/threshold-sign']),
  184: bug('campusx 100-days-of-deep-learning #9', 'class 0 never causes an update', ['perceptron/zero-label']),
  185: bug('DsysDML/rbms #31', 'the negative phase is a turn behind', ['rbm/stale-negative']),
  187: bug('OpenANN #76', 'slopes of biases are always 0', ['rbm/no-bias-slope', 'rbm/no-hidden-bias-slope']),
  188: bug('echen/restricted-boltzmann-machines #7', 'the unit that stands for the bias is sampled', [
    'rbm/sampled-bias',
  ]),
  190: bug('yusugomori/DeepLearning #31, Boltzmann.jl #15', 'biases see samples where weights see probabilities', [
    'rbm/sampled-bias',
    'rbm/sampled-positive',
  ]),
  191: bug('FluxML/Flux.jl #2693', 'a comparison never compared anything', [
    'judge/compares-nothing',
    'run/never-fails',
  ]),
  192: bug('tracel-ai/burn #1209', 'a comparison accepted NaN', ['judge/nan-passes', 'bce/nan-swallowed']),
  193: bug('tensorflow/tfjs test_util.ts', 'NaN and both infinities were alike, and the tolerance was absolute', [
    'judge/infinities-alike',
    'judge/absolute',
  ]),
  194: bug('chainer #3541', 'bad gradients passed after a change of the check', [
    'judge/compares-nothing',
    'run/never-fails',
  ]),
  195: bug('pytorch gradcheck.py', 'a wrong size was tolerated', ['judge/stretches']),
  196: bug('pytorch #57166, #59584, #59650', 'directions of one sign, and a tolerance scaled by sums', [
    'inputs/positive',
    'judge/loose',
    'judge/normwise',
  ]),
  197: bug('jax-ml/jax #3130, #7742', 'the tolerance grew with the size of the output', ['judge/by-size']),
  198: bug('pytorch test_init.py', 'a test of five draws against another distribution passed', [
    'test/accepts-everything',
    'test/one-sided',
  ]),
  199: bug('pytorch #182229, burn #4705, FlagGems #4385', 'tests with false alarms in one of a few runs', [
    'test/jumpy',
  ]),
  200: bug('data-apis/array-api-tests', 'a quarter off was accepted', ['judge/loose']),
  201: bug('tensorflow/tfjs dropout_test, initializers_test', 'zeros passed every test', [
    'test/accepts-everything',
    'normal/zeros',
    'dropout/all-dropped',
  ]),
  202: bug('tiny-dnn af92c26c', 'a check computed its gradient before it moved the weights', [
    'run/examples-ignored',
    'train/gradient-of-before',
  ]),
};
