#!/usr/bin/env python3
"""An engine in plain Python and its port, in one file: the standard library, nothing else.

A tensor is a shape with a flat list of floats. A function of tensors returns its value and its pullback, which turns
a cotangent of the value into those of the arguments. Activations, losses, optimizers and schedules are tables of
formulas. ENTRIES, at the end, is what the port can do; answer() does it, and serve() speaks the protocol.
"""
import binascii, decimal, json, math, re, struct, sys
from functools import partial, reduce
from itertools import chain, cycle
from operator import add, mul
from statistics import NormalDist

INF, NAN, D = math.inf, math.nan, decimal.Decimal
decimal.getcontext().Emax, decimal.getcontext().Emin = 10**15, -10**15  # its 28 digits hold tiny and huge numbers
def must(fits, *what):
    if not fits: raise ValueError(' '.join(map(str, what)))
class Tensor:  # row-major numbers with a shape; rows and columns are those of the last axis
    def __init__(self, shape, data): self.shape, self.data = list(shape), list(data)
    def rows(self): return [self.data[i:i + self.shape[-1]] for i in range(0, len(self.data), self.shape[-1])]
    def columns(self): return [self.data[j::self.shape[-1]] for j in range(self.shape[-1])]
def like(x, data): return Tensor(x.shape, data)
def vector(v): return Tensor([len(v)], v)
def dot(a, b): return sum(map(mul, a, b))
def flat(rows): return list(chain.from_iterable(rows))
def zipped(f, *xs):
    must(all(x.shape == xs[0].shape for x in xs), 'shapes must agree, got', *(x.shape for x in xs))
    return like(xs[0], map(f, *(x.data for x in xs)))
def table(text):  # a name and its fields by row, bars between; what is indented goes on with the row above
    rows = (row.split('|') for row in text.replace('\n    ', ' ').strip().split('\n'))
    return {name.strip(): [f.strip() for f in fields] for name, *fields in rows}
def hyper_of(own, hyper):
    """Hyper-parameters with defaults as in name=default, which are at least 0; after < below 1, after ? at most 1."""
    known = {name: (float(v), limit) for name, limit, v in re.findall(r'(\w+)([=<?])(\S+)', own)}
    for name, v in hyper.items():
        must(name in known and 0 <= v < {'=': INF, '<': 1, '?': 1 + 2**-52}[known[name][1]], 'unfit:', name, v)
    return {**{name: v for name, (v, _) in known.items()}, **hyper}
def formula(arguments, text): return eval(f'lambda {arguments}: {text}')

# ---- Numbers as IEEE 754 has them, where Python raises. ----
def div(a, b): return a / b if b else a * math.copysign(INF, b)
def exp(x): return math.exp(x) if x < 709.78 else x * INF
def log(x): return math.log(x) if x > 0 else NAN if x != 0 else -INF
def log1p(x): return math.log1p(x) if x > -1 else NAN if x != -1 else -INF
def sqrt(x): return math.sqrt(x) if x >= 0 else NAN
def sign(x): return math.copysign(1.0, x) if x else x

# ---- Activations: parameters, function and slope; and those of whole rows. ----
def sigmoid(x): return exp(x) if x < -40 else 1 / (1 + exp(-x))
def bell(e): return min(e / ((1 + e) * (1 + e)), 0.25)  # the slope of sigmoid by e^(−|x|)
def tanh(x, t): return x if abs(x) < 2**-28 else math.copysign(-t / (2 + t), x)  # by t = e^(−2|x|) − 1
def gated(x, a, b):
    """x·σ(a·x + b·x³) and its slope, at 28 digits, since an exponential magnifies the error of its argument."""
    if abs(x) > 1000: return (x, 1.0) if x > 0 else (-0.0, 0.0)
    x = D(x)
    s = 1 / (1 + (-x * (a + b * x * x)).exp())
    return float(x * s), float(s + x * (a + 3 * b * x * x) * s * (1 - s))
def gelu(x):
    """x·erfc(−x/√2)/2 with the rounding of x/√2 put back; far on the left by the asymptotic series of the tail."""
    if not abs(x) < 40: return -0.0 if x < 0 else x
    series = reduce(lambda s, k: 1 - k / (x * x) * s, range(17, 0, -2), 1.0) if x < -25 else None
    if series: return float((-D(x) * D(x) / 2).exp() * D(-0.3989422804014327 * series))
    z = D(x) * D('-0.70710678118654752440084436210485')
    return x * (math.erfc(z) - float(z - D(float(z))) * 1.1283791670955126 * exp(-float(z * z))) / 2
