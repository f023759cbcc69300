"""
Which classes are mistaken for which?
=====================================

The accuracy says how many predictions are wrong, the confusion matrix says which. With ``cv=5`` it
needs no test set: five networks are trained, each without one fifth of the rows, and
``oof_prediction_`` has the class of each row by the network that has not seen it.
"""

import matplotlib.pyplot as plt
import numpy as np
from sklearn.datasets import load_digits
from sklearn.metrics import ConfusionMatrixDisplay

from sknn import MLPClassifier

X, y = load_digits(return_X_y=True)
network = MLPClassifier(
    (12,), learning_rate="one_cycle", learning_rate_init=0.02, max_iter=20, cv=5, random_state=0
)
network.fit(X / 16, y)
print(f"{network.oof_score_:.1%} correct")

# %%
# A row is a digit, a column is what the network takes it for. The correct predictions are on the
# diagonal. They are many more than the mistakes, so the darkest colour begins at 40.

fig, ax = plt.subplots(figsize=(6, 5.4), layout="constrained")
ConfusionMatrixDisplay.from_predictions(
    y, network.oof_prediction_, cmap="Blues", im_kw={"vmax": 40}, colorbar=False, ax=ax
)
ax.set(xlabel="predicted digit", ylabel="digit")
plt.show()

# %%
# The most frequent mistake, with the probabilities of the wrong and the right digit. The network is
# most certain of the first image.

wrong = network.oof_prediction_ != y
pairs = list(zip(y[wrong], network.oof_prediction_[wrong], strict=True))
digit, taken_for = max(set(pairs), key=pairs.count)
probability = network.oof_proba_[:, taken_for]
rows = np.flatnonzero((y == digit) & (network.oof_prediction_ == taken_for))
rows = rows[np.argsort(-probability[rows])][:6]

fig, axes = plt.subplots(1, 6, figsize=(10, 2.2), layout="constrained")
for ax in axes:
    ax.axis("off")
for ax, row in zip(axes, rows, strict=False):
    ax.imshow(X[row].reshape(8, 8), cmap="Greys")
    ax.set_title(
        f"{taken_for}: {probability[row]:.0%}, {digit}: {network.oof_proba_[row, digit]:.0%}"
    )
plt.show()
