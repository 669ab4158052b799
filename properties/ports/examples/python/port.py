#!/usr/bin/env python3
"""An engine in plain Python and its port, in one file: the standard library, nothing else.

A tensor is a shape with a flat list of floats. A function of tensors returns its value with its pullback, which turns a
cotangent of the value into those of the arguments; a network puts pullbacks together. Optimizers are recurrences for one
weight, as text. What is random comes from Threefry keys. ENTRIES is what the port can do; answer() does it; serve() talks.
"""
import binascii, decimal, json, math, struct, sys
from itertools import chain, cycle
from operator import add, mul
from statistics import NormalDist

INF, NAN = math.inf, math.nan
D = decimal.Decimal
decimal.getcontext().Emax, decimal.getcontext().Emin = 10**15, -10**15  # 28 digits, and no number too large or too small

def must(fits, *what):
    if not fits: raise ValueError(' '.join(map(str, what)))

class Tensor:
    """Row-major numbers with a shape; rows and columns are those of the last axis."""
    def __init__(self, shape, data): self.shape, self.data = list(shape), list(data)
    def rows(self): return [self.data[i:i + self.shape[-1]] for i in range(0, len(self.data), self.shape[-1])]
    def columns(self): return [self.data[j::self.shape[-1]] for j in range(self.shape[-1])]

def like(x, data): return Tensor(x.shape, data)
def scalar(v): return Tensor([], [v])
def full(shape, value=0.0): return Tensor(shape, [value] * math.prod(shape))
def dot(a, b): return sum(map(mul, a, b))
def flat(rows): return list(chain.from_iterable(rows))
def zipped(f, *xs):
    must(all(x.shape == xs[0].shape for x in xs), 'shapes must agree, got', *(x.shape for x in xs))
    return like(xs[0], map(f, *(x.data for x in xs)))

# ---- Numbers as IEEE 754 has them, where Python raises. ----

def div(a, b): return a / b if b else a * math.copysign(INF, b)
def exp(x): return math.exp(x) if x < 709.78 else x * INF
def log(x): return math.log(x) if x > 0 else NAN if x != 0 else -INF
def log1p(x): return math.log1p(x) if x > -1 else NAN if x != -1 else -INF
def sqrt(x): return math.sqrt(x) if x >= 0 else NAN
def sign(x): return math.copysign(1.0, x) if x else x

# ---- Activations: the function, its slope, and the parameter with its default where there is one. ----

def sigmoid(x): return exp(x) if x < -40 else 1 / (1 + exp(-x))
def sigmoid_slope(x): return min(exp(-abs(x)) / ((1 + exp(-abs(x))) * (1 + exp(-abs(x)))), 0.25)
def softplus(x): return x if x > 40 else log1p(exp(x))
def tanh(x):
    t = math.expm1(-2 * abs(x))
    return x if abs(x) < 2**-28 else math.copysign(-t / (2 + t), x)

def gate(x, u):
    """x·σ(u) at 28 digits, because an exponential magnifies the error of its argument."""
    return float(D(x) / (1 + (-u(D(x))).exp())) if not abs(x) > 1000 else x if x > 0 else -0.0
def gate_slope(x, u, slope):
    y, v, s = gate(x, u), min(max(x, -1000), 1000), slope(x)
    return float(x > 0) if abs(x) > 800 else sigmoid(float(u(D(v)))) + y * s * sigmoid(-float(u(D(v))))
LINE, CUBE = D('1.595769121605730711759784239737'), D('0.0713548162726002477659119540') # 2·√(2/π), and times 0.044715
TANH_GATE = lambda x: x * (LINE + CUBE * x * x), lambda x: 1.5957691216057308 + 3 * 0.07135481627260025 * x * x

def gelu(x):
    """x·erfc(−x/√2)/2 with the rounding of x/√2 put back; far on the left by the asymptotic series of the tail."""
    if not abs(x) < 40: return x if not x < 0 else -0.0
    if x > -25:
        z = float(-D(x) * D('0.70710678118654752440084436210485'))
        off = float(-D(x) * D('0.70710678118654752440084436210485') - D(z))
        return x * (math.erfc(z) - off * 1.1283791670955126 * exp(-z * z)) / 2
    series = 0.0
    for k in range(9, 0, -1): series = -(2 * k - 1) / (x * x) * (1 + series)
    return float((-D(x) * D(x) / 2).exp() * D(-0.3989422804014327 * (1 + series)))
def gelu_slope(x):
    return float(x > 0) if abs(x) > 40 else math.erfc(-x * 0.7071067811865476) / 2 + x * 0.3989422804014327 * exp(-x * x / 2)

SELU, SELU_LEFT = 1.0507009873554805, 1.7580993408473769  # λ and λ·α: Klambauer et al. 2017, eq. 14
ACTIVATIONS = {
    'step': (lambda x: 1.0 if x > 0 else 0.0 if x <= 0 else x, lambda x: 0.0),
    'identity': (lambda x: x, lambda x: 1.0),
    'relu': (lambda x: 0.0 if x <= 0 else x, lambda x: 1.0 if x > 0 else 0.0 if x <= 0 else x),
    'leaky_relu': (lambda x, slope=0.01: x if x > 0 else slope * x, lambda x, slope=0.01: 1.0 if x > 0 else slope),
    'sigmoid': (sigmoid, sigmoid_slope),
    'tanh': (tanh, lambda x: 4 * sigmoid_slope(2 * x)),
    'softplus': (softplus, sigmoid),
    'elu': (lambda x, alpha=1.0: x if x > 0 else alpha * math.expm1(x),
            lambda x, alpha=1.0: 1.0 if x > 0 else alpha * exp(x)),
    'selu': (lambda x: SELU * x if x > 0 else SELU_LEFT * math.expm1(x), lambda x: SELU if x > 0 else SELU_LEFT * exp(x)),
    'gelu': (gelu, gelu_slope),
    'gelu_tanh': (lambda x: gate(x, TANH_GATE[0]), lambda x: gate_slope(x, *TANH_GATE)),
    'silu': (lambda x: gate(x, lambda x: x), lambda x: gate_slope(x, lambda x: x, lambda x: 1.0)),
    'hard_sigmoid': (lambda x: 1.0 if x >= 3 else 0.0 if x <= -3 else (x + 3) / 6,
                     lambda x: 1 / 6 if abs(x) < 3 else 0.0 if abs(x) >= 3 else x),
    'hard_tanh': (lambda x: 1.0 if x >= 1 else -1.0 if x <= -1 else x,
                  lambda x: 1.0 if abs(x) < 1 else 0.0 if abs(x) >= 1 else x),
    'softsign': (lambda x: x if abs(x) < 2**-54 else math.copysign(1 / (1 + 1 / abs(x)), x),
                 lambda x: 1 / (1 + abs(x)) * (1 / (1 + abs(x)))),
}

