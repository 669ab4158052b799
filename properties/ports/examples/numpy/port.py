#!/usr/bin/env python3
"""A small engine on NumPy and its port: arrays in, arrays out.

A differentiable function returns its value and its pullback, which turns a cotangent of the value into those of its
arguments, in their order. Layers, losses, operations and optimizers are rows of tables; ENTRIES, at the end, says which
entries of the contract they answer to, and serve() speaks the protocol.
"""
import base64, inspect, json, math, sys
from functools import partial
from statistics import NormalDist

import numpy as np

np.seterr(all='ignore')  # infinities and NaN are values here
INF = math.inf

def must(fits, *what):
    if not fits: raise ValueError(' '.join(map(str, what)))

# ---- Elementary functions that numpy lacks, and products with twice the digits. ----
erf, erfc = np.vectorize(math.erf, otypes=[float]), np.vectorize(math.erfc, otypes=[float])
normal_quantile = np.vectorize(NormalDist().inv_cdf, otypes=[float])  # Wichura 1988, AS 241
def sigmoid(x): return np.where(x < -40, np.exp(x), 1 / (1 + np.exp(-x)))
def sigmoid_slope(x):
    """By e^(−|x|), so that both tails keep their relative accuracy."""
    e = np.exp(-np.abs(x))
    return np.minimum(e / ((1 + e) * (1 + e)), 0.25)
def tanh(x):
    t = np.expm1(-2 * np.abs(x))
    return np.where(np.abs(x) < 2**-28, x, np.copysign(-t / (2 + t), x))
def softplus(x): return np.where(x > 40, x, np.log1p(np.exp(x)))
def halves(a):
    """The upper and the lower half of the digits: Veltkamp 1968."""
    high = 134217729.0 * a - (134217729.0 * a - a)
    return high, a - high
def exactly(a, b):
    """a·b as a double, and what it leaves out: Dekker 1971."""
    p, (ah, al), (bh, bl) = a * b, halves(a), halves(b)
    return p, ((ah * bh - p) + ah * bl + al * bh) + al * bl
def decayed(scale, u, rest=0.0):
    """scale·e^(−u − rest), rounded once where it is below the smallest normal number."""
    low = u > 600
    return scale * np.exp(np.where(low, 512 - u, -u)) * (1 - rest) * np.where(low, math.exp(-512), 1.0)
def gate(x, u, rest=0.0):
    """x·σ(u + rest), for x and u of one sign."""
    e = np.exp(-np.abs(u)) * (1 - np.abs(rest))
    return np.where(x < 0, decayed(x, -u, -rest) / (1 + e), x / (1 + e))
def far(x, limit, y):
    """y up to a limit, beyond which it is 0 on the left and x on the right."""
    return np.where(x < -limit, -0.0, np.where(x > limit, x, y))
def silu(x):
    a = np.clip(x, -800, 800)
    return far(x, 800, gate(a, a))
def gelu_tanh(x):
    """x·σ(u), u = 2·√(2/π)·(x + 0.044715·x³) with twice the digits, since an exponential magnifies its error."""
    a = np.clip(x, -40, 40)
    square, off = exactly(a, a)
    cube, rest = exactly(square, 0.07135481627260025)
    line = 1.5957691216057308 + cube
    low = 1.5957691216057308 - (line - (line - 1.5957691216057308)) + (cube - (line - 1.5957691216057308))
    low = low + rest + off * 0.07135481627260025
    u, more = exactly(line, a)
    return far(x, 40, gate(a, u, more + a * (low - square * 6.175149918155315e-19 - 9.96930880911092e-17)))
def gelu(x):
    """x·erfc(−x/√2)/2, the rounding of x/√2 put back; far on the left by the asymptotic series of the tail."""
    a = np.clip(x, -40, 40)
    high, low = exactly(-a, 0.7071067811865476)
    near = a * (erfc(high) - (low + a * 4.833646656726457e-17) * (1.1283791670955126 * np.exp(-high * high))) / 2
    b = np.minimum(a, -25)
    series = 0.0
    for k in range(17, 0, -2): series = -k / (b * b) * (1 + series)
    high, low = exactly(b, b)
    return far(x, 40, np.where(a < -25, decayed(-0.3989422804014327 * (1 + series), high / 2, low / 2), near))
def gelu_slope(x):
    a = np.clip(x, -40, 40)
    return erfc(-a * math.sqrt(0.5)) / 2 + a * (0.3989422804014327 * np.exp(-a * a / 2))
def gated_slope(y, u, slope):  # Of y = x·σ(u)
    return sigmoid(u) + y * slope * sigmoid(-u)
def gelu_tanh_slope(x):
    a = np.clip(x, -30, 30)
    u, slope = 1.5957691216057308 * a * (1 + 0.044715 * a * a), 1.5957691216057308 * (1 + 0.134145 * a * a)
    return gated_slope(gelu_tanh(a), u, slope)
def silu_slope(x):
    a = np.clip(x, -800, 800)
    return gated_slope(silu(a), a, 1)