SELU, LEFT = 1.0507009873554805, 1.7580993408473769  # λ and λ·α: Klambauer et al. 2017, eq. 14
GELU_TANH = D('1.5957691216057307117597842397375'), D('.0713548162726002487763387522799')  # 2·√(2/π), times 0.044715
ACTIVATIONS = {name: tuple(formula(f'x, {own}', f) for f in both) for name, (own, *both) in table("""
step         | | 1.0 if x > 0 else 0.0 if x <= 0 else x | 0.0
identity     | | x | 1.0
relu         | | 0.0 if x <= 0 else x | 1.0 if x > 0 else 0.0 if x <= 0 else x
leaky_relu   | slope=.01 | x if x > 0 else slope * x | 1.0 if x > 0 else slope
sigmoid      | | sigmoid(x) | bell(exp(-abs(x)))
tanh         | | tanh(x, math.expm1(-2 * abs(x))) | 4 * bell(exp(-2 * abs(x)))
softplus     | | x if x > 40 else log1p(exp(x)) | sigmoid(x)
elu          | alpha=1.0 | x if x > 0 else alpha * math.expm1(x) | 1.0 if x > 0 else alpha * exp(x)
selu         | | SELU * x if x > 0 else LEFT * math.expm1(x) | SELU if x > 0 else LEFT * exp(x)
gelu | | gelu(x) | math.erfc(-x * .7071067811865476) / 2 + (abs(x) < 40 and x * .3989422804014327 * exp(-x * x / 2))
gelu_tanh    | | gated(x, *GELU_TANH)[0] | gated(x, *GELU_TANH)[1]
silu         | | gated(x, 1, 0)[0] | gated(x, 1, 0)[1]
hard_sigmoid | | 1.0 if x >= 3 else 0.0 if x <= -3 else (x + 3) / 6 | 1 / 6 if abs(x) < 3 else 0.0 if abs(x) >= 3 else x
hard_tanh    | | 1.0 if x >= 1 else -1.0 if x <= -1 else x | 1.0 if abs(x) < 1 else 0.0 if abs(x) >= 1 else x
softsign     | | x if abs(x) < 2**-54 else math.copysign(1 / (1 + 1 / abs(x)), x) | (1 / (1 + abs(x))) ** 2
""").items()}
def softmax(x):
    e = [exp(v - max(x)) for v in x]
    y = [v / sum(e) for v in e]
    return y, lambda dy: [p * (d - dot(dy, y)) for p, d in zip(y, dy)]
def log_softmax(x):
    top = x.index(max(x))  # left out of the sum, so that log1p keeps what the others add
    rest = log1p(sum(exp(v - x[top]) for j, v in enumerate(x) if j != top))
    return [v - x[top] - rest for v in x], lambda dy: [d - p * sum(dy) for p, d in zip(softmax(x)[0], dy)]
ROWWISE = {'softmax': softmax, 'log_softmax': log_softmax}
def activation(name, x, **own):
    if name in ROWWISE:
        ys, backs = zip(*map(ROWWISE[name], x.rows()))
        return like(x, flat(ys)), lambda dy: {'dx': like(x, flat(back(d) for back, d in zip(backs, dy.rows())))}
    f, slope = ACTIVATIONS[name]
    return like(x, (f(v, **own) for v in x.data)), lambda dy: {'dx': zipped(lambda v, d: d * slope(v, **own), x, dy)}

# ---- Losses: what a prediction p costs against a target y, and the slope; of numbers, or of rows of shares. ----
def bce_slope(p, y, a, b):  # a = −log p and b = −log(1 − p) are floored at 100; where neither is, the slopes join
    return (p - y) / (p * (1 - p)) if a < 100 > b else -(y / p) if a < 100 else (1 - y) / (1 - p) if b < 100 else 0.0
def log_ratio(y, p, r):  # log(y/p) by r = y/p, accurate where the two are close, and where r leaves the range
    return log1p((y - p) / p) if 0.5 < r < 2 else log(r) if 2**-1022 <= r < INF or not p else log(y) - log(p)