def softmax(x):
    e = [exp(v - max(x)) for v in x]
    y = [v / sum(e) for v in e]
    return y, lambda dy: [p * (d - dot(dy, y)) for p, d in zip(y, dy)]
def log_softmax(x):
    """The largest is left out of the sum, so that log1p keeps what the others add."""
    top = x.index(max(x))
    rest = log1p(sum(exp(v - x[top]) for j, v in enumerate(x) if j != top))
    return [v - x[top] - rest for v in x], lambda dy: [d - p * sum(dy) for p, d in zip(softmax(x)[0], dy)]
ROWWISE = {'softmax': softmax, 'log_softmax': log_softmax}

def activation(name, x, **parameters):
    if name in ROWWISE:
        ys, backs = zip(*map(ROWWISE[name], x.rows()))
        return like(x, flat(ys)), lambda dy: (like(x, flat(back(d) for back, d in zip(backs, dy.rows()))),)
    f, slope = ACTIVATIONS[name]
    return (like(x, (f(v, **parameters) for v in x.data)),
            lambda dy: (zipped(lambda v, d: d * slope(v, **parameters), x, dy),))

# ---- Losses: which targets mean something, and cost and slope of one prediction, or of a row of them. ----

def bce(p, y, _):
    a, b = -log(p), -log1p(-p)  # floored at 100; where neither is at its floor, the two slopes join
    slope = (p - y) / (p * (1 - p)) if a < 100 > b else -(y / p) if a < 100 else (1 - y) / (1 - p) if b < 100 else 0.0
    return y * min(a, 100.0) + (1 - y) * min(b, 100.0), slope
def bce_with_logits(z, y, _):
    return ((1 - y) * z if z > 0 else -y * z) + log1p(exp(-abs(z))), (1 - y) * sigmoid(z) - y * sigmoid(-z)
def huber(p, y, delta):
    r = p - y
    return (delta * (abs(r) - delta / 2), delta * sign(r)) if abs(r) > delta else (r * r / 2, r)
def softmax_cross_entropy(z, y):
    return -dot(y, log_softmax(z)[0]), [p * sum(y) - t for p, t in zip(softmax(z)[0], y)]
def log_ratio(y, p):
    """log(y/p), accurate where the two are close, and where their ratio leaves the range."""
    r = div(y, p)
    return log1p((y - p) / p) if 0.5 < r < 2 else log(r) if 2**-1022 <= r < INF or not p else log(y) - log(p)
def kl(p, y):
    return sum(b * log_ratio(b, a) if b else a * 0 for a, b in zip(p, y)), [-div(b, a) if b else 0.0 for a, b in zip(p, y)]

LOSSES = {
    'bce': bce, 'bce_with_logits': bce_with_logits, 'huber': huber,
    'mse': lambda p, y, _: ((p - y) * (p - y), 2 * (p - y)),
    'mae': lambda p, y, _: (abs(p - y), sign(p - y)),
    'hinge': lambda p, y, _: (1 - y * p, -y) if not y * p >= 1 else (0.0, 0.0),
}
ROW_LOSSES = {'softmax_cross_entropy': softmax_cross_entropy, 'kl': kl}

def loss_of(name, prediction, target, reduction, delta=1.0):
    """The cost of a batch, and its gradient by the prediction."""
    p, y = prediction, target
    must(p.shape == y.shape and p.data, 'prediction and target must have one shape, not empty, got', p.shape, y.shape)
    must(0 < delta < INF, 'delta must be positive and finite, got', delta)
    if name in ROW_LOSSES: costs, slopes = zip(*map(ROW_LOSSES[name], p.rows(), y.rows()))
    else: costs, slopes = zip(*map(LOSSES[name], p.data, y.data, cycle([delta])))
    n = len(costs) if reduction == 'mean' else 1
    return sum(costs) / n, like(p, (s / n for s in (flat(slopes) if name in ROW_LOSSES else slopes)))

# ---- Layers. ----

def dense(x, w, b):
    must(len(w.shape) == 2 and x.shape[-1:] == w.shape[:1] and b.shape == w.shape[1:], 'dense takes [n, in], [in, out], [out]')
    y = (dot(row, column) + bias for row in x.rows() for column, bias in zip(w.columns(), b.data))
    def pull(dy):
        dx, dw = (dot(d, v) for d in dy.rows() for v in w.rows()), (dot(a, d) for a in x.columns() for d in dy.columns())
        return like(x, dx), like(w, dw), like(b, map(sum, dy.columns()))
    return Tensor(x.shape[:-1] + b.shape, y), pull

def affine(hat, gamma, beta):
    must(hat.shape[-1:] == gamma.shape == beta.shape, 'gamma and beta must hold a number for each feature')
    def pull(dy):
        dgamma = map(dot, dy.columns(), hat.columns())
        return like(hat, map(mul, dy.data, cycle(gamma.data))), like(gamma, dgamma), like(beta, map(sum, dy.columns()))
    return like(hat, map(add, map(mul, cycle(gamma.data), hat.data), cycle(beta.data))), pull

