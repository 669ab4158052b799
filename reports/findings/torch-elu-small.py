"""elu, selu and celu of torch 1.13 compute exp(x) − 1: what is left of 0 and small becomes 0, or keeps few digits."""
import torch
import torch.nn.functional as F

x = torch.tensor([-1e-9])  # float32; elu'(0) is 1 on both sides
want = torch.expm1(x).item()
got = {f.__name__: f(x).item() for f in (F.elu, F.celu, F.selu)}
print(f"elu(-1e-9) expects {want} (torch.expm1 has it), gets {got}")
double = F.elu(torch.tensor([-1e-9], dtype=torch.float64)).item()
print(f"in float64 it expects -9.999999995e-10, gets {double}")
raise SystemExit(0 if got["elu"] == 0 else 1)
