"""
Inspecting a fitted network
===========================

``sknn.inspection`` has displays of the weights, the losses, and the gradients of each layer of a
fitted network. They work like scikit-learn's: ``from_estimator`` draws.
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
# The network: a line is a weight. Thicker lines are larger weights; positive weights are blue,
# negative ones orange and dashed. The inputs are named after the columns of the frame.

fig, ax = plt.subplots(figsize=(9, 4.5), layout="constrained")
NetworkDisplay.from_estimator(network, ax=ax)
plt.show()

# %%
# The training history. The losses are on the left axis; the validation score, the accuracy on the
# held-out rows, is on the right axis. The dotted line is the epoch whose weights were restored.
# Then followed 20 epochs without a better score: the training loss still falls, but the validation
# loss has begun to rise.

fig, ax = plt.subplots(figsize=(8, 4), layout="constrained")
LossCurveDisplay.from_estimator(network, ax=ax)
plt.show()

# %%
# The gradients of each layer: the root mean square of the derivatives of the loss with respect to
# the weights (dW) and the pre-activations (dZ). dZ is of similar size in all layers, so the
# gradients do not vanish. For limits see :doc:`/inspection`.

fig, ax = plt.subplots(figsize=(8, 2.8), layout="constrained")
GradientFlowDisplay.from_estimator(network, X, y, ax=ax)
plt.show()
