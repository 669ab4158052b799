"""RAdam of torch 1.13 adds eps outside the root, where its documentation has it inside."""
import math

import torch

LR, BETA2, EPS, STEPS = 1.0, 0.9, 1.0, 8

w = torch.zeros(1, dtype=torch.float64, requires_grad=True)
rule = torch.optim.RAdam([w], lr=LR, betas=(0.5, BETA2), eps=EPS)
expected = v = 0.0
longest = 2 / (1 - BETA2) - 1
for t in range(1, STEPS + 1):
    w.grad = torch.ones_like(w)
    rule.step()
    v = BETA2 * v + (1 - BETA2)
    length = longest - 2 * t * BETA2**t / (1 - BETA2**t)
    scale = 1.0  # the corrected first moment of a gradient that is always 1 is 1
    if length > 5:
        r = math.sqrt((length - 4) * (length - 2) * longest / ((longest - 4) * (longest - 2) * length))
        scale = r * math.sqrt((1 - BETA2**t) / (v + EPS))
    expected -= LR * scale
print(f"with eps {EPS} and gradients of 1 the documentation expects {expected} after {STEPS} steps, RAdam gets {w.item()}")
raise SystemExit(0 if abs(w.item() - expected) > 1e-3 else 1)