# ---- Activations: the function and its slope; softmax and its logarithm are of whole rows. ----
SELU, LEFT = 1.0507009873554805, 1.7580993408473769  # λ and λ·α: Klambauer et al. 2017, eq. 14
step = lambda x: np.where(x > 0, 1.0, np.where(x <= 0, 0.0, x))  # NaN stays
inside = lambda x, limit, slope: np.where(np.abs(x) < limit, slope, np.where(np.abs(x) >= limit, 0.0, x))
ACTIVATIONS = {
    'step': (step, lambda x: np.zeros_like(x)),
    'identity': (lambda x: x, lambda x: np.ones_like(x)),
    'relu': (lambda x: np.where(x <= 0, 0.0, x), step),
    'leaky_relu': (lambda x, slope=0.01: np.where(x > 0, x, slope * x),
                   lambda x, slope=0.01: np.where(x > 0, 1.0, slope)),
    'sigmoid': (sigmoid, sigmoid_slope),
    'tanh': (tanh, lambda x: 4 * sigmoid_slope(2 * x)),
    'softplus': (softplus, sigmoid),
    'elu': (lambda x, alpha=1.0: np.where(x > 0, x, alpha * np.expm1(x)),
            lambda x, alpha=1.0: np.where(x > 0, 1.0, alpha * np.exp(x))),
    'selu': (lambda x: np.where(x > 0, SELU * x, LEFT * np.expm1(x)),
             lambda x: np.where(x > 0, SELU, LEFT * np.exp(x))),
    'gelu': (gelu, gelu_slope),
    'gelu_tanh': (gelu_tanh, gelu_tanh_slope),
    'silu': (silu, silu_slope),
    'hard_sigmoid': (lambda x: np.clip((x + 3) / 6, 0, 1), lambda x: inside(x, 3, 1 / 6)),
    'hard_tanh': (lambda x: np.clip(x, -1, 1), lambda x: inside(x, 1, 1.0)),
    'softsign': (lambda x: np.where(np.abs(x) < 2**-54, x, np.copysign(1 / (1 + 1 / np.abs(x)), x)),
                 lambda x: (1 / (1 + np.abs(x))) ** 2),
}
def top(x):
    """The largest of each row, and which one it is."""
    at = np.argmax(x, -1, keepdims=True)
    return np.take_along_axis(x, at, -1), np.arange(x.shape[-1]) == at
def softmax(x):
    e = np.exp(x - top(x)[0])
    y = e / e.sum(-1, keepdims=True)
    return y, lambda dy: (y * (dy - (dy * y).sum(-1, keepdims=True)),)
def log_softmax(x):
    """The largest is left out of the sum, so that log1p keeps what the others add."""
    most, first = top(x)
    y = x - most - np.log1p(np.where(first, 0.0, np.exp(x - most)).sum(-1, keepdims=True))
    return y, lambda dy: (dy - softmax(x)[0] * dy.sum(-1, keepdims=True),)
def pointwise(f, df, x, **parameters):
    def pull(dy):
        must(dy.shape == x.shape, 'dy must have the shape of x, got', dy.shape, x.shape)
        return (dy * df(x, **parameters),)
    return f(x, **parameters), pull
FUNCTIONS = {name: partial(pointwise, *both) for name, both in ACTIVATIONS.items()}
FUNCTIONS.update(softmax=softmax, log_softmax=log_softmax)

# ---- Losses: what a prediction costs against a target, and the slope of that. ----
def bce(p, y, _):
    a, b = -np.log(p), -np.log1p(-p)  # floored at 100; where neither is at its floor, the two slopes join
    apart = np.where(a < 100, -(y / p), np.where(b < 100, (1 - y) / (1 - p), 0.0))
    slope = np.where((a < 100) & (b < 100), (p - y) / (p * (1 - p)), apart)
    return y * np.minimum(a, 100) + (1 - y) * np.minimum(b, 100), slope
def bce_with_logits(z, y, _):
    cost = np.where(z > 0, (1 - y) * z, -y * z) + np.log1p(np.exp(-np.abs(z)))
    return cost, (1 - y) * sigmoid(z) - y * sigmoid(-z)
def huber(p, y, delta):
    r = p - y
    return np.where(np.abs(r) <= delta, r * r / 2, delta * (np.abs(r) - delta / 2)), np.clip(r, -delta, delta)
def hinge(p, y, _):
    met = y * p >= 1
    return np.where(met, 0.0, 1 - y * p), np.where(met, 0.0, -y)
def cross_entropy(z, y, _): return -(y * log_softmax(z)[0]).sum(-1), softmax(z)[0] * y.sum(-1, keepdims=True) - y
def kl(p, y, _):
    r = y / p
    apart = np.where((r >= 2**-1022) & (r < INF) | (p == 0), np.log(r), np.log(y) - np.log(p))
    ratio = np.where((r > 0.5) & (r < 2), np.log1p((y - p) / p), apart)  # accurate where the two are close
    return np.where(y == 0, p * 0, y * ratio).sum(-1), np.where(y == 0, 0.0, -r)
LOSSES = {
    'bce': bce, 'bce_with_logits': bce_with_logits, 'huber': huber, 'hinge': hinge, 'kl': kl,
    'softmax_cross_entropy': cross_entropy,
    'mse': lambda p, y, _: ((p - y) * (p - y), 2 * (p - y)),
    'mae': lambda p, y, _: (np.abs(p - y), np.sign(p - y)),
}
def loss_of(name, prediction, target, reduction, delta=1.0):
    """The cost of a batch, and its gradient by the prediction."""
    must(prediction.shape == target.shape and target.size, 'unfit shapes:', prediction.shape, target.shape)
    must(0 < delta < INF, 'delta must be positive and finite, got', delta)
    costs, slopes = LOSSES[name](prediction, target, delta)
    n = costs.size if reduction == 'mean' else 1
    return costs.sum() / n, slopes / n

