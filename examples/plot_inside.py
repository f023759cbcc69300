"""
A look inside a fitted network
==============================

``sknn.inspection`` draws what a network has learnt and how: its weights, its losses, and how much
of the blame reaches each layer. The displays work like scikit-learn's: ``from_estimator`` draws.
"""

import matplotlib.pyplot as plt
from sklearn.datasets import load_iris
from sklearn.preprocessing import scale

from sknn import MLPClassifier
from sknn.inspection import GradientFlowDisplay, LossCurveDisplay, NetworkDisplay

iris = load_iris()
X, y = scale(iris.data), iris.target
network = MLPClassifier(
    (6, 5),
    "tanh",
    alpha=0.003,
    learning_rate="cosine",
    learning_rate_init=0.02,
    batch_size=15,
    max_iter=60,
    early_stopping=True,
    scoring="loss",
    n_iter_no_change=60,
    random_state=0,
)
network.fit(X, iris.target_names[y])

# %%
# The network itself: a line is a weight, the thicker the stronger, blue if it is above 0, red and
# dashed if it is below.

fig, ax = plt.subplots(figsize=(9, 4.5), layout="constrained")
NetworkDisplay.from_estimator(network, ax=ax)
plt.show()

# %%
# How it learnt: the losses, and the epoch whose weights were kept.

fig, ax = plt.subplots(figsize=(8, 4), layout="constrained")
LossCurveDisplay.from_estimator(network, ax=ax)
plt.show()

# %%
# How much of the blame reaches each layer. It is small everywhere, since there is little left to
# learn, but no layer is cut off.

fig, ax = plt.subplots(figsize=(8, 2.8), layout="constrained")
GradientFlowDisplay.from_estimator(network, X, iris.target_names[y], ax=ax)
plt.show()