def standardised(v, eps):
    """By its own moments, in two passes, so that a large mean does not cancel; also mean, sum of squares, and root."""
    mean = sum(v) / len(v)
    centred = [a - mean for a in v]
    squares = dot(centred, centred)
    root = sqrt(squares / len(v) + eps)
    return [div(c, root) for c in centred], mean, squares, root

def normalise(x, gamma, beta, eps, batch=False):
    """Every sample over its features, or every feature over the batch; also what standardised says of each group."""
    must(0 <= eps < INF, 'eps must be finite and not negative, got', eps)
    split, joined = (Tensor.columns, lambda groups: zip(*groups)) if batch else (Tensor.rows, list)
    groups = [standardised(v, eps) for v in split(x)]
    y, back = affine(like(x, flat(joined(g[0] for g in groups))), gamma, beta)
    def pull(dy):
        dhat, *rest = back(dy)
        def of_group(c, hat, _, __, root):
            mean, along = sum(c) / len(c), dot(c, hat) / len(c)
            return [div(d - mean - h * along, root) for d, h in zip(c, hat)]
        return (like(x, flat(joined(of_group(c, *g) for c, g in zip(split(dhat), groups)))), *rest)
    return y, pull, groups

def batch_norm(x, gamma, beta, mean, variance, eps, momentum=0.1, runningVariance='unbiased'):
    n = len(x.data) // x.shape[-1]
    must(0 <= momentum <= 1 and n > 1, 'momentum must lie in [0, 1] and the batch be at least 2, got', momentum, n)
    y, pull, groups = normalise(x, gamma, beta, eps, True)
    of_new = lambda kept, new: like(kept, ((1 - momentum) * k + momentum * v for k, v in zip(kept.data, new)))
    share = n - (runningVariance == 'unbiased')
    return y, pull, of_new(mean, [g[1] for g in groups]), of_new(variance, [g[2] / share for g in groups])

def batch_norm_eval(x, gamma, beta, mean, variance, eps):
    must(0 <= eps < INF, 'eps must be finite and not negative, got', eps)
    roots = [sqrt(v + eps) for v in variance.data]
    y, back = affine(like(x, (div(v - m, r) for v, m, r in zip(x.data, cycle(mean.data), cycle(roots)))), gamma, beta)
    def pull(dy):
        dhat, *rest = back(dy)
        return (like(x, map(div, dhat.data, cycle(roots))), *rest)
    return y, pull

def dropout(form, x, u, dropRate):
    """A number is dropped where its uniform is below the rate; alpha dropout keeps mean 0 and variance 1."""
    must(0 <= dropRate <= 1, 'dropRate must lie in [0, 1], got', dropRate)
    kept, a, b, low = 1 - dropRate if form == 'dropout' and dropRate < 1 else 1, 1.0, None, 0.0
    if form == 'alpha_dropout' and dropRate < 1:
        a = 1 / sqrt((1 - dropRate) * (1 + dropRate * SELU_LEFT * SELU_LEFT))
        b, low = a * dropRate * SELU_LEFT, a * dropRate * SELU_LEFT - a * SELU_LEFT
    line = (lambda v: a * v + b) if b is not None else (lambda v: v / kept)
    return (zipped(lambda v, d: low if d < dropRate else line(v), x, u),
            lambda dy: (zipped(lambda g, d: 0.0 if d < dropRate else a * g / kept, dy, u),))

def penalty(w, l1=0.0, l2=0.0):
    """What a tensor of weights adds to the loss, and its gradient."""
    must(0 <= l1 < INF and 0 <= l2 < INF, 'l1 and l2 must be finite and not negative, got', l1, l2)
    value = (l1 and l1 * sum(map(abs, w.data))) + (l2 and l2 / 2 * dot(w.data, w.data))
    return value, like(w, ((l1 and l1 * sign(v)) + (l2 and l2 * v) for v in w.data))

def max_norm(w, limit):
    """The weights into each unit scaled back to a norm of at most limit."""
    must(len(w.shape) == 2 and 0 <= limit < INF, 'weights must be [in, out] and the limit finite, got', w.shape, limit)
    norms = [math.hypot(*column) for column in w.columns()]
    return like(w, (v / n * limit if n > limit else v for v, n in zip(w.data, cycle(norms))))

# ---- Networks: layers as data, one after another; parameters, states and uniforms are taken in order. ----

def network(layers, x, params, state=(), uniforms=(), train=True):
    """The output, its pullback (to x and the parameters), the states that are kept, and the weights of dense layers."""
    params, state, uniforms, pulls, kept, weights = iter(params), iter(state), iter(uniforms), [], [], []
    for layer in layers:
        own = {k: v for k, v in layer.items() if k not in ('type', 'units')}
        if layer['type'] == 'dense':
            weights.append(next(params))
            must(weights[-1].shape[1:] == [layer['units']], 'weights must be [in, units], got', weights[-1].shape)
            x, pull = dense(x, weights[-1], next(params))
        elif layer['type'] == 'activation': x, pull = activation(x=x, **own)
        elif layer['type'] == 'layerNorm': x, pull, _ = normalise(x, next(params), next(params), **own)
        elif layer['type'] == 'batchNorm':
            four = next(params), next(params), next(state), next(state)
            if train: x, pull, *new = batch_norm(x, *four, **own)
            else: (x, pull), new = batch_norm_eval(x, *four, own['eps']), four[2:]
            kept += new
        elif train: x, pull = dropout(layer['type'], x, next(uniforms), **own)
        else: continue
        pulls.append(pull)
    def back(dy):
        gradients = []
        for pull in reversed(pulls):
            dy, *own = pull(dy)
            gradients = own + gradients
        return dy, gradients
    return x, back, kept, weights

