"""Optimizers of torch, alone and behind its clipping and its coupled decay; schedules."""
import inspect
import math

import torch
from torch import optim
from torch.nn.utils import clip_grad_value_
from torch.optim import lr_scheduler


def default(cls, name):
    return inspect.signature(cls.__init__).parameters[name].default


class Rule:
    """How the contract's hyper-parameters are spelled in torch; what is not named keeps torch's default."""

    def __init__(self, cls, spelled, pairs=(), **fixed):
        self.cls, self.spelled, self.pairs, self.fixed = cls, spelled, dict(pairs), fixed

    @property
    def keys(self):
        return [*self.spelled, *(name for names in self.pairs.values() for name in names)]

    def make(self, params, hyper, **more):
        """An optimizer of torch; parts of the contract's rule that torch does not have must be off."""
        rest = {name: v for name, v in hyper.items() if v != 0 or name in self.keys}
        kwargs = {**self.fixed, **more}
        for name, torchs in self.spelled.items():
            if name in rest:
                kwargs[torchs] = rest.pop(name)
        for torchs, names in self.pairs.items():
            if any(name in rest for name in names):
                kwargs[torchs] = tuple(rest.pop(n, d) for n, d in zip(names, default(self.cls, torchs)))
        return self.cls(params, **kwargs, **rest)  # a name that torch does not know is its to refuse


class Rprop(Rule):
    """Its limits are steps, those of the contract factors on the first one."""

    def make(self, params, hyper, **more):
        lr = hyper.get("lr", default(self.cls, "lr"))
        limits = {k: lr * hyper[k] for k in ("minFactor", "maxFactor") if k in hyper}
        return super().make(params, {**hyper, **limits}, **more)


class Descent(Rule):
    """SGD has no rate of its own, and one family with and without momentum: what is left out is the contract's."""

    def make(self, params, hyper, **more):
        own = {"lr": 0.01, "momentum": 0.9}
        return super().make(params, {**{name: own[name] for name in self.keys}, **hyper}, **more)


class NAdam(Rule):
    """A share of momentum that follows no schedule is one whose schedule is over: 0.96^∞ is 0."""

    keys = ["lr", "beta1", "beta2", "eps", "psi", "scheduled"]

    def make(self, params, hyper, **more):
        rest = {name: v for name, v in hyper.items() if name != "scheduled"}
        if hyper.get("scheduled", 1) == 0:
            rest["psi"] = math.inf
        return super().make(params, rest, **more)


LR = {"lr": "lr"}
BETAS = {"betas": ("beta1", "beta2")}
ADAM = {**LR, "eps": "eps"}

RULES = {
    "sgd": Descent(optim.SGD, LR),
    "momentum": Descent(optim.SGD, {**LR, "momentum": "momentum"}),
    "nesterov": Descent(optim.SGD, {**LR, "momentum": "momentum"}, nesterov=True),
    "rprop": Rprop(optim.Rprop, LR, {"etas": ("down", "up"), "step_sizes": ("minFactor", "maxFactor")}),
    "adagrad": Rule(optim.Adagrad, {**LR, "eps": "eps", "initialAccumulator": "initial_accumulator_value"}),
    "rmsprop": Rule(
        optim.RMSprop, {**LR, "decay": "alpha", "eps": "eps", "centered": "centered", "momentum": "momentum"}
    ),
    "adadelta": Rule(optim.Adadelta, {**LR, "decay": "rho", "epsRoot": "eps"}),
    "adamax": Rule(optim.Adamax, {**LR, "epsInner": "eps"}, BETAS),
    "adam": Rule(optim.Adam, ADAM, BETAS),
    "adamw": Rule(optim.AdamW, {**ADAM, "weightDecay": "weight_decay"}, BETAS),
    "amsgrad": Rule(optim.Adam, ADAM, BETAS, amsgrad=True),
    "nadam": NAdam(optim.NAdam, {**ADAM, "psi": "momentum_decay"}, BETAS),
    "radam": Rule(optim.RAdam, {**LR, "epsHat": "eps"}, BETAS),
}


