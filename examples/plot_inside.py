"""
A look inside a fitted network
==============================

``sknn.inspection`` draws what a network has learnt and how: its weights, its losses, and how much
of the blame reaches each layer. The displays work like scikit-learn's: ``from_estimator`` draws.
"""

import matplotlib.pyplot as plt
from sklearn.datasets import load_iris

from sknn import MLPClassifier
from sknn.inspection import GradientFlowDisplay, LossCurveDisplay, NetworkDisplay

iris = load_iris(as_frame=True)
X = (iris.data - iris.data.mean()) / iris.data.std()
y = iris.target_names[iris.target]
network = MLPClassifier(
    (6, 5),
    "tanh",
    alpha=0,
    learning_rate_init=0.02,
    batch_size=15,
    early_stopping=True,
    validation_fraction=0.3,
    n_iter_no_change=20,
    random_state=2,
)
network.fit(X, y)

# %%
# The network itself: a line is a weight, the thicker the stronger, blue if it is above 0, orange
# and dashed if it is below. The inputs have the names of the frame's columns.

fig, ax = plt.subplots(figsize=(9, 4.5), layout="constrained")
NetworkDisplay.from_estimator(network, ax=ax)
plt.show()

# %%
# How it learnt. The losses are on the left axis; the score, the share of right answers on the rows
# that were held back, on the right one. The dotted line is the epoch whose weights were kept. 20
# epochs without a better score came after it: the loss of the training rows still falls there,
# that of the others has begun to rise.

fig, ax = plt.subplots(figsize=(8, 4), layout="constrained")
LossCurveDisplay.from_estimator(network, ax=ax)
plt.show()

# %%
# How much of the blame reaches each layer, that is how large the derivatives of the loss are there:
# by the weights (dW), and by the weighted sums (dZ). No layer is cut off here: dZ is of much the
# same size in all of them. What would be too small is in :doc:`/inspection`.

fig, ax = plt.subplots(figsize=(8, 2.8), layout="constrained")
GradientFlowDisplay.from_estimator(network, X, y, ax=ax)
plt.show()
