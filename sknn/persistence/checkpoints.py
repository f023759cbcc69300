"""Checkpoints: a fit that is killed goes on where it was."""

import io
import os
import time
from pathlib import Path
from typing import Any

import joblib

from sknn._version import ModelFileError, __version__, as_model_file_error, naming_file
from sknn.archives import Contents, pack_parameters, read, replacing, write
from sknn.estimators._saving import contents_of, need_own_class
from sknn.estimators.progress import Progress
from sknn.persistence.models import restored, whole

#: Parameters that do not decide how a fit ends: one that is out of time has not come to its end.
INDECISIVE = {"verbose", "max_time"}


class Checkpoint:
    """A callback that keeps the progress of fits, so that they go on where they were broken off.

    Every fit has a file of its own in a folder, named after a digest of the estimator's parameters,
    the data, and the version of sknn. If the file is there when `fit` begins, training goes on from
    it, and ends with the same weights, bit for bit, as if it had not been broken off; a fit that
    had come to its end is not done again. So a script, or a search over many fits, that was killed
    is simply run once more. Other parameters or data are another fit, and begin anew (but `verbose`
    and `max_time` may change). Delete the folder when the results are safe, or to begin anew.

    The estimator needs an integer `random_state`: with None every fit is to be another one.

    Parameters
    ----------
    folder : str or path
        Where the files are; it is made if it is not there.
    every_n_epochs : int, default=None
        Keep the progress after every so many epochs.
    every_n_seconds : float, default=60
        Keep it after the first epoch that ends at least so many seconds after it was kept last;
        None for never.

    Notes
    -----
    Give it to the outermost estimator, a pipeline or a search, which hands it on to the networks
    inside. It needs callbacks, and so scikit-learn 1.9 or newer. Files are as `save` makes them, so
    parameters must not be objects, and :func:`sknn.load` reads the model so far. A refit on all
    rows, and the solver "lbfgs", begin anew if they are broken off. `max_time` is counted from the
    last start. The data are read once, for the digest.

    Examples
    --------
    >>> import tempfile
    >>> from sknn import Checkpoint, MLPRegressor
    >>> folder = tempfile.mkdtemp()
    >>> model = MLPRegressor((4,), max_iter=500, random_state=0)
    >>> model = model.set_callbacks(Checkpoint(folder))  # doctest: +SKIP
    >>> model = model.fit([[0.0], [1.0]], [0, 1])  # killed? run it again
    """

    def __init__(
        self,
        folder: str | os.PathLike[str],
        *,
        every_n_epochs: int | None = None,
        every_n_seconds: float | None = 60,
    ) -> None:
        if every_n_epochs is not None and not (type(every_n_epochs) is int and every_n_epochs >= 1):
            raise ValueError(
                f"every_n_epochs must be an integer >= 1 or None, got {every_n_epochs!r}."
            )
        if every_n_seconds is not None and not every_n_seconds >= 0:
            raise ValueError(f"every_n_seconds must be >= 0 or None, got {every_n_seconds!r}.")
        if every_n_epochs is None and every_n_seconds is None:
            raise ValueError("Give every_n_epochs or every_n_seconds: else nothing is ever kept.")
        self.folder = folder
        self.every_n_epochs = every_n_epochs
        self.every_n_seconds = every_n_seconds

    #: Meta-estimators hand it on to the networks inside them, however deep those lie.
    max_propagation_depth = None

    def setup(self, estimator: Any, context: Any) -> None:
        """Do nothing: `course` is asked for by the estimators of this package."""

    def teardown(self, estimator: Any, context: Any) -> None:
        """Do nothing."""

    def on_fit_task_begin(self, estimator: Any, context: Any) -> None:
        """Do nothing."""

    def on_fit_task_end(self, estimator: Any, context: Any) -> None:
        """Do nothing."""

    def course(self, estimator: Any, data: tuple[Any, ...]) -> "KeptCourse":
        """Return what keeps the progress of one fit.

        Parameters
        ----------
        estimator : BaseMLP
            What is fitted.
        data : tuple
            All that it is fitted to.

        Raises
        ------
        ValueError
            If there is no seed.
        TypeError
            If a parameter or the class cannot be in a file.
        """
        if estimator.random_state is None:
            raise ValueError(
                "Checkpoint needs an integer random_state: with None every fit is to be another "
                "one, and cannot be told from one that was broken off."
            )
        need_own_class(estimator)
        otherwise = "Without Checkpoint the fit takes it."
        pack_parameters(estimator.get_params(deep=False), {}, otherwise)
        Path(self.folder).mkdir(parents=True, exist_ok=True)
        file = Path(self.folder) / f"{fingerprint(estimator, data)}.sknn"
        return KeptCourse(file, self.every_n_epochs, self.every_n_seconds)


class KeptCourse:
    """The file of one fit.

    Parameters
    ----------
    file : path
        Where it is, or will be.
    every_n_epochs, every_n_seconds : numbers or None
        When to write it.
    """

    def __init__(
        self, file: Path, every_n_epochs: int | None, every_n_seconds: float | None
    ) -> None:
        self.file = file
        self.every_n_epochs = every_n_epochs
        self.every_n_seconds = every_n_seconds
        self.epochs = 0
        self.kept = time.monotonic()

    def recalled(self) -> tuple[Any, Progress] | None:
        """Return the estimator in the file and its progress, if there is a file.

        Raises
        ------
        ModelFileError
            If it is damaged.
        """
        with naming_file(self.file, " Delete it to begin anew."):
            try:
                data = whole(self.file)
            except FileNotFoundError:
                return None
            contents = read(data)
            if contents.progress is None:
                raise ModelFileError("This is a model, and not a checkpoint.")
            with as_model_file_error("A fit cannot go on from it"):
                return restored(contents), Progress.from_plain(contents.progress)

    def is_due(self) -> bool:
        """Count one more epoch, and tell whether to keep the progress now."""
        self.epochs += 1
        by_epochs = self.every_n_epochs is not None and self.epochs >= self.every_n_epochs
        seconds = time.monotonic() - self.kept
        return by_epochs or (self.every_n_seconds is not None and seconds >= self.every_n_seconds)

    def keep(self, contents: Contents) -> None:
        """Write the file, in the place of the one before."""
        with replacing(self.file) as part:
            write(part, contents)
        self.epochs, self.kept = 0, time.monotonic()


def fingerprint(estimator: Any, data: tuple[Any, ...]) -> str:
    """Return a digest of what decides how a fit ends.

    Raises
    ------
    TypeError
        If a parameter or the data cannot be pickled.
    """
    fitted = io.BytesIO()
    if estimator.warm_start and hasattr(estimator, "coefs_"):
        contents = contents_of(estimator)
        contents.parameters = {}
        write(fitted, contents)  # equal models are equal files
    parameters = estimator.get_params(deep=False)
    decisive = {name: parameters[name] for name in parameters if name not in INDECISIVE}
    of = (__version__, type(estimator).__name__, decisive, fitted.getvalue(), data)
    try:
        return str(joblib.hash(of))
    except Exception as error:  # whatever somebody's object raises
        raise TypeError(f"A fit with these parameters or data has no digest: {error}") from error
