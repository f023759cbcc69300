"""Load estimators from files."""

import os
import stat
from dataclasses import replace
from typing import Any

import numpy as np

from sknn import archives
from sknn._version import STATE_FORMAT, as_model_file_error, migrate_state, naming_file
from sknn.estimators import MLPClassifier, MLPRegressor, TabularMLPClassifier, TabularMLPRegressor
from sknn.estimators._splitters import cv_from_plain
from sknn.estimators.base import BaseMLP
from sknn.exceptions import ModelFileError
from sknn.persistence._check_encoder import checked_parameter
from sknn.persistence._check_model import check_model
from sknn.persistence._check_training_state import check_progress

#: Classes that can be loaded. No other name in a file is looked up.
CLASSES: dict[str, type[BaseMLP]] = {
    cls.__name__: cls
    for cls in (MLPClassifier, MLPRegressor, TabularMLPClassifier, TabularMLPRegressor)
}


def load(file: Any) -> BaseMLP:
    """Load an estimator from a file that its method `save` wrote.

    The file is data: no code in it is run, and no name in it is imported. Before the estimator is
    built, the digest and the size of every array are verified, and whether the parts fit together.

    Parameters
    ----------
    file : str, path or binary file
        The file.

    Returns
    -------
    estimator : estimator
        Its predictions equal those of the saved one, bit for bit.

    Raises
    ------
    ModelFileError
        If the file is not a model, is damaged, or was written by a newer version.
    OSError
        If it cannot be read.

    Examples
    --------
    >>> import sknn, os, tempfile
    >>> model = sknn.MLPRegressor((4,), max_iter=500, random_state=0).fit([[0.0], [1.0]], [0, 1])
    >>> path = os.path.join(tempfile.mkdtemp(), "model.sknn")
    >>> model.save(path)
    >>> sknn.load(path).predict([[0.5]]) == model.predict([[0.5]])
    array([ True])
    """
    with naming_file(file):
        return restore(read_contents(read_bytes(file)))


def read_bytes(file: Any) -> bytes:
    """Return the content of a path or a binary file.

    Raises
    ------
    ModelFileError
        If the path is not a regular file.
    TypeError
        If `file` is neither a path nor a binary file.
    """
    if isinstance(file, str | os.PathLike):
        if not stat.S_ISREG(os.stat(file).st_mode):  # opening a pipe would block
            raise ModelFileError("This is not a regular file, but a folder, pipe or device.")
        with open(file, "rb") as stream:
            return stream.read()
    data = file.read() if hasattr(file, "read") else None
    if not isinstance(data, bytes):
        raise TypeError(f"file must be a path or a binary file, got {file!r:.50}.")
    return data


def read_contents(data: bytes) -> archives.Contents:
    """Read an archive and migrate it to the present format; `format` stays that of the file.

    Of an older checkpoint only the model is kept: its progress was that of another algorithm.
    """
    contents = archives.read(data)
    number = contents.format
    with as_model_file_error("The state cannot be migrated"):
        return replace(
            contents,
            parameters=migrate_state(contents.parameters, number),
            state=migrate_state(contents.state, number),
            progress=contents.progress if number == STATE_FORMAT else None,
        )


def restore(contents: archives.Contents) -> BaseMLP:
    """Build the estimator that an archive describes, or raise a `ModelFileError`."""
    if contents.class_name not in CLASSES:
        raise ModelFileError(
            f"The file holds a {contents.class_name!r:.50}, which sknn cannot load; it loads "
            f"{', '.join(CLASSES)}."
        )
    cls = CLASSES[contents.class_name]
    unknown = sorted(set(contents.parameters) - set(cls().get_params(deep=False)))
    if unknown:
        raise ModelFileError(f"Unknown parameters: {unknown[:5]}.")
    parameters = dict(contents.parameters)
    with as_model_file_error("The parameter cv is invalid"):
        parameters["cv"] = cv_from_plain(parameters.get("cv"))
    with as_model_file_error("The parameter encoder is invalid"):
        if "encoder" in parameters:
            parameters["encoder"] = checked_parameter(parameters["encoder"])
    with as_model_file_error("The parts of the model do not fit together"):
        estimator = cls(**parameters)
        with np.errstate(over="raise", invalid="raise", divide="raise"):
            estimator._validate_params()
            vectors = check_model(estimator, contents.state)
            if contents.progress is not None:
                check_progress(contents.progress, estimator, vectors)
        estimator.__dict__.update(contents.state)
    return estimator
