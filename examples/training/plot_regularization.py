"""
Regularisation and early stopping
=================================

A network with many weights and few samples can fit the noise. Two remedies: a penalty on large
weights (``alpha``), which makes the function smoother, and early stopping, which ends training when
the error on held-out rows no longer falls.
"""

import matplotlib.pyplot as plt
import numpy as np

from sknn import MLPRegressor

rng = np.random.default_rng(4)


def noisy_wave(n):
    """Return noisy points of a sine wave."""
    x = rng.uniform(-3, 3, size=(n, 1))
    return x, np.sin(1.5 * x.ravel()) + rng.normal(scale=0.3, size=n)


X, y = noisy_wave(20)
X_test, y_test = noisy_wave(2000)

# %%
# The penalty
# -----------
# 60 tanh units (181 weights and offsets) for 20 points, without a penalty and with two. The initial
# weights are large here, and only the penalty makes them small. Without it the function follows
# every point, and oscillates between them: the smallest training error, and by far the largest test
# error. With too large a penalty it is too smooth.


def large(rng, shape, dtype):
    """Return initial weights for pre-activations with standard deviation 6."""
    return rng.normal(0, 6 / np.sqrt(shape[0]), shape)


grid = np.linspace(-3, 3, 400).reshape(-1, 1)
fig, axes = plt.subplots(1, 3, figsize=(11, 4), sharey=True, layout="constrained")
for number, (ax, alpha) in enumerate(zip(axes, (0, 1e-2, 1e-1), strict=True)):
    model = MLPRegressor(
        (60,), "tanh", solver="lbfgs", alpha=alpha, initialization=large, max_iter=20000,
        max_fun=40000, tol=1e-3, random_state=0,
    )  # fmt: skip
    model.fit(X, y)
    errors = [np.sqrt(np.mean((model.predict(A) - b) ** 2)) for A, b in ((X, y), (X_test, y_test))]
    ax.plot(X, y, "k.", label="training points")
    ax.plot(grid, np.sin(1.5 * grid), "k:", linewidth=1, label="without noise")
    ax.plot(grid, model.predict(grid), f"C{number}")
    ax.set(xlabel="x", ylim=(-2.7, 2.7))
    ax.set_title(
        "alpha = {:g}\nerror in training {:.2f}, on new points {:.2f}".format(alpha, *errors)
    )
axes[0].set_ylabel("y")
fig.legend(*axes[0].get_legend_handles_labels(), loc="outside lower center", ncols=2)
plt.show()

# %%
# Early stopping
# --------------
# The training loss mostly falls during training. The validation loss falls and then rises again:
# the network overfits. ``early_stopping`` monitors the validation rows and restores the weights of
# the best epoch. By default it stops after 10 epochs without improvement; ``n_iter_no_change=800``
# waits longer here, to show the rise.

stopped = MLPRegressor(
    (50, 50), "tanh", alpha=0, initialization=large, learning_rate_init=0.01, early_stopping=True,
    scoring="loss", n_iter_no_change=800, max_iter=1500, random_state=1,
)  # fmt: skip
stopped.fit(X, y, X_val=X_test[:200], y_val=y_test[:200])

fig, ax = plt.subplots(figsize=(7.5, 4), layout="constrained")
epochs = range(1, stopped.n_iter_ + 1)
ax.plot(epochs, stopped.loss_curve_, label="training loss")
ax.plot(epochs, stopped.validation_loss_curve_, "--", label="validation loss")
best = stopped.best_iteration_
ax.plot(best, stopped.validation_loss_curve_[best - 1], "ko", label=f"best, epoch {best}")
ax.set(xlabel="epoch", ylabel="loss (half the squared error)", ylim=(0, 0.3))
ax.legend()
plt.show()
