"""Ctrl-C in a fit: it ends the fit, or all of the fits that a search runs."""

import sys

#: Packages whose functions run fits one after another, or many at once.
RUNNERS = ("joblib", "sklearn")

#: Modules of theirs that call a single fit: decorators, and meta-estimators with one estimator.
SINGLE_FIT = (
    "sklearn._config",
    "sklearn.base",
    "sklearn.callback",
    "sklearn.compose",
    "sklearn.pipeline",
    "sklearn.utils",
    "joblib.memory",
)


def is_one_of_many_fits() -> bool:
    """Return whether a search, a cross-validation or an ensemble called the running fit.

    That is: whether a function of joblib or scikit-learn is among the callers, except for those of
    `SINGLE_FIT`. Only an interrupted fit asks, so it costs nothing otherwise.
    """
    frame = sys._getframe(1)
    while frame is not None:
        module = frame.f_globals.get("__name__") or ""
        if module.partition(".")[0] in RUNNERS and not f"{module}.".startswith(
            tuple(f"{name}." for name in SINGLE_FIT)
        ):
            return True
        frame = frame.f_back  # type: ignore[assignment]
    return False
