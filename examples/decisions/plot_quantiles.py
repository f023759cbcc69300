"""
Quantile regression
===================

A predicted mean does not say how large the error may be. The quantile loss estimates the value that
y is below with a given probability. Several quantiles give a prediction interval, and here they
never cross.
"""

import matplotlib.pyplot as plt
import numpy as np
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sknn import MLPRegressor

rng = np.random.default_rng(0)
x = np.sort(rng.uniform(0, 10, 1500)).reshape(-1, 1)
y = 3 * np.sin(x.ravel()) + x.ravel() + rng.gamma(1.5, 0.2 + 0.25 * x.ravel())

# %%
# The noise grows with x and is not symmetric: large values are further from the median than small
# ones. Five quantiles of one network show both.

quantile_levels = [0.05, 0.25, 0.5, 0.75, 0.95]
network = MLPRegressor(
    (50,), "tanh", loss="quantile", quantile=quantile_levels, learning_rate="one_cycle",
    learning_rate_init=0.03, batch_size=64, max_iter=60, random_state=0,
)  # fmt: skip
model = make_pipeline(StandardScaler(), network).fit(x, y)
quantiles = model.predict(x)

fig, ax = plt.subplots(figsize=(8, 4.5), layout="constrained")
ax.plot(x, y, ".", color="grey", markersize=3, alpha=0.6)
ax.fill_between(x.ravel(), *quantiles.T[[0, 4]], color="C0", alpha=0.2, label="5 % to 95 %")
ax.fill_between(x.ravel(), *quantiles.T[[1, 3]], color="C0", alpha=0.4, label="25 % to 75 %")
ax.plot(x, quantiles[:, 2], "C1", label="median")
ax.set(xlabel="x", ylabel="y")
ax.legend(loc="upper left")
plt.show()

# %%
# The coverage on new data:

x_new = rng.uniform(0, 10, (20000, 1))
y_new = 3 * np.sin(x_new.ravel()) + x_new.ravel() + rng.gamma(1.5, 0.2 + 0.25 * x_new.ravel())
below = np.mean(y_new[:, None] <= model.predict(x_new), axis=0)
for level, fraction in zip(quantile_levels, below, strict=True):
    print(f"quantile {level:.0%}: {fraction:.1%} of new values are below")