# ---- Layers. ----
def dense(x, w, b):
    must(w.ndim == 2 and x.shape[-1:] == w.shape[:1] and b.shape == w.shape[1:], 'unfit:', x.shape, w.shape, b.shape)
    def pull(dy):
        xs, ds = x.reshape(-1, w.shape[0]), dy.reshape(-1, w.shape[1])
        return dy @ w.T, xs.T @ ds, ds.sum(0)
    return (x[..., None] * w).sum(-2) + b, pull  # a product by BLAS sums in an order that depends on the batch
def normalise(x, gamma, beta, eps, axes=-1, given=None):
    """By the mean and variance along axes, or given ones, then γ·x + β; and what it went by."""
    must(0 <= eps < INF and x.shape[-1:] == gamma.shape == beta.shape, 'eps must be finite and not negative, got', eps)
    mean = x.mean(axes, keepdims=True) if given is None else given[0]
    centred = x - mean  # first, so that a large mean does not cancel
    variance = (centred * centred).mean(axes, keepdims=True) if given is None else given[1]
    root = np.sqrt(variance + eps)
    hat = centred / root
    def pull(dy):
        rows, d = tuple(range(x.ndim - 1)), gamma * dy
        if given is None:
            d = d - d.mean(axes, keepdims=True) - hat * (d * hat).mean(axes, keepdims=True)
        return d / root, (dy * hat).sum(rows), dy.sum(rows)
    return gamma * hat + beta, pull, mean, variance
def batch_norm(x, gamma, beta, mean, variance, eps, momentum=0.1, runningVariance='unbiased'):
    n = x.size // x.shape[-1]
    must(0 <= momentum <= 1 and n > 1, 'momentum must lie in [0, 1] and the batch be at least 2, got', momentum, n)
    must(mean.shape == variance.shape == gamma.shape, 'running statistics must have the shape of gamma')
    y, pull, m, v = normalise(x, gamma, beta, eps, tuple(range(x.ndim - 1)))
    v = v * n / (n - 1) if runningVariance == 'unbiased' else v
    kept = [(1 - momentum) * old + momentum * new.reshape(-1) for old, new in ((mean, m), (variance, v))]
    return (y, pull, *kept)
def batch_norm_eval(x, gamma, beta, mean, variance, eps):
    must(mean.shape == variance.shape == gamma.shape, 'running statistics must have the shape of gamma')
    return normalise(x, gamma, beta, eps, given=(mean, variance))
def dropout(form, x, u, dropRate):
    """A number is dropped where its uniform is below the rate; alpha dropout keeps mean 0 and variance 1."""
    must(0 <= dropRate <= 1 and x.shape == u.shape, 'dropRate must lie in [0, 1], got', dropRate)
    dropped, kept = u < dropRate, 1 - dropRate if dropRate < 1 else 1.0
    if form == 'alpha_dropout':
        a = 1 / math.sqrt(kept * (1 + dropRate * LEFT * LEFT)) if dropRate < 1 else 0.0
        y = np.where(dropped, a * dropRate * LEFT - a * LEFT, a * x + a * dropRate * LEFT)
        return y, lambda dy: (np.where(dropped, 0.0, a * dy),)
    by = kept if form == 'dropout' else 1.0
    return np.where(dropped, 0.0, x / by), lambda dy: (np.where(dropped, 0.0, dy / by),)
def penalty(w, l1=0.0, l2=0.0):
    """What a tensor of weights adds to the loss, and its gradient."""
    must(0 <= l1 < INF and 0 <= l2 < INF, 'l1 and l2 must be finite and not negative, got', l1, l2)
    value, slope = 0.0, np.zeros_like(w)
    if l1:
        value, slope = value + l1 * np.abs(w).sum(), slope + l1 * np.sign(w)
    if l2:
        value, slope = value + l2 / 2 * (w * w).sum(), slope + l2 * w
    return value, slope
def penalties(params, every, **strengths):
    made = [penalty(w, **strengths) if i % every == 0 else penalty(w) for i, w in enumerate(params)]
    return {'value': np.float64(sum(v for v, _ in made)), 'gradients': [g for _, g in made]}
def dense_loss(x, y, w, b, loss, reduction, **strengths):
    (output, pull), (extra, more) = dense(x, w, b), penalty(w, **strengths)
    value, slope = loss_of(loss, output, y, reduction)
    _, dw, db = pull(slope)
    return {'loss': np.float64(value + extra), 'dw': dw + more, 'db': db}
def max_norm(w, limit):
    """The weights into each unit scaled back to a norm of at most limit."""
    must(w.ndim == 2 and 0 <= limit < INF, 'weights must be [in, out] and the limit finite, got', w.shape, limit)
    norms = np.hypot.reduce(w, 0)
    return np.where(norms > limit, w / norms * limit, w)

