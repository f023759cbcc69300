"""FitInputs: the validated arguments of fit."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from sklearn.utils import check_random_state

from sknn.estimators import _builders
from sknn.estimators._callbacks import FitProgress
from sknn.estimators._model import ModelSpec
from sknn.estimators._sklearn_compat import ClassifierMixin
from sknn.estimators._training_state import TrainingState, generator_from_state
from sknn.estimators._validation.data import ValidatedData
from sknn.estimators._validation.source_rows import OnPass
from sknn.estimators._validation.training_data import (
    validate_training_data,
    validate_validation_data,
    with_groups,
)
from sknn.features.sources import as_source
from sknn.targets import Target

if TYPE_CHECKING:
    from sknn.estimators.base import BaseMLP

#: X, y and sample weights, as the user passed them.
GivenData = tuple[Any, Any, Any]


class SharedRows:
    """Validated training data of several fits: the same arguments are validated once."""

    def __init__(self) -> None:
        self._known: dict[Any, tuple[GivenData, ValidatedData]] = {}

    def validate(self, mlp: "BaseMLP", given: GivenData) -> ValidatedData:
        """Return the rows for new networks of an estimator without attributes.

        Raises
        ------
        ValueError, TypeError
            If the data are invalid.
        """
        key = (type(mlp), *map(id, given))
        if key not in self._known:  # the arguments are kept, so that their ids are not reused
            self._known[key] = given, validate_training_data(mlp, *given, reset=True)
        return self._known[key][1]


@dataclass(frozen=True)
class FitInputs:
    """Validated arguments of `fit`, and what they determine before anything is trained."""

    X: Any  # as given; without columns if it is a source
    rows: ValidatedData  # all rows
    data: ValidatedData  # those of positive weight
    validation: ValidatedData | None
    target: Target
    rng: np.random.RandomState
    initial_rng: dict[str, Any] | None  # the state of `rng`; None if no progress is kept
    groups: Any  # as given
    fitted: Mapping[str, Any] | None  # attributes of the fit that `warm_start` continues
    states: Sequence[TrainingState] | None  # its training states


def validate_fit(
    mlp: "BaseMLP",
    given: GivenData,
    given_val: GivenData,
    groups: Any,
    resumed: FitProgress | None,
    *,
    keep_progress: bool,
    shared: SharedRows | None = None,
    on_pass: OnPass | None = None,
) -> FitInputs:
    """Validate the arguments of `fit`.

    With `keep_progress`, the fit may be interrupted and resumed. The training data may be shared
    with other fits.

    Raises
    ------
    ValueError, TypeError
        If parameters or data are invalid.
    """
    has_val = any(one is not None for one in given_val)
    _check_combination(mlp, has_val=has_val, groups=groups)
    fitted = vars(mlp) if mlp.warm_start and "coefs_" in vars(mlp) else None
    checked = mlp if fitted else mlp._with_attributes({})
    if shared is None or fitted:
        rows = validate_training_data(
            checked, *given, groups, reset=fitted is None, on_pass=on_pass
        )
    else:
        rows = with_groups(shared.validate(checked, given), groups)
    data = rows.positive()
    validation = validate_validation_data(mlp, *given_val, data.features) if has_val else None
    if fitted:
        target = ModelSpec.of_fitted(fitted).target
        check_continued(fitted)
    else:
        of_target = rows if isinstance(mlp, ClassifierMixin) else data
        target = of_target.derive("target", lambda: mlp._target(of_target.y))
    rng = mlp.random_state
    if resumed and resumed.initial_rng:
        rng = generator_from_state(resumed.initial_rng)
    states = TrainingState.of_fitted(fitted, rng) if fitted else None
    rng = states[0].rng if states else check_random_state(rng)
    initial_rng = rng.get_state(legacy=False) if keep_progress else None
    X = given[0] if as_source(given[0]) is None else np.empty((len(rows.y), 0))
    return FitInputs(
        X, rows, data, validation, target, rng, initial_rng, rows.groups, fitted, states
    )


def _check_combination(mlp: "BaseMLP", *, has_val: bool, groups: Any) -> None:
    """Raise ValueError for parameters and arguments that exclude each other."""
    if mlp.warm_start and mlp.refit:
        raise ValueError(
            "refit=True trains new weights, warm_start=True continues old ones: choose one."
        )
    if not _builders.has_folds(mlp):
        if isinstance(mlp.early_stopping, str) and mlp.early_stopping == "cv":
            raise ValueError(
                f"early_stopping='cv' stops by the folds of cv, but cv is {mlp.cv!r}. Set cv=5, or "
                "early_stopping=True."
            )
        if groups is not None and mlp.early_stopping is False and mlp.cv is None:
            raise ValueError(
                "groups are for the splitter of cv, and for the rows that early stopping holds "
                "back, but neither is used. Set cv or early_stopping=True."
            )
    elif mlp.warm_start:
        raise ValueError(
            "warm_start=True continues the networks of the last fit, which with cv have seen other "
            "folds: set warm_start=False or cv=None."
        )
    elif has_val:
        raise ValueError(
            "X_val and y_val are not used with cv, whose folds are the validation rows. Leave them "
            "out, or set cv=None."
        )


def check_continued(fitted: Mapping[str, Any]) -> None:
    """Raise ValueError if the fitted networks are those of several folds."""
    if "_calibration" in fitted and "_fold_models" not in fitted:
        raise ValueError(
            "The networks of the estimator are those of the folds, of cv or of a search by "
            "cv='auto' that was interrupted, whose training cannot continue. Call fit with "
            "warm_start=False first."
        )
