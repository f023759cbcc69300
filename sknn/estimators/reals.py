"""Real targets as users give them: text that stands for numbers is read, other text is refused."""

from typing import Any

import numpy as np
from scipy import sparse
from sklearn.utils import check_array


def as_numbers(y: Any) -> Any:
    """Return targets of text or objects as float64; others as they are.

    Parameters
    ----------
    y : object
        What the user passed. A missing number becomes NaN.

    Raises
    ------
    ValueError
        If there is something else than numbers.
    """
    if y is None or sparse.issparse(y) or np.asarray(y).dtype.kind not in "OUST":
        return y
    try:
        return check_array(
            y,
            dtype=np.float64,
            ensure_2d=False,
            ensure_all_finite=False,
            ensure_min_samples=0,
            input_name="y",
        )
    except (TypeError, ValueError) as error:
        raise ValueError(
            f"y must be numbers: {error}. For labels there are MLPClassifier and "
            "TabularMLPClassifier."
        ) from error
