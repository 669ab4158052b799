"""PyTorch as an engine of the benchmark: float32, its own layers, losses and optimizer; no gradient is recorded where none is asked for."""
import sys

import torch
import torch.nn.functional as functional
from torch import nn

from serve import repeated, serve

THREADS = int(sys.argv[1])
torch.set_num_threads(THREADS)
torch.manual_seed(1)


def tensor(values, *shape):
    t = torch.tensor(values, dtype=torch.float32)
    return t.reshape(shape) if shape else t


def plain(**named):
    return {name: t.detach().to(torch.float64).numpy() for name, t in named.items()}


def matmul(sizes, inputs):
    n = sizes['n']
    a, b = tensor(inputs['a'], n, n), tensor(inputs['b'], n, n)
    left, right, c = a.T if sizes['transA'] else a, b.T if sizes['transB'] else b, torch.empty(n, n)
    return repeated(lambda: torch.matmul(left, right, out=c), lambda: plain(c=c))


def set_to(layer, weight, bias):
    with torch.no_grad():
        layer.weight.copy_(weight)
        layer.bias.copy_(bias)
    return layer


def dense(inputs, i, source, target):
    return set_to(nn.Linear(source, target), tensor(inputs[f'w{i}'], source, target).T, tensor(inputs[f'b{i}']))


def trained(net, x, y, lr, outputs):
    loss_of, optimizer, state = nn.BCEWithLogitsLoss(), torch.optim.Adam(net.parameters(), lr=lr, foreach=True), {}

    def one():
        optimizer.zero_grad(set_to_none=True)
        loss = loss_of(net(x), y)
        loss.backward()
        optimizer.step()
        state['loss'] = loss

    return repeated(one, lambda: plain(loss=state['loss'], **outputs()))


def classifier(sizes, inputs):
    n, d, h1, h2 = sizes['batch'], sizes['inputs'], sizes['first'], sizes['second']
    norms = [set_to(nn.BatchNorm1d(h), tensor(inputs[f'gamma{i}']), tensor(inputs[f'beta{i}'])) for i, h in ((1, h1), (2, h2))]
    layers = [dense(inputs, 1, d, h1), dense(inputs, 2, h1, h2), dense(inputs, 3, h2, 1)]
    drop = sizes['dropRate']
    net = nn.Sequential(
        layers[0], norms[0], nn.ReLU(inplace=True), nn.Dropout(drop),
        layers[1], norms[1], nn.ReLU(inplace=True), nn.Dropout(drop),
        layers[2],
    )

    def outputs():
        seen = {f'w{i + 1}': layer.weight.T for i, layer in enumerate(layers)}
        for i, norm in enumerate(norms, 1):
            seen |= {f'gamma{i}': norm.weight, f'beta{i}': norm.bias, f'mean{i}': norm.running_mean, f'variance{i}': norm.running_var}
        return {**seen, 'b3': layers[2].bias}

    return trained(net, tensor(inputs['x'], n, d), tensor(inputs['y'], n, 1), sizes['lr'], outputs)


def xor(sizes, inputs):
    h = sizes['hidden']
    first, second = dense(inputs, 1, 2, h), dense(inputs, 2, h, 1)
    net = nn.Sequential(first, nn.Tanh(), second)

    def outputs():
        return {'w1': first.weight.T, 'b1': first.bias, 'w2': second.weight.T, 'b2': second.bias}

    return trained(net, tensor(inputs['x'], 4, 2), tensor(inputs['y'], 4, 1), sizes['lr'], outputs)


def pointwise(f):
    def make(sizes, inputs):
        x, y = tensor(inputs['x']), torch.empty(sizes['n'])
        return repeated(lambda: f(x, out=y), lambda: plain(y=y))

    return make


def batch_norm(sizes, inputs):
    x = tensor(inputs['x'], sizes['rows'], sizes['columns'])
    gamma, beta, state = tensor(inputs['gamma']), tensor(inputs['beta']), {}

    def run(calls):
        with torch.inference_mode():
            for _ in range(calls):
                state['y'] = functional.batch_norm(x, None, None, gamma, beta, True, 0.1, 1e-5)

    return run, lambda: plain(**state)


def batch_norm_both(sizes, inputs):
    shape = sizes['rows'], sizes['columns']
    x, dy = tensor(inputs['x'], *shape).requires_grad_(), tensor(inputs['dy'], *shape)
    gamma, beta, state = tensor(inputs['gamma']).requires_grad_(), tensor(inputs['beta']).requires_grad_(), {}

    def one():
        y = functional.batch_norm(x, None, None, gamma, beta, True, 0.1, 1e-5)
        state['dx'], state['dgamma'], state['dbeta'] = torch.autograd.grad(y, (x, gamma, beta), dy)
        state['y'] = y

    return repeated(one, lambda: plain(**state))


def bce_with_logits(_, inputs):
    z, y, state = tensor(inputs['z']).requires_grad_(), tensor(inputs['y']), {}

    def one():
        loss = functional.binary_cross_entropy_with_logits(z, y)
        (state['dz'],) = torch.autograd.grad(loss, z)
        state['loss'] = loss

    return repeated(one, lambda: plain(**state))


def softmax(sizes, inputs):
    x, state = tensor(inputs['x'], 1, sizes['n']), {}

    def run(calls):
        with torch.inference_mode():
            for _ in range(calls):
                state['y'] = torch.softmax(x, 1)

    return run, lambda: plain(**state)


def adam(sizes, inputs):
    w = tensor(inputs['w']).requires_grad_()
    w.grad = tensor(inputs['g'])
    optimizer = torch.optim.Adam([w], foreach=True, lr=sizes['lr'])
    return repeated(optimizer.step, lambda: plain(w=w))


def normal(sizes, _):
    x = torch.empty(sizes['n'])
    return repeated(x.normal_, lambda: plain(x=x))


def dropout_mask(sizes, _):
    u, mask, keep = torch.empty(sizes['n']), torch.empty(sizes['n'], dtype=torch.bool), 1 - sizes['dropRate']

    def one():
        torch.lt(u.uniform_(), keep, out=mask)  # quicker than bernoulli_

    return repeated(one, lambda: plain(mask=mask))


serve('PyTorch', torch.__version__, THREADS, {
    'matmul': matmul, 'classifier': classifier, 'xor': xor,
    'sigmoid': pointwise(torch.sigmoid), 'relu': pointwise(lambda x, out: torch.clamp_min(x, 0, out=out)),
    'batchNorm': batch_norm, 'batchNormBoth': batch_norm_both, 'bceWithLogits': bce_with_logits,
    'softmax': softmax, 'adam': adam, 'normal': normal, 'dropoutMask': dropout_mask,
})
