"""Programs as chains of torch's operations: values, and derivatives backward, forward and twice."""
import torch
import torch.nn.functional as F
from torch.autograd import forward_ad
from torch.autograd.functional import hvp as reverse_over_reverse

from elements import ACTIVATIONS, pulled, tracked


def camel(name):
    head, *rest = name.split("_")
    return head + "".join(word.capitalize() for word in rest)


# by the names of the engine's own operations
OPS = {
    **{camel(name): f for name, f in ACTIVATIONS.items() if name != "step"},
    "add": torch.add,
    "sub": torch.sub,
    "mul": torch.mul,
    "div": torch.div,
    "neg": torch.neg,
    "abs": torch.abs,
    "floor": torch.floor,
    "square": torch.square,
    "sqrt": torch.sqrt,
    "exp": torch.exp,
    "expm1": torch.expm1,
    "log": torch.log,
    "log1p": torch.log1p,
    "sign": torch.sign,
    "greater": lambda x, y: torch.gt(x, y).to(x.dtype),
    "where": lambda c, x, y: torch.where(c != 0, x, y),
    "maximum": torch.maximum,
    "minimum": torch.minimum,
    "erf": torch.erf,
    "erfc": torch.erfc,
    "sum": lambda x, axes, keep: torch.sum(x, axes, keepdim=keep) if axes else x.clone(),
    "matmul": torch.matmul,
    "max": lambda x: torch.amax(x, -1, keepdim=True),
    "logSumExp": lambda x: torch.logsumexp(x, -1),
    "reshape": lambda x, shape: x.reshape(shape),
    "transpose": torch.t,
    "expand": lambda x, shape: x.expand(shape),
    "bce": lambda p, y: F.binary_cross_entropy(*torch.broadcast_tensors(p, y), reduction="none"),
    "bceWithLogits": lambda z, y: F.binary_cross_entropy_with_logits(*torch.broadcast_tensors(z, y), reduction="none"),
    "huber": lambda x, delta: F.huber_loss(x, torch.zeros_like(x), reduction="none", delta=delta),
}


def program(equations):
    def run(*inputs):
        values = list(inputs)
        for equation in equations:
            values.append(OPS[equation["op"]](*(values[i] for i in equation["reads"]), **(equation.get("params") or {})))
        return values[-1].clone()

    return run


def vjp(equations, inputs, dy):
    xs = tracked(*inputs)
    y = program(equations)(*xs)
    return {"y": y, "dinputs": pulled(y, xs, dy)}


def tangent(f, inputs, u):
    """f and its derivative along u, inside a level of forward mode that the caller has opened."""
    y = forward_ad.unpack_dual(f(*(forward_ad.make_dual(x, t) for x, t in zip(inputs, u))))
    return y.primal, torch.zeros_like(y.primal) if y.tangent is None else y.tangent


def jvp(equations, inputs, u):
    with forward_ad.dual_level():
        y, dy = tangent(program(equations), inputs, u)
    return {"y": y, "dy": dy}


def gradients(f, xs):
    y = f(*xs)
    if not y.requires_grad:
        return [torch.zeros_like(x) for x in xs]
    grads = torch.autograd.grad(y, xs, create_graph=True, allow_unused=True)
    return [torch.zeros_like(x) if g is None else g for x, g in zip(xs, grads)]


def forward_over_reverse(f, inputs, u):
    with forward_ad.dual_level():
        duals = [forward_ad.make_dual(x, t) for x, t in zip(tracked(*inputs), u)]
        tangents = [forward_ad.unpack_dual(g).tangent for g in gradients(f, duals)]
    return [torch.zeros_like(x) if t is None else t for x, t in zip(inputs, tangents)]


def reverse_over_forward(f, inputs, u):
    xs = tracked(*inputs)
    with forward_ad.dual_level():
        _, dy = tangent(f, xs, u)
        return pulled(dy, xs, None)


MODES = {
    "reverseOverReverse": lambda f, xs, u: reverse_over_reverse(f, tuple(xs), tuple(u))[1],
    "forwardOverReverse": forward_over_reverse,
    "reverseOverForward": reverse_over_forward,
}


def entries():
    return {
        "program.graph.vjp": vjp,
        "program.graph.forward": lambda equations, inputs: {"y": program(equations)(*inputs)},
        "program.graph.jvp": jvp,
        "program.graph.hvp": lambda equations, inputs, u, mode: {"products": MODES[mode](program(equations), inputs, u)},
    }
