"""The conversation of a port in Python with the host: hello, calls by the batch, bye; JSON Lines on standard input and output."""
import base64
import json
import math
import os
import sys

import numpy as np

WORDS = {"NaN": math.nan, "Infinity": math.inf, "-Infinity": -math.inf}
FORMATS = {"f64": "<f8", "f32": "<f4"}


def read(value, tensor):
    """What a message holds, with the three words as numbers and tensors made by `tensor(array)`."""
    if isinstance(value, str):
        return WORDS.get(value, value)
    if isinstance(value, int) and not isinstance(value, bool) and abs(value) > 2**53:
        return float(value)  # a double that was written without a point
    if isinstance(value, list):
        return [read(v, tensor) for v in value]
    if not isinstance(value, dict):
        return value
    for name, layout in FORMATS.items():
        if name in value and "shape" in value:
            array = np.frombuffer(base64.b64decode(value[name]), layout).reshape(value["shape"])
            return tensor(array.astype(layout[1:]))  # a copy, which may be written to
    return {name: read(v, tensor) for name, v in value.items()}


def written(value, array):
    """A result as a message holds it; `array(value)` is the numpy array of a tensor of the engine, or None."""
    if isinstance(value, (bool, int, str)):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else {math.inf: "Infinity", -math.inf: "-Infinity"}.get(value, "NaN")
    if isinstance(value, dict):
        return {name: written(v, array) for name, v in value.items()}
    if isinstance(value, (list, tuple)):
        return [written(v, array) for v in value]
    data = np.asarray(array(value))
    name = "f32" if data.dtype == np.float32 else "f64"
    text = base64.b64encode(np.ascontiguousarray(data, FORMATS[name]).tobytes()).decode("ascii")
    return {"shape": list(data.shape), name: text}


def serve(hello, entries, tensor=lambda a: a, array=lambda t: t):
    """
    Speaks the protocol until bye or the end of the input.

    hello: what the port says of itself beside its entries; entries: functions by `kind.name.call`, which take the
    arguments of the contract by name and return its record. Whatever an engine prints goes to standard error.
    """
    lines = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)

    def answer(call):
        try:
            args = read(call["args"], tensor)
            return {"result": written(entries[call["entry"]](**args), array)}
        except Exception as error:  # one call fails, the next one goes on
            return {"error": f"{type(error).__name__}: {error}"[:500]}

    for line in sys.stdin:
        message = json.loads(line)
        if message["type"] == "bye":
            os._exit(0)  # all is written, and taking a large engine down piece by piece keeps the host waiting
        if message["type"] == "hello":
            reply = {"type": "hello", "protocol": 1, **hello, "entries": sorted(entries)}
        else:
            reply = {"type": "answer", "id": message["id"], "answers": [answer(c) for c in message["calls"]]}
        print(json.dumps(reply, allow_nan=False), file=lines, flush=True)
