"""A log of training in a CSV file, a row an epoch."""

import csv
import io
import os
import time
import warnings
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sknn.callbacks._epoch_callback import EpochCallback, fit_path

COLUMNS = (
    "run",
    "fit",
    "training",
    "epoch",
    "loss",
    "validation_loss",
    "validation_score",
    "learning_rate",
    "seconds",
)

#: How long to wait for the header of a file that another process has just created, in seconds since
#: then. On a busy machine that process may not run for a while.
HEADER_SECONDS = 5.0


class CSVLogger(EpochCallback):
    """Callback that writes a row to a CSV file after every epoch.

    Rows are appended: an interrupted fit that resumes, a warm start, another fit, and the fits of a
    search in several processes can share a file. Each row is written at once and the file closed
    again, so that a killed fit loses no finished epoch.

    Parameters
    ----------
    path : str or path
        The file. It is created if needed, its folder must exist.

    Raises
    ------
    ValueError
        In `fit`, if the file has other columns.
    OSError
        In `fit`, before training, if the file cannot be created.

    Warns
    -----
    UserWarning
        If a row cannot be written. Training continues.

    Notes
    -----
    The columns are:

    - run: eight hexadecimal digits, the same for all rows of the outermost fit: that of a search,
      a pipeline or the network itself.
    - fit: the numbers of the tasks from that fit to the network's, as in "0/0/3/1": the last step
      (1) of the pipeline of the fourth fit (3) of a `GridSearchCV`. That of a single network is
      "0".
    - training: counted from 1 in each fit. A fit with ``refit=True`` has two, one with
      ``cv="auto"`` several, of which the last one gives the networks that predict.
    - epoch: counted from 1 in each training, as with `verbose`.
    - loss, validation_loss, validation_score, learning_rate: as in `loss_curve_`,
      `validation_loss_curve_`, `validation_scores_` and `learning_rates_`; with `n_members` or `cv`
      means over the networks that trained in the epoch. Empty if there are none.
    - seconds: since the network's fit began.

    A fit that resumes from a :class:`~sknn.Checkpoint` writes the epochs after the last save again,
    with the same numbers and another `run`. The searches of `sknn.search` train candidates together
    and log only the final fit.

    Examples
    --------
    >>> from sknn import MLPRegressor
    >>> from sknn.callbacks import CSVLogger
    >>> model = MLPRegressor((4,), max_iter=3, random_state=0)
    >>> model = model.set_callbacks(CSVLogger("log.csv"))  # doctest: +SKIP
    >>> model = model.fit([[0.0], [1.0]], [0, 1])  # doctest: +SKIP
    >>> pd.read_csv("log.csv")["loss"].plot()  # doctest: +SKIP
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self.path = path

    def setup(self, estimator: Any, context: Any) -> None:
        """Check the file, before training."""
        self._append("")
        with open(self.path, encoding="utf-8", newline="") as file:
            found = file.readline()
        if found != _line(COLUMNS):
            raise ValueError(
                f"{os.fspath(self.path)!r} is no log of CSVLogger: its first line is {found!r}. "
                "Choose another path, or remove the file."
            )

    def _on_epoch(self, estimator: Any, context: Any, metrics: Mapping[str, float]) -> None:
        """Append a row; warn if that fails."""
        seconds = (datetime.now(UTC) - context.parent.init_time).total_seconds()
        row: dict[str, Any] = {
            **metrics,
            "run": context.root_uuid.hex[:8],
            "fit": "/".join(map(str, fit_path(context))),
            "seconds": round(seconds, 3),
        }
        try:
            self._append(_line(row.get(name, "") for name in COLUMNS))
        except OSError as error:
            warnings.warn(
                f"CSVLogger cannot write an epoch, training continues: {error}", stacklevel=2
            )

    def _append(self, text: str) -> None:
        """Write at the end of the file, in one call; its creator also writes the header."""
        try:
            with open(self.path, "xb", buffering=0, opener=_open_to_append) as file:
                file.write((_line(COLUMNS) + text).encode())
        except FileExistsError:
            _wait_for_header(Path(self.path))
            with open(self.path, "ab", buffering=0) as file:
                header = "" if file.tell() else _line(COLUMNS)
                file.write((header + text).encode())


def _wait_for_header(path: Path) -> None:
    """Wait until the process that has created a file has written to it, or has had the time to."""
    found = path.stat()
    if found.st_size:
        return
    age = max(0.0, time.time() - found.st_mtime)  # clocks of file systems may be ahead
    end = time.monotonic() + HEADER_SECONDS - age
    while path.stat().st_size == 0 and time.monotonic() < end:
        time.sleep(1e-3)


def _open_to_append(path: str, flags: int) -> int:
    """Open a new file so that no row is overwritten that another process has written meanwhile."""
    return os.open(path, flags | os.O_APPEND, 0o666)


def _line(fields: Iterable[Any]) -> str:
    """Return a line of CSV."""
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerow(fields)
    return text.getvalue()
