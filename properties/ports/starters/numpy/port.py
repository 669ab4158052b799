"""A port for tautograd with NumPy: it reads one JSON message per line, and answers with one."""

import base64
import json
import math
import sys

import numpy as np

# What the engine says of itself. Choices that differ from the usual ones join it, as "conventions": {"bce": "probability"}.
ENGINE = {"engine": "my engine", "version": "0.1", "dtype": "f64", "tensors": "base64"}
ENTRIES = {}

np.seterr(all="ignore")  # infinities and NaN are asked about on purpose


def entry(name):
    """The function below answers to this entry of the contract: arguments by name in, tensors as arrays; a dict of results out."""

    def declare(function):
        ENTRIES[name] = function
        return function

    return declare


# ---- What the engine can do. CONTRACT.md lists what else can be asked; what is not here is not covered. ----
# These functions are judged as the engine's own: put calls of yours in their places, and delete what it does not have.
# An engine in another folder is found after sys.path.insert(0, "its folder"). Arrays arrive read-only: p -= … needs p.copy().


@entry("activation.identity.forward")
def identity(x):
    return {"y": x}


@entry("activation.identity.vjp")
def identity_vjp(x, dy):
    return {"dx": dy}


@entry("activation.relu.forward")
def relu(x):
    return {"y": np.where(x <= 0, 0.0, x)}  # NaN is not <= 0, and stays NaN


@entry("activation.relu.vjp")
def relu_vjp(x, dy):
    return {"dx": np.where(x <= 0, 0.0, dy)}


@entry("activation.sigmoid.forward")
def sigmoid(x):
    e = np.exp(-np.abs(x))  # never overflows
    return {"y": np.where(x < 0, e, 1) / (1 + e)}


@entry("activation.sigmoid.vjp")
def sigmoid_vjp(x, dy):
    e = np.exp(-np.abs(x))
    return {"dx": dy * (e / (1 + e) ** 2)}  # y * (1 - y) would lose all digits where y is near 1


def share(reduction, terms):
    """What a loss of that many terms is divided by."""
    if terms == 0:
        raise ValueError("an empty batch has no loss")
    return terms if reduction == "mean" else 1


@entry("loss.mse.forward")
def mse(prediction, target, reduction):
    return {"loss": ((prediction - target) ** 2).sum() / share(reduction, target.size)}


@entry("loss.mse.vjp")
def mse_vjp(prediction, target, reduction):
    return {"dprediction": 2 * (prediction - target) / share(reduction, target.size)}


@entry("layer.dense.forward")
def dense(x, w, b):
    return {"y": x @ w + b}


@entry("layer.dense.vjp")
def dense_vjp(x, w, b, dy):
    return {"dx": dy @ w.T, "dw": x.T @ dy, "db": dy.sum(axis=0)}


# ---- The protocol. Nothing below has to change; what goes to stderr is a log. ----

WORDS = {"NaN": math.nan, "Infinity": math.inf, "-Infinity": -math.inf}


def read(value):
    """A value of a message: tensors in base64 or as JSON numbers, and words for what JSON has no number for."""
    if isinstance(value, str):
        return WORDS.get(value, value)
    if isinstance(value, int) and abs(value) >= 2**53:
        return float(value)  # a double, of which NumPy would make an object; seeds are below, and stay whole
    if isinstance(value, list):
        return [read(v) for v in value]
    if not isinstance(value, dict):
        return value
    if "f64" in value:
        return np.frombuffer(base64.b64decode(value["f64"]), "<f8").reshape(value["shape"])
    if "data" in value:
        return np.array(read(value["data"]), "<f8").reshape(value["shape"])
    return {name: read(v) for name, v in value.items()}


def written(value):
    if isinstance(value, (np.ndarray, np.generic)):
        bits = np.asarray(value, "<f8").tobytes()
        return {"shape": list(value.shape), "f64": base64.b64encode(bits).decode()}
    if isinstance(value, float) and not math.isfinite(value):
        return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"
    if isinstance(value, (list, tuple)):
        return [written(v) for v in value]
    if isinstance(value, dict):
        return {name: written(v) for name, v in value.items()}
    return value


def answer(call):
    try:
        return {"result": written(ENTRIES[call["entry"]](**read(call["args"])))}
    except Exception as error:  # belongs to this call alone; the next one may go well
        return {"error": f"{type(error).__name__}: {error}"}


def main():
    for line in sys.stdin:
        message = json.loads(line)
        if message["type"] == "bye":
            break
        if message["type"] == "hello":
            reply = {"type": "hello", "protocol": 1, **ENGINE, "entries": list(ENTRIES)}
        else:
            reply = {"type": "answer", "id": message["id"], "answers": [answer(c) for c in message["calls"]]}
        print(json.dumps(reply), flush=True)


main()