LOSSES = {name: [formula('p, y, delta=1.0', f) for f in both] for name, both in table("""
bce | y * min(-log(p), 100.0) + (1 - y) * min(-log1p(-p), 100.0) | bce_slope(p, y, -log(p), -log1p(-p))
bce_with_logits | ((1 - y) * p if p > 0 else -y * p) + log1p(exp(-abs(p))) | (1 - y) * sigmoid(p) - y * sigmoid(-p)
mse | (p - y) * (p - y) | 2 * (p - y)
mae | abs(p - y) | sign(p - y)
huber | delta * (abs(p - y) - delta / 2) if abs(p - y) > delta else (p - y)**2 / 2 | min(max(p - y, -delta), delta)
hinge | 0.0 if y * p >= 1 else 1 - y * p | 0.0 if y * p >= 1 else -y
softmax_cross_entropy | -dot(y, log_softmax(p)[0]) | [a * sum(y) - b for a, b in zip(softmax(p)[0], y)]
kl | sum(b * log_ratio(b, a, div(b, a)) if b else a * 0 for a, b in zip(p, y))
    | [-div(b, a) if b else 0.0 for a, b in zip(p, y)]
""").items()}
def loss_of(name, prediction, target, reduction, delta=1.0):  # the cost of a batch, and its gradient
    must(prediction.shape == target.shape and prediction.data and 0 < delta < INF, 'unfit:', target.shape, delta)
    whole = name in ('softmax_cross_entropy', 'kl')
    terms = list(zip(*(t.rows() if whole else t.data for t in (prediction, target)), cycle([delta])))
    cost, slopes = sum(LOSSES[name][0](*t) for t in terms), [LOSSES[name][1](*t) for t in terms]
    n = len(terms) if reduction == 'mean' else 1
    return cost / n, like(prediction, (s / n for s in (flat(slopes) if whole else slopes)))

# ---- Layers. ----
def dense(x, w, b):
    must(len(w.shape) == 2 and x.shape[-1:] == w.shape[:1] and b.shape == w.shape[1:], 'dense takes n×in, in×out, out')
    units = list(zip(w.columns(), b.data))
    y = (dot(row, column) + bias for row in x.rows() for column, bias in units)
    return Tensor(x.shape[:-1] + b.shape, y), lambda dy: {
        'dx': like(x, (dot(d, v) for d in dy.rows() for v in w.rows())),
        'dw': like(w, (dot(a, d) for a in x.columns() for d in dy.columns())), 'db': like(b, map(sum, dy.columns()))}
def normalise(x, gamma, beta, eps, by=Tensor.rows, given=None):  # groups by their own moments, or given ones
    must(0 <= eps < INF and gamma.shape == x.shape[-1:], 'eps must be finite and not negative, got', eps)
    joined = lambda groups: like(x, flat(groups if by is Tensor.rows else zip(*groups)))
    means, variances = given or ([sum(v) / len(v) for v in by(x)], [])
    centred = [[a - mean for a in v] for v, mean in zip(by(x), means)]  # first, so that a large mean does not cancel
    variances = variances or [dot(c, c) / len(c) for c in centred]
    roots = [sqrt(v + eps) for v in variances]
    hats = [[div(c, root) for c in v] for v, root in zip(centred, roots)]
    def pull(dy):
        groups = by(like(x, map(mul, dy.data, cycle(gamma.data))))
        moved = cycle([(0, 0)]) if given else [(sum(c) / len(c), dot(c, hat) / len(c)) for c, hat in zip(groups, hats)]
        dx = ([div(d - a - h * b, r) for d, h in zip(c, hat)] for c, hat, r, (a, b) in zip(groups, hats, roots, moved))
        return {'dx': joined(dx), 'dgamma': like(gamma, map(dot, dy.columns(), joined(hats).columns())),
                'dbeta': like(beta, map(sum, dy.columns()))}
    return like(x, map(add, map(mul, cycle(gamma.data), joined(hats).data), cycle(beta.data))), pull, means, variances
def batch_norm(x, gamma, beta, mean, variance, eps, momentum=0.1, runningVariance='unbiased'):
    n = len(x.data) // x.shape[-1]
    must(0 <= momentum <= 1 and n > 1, 'momentum must lie in [0, 1] and the batch be at least 2, got', momentum, n)
    y, pull, means, variances = normalise(x, gamma, beta, eps, Tensor.columns)
    kept = lambda old, new, by: like(old, ((1 - momentum) * a + momentum * (b * by) for a, b in zip(old.data, new)))
    return y, pull, kept(mean, means, 1), kept(variance, variances, n / (n - 1) if runningVariance == 'unbiased' else 1)
def batch_norm_eval(x, gamma, beta, mean, variance, eps):
    return normalise(x, gamma, beta, eps, Tensor.columns, (mean.data, variance.data))
def dropout(form, x, u, dropRate):  # dropped where the uniform is below the rate; alpha keeps mean 0, variance 1
    must(0 <= dropRate <= 1, 'dropRate must lie in [0, 1], got', dropRate)
    kept = 1 - dropRate if dropRate < 1 else 1.0
    a = 1 / sqrt(kept * (1 + dropRate * LEFT * LEFT)) if dropRate < 1 else 0.0
    line, back, low = {
        'dropout': (lambda v: v / kept, lambda d: d / kept, 0.0), 'classic_dropout': (float, float, 0.0),
        'alpha_dropout': (lambda v: a * v + a * dropRate * LEFT, lambda d: a * d, a * dropRate * LEFT - a * LEFT)}[form]
    return (zipped(lambda v, d: low if d < dropRate else line(v), x, u),
            lambda dy: {'dx': zipped(lambda g, d: 0.0 if d < dropRate else back(g), dy, u)})
