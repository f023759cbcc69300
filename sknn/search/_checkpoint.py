"""SearchCheckpoint: finished parts of a search in a directory, so that a killed one resumes."""

import pickle
import warnings
from collections.abc import Sequence
from pathlib import Path
from types import CodeType, FunctionType, MethodType
from typing import Any

import joblib

from sknn._version import __version__
from sknn.archives import replacing
from sknn.search._evaluation import Evaluation, Fit, SearchData
from sknn.search._sklearn_compat import scorers_by_name


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
        if self.directory.exists() and not self.directory.is_dir():
            raise ValueError(f"checkpoint must be a directory, and {directory} is a file.")
        self.directory.mkdir(parents=True, exist_ok=True)
        given = data.X, data.y, data.splits, data.fit_params, data.score_params
        scorers = scorers_by_name(data.scorers)
        settings = data.error_score, data.return_train_score, data.keep_estimators
        self.digest = _digest((given, _described(scorers), settings, __version__))

    def load(self, fits: Sequence[Fit], max_epochs: int | None) -> list[Evaluation] | None:
        """Return the evaluations of a chunk; None if it is not finished, or cannot be read."""
        file = self._file(fits, max_epochs)
        if not file.exists():
            return None
        try:
            with file.open("rb") as stream:
                found = pickle.load(stream)
            if [one.fit.candidate for one in found] != [fit.candidate for fit in fits]:
                raise ValueError("it has other fits")
        except Exception as error:
            message = (
                f"{file} is not used, since it cannot be read: {type(error).__name__}: {error}"
            )
            warnings.warn(message, UserWarning, stacklevel=2)
            return None
        return list(found)

    def save(
        self, fits: Sequence[Fit], max_epochs: int | None, evaluations: Sequence[Evaluation]
    ) -> None:
        """Write the evaluations of a finished chunk; warn if that is not possible."""
        try:
            with replacing(self._file(fits, max_epochs)) as stream:
                pickle.dump(list(evaluations), stream)
        except Exception as error:
            warnings.warn(
                "checkpoint: finished fits could not be saved, the search continues: "
                f"{type(error).__name__}: {error}",
                UserWarning,
                stacklevel=2,
            )

    def _file(self, fits: Sequence[Fit], max_epochs: int | None) -> Path:
        parts = [(fit.candidate, fit.split, _described(fit.estimator)) for fit in fits]
        return self.directory / f"{_digest((self.digest, max_epochs, parts))}.pickle"


def _described(value: Any) -> Any:
    """Return a description of an estimator, a scorer or a parameter, with the code of functions.

    A function or a class may change without its name.
    """
    if hasattr(value, "get_params") and not isinstance(value, type):
        params = value.get_params(deep=False)
        return str(type(value)), {name: _described(one) for name, one in params.items()}
    if isinstance(value, dict):
        return {name: _described(one) for name, one in value.items()}
    if isinstance(value, list | tuple):
        return list(map(_described, value))
    if hasattr(value, "_score_func"):  # a scorer
        return str(type(value)), _described(vars(value))
    if isinstance(value, MethodType):
        return _described(value.__func__), value.__self__
    if not isinstance(value, FunctionType):
        return value
    # a function that calls itself is in its own closure
    cells = [cell.cell_contents for cell in value.__closure__ or ()]
    closure = [_described(one) for one in cells if one is not value]
    defaults = _described([value.__defaults__, value.__kwdefaults__])
    return value.__qualname__, _described_code(value.__code__), closure, defaults


def _described_code(code: CodeType) -> Any:
    """Return the code of a function, with that of the functions in it."""
    constants = [
        _described_code(one) if isinstance(one, CodeType) else repr(one) for one in code.co_consts
    ]
    return code.co_code, constants, code.co_names


def _digest(content: Any) -> str:
    """Return a digest of parameters and data."""
    try:
        digest: str = joblib.hash(content)
    except Exception as error:
        raise ValueError(
            "checkpoint cannot compute a digest of the parameters and the data: "
            f"{error.args[0] if error.args else error}. All of them must be picklable."
        ) from error
    return digest
