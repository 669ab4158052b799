"""Initializers, gains and random numbers of torch."""
import torch
from torch import nn
from torch.nn import init


def matrix(fill):
    """An initializer that reads the fans from a weight matrix, which torch keeps as [out, in]."""

    def draw(shape, fanIn, fanOut, gain):
        if list(shape) != [fanIn, fanOut]:
            raise ValueError(f"fans come from a shape [fanIn, fanOut], got {shape} for {fanIn} and {fanOut}")
        return fill(torch.empty(fanOut, fanIn), gain).t()

    return draw


def plain(fill):
    return lambda shape, fanIn, fanOut, gain: fill(torch.empty(shape), gain)


def kaiming(fill, **how):
    """These have no gain of their own: torch scales what it has drawn."""
    return matrix(lambda w, gain: fill(w, **how).mul_(gain))


def sparse(w, gain):
    """Fifteen weights into every unit, a column of [in, out], are left: half a weight less is rounded up."""
    inputs = w.shape[0]
    return init.sparse_(w, max(inputs - 15.5, 0) / inputs, std=gain)


INITIALIZERS = {
    "zeros": plain(lambda w, gain: init.zeros_(w)),
    "constant": plain(init.constant_),
    "normal": plain(lambda w, gain: init.normal_(w, 0, gain)),
    "uniform": plain(lambda w, gain: init.uniform_(w, -gain, gain)),
    "truncated_normal": plain(lambda w, gain: init.trunc_normal_(w, 0, gain, -2 * gain, 2 * gain)),
    "lecun_normal": kaiming(init.kaiming_normal_, nonlinearity="linear"),
    "lecun_uniform": kaiming(init.kaiming_uniform_, nonlinearity="linear"),
    "xavier_uniform": matrix(init.xavier_uniform_),
    "xavier_normal": matrix(init.xavier_normal_),
    "he_uniform": kaiming(init.kaiming_uniform_, nonlinearity="relu"),
    "he_normal": kaiming(init.kaiming_normal_, nonlinearity="relu"),
    "he_uniform_fan_out": kaiming(init.kaiming_uniform_, mode="fan_out", nonlinearity="relu"),
    "he_normal_fan_out": kaiming(init.kaiming_normal_, mode="fan_out", nonlinearity="relu"),
    "torch_linear": matrix(lambda w, gain: nn.Linear(w.shape[1], w.shape[0]).weight.detach().mul_(gain)),
    "orthogonal": matrix(init.orthogonal_),
    "identity": matrix(lambda w, gain: init.eye_(w).mul_(gain)),
    "sparse": plain(sparse),
}

GAINS = {
    "identity": "linear",
    "sigmoid": "sigmoid",
    "tanh": "tanh",
    "relu": "relu",
    "leaky_relu": "leaky_relu",
    "selu": "selu",
}


def sampled(draw):
    def sample(shape, fanIn, fanOut, seed, gain=1.0):
        torch.manual_seed(seed)
        return {"w": draw(shape, fanIn, fanOut, gain)}

    return sample


def numbers(draw):
    def sample(seed, count):
        return {"values": draw(count, generator=torch.Generator().manual_seed(seed))}

    return sample


def permutation(seed, count):
    return {"order": torch.randperm(count, generator=torch.Generator().manual_seed(seed)).tolist()}


def entries():
    return {
        **{f"initializer.{name}.sample": sampled(draw) for name, draw in INITIALIZERS.items()},
        **{
            f"gain.{name}.value": lambda slope=None, torchs=torchs: {"gain": float(init.calculate_gain(torchs, slope))}
            for name, torchs in GAINS.items()
        },
        "random.uniform.sample": numbers(torch.rand),
        "random.normal.sample": numbers(torch.randn),
        "random.permutation.sample": permutation,
    }
