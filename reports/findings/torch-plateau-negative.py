"""ReduceLROnPlateau of torch 1.13 takes a negative loss that never changes, or even grows, for one that improves."""
import torch
from torch.optim import SGD
from torch.optim.lr_scheduler import ReduceLROnPlateau


def rate_after(loss):
    rule = SGD([torch.zeros(1, requires_grad=True)], lr=1.0)
    rates = ReduceLROnPlateau(rule, factor=0.1, patience=2)
    for _ in range(50):
        rates.step(loss)
    return rule.param_groups[0]["lr"]


plus, minus = rate_after(1.0), rate_after(-1.0)
print(f"fifty steps at the same loss expect a smaller rate: the loss 1 gets {plus}, the loss -1 gets {minus}")
raise SystemExit(0 if minus == 1 else 1)
