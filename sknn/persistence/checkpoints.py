"""Checkpoints: interrupted fits resume where they stopped."""

import io
import os
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import joblib

from sknn._version import __version__, migrate_state, naming_file
from sknn.archives import Contents, pack_parameters, replacing, write
from sknn.estimators._callbacks import DELETE
from sknn.estimators._saving import check_own_class, contents_of, plain_parameters
from sknn.estimators._splitters import cv_to_plain
from sknn.estimators.base import BaseMLP
from sknn.exceptions import ModelFileError
from sknn.features.containers import as_frame
from sknn.features.sources import Source, as_source
from sknn.persistence._splitters import check_constant_folds
from sknn.persistence.models import read_bytes, read_contents, restore

#: Parameters that do not change the result of a completed fit.
NO_EFFECT = {"verbose", "max_time"}


class Checkpoint:
    """Callback that saves the progress of fits, so that interrupted ones resume.

    Every fit has a file of its own in a directory, named after a digest of the estimator's
    parameters, the data, and the version of sknn. If the file exists when `fit` starts, training
    continues from it and ends with the same weights, bit for bit, as without the interruption; a
    completed fit is not repeated. So a script, or a search over many fits, that was killed is
    simply run again. With other parameters or data it is another fit and starts from scratch (only
    `verbose` and `max_time` may change). Delete the directory when the results are safe, or to
    start again.

    The estimator needs an integer `random_state`; with None no two fits are the same. So does a
    splitter `cv` that shuffles.

    Parameters
    ----------
    directory : str or path
        Where the files are written; it is created if needed.
    every_n_epochs : int, default=None
        Save after every n epochs.
    every_n_seconds : float, default=60
        Save after the first epoch that ends at least this long after the last save. None: never.

    Notes
    -----
    Set it on the outermost estimator, a pipeline or a search, which passes it to the networks
    inside. It needs the callbacks of scikit-learn 1.9 or newer. Files have the format of `save`: no
    parameter may be an object other than a splitter of scikit-learn, and :func:`sknn.load` reads
    the model of the last saved epoch: with ``cv="auto"`` and `refit` that of the training which was
    interrupted. The solver "lbfgs" restarts. `max_time` counts from the last start. The data are
    read once, for the digest.

    Examples
    --------
    >>> import tempfile
    >>> from sknn import Checkpoint, MLPRegressor
    >>> directory = tempfile.mkdtemp()
    >>> model = MLPRegressor((4,), max_iter=500, random_state=0)
    >>> model = model.set_callbacks(Checkpoint(directory))  # doctest: +SKIP
    >>> model = model.fit([[0.0], [1.0]], [0, 1])  # if it was killed: run it again
    """

    def __init__(
        self,
        directory: str | os.PathLike[str],
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
            raise ValueError(
                "every_n_epochs and every_n_seconds are both None, so nothing would be saved: set "
                "one of them."
            )
        self.directory = directory
        self.every_n_epochs = every_n_epochs
        self.every_n_seconds = every_n_seconds

    def __setstate__(self, state: dict[str, Any]) -> None:
        """Restore a pickle, of format 0 or 1 too: callbacks are pickled with their estimator."""
        vars(self).update(migrate_state(state, 0))

    #: Meta-estimators pass it on, through any number of levels.
    max_propagation_depth = None

    def setup(self, estimator: Any, context: Any) -> None:
        """Do nothing: the estimators of this package call `_fit_checkpoint`."""

    def teardown(self, estimator: Any, context: Any) -> None:
        """Do nothing."""

    def on_fit_task_begin(self, estimator: Any, context: Any) -> None:
        """Do nothing."""

    def on_fit_task_end(self, estimator: Any, context: Any) -> None:
        """Do nothing."""

    def _fit_checkpoint(self, estimator: BaseMLP, data: tuple[Any, ...]) -> "CheckpointFile":
        """Return the checkpoint file of one fit; `data` are all arguments of `fit`.

        Raises
        ------
        ValueError
            If `random_state` is None, or `cv` gives other folds each time.
        TypeError
            If a parameter or the class cannot be saved, or the data have no digest.
        """
        if estimator.random_state is None:
            raise ValueError(
                "Checkpoint needs an integer random_state, got None: an interrupted fit could not "
                "be recognised. Set random_state."
            )
        check_own_class(estimator)
        check_constant_folds(estimator.cv)
        pack_parameters(plain_parameters(estimator), {}, "Without Checkpoint the fit takes it.")
        directory = Path(self.directory)
        directory.mkdir(parents=True, exist_ok=True)
        file = directory / f"{fingerprint(estimator, data)}.sknn"
        return CheckpointFile(file, self.every_n_epochs, self.every_n_seconds)


class CheckpointFile:
    """The file of one fit, which need not exist yet, and how often to write it."""

    def __init__(
        self, file: Path, every_n_epochs: int | None, every_n_seconds: float | None
    ) -> None:
        self.file = file
        self.every_n_epochs = every_n_epochs
        self.every_n_seconds = every_n_seconds
        self.epochs = 0
        self.last_save = time.monotonic()

    def load(self) -> tuple[BaseMLP, Mapping[str, Any]] | None:
        """Return the estimator at the last saved epoch and its progress, if the file exists.

        Raises
        ------
        ModelFileError
            If it is damaged, or no checkpoint.
        """
        with naming_file(self.file, DELETE):
            try:
                data = read_bytes(self.file)
            except FileNotFoundError:
                return None
            contents = read_contents(data)
            if contents.progress is None:
                raise ModelFileError("This is a saved model, not a checkpoint.")
            return restore(contents), contents.progress

    def should_save(self) -> bool:
        """Count one more epoch, and return whether to save now."""
        self.epochs += 1
        by_epochs = self.every_n_epochs is not None and self.epochs >= self.every_n_epochs
        seconds = time.monotonic() - self.last_save
        return by_epochs or (self.every_n_seconds is not None and seconds >= self.every_n_seconds)

    def save(self, contents: Contents) -> None:
        """Write the file, replacing the previous one atomically."""
        with replacing(self.file) as part:
            write(part, contents)
        self.epochs, self.last_save = 0, time.monotonic()


def fingerprint(estimator: BaseMLP, data: tuple[Any, ...]) -> str:
    """Return a digest of everything that determines the result of a fit."""
    model = io.BytesIO()
    if estimator.warm_start and hasattr(estimator, "coefs_"):
        contents = contents_of(estimator)
        contents.parameters = {}
        write(model, contents)  # equal models are equal files
    parameters = estimator.get_params(deep=False)
    parameters["cv"] = cv_to_plain(parameters["cv"])
    relevant = {name: parameters[name] for name in parameters if name not in NO_EFFECT}
    if (source := as_source(data[0])) is not None:
        data = (source.digest_parts() or _digests_of_rows(source), *data[1:])
    try:
        return str(
            joblib.hash((__version__, type(estimator).__name__, relevant, model.getvalue(), data))
        )
    except Exception as error:  # any exception that pickling an object may raise
        raise TypeError(
            f"Checkpoint cannot compute a digest of the parameters and the data: {error}. All of "
            "them must be picklable."
        ) from error


def _digests_of_rows(source: Source) -> list[Any]:
    """Return digests of the batches of a source, for which it is read once."""
    return [joblib.hash(_plain(batch)) for batch in source.batches()]


def _plain(batch: Any) -> Any:
    """Return a batch as objects of which equal ones have equal digests."""
    if isinstance(batch, tuple):
        return [_plain(one) for one in batch]
    frame = as_frame(batch)
    return batch if frame is None else [(name, frame[name].to_list()) for name in frame.columns]
