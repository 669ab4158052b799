"""Networks of torch modules made from data, their losses and gradients, and trainings of them."""
import io

import torch
from torch import nn
from torch.utils.data import BatchSampler, RandomSampler

from draws import INITIALIZERS
from elements import ACTIVATIONS, LOSSES
from optim import RULES


class Activation(nn.Module):
    def __init__(self, name, **parameters):
        super().__init__()
        self.name, self.parameters_of = name, parameters

    def forward(self, x):
        return ACTIVATIONS[self.name](x, **self.parameters_of)


class Residual(nn.Module):
    def __init__(self, inside):
        super().__init__()
        self.inside = inside

    def forward(self, x):
        return x + self.inside(x)



# each takes the spec of a layer and the size of what it receives, and gives the module and the size of what leaves it
MODULES = {
    "dense": lambda size, units, **_: (nn.Linear(size, units), units),
    "activation": lambda size, name, **p: (Activation(name, **p), size),
    "batchNorm": lambda size, **p: (nn.BatchNorm1d(size, **p), size),
    "layerNorm": lambda size, eps: (nn.LayerNorm(size, eps), size),
    "dropout": lambda size, dropRate: (nn.Dropout(dropRate), size),
    "residual": lambda size, layers: (Residual(network(layers, size)), size),
}
MODULES["batch_norm"] = MODULES["batchNorm"]


def network(layers, size):
    modules = []
    for layer in layers:
        module, size = MODULES[layer["type"]](size, **{k: v for k, v in layer.items() if k != "type"})
        modules.append(module)
    return nn.Sequential(*modules)


def leaves(model):
    """Parameters in the order of layers by name; whether each is a matrix that torch keeps the other way round."""
    return {
        f"{at}.{name}": (p, isinstance(m, nn.Linear) and name == "weight")
        for at, m in model.named_modules()
        for name, p in m.named_parameters(recurse=False)
    }


def contract(model, of=lambda p: p):
    return [(of(p).t() if turned else of(p)).detach().clone() for p, turned in leaves(model).values()]


def statistics(model):
    norms = [(at, m) for at, m in model.named_modules() if isinstance(m, nn.BatchNorm1d)]
    return {f"{at}.{name}": getattr(m, name) for at, m in norms for name in ("running_mean", "running_var")}


def running(model):
    return list(statistics(model).values())


def loaded(layers, size, params, state=None):
    """A network with these values; names that are missing or too many, and shapes that do not fit, are torch's to refuse."""
    model = network(layers, size)
    names = [*leaves(model), *(f"more.{i}" for i in range(len(params)))]
    turned = {name for name, (_, t) in leaves(model).items() if t}
    values = {name: v.t() if name in turned else v for name, v in zip(names, params)}
    kept = {name: v for name, v in model.state_dict().items() if name not in leaves(model)}
    values.update(kept, **({} if state is None else dict(zip(statistics(model), state))))
    model.load_state_dict(values)
    return model


def loss_and_grad(layers, loss, reduction, params, x, y, state=None):
    model = loaded(layers, x.shape[-1], params, state)
    output = model(x)
    value = LOSSES[loss](output, y, reduction)
    value.backward()
    zeros = lambda p: torch.zeros_like(p) if p.grad is None else p.grad
    answer = {"loss": value, "output": output, "gradients": contract(model, zeros)}
    return answer if state is None else {**answer, "state": running(model)}


def forward(layers, params, x, mode, state=None):
    model = loaded(layers, x.shape[-1], params, state).train(mode == "train")
    return {"output": model(x)}


def refuses(**args):
    try:
        loss_and_grad(**args)
    except (RuntimeError, ValueError, TypeError, IndexError):
        return {"refused": True}
    return {"refused": False}


# ---- Trainings. ----


