"""Warnings of a search about its fits."""

import warnings
from collections.abc import Mapping, Sequence

from sklearn.exceptions import FitFailedWarning

from sknn.search._evaluation import Evaluation


def show_warnings(evaluations: Sequence[Evaluation]) -> None:
    """Show each warning of the fits once, with the number of fits that it is about."""
    counts: dict[tuple[str, type[Warning]], int] = {}
    for one in evaluations:
        for message, category in one.warnings:
            counts[message, category] = counts.get((message, category), 0) + 1
    for (message, category), n in counts.items():
        text = f"{n} of {len(evaluations)} fits: {message}"
        warnings.warn(text, category, stacklevel=6)


def warn_of_failures(added: Mapping[int, Sequence[Evaluation]], n_others: int) -> None:
    """Warn of estimators, beside the candidates, that are not in the ensemble."""
    failed = [one for row in added.values() for one in row if one.scores["fit_error"]]
    if len(added) < n_others:
        n = n_others - len(added)
        warnings.warn(
            f"{n} of {n_others} estimators beside the candidates were not evaluated in time.",
            stacklevel=5,
        )
    if failed:
        warnings.warn(
            f"{len(failed)} fits beside those of the candidates failed, and are not in "
            f"the ensemble. The first error:\n{failed[0].scores['fit_error']}",
            FitFailedWarning,
            stacklevel=5,
        )
