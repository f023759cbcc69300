"""PredictionPlan: all that predictions need besides X, built once for each fitted state."""

import weakref
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sknn.engine._execution import are_same
from sknn.engine.inference import RawPredictor
from sknn.estimators._fitted_model import fitted_networks, fold_networks
from sknn.estimators._model import ModelSpec

if TYPE_CHECKING:
    from sknn.estimators.base import BaseMLP


@dataclass(frozen=True)
class PredictionPlan:
    """The specification and the networks of a fitted model, which any threads may share."""

    spec: ModelSpec
    # the networks by the inputs that they read, with a member axis if these have several
    networks: Sequence[tuple[ModelSpec, RawPredictor]]

    @classmethod
    def of_fitted(cls, fitted: Mapping[str, Any], *, of_folds: bool) -> "PredictionPlan":
        """Build the plan from fitted attributes, for the networks of the folds or the final ones.

        Its arrays are those of the attributes.
        """
        fitted = {**fitted, **fitted.get("_fold_models", {})} if of_folds else fitted
        spec = ModelSpec.of_fitted(fitted)
        networks = (fold_networks if of_folds else fitted_networks)(spec, fitted)
        return cls(spec, [(part, RawPredictor(network, part.dtype)) for part, network in networks])


#: The plan of each estimator and what it was made of, by the estimator's id and `of_folds`. It is
#: kept here, so that predictions change no estimator and plans are in no copy or pickle of it.
_PLANS: dict[tuple[int, bool], tuple[weakref.ref[Any], Sequence[Any], PredictionPlan]] = {}


def plan_of(mlp: "BaseMLP", fitted: Mapping[str, Any], *, of_folds: bool = False) -> PredictionPlan:
    """Return the plan of an estimator with these attributes, the one of the last call if it is.

    The arrays of a plan are those of the attributes, so that it follows changes in place. If the
    user has replaced one, or another fit all of them, a new plan is built.
    """
    key, sources = (id(mlp), of_folds), _sources(fitted, of_folds=of_folds)
    known = _PLANS.get(key)
    if known is not None and are_same(known[1], sources):
        return known[2]
    plan = PredictionPlan.of_fitted(fitted, of_folds=of_folds)
    _PLANS[key] = weakref.ref(mlp, lambda ref: _remove(key, ref)), sources, plan
    return plan


def _sources(fitted: Mapping[str, Any], *, of_folds: bool) -> list[Any]:
    """Return the objects that a plan is made of; it holds until one is replaced by another."""
    sources = [fitted, fitted.get("_fold_models", {})] if of_folds else [fitted]
    found: list[Any] = []
    for one in sources:
        spec, classes = one.get("_model_spec", {}), one.get("classes_")
        found += [*one.get("coefs_", ()), *one.get("intercepts_", ()), *spec.values()]
        found += classes if isinstance(classes, list) else [classes]
    return found


def forget_plans(mlp: "BaseMLP") -> None:
    """Drop the plans of an estimator, which is fitted again: they keep its weights in memory."""
    for of_folds in (False, True):
        _PLANS.pop((id(mlp), of_folds), None)


def _remove(key: tuple[int, bool], ref: weakref.ref[Any]) -> None:
    """Drop the plan of an estimator that no longer exists."""
    known = _PLANS.get(key)
    if known is not None and known[0] is ref:
        del _PLANS[key]