def penalty(w, l1=0.0, l2=0.0):  # what a tensor of weights adds to the loss, and its gradient
    must(0 <= l1 < INF and 0 <= l2 < INF, 'l1 and l2 must be finite and not negative, got', l1, l2)
    return ((l1 and l1 * sum(map(abs, w.data))) + (l2 and l2 / 2 * dot(w.data, w.data)),
            like(w, ((l1 and l1 * sign(v)) + (l2 and l2 * v) for v in w.data)))
def penalties(params, every, **strengths):
    made = [penalty(w, **strengths) if i % every == 0 else penalty(w) for i, w in enumerate(params)]
    return {'value': Tensor([], [sum(v for v, _ in made)]), 'gradients': [g for _, g in made]}
def dense_loss(x, y, w, b, loss, reduction, **strengths):
    (output, pull), (extra, more) = dense(x, w, b), penalty(w, **strengths)
    value, slope = loss_of(loss, output, y, reduction)
    return {'loss': Tensor([], [value + extra]), 'dw': zipped(add, pull(slope)['dw'], more), 'db': pull(slope)['db']}
def max_norm(w, limit):
    must(len(w.shape) == 2 and 0 <= limit < INF, 'weights must be [in, out] and the limit finite, got', w.shape, limit)
    norms = [math.hypot(*column) for column in w.columns()]
    return like(w, (v / n * limit if n > limit else v for v, n in zip(w.data, cycle(norms))))

# ---- What is random: Threefry-2x32 of 20 rounds (Salmon et al. 2011), and weights from one uniform each. ----
def threefry(key, *counters):
    """Both words of the blocks of many counters at once: each has 64 bits of one long integer and uses half of them."""
    n = len(counters[0])
    ones = ((1 << 64 * n) - 1) // ((1 << 64) - 1)  # 1 in each
    low, keys = ones * 0xFFFFFFFF, [ones * k for k in (*key, 0x1BD11BDA ^ key[0] ^ key[1])]
    x, y = (int.from_bytes(struct.pack(f'<{n}Q', *c), 'little') + k & low for c, k in zip(counters, keys))
    for i in range(20):
        r, s = (13, 15, 26, 6, 17, 29, 16, 24)[i % 8], (i + 1) // 4
        x = x + y & low
        y = ((y << r | y >> 32 - r) & low) ^ x
        if i % 4 == 3: x, y = x + keys[s % 3] & low, y + keys[(s + 1) % 3] + ones * s & low
    return [struct.unpack(f'<{n}Q', v.to_bytes(8 * n, 'little')) for v in (x, y)]
def block(key, counter): return [word for word, in threefry(key, *([c] for c in counter))]
def fold(key, child): return block(key, (child & 0xFFFFFFFF, 1))
def key_of(seed):
    must(isinstance(seed, int) and abs(seed) < 2**53, 'a seed must be a safe integer, got', seed)
    return seed >> 32 & 0xFFFFFFFF, seed & 0xFFFFFFFF
def uniforms(key, n):
    return [((a >> 6) * 2**26 + (b >> 6) + 0.5) * 2**-52 for a, b in zip(*threefry(key, range(n), [0] * n))]
normal = NormalDist().inv_cdf  # Wichura 1988, AS 241
def normals(key, n): return list(map(normal, uniforms(key, n)))
def order(key, count): return sorted(range(count), key=uniforms(key, count).__getitem__)
CUT = 0.87962566103423978  # the deviation of a standard normal cut at ±2
def truncated(u, scale):  # from the nearer end, so that both are alike
    z = normal(0.022750131948179207 + 0.95449973610364158 * min(u, 1 - u))
    return scale / CUT * (max(z, -2.0) if u < 0.5 else min(-z, 2.0))
QUANTILES = {'point': lambda u, s: s, 'uniform': lambda u, s: s * (2 * u - 1), 'normal': lambda u, s: s * normal(u),
             'truncated': truncated}
