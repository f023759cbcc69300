"""SearchCheckpoint: finished parts of a search in a directory, so that a killed one resumes."""

import pickle
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import joblib

from sknn._version import __version__
from sknn.archives import replacing
from sknn.search._evaluation import Evaluation, Fit, SearchData


class SearchCheckpoint:
    """The evaluations of finished chunks, one file each.

    Files are named after a digest of the chunk, the data and the version of sknn, so that a search
    with anything else does not use them. They are pickles: a directory that others can write to
    must not be used.

    Parameters
    ----------
    directory : str or path
        Where the files are; it is created if needed.
    data : SearchData
        The data of the search.

    Raises
    ------
    ValueError
        If the data have no digest.
    """

    def __init__(self, directory: Any, data: SearchData) -> None:
        self.directory = Path(directory)
        self.directory.mkdir(parents=True, exist_ok=True)
        given = data.X, data.y, data.splits, data.fit_params, data.score_params, data.scorers
        settings = data.error_score, data.return_train_score, data.keep_estimators
        self.digest = _digest((given, settings, __version__))

    def load(self, fits: Sequence[Fit], max_epochs: int | None) -> list[Evaluation] | None:
        """Return the evaluations of a chunk; None if it is not finished."""
        file = self._file(fits, max_epochs)
        if not file.exists():
            return None
        with file.open("rb") as stream:
            return pickle.load(stream)

    def save(
        self, fits: Sequence[Fit], max_epochs: int | None, evaluations: Sequence[Evaluation]
    ) -> None:
        """Write the evaluations of a finished chunk."""
        with replacing(self._file(fits, max_epochs)) as stream:
            pickle.dump(list(evaluations), stream)

    def _file(self, fits: Sequence[Fit], max_epochs: int | None) -> Path:
        parts = [(fit.candidate, fit.split, fit.estimator.get_params()) for fit in fits]
        return self.directory / f"{_digest((self.digest, max_epochs, parts))}.pickle"


def _digest(content: Any) -> str:
    """Return a digest of parameters and data."""
    try:
        digest: str = joblib.hash(content)
    except Exception as error:
        raise ValueError(
            f"checkpoint cannot compute a digest of the parameters and the data: {error}. All of "
            "them must be picklable."
        ) from error
    return digest
