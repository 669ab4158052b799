"""smooth_l1_loss of torch 1.13 with beta 0 is said to be l1_loss, but has the slope -1 where prediction and target agree."""
import torch
import torch.nn.functional as F

x, y = torch.zeros(1, requires_grad=True), torch.zeros(1)
(got,) = torch.autograd.grad(F.smooth_l1_loss(x, y, beta=0.0), x)
(want,) = torch.autograd.grad(F.l1_loss(x, y), x)
print(f"smooth_l1_loss with beta 0 expects the slope of l1_loss, {want.item()}, gets {got.item()}")
raise SystemExit(0 if got.item() != want.item() else 1)