class Session:
    """A model with its optimizer, and the loss of every step so far."""

    def __init__(self, model, loss, reduction, optimizer, hyper):
        self.model, self.loss, self.reduction = model, loss, reduction
        self.optimizer = RULES[optimizer].make(model.parameters(), hyper)
        self.losses = []

    def loss_of(self, x, y, reduction):
        return LOSSES[self.loss](self.model(x), y, reduction)

    def step(self, x, y):
        self.optimizer.zero_grad()
        value = self.loss_of(x, y, self.reduction)
        value.backward()
        self.optimizer.step()
        self.losses.append(value.item())

    def evaluate(self, x, y):
        self.model.eval()
        with torch.no_grad():
            value = self.loss_of(x, y, "mean").item()
        self.model.train()
        return value

    def states(self):
        return {"model": self.model.state_dict(), "optimizer": self.optimizer.state_dict(), "rng": torch.get_rng_state()}

    def resumed_in(self, make):
        """The same training in fresh objects, through a file that is written before they are made."""
        held = torch.load(saved(self.states()))
        other = make()
        other.model.load_state_dict(held["model"])
        other.optimizer.load_state_dict(held["optimizer"])
        other.losses = self.losses
        torch.set_rng_state(held["rng"])
        return other


def saved(states):
    file = io.BytesIO()
    torch.save(states, file)
    file.seek(0)
    return file


def fit(layers, loss, reduction, params, optimizer, hyper, batches, seed, at=None, validation=None, stopAt=None):
    torch.manual_seed(seed)
    size = params[0].shape[0]
    make = lambda: Session(loaded(layers, size, params), loss, reduction, optimizer, hyper)
    session, evaluations, trace, states = make(), [], [], []
    for step, batch in enumerate(batches):
        if step == at:
            session = session.resumed_in(make)
        session.step(batch["x"], batch["y"])
        trace.append(contract(session.model))
        states.append([t.clone() for t in running(session.model)])
        if validation is not None:
            evaluations.append(session.evaluate(validation["x"], validation["y"]))
            if evaluations[-1] <= stopAt:
                break
    answer = {"params": trace, "state": states, "losses": session.losses, "final": contract(session.model)}
    return answer if validation is None else {**answer, "evaluations": evaluations}


def initial(layers, inputs, seed):
    """Weights by torch.nn.init; biases are zeros, as its users set them beside a rule for the weights."""
    torch.manual_seed(seed)
    params = []
    for layer in layers:
        units = layer["units"]
        params += [INITIALIZERS[layer["init"]]([inputs, units], inputs, units, layer.get("gain", 1.0)), torch.zeros(units)]
        inputs = units
    return {"params": params}


def exported_output(layers, params, x):
    model = loaded(layers, x.shape[-1], params)
    again = network(layers, x.shape[-1])
    again.load_state_dict(torch.load(saved(model.state_dict())))
    return {"y": again.eval()(x)}


def indices(samples, size, epochs, seed, last, **rest):
    """What a DataLoader with shuffle draws its samples by."""
    order = RandomSampler(range(samples), generator=torch.Generator().manual_seed(seed))
    batches = BatchSampler(order, size, drop_last=last == "drop")
    every = [batch for _ in range(epochs) for batch in batches]
    return {"indices": every[rest["from"] :]}


def session_run(layers, loss, optimizer, hyper, seed, x, y, steps, resumeAt, evaluateAt):
    torch.manual_seed(seed)
    make = lambda: Session(network(layers, x.shape[-1]), loss, "mean", optimizer, hyper)
    session = make()
    for k in range(1, steps + 1):
        session.step(x, y)
        if k in resumeAt:
            session = session.resumed_in(make)
        if k in evaluateAt:
            session.evaluate(x, y)
    slots = [v for s in session.optimizer.state_dict()["state"].values() for v in s.values() if torch.is_tensor(v)]
    everything = [*contract(session.model), *running(session.model), *(s.double() for s in slots)]
    return {"variables": everything, "losses": torch.tensor(session.losses)}


def entries():
    return {
        "model.network.loss_and_grad": loss_and_grad,
        "model.network.forward": forward,
        "model.network.refuses": refuses,
        "training.network.init": initial,
        "training.network.fit": fit,
        "training.network.fit_watched": fit,
        "training.network.fit_resumed": fit,
        "training.network.exported_output": exported_output,
        "training.batches.indices": indices,
        "session.training.run": session_run,
        "session.text.round_trip": lambda values: {"values": torch.load(saved(values))},
    }
