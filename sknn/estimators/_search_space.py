"""Distributions of parameters for searches, by kind of estimator."""

from typing import Any


def numeric_space(*, is_stochastic: bool) -> dict[str, Any]:
    """Return the distributions for networks of numeric inputs."""
    from scipy.stats import loguniform  # slow to import

    space: dict[str, Any] = {
        "hidden_layer_sizes": [(32,), (64,), (128,), (64, 64), (128, 128)],
        "alpha": loguniform(1e-6, 1.0),
    }
    if is_stochastic:
        space |= {
            "learning_rate_init": loguniform(1e-3, 3e-2),
            "dropout": [0.0, 0.1, 0.2, 0.3],
        }
    return space


def tabular_space(*, is_stochastic: bool) -> dict[str, Any]:
    """Return the distributions for networks of tables.

    Parameters
    ----------
    is_stochastic : bool
        Whether the solver uses mini-batches.
    """
    from scipy.stats import loguniform  # slow to import

    space: dict[str, Any] = {
        "hidden_layer_sizes": [(128,), (256,), (128, 64), (256, 128)],
        "n_bins": [16, 48, "auto"],
    }
    if is_stochastic:
        space |= {
            "max_iter": [16, 32, 80, "auto"],
            "learning_rate_init": loguniform(5e-3, 5e-2),
            "weight_decay": loguniform(0.1, 20.0),
            "dropout": [0.0, 0.1, 0.2, 0.35],
        }
    return space
