"""The loss_ of MLPClassifier in scikit-learn 1.2 is cut off at 36.04, and 2.2e-16 where it is less; its gradient goes on."""
import math
import warnings

import numpy as np
from sklearn.neural_network import MLPClassifier

warnings.simplefilter("ignore")
model = MLPClassifier((1,), activation="identity", solver="sgd", alpha=0, max_iter=1, warm_start=True, batch_size=2)
x, y = np.array([[0.0], [1.0]]), np.array([0, 1])
model.fit(x, y)
losses = []
for logit in (-30.0, -100.0, -200.0):  # of the sample of class 1; the one of class 0 has -logit and is as wrong
    model.coefs_ = [np.ones((1, 1)), np.array([[2 * logit]])]
    model.intercepts_ = [np.zeros(1), np.array([-logit])]
    model.fit(x, y)
    losses.append(model.loss_)
    print(f"two samples that are wrong by a logit of {logit} expect the loss {math.log1p(math.exp(logit)) - logit}, get {model.loss_}")
raise SystemExit(0 if losses[1] < 99 else 1)
