"""Targets: y <-> the matrix of floats that losses compare with, and the losses of each kind.

A target is determined by plain values (`restored_target`), which fitted estimators store.
"""

from collections.abc import Mapping
from typing import Any

from sknn.targets.base import Target
from sknn.targets.classification import (
    COMPARABLE_LABELS,
    BinaryTarget,
    ClassTarget,
    MulticlassTarget,
    MultilabelTarget,
    MultioutputTarget,
    class_numbers,
    label_target,
    sorting_labels,
)
from sknn.targets.losses import EVERY_LOSS
from sknn.targets.regression import RealTarget

#: The kinds of targets by name.
TARGETS: Mapping[str, Any] = {
    target.kind: target
    for target in (RealTarget, BinaryTarget, MulticlassTarget, MultilabelTarget, MultioutputTarget)
}


def restored_target(plain: Mapping[str, Any], classes: Any = None) -> Target:
    """Make the target that ``ModelSpec.to_plain`` describes.

    Parameters
    ----------
    plain : dict
        Its keys "target" (the kind), "n_outputs" and "target_settings" (`Target.settings`).
    classes : array or list of arrays, optional
        The estimator's `classes_`; real targets have none.
    """
    if plain["target"] == RealTarget.kind:
        return RealTarget(plain["n_outputs"], **plain["target_settings"])
    target: Target = TARGETS[plain["target"]](classes)
    return target


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
    "restored_target",
    "sorting_labels",
]
