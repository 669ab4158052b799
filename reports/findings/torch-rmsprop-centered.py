"""Centered RMSprop of torch 1.13 takes the root of a variance that rounding has made negative: a steady gradient ends in NaN."""
import torch

w = torch.zeros(1, dtype=torch.float64, requires_grad=True)
rule = torch.optim.RMSprop([w], lr=0.01, centered=True)
step = 0
while step < 5000 and not w.isnan():
    w.grad = torch.full_like(w, 0.1)
    rule.step()
    step += 1
print(f"a gradient of 0.1 at every step expects a number, after step {step} the weight is {w.item()}")
raise SystemExit(0 if w.isnan() else 1)
