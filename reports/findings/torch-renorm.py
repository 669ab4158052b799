"""torch.renorm of torch 1.13 sets rows to 0 that are shorter than the limit, where the square of a number overflows."""
import torch

w = torch.tensor([[2e19, 1e18]])  # float32, of norm 2.0025e19
got = torch.renorm(w, p=2, dim=0, maxnorm=1e20)
print(f"a row shorter than maxnorm expects to stay {w.tolist()}, gets {got.tolist()}")
small = torch.renorm(torch.tensor([[2e-8]], dtype=torch.float64), p=2, dim=0, maxnorm=1e-8)
print(f"(1e-7 is added to every norm that is cut: a weight of 2e-8 cut to 1e-8 becomes {small.item()})")
raise SystemExit(0 if not torch.equal(got, w) else 1)
