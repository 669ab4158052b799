"""Activations, losses and layers of torch, forward and pulled back by its own autograd."""
import torch
import torch.nn.functional as F
from torch import nn

ACTIVATIONS = {
    "step": lambda x: torch.heaviside(x, torch.zeros((), dtype=x.dtype)),
    "identity": lambda x: nn.Identity()(x),
    "relu": F.relu,
    "leaky_relu": lambda x, **p: F.leaky_relu(x, **({"negative_slope": p["slope"]} if "slope" in p else {})),
    "sigmoid": torch.sigmoid,
    "tanh": torch.tanh,
    "softplus": F.softplus,
    "elu": lambda x, **p: F.elu(x, **p),
    "selu": F.selu,
    "gelu": F.gelu,
    "gelu_tanh": lambda x: F.gelu(x, approximate="tanh"),
    "silu": F.silu,
    "hard_sigmoid": F.hardsigmoid,
    "hard_tanh": F.hardtanh,
    "softsign": F.softsign,
    "softmax": lambda x: F.softmax(x, dim=-1),
    "log_softmax": lambda x: F.log_softmax(x, dim=-1),
}


def rows(x):
    """[…, classes] as [samples, classes]."""
    return x.reshape(-1, x.shape[-1])


# prediction, target, reduction; torch has the hinge as the ranking of a prediction over 0 by a margin of 1
LOSSES = {
    "bce": lambda p, y, r: F.binary_cross_entropy(p, y, reduction=r),
    "bce_with_logits": lambda z, y, r: F.binary_cross_entropy_with_logits(z, y, reduction=r),
    "mse": lambda p, y, r: F.mse_loss(p, y, reduction=r),
    "mae": lambda p, y, r: F.l1_loss(p, y, reduction=r),
    "huber": lambda p, y, r, **k: F.huber_loss(p, y, reduction=r, **k),
    "hinge": lambda p, y, r: F.margin_ranking_loss(p, torch.zeros_like(p), y, margin=1, reduction=r),
    "softmax_cross_entropy": lambda z, y, r: F.cross_entropy(rows(z), rows(y), reduction=r),
    "kl": lambda p, y, r: F.kl_div(rows(p).log(), rows(y), reduction="batchmean" if r == "mean" else r),
}


def tracked(*tensors):
    return [t.detach().clone().requires_grad_() for t in tensors]


def pulled(y, xs, dy):
    """Cotangents of all xs; what y does not depend on has 0."""
    if not y.requires_grad:
        return [torch.zeros_like(x) for x in xs]
    grads = torch.autograd.grad(y, xs, dy, allow_unused=True)
    return [torch.zeros_like(x) if g is None else g for x, g in zip(xs, grads)]


def activation(f):
    def vjp(x, dy, **p):
        (x,) = tracked(x)
        return {"dx": pulled(f(x, **p), [x], dy)[0]}

    return {"forward": lambda x, **p: {"y": f(x, **p)}, "vjp": vjp}


def loss(f):
    def vjp(prediction, target, reduction, **p):
        (z,) = tracked(prediction)
        return {"dprediction": pulled(f(z, target, reduction, **p), [z], None)[0]}

    return {"forward": lambda prediction, target, reduction, **p: {"loss": f(prediction, target, reduction, **p)}, "vjp": vjp}


def dense(x, w, b):
    return F.linear(x, w.t(), b)  # torch keeps weights as [out, in]


def dense_vjp(x, w, b, dy):
    xs = tracked(x, w, b)
    return dict(zip(("dx", "dw", "db"), pulled(dense(*xs), xs, dy)))


def channels_second(x):
    return x if x.dim() < 3 else x.movedim(-1, 1)


def channels_last(x):
    return x if x.dim() < 3 else x.movedim(1, -1)


def batch_norm(x, gamma, beta, mean, variance, eps, momentum=0.0, training=True):
    y = F.batch_norm(channels_second(x), mean, variance, gamma, beta, training, momentum, eps)
    return channels_last(y)


def batch_norm_train(x, gamma, beta, mean, variance, **p):
    y = batch_norm(x, gamma, beta, mean, variance, **p)  # which writes to mean and variance
    return {"y": y, "mean": mean, "variance": variance}


def batch_norm_vjp(training):
    def vjp(x, gamma, beta, mean, variance, dy, **p):
        xs = tracked(x, gamma, beta)
        return dict(zip(("dx", "dgamma", "dbeta"), pulled(batch_norm(*xs, mean, variance, training=training, **p), xs, dy)))

    return vjp


def batch_norm_start(features):
    layer = nn.BatchNorm1d(features)
    return {"gamma": layer.weight, "beta": layer.bias, "mean": layer.running_mean, "variance": layer.running_var}


def layer_norm(x, gamma, beta, eps):
    return F.layer_norm(x, gamma.shape, gamma, beta, eps)


def layer_norm_vjp(x, gamma, beta, eps, dy):
    xs = tracked(x, gamma, beta)
    return dict(zip(("dx", "dgamma", "dbeta"), pulled(layer_norm(*xs, eps), xs, dy)))


def layer_norm_start(features):
    layer = nn.LayerNorm(features)
    return {"gamma": layer.weight, "beta": layer.bias}


def dropout_sample(x, dropRate, seed, step, place):
    """
    The output of a dropout at a step of a loop that began with the seed, where torch draws one mask after another.

    Which draw that is depends on how many dropouts the network has. There are as many as the next power of two: with
    place + 1 of them, the next place at the step before could be the very same draw, of another network.
    """
    torch.manual_seed(seed)
    each = 1 << place.bit_length()
    for _ in range((step - 1) * each + place + 1):
        y = F.dropout(x, dropRate, training=True)
    return {"y": y}


def max_norm(w, limit):
    return torch.renorm(w, p=2, dim=1, maxnorm=limit)


LAYERS = {
    "layer.dense.forward": lambda x, w, b: {"y": dense(x, w, b)},
    "layer.dense.vjp": dense_vjp,
    "layer.batch_norm.start": batch_norm_start,
    "layer.batch_norm.train": batch_norm_train,
    "layer.batch_norm.train_vjp": batch_norm_vjp(True),
    "layer.batch_norm.eval": lambda x, gamma, beta, mean, variance, eps: {
        "y": batch_norm(x, gamma, beta, mean, variance, eps, training=False), "mean": mean, "variance": variance,
    },
    "layer.batch_norm.eval_vjp": batch_norm_vjp(False),
    "layer.layer_norm.start": layer_norm_start,
    "layer.layer_norm.forward": lambda x, gamma, beta, eps: {"y": layer_norm(x, gamma, beta, eps)},
    "layer.layer_norm.vjp": layer_norm_vjp,
    "layer.dropout.eval": lambda x, dropRate: {"y": F.dropout(x, dropRate, training=False)},
    "layer.dropout.sample": dropout_sample,
    "layer.alpha_dropout.eval": lambda x, dropRate: {"y": F.alpha_dropout(x, dropRate, training=False)},
    "regulariser.max_norm.project": lambda w, limit: {"w": max_norm(w, limit)},
    "regulariser.max_norm.constrain": lambda params, limit: {
        "params": [p if i % 2 else max_norm(p, limit) for i, p in enumerate(params)],
    },
}


def entries():
    found = dict(LAYERS)
    for kind, make, table in (("activation", activation, ACTIVATIONS), ("loss", loss, LOSSES)):
        for name, f in table.items():
            for call, answer in make(f).items():
                found[f"{kind}.{name}.{call}"] = answer
    del found["activation.step.vjp"]  # torch refuses to differentiate heaviside
    return found
