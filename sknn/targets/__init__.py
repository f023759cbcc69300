"""Targets: y <-> the matrix of floats that losses compare with, and the losses of each kind.

A target is restored from plain values (`Target.restored`), which fitted estimators store.
"""

from collections.abc import Mapping

from sknn.targets.base import Target
from sknn.targets.classification import (
    COMPARABLE_LABELS,
    BinaryTarget,
    ClassTarget,
    MulticlassTarget,
    MultilabelTarget,
    MultioutputTarget,
    class_numbers,
    label_codes,
    label_target,
    sorting_labels,
)
from sknn.targets.losses import EVERY_LOSS
from sknn.targets.regression import RealTarget, TargetMoments

#: The kinds of targets by name.
TARGETS: Mapping[str, type[Target]] = {
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
    "TargetMoments",
    "class_numbers",
    "label_codes",
    "label_target",
    "sorting_labels",
]
