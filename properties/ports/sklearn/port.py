"""scikit-learn behind the contract: its public API, with no arithmetic of ours in between."""
import sys
import warnings
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "python"))

import numpy as np
import sklearn
from sklearn.linear_model import Perceptron
from sklearn.neural_network import BernoulliRBM, MLPRegressor

from serve import serve

warnings.simplefilter("ignore")  # that so few passes may not converge


# ---- The perceptron. ----


def perceptron(lr, epochs=1):
    return Perceptron(penalty=None, eta0=lr, max_iter=epochs, tol=None, shuffle=False)


def passes(x, y, lr, epochs):
    """Which samples were mistakes in each pass: those after which the weights are others."""
    model = perceptron(lr)
    classes = [-1, 1] if y.min() < 0 else [0, 1]
    model.partial_fit(np.zeros((1, x.shape[1])), classes[:1], classes=classes)
    model.coef_[:], model.intercept_[:] = 0, 0  # that sample has only told it the classes
    found = []
    for _ in range(epochs):
        turn = []
        for i in range(len(y)):
            before = (model.coef_.copy(), model.intercept_.copy())
            model.partial_fit(x[i : i + 1], y[i : i + 1])
            turn.append(not (np.array_equal(model.coef_, before[0]) and np.array_equal(model.intercept_, before[1])))
        found.append(turn)
        if not any(turn):
            break  # nothing will change any more
    return model, found


def perceptron_fit(x, y, lr, epochs):
    model, found = passes(x, y, lr, epochs)
    if epochs != 0 and len(np.unique(y)) > 1:  # two classes, and passes: fewer than none it refuses itself
        model = perceptron(lr, epochs).fit(x, y)
    counts = np.array(found, dtype=int).reshape(-1, len(y)).sum(axis=0)
    return {
        "w": model.coef_[0],
        "b": float(model.intercept_[0]),
        "mistakes": int(counts.sum()),
        "counts": counts.tolist(),
        "converged": not all(any(turn) for turn in found),
    }


def perceptron_predict(x, w, b):
    model = perceptron(1.0).fit(np.array([np.zeros_like(w), np.ones_like(w)]), [0, 1])
    model.coef_, model.intercept_ = w.reshape(1, -1), np.array([b])
    return {"y": model.predict(x).astype(float)}


# ---- Activations: the hidden unit of a network whose weights pass numbers on. ----


def hidden(name):
    model = MLPRegressor((1,), activation=name, max_iter=1).fit(np.zeros((1, 1)), [0.0])
    model.coefs_ = [np.ones((1, 1)), np.ones((1, 1))]
    model.intercepts_ = [np.zeros(1), np.zeros(1)]

    def forward(x):
        return {"y": model.predict(x.reshape(-1, 1)).reshape(x.shape) if x.size else x}

    return forward


# ---- The Boltzmann machine. ----


def hidden_given(w, b, c, v):
    model = BernoulliRBM(n_components=len(c), n_iter=1).fit(np.zeros((1, len(b))))
    model.components_, model.intercept_visible_, model.intercept_hidden_ = w.T, b, c
    return {"p": model.transform(v)}


serve(
    {
        "engine": "scikit-learn",
        "version": sklearn.__version__,
        "dtype": "f64",
        # a score of 0 is a loss that counts, whatever the label
        "conventions": {"perceptronTie": "mistake"},
    },
    {
        "perceptron.perceptron.fit": perceptron_fit,
        "perceptron.perceptron.predict": perceptron_predict,
        **{
            f"activation.{name}.forward": hidden(sklearns)
            for name, sklearns in (("relu", "relu"), ("sigmoid", "logistic"), ("tanh", "tanh"))
        },
        "rbm.rbm.hidden_given": hidden_given,
    },
)