def use_foreach():
    """The other form of every rule, which updates all tensors at once."""
    for rule in RULES.values():
        rule.fixed["foreach"] = True


def variables(params):
    return [p.clone().requires_grad_() for p in params]


def trajectory(rule, params, gradients, before=lambda rule, leaves, step: None):
    """Parameters after every step of a rule made by rule(leaves)."""
    leaves = variables(params)
    own = rule(leaves)
    steps = []
    for step, gs in enumerate(gradients):
        for leaf, g in zip(leaves, gs):
            leaf.grad = g.clone()
        before(own, leaves, step)
        own.step()
        steps.append([leaf.detach().clone() for leaf in leaves])
    return steps


def optimizer(rule):
    def run(params, gradients, hyper):
        return {"params": trajectory(lambda leaves: rule.make(leaves, hyper), params, gradients)}

    def run_with_rates(params, gradients, hyper, rates):
        def rate(own, leaves, step):
            own.param_groups[0]["lr"] = rates[step]

        first = {**hyper, "lr": rates[0]}
        return {"params": trajectory(lambda leaves: rule.make(leaves, first), params, gradients, rate)}

    def accepts(hyper):
        try:
            rule.make(variables([torch.zeros(1)]), hyper)
        except (TypeError, ValueError):
            return {"accepted": False}
        return {"accepted": True}

    return {"run": run, "run_with_rates": run_with_rates, "accepts": accepts}


# gradients of leaves, in place; clip_grad_norm_ adds 1e-6 to the norm, where the contract lets one choose
CLIPS = {"by_value": clip_grad_value_}


def clip(cut):
    def apply(gradients, limit, eps=None):
        leaves = variables(gradients)
        for leaf, g in zip(leaves, gradients):
            leaf.grad = g.clone()
        cut(leaves, limit)
        return {"gradients": [leaf.grad for leaf in leaves]}

    return apply


def clipped(cut):
    def run(params, gradients, inner, innerHyper, hyper):
        steps = trajectory(
            lambda leaves: RULES[inner].make(leaves, innerHyper),
            params,
            gradients,
            lambda own, leaves, step: cut(leaves, hyper.get("limit", 1.0)),
        )
        return {"params": steps, "evaluated": steps}

    return run


def coupled_decay(params, gradients, inner, innerHyper, hyper):
    if inner == "adamw":
        raise ValueError("the decay of AdamW is not coupled")
    decay = {"weight_decay": hyper["l2"]} if hyper.get("l2") else {}
    steps = trajectory(lambda leaves: RULES[inner].make(leaves, innerHyper, **decay), params, gradients)
    return {"params": steps, "evaluated": steps}


# torch has no lengths of its own: those of the contract where none are named
SCHEDULES = {
    "constant": lambda o: lr_scheduler.ConstantLR(o, factor=1.0),
    "step": lambda o, every=100, gamma=0.1: lr_scheduler.StepLR(o, every, gamma),
    "cosine": lambda o, steps=1000, final=0.0: lr_scheduler.CosineAnnealingLR(o, steps, final),
}


def schedule(make):
    def factor(hyper, steps):
        rule = optim.SGD([torch.zeros(1, requires_grad=True)], lr=1.0)
        rates = make(rule, **hyper)
        rule.step()  # torch warns where rates step before the optimizer has
        found = {}
        wanted = set(steps)
        for k in range(1, max(steps) + 1):
            if k in wanted:
                found[k] = rates.get_last_lr()[0]
            rates.step()
        return {"factor": torch.tensor([found[k] for k in steps])}

    return factor


def entries():
    found = {f"optimizer.{n}.{call}": f for n, rule in RULES.items() for call, f in optimizer(rule).items()}
    del found["optimizer.rprop.run_with_rates"]  # its steps grow and shrink by themselves from the first rate on
    for name, cut in CLIPS.items():
        found[f"clip.{name}.apply"] = clip(cut)
        found[f"wrapper.clip_{name}.run"] = clipped(cut)
    found["wrapper.coupled_decay.run"] = coupled_decay
    for name, make in SCHEDULES.items():
        found[f"schedule.{name}.factor"] = schedule(make)
    return found