INITIALIZERS = {name: (distribution, formula('i, o, gain', scale)) for name, (distribution, scale) in {**table("""
zeros                      | point     | 0.0
constant                   | point     | gain
normal                     | normal    | gain
uniform                    | uniform   | gain
truncated_normal           | truncated | gain * CUT
truncated_normal_corrected | truncated | gain
torch_linear               | uniform   | gain * sqrt(3) * sqrt(1 / 3 / i)
"""), **{name.format(d): (d, f'gain * {spread} * sqrt({share})') for name, share in {  # Var[w] = gain² times this
    'lecun_{}': '1 / i', 'xavier_{}': '2 / (i + o)', 'he_{}': '2 / i', 'he_{}_fan_out': '2 / o',
    'he_{}_fan_avg': '4 / (i + o)'}.items() for d, spread in {'uniform': 'sqrt(3)', 'normal': 1, 'truncated': 1}.items()
    if d != 'truncated' or 'fan' not in name}}.items()}
def initial(name, u, fanIn, fanOut, gain=1.0):
    distribution, scale = INITIALIZERS[name]
    must(fanIn > 0 < fanOut and (0 if distribution != 'point' else -INF) <= gain < INF, 'unfit:', fanIn, fanOut, gain)
    return {'w': like(u, (QUANTILES[distribution](v, scale(fanIn, fanOut, gain)) for v in u.data))}

# ---- Optimizers: hyper-parameters, memory, and recurrence in gradient g, weight w, step k, and cᵢ = 1 − betaᵢᵏ. ----
def ema(beta, m, x): return beta * m + (1 - beta) * x
def faded(beta, k): return beta * (1 - exp(k * log(0.96)) / 2)
def part(n): return (n - 4) * (n - 2) / n
BETAS, EPS, DECAY = 'beta1<.9 beta2<.999', 'eps=1e-8 epsRoot=0 epsHat=0', '(weightDecay and weightDecay * w)'
MU, NU = 'mu = ema(beta1, mu, g)', 'nu = ema(beta2, nu, g * g)'
ROOT, STEP = '(sqrt(nu / c2 + epsRoot) + eps + epsHat / sqrt(c2))', 'delta = -lr * div(mu / c1, sqrt(nu / c2) + eps)'
FREE = f"""total += lr * lr; dz = -lr * (towards + {DECAY}); z += dz; dx = (lr * lr / total if total > 0 else 0) *
    (z - x); x += dx; delta = (1 - beta1) * dz + beta1 * dx"""
