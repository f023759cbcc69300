"""Private names of scikit-learn's searches that the package `search` uses."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, ClassVar

from sklearn.model_selection._validation import (
    _insert_error_scores,
    _score,
    _warn_or_raise_about_fit_failures,
)
from sklearn.utils.metaestimators import _safe_split
from sklearn.utils.validation import _check_method_params, _num_samples

if TYPE_CHECKING:

    class BaseSearchCV:
        """The attributes and methods of scikit-learn's `BaseSearchCV`."""

        _parameter_constraints: ClassVar[dict[str, Any]]
        estimator: Any
        scoring: Any
        n_jobs: int | None
        refit: Any
        cv: Any
        verbose: int
        error_score: Any
        return_train_score: bool

        def score(self, X: Any, y: Any = None, **params: Any) -> float: ...
        def _get_scorers(self) -> tuple[Any, Any]: ...
        def _get_routed_params_for_fit(self, params: dict[str, Any]) -> Any: ...
        def _check_refit_for_multimetric(self, scores: Any) -> None: ...
        def _select_best_index(self, refit: Any, refit_metric: Any, results: Any) -> int: ...
        def _format_results(
            self,
            candidate_params: Sequence[dict[str, Any]],
            n_splits: int,
            out: Sequence[dict[str, Any]],
            more_results: dict[str, Any] | None = None,
        ) -> dict[str, Any]: ...

else:
    from sklearn.model_selection._search import BaseSearchCV

try:
    from sklearn.metrics._scorer import _MultimetricScorer
except ImportError:  # it may move
    _MultimetricScorer = ()

check_method_params = _check_method_params
insert_error_scores = _insert_error_scores
num_samples = _num_samples
safe_split = _safe_split
score_estimator = _score
warn_or_raise_about_fit_failures = _warn_or_raise_about_fit_failures


def scorers_by_name(scorers: Any) -> Any:
    """Return the scorers of a multimetric scorer as a dictionary; any other scorer as it is."""
    return scorers._scorers if isinstance(scorers, _MultimetricScorer) else scorers


def error_scores(scorers: Any, error_score: float) -> Any:
    """Return the scores of a fit that failed: a number, or one for each of several scorers."""
    if isinstance(scorers, _MultimetricScorer):
        return dict.fromkeys(scorers._scorers, error_score)
    return error_score


__all__ = [
    "BaseSearchCV",
    "check_method_params",
    "error_scores",
    "insert_error_scores",
    "num_samples",
    "safe_split",
    "score_estimator",
    "scorers_by_name",
    "warn_or_raise_about_fit_failures",
]
