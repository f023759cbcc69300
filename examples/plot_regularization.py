"""
Regularisation and early stopping
=================================

A network with many weights and few samples can learn the noise by heart. Two cures: a penalty on
large weights (``alpha``), which makes the curve smoother, and to stop while the curve is still
good, which rows that were held back can tell.
"""

import matplotlib.pyplot as plt
import numpy as np

from sknn import MLPRegressor

rng = np.random.default_rng(1)


def noisy_wave(n):
    """Return some points of a wave, with noise."""
    x = rng.uniform(-3, 3, size=(n, 1))
    return x, np.sin(1.5 * x.ravel()) + rng.normal(scale=0.3, size=n)


X, y = noisy_wave(35)
X_test, y_test = noisy_wave(2000)

# %%
# The penalty
# -----------
# 60 tanh units (181 weights and offsets) for 35 points, without a penalty and with two. The weights
# begin large here, and nothing but the penalty makes them small. Too little follows every point,
# too much follows none.


def large(rng, shape, dtype):
    """Return initial weights with a standard deviation of 3."""
    return rng.normal(0, 3, shape)


grid = np.linspace(-3, 3, 400).reshape(-1, 1)
fig, axes = plt.subplots(1, 3, figsize=(11, 3.6), sharey=True, layout="constrained")
for number, (ax, alpha) in enumerate(zip(axes, (0, 1e-2, 1e-1), strict=True)):
    model = MLPRegressor(
        (60,), "tanh", solver="lbfgs", alpha=alpha, initialization=large, max_iter=20000,
        max_fun=40000, tol=1e-3, random_state=0,
    )  # fmt: skip
    model.fit(X, y)
    error = np.sqrt(np.mean((model.predict(X_test) - y_test) ** 2))
    ax.plot(X, y, "k.", label="training points")
    ax.plot(grid, np.sin(1.5 * grid), "k:", linewidth=1, label="without noise")
    ax.plot(grid, model.predict(grid), f"C{number}")
    ax.set(title=f"alpha = {alpha:g}, test error {error:.2f}", xlabel="x", ylim=(-2.2, 2.2))
axes[0].set_ylabel("y")
axes[0].legend(loc="lower center", ncols=2, fontsize="small")
plt.show()

# %%
# Early stopping
# --------------
# The loss of the training rows always falls. That of rows that were not trained on falls and then
# rises again: from there on the network learns what is true of its training rows only.
# ``early_stopping`` watches those rows and keeps the weights of the best epoch.

settings = {"activation": "tanh", "alpha": 0, "learning_rate_init": 0.01, "random_state": 0}
stopped = MLPRegressor(
    (200, 200), early_stopping=True, scoring="loss", n_iter_no_change=300, max_iter=1500, **settings
)
stopped.fit(X, y, X_val=X_test[:200], y_val=y_test[:200])

fig, ax = plt.subplots(figsize=(7.5, 4), layout="constrained")
ax.plot(stopped.loss_curve_, label="training rows")
ax.plot(stopped.validation_loss_curve_, "--", label="rows to validate on")
best = stopped.best_iteration_
ax.plot(best - 1, stopped.validation_loss_curve_[best - 1], "ko", label=f"best, epoch {best}")
ax.set(xlabel="epoch", ylabel="loss (half the squared error)", ylim=(0, 0.2))
ax.legend()
plt.show()