# ---- Networks: layers as data, one after another. ----
class Run:
    """What a pass through a network takes in order (parameters, states, uniforms), and what it leaves."""
    def __init__(self, params, state=(), draw=None, train=True):
        self.params, self.state, self.draw, self.train = iter(params), iter(state), draw, train
        self.kept, self.weights = [], []
    def through(self, layers, x):
        pulls = []
        for place, layer in enumerate(layers):
            own = {k: v for k, v in layer.items() if k != 'type'}
            x, pull = getattr(self, 'run_' + layer['type'].replace('N', '_n'))(x, place, **own)
            pulls.append(pull)
        def back(dy):
            gradients = []
            for pull in reversed(pulls):
                dy, *own = pull(dy)
                gradients = own + gradients
            return (dy, *gradients)
        return x, back
    def run_dense(self, x, _, units, **__):
        w, b = next(self.params), next(self.params)
        must(w.shape[1:] == (units,), 'the weights must be [in, units], got', w.shape, units)
        self.weights.append(w)
        return dense(x, w, b)
    def run_activation(self, x, _, name, **own):
        return FUNCTIONS[name](x, **own)
    def run_layer_norm(self, x, _, eps):
        return normalise(x, next(self.params), next(self.params), eps)[:2]
    def run_batch_norm(self, x, _, eps, momentum=0.1):
        own = next(self.params), next(self.params), next(self.state), next(self.state)
        if not self.train: return batch_norm_eval(x, *own, eps)[:2]
        y, pull, *kept = batch_norm(x, *own, eps, momentum)
        self.kept += kept
        return y, pull
    def run_dropout(self, x, place, dropRate):
        must(0 <= dropRate <= 1, 'dropRate must lie in [0, 1], got', dropRate)
        return dropout('dropout', x, self.draw(x, place), dropRate) if self.train else (x, lambda dy: (dy,))
    def run_residual(self, x, _, layers):
        y, back = self.through(layers, x)
        must(x.shape == y.shape, 'a residual must keep the shape, got', x.shape, y.shape)
        def pull(dy):
            dx, *own = back(dy)
            return (dx + dy, *own)
        return x + y, pull
def given(uniforms):
    """Draws that are handed out in order."""
    rest = iter(uniforms)
    return lambda x, _: next(rest)
def loss_and_grad(layers, params, x, loss, reduction, y, state=(), uniforms=(), regulariser=None):
    run = Run(params, state, given(uniforms))
    output, back = run.through(layers, x)
    value, dy = loss_of(loss, output, y, reduction)
    extra = {id(w): penalty(w, **(regulariser or {})) for w in run.weights}
    gradients = [g + extra[id(w)][1] if id(w) in extra else g for w, g in zip(params, back(dy)[1:])]
    value = np.float64(value + sum(v for v, _ in extra.values()))
    return {'loss': value, 'output': output, 'gradients': gradients, 'state': run.kept}
def refuses(f, *args, **named):  # Whether it raises rather than answer
    try: f(*args, **named)
    except Exception: return True
    return False

# ---- Operations of a graph, with their pullbacks; pointwise ones broadcast. ----
def settled(dy, x):
    """The cotangent of what was broadcast: summed over the axes that were stretched."""
    dy = dy.sum(tuple(range(dy.ndim - x.ndim)))
    return dy.sum(tuple(i for i, n in enumerate(x.shape) if n == 1 and dy.shape[i] != 1), keepdims=True)
def op(f, *pulls):
    """A pointwise operation, and what comes back to each argument by cotangent, result and arguments."""
    def apply(*xs, **own):
        y = np.asarray(f(*xs, **own))
        return y, lambda dy: [settled(p(dy, y, *xs, **own) + np.zeros(y.shape), x) for p, x in zip(pulls, xs)]
    return apply
def matmul(x, y):
    must(x.ndim == y.ndim == 2, 'matmul takes two matrices, got', x.shape, y.shape)
    return x @ y, lambda dy: (dy @ y.T, x.T @ dy)
def total(x, axes, keep):
    y = np.asarray(x.sum(tuple(axes), keepdims=True))
    flat = y if keep else np.asarray(x.sum(tuple(axes)))
    return flat, lambda dy: (np.broadcast_to(dy.reshape(y.shape), x.shape),)
def largest(x):
    y = x.max(-1, keepdims=True)
    ties = (x == y) * 1.0
    return y, lambda dy: (ties * (dy / ties.sum(-1, keepdims=True)),)
def log_sum_exp(x):
    most = x.max(-1, keepdims=True)
    y = np.where(np.isinf(most), most, most - log_softmax(x)[0].max(-1, keepdims=True))[..., 0]
    return y, lambda dy: (dy[..., None] * softmax(x)[0],)
