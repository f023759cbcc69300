"""
A search for good settings
==========================

Which learning rate, penalty and layer sizes? A search with successive halving trains many
candidates for a few epochs; the best third goes on, with three times as many epochs.
"""

import matplotlib.pyplot as plt
from scipy.stats import loguniform
from sklearn.datasets import load_digits
from sklearn.model_selection import GridSearchCV, train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MinMaxScaler, StandardScaler

from sknn import MLPClassifier
from sknn.inspection import SearchDisplay
from sknn.search import BatchedRandomizedSearchCV

X, y = load_digits(return_X_y=True)
X_train, X_test, y_train, y_test = train_test_split(X, y, stratify=y, random_state=0)

network = MLPClassifier((32,), learning_rate="one_cycle", max_iter=18, random_state=0)
model = make_pipeline(StandardScaler(), network)
choices = {
    "mlpclassifier__learning_rate_init": loguniform(1e-4, 1),
    "mlpclassifier__alpha": loguniform(1e-6, 1),
    "mlpclassifier__hidden_layer_sizes": [(16,), (64,), (32, 32)],
}
search = BatchedRandomizedSearchCV(
    model, choices, n_iter=36, cv=3, factor=3, min_epochs=2, random_state=0
).fit(X_train, y_train)
print(f"best mean score {search.best_score_:.3f}, test score {search.score(X_test, y_test):.3f}")

# %%
# Each point is the mean score of a candidate in the last rung that it reached, with the standard
# deviation over the folds. Light ones left early, and their scores are those of a few epochs. The
# learning rate matters most. In the last panel each line ends where the candidate left.

SearchDisplay.from_estimator(search)
plt.show()

# %%
# The display reads ``cv_results_``, so that the searches of scikit-learn can be drawn, too. With
# several scores, ``scoring`` chooses one of them, and the star marks the best candidate by it.
# ``params`` chooses the parameters. At each rate there are two points, one for each scaler.

grid = {
    "standardscaler": [StandardScaler(), MinMaxScaler()],
    "mlpclassifier__learning_rate_init": [0.001, 0.003, 0.01, 0.03, 0.1],
}
scores = ["accuracy", "neg_log_loss"]
search = GridSearchCV(model, grid, scoring=scores, refit="accuracy", cv=3).fit(X_train, y_train)

fig, axes = plt.subplots(1, 2, figsize=(10, 4), layout="constrained")
for ax, scoring in zip(axes, scores, strict=True):
    rates = "mlpclassifier__learning_rate_init"
    SearchDisplay.from_estimator(search, params=rates, scoring=scoring, ax=ax)
plt.show()
