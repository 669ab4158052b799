"""MLPRegressor of scikit-learn 1.2 reports a loss whose gradient it does not follow: the step is as many times too large as there are outputs."""
import warnings

import numpy as np
from sklearn.neural_network import MLPRegressor

warnings.simplefilter("ignore")
OUTPUTS, LR = 3, 2.0**-20

x, y = np.ones((1, 1)), np.ones((1, OUTPUTS))
model = MLPRegressor((1,), activation="identity", solver="sgd", alpha=0, momentum=0, learning_rate_init=LR, max_iter=1)
model.set_params(nesterovs_momentum=False, batch_size=1, warm_start=True).fit(x, y)


def loss_at(intercepts):
    """The loss that a pass reports, which it takes before its step."""
    model.coefs_ = [np.ones((1, 1)), np.zeros((1, OUTPUTS))]
    model.intercepts_ = [np.zeros(1), intercepts.copy()]
    model.fit(x, y)
    return model.loss_


at, h = np.zeros(OUTPUTS), 2.0**-10
bent = at.copy()
bent[0] = h
slope = (loss_at(bent) - loss_at(-bent)) / (2 * h)
loss_at(at)
step = -model.intercepts_[1][0] / LR
print(f"with {OUTPUTS} outputs loss_ has the slope {slope} along the first bias; a step expects it, and takes {step}")
raise SystemExit(0 if abs(step - slope) > 1e-3 else 1)
