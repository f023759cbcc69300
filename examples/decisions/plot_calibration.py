"""
Are the probabilities right?
============================

A classifier is calibrated if of all rows with a predicted probability of 80 % about 80 % are
positive. A network that is trained for too long on few rows is too sure: it separates the noise of
the training rows.
"""

import matplotlib.pyplot as plt
from sklearn.calibration import CalibratedClassifierCV, CalibrationDisplay
from sklearn.datasets import make_classification
from sklearn.metrics import log_loss
from sklearn.model_selection import train_test_split

from sknn import MLPClassifier, TabularMLPClassifier

# %%
# A fifth of the labels is drawn at random, so that nobody can be sure.

X, y = make_classification(
    5500, 10, n_informative=5, n_redundant=0, flip_y=0.2, class_sep=0.8, random_state=0
)
X_train, X_test, y_train, y_test = train_test_split(X, y, train_size=500, random_state=0)

# %%
# The same network in three ways: trained for 100 epochs; calibrated by scikit-learn's
# ``CalibratedClassifierCV``, which learns by cross-validation how much the probabilities must
# shrink; and stopped early. ``TabularMLPClassifier`` chooses by cross-validation how long to train,
# and divides its raw outputs by a temperature if that lowers the loss.

settings = {"learning_rate": "one_cycle", "learning_rate_init": 0.02, "alpha": 0, "max_iter": 100}
network = MLPClassifier((50,), **settings, random_state=0)
models = {
    "100 epochs": network,
    "calibrated": CalibratedClassifierCV(network, method="sigmoid", cv=5),
    "early stopping": MLPClassifier((50,), **settings, early_stopping=True, random_state=0),
    "TabularMLPClassifier": TabularMLPClassifier(random_state=0),
}
fig, ax = plt.subplots(figsize=(6, 5.4), layout="constrained")
print("                      log loss  accuracy")
for (name, model), marker in zip(models.items(), "os^D", strict=True):
    model.fit(X_train, y_train)
    CalibrationDisplay.from_estimator(
        model, X_test, y_test, n_bins=8, strategy="quantile", name=name, marker=marker, ax=ax
    )
    loss = log_loss(y_test, model.predict_proba(X_test))
    print(f"{name:20} {loss:9.3f} {model.score(X_test, y_test):9.1%}")
ax.set(xlabel="predicted probability", ylabel="fraction of positives", aspect="equal")
plt.show()

# %%
# The curve of the first network is flatter than the diagonal: where it predicts almost 100 %, one
# row in ten is negative. The log loss counts this, the accuracy does not. The other curves are a
# little too steep in the middle: these models are slightly too cautious. Calibration hardly changes
# the classes; stopping early improves them, too.
#
# Without test rows, ``cv=5`` and ``oof_proba_`` give the curve of the training rows:
# :doc:`/howto/uncertainty`.
