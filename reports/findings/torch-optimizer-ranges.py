"""Optimizers of torch 1.13 refuse hyper-parameters out of range, but SGD takes NaN and RMSprop a decay above 1."""
import math

import torch

cases = {
    "Adam(lr=nan)": lambda w: torch.optim.Adam(w, lr=math.nan),
    "SGD(lr=nan)": lambda w: torch.optim.SGD(w, lr=math.nan),
    "SGD(momentum=nan)": lambda w: torch.optim.SGD(w, lr=0.1, momentum=math.nan),
    "Adadelta(rho=1.5)": lambda w: torch.optim.Adadelta(w, rho=1.5),
    "RMSprop(alpha=1.5)": lambda w: torch.optim.RMSprop(w, alpha=1.5),
}
taken = []
for name, make in cases.items():
    try:
        make([torch.zeros(1, requires_grad=True)])
        taken.append(name)
    except ValueError as error:
        print(f"{name} is refused: {error}")
print(f"a ValueError is expected of all of them; taken: {taken}")
raise SystemExit(0 if taken else 1)
