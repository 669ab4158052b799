"""NAdam of torch 1.13 multiplies one factor twice into its momentum product: neither its documentation nor its own foreach form."""
import torch

BETA1, BETA2, EPS, PSI, LR = 0.9, 0.999, 1e-8, 4e-3, 1.0


def documented(steps):
    """The lines of torch.optim.NAdam's documentation, for a gradient that is always 1."""
    m = v = w = 0.0
    product = 1.0
    for t in range(1, steps + 1):
        mu, after = (BETA1 * (1 - 0.96 ** (k * PSI) / 2) for k in (t, t + 1))
        product *= mu
        m, v = BETA1 * m + (1 - BETA1), BETA2 * v + (1 - BETA2)
        ahead = after * m / (1 - product * after) + (1 - mu) / (1 - product)
        w -= LR * ahead / ((v / (1 - BETA2**t)) ** 0.5 + EPS)
    return w


def reached(steps, **how):
    w = torch.zeros(1, dtype=torch.float64, requires_grad=True)
    rule = torch.optim.NAdam([w], lr=LR, **how)
    for _ in range(steps):
        w.grad = torch.ones_like(w)
        rule.step()
    return w.item()


expected, got, other = documented(1), reached(1), reached(1, foreach=True)
print(f"after one step by 1 the documentation expects {expected}, NAdam gets {got}, NAdam(foreach=True) {other}")
raise SystemExit(0 if abs(got - expected) > 1e-3 else 1)