OPTIMIZERS = {name: (own, slots, compile(rule, name, 'exec')) for name, (own, slots, rule) in table(f"""
sgd | lr=.01 | | delta = -lr * g
momentum | lr=.01 momentum<.9 dampening<0 firstStepFull?0 lrInside?0 | v=0 | push = (1 if firstStepFull and k == 1 else
    1 - dampening) * g; v = momentum * v + (lr * push if lrInside else push); delta = -v if lrInside else -lr * v
nesterov | lr=.01 momentum<.9 lrInside?0 | v=0 | push = lr * g if lrInside else g; v = momentum * v + push;
    delta = -(1 if lrInside else lr) * (push + momentum * v)
rprop | lr=.01 up=1.2 down=.5 minFactor=1e-4 maxFactor=5000 | factor=1 last=0 | turn = sign(g) * sign(last);
    factor = min(max(factor * (up if turn > 0 else down if turn < 0 else 1), minFactor), maxFactor);
    last = 0 if turn < 0 else g; delta = -lr * (factor * sign(last))
sign_sgd | lr=.001 | | delta = -lr * sign(g)
signum | lr=.001 momentum<.9 | mu=0 | mu = ema(momentum, mu, g); delta = -lr * sign(mu)
lion | lr=1e-4 beta1<.9 beta2<.99 weightDecay=0 | mu=0 | delta = -lr * (sign(ema(beta1, mu, g)) + {DECAY});
    mu = ema(beta2, mu, g)
adagrad | lr=.01 eps=1e-10 epsRoot=0 initialAccumulator=0 | total=initialAccumulator | total += g * g;
    delta = -lr * div(g, sqrt(total + epsRoot) + eps)
rmsprop | lr=.01 decay<.99 eps=1e-8 epsRoot=0 centered?0 momentum<0 | nu=0 mean=0 v=0 | nu = ema(decay, nu, g * g);
    mean = ema(decay, mean, g); spread = max(nu - mean * mean, 0) if centered else nu;
    v = momentum * v + div(g, sqrt(spread + epsRoot) + eps); delta = -lr * v
adadelta | lr=1 decay<.9 epsRoot=1e-6 | nu=0 moved=0 | nu = ema(decay, nu, g * g); towards = div(sqrt(moved + epsRoot),
    sqrt(nu + epsRoot)) * g; moved = ema(decay, moved, towards * towards); delta = -lr * towards
adamax | lr=.002 {BETAS} eps=1e-8 epsInner=0 | mu=0 most=0 | {MU}; most = max(beta2 * most, abs(g) + epsInner);
    delta = -lr * (div(mu / c1, most + eps) if most + eps > 0 else 0)
adam | lr=.001 {BETAS} {EPS} | mu=0 nu=0 | {MU}; {NU}; delta = -lr * div(mu / c1, {ROOT})
adamw | lr=.001 {BETAS} {EPS} weightDecay=.01 | mu=0 nu=0 | {MU}; {NU}; delta = -lr * (div(mu / c1, {ROOT}) + {DECAY})
amsgrad | lr=.001 {BETAS} {EPS} maxCorrected?0 | mu=0 nu=0 most=0 | {MU}; {NU}; seen = nu / c2 if maxCorrected else nu;
    most = max(most, seen); seen = most if maxCorrected else most / c2;
    delta = -lr * div(mu / c1, {ROOT.replace('nu / c2', 'seen')})
nadam | lr=.002 {BETAS} {EPS} psi=.004 scheduled?1 | mu=0 nu=0 product=1 | {MU}; {NU};
    now, next = (faded(beta1, k * psi), faded(beta1, (k + 1) * psi)) if scheduled else (beta1, beta1); product *= now;
    delta = -lr * div(next * mu / (1 - product * next) + (1 - now) * g / (1 - product), {ROOT})
radam | lr=.001 {BETAS} {EPS} threshold=5 | mu=0 nu=0 | {MU}; {NU}; longest = 2 / (1 - beta2) - 1;
    length = longest - 2 * k * (1 - c2) / c2; delta = -lr * (mu / c1 if length <= threshold else
    div(sqrt(part(length) / part(longest)) * (mu / c1), {ROOT}))
adabelief | lr=.001 {BETAS} eps=1e-16 epsAdded=1e-16 | mu=0 nu=0 | {MU};
    nu = ema(beta2, nu, (g - mu) * (g - mu)) + epsAdded; {STEP}
yogi | lr=.01 {BETAS} eps=1e-3 initialMoment=0 initialAccumulator=1e-6 | mu=initialMoment nu=initialAccumulator | {MU};
    nu -= (1 - beta2) * sign(nu - g * g) * (g * g); {STEP}
adan | lr=.001 beta1<.98 beta2<.92 beta3<.99 eps=1e-8 | mu=0 change=0 nu=0 last=0 | d = g - last if k > 1 else 0;
    last = g; {MU}; change = ema(beta2, change, d); nu = ema(beta3, nu, (g + beta2 * d) * (g + beta2 * d));
    delta = -lr * div(mu / c1 + beta2 * (change / c2), sqrt(nu / c3) + eps)
adopt | lr=.001 beta1<.9 beta2<.9999 eps=1e-6 | mu=0 nu=0 | mu = ema(beta1, mu, min(max(div(g, max(sqrt(nu), eps)),
    -k**.25), k**.25) if k > 1 else 0); {NU}; nu = nu if k > 1 else g * g; delta = -lr * mu
schedule_free_sgd | lr=1 beta1?.9 weightDecay=0 | z=w x=w total=0 | towards = g; {FREE}
schedule_free_adamw | lr=.0025 beta1?.9 beta2<.999 eps=1e-8 weightDecay=0 | z=w x=w total=0 nu=0 | {NU};
    towards = div(g, sqrt(nu / c2) + eps); {FREE}
""").items()}
def run(name, params, gradients, hyper, rates=None):  # each weight has its hyper-parameters and memory by name
    own, slots, rule = OPTIMIZERS[name]
    hyper, made = hyper_of(own, hyper), []
    begin = formula(', '.join(['w', *hyper]), f'dict({slots.replace(" ", ", ")})')
    memory = [[{**hyper, **begin(w, **hyper)} for w in p.data] for p in params]
    def moved(m, **now):
        m.update(now)
        exec(rule, globals(), m)
        return m['w'] + m['delta']
    for k, gs in enumerate(gradients, 1):
        now = {f'c{i}': -math.expm1(k * log(hyper.get(f'beta{i}', 0.0))) for i in (1, 2, 3)}
        if rates: now['lr'] = rates[k - 1]
        step = lambda ms, p, g: zipped(lambda w, g: moved(next(ms), w=w, g=g, k=k, **now), p, g)
        made.append(params := list(map(step, map(iter, memory), params, gs)))
    return {'params': made}
def accepts(name, hyper):
    try: return {'accepted': bool(hyper_of(OPTIMIZERS[name][0], hyper))}
    except ValueError: return {'accepted': False}
