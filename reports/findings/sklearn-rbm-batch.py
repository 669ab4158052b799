"""BernoulliRBM of scikit-learn 1.2 subtracts the sum over batch_size chains from the sum over the samples of a batch: fewer samples learn another distribution."""
import numpy as np
from sklearn.neural_network import BernoulliRBM


def learned(rows, batch_size):
    """How often the only visible unit is on in a machine that has learned from data where it is on in 4 of 5 rows."""
    x = np.tile([[1.0], [1.0], [1.0], [1.0], [0.0]], (rows // 5, 1))
    model = BernoulliRBM(n_components=1, learning_rate=0.05, batch_size=batch_size, n_iter=4000, random_state=0).fit(x)
    v, rng_steps = np.zeros((1000, 1)), 50
    model.random_state = np.random.RandomState(1)
    for _ in range(rng_steps):
        v = model.gibbs(v)
    return v.mean()


whole, short = learned(5, 5), learned(5, 10)  # 10 is the default batch_size
print(f"from five samples with a share of 0.8 a machine expects 0.8: batch_size 5 gets {whole}, batch_size 10 gets {short}")
raise SystemExit(0 if abs(short - 0.8) > 0.2 else 1)
