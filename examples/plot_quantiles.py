"""
Regression with quantiles
=========================

A mean says nothing of how far off it may be. The quantile loss asks for a number that y is below in
so many cases of a hundred; several at once make a band, and here they never cross.
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
# The noise grows with x and is not symmetric: large values are further from the middle than small
# ones. Five quantiles from one network show both.

levels = [0.05, 0.25, 0.5, 0.75, 0.95]
network = MLPRegressor(
    (50,), "tanh", loss="quantile", quantile=levels, learning_rate="one_cycle",
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
# Do they keep their word on new data?

x_new = rng.uniform(0, 10, (20000, 1))
y_new = 3 * np.sin(x_new.ravel()) + x_new.ravel() + rng.gamma(1.5, 0.2 + 0.25 * x_new.ravel())
below = np.mean(y_new[:, None] <= model.predict(x_new), axis=0)
for level, share in zip(levels, below, strict=True):
    print(f"quantile {level:.0%}: {share:.1%} of new values are below")