def loss_and_grad(layers, params, x, loss, reduction, y, state=None, uniforms=(), regulariser={}):
    output, back, kept, weights = network(layers, x, params, state or (), uniforms)
    value, dy = loss_of(loss, output, y, reduction)
    extra = {id(w): penalty(w, **regulariser) for w in weights}
    gradients = [zipped(add, g, extra[id(w)][1]) if id(w) in extra else g for w, g in zip(params, back(dy)[1])]
    made = {'loss': scalar(value + sum(v for v, _ in extra.values())), 'output': output, 'gradients': gradients}
    return made if state is None else {**made, 'state': kept}

# ---- What is random: Threefry-2x32 of 20 rounds (Salmon et al. 2011), and weights from one uniform each. ----

def threefry(key, counters):
    """The blocks of many counters at once: each has 64 bits of one long integer, of which it uses half."""
    n = len(counters)
    ones = ((1 << 64 * n) - 1) // ((1 << 64) - 1)
    low, keys = ones * 0xFFFFFFFF, [ones * k for k in (*key, 0x1BD11BDA ^ key[0] ^ key[1])]
    x, y = (int.from_bytes(struct.pack(f'<{n}Q', *words), 'little') + k & low for words, k in zip(zip(*counters), keys))
    for i in range(20):
        r = (13, 15, 26, 6, 17, 29, 16, 24)[i % 8]
        x = x + y & low
        y = ((y << r | y >> 32 - r) & low) ^ x
        if i % 4 == 3:
            s = (i + 1) // 4
            x, y = x + keys[s % 3] & low, y + keys[(s + 1) % 3] + ones * s & low
    return list(zip(*(struct.unpack(f'<{n}Q', v.to_bytes(8 * n, 'little')) for v in (x, y))))

def key_of(seed):
    must(seed == int(seed) and abs(seed) < 2**53, 'a seed must be a safe integer, got', seed)
    return seed >> 32 & 0xFFFFFFFF, seed & 0xFFFFFFFF
def fold(key, child): return threefry(key, [(child & 0xFFFFFFFF, 1)])[0]
def uniforms(key, n):
    return [((a >> 6) * 2**26 + (b >> 6) + 0.5) * 2**-52 for a, b in (threefry(key, [(i, 0) for i in range(n)]) if n else [])]
def normal(u): return NormalDist().inv_cdf(u)  # Wichura 1988, AS 241
def normals(key, n): return list(map(normal, uniforms(key, n)))
def order(key, n): return sorted(range(n), key=uniforms(key, n).__getitem__)

SPREAD = 0.87962566103423978  # the deviation of a standard normal cut at ±2
def truncated(u, scale):
    z = normal(0.022750131948179207 + 0.95449973610364158 * min(u, 1 - u))  # from the nearer end, so that both are alike
    return scale * (max(z, -2.0) if u < 0.5 else min(-z, 2.0))
QUANTILES = {'point': lambda u, s: s, 'uniform': lambda u, s: s * (2 * u - 1), 'normal': lambda u, s: s * normal(u),
             'truncated': truncated}
INITIALIZERS = {  # the distribution, and its scale by fans and gain
    'zeros': ('point', lambda i, o, gain: 0.0), 'constant': ('point', lambda i, o, gain: gain),
    'normal': ('normal', lambda i, o, gain: gain), 'uniform': ('uniform', lambda i, o, gain: gain),
    'truncated_normal': ('truncated', lambda i, o, gain: gain),
    'truncated_normal_corrected': ('truncated', lambda i, o, gain: gain / SPREAD),
    'torch_linear': ('uniform', lambda i, o, gain: gain * sqrt(3) * sqrt(1 / 3 / i)),
}
def scaling(distribution, share, fan):
    """Var[w] = gain²·share/fan."""
    spread = {'uniform': sqrt(3), 'normal': 1.0, 'truncated': 1 / SPREAD}[distribution]
    return distribution, lambda i, o, gain: gain * spread * sqrt(share / fan(i, o))
for name, distributions, share, fan in [
    ('lecun_{}', 'normal uniform truncated', 1, lambda i, o: i), ('he_{}', 'normal uniform truncated', 2, lambda i, o: i),
    ('xavier_{}', 'normal uniform truncated', 1, lambda i, o: (i + o) / 2),
    ('he_{}_fan_out', 'normal uniform', 2, lambda i, o: o), ('he_{}_fan_avg', 'normal uniform', 2, lambda i, o: (i + o) / 2),
]: INITIALIZERS.update({name.format(d): scaling(d, share, fan) for d in distributions.split()})

def initial(name, u, fanIn, fanOut, gain=1.0):
    distribution, scale = INITIALIZERS[name]
    must(fanIn > 0 and fanOut > 0 and abs(gain) < INF and (gain >= 0 or distribution == 'point'),
         'fans must be positive and the gain finite, and not negative as a deviation, got', fanIn, fanOut, gain)
    return like(u, (QUANTILES[distribution](v, scale(fanIn, fanOut, gain)) for v in u.data))

# ---- Optimizers: hyper-parameters, memory of a weight, and its recurrence in gradient g, weight w and step k. ----

def ema(beta, m, x): return beta * m + (1 - beta) * x
def grown(beta, k): return -math.expm1(k * log(beta))  # 1 − βᵏ
def share_of(beta, psi, scheduled, k): return beta * (1 - exp(k * psi * log(0.96)) / 2) if scheduled else beta
def part(n): return (n - 4) * (n - 2) / n
BETAS, EPSILONS = 'beta1=.9 beta2=.999', 'eps=1e-8 epsRoot=0 epsHat=0'
MEANS = 'mu = ema(beta1, mu, g); nu = ema(beta2, nu, g * g); first = mu / grown(beta1, k); c2 = grown(beta2, k); seen = nu / c2;'
ROOT = '(sqrt(seen + epsRoot) + eps + epsHat / sqrt(c2))'
FREE = 'total += lr * lr; dz = -lr * (towards + (weightDecay and weightDecay * w)); z += dz; ' \
    'dx = (lr * lr / total if total > 0 else 0) * (z - x); x += dx; delta = (1 - beta1) * dz + beta1 * dx'
