"""SearchResults: the scores of all candidates of a search, as `cv_results_` has them."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from sknn.search._evaluation import Evaluation
from sknn.search._halving import rank
from sknn.search._messages import show_warnings
from sknn.search._selection import Candidate
from sknn.search._sklearn_compat import insert_error_scores, warn_or_raise_about_fit_failures

if TYPE_CHECKING:
    from sknn.search._base import BatchedSearchCV


@dataclass(frozen=True)
class SearchResults:
    """Scores of all candidates, and the candidates themselves."""

    results: dict[str, Any]  # `cv_results_`
    refit_metric: str
    is_multimetric: bool
    candidates: Sequence[Candidate] = ()  # also those of `others`


def format_results(
    search: "BatchedSearchCV",
    candidates: Sequence[dict[str, Any]],
    evaluations: Sequence[Sequence[Evaluation]],
    rungs: Sequence[int] | None,
    refit_metric: str,
) -> SearchResults:
    """Return `cv_results_` and what belongs to it; show warnings of the fits."""
    flat = [one for of_candidate in evaluations for one in of_candidate]
    show_warnings(flat)
    out = [one.scores for one in flat]
    warn_or_raise_about_fit_failures(out, search.error_score)
    if callable(search.scoring):
        insert_error_scores(out, search.error_score)
    first = out[0]["test_scores"]
    is_multimetric = isinstance(first, dict)
    if callable(search.scoring) and is_multimetric:
        search._check_refit_for_multimetric(first)
        refit_metric = search.refit
    n_splits = len(evaluations[0])
    epochs = np.array([[one.n_epochs for one in row] for row in evaluations], dtype=float)
    more: dict[str, Any] = {f"split{k}_best_iteration": epochs[:, k] for k in range(n_splits)}
    more["mean_best_iteration"] = epochs.mean(axis=1)
    if rungs is not None:
        more["rung"] = np.array(rungs)
    results = search._format_results(list(candidates), n_splits, out, more)
    if rungs is not None:
        for name in [name for name in results if name.startswith("rank_test_")]:
            mean = results[name.replace("rank_", "mean_", 1)]
            results[name] = rank(mean, rungs)
    return SearchResults(results, refit_metric, is_multimetric)


def best_attributes(search: "BatchedSearchCV", found: SearchResults) -> dict[str, Any]:
    """Return the attributes about the best candidate."""
    if not search.refit and found.is_multimetric:
        return {}
    index = search._select_best_index(search.refit, found.refit_metric, found.results)
    best = {"best_index_": index, "best_params_": found.results["params"][index]}
    if not callable(search.refit):
        best["best_score_"] = found.results[f"mean_test_{found.refit_metric}"][index]
    return best


def mean_score(evaluations: Sequence[Evaluation], refit: Any, refit_metric: str) -> float:
    """Return the mean test score of a candidate."""
    scores = []
    for one in evaluations:
        score = one.scores["test_scores"]
        if isinstance(score, dict):
            name = refit if isinstance(refit, str) else refit_metric
            if name not in score:
                raise ValueError(
                    "factor compares candidates by one score: set refit to the name of one of "
                    f"{sorted(score)}, got refit={refit!r}."
                )
            score = score[name]
        scores.append(score)
    return float(np.mean(scores))