share = lambda a, b: np.where(a == b, 0.5, (a > b) * 1.0)
none = lambda *_: 0.0
OPS = {
    'add': op(np.add, lambda g, *_: g, lambda g, *_: g), 'sub': op(np.subtract, lambda g, *_: g, lambda g, *_: -g),
    'mul': op(np.multiply, lambda g, _, x, y: g * y, lambda g, _, x, y: g * x),
    'div': op(np.divide, lambda g, _, x, y: g / y, lambda g, q, x, y: -(g * (q / y))),
    'maximum': op(np.maximum, lambda g, _, x, y: g * share(x, y), lambda g, _, x, y: g * share(y, x)),
    'minimum': op(np.minimum, lambda g, _, x, y: g * share(y, x), lambda g, _, x, y: g * share(x, y)),
    'greater': op(lambda x, y: np.where(x > y, 1.0, np.where(x <= y, 0.0, math.nan)), none, none),
    'where': op(lambda c, x, y: np.where(c == 0, y, np.where(c == c, x, c)), none,
                lambda g, _, c, *__: np.where(c == 0, 0.0, g), lambda g, _, c, *__: np.where(c == 0, g, 0.0)),
    'neg': op(np.negative, lambda g, *_: -g), 'abs': op(np.abs, lambda g, _, x: g * np.sign(x)),
    'sign': op(np.sign, none), 'floor': op(np.floor, none), 'square': op(np.square, lambda g, _, x: g * (2 * x)),
    'sqrt': op(np.sqrt, lambda g, y, _: g / (2 * y)), 'exp': op(np.exp, lambda g, y, _: g * y),
    'expm1': op(np.expm1, lambda g, _, x: g * np.exp(x)), 'log': op(np.log, lambda g, _, x: g / x),
    'log1p': op(np.log1p, lambda g, _, x: g / (1 + x)),
    'erf': op(erf, lambda g, _, x: g * (2 / math.sqrt(math.pi) * np.exp(-x * x))), 'sum': total, 'matmul': matmul,
    'max': largest, 'softmax': softmax, 'logSoftmax': log_softmax, 'logSumExp': log_sum_exp,
    'transpose': lambda x: (x.T, lambda dy: (dy.T,)),
    'reshape': lambda x, shape: (x.reshape(shape), lambda dy: (dy.reshape(x.shape),)),
    'expand': lambda x, shape: (np.broadcast_to(x, shape), lambda dy: (settled(dy, x),)),
}
camel = lambda name: ''.join(w.capitalize() if i else w for i, w in enumerate(name.split('_')))
OPS.update({camel(name): partial(pointwise, *both) for name, both in ACTIVATIONS.items()})
def graph(equations, inputs, dy=None):
    """The last value of a chain of operations, and the cotangents of its inputs."""
    values, pulls = list(inputs), []
    for e in equations:
        y, pull = OPS[e['op']](*(values[i] for i in e['reads']), **(e.get('params') or {}))
        values.append(y)
        pulls.append((e['reads'], pull))
    if dy is None: return {'y': values[-1]}
    slopes = [np.zeros(v.shape) for v in values[:-1]] + [dy]
    for i, (reads, pull) in reversed(list(enumerate(pulls, len(inputs)))):
        for at, slope in zip(reads, pull(slopes[i])):
            slopes[at] = slopes[at] + slope
    return {'y': values[-1], 'dinputs': slopes[:len(inputs)]}

# ---- Initializers: a distribution and its scale; uniforms come from Threefry-2x32-20 (Salmon et al. 2011). ----
def threefry(key, counters, tag):
    """Both words of the blocks of the counters (i, tag)."""
    keys = [np.uint32(k) for k in (*key, 0x1BD11BDA ^ key[0] ^ key[1])]
    x = counters.astype(np.uint32) + keys[0]
    y = np.full_like(x, tag) + keys[1]
    for i in range(20):
        r, s = (13, 15, 26, 6, 17, 29, 16, 24)[i % 8], (i + 1) // 4
        x = x + y
        y = (y << np.uint32(r) | y >> np.uint32(32 - r)) ^ x
        if i % 4 == 3: x, y = x + keys[s % 3], y + keys[(s + 1) % 3] + np.uint32(s)
    return x, y
def key_of(seed):
    must(isinstance(seed, int) and abs(seed) < 2**53, 'a seed must be a safe integer, got', seed)
    return seed >> 32 & 0xFFFFFFFF, seed & 0xFFFFFFFF
def fold(key, child): return tuple(int(word[0]) for word in threefry(key, np.array([child & 0xFFFFFFFF]), 1))
def uniforms(key, shape):
    a, b = threefry(key, np.arange(math.prod(shape)), 0)
    return (((a >> np.uint32(6)) * 2.0**26 + (b >> np.uint32(6)) + 0.5) * 2.0**-52).reshape(shape)
SPREAD = 0.87962566103423978  # the deviation of a standard normal cut at ±2
def truncated(u, scale):
    z = normal_quantile(0.022750131948179207 + 0.95449973610364158 * np.minimum(u, 1 - u))  # from the nearer end
    return scale * np.where(u < 0.5, np.maximum(z, -2.0), np.minimum(-z, 2.0))
QUANTILES = {'point': lambda u, s: u * 0 + s, 'uniform': lambda u, s: s * (2 * u - 1),
             'normal': lambda u, s: s * normal_quantile(u), 'truncated': truncated}
WIDTHS = {'uniform': math.sqrt(3), 'normal': 1.0, 'truncated': 1 / SPREAD}
FANS = {'in': lambda i, o: i, 'out': lambda i, o: o, 'avg': lambda i, o: (i + o) / 2}
def scaling(distribution, share, fan):
    """Var[w] = gain²·share/fan."""
    return distribution, lambda i, o, gain: gain * WIDTHS[distribution] * math.sqrt(share / FANS[fan](i, o))
