"""
The decision threshold of a binary classifier
=============================================

One output with a sigmoid is a binary classifier: is this digit a 9? A threshold of 0.5 gives the
highest accuracy on average, but it is a choice. If a missed 9 costs more than a false alarm, lower
the threshold.
"""

import matplotlib.pyplot as plt
import numpy as np
from sklearn.datasets import load_digits
from sklearn.metrics import precision_recall_curve
from sklearn.model_selection import FixedThresholdClassifier, train_test_split

from sknn import MLPClassifier

X, y = load_digits(return_X_y=True)
X_train, X_test, y_train, y_test = train_test_split(
    X / 16, y == 9, test_size=0.5, stratify=y, random_state=0
)
network = MLPClassifier((5,), alpha=0.003, solver="lbfgs", random_state=0).fit(X_train, y_train)

# %%
# Never predicting 9 has an accuracy of 90 %, so accuracy alone says little. There are two kinds of
# errors, and the threshold trades one for the other.

says = network.predict_proba(X_test)[:, 1]
print(f"always 'not a 9': {np.mean(~y_test):.1%} correct")
print(f"the network:      {network.score(X_test, y_test):.1%} correct")

precision, recall, thresholds = precision_recall_curve(y_test, says)
fig, (left, right) = plt.subplots(1, 2, figsize=(11, 4), layout="constrained")
bins = np.linspace(0, 1, 26)
left.hist([says[~y_test], says[y_test]], bins, color=["C0", "C1"], label=["not a 9", "a 9"])
left.axvline(0.5, color="black", linestyle=":", label="threshold 0.5")
left.set(yscale="log", xlabel="predicted probability", ylabel="test images")
left.legend()
right.plot(thresholds, precision[:-1], label="precision")
right.plot(thresholds, recall[:-1], "--", label="recall")
right.axvline(0.5, color="black", linestyle=":")
right.set(xlabel="threshold", ylim=(0, 1.03))
right.legend(loc="lower center", bbox_to_anchor=(0.5, 1.0))
plt.show()

# %%
# scikit-learn's ``FixedThresholdClassifier`` sets the threshold, and ``TunedThresholdClassifierCV``
# finds the one that maximises a score.

for threshold in (0.1, 0.5, 0.9):
    model = FixedThresholdClassifier(
        network, threshold=threshold, response_method="predict_proba", pos_label=True
    ).fit(X_train, y_train)
    called = model.predict(X_test)
    missed, false = np.sum(y_test & ~called), np.sum(called & ~y_test)
    print(f"threshold {threshold}: {missed} of {y_test.sum()} missed, {false} false alarms")

# %%
# A classifier with ten outputs predicts the largest: the softmax makes the ten probabilities sum to
# 1, and no threshold is needed.
