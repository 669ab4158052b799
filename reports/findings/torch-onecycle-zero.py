"""OneCycleLR of torch 1.13 divides by 0 where the rise is to take one step."""
import torch
from torch.optim import SGD
from torch.optim.lr_scheduler import OneCycleLR

rule = SGD([torch.zeros(1, requires_grad=True)], lr=1.0)
try:
    rates = OneCycleLR(rule, max_lr=1.0, total_steps=10, pct_start=0.1)
    print(f"a first rate is expected, got {rates.get_last_lr()}")
except ZeroDivisionError as error:
    print(f"a first rate is expected of 10 steps with pct_start 0.1, got ZeroDivisionError: {error}")
    raise SystemExit(0)
raise SystemExit(1)
