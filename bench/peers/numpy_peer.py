"""NumPy as an engine of the benchmark: float32, results written into arrays that are there, derivatives by hand."""
import sys

import numpy as np

from serve import repeated, serve

F = np.float32
EPS, B1, B2 = F(1e-5), 0.9, 0.999


def f32(inputs, shapes):
    return {name: inputs[name].astype(F).reshape(shape) for name, shape in shapes.items()}


class Adam:
    """In place over a list of arrays, with two arrays for what lies between."""

    def __init__(self, params, lr):
        self.params, self.lr, self.k = params, lr, 0
        self.m, self.v, self.s, self.t = ([np.zeros_like(p) for p in params] for _ in range(4))

    def step(self, grads):
        self.k += 1
        rate = F(self.lr / (1 - B1**self.k))
        root = F(1 / np.sqrt(1 - B2**self.k))
        for p, g, m, v, s, t in zip(self.params, grads, self.m, self.v, self.s, self.t):
            m *= F(B1)
            np.multiply(g, F(1 - B1), out=s)
            m += s
            v *= F(B2)
            np.multiply(g, g, out=s)
            s *= F(1 - B2)
            v += s
            np.sqrt(v, out=s)
            s *= root
            s += F(1e-8)
            np.multiply(m, rate, out=t)
            t /= s
            p -= t


def matmul(sizes, inputs):
    n = sizes['n']
    a, b = (inputs[k].astype(F).reshape(n, n) for k in 'ab')
    left, right, c = a.T if sizes['transA'] else a, b.T if sizes['transB'] else b, np.empty((n, n), F)
    return repeated(lambda: np.matmul(left, right, out=c), lambda: {'c': c})


def norm_forward(x, gamma, beta, xhat, y):
    """Writes x̂ and y; gives 1/√(variance + eps), mean and variance."""
    mean = x.mean(axis=0)
    np.subtract(x, mean, out=xhat)
    variance = np.einsum('ij,ij->j', xhat, xhat) / F(len(x))
    inverse = 1 / np.sqrt(variance + EPS)
    np.multiply(xhat, inverse, out=xhat)
    np.multiply(xhat, gamma, out=y)
    y += beta
    return inverse, mean, variance


def norm_backward(dy, gamma, xhat, inverse, dx):
    """Writes dx; gives dγ and dβ."""
    n = F(len(dy))
    dbeta = dy.sum(axis=0)
    dgamma = np.einsum('ij,ij->j', dy, xhat)
    np.multiply(xhat, dgamma / n, out=dx)
    np.subtract(dy, dx, out=dx)
    dx -= dbeta / n
    dx *= gamma * inverse
    return dgamma, dbeta


def sigmoid_into(z, out):
    np.negative(z, out=out)
    np.exp(out, out=out)
    out += F(1)
    np.reciprocal(out, out=out)


def bce(z, y):
    return np.mean(np.maximum(z, 0) - z * y + np.log1p(np.exp(-np.abs(z))))


def classifier(sizes, inputs):
    n, d, h1, h2 = sizes['batch'], sizes['inputs'], sizes['first'], sizes['second']
    keep = F(1 - sizes['dropRate'])
    p = f32(inputs, {
        'x': (n, d), 'y': (n, 1), 'w1': (d, h1), 'b1': h1, 'gamma1': h1, 'beta1': h1,
        'w2': (h1, h2), 'b2': h2, 'gamma2': h2, 'beta2': h2, 'w3': (h2, 1), 'b3': 1,
    })
    x, y = p.pop('x'), p.pop('y')
    names = list(p)
    adam = Adam(list(p.values()), sizes['lr'])
    grads = {name: np.empty_like(value) for name, value in p.items()}
    order = [grads[name] for name in names]
    rng = np.random.default_rng(1)
    buffers = [{k: np.empty((n, h), F) for k in ('z', 'xhat', 'y', 'u', 'h', 'dh', 'dz')} for h in (h1, h2)]
    running = {'mean1': np.zeros(h1, F), 'variance1': np.ones(h1, F), 'mean2': np.zeros(h2, F), 'variance2': np.ones(h2, F)}
    state = {'loss': F(0)}

    def forward(i, at):
        b = buffers[i - 1]
        np.matmul(at, p[f'w{i}'], out=b['z'])
        b['z'] += p[f'b{i}']
        b['inverse'], mean, variance = norm_forward(b['z'], p[f'gamma{i}'], p[f'beta{i}'], b['xhat'], b['y'])
        for name, fresh in ((f'mean{i}', mean), (f'variance{i}', variance * F(n / (n - 1)))):
            running[name] *= F(0.9)
            running[name] += F(0.1) * fresh
        np.maximum(b['y'], 0, out=b['h'])
        rng.random(dtype=F, out=b['u'])
        np.less(b['u'], keep, out=b['u'], casting='unsafe')
        b['u'] *= 1 / keep
        b['h'] *= b['u']
        return b['h']

    def backward(i, at):
        b = buffers[i - 1]
        b['dh'] *= b['u']
        b['dh'] *= b['y'] > 0
        grads[f'gamma{i}'][:], grads[f'beta{i}'][:] = norm_backward(b['dh'], p[f'gamma{i}'], b['xhat'], b['inverse'], b['dz'])
        np.matmul(at.T, b['dz'], out=grads[f'w{i}'])
        b['dz'].sum(axis=0, out=grads[f'b{i}'])
        return b['dz']

    def one():
        first = forward(1, x)
        second = forward(2, first)
        z = second @ p['w3'] + p['b3']
        state['loss'] = bce(z, y)
        dz = (1 / (1 + np.exp(-z)) - y) / F(n)
        np.matmul(second.T, dz, out=grads['w3'])
        dz.sum(axis=0, out=grads['b3'])
        np.matmul(dz, p['w3'].T, out=buffers[1]['dh'])
        np.matmul(backward(2, first), p['w2'].T, out=buffers[0]['dh'])
        backward(1, x)
        adam.step(order)

    return repeated(one, lambda: {**state, **p, **running})


