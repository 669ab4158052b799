"""The slope of gelu(approximate='tanh') in torch 1.13 is NaN once x² overflows, where it is 1 or 0."""
import torch
import torch.nn.functional as F

x = torch.tensor([2e19, -2e19], requires_grad=True)  # float32
y = F.gelu(x, approximate="tanh")
(got,) = torch.autograd.grad(y.sum(), x)
(plain,) = torch.autograd.grad(F.gelu(x).sum(), x)
print(f"at ±2e19 the values are {y.tolist()}; the slopes are expected to be 1 and 0, as of gelu, {plain.tolist()}, got {got.tolist()}")
raise SystemExit(0 if got.isnan().any() else 1)