OPTIMIZERS = {name: (dict(h.split('=') for h in hyper.split()), dict(s.split('=') for s in slots.split()),
                     compile(recurrence, name, 'exec')) for name, hyper, slots, recurrence in [
    ('sgd', 'lr=.01', '', 'delta = -lr * g'),
    ('momentum', 'lr=.01 momentum=.9 dampening=0 firstStepFull=0 lrInside=0', 'v=0',
     'push = (1 if firstStepFull and k == 1 else 1 - dampening) * g; v = momentum * v + (lr * push if lrInside else push);'
     'delta = -v if lrInside else -lr * v'),
    ('nesterov', 'lr=.01 momentum=.9 lrInside=0', 'v=0',
     'push = lr * g if lrInside else g; v = momentum * v + push; delta = -(1 if lrInside else lr) * (push + momentum * v)'),
    ('rprop', 'lr=.01 up=1.2 down=.5 minFactor=1e-4 maxFactor=5000', 'factor=1 last=0',
     'turn = sign(g) * sign(last); factor *= up if turn > 0 else down if turn < 0 else 1; last = 0 if turn < 0 else g;'
     'factor = min(max(factor, minFactor), maxFactor); delta = -lr * (factor * sign(last))'),
    ('sign_sgd', 'lr=.001', '', 'delta = -lr * sign(g)'),
    ('signum', 'lr=.001 momentum=.9', 'mu=0', 'mu = ema(momentum, mu, g); delta = -lr * sign(mu)'),
    ('lion', 'lr=1e-4 beta1=.9 beta2=.99 weightDecay=0', 'mu=0',
     'delta = -lr * (sign(ema(beta1, mu, g)) + (weightDecay and weightDecay * w)); mu = ema(beta2, mu, g)'),
    ('adagrad', 'lr=.01 eps=1e-10 epsRoot=0 initialAccumulator=0', 'total=initialAccumulator',
     'total += g * g; delta = -lr * div(g, sqrt(total + epsRoot) + eps)'),
    ('rmsprop', 'lr=.01 decay=.99 eps=1e-8 epsRoot=0 centered=0 momentum=0', 'nu=0 mean=0 v=0',
     'nu = ema(decay, nu, g * g); mean = ema(decay, mean, g); spread = max(nu - mean * mean, 0) if centered else nu;'
     'v = momentum * v + div(g, sqrt(spread + epsRoot) + eps); delta = -lr * v'),
    ('adadelta', 'lr=1 decay=.9 epsRoot=1e-6', 'nu=0 moved=0',
     'nu = ema(decay, nu, g * g); towards = div(sqrt(moved + epsRoot), sqrt(nu + epsRoot)) * g;'
     'moved = ema(decay, moved, towards * towards); delta = -lr * towards'),
    ('adamax', f'lr=.002 {BETAS} eps=1e-8 epsInner=0', 'mu=0 most=0',
     'mu = ema(beta1, mu, g); most = max(beta2 * most, abs(g) + epsInner);'
     'delta = -lr * (div(mu / grown(beta1, k), most + eps) if most + eps > 0 else 0)'),
    ('adam', f'lr=.001 {BETAS} {EPSILONS}', 'mu=0 nu=0', f'{MEANS} delta = -lr * div(first, {ROOT})'),
    ('adamw', f'lr=.001 {BETAS} {EPSILONS} weightDecay=.01', 'mu=0 nu=0',
     f'{MEANS} delta = -lr * (div(first, {ROOT}) + (weightDecay and weightDecay * w))'),
    ('amsgrad', f'lr=.001 {BETAS} {EPSILONS} maxCorrected=0', 'mu=0 nu=0 most=0',
     f'{MEANS} most = max(most, seen if maxCorrected else nu); seen = most if maxCorrected else most / c2;'
     f'delta = -lr * div(first, {ROOT})'),
    ('nadam', f'lr=.002 {BETAS} {EPSILONS} psi=.004 scheduled=1', 'mu=0 nu=0 product=1',
     f'{MEANS} now = share_of(beta1, psi, scheduled, k); next = share_of(beta1, psi, scheduled, k + 1); product *= now;'
     f'delta = -lr * div(next * mu / (1 - product * next) + (1 - now) * g / (1 - product), {ROOT})'),
    ('radam', f'lr=.001 {BETAS} {EPSILONS} threshold=5', 'mu=0 nu=0',
     f'{MEANS} longest = 2 / (1 - beta2) - 1; length = longest - 2 * k * (1 - c2) / c2;'
     f'delta = -lr * (div(sqrt(part(length) / part(longest)) * first, {ROOT}) if length > threshold else first)'),
    ('adabelief', f'lr=.001 {BETAS} eps=1e-16 epsAdded=1e-16', 'mu=0 nu=0',
     'mu = ema(beta1, mu, g); nu = ema(beta2, nu, (g - mu) * (g - mu)) + epsAdded;'
     'delta = -lr * div(mu / grown(beta1, k), sqrt(nu / grown(beta2, k)) + eps)'),
    ('yogi', f'lr=.01 {BETAS} eps=1e-3 initialMoment=0 initialAccumulator=1e-6', 'mu=initialMoment nu=initialAccumulator',
     'mu = ema(beta1, mu, g); nu -= (1 - beta2) * sign(nu - g * g) * (g * g);'
     'delta = -lr * div(mu / grown(beta1, k), sqrt(nu / grown(beta2, k)) + eps)'),
    ('adan', 'lr=.001 beta1=.98 beta2=.92 beta3=.99 eps=1e-8', 'mu=0 change=0 nu=0 last=0',
     'd = g - last if k > 1 else 0; last = g; ahead = g + beta2 * d; mu = ema(beta1, mu, g); change = ema(beta2, change, d);'
     'nu = ema(beta3, nu, ahead * ahead); towards = mu / grown(beta1, k) + beta2 * (change / grown(beta2, k));'
     'delta = -lr * div(towards, sqrt(nu / grown(beta3, k)) + eps)'),
    ('adopt', 'lr=.001 beta1=.9 beta2=.9999 eps=1e-6', 'mu=0 nu=0',
     'limit = sqrt(sqrt(k)); normed = min(max(div(g, max(sqrt(nu), eps)), -limit), limit) if k > 1 else 0;'
     'mu = ema(beta1, mu, normed); nu = ema(beta2, nu, g * g) if k > 1 else g * g; delta = -lr * mu'),
    ('schedule_free_sgd', 'lr=1 beta1=.9 weightDecay=0', 'z=w x=w total=0', f'towards = g; {FREE}'),
    ('schedule_free_adamw', f'lr=.0025 {BETAS} eps=1e-8 weightDecay=0', 'z=w x=w total=0 nu=0',
     f'nu = ema(beta2, nu, g * g); towards = div(g, sqrt(nu / grown(beta2, k)) + eps); {FREE}'),
]}
SHARES, DECAYS = 'firstStepFull lrInside centered maxCorrected scheduled'.split(), 'momentum dampening decay beta1 beta2 beta3'.split()
def in_range(key, v):
    return 0 <= v <= 1 if key in SHARES else 0 <= v < 1 if key in DECAYS else (4 if key == 'threshold' else 0) <= v < INF

