"""torch behind the contract: its public API on the CPU, with no arithmetic of ours in between; arguments: f32, foreach."""
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "python"))

import torch

import draws
import elements
import network
import optim
import programs
from serve import serve

DTYPES = {"f64": torch.float64, "f32": torch.float32}

asked = sys.argv[1:]
dtype = "f32" if "f32" in asked else "f64"
if "foreach" in asked:
    optim.use_foreach()
torch.set_default_dtype(DTYPES[dtype])
torch.set_num_threads(1)

serve(
    {
        "engine": " ".join(["torch", *(["foreach"] if "foreach" in asked else [])]),
        "version": torch.__version__,
        "dtype": dtype,
        "conventions": {
            # σ′ and tanh′ are computed from the output
            "derivative": "absolute",
            # Adamax adds its epsilon to every gradient, RAdam before the correction
            "optimizerDefaults": "own",
        },
        "ops": sorted(programs.OPS),
        "parts": ["batchNorm", "layerNorm", "residual"],
        "hyper": {name: rule.keys for name, rule in optim.RULES.items()},
    },
    {
        entry: answer
        for part in (elements, draws, optim, network, programs)
        for entry, answer in part.entries().items()
    },
    tensor=torch.from_numpy,
    array=lambda t: t.detach().numpy(),
)
