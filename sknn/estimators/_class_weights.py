"""Class weights: factors of the sample weights."""

from collections.abc import Callable
from typing import Any

import numpy as np
from sklearn.utils.class_weight import compute_class_weight

from sknn.estimators._validation.data import ValidatedData
from sknn.targets import BinaryTarget, MulticlassTarget, Target, class_numbers


def class_weighting(
    class_weight: dict[Any, float] | str,
    data: ValidatedData,
    target: Target,
    *,
    stream: bool = False,
) -> Callable[[ValidatedData], ValidatedData]:
    """Return a function that multiplies sample weights by the weights of the classes of data.

    Raises
    ------
    ValueError
        If y has several columns, a weight is negative or not finite, or `class_weight` is
        "balanced" and data are a batch of a stream.
    """
    if not isinstance(target, BinaryTarget | MulticlassTarget):
        raise ValueError(
            "class_weight needs a single column of classes that exclude each other. Pass "
            "sample_weight instead."
        )
    if stream and class_weight == "balanced":
        raise ValueError(
            "class_weight='balanced' is not supported for partial_fit, since the class "
            "frequencies are not known in advance. Pass a dict of weights, for example from "
            "sklearn.utils.class_weight.compute_class_weight('balanced', classes=classes, y=y)."
        )
    classes = target.classes
    weights = np.ones(len(classes))
    present = np.unique(class_numbers(classes, data.y))
    known = slice(None) if isinstance(class_weight, dict) else present
    weights[known] = compute_class_weight(
        class_weight, classes=classes[known], y=data.y, sample_weight=data.w
    )
    if not (np.isfinite(weights) & (weights >= 0)).all():
        raise ValueError(f"class_weight must be finite and 0 or more, got {class_weight}.")
    return lambda rows: rows.reweight(weights[class_numbers(classes, rows.y)])
