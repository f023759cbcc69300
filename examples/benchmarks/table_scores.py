"""Scores of predictions on tables, and the error by which learners are compared."""

import numpy as np
from sklearn.metrics import r2_score, roc_auc_score

#: A right class is never given less than this.
LEAST = 1e-7


def regression_metrics(y: np.ndarray, predicted: np.ndarray) -> dict[str, float]:
    """Return the RMSE and R2; of several outputs, the means of RMSE / std and of R2.

    Raises
    ------
    ValueError
        If predictions are not finite.
    """
    predicted = finite(predicted).reshape(y.shape)
    rmse = np.sqrt(np.mean((predicted - y) ** 2, axis=0))
    return {
        "rmse": float(np.mean(rmse / y.std(axis=0)) if y.ndim == 2 else rmse),
        "r2": float(r2_score(y, predicted)),
    }


def classification_metrics(
    y: np.ndarray, predicted: np.ndarray, probabilities: np.ndarray, classes: np.ndarray
) -> dict[str, float]:
    """Return accuracy, log loss and, of two classes, AUC of (n, n_classes) probabilities.

    A label that is not among the classes counts as a probability of nearly zero. There is no AUC
    where y has one class only.

    Raises
    ------
    ValueError
        If probabilities are not finite.
    """
    right = y[:, np.newaxis] == classes
    given = np.where(right, finite(probabilities), 0).sum(axis=1)
    metrics = {
        "accuracy": float(np.mean(predicted == y)),
        "log_loss": float(-np.log(np.clip(given, LEAST, 1)).mean()),
    }
    if len(classes) == 2 and len(np.unique(y)) == 2:
        metrics["roc_auc"] = float(roc_auc_score(right[:, 1], probabilities[:, 1]))
    return metrics


def error_of(metrics: dict[str, float], y: np.ndarray) -> float:
    """Return what is compared by ratio: 1 - accuracy + 0.01, or the RMSE / the std of y."""
    if "accuracy" in metrics:
        return 1 - metrics["accuracy"] + 0.01
    return metrics["rmse"] / (y.std() if y.ndim == 1 else 1.0)


def interval_metrics(y: np.ndarray, bounds: np.ndarray) -> dict[str, float]:
    """Return the share of y between lower and upper bounds, and their mean distance / std."""
    lower, upper = np.moveaxis(finite(bounds), -1, 0)
    covered, width = (lower <= y) & (y <= upper), (upper - lower) / y.std(axis=0)
    return {"covered": float(covered.mean()), "width": float(width.mean())}


def finite(values: np.ndarray) -> np.ndarray:
    """Return float64 numbers, all of them finite.

    Raises
    ------
    ValueError
        If one is not.
    """
    values = np.asarray(values, dtype=np.float64)
    if not np.isfinite(values).all():
        raise ValueError("Predictions are not finite.")
    return values