plain = lambda i, o, gain: gain
INITIALIZERS = {
    'zeros': ('point', lambda i, o, gain: 0.0), 'constant': ('point', plain), 'normal': ('normal', plain),
    'uniform': ('uniform', plain), 'truncated_normal': ('truncated', plain),
    'truncated_normal_corrected': ('truncated', lambda i, o, gain: gain / SPREAD),
    **{f'lecun_{d}': scaling(d, 1, 'in') for d in WIDTHS}, **{f'xavier_{d}': scaling(d, 1, 'avg') for d in WIDTHS},
    **{f'he_{d}': scaling(d, 2, 'in') for d in WIDTHS}, 'torch_linear': scaling('uniform', 1 / 3, 'in'),
    **{f'he_{d}_fan_{fan}': scaling(d, 2, fan) for d in ('uniform', 'normal') for fan in ('out', 'avg')},
}
def initial(name, u, fanIn, fanOut, gain=1.0):
    distribution, scale = INITIALIZERS[name]
    low = -INF if distribution == 'point' else 0
    must(fanIn > 0 < fanOut and low <= gain < INF and gain > -INF, 'unfit:', fanIn, fanOut, gain)
    return {'w': QUANTILES[distribution](u, scale(fanIn, fanOut, gain))}
def orthogonal(shape, seed, gain=1.0, **_):
    """Orthonormal rows or columns, uniform over the group: Mezzadri 2007."""
    must(len(shape) == 2 and 0 <= gain < INF, 'weights must be [in, out], got', shape, gain)
    q, r = np.linalg.qr(normal_quantile(uniforms(key_of(seed), sorted(shape, reverse=True))))
    q = q * np.copysign(1.0, np.diagonal(r))
    return {'w': gain * (q if q.shape == tuple(shape) else q.T)}
def identity(shape, gain=1.0, **_):
    must(len(shape) == 2 and abs(gain) < INF, 'weights must be [in, out], got', shape, gain)
    return {'w': gain * np.eye(*shape)}

# ---- Optimizers: the step for gradient g at weights w in step k, by memory s and hyper-parameters. ----
class Memory:
    """What a rule remembers of one tensor: whatever it names, 0 at first."""
    def __getattr__(self, name):
        return 0.0
def ema(beta, m, x): return beta * m + (1 - beta) * x
def grown(beta, k):  # 1 − βᵏ without cancellation
    return -math.expm1(k * math.log(beta)) if beta > 0 else 1.0
def ratio(a, b):  # a/b, and 0 where b is not above 0
    return np.where(b > 0, a / b, 0.0)
def moments(s, g, k, beta1, beta2):
    """Both exponential means, corrected for their start at 0."""
    s.mu, s.nu = ema(beta1, s.mu, g), ema(beta2, s.nu, g * g)
    return s.mu / grown(beta1, k), s.nu / grown(beta2, k)
def root(nu, k, beta2, eps, epsRoot, epsHat): return np.sqrt(nu + epsRoot) + eps + epsHat / math.sqrt(grown(beta2, k))
OPTIMIZERS = {}
def optimizer(f):
    """Puts a rule into the table, with its hyper-parameters and their defaults."""
    own = inspect.signature(f).parameters.values()
    OPTIMIZERS[f.__name__] = f, {p.name: p.default for p in own if p.default is not p.empty}
@optimizer
def sgd(g, w, k, s, lr=0.01): return lr * g
@optimizer
def momentum(g, w, k, s, lr=0.01, momentum=0.9, dampening=0, firstStepFull=0, lrInside=0):
    push = (1 if firstStepFull and k == 1 else 1 - dampening) * g
    s.v = momentum * s.v + (lr * push if lrInside else push)
    return s.v if lrInside else lr * s.v
@optimizer
def nesterov(g, w, k, s, lr=0.01, momentum=0.9, lrInside=0):
    push = lr * g if lrInside else g
    s.v = momentum * s.v + push
    return (1 if lrInside else lr) * (push + momentum * s.v)
@optimizer
def sign_sgd(g, w, k, s, lr=0.001): return lr * np.sign(g)
@optimizer
def signum(g, w, k, s, lr=0.001, momentum=0.9):
    s.mu = ema(momentum, s.mu, g)
    return lr * np.sign(s.mu)
@optimizer
def lion(g, w, k, s, lr=1e-4, beta1=0.9, beta2=0.99, weightDecay=0):
    towards = np.sign(ema(beta1, s.mu, g))
    s.mu = ema(beta2, s.mu, g)
    return lr * (towards + weightDecay * w)
@optimizer
def adagrad(g, w, k, s, lr=0.01, eps=1e-10, epsRoot=0, initialAccumulator=0):
    s.total = (initialAccumulator if k == 1 else s.total) + g * g
    return lr * (g / (np.sqrt(s.total + epsRoot) + eps))
@optimizer
def rmsprop(g, w, k, s, lr=0.01, decay=0.99, eps=1e-8, epsRoot=0, centered=0, momentum=0):
    s.nu, s.mean = ema(decay, s.nu, g * g), ema(decay, s.mean, g)
    spread = np.maximum(s.nu - s.mean * s.mean, 0) if centered else s.nu
    s.v = momentum * s.v + g / (np.sqrt(spread + epsRoot) + eps)
    return lr * s.v
