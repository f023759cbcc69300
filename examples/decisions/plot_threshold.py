"""
The decision threshold of a binary classifier
=============================================

A binary classifier predicts a probability: is this digit a 9? The decision is a choice: yes from
which probability on? Of the images that are called a 9, the *precision* is the share that are. Of
the 9s, the *recall* is the share that are called so. A higher threshold raises the precision and
lowers the recall.
"""

import matplotlib.pyplot as plt
import numpy as np
from sklearn.datasets import load_digits
from sklearn.metrics import confusion_matrix, make_scorer, precision_recall_curve
from sklearn.model_selection import TunedThresholdClassifierCV, train_test_split

from sknn import MLPClassifier

X, y = load_digits(return_X_y=True)
X_train, X_test, y_train, y_test = train_test_split(
    X / 16, y == 9, test_size=0.5, stratify=y, random_state=0
)

# %%
# A threshold of 0.5 makes the fewest mistakes if the probabilities are right. If a missed 9 costs
# as much as ten false alarms, the best threshold is lower. ``TunedThresholdClassifierCV`` finds it
# by cross-validation of the training rows.


def cost(y_true, y_pred):
    """Return the cost of the mistakes: ten for a missed 9, one for a false alarm."""
    [[_, false_alarms], [missed, _]] = confusion_matrix(y_true, y_pred)
    return 10 * missed + false_alarms


network = MLPClassifier((5,), alpha=0.003, solver="lbfgs", random_state=0).fit(X_train, y_train)
tuned = TunedThresholdClassifierCV(
    network, scoring=make_scorer(cost, greater_is_better=False), cv=5, random_state=0
).fit(X_train, y_train)
chosen = tuned.best_threshold_

for name, model in {"0.5": network, f"{chosen:.2f}": tuned}.items():
    predicted = model.predict(X_test)
    missed, false_alarms = np.sum(y_test & ~predicted), np.sum(predicted & ~y_test)
    result = f"{missed} of {y_test.sum()} missed, {false_alarms} false alarms"
    print(f"threshold {name:4}: {result}, cost {cost(y_test, predicted)}")

# %%
# Left: how often each probability is predicted. Right: what each threshold comes to.

probability = network.predict_proba(X_test)[:, 1]
precision, recall, thresholds = precision_recall_curve(y_test, probability)
fig, (left, right) = plt.subplots(1, 2, figsize=(11, 4), layout="constrained")
bins = np.linspace(0, 1, 21)
left.hist(
    [probability[~y_test], probability[y_test]], bins, color=["C0", "C1"], label=["not a 9", "a 9"]
)
left.set(yscale="log", xlabel="predicted probability of a 9", ylabel="test images")
left.legend()
right.plot(thresholds, precision[:-1])
right.plot(thresholds, recall[:-1], "--")
right.text(0.25, 0.66, "precision", color="C0")
right.text(0.77, 0.66, "recall", color="C1", ha="right")
right.set(xlabel="threshold", ylim=(0, 1.03))
for ax in (left, right):
    for threshold, style in ((0.5, ":"), (chosen, "-")):
        ax.axvline(threshold, color="black", linestyle=style, linewidth=1)
right.text(0.51, 0.05, "0.5")
right.text(chosen + 0.01, 0.05, f"{chosen:.2f}, tuned")
plt.show()

# %%
# A classifier with ten outputs predicts the largest: the softmax makes the ten probabilities sum to
# 1, and no threshold is needed.
