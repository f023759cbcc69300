"""Targets: y as people write it <-> the float matrix that losses compare with; which loss fits.

A target is described by plain values (its kind, its classes), so that a fitted estimator can hold
those and make the target anew whenever it predicts.
"""

from collections.abc import Mapping
from typing import Any

from sknn.targets.base import Target
from sknn.targets.classes import COMPARABLE_LABELS, ClassTarget, class_numbers, sorting_labels
from sknn.targets.columns import MultilabelTarget, MultioutputTarget
from sknn.targets.labels import BinaryTarget, MulticlassTarget, label_target
from sknn.targets.losses import EVERY_LOSS
from sknn.targets.regression import RealTarget

#: The kinds of target by name.
TARGETS: Mapping[str, Any] = {
    target.kind: target
    for target in (RealTarget, BinaryTarget, MulticlassTarget, MultilabelTarget, MultioutputTarget)
}

__all__ = [
    "COMPARABLE_LABELS",
    "EVERY_LOSS",
    "TARGETS",
    "BinaryTarget",
    "ClassTarget",
    "MulticlassTarget",
    "MultilabelTarget",
    "MultioutputTarget",
    "RealTarget",
    "Target",
    "class_numbers",
    "label_target",
    "sorting_labels",
]