@optimizer
def adadelta(g, w, k, s, lr=1, decay=0.9, epsRoot=1e-6):
    s.nu = ema(decay, s.nu, g * g)
    towards = np.sqrt(s.moved + epsRoot) / np.sqrt(s.nu + epsRoot) * g
    s.moved = ema(decay, s.moved, towards * towards)
    return lr * towards
@optimizer
def adamax(g, w, k, s, lr=0.002, beta1=0.9, beta2=0.999, eps=1e-8, epsInner=0):
    s.mu, s.most = ema(beta1, s.mu, g), np.maximum(beta2 * s.most, np.abs(g) + epsInner)
    return lr * ratio(s.mu / grown(beta1, k), s.most + eps)
@optimizer
def adam(g, w, k, s, lr=0.001, beta1=0.9, beta2=0.999, eps=1e-8, epsRoot=0, epsHat=0):
    mu, nu = moments(s, g, k, beta1, beta2)
    return lr * (mu / root(nu, k, beta2, eps, epsRoot, epsHat))
@optimizer
def adamw(g, w, k, s, lr=0.001, beta1=0.9, beta2=0.999, eps=1e-8, epsRoot=0, epsHat=0, weightDecay=0.01):
    mu, nu = moments(s, g, k, beta1, beta2)
    return lr * (mu / root(nu, k, beta2, eps, epsRoot, epsHat) + weightDecay * w)
@optimizer
def amsgrad(g, w, k, s, lr=0.001, beta1=0.9, beta2=0.999, eps=1e-8, epsRoot=0, epsHat=0, maxCorrected=0):
    mu, nu = moments(s, g, k, beta1, beta2)
    s.most = np.maximum(s.most, nu if maxCorrected else s.nu)
    return lr * (mu / root(s.most if maxCorrected else s.most / grown(beta2, k), k, beta2, eps, epsRoot, epsHat))
@optimizer
def adabelief(g, w, k, s, lr=0.001, beta1=0.9, beta2=0.999, eps=1e-16, epsAdded=1e-16):
    s.mu = ema(beta1, s.mu, g)
    s.nu = ema(beta2, s.nu, (g - s.mu) * (g - s.mu)) + epsAdded
    return lr * (s.mu / grown(beta1, k) / (np.sqrt(s.nu / grown(beta2, k)) + eps))
@optimizer
def lamb(g, w, k, s, lr=0.001, beta1=0.9, beta2=0.999, eps=1e-6, weightDecay=0):
    mu, nu = moments(s, g, k, beta1, beta2)
    towards = mu / (np.sqrt(nu) + eps) + weightDecay * w
    size, length = np.sqrt((w * w).sum()), np.sqrt((towards * towards).sum())
    return lr * ((size / length if size > 0 < length else 1.0) * towards)
@optimizer
def schedule_free_sgd(g, w, k, s, lr=1, beta1=0.9, weightDecay=0):
    s.z, s.x = (w, w) if k == 1 else (s.z, s.x)
    s.total = s.total + lr * lr
    dz = -lr * (g + weightDecay * w)
    s.z = s.z + dz
    dx = (lr * lr / s.total if s.total > 0 else 0.0) * (s.z - s.x)
    s.x = s.x + dx
    return -((1 - beta1) * dz + beta1 * dx)
UP_TO_1 = 'firstStepFull', 'lrInside', 'centered', 'maxCorrected'
BELOW_1 = 'momentum', 'dampening', 'decay', 'beta1', 'beta2'
def hyper_of(name, hyper):
    for key, v in hyper.items():
        up_to_1 = key in UP_TO_1 or (name, key) == ('schedule_free_sgd', 'beta1')
        fits = v <= 1 if up_to_1 else v < 1 if key in BELOW_1 else v < INF
        must(key in OPTIMIZERS[name][1] and v >= 0 and fits, 'unfit:', name, key, v)
    return {**OPTIMIZERS[name][1], **hyper}
def run(name, params, gradients, hyper, rates=None):  # Parameters after every step
    rule, h, memory, made = OPTIMIZERS[name][0], hyper_of(name, hyper), [Memory() for _ in params], []
    for k, gs in enumerate(gradients, 1):
        h = {**h, 'lr': rates[k - 1]} if rates else h
        must([g.shape for g in gs] == [w.shape for w in params], 'gradients must have the shapes of the parameters')
        params = [w - rule(g, w, k, s, **h) for g, w, s in zip(gs, params, memory)]
        made.append(params)
    return {'params': made}

# ---- What the port can do, by entry of the contract. ----
ENTRIES = {}
def every(kind, names, **calls):
    """The calls of one name, or of many, whose functions take the name first."""
    for name in [names] if isinstance(names, str) else names:
        ENTRIES.update({f'{kind}.{name}.{call}': f if name is names else partial(f, name) for call, f in calls.items()})
def forward(f, *more): return lambda *by, **a: dict(zip(('y', '', *more), f(*by, **a)))
def vjp(f, *names): return lambda *by, dy, **a: dict(zip(names, f(*by, **a)[1](dy)))
def start(*names): return lambda features: {n: np.full(features, float(n in ('gamma', 'variance'))) for n in names}
def used(f):
    """With the strengths that the penalty of this name reads."""
    return lambda n, **a: f(**{k: v for k, v in a.items() if k not in ('l1', 'l2') or n in (k, 'elastic_net')})
