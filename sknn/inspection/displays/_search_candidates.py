"""Candidates: settings, scores and rungs of a search, read from its cv_results_."""

from collections.abc import Mapping, Sequence
from numbers import Real
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.pipeline import Pipeline
from sklearn.utils.validation import check_is_fitted

from sknn.engine._typing import Array
from sknn.inspection.displays._drawing import BLUE

#: Keys of `cv_results_` with the rung of a candidate: in sknn, and in scikit-learn's halving.
RUNG_KEYS = ("rung", "iter")

#: For each, the key with the resources of a rung, and their name in the x-label.
RESOURCES = {"rung": ("mean_best_iteration", "epochs, at most"), "iter": ("n_resources",) * 2}

#: Colour of the candidates of the first rung, between white (0) and that of the last rung (1).
LIGHTEST = 0.3


class Candidates:
    """Settings and scores of the candidates with a score, at the last rung that each reached.

    `index` are the positions in `cv_results_`, `params` the settings, `score` and `spread` the mean
    and the standard deviation over the splits, `rung` the last rungs, `histories` the rungs and the
    scores of each; `best` is the position of the best candidate in all of these. `n_unknown` have
    no finite score.
    """

    def __init__(self, results: Mapping[str, Any], scoring: str) -> None:
        params = list(results["params"])
        score = np.asarray(results[f"mean_test_{scoring}"], dtype=np.float64)
        self.key = next((key for key in RUNG_KEYS if key in results), RUNG_KEYS[0])
        rung = np.asarray(results.get(self.key, np.zeros(len(params))), dtype=np.intp)
        rows = [[i] for i in range(len(params))]
        if self.key == "iter":  # an entry for each rung of a candidate, identified by its settings
            rows = _rows_of_equal(params, rung)
        known = sorted((r for r in rows if np.isfinite(score[r[-1]])), key=lambda r: r[-1])
        self.n_unknown = len(rows) - len(known)
        if not known:
            raise ValueError(f"No candidate has a finite mean_test_{scoring}.")
        self.index: NDArray[np.intp] = np.array([entries[-1] for entries in known])
        self.params = [params[i] for i in self.index]
        self.score: Array = score[self.index]
        self.spread = np.asarray(results[f"std_test_{scoring}"], dtype=np.float64)[self.index]
        self.rung: NDArray[np.intp] = rung[self.index]
        self.n_rungs = len(np.unique(self.rung))
        last = np.flatnonzero(self.rung == self.rung.max())
        self.best = int(last[self.score[last].argmax()])
        if self.key == "iter":
            self.histories = [(rung[entries], score[entries]) for entries in known]
        else:
            first = rung.min()
            self.histories = [
                (np.unique([first, r]), np.full(1 + (r > first), s))
                for r, s in zip(self.rung, self.score, strict=True)
            ]
        self.resources = _resources(results, self.key, rung)

    def color(self, rung: int) -> Any:
        """Return the colour of the candidates that left after a rung."""
        from matplotlib.colors import to_rgb

        share = 1.0
        if self.n_rungs > 1:
            first, last = self.rung.min(), self.rung.max()
            share = LIGHTEST + (1 - LIGHTEST) * (rung - first) / (last - first)
        return tuple(1 - share * (1 - np.array(to_rgb(BLUE))))

    def label(self, rung: int) -> str:
        """Return the text of the legend for the candidates that left after a rung."""
        n = int(np.sum(self.rung == rung))
        if self.n_rungs == 1:
            return f"{n} candidates (mean ± std)"
        return f"{self.key} {rung}: {n} {'stayed' if rung == self.rung.max() else 'left'}"


def results_of(search: Any, caller: str) -> Mapping[str, Any]:
    """Return the `cv_results_` of a fitted search."""
    results = getattr(search, "cv_results_", None)
    if isinstance(results, Mapping) and "params" in results and not isinstance(search, type):
        return results
    is_search = not isinstance(search, type) and hasattr(search, "estimator")
    if is_search and hasattr(search, "refit") and results is None:
        check_is_fitted(search, "cv_results_")
    hint = " Pass its last step, pipeline[-1]." if isinstance(search, Pipeline) else ""
    name = f"the class {search.__name__}" if isinstance(search, type) else type(search).__name__
    raise TypeError(
        f"{caller} needs a fitted search, such as GridSearchCV or BatchedGridSearchCV, got "
        f"{name}.{hint}"
    )


def check_scoring(results: Mapping[str, Any], scoring: str | None) -> str:
    """Return the name of the score to draw."""
    start = "mean_test_"
    known = [key.removeprefix(start) for key in results if key.startswith(start)]
    if scoring is None and len(known) == 1:
        return known[0]
    if scoring is None or scoring not in known:
        names = " or ".join(map(repr, known))
        raise ValueError(f"scoring must be {names}, got {scoring!r}.")
    return scoring


def check_params(
    candidates: Sequence[Mapping[str, Any]], wanted: str | Sequence[str] | None
) -> list[str]:
    """Return the names of the parameters to draw."""
    known = list(dict.fromkeys(name for params in candidates for name in params))
    if wanted is None:
        varied = [name for name in known if _n_values(candidates, name) > 1]
        if not varied:
            raise ValueError(
                "No parameter takes more than one value. Name those to draw in params, out of "
                f"{known}."
            )
        return varied
    names = [wanted] if isinstance(wanted, str) else list(wanted)
    unknown = [name for name in names if name not in known]
    if unknown or not names:
        raise ValueError(f"params must be out of {known}, got {unknown or names}.")
    return names


def _n_values(candidates: Sequence[Mapping[str, Any]], name: str) -> int:
    """Return the number of different values of a parameter."""
    values = [params[name] for params in candidates if name in params]
    return len(set(map(float, values)) if are_numeric(values) else set(map(text_of, values)))


def are_numeric(values: Sequence[Any]) -> bool:
    """Return whether all values are finite numbers; bool is none."""
    return all(
        isinstance(value, Real) and not isinstance(value, bool) and np.isfinite(float(value))
        for value in values
    )


def text_of(value: Any) -> str:
    """Return what tells a value from others, on one line."""
    is_plain = isinstance(value, str | np.generic)
    return " ".join((str(value) if is_plain else repr(value)).split())


def _rows_of_equal(
    candidates: Sequence[Mapping[str, Any]], rung: NDArray[np.intp]
) -> list[list[int]]:
    """Return the rows of each candidate in the order of the rungs."""
    found: dict[tuple[tuple[str, str], ...], list[int]] = {}
    for i in np.argsort(rung, kind="stable").tolist():
        key = tuple((name, text_of(value)) for name, value in sorted(candidates[i].items()))
        found.setdefault(key, []).append(i)
    return list(found.values())


def _resources(results: Mapping[str, Any], key: str, rung: NDArray[np.intp]) -> dict[int, int]:
    """Return the number of epochs or samples of each rung, if it is known."""
    used, _ = RESOURCES[key]
    if used not in results:
        return {}
    n = np.asarray(results[used])
    return {r: round(float(n[rung == r].max())) for r in np.unique(rung).tolist()}
