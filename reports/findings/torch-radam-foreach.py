"""RAdam of torch 1.13 with foreach=True has no eps: a weight whose gradient is 0 becomes NaN."""
import torch


def reached(**how):
    w = torch.ones(1, dtype=torch.float64, requires_grad=True)
    rule = torch.optim.RAdam([w], eps=1e-8, **how)
    for _ in range(8):
        w.grad = torch.zeros_like(w)
        rule.step()
    return w.item()


plain, foreach = reached(), reached(foreach=True)
print(f"eight steps without any gradient expect the weight 1, RAdam gets {plain}, RAdam(foreach=True) {foreach}")
raise SystemExit(0 if foreach != 1 else 1)
