"""The slope of hardsigmoid in torch 1.13 is 1/6 in single precision, in double precision too."""
import torch
import torch.nn.functional as F

x = torch.zeros(1, dtype=torch.float64, requires_grad=True)
(got,) = torch.autograd.grad(F.hardsigmoid(x), x)
print(f"hardsigmoid expects the slope {1 / 6} in float64, gets {got.item()}")
raise SystemExit(0 if abs(got.item() - 1 / 6) > 1e-12 else 1)