def xor(sizes, inputs):
    h = sizes['hidden']
    p = f32(inputs, {'x': (4, 2), 'y': (4, 1), 'w1': (2, h), 'b1': h, 'w2': (h, 1), 'b2': 1})
    x, y = p.pop('x'), p.pop('y')
    adam = Adam(list(p.values()), sizes['lr'])
    state = {'loss': F(0)}

    def one():
        a = np.tanh(x @ p['w1'] + p['b1'])
        z = a @ p['w2'] + p['b2']
        state['loss'] = bce(z, y)
        dz = (1 / (1 + np.exp(-z)) - y) / F(4)
        da = (dz @ p['w2'].T) * (1 - a * a)
        adam.step([x.T @ da, da.sum(axis=0), a.T @ dz, dz.sum(axis=0)])

    return repeated(one, lambda: {**state, **p})


def sigmoid(sizes, inputs):
    x, y = inputs['x'].astype(F), np.empty(sizes['n'], F)
    return repeated(lambda: sigmoid_into(x, y), lambda: {'y': y})


def relu(sizes, inputs):
    x, y = inputs['x'].astype(F), np.empty(sizes['n'], F)
    return repeated(lambda: np.maximum(x, 0, out=y), lambda: {'y': y})


def batch_norm(backwards):
    def make(sizes, inputs):
        shape = (sizes['rows'], sizes['columns'])
        x, gamma, beta = inputs['x'].astype(F).reshape(shape), inputs['gamma'].astype(F), inputs['beta'].astype(F)
        xhat, y, dx = (np.empty(shape, F) for _ in range(3))
        state = {'y': y}
        if not backwards:
            return repeated(lambda: norm_forward(x, gamma, beta, xhat, y), lambda: state)
        dy = inputs['dy'].astype(F).reshape(shape)
        state['dx'] = dx

        def one():
            inverse, _, _ = norm_forward(x, gamma, beta, xhat, y)
            state['dgamma'], state['dbeta'] = norm_backward(dy, gamma, xhat, inverse, dx)

        return repeated(one, lambda: state)

    return make


def bce_with_logits(sizes, inputs):
    z, y = inputs['z'].astype(F), inputs['y'].astype(F)
    e, s, t = (np.empty_like(z) for _ in range(3))
    scale = F(1 / sizes['n'])
    state = {'loss': F(0), 'dz': t}

    def one():
        np.abs(z, out=e)
        np.negative(e, out=e)
        np.exp(e, out=e)
        np.log1p(e, out=s)
        np.maximum(z, 0, out=t)
        np.add(s, t, out=s)
        np.multiply(z, y, out=t)
        np.subtract(s, t, out=s)
        state['loss'] = s.mean()
        sigmoid_into(z, t)
        np.subtract(t, y, out=t)
        np.multiply(t, scale, out=t)

    return repeated(one, lambda: state)


def softmax(sizes, inputs):
    x, y = inputs['x'].astype(F), np.empty(sizes['n'], F)

    def one():
        np.subtract(x, x.max(), out=y)
        np.exp(y, out=y)
        np.divide(y, y.sum(), out=y)

    return repeated(one, lambda: {'y': y})


def adam(sizes, inputs):
    w, g = inputs['w'].astype(F), inputs['g'].astype(F)
    rule = Adam([w], sizes['lr'])
    return repeated(lambda: rule.step([g]), lambda: {'w': w})


def normal(sizes, _):
    rng, x = np.random.default_rng(1), np.empty(sizes['n'], F)
    return repeated(lambda: rng.standard_normal(dtype=F, out=x), lambda: {'x': x})


def dropout_mask(sizes, _):
    rng, u, mask = np.random.default_rng(1), np.empty(sizes['n'], F), np.empty(sizes['n'], bool)
    keep = F(1 - sizes['dropRate'])

    def one():
        rng.random(dtype=F, out=u)
        np.less(u, keep, out=mask)

    return repeated(one, lambda: {'mask': mask})


serve('NumPy', np.__version__, int(sys.argv[1]), {
    'matmul': matmul, 'classifier': classifier, 'xor': xor, 'sigmoid': sigmoid, 'relu': relu,
    'batchNorm': batch_norm(False), 'batchNormBoth': batch_norm(True), 'bceWithLogits': bce_with_logits,
    'softmax': softmax, 'adam': adam, 'normal': normal, 'dropoutMask': dropout_mask,
})
