"""binary_cross_entropy_with_logits of torch 1.13 adds to 1 what log1p would keep: small losses are 0 or have few digits."""
import math

import torch
import torch.nn.functional as F

z = torch.tensor([-17.0])  # float32, a class-0 sample that is classified with confidence
got = F.binary_cross_entropy_with_logits(z, torch.zeros(1)).item()
other = -F.logsigmoid(-z).item()
print(f"the loss of the logit -17 for class 0 expects {math.log1p(math.exp(-17))} (-logsigmoid(17): {other}), gets {got}")
raise SystemExit(0 if abs(got - other) > 1e-9 else 1)
