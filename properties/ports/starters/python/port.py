"""A port for tautograd with the standard library alone: it reads one JSON message per line, and answers with one."""

import base64
import json
import math
import struct
import sys
from typing import NamedTuple

# What the engine says of itself. Choices that differ from the usual ones join it, as "conventions": {"bce": "probability"}.
ENGINE = {"engine": "my engine", "version": "0.1", "dtype": "f64", "tensors": "base64"}
ENTRIES = {}


class Tensor(NamedTuple):
    shape: list  # sizes; a scalar has none
    data: list  # as many floats as their product, row by row


def entry(name):
    """The function below answers to this entry of the contract: arguments by name in, a dict of results out."""

    def declare(function):
        ENTRIES[name] = function
        return function

    return declare


def each(f, *tensors):
    """f of every number, or of the numbers at the same place of several tensors."""
    return Tensor(tensors[0].shape, [f(*v) for v in zip(*(t.data for t in tensors))])


# ---- What the engine can do. CONTRACT.md lists what else can be asked; what is not here is not covered. ----
# These functions are judged as the engine's own: put calls of yours in their places, and delete what it does not have.
# An engine in another folder is found after sys.path.insert(0, "its folder").


@entry("activation.identity.forward")
def identity(x):
    return {"y": x}


@entry("activation.identity.vjp")
def identity_vjp(x, dy):
    return {"dx": dy}


@entry("activation.relu.forward")
def relu(x):
    return {"y": each(lambda v: 0.0 if v <= 0 else v, x)}  # NaN is not <= 0, and stays NaN


@entry("activation.relu.vjp")
def relu_vjp(x, dy):
    return {"dx": each(lambda v, g: 0.0 if v <= 0 else g, x, dy)}


@entry("activation.sigmoid.forward")
def sigmoid(x):
    def f(v):
        e = math.exp(-abs(v))  # never overflows
        return (e if v < 0 else 1) / (1 + e)

    return {"y": each(f, x)}


@entry("activation.sigmoid.vjp")
def sigmoid_vjp(x, dy):
    def slope(v):
        e = math.exp(-abs(v))
        return e / (1 + e) ** 2  # y * (1 - y) would lose all digits where y is near 1

    return {"dx": each(lambda v, g: g * slope(v), x, dy)}


def share(reduction, terms):
    """What a loss of that many terms is divided by."""
    if terms == 0:
        raise ValueError("an empty batch has no loss")
    return terms if reduction == "mean" else 1


@entry("loss.mse.forward")
def mse(prediction, target, reduction):
    total = sum(each(lambda p, t: (p - t) * (p - t), prediction, target).data)  # ** would raise where this overflows
    return {"loss": Tensor([], [total / share(reduction, len(target.data))])}


@entry("loss.mse.vjp")
def mse_vjp(prediction, target, reduction):
    n = share(reduction, len(target.data))
    return {"dprediction": each(lambda p, t: 2 * (p - t) / n, prediction, target)}


def matmul(a, b):
    """[n, k] times [k, m]."""
    (n, k), m = a.shape, b.shape[1]
    columns = [b.data[j::m] for j in range(m)]
    rows = [a.data[i * k : (i + 1) * k] for i in range(n)]
    return Tensor([n, m], [sum(p * q for p, q in zip(row, column)) for row in rows for column in columns])


def transposed(a):
    n, m = a.shape
    return Tensor([m, n], [a.data[i * m + j] for j in range(m) for i in range(n)])


@entry("layer.dense.forward")
def dense(x, w, b):
    y = matmul(x, w)
    return {"y": Tensor(y.shape, [v + b.data[i % len(b.data)] for i, v in enumerate(y.data)])}


@entry("layer.dense.vjp")
def dense_vjp(x, w, b, dy):
    db = [sum(dy.data[j :: dy.shape[1]]) for j in range(dy.shape[1])]
    return {"dx": matmul(dy, transposed(w)), "dw": matmul(transposed(x), dy), "db": Tensor(b.shape, db)}


# ---- The protocol. Nothing below has to change; what goes to stderr is a log. ----

WORDS = {"NaN": math.nan, "Infinity": math.inf, "-Infinity": -math.inf}


def read(value):
    """A value of a message: tensors in base64 or as JSON numbers, and words for what JSON has no number for."""
    if isinstance(value, str):
        return WORDS.get(value, value)
    if isinstance(value, list):
        return [read(v) for v in value]
    if not isinstance(value, dict):
        return value
    if "f64" in value:
        data = struct.unpack(f"<{math.prod(value['shape'])}d", base64.b64decode(value["f64"]))
        return Tensor(value["shape"], list(data))
    if "data" in value:
        return Tensor(value["shape"], [float(v) for v in read(value["data"])])
    return {name: read(v) for name, v in value.items()}


def written(value):
    if isinstance(value, Tensor):
        bits = struct.pack(f"<{len(value.data)}d", *value.data)
        return {"shape": value.shape, "f64": base64.b64encode(bits).decode()}
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
