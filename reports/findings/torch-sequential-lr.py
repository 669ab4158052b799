"""The examples in the documentation of SequentialLR and ChainedScheduler in torch 1.13 show rates that they do not give."""
import warnings

import torch
from torch.optim import SGD
from torch.optim.lr_scheduler import ChainedScheduler, ConstantLR, ExponentialLR, SequentialLR

warnings.simplefilter("ignore")


def rates(make):
    rule = SGD([torch.zeros(1, requires_grad=True)], lr=1.0)
    both = make(rule, [ConstantLR(rule, factor=0.1, total_iters=2), ExponentialLR(rule, gamma=0.9)])
    found = []
    for _ in range(5):
        found.append(round(rule.param_groups[0]["lr"], 6))
        rule.step()
        both.step()
    return found


wrong = 0
for name, make, want in (
    ("SequentialLR", lambda rule, two: SequentialLR(rule, schedulers=two, milestones=[2]), [0.1, 0.1, 0.9, 0.81, 0.729]),
    ("ChainedScheduler", lambda rule, two: ChainedScheduler(two), [0.09, 0.081, 0.729, 0.6561, 0.59049]),
):
    got = rates(make)
    print(f"{name}: the documentation expects {want}, gets {got}")
    wrong += got != want
raise SystemExit(0 if wrong else 1)