def clip(name, gradients, limit, eps=0.0):
    squares = [dot(g.data, g.data) for g in gradients]
    shares = [div(limit, sqrt(s if name == 'by_norm' else sum(squares)) + eps) for s in squares]
    cut = (lambda v, by: max(min(v, limit), -limit)) if name == 'by_value' else (lambda v, by: v * by if by < 1 else v)
    return {'gradients': [like(g, (cut(v, by) for v in g.data)) for g, by in zip(gradients, shares)]}

# ---- Schedules of the rate: hyper-parameters, and the factor at step k = at + 1. ----
def cos_pi(x): return -cos_pi(1 - x) if x > .5 else math.cos(math.pi * x) if x < .25 else math.sin(math.pi * (.5 - x))
def half_cosine(a, b, t): return b + (a - b) * ((1 + cos_pi(min(max(t, 0), 1))) / 2)
def cycle_at(at, first, growth, cycles):
    return at / first if cycles < 2 or at < first else cycle_at(at - first, first * growth, growth, cycles - 1)
SCHEDULES = table("""
constant | | 1
step | every=100 gamma?.1 | gamma ** (at // every)
exponential | every=100 rate?.5 staircase?0 | rate ** (at // every if staircase else at / every)
inverse_root | warmup=100 | min(k / warmup, sqrt(warmup / k))
polynomial | steps=1000 power=1 final?0 | (1 - final) * (max(steps - at, 0) / steps) ** power + final
cosine | steps=1000 final?0 | half_cosine(1, final, at / steps)
warm_restarts | first=100 growth=2 final?0 cycles=10 | half_cosine(1, final, cycle_at(at, first, growth, cycles))
one_cycle | steps=1000 peak<.3 start?.04 final?4e-6 | half_cosine(start, 1, at / (peak * steps)) if at < peak * steps
    else half_cosine(1, final, (at - peak * steps) / (steps - peak * steps))
warmup_stable_decay | steps=1000 warmup=100 decay=200 rooted?0 | min(k / warmup if k < warmup else 1,
    1 - min(max((at - steps + decay) / decay, 0), 1) ** (.5 if rooted else 1))
""")
def schedule(name, hyper, steps):
    own, factor = SCHEDULES[name]
    h = hyper_of(own, hyper)
    return {'factor': vector([formula(', '.join(['k', 'at', *h]), factor)(k=k, at=k - 1, **h) for k in steps])}

# ---- What the port can do, by entry of the contract. ----
ENTRIES = {}
def every(kind, names, **calls):  # calls of one name, or of many, whose functions take the name first
    for name in [names] if isinstance(names, str) else names:
        ENTRIES.update({f'{kind}.{name}.{call}': f if name is names else partial(f, name) for call, f in calls.items()})
def forward(f, *more): return lambda *by, **a: dict(zip(('y', '', *more), f(*by, **a)))
def vjp(f): return lambda *by, dy, **a: f(*by, **a)[1](dy)
def start(*names): return lambda features: {n: vector([float(n in 'gamma variance')] * features) for n in names}
def used(f): return lambda n, **a: f(**{k: v for k, v in a.items() if k not in ('l1', 'l2') or n in (k, 'elastic_net')})
every('activation', [*ACTIVATIONS, *ROWWISE], forward=forward(activation), vjp=vjp(activation))
every('loss', LOSSES, forward=lambda n, **a: {'loss': Tensor([], [loss_of(n, **a)[0]])},
      vjp=lambda n, **a: {'dprediction': loss_of(n, **a)[1]})
every('layer', 'dense', forward=forward(dense), vjp=vjp(dense))
every('layer', 'layer_norm', start=start('gamma', 'beta'), forward=forward(normalise), vjp=vjp(normalise))
every('layer', 'batch_norm', start=start('gamma', 'beta', 'mean', 'variance'), eval=forward(batch_norm_eval),
      train=forward(batch_norm, 'mean', 'variance'), train_vjp=vjp(batch_norm), eval_vjp=vjp(batch_norm_eval))
DROPOUTS = 'dropout', 'classic_dropout', 'alpha_dropout'
every('layer', DROPOUTS, train=forward(dropout), train_vjp=vjp(dropout),
      eval=lambda n, x, dropRate: {'y': like(x, (v * (1 - dropRate) if n == 'classic_dropout' else v for v in x.data))})
every('layer', DROPOUTS[:2], sample=lambda n, x, dropRate, seed, step, place: {
    'y': dropout(n, x, like(x, uniforms(fold(fold(key_of(seed), place), step), len(x.data))), dropRate)[0]})
every('initializer', INITIALIZERS, from_uniforms=initial, sample=lambda n, shape, seed, **a: initial(
    n, Tensor(shape, uniforms(key_of(seed), math.prod(shape))), **a))