class Optimizer:
    """A rule at work: a memory for every weight."""
    def __init__(self, name, hyper, params):
        own, slots, self.rule = OPTIMIZERS[name]
        for key, v in hyper.items(): must(key in own and in_range(key, v), name, 'cannot take', key, v)
        hyper, self.k = {**{key: float(v) for key, v in own.items()}, **hyper}, 0
        start = lambda w: {**hyper, **{s: eval(v, None, {**hyper, 'w': w}) for s, v in slots.items()}}
        self.memory = [[start(w) for w in leaf.data] for leaf in params]
    def step(self, params, gradients, **rate):
        """The parameters after a step."""
        self.k += 1
        def moved(m, w, g):
            m.update(g=g, w=w, k=self.k, **rate)
            exec(self.rule, globals(), m)
            return w + m['delta']
        return [like(w, list(map(moved, m, w.data, g.data))) for m, w, g in zip(self.memory, params, gradients)]
    def evaluated(self, params): return [like(w, (s.get('x', v) for s, v in zip(m, w.data))) for m, w in zip(self.memory, params)]

# ---- Around optimizers: gradients cut to a limit, decay, looks ahead, averages; and schedules of the rate. ----

def cut(gradients, norms, limit, eps=0.0):
    return [like(g, (v * min(div(limit, n + eps), 1.0) if n + eps > limit else v for v in g.data)) for g, n in zip(gradients, norms)]
def norms(gradients): return [sqrt(dot(g.data, g.data)) for g in gradients]
def joint(gradients): return [sqrt(sum(dot(g.data, g.data) for g in gradients))] * len(gradients)
CLIPS = {'by_value': lambda gs, limit, eps=0: [like(g, (min(max(v, -limit), limit) for v in g.data)) for g in gs],
         'by_norm': lambda gs, limit, eps=0: cut(gs, norms(gs), limit, eps),
         'by_global_norm': lambda gs, limit, eps=0: cut(gs, joint(gs), limit, eps)}
WRAPPERS = {'clip_by_value': {'limit': 1}, 'clip_by_norm': {'limit': 1, 'eps': 0}, 'clip_by_global_norm': {'limit': 1, 'eps': 0},
            'coupled_decay': {'l2': 1e-4}, 'lookahead': {'period': 5, 'alpha': .5}, 'ema': {'decay': .999}}

def wrapped(name, params, gradients, inner, innerHyper, hyper):
    for key, v in hyper.items():
        must(key in WRAPPERS[name] and in_range(key, v) and (key != 'alpha' or v <= 1) and (v or key in ('eps', 'l2', 'alpha', 'decay')), name, 'cannot take', key, v)
    h, rule, ws, kept, weight, made, seen = {**WRAPPERS[name], **hyper}, Optimizer(inner, innerHyper, params), params, params, 0.0, [], []
    for k, gs in enumerate(gradients, 1):
        if name.startswith('clip'): gs = CLIPS[name[5:]](gs, **h)
        if name == 'coupled_decay': gs = [zipped(lambda g, w: g + h['l2'] * w, g, w) for g, w in zip(gs, ws)]
        ws = rule.step(ws, gs)
        if name == 'lookahead' and k % h['period'] == 0:
            kept = [zipped(lambda s, f: s + h['alpha'] * (f - s), s, f) for s, f in zip(kept, ws)]
            ws = ws if h['alpha'] == 1 else kept
        evaluated = rule.evaluated(ws)
        if name == 'ema':
            kept = [zipped(lambda m, w: ema(h['decay'], m if k > 1 else 0, w), m, w) for m, w in zip(kept, ws)]
            weight = ema(h['decay'], weight, 1)
            evaluated = [like(m, (v / weight for v in m.data)) for m in kept]
        made.append(ws), seen.append(evaluated)
    return {'params': made, 'evaluated': seen}

def cos_pi(x): return -cos_pi(1 - x) if x > .5 else math.cos(math.pi * x) if x < .25 else math.sin(math.pi * (.5 - x))
def half_cosine(a, b, t): return b + (a - b) * ((1 + cos_pi(t)) / 2)
def restarts(at, first, growth, cycles):
    """How far the cycle has come that the step is in: each begins where the one before has ended."""
    for _ in range(int(cycles) - 1):
        if at < first: break
        at, first = at - first, first * growth
    return min(at / first, 1)
