"""
Why the identity is not a useful activation
===========================================

Two layers without an activation between them are one layer: ``(X W1 + b1) W2 + b2`` is ``X W + b``
with ``W = W1 W2`` and ``b = b1 W2 + b2``. With any number of such layers the network is a linear
function. Depth is useful only with nonlinear activations.
"""

import matplotlib.pyplot as plt
import numpy as np

from sknn import MLPRegressor
from sknn.engine import Linear, Sequential

rng = np.random.default_rng(0)
first = Linear(rng.normal(size=(3, 50)), rng.normal(size=50))
second = Linear(rng.normal(size=(50, 2)), rng.normal(size=2))
collapsed = Linear(first.W @ second.W, first.W0 @ second.W + second.W0)

X = rng.normal(size=(5, 3))
deep = Sequential([first, second]).forward(X)
print("largest difference:", f"{abs(deep - collapsed.forward(X)).max():.0e}")

# %%
# Training does not change this. Three hidden layers of 50 units with the identity fit a wave no
# better than a straight line. With ReLU one hidden layer of 50 is enough.

x = np.linspace(-3, 3, 200).reshape(-1, 1)
y = np.sin(2 * x.ravel()) + 0.3 * x.ravel()
straight = MLPRegressor((50, 50, 50), "identity", solver="lbfgs", random_state=0).fit(x, y)
bent = MLPRegressor((50,), "relu", solver="lbfgs", max_iter=2000, random_state=0).fit(x, y)

fig, ax = plt.subplots(figsize=(7.5, 4), layout="constrained")
ax.plot(x, y, color="black", linestyle=":", label="target")
ax.plot(x, straight.predict(x), "C0", label="identity, three hidden layers of 50")
ax.plot(x, bent.predict(x), "C1", label="ReLU, one hidden layer of 50", alpha=0.8)
ax.set(xlabel="x", ylabel="y")
ax.legend()
plt.show()
