"""Warnings of a search about its fits."""

import warnings
from collections.abc import Mapping, Sequence
from typing import Any

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


def warn_of_failures(added: Mapping[Any, Sequence[Evaluation] | None]) -> None:
    """Warn of estimators of `others` that are not in the ensemble.

    Parameters
    ----------
    added : mapping
        The evaluations of each estimator; None if time was over.
    """
    late = [str(one) for one, evaluations in added.items() if evaluations is None]
    if late:
        warnings.warn(
            f"others: {', '.join(late)} could not be evaluated on all splits in time, and "
            f"{'is' if len(late) == 1 else 'are'} not in the ensemble. Set a larger max_time.",
            UserWarning,
            stacklevel=5,
        )
    for estimator, evaluations in added.items():
        errors = [one.scores["fit_error"] for one in evaluations or ()]
        errors = [error for error in errors if error]
        if errors:
            warnings.warn(
                f"others: {estimator} failed on {len(errors)} of {len(evaluations or ())} splits, "
                "and is not in the ensemble. It gets X and the parameters of fit as they are: "
                f"wrap it in a pipeline that prepares them. The first error:\n{errors[0]}",
                FitFailedWarning,
                stacklevel=5,
            )