SCHEDULES = {name: (dict(h.split('=') for h in hyper.split()), compile(factor, name, 'eval')) for name, hyper, factor in [
    ('constant', '', '1'),
    ('step', 'every=100 gamma=.1', 'gamma ** (at // every)'),
    ('exponential', 'every=100 rate=.5 staircase=0', 'rate ** (at // every if staircase else at / every)'),
    ('inverse_root', 'warmup=100', 'min(k / warmup, sqrt(warmup / k))'),
    ('polynomial', 'steps=1000 power=1 final=0', '(1 - final) * (max(steps - at, 0) / steps) ** power + final'),
    ('cosine', 'steps=1000 final=0', 'half_cosine(1, final, min(at / steps, 1))'),
    ('warm_restarts', 'first=100 growth=2 final=0 cycles=10', 'half_cosine(1, final, restarts(at, first, growth, cycles))'),
    ('one_cycle', 'steps=1000 peak=.3 start=.04 final=4e-6', 'half_cosine(start, 1, min(at / (peak * steps), 1)) if at < peak * steps '
     'else half_cosine(1, final, min(max((at - peak * steps) / (steps - peak * steps), 0), 1))'),
    ('warmup_stable_decay', 'steps=1000 warmup=100 decay=200 rooted=0', 'min(k / warmup if k < warmup else 1, '
     '1 - (sqrt if rooted else float)(min(max((at - steps + decay) / decay, 0), 1)))'),
]}
def schedule(name, hyper, steps):
    own, factor = SCHEDULES[name]
    must(all(key in own and v >= 0 for key, v in hyper.items()), name, 'cannot take', hyper)
    h = {**{key: float(v) for key, v in own.items()}, **hyper}
    return Tensor([len(steps)], (eval(factor, globals(), {**h, 'k': k, 'at': k - 1}) for k in steps))

# ---- What the port can do: an entry of the contract, and the function that answers it by its arguments. ----

def optimise(name, params, gradients, hyper, rates=None):
    rule, made = Optimizer(name, hyper, params), []
    for i, gs in enumerate(gradients): made.append(params := rule.step(params, gs, **({'lr': rates[i]} if rates else {})))
    return {'params': made}
def accepts(f, *args):
    """Whether it answers rather than refuse."""
    try: f(*args)
    except Exception: return False
    return True
def penalties(params, every, **strengths):
    made = [penalty(w, **strengths) if i % every == 0 else (0.0, full(w.shape)) for i, w in enumerate(params)]
    return {'value': scalar(sum(v for v, _ in made)), 'gradients': [g for _, g in made]}
def with_penalty(x, y, w, b, loss, reduction, **strengths):
    made = loss_and_grad([{'type': 'dense', 'units': w.shape[1]}], [w, b], x, loss, reduction, y, regulariser=strengths)
    return {'loss': made['loss'], 'dw': made['gradients'][0], 'db': made['gradients'][1]}
def forward(f): return lambda **a: {'y': f(**a)[0]}
def vjp(f, names='dx'): return lambda dy, **a: dict(zip(names.split(), f(**a)[1](dy)))
def start(*names): return lambda features: {n: full([features], float(n in ('gamma', 'variance'))) for n in names}

AFFINE = 'dx dgamma dbeta'
DRAWS = {'uniform': uniforms, 'normal': normals}
GAINS = {'identity': 1.0, 'sigmoid': 1.0, 'tanh': 5 / 3, 'relu': sqrt(2), 'leaky_relu': None, 'selu': .75}
DROPOUTS = 'dropout', 'classic_dropout', 'alpha_dropout'
ENTRIES = {
    'layer.dense.forward': forward(dense), 'layer.dense.vjp': vjp(dense, 'dx dw db'),
    'layer.batch_norm.start': start('gamma', 'beta', 'mean', 'variance'), 'layer.layer_norm.start': start('gamma', 'beta'),
    'layer.batch_norm.train': lambda **a: dict(zip(('y', '', 'mean', 'variance'), batch_norm(**a))),
    'layer.batch_norm.train_vjp': vjp(batch_norm, AFFINE),
    'layer.batch_norm.eval': forward(batch_norm_eval), 'layer.batch_norm.eval_vjp': vjp(batch_norm_eval, AFFINE),
    'layer.layer_norm.forward': forward(normalise), 'layer.layer_norm.vjp': vjp(normalise, AFFINE),
    'random.threefry.block': lambda key, counter: {'words': threefry(key, [counter])[0]},
    'random.threefry.key': lambda seed: {'words': key_of(seed)},
    'random.threefry.fold': lambda key, child: {'words': fold(key, child)},
    'random.threefry.split': lambda key, n: {'keys': [fold(key, i) for i in range(n)]},
    'random.threefry.uniforms': lambda key, count: {'values': Tensor([count], uniforms(key, count))},
    'random.threefry.order': lambda key, count: {'order': order(key, count)},
    'random.permutation.sample': lambda seed, count: {'order': order(key_of(seed), count)},
    'random.bernoulli.from_uniforms': lambda u, p: {'values': like(u, (float(v < p) for v in u.data))},
    'wrapper.sam.probe': lambda params, gradients, hyper: {'params': [
        zipped(lambda w, g: w + (hyper.get('rho', .05) / n if n > 0 else 0) * g, w, g)
        for w, g, n in zip(params, gradients, joint(gradients))]},
    'regulariser.max_norm.project': lambda w, limit: {'w': max_norm(w, limit)},
    'regulariser.max_norm.constrain': lambda params, limit: {
        'params': [w if i % 2 else max_norm(w, limit) for i, w in enumerate(params)]},
    'model.network.loss_and_grad': loss_and_grad,
    'model.network.forward': lambda layers, params, x, mode, state=(), uniforms=(): {
        'output': network(layers, x, params, state, uniforms, mode == 'train')[0]},
    'model.network.refuses': lambda **a: {'refused': not accepts(lambda: loss_and_grad(**a))},
    'session.text.round_trip': lambda values: {'values': like(values, json.loads(json.dumps(values.data)))},
}
def each(template, names, of): ENTRIES.update({template.format(n): of(n) for n in names})
each('activation.{}.forward', [*ACTIVATIONS, *ROWWISE], lambda n: forward(lambda **a: activation(n, **a)))
each('activation.{}.vjp', [*ACTIVATIONS, *ROWWISE], lambda n: vjp(lambda **a: activation(n, **a)))
each('loss.{}.forward', [*LOSSES, *ROW_LOSSES], lambda n: lambda **a: {'loss': scalar(loss_of(n, **a)[0])})
each('loss.{}.vjp', [*LOSSES, *ROW_LOSSES], lambda n: lambda **a: {'dprediction': loss_of(n, **a)[1]})
each('initializer.{}.from_uniforms', INITIALIZERS, lambda n: lambda **a: {'w': initial(n, **a)})
each('initializer.{}.sample', INITIALIZERS, lambda n: lambda shape, seed, **a: {
    'w': initial(n, Tensor(shape, uniforms(key_of(seed), math.prod(shape))), **a)})
