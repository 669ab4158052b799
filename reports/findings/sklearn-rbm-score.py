"""score_samples of BernoulliRBM in scikit-learn 1.2 is the number of features times what its documentation says, and of one sample no list."""
import numpy as np
from sklearn.neural_network import BernoulliRBM

model = BernoulliRBM(n_components=1, n_iter=1, random_state=0).fit(np.zeros((1, 4)))
model.components_, model.intercept_hidden_, model.intercept_visible_ = np.zeros((1, 4)), np.zeros(1), np.zeros(4)
score = model.score_samples(np.zeros((1, 4)))
got = float(np.ravel(score)[0])
want = -np.log(2)  # the free energies of a machine without weights are all the same
print(f"the log of the logistic function of the difference 0 expects {want}, score_samples gets {got}, {got / want} times as much")
print(f"the shape (1,) is expected, got {np.shape(score)}")
raise SystemExit(0 if abs(got - want) > 1e-9 else 1)
