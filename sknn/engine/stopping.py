"""When to stop: an object that watches one number an epoch. It neither prints nor trains."""

from collections.abc import Mapping


class NoImprovement:
    """Stall after `patience` epochs in a row without an improvement of `tol`.

    Parameters
    ----------
    patience : float
        How many stale epochs in a row are too many; infinity never stalls. The first epoch
        always improves, so that the earliest stall is after ``1 + patience`` epochs.
    tol : float
        An epoch is stale unless it is at least this much better than the best so far.
    key : str, default="loss"
        Which number of a row of the history is watched.
    higher_is_better : bool, default=False
        True for scores, False for losses.

    Attributes
    ----------
    best : float
        The best value so far.
    stale : int
        Epochs in a row without an improvement of `tol`.
    improved : bool
        Whether the last epoch was the best so far, by however little.
    """

    def __init__(
        self, patience: float, tol: float, key: str = "loss", higher_is_better: bool = False
    ) -> None:
        self.patience = patience
        self.tol = tol
        self.key = key
        self.sign = -1.0 if higher_is_better else 1.0
        self.best = self.sign * float("inf")
        self.improved = False
        self.stale = 0

    def __call__(self, row: Mapping[str, float]) -> bool:
        """Take the row of one more epoch; return whether training stalls."""
        value, best = self.sign * row[self.key], self.sign * self.best
        self.stale = 0 if value <= best - self.tol else self.stale + 1  # stale if not a number
        self.improved = value < best
        if self.improved:
            self.best = row[self.key]
        return self.stale >= self.patience
