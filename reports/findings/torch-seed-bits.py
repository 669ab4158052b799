"""Seeds of torch 1.13 have 64 bits by the documentation; the generator of the CPU reads 32 of them."""
import torch

draw = lambda seed: torch.rand(3, generator=torch.Generator().manual_seed(seed)).tolist()
print(f"other numbers are expected from seed 2^32 than from 0: {draw(2**32)} and {draw(0)}")
raise SystemExit(0 if draw(2**32) == draw(0) else 1)
