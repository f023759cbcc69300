"""Size of a pickled estimator relative to its weights."""

import pickle
from typing import Any

from cases import CASES
from peers import ScikitLearn, Sknn


def compare_size(precision: str) -> list[dict[str, Any]]:
    """Pickle fitted estimators of both libraries and print a table; return its rows.

    scikit-learn keeps the state of the optimizer in it, three more of the same size.
    """
    print(f"\nPickled size ({precision}): bytes; bytes / bytes of the weights\n")
    print(f"{'network':<26}{'library':>10}{'bytes':>12}{'weights':>12}{'ratio':>8}")
    rows = []
    for name in ("images", "small"):
        case = CASES[name]
        X, y = case.data("float64" if precision == "default" else precision)
        for library in (Sknn, ScikitLearn):
            model = library(precision, 1).estimator(case).set_params(max_iter=1).fit(X, y)
            size = len(pickle.dumps(model))
            weights = sum(part.nbytes for part in [*model.coefs_, *model.intercepts_])
            rows.append(
                {"network": name, "library": library.name, "bytes": size, "weights": weights}
            )
            sizes = "-".join(map(str, case.sizes))
            print(f"{sizes:<26}{library.name:>10}{size:>12}{weights:>12}{size / weights:>8.2f}")
    return rows
