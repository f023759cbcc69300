"""From summaries of all parts to the plan of a fit: target, class weights, networks, settings."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np
from sklearn.utils import check_random_state

from sknn.engine import MinibatchSolver
from sknn.estimators import _builders
from sknn.estimators._fit_plan import FitData, FitJob
from sknn.estimators._inputs import TabularInputs
from sknn.estimators._messages import FitWarning
from sknn.estimators._planning import plan_training, stops_by_score
from sknn.estimators._sharding.parts import PartSummary, Weighting, merge_labels, merge_targets
from sknn.estimators._sklearn_compat import ClassifierMixin
from sknn.estimators._training_state import independent_generator, split_generator
from sknn.estimators._validation.data import ValidatedData
from sknn.targets import ClassTarget, Target

if TYPE_CHECKING:
    from sknn.estimators.base import BaseMLP

#: batch_size="auto" divides the usual size by the number of shards, but not below this.
MIN_BATCH_SIZE = 32


@dataclass(frozen=True)
class ShardedFit:
    """The target and the settings of a fit, the same for all parts, before X is encoded."""

    mlp: "BaseMLP"
    target: Target
    weighted: Weighting | None  # multiplies sample weights by class weights
    rng: np.random.RandomState
    by_score: bool  # whether rows are held back, whose score ends training
    parts: Sequence[int]  # numbers of the parts with rows of positive weight

    @property
    def classify(self) -> bool:
        """Whether the targets are labels."""
        return isinstance(self.target, ClassTarget)

    def split_generators(self) -> Sequence[np.random.RandomState | None]:
        """Return the generators that draw the validation rows of each part; None without these."""
        if not self.by_score:
            return [None] * len(self.parts)
        return split_generator(independent_generator(self.rng), len(self.parts))


def check_parameters(mlp: "BaseMLP") -> None:
    """Raise ValueError for parameters that need all rows in one place."""
    found = {
        "cv": mlp.cv is not None and "cross-fitting needs the folds of all rows. Set cv=None",
        "warm_start": mlp.warm_start
        and "the state of training on the shards is not kept. Set warm_start=False",
        "refit": mlp.refit and "held out rows stay held out. Set refit=False",
        "solver": not _builders.is_stochastic(mlp)
        and "L-BFGS needs the gradient of all rows in each step. Set solver='adam'",
        "early_stopping": mlp.early_stopping == "cv"
        and "there are no folds. Set early_stopping=True",
    }
    for name, reason in found.items():
        if reason:
            raise ValueError(
                f"{name}={getattr(mlp, name)!r} is not supported with Dask: {reason}, or use the "
                f"local estimator, {type(mlp).__name__}."
            )


def begin_sharded_fit(mlp: "BaseMLP", summaries: Sequence[PartSummary | None]) -> ShardedFit:
    """Learn the target and the class weights from the summaries of all parts.

    Raises
    ------
    ValueError, TypeError
        If the parts do not belong together, or hold no rows that count.
    """
    known = [(i, one) for i, one in enumerate(summaries) if one is not None]
    if not known:
        raise ValueError("X has no rows: all partitions are empty.")
    _check_features(known)
    classify = isinstance(mlp, ClassifierMixin)
    parts = [i for i, one in known if one.n_positive]
    if not parts:
        raise ValueError(
            "Sample weights must contain at least one non-zero number."
            if classify or any(one.has_known for _, one in known)
            else "Sample weights must contain at least one non-zero number, and y a known target."
        )
    counted = [one for _, one in known if classify or one.n_positive]
    targets = merge_targets([one.targets for one in counted])
    # thrice: scikit-learn warns if half of the labels occur once
    target = mlp._target(np.concatenate([targets] * 3))
    positive, counts = merge_labels([one for _, one in known if one.n_positive])
    n_rows = sum(one.n_positive for _, one in known)
    weighted = mlp._class_weighting(positive, target)
    if weighted is not None:
        kept = weighted(replace(positive, w=np.ones(len(positive.y))))
        n_rows = int(counts[np.isin(positive.y, kept.y)].sum())
    rng = check_random_state(mlp.random_state)
    by_score = stops_by_score(mlp, None, n_rows)
    if by_score and not mlp.validation_fraction:
        raise ValueError(
            f"validation_fraction={mlp.validation_fraction} holds no rows back, but early stopping "
            "needs some. Set a fraction such as 0.1, or early_stopping=False."
        )
    return ShardedFit(mlp, target, weighted, rng, by_score, parts)


def _check_features(known: Sequence[tuple[int, PartSummary]]) -> None:
    """Raise ValueError unless all parts have the same columns."""
    for (i, first), (j, second) in pairwise(known):
        columns = [_columns(one.features) for one in (first, second)]
        if columns[0] != columns[1]:
            raise ValueError(
                f"Partitions must have the same columns in the same order, but partition {i} has "
                f"{columns[0]} and partition {j} has {columns[1]}."
            )


def _columns(features: Mapping[str, Any]) -> Any:
    """Return the names of the columns, or their number if they have none."""
    names = features.get("feature_names_in_")
    return features["n_features_in_"] if names is None else list(names)


def plan_sharded_fit(
    sharded: ShardedFit,
    sample: ValidatedData,
    encoding: TabularInputs | None,
    notes: Sequence[FitWarning] = (),
) -> FitJob:
    """Build the networks and the configuration of a fit.

    Parameters
    ----------
    sharded : ShardedFit
        What is known of the rows.
    sample : ValidatedData
        Some training rows, with the totals of all.
    encoding : TabularInputs or None
        The encoding of tables.
    notes : sequence of (str, type)
        Warnings about the encoding.
    """
    job = plan_training(
        sharded.mlp,
        FitData(sample),
        sharded.weighted,
        sharded.target,
        sharded.rng,
        by_score=sharded.by_score,
        encoding=encoding,
    )
    return replace(job, warnings=[*notes, *job.warnings])


def shard_solvers(
    job: FitJob, mlp: "BaseMLP", n_rows: Sequence[int], outer_gain: float
) -> list[MinibatchSolver]:
    """Return the solver of each shard: schedules with an end have the length of its epochs.

    An outer optimizer multiplies the steps of the shards, in the long run, by its gain: so that
    weight_decay="auto" decays the weights in a step as in `fit`, it is divided by the gain.
    """
    settings = mlp._training_settings(job.data.train, job.initial.spec.loss)
    size = settings.batch_size
    if isinstance(mlp.batch_size, str):  # "auto"
        size = max(size // len(n_rows), min(size, MIN_BATCH_SIZE))
    decay = settings.weight_decay
    if isinstance(mlp.weight_decay, str):  # "auto"
        decay /= outer_gain
    settings = replace(settings, batch_size=size, weight_decay=decay)
    solvers: list[Any] = [_builders.build_solver(mlp, settings, n) for n in n_rows]
    return solvers