every('random', 'threefry', block=lambda key, counter: {'words': block(key, counter)},
      key=lambda seed: {'words': key_of(seed)}, fold=lambda key, child: {'words': fold(key, child)},
      split=lambda key, n: {'keys': [fold(key, i) for i in range(n)]}, order=lambda **a: {'order': order(**a)},
      uniforms=lambda key, count: {'values': vector(uniforms(key, count))})
every('random', 'permutation', sample=lambda seed, count: {'order': order(key_of(seed), count)})
every('random', 'bernoulli', from_uniforms=lambda u, p: {'values': like(u, (float(v < p) for v in u.data))})
DRAW = {'uniform': uniforms, 'normal': normals}
every('random', DRAW, sample=lambda d, seed, count: {'values': vector(DRAW[d](key_of(seed), count))},
      children=lambda d, seed, n, count: {'streams': [vector(DRAW[d](fold(key_of(seed), i), count)) for i in range(n)]})
GAINS = {'identity': 1.0, 'sigmoid': 1.0, 'tanh': 5 / 3, 'relu': sqrt(2), 'leaky_relu': None, 'selu': .75}
every('gain', GAINS, value=lambda n, slope=0.0: {'gain': GAINS[n] or sqrt(2 / (1 + slope * slope))})
every('optimizer', OPTIMIZERS, run=run, run_with_rates=run, accepts=accepts)
every('clip', ['by_value', 'by_norm', 'by_global_norm'], apply=clip)
every('schedule', SCHEDULES, factor=schedule)
every('regulariser', ['l1', 'l2', 'elastic_net'], value=used(lambda **a: {'value': Tensor([], [penalty(**a)[0]])}),
      gradient=used(lambda **a: {'dw': penalty(**a)[1]}), penalty=used(partial(penalties, every=2)),
      penalty_with_biases=used(partial(penalties, every=1)), loss_and_grad=used(dense_loss))
every('regulariser', 'max_norm', project=lambda w, limit: {'w': max_norm(w, limit)},
      constrain=lambda params, limit: {'params': [w if i % 2 else max_norm(w, limit) for i, w in enumerate(params)]})
every('rbm', 'rbm', hidden_given=lambda w, b, c, v: {'p': activation('sigmoid', dense(v, w, c)[0])[0]})
every('perceptron', 'perceptron', predict=lambda x, w, b: {'y': vector([+(dot(r, w.data) > -b) for r in x.rows()])})
every('session', 'text', round_trip=lambda values: {'values': like(values, json.loads(json.dumps(values.data)))})

# ---- The protocol: JSON Lines, tensors as base64 of little-endian doubles. ----
def read(v):  # what a JSON object means: a tensor, or a record whose numbers may be spelled out
    if 'f64' in v: return Tensor(v['shape'], struct.unpack(f'<{math.prod(v["shape"])}d', binascii.a2b_base64(v['f64'])))
    if 'data' in v: return Tensor(v['shape'], map(float, v['data']))
    return {k: float(x) if x in ('NaN', 'Infinity', '-Infinity') else x for k, x in v.items()}
def write(v, form):  # what is sent for a value; form writes the numbers of a tensor
    if isinstance(v, Tensor): return {'shape': v.shape, **form(v.data)}
    if isinstance(v, dict): return {k: write(x, form) for k, x in v.items() if k}
    if isinstance(v, (list, tuple)): return [write(x, form) for x in v]
    return v if not isinstance(v, float) or abs(v) < INF else 'NaN' if v != v else 'Infinity' if v > 0 else '-Infinity'
def base64(data): return {'f64': binascii.b2a_base64(struct.pack(f'<{len(data)}d', *data), newline=False).decode()}
def answer(op, args):  # one call on plain tensors {shape, data}, without the protocol
    result = ENTRIES[op](**json.loads(json.dumps(args), object_hook=read))
    return write(result, lambda data: {'data': write(data, None)})
def result(call):
    try: return {'result': write(ENTRIES[call['entry']](**call['args']), base64)}
    except Exception as error: return {'error': f'{type(error).__name__}: {error}'}
def serve():
    hello = {'type': 'hello', 'protocol': 1, 'engine': 'example in Python', 'version': '1', 'dtype': 'f64',
             'hyper': {'batch_norm': ['runningVariance'], **{n: [*hyper_of(o[0], {})] for n, o in OPTIMIZERS.items()}},
             'entries': list(ENTRIES)}
    for line in sys.stdin:
        message = json.loads(line, object_hook=read)
        if message['type'] == 'bye': break
        print(json.dumps(hello if message['type'] == 'hello' else {
            'type': 'answer', 'id': message['id'], 'answers': list(map(result, message['calls']))}), flush=True)
if __name__ == '__main__': serve()
