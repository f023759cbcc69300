"""Quickstart: a network in a pipeline, tuned by grid search, saved, loaded and inspected.

The data are scikit-learn's 1797 images of handwritten digits, 8 x 8 pixels each; nothing is
downloaded. The scaler, the pipeline, the grid search and the metrics are scikit-learn's. It takes a
few seconds.

    python examples/quickstart.py
"""

import tempfile
from pathlib import Path

import joblib
import numpy as np
from sklearn.datasets import load_digits
from sklearn.metrics import confusion_matrix
from sklearn.model_selection import GridSearchCV, train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sknn import MLPClassifier


def main():
    """Search, test, save, load, and print the confusion matrix."""
    X, y = load_digits(return_X_y=True)
    X_train, X_test, y_train, y_test = train_test_split(X, y, stratify=y, random_state=0)
    print(f"Digits: {len(X_train)} training images, {len(X_test)} test images.")

    network = MLPClassifier(learning_rate_init=0.01, random_state=0)
    model = make_pipeline(StandardScaler(), network)
    grid = {
        "mlpclassifier__hidden_layer_sizes": [(64,), (64, 32)],
        "mlpclassifier__alpha": [1e-5, 1e-3],
    }
    search = GridSearchCV(model, grid, n_jobs=2).fit(X_train, y_train)
    predictions = search.predict(X_test)
    print("\nBest parameters, by cross-validation:")
    for name, value in search.best_params_.items():
        print(f"  {name} = {value}")
    print(
        f"Accuracy in cross-validation {search.best_score_:.1%}, on the test images "
        f"{np.mean(predictions == y_test):.1%}."
    )

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "model.joblib"
        joblib.dump(search, path)
        loaded = joblib.load(path)
        print(f"\nSaved in {path.stat().st_size / 1024:.0f} kB and loaded again:", end=" ")
    assert np.array_equal(loaded.predict_proba(X_test), search.predict_proba(X_test))
    print("the same probabilities, bit for bit.")

    print("\nConfusion matrix of the test images:\n")
    print_confusion(y_test, predictions)
    print(
        "\nNext: read docs/start.md, or run examples/raw_table.py (a data frame with text and "
        "missing values; it needs pandas)."
    )


def print_confusion(y, predictions):
    """Print the confusion matrix and the most frequent confusion."""
    counts = confusion_matrix(y, predictions)
    print("  digit  predicted" + "".join(f"{digit:4}" for digit in range(10)))
    for digit, row in enumerate(counts):
        print(f"  {digit:5}           " + "".join(f"{count or '.':>4}" for count in row))

    mixed_up = np.triu(counts + counts.T, k=1)
    pairs = [f"{i} and {j}" for i, j in np.argwhere(mixed_up == mixed_up.max())]
    print(f"\nMost frequent confusion, {mixed_up.max()} times: {', '.join(pairs)}.")


if __name__ == "__main__":
    main()
