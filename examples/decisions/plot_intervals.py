"""
Prediction intervals and prediction sets
========================================

How far may y be from the prediction, and which classes are possible? With ``cv=5`` five networks
are trained, each without one fifth of the rows. Their errors on these rows calibrate intervals and
sets for new rows, which cover y with a stated probability.
"""

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.colors import ListedColormap
from sklearn.datasets import make_blobs
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sknn import MLPClassifier, TabularMLPRegressor
from sknn.inspection import IntervalDisplay


def draw_rows(rng, n):
    """Return n rows of a curve whose noise grows with x."""
    x = rng.uniform(0, 10, (n, 1))
    return x, 3 * np.sin(x.ravel()) + x.ravel() + rng.normal(0, 0.2 + 0.2 * x.ravel())


rng = np.random.default_rng(0)
x, y = draw_rows(rng, 800)
x_new, y_new = draw_rows(rng, 20000)

# %%
# A regressor of the mean has intervals of almost the same width everywhere. They come from the
# absolute errors of the rows that a network has not seen, wherever these rows are. Two quantiles
# have a distance of their own at each x. The folds correct it, so that it has the wanted coverage.

settings = {"cv": 5, "max_iter": 60, "random_state": 0}
mean = TabularMLPRegressor(**settings)
quantiles = TabularMLPRegressor(**settings, loss="quantile", quantile=[0.05, 0.95])

fig, axes = plt.subplots(1, 2, figsize=(10, 4.6), sharey=True, layout="constrained")
networks = {"absolute errors": mean, "two quantiles": quantiles}
for ax, (name, network) in zip(axes, networks.items(), strict=True):
    network.fit(x, y)
    IntervalDisplay.from_estimator(network, x_new[:400], y_new[:400], coverage=0.9, ax=ax)
    ax.set_xlabel(f"x ({name})")
plt.show()

# %%
# Both cover about 90 % of all new rows. Nothing is guaranteed for a given x: the first intervals
# are too wide where there is little noise, and too narrow where there is much. The second are
# closer to 90 % everywhere.

for name, network in networks.items():
    low, high = network.predict_interval(x_new, coverage=0.9).T
    covered = (low <= y_new) & (y_new <= high)
    small, large = covered[x_new[:, 0] < 2].mean(), covered[x_new[:, 0] > 8].mean()
    print(f"{name}: {covered.mean():.1%} of all, {small:.1%} for x < 2, {large:.1%} for x > 8")

# %%
# A classifier has sets of classes. Where classes overlap, a set has several. ``oof_score_`` is the
# accuracy on the rows that the networks have not seen. A coverage below the accuracy leaves sets
# empty, white here: no class is likely enough.

centers, spread = [(-2, 0), (2, 0), (0, 2.5)], [1.2, 1.2, 0.9]
X, labels = make_blobs([250, 250, 60], centers=centers, cluster_std=spread, random_state=0)
classifier = MLPClassifier(
    (30,), "tanh", learning_rate="one_cycle", learning_rate_init=0.03, max_iter=40, cv=5,
    random_state=0,
)  # fmt: skip
model = make_pipeline(StandardScaler(), classifier).fit(X, labels)
print(f"accuracy {classifier.oof_score_:.1%}")

grid = np.stack(np.meshgrid(np.linspace(-6, 6, 200), np.linspace(-4, 6, 200)), axis=-1)
greys = ListedColormap(["white", "0.85", "0.65", "0.45"])
colours = np.array([[0.0, 0.45, 0.70], [0.84, 0.37, 0.0], [0.0, 0.62, 0.45]])
scaled = model[:-1].transform(grid.reshape(-1, 2))

fig, axes = plt.subplots(1, 3, figsize=(10, 3.6), sharey=True, layout="constrained")
choices = [(0.8, False), (0.95, False), (0.95, True)]
for ax, (coverage, by_class) in zip(axes, choices, strict=True):
    sets = classifier.predict_set(scaled, coverage=coverage, by_class=by_class)
    n_classes = sets.sum(axis=1).reshape(200, 200)
    image = ax.pcolormesh(*np.moveaxis(grid, -1, 0), n_classes, cmap=greys, vmin=-0.5, vmax=3.5)
    ax.scatter(*X.T, c=colours[labels], s=5)
    ax.set_title(f"coverage {coverage:g}" + (", in each class" if by_class else ""))
fig.colorbar(image, ax=axes, label="classes in the set", ticks=range(4))
plt.show()

# %%
# The coverage is that of all rows together: a rare class, the green one, may be covered less often.
# ``by_class=True`` calibrates each class by its own rows.

X_new, labels_new = make_blobs([5000] * 3, centers=centers, cluster_std=spread, random_state=1)
for coverage, by_class in choices:
    sets = classifier.predict_set(model[:-1].transform(X_new), coverage=coverage, by_class=by_class)
    covered = sets[np.arange(len(sets)), labels_new]
    shares = [f"{covered[labels_new == k].mean():.1%}" for k in range(3)]
    print(f"coverage {coverage:g}, by_class={by_class}: {', '.join(shares)}")