affine = 'dx', 'dgamma', 'dbeta'
activation = lambda name, x, **own: FUNCTIONS[name](x, **own)
every('activation', FUNCTIONS, forward=forward(activation), vjp=vjp(activation, 'dx'))
every('loss', LOSSES, forward=lambda n, **a: {'loss': np.float64(loss_of(n, **a)[0])},
      vjp=lambda n, **a: {'dprediction': loss_of(n, **a)[1]})
every('layer', 'dense', forward=forward(dense), vjp=vjp(dense, 'dx', 'dw', 'db'))
every('layer', 'layer_norm', start=start('gamma', 'beta'), forward=forward(normalise), vjp=vjp(normalise, *affine))
every('layer', 'batch_norm', start=start('gamma', 'beta', 'mean', 'variance'),
      train=forward(batch_norm, 'mean', 'variance'), train_vjp=vjp(batch_norm, *affine),
      eval=forward(batch_norm_eval), eval_vjp=vjp(batch_norm_eval, *affine))
every('layer', ['dropout', 'classic_dropout', 'alpha_dropout'], train=forward(dropout), train_vjp=vjp(dropout, 'dx'),
      eval=lambda n, x, dropRate: {'y': x * (1 - dropRate) if n == 'classic_dropout' else x})
every('regulariser', ['l1', 'l2', 'elastic_net'], value=used(lambda **a: {'value': np.float64(penalty(**a)[0])}),
      gradient=used(lambda **a: {'dw': penalty(**a)[1]}), penalty=used(partial(penalties, every=2)),
      penalty_with_biases=used(partial(penalties, every=1)), loss_and_grad=used(dense_loss))
every('regulariser', 'max_norm', project=lambda w, limit: {'w': max_norm(w, limit)},
      constrain=lambda params, limit: {'params': [w if i % 2 else max_norm(w, limit) for i, w in enumerate(params)]})
every('model', 'network', loss_and_grad=loss_and_grad, refuses=lambda **a: {'refused': refuses(loss_and_grad, **a)},
      forward=lambda layers, params, x, mode, state=(), uniforms=(): {
          'output': Run(params, state, given(uniforms), mode == 'train').through(layers, x)[0]})
every('program', 'graph', forward=graph, vjp=graph)
every('initializer', INITIALIZERS, from_uniforms=initial,
      sample=lambda n, shape, seed, **a: initial(n, uniforms(key_of(seed), shape), **a))
every('initializer', 'orthogonal', sample=orthogonal)
every('initializer', 'identity', sample=identity)
every('optimizer', OPTIMIZERS, run=run, run_with_rates=run,
      accepts=lambda n, hyper: {'accepted': not refuses(hyper_of, n, hyper)})

# ---- The protocol: JSON Lines, arrays as base64 of little-endian doubles. ----
NAMED = {'NaN': math.nan, 'Infinity': INF, '-Infinity': -INF}
def read(v):
    """What a JSON object means: an array, or a record whose numbers may be spelled out."""
    if 'f64' in v: return np.frombuffer(base64.b64decode(v['f64']), '<f8').reshape(v['shape'])
    if 'data' in v: return np.array(v['data'], float).reshape(v['shape'])
    return {k: NAMED.get(x, x) if isinstance(x, str) else x for k, x in v.items()}
def whole(text): return int(text) if abs(float(text)) < 2**53 else float(text)  # NumPy takes no larger ones for doubles
decode = partial(json.loads, object_hook=read, parse_int=whole)
def write(v, spell):
    """What is sent for a value; spell writes the numbers of an array."""
    if isinstance(v, (np.ndarray, np.generic)): return {'shape': list(v.shape), **spell(np.asarray(v, '<f8'))}
    if isinstance(v, dict): return {k: write(x, spell) for k, x in v.items() if k}
    if isinstance(v, (list, tuple)): return [write(x, spell) for x in v]
    return v
def as_base64(x): return {'f64': base64.b64encode(x.tobytes()).decode()}
def answer(op, args):
    """One call on plain tensors {shape, data}, without the protocol."""
    spelled = lambda v: v if abs(v) < INF else 'NaN' if v != v else 'Infinity' if v > 0 else '-Infinity'
    result = ENTRIES[op](**decode(json.dumps(args)))
    return write(result, lambda x: {'data': [spelled(v) for v in x.reshape(-1).tolist()]})
def result(call):
    try: return {'result': write(ENTRIES[call['entry']](**call['args']), as_base64)}
    except Exception as error: return {'error': f'{type(error).__name__}: {error}'}
def serve():
    hello = {'type': 'hello', 'protocol': 1, 'engine': 'example on NumPy', 'version': np.__version__, 'dtype': 'f64',
             'parts': ['dense', 'activation', 'batchNorm', 'layerNorm', 'dropout', 'residual', 'regulariser'],
             'entries': list(ENTRIES), 'ops': list(OPS),
             'hyper': {'batch_norm': ['runningVariance'], **{name: list(own) for name, (_, own) in OPTIMIZERS.items()}}}
    for line in sys.stdin:
        message = decode(line)
        if message['type'] == 'bye': break
        print(json.dumps(hello if message['type'] == 'hello' else {
            'type': 'answer', 'id': message['id'], 'answers': [result(call) for call in message['calls']]}), flush=True)
if __name__ == '__main__':
    serve()