each('random.{}.sample', DRAWS, lambda n: lambda seed, count: {'values': Tensor([count], DRAWS[n](key_of(seed), count))})
each('random.{}.children', DRAWS, lambda d: lambda seed, n, count: {
    'streams': [Tensor([count], DRAWS[d](fold(key_of(seed), i), count)) for i in range(n)]})
each('gain.{}.value', GAINS, lambda n: lambda slope=0.0: {'gain': GAINS[n] or sqrt(2 / (1 + slope * slope))})
each('layer.{}.train', DROPOUTS, lambda n: forward(lambda **a: dropout(n, **a)))
each('layer.{}.train_vjp', DROPOUTS, lambda n: vjp(lambda **a: dropout(n, **a)))
each('layer.{}.eval', DROPOUTS, lambda n: lambda x, dropRate: {
    'y': like(x, (v * (1 - dropRate) if n == 'classic_dropout' else v for v in x.data))})
each('layer.{}.sample', DROPOUTS[:2], lambda n: lambda x, dropRate, seed, step, place: {
    'y': dropout(n, x, like(x, uniforms(fold(fold(key_of(seed), place), step), len(x.data))), dropRate)[0]})
def used(n, a): return {k: v for k, v in a.items() if n in (k, 'elastic_net')}
PENALTIES = 'l1', 'l2', 'elastic_net'
each('regulariser.{}.value', PENALTIES, lambda n: lambda w, **a: {'value': scalar(penalty(w, **used(n, a))[0])})
each('regulariser.{}.gradient', PENALTIES, lambda n: lambda w, **a: {'dw': penalty(w, **used(n, a))[1]})
each('regulariser.{}.penalty', PENALTIES, lambda n: lambda params, **a: penalties(params, 2, **used(n, a)))
each('regulariser.{}.penalty_with_biases', PENALTIES, lambda n: lambda params, **a: penalties(params, 1, **used(n, a)))
each('regulariser.{}.loss_and_grad', PENALTIES, lambda n: lambda x, y, w, b, loss, reduction, **a: with_penalty(
    x, y, w, b, loss, reduction, **used(n, a)))
each('optimizer.{}.run', OPTIMIZERS, lambda n: lambda **a: optimise(n, **a))
each('optimizer.{}.run_with_rates', OPTIMIZERS, lambda n: lambda **a: optimise(n, **a))
each('optimizer.{}.accepts', OPTIMIZERS, lambda n: lambda hyper: {'accepted': accepts(Optimizer, n, hyper, [])})
each('wrapper.{}.run', WRAPPERS, lambda n: lambda **a: wrapped(n, **a))
each('clip.{}.apply', CLIPS, lambda n: lambda gradients, **a: {'gradients': CLIPS[n](gradients, **a)})
each('schedule.{}.factor', SCHEDULES, lambda n: lambda **a: {'factor': schedule(n, **a)})

# ---- The protocol: JSON Lines, tensors as base64 of little-endian doubles, or as lists where they come as such. ----

NAMED = {'NaN': NAN, 'Infinity': INF, '-Infinity': -INF}

def read(v):
    """What a JSON object means: a tensor, or a record whose numbers may be spelled out."""
    if 'f64' in v: return Tensor(v['shape'], struct.unpack(f'<{math.prod(v["shape"])}d', binascii.a2b_base64(v['f64'])))
    if 'shape' in v and 'data' in v: return Tensor(v['shape'], map(float, v['data']))
    return {k: NAMED.get(x, x) if isinstance(x, str) else x for k, x in v.items()}

def write(v, form):
    if isinstance(v, Tensor): return {'shape': v.shape, **form(v.data)}
    if isinstance(v, dict): return {k: write(x, form) for k, x in v.items() if k}
    if isinstance(v, (list, tuple)): return [write(x, form) for x in v]
    return v if not isinstance(v, float) or abs(v) < INF else 'NaN' if v != v else 'Infinity' if v > 0 else '-Infinity'

def base64(data): return {'f64': binascii.b2a_base64(struct.pack(f'<{len(data)}d', *data), newline=False).decode()}

def answer(op, args):
    """One call, with tensors as {shape, data}: the engine without the protocol."""
    return write(ENTRIES[op](**json.loads(json.dumps(args), object_hook=read)), lambda data: {'data': data})

def result(call):
    try: return {'result': write(ENTRIES[call['entry']](**call['args']), base64)}
    except Exception as error: return {'error': f'{type(error).__name__}: {error}'}

def serve():
    hello = {'type': 'hello', 'protocol': 1, 'engine': 'example in Python', 'version': '1', 'dtype': 'f64',
             'parts': ['dense', 'activation', 'batchNorm', 'layerNorm', 'dropout', 'regulariser'], 'entries': list(ENTRIES),
             'hyper': {'batch_norm': ['runningVariance'], **{n: list(own) for n, (own, _, _) in OPTIMIZERS.items()}}}
    for line in sys.stdin:
        message = json.loads(line, object_hook=read)
        if message['type'] == 'bye': break
        reply = hello if message['type'] == 'hello' else {
            'type': 'answer', 'id': message['id'], 'answers': list(map(result, message['calls']))}
        print(json.dumps(reply), flush=True)

if __name__ == '__main__': serve()
