"""Loading: a file -> a fitted estimator, if it is one of ours and hangs together."""

import os
import stat
from typing import Any

import numpy as np

from sknn import archives
from sknn._version import ModelFileError, as_model_file_error, naming_file
from sknn.estimators import (
    MLPClassifier,
    MLPRegressor,
    TabularMLPClassifier,
    TabularMLPRegressor,
)
from sknn.estimators.base import BaseMLP
from sknn.persistence._check_model import check_model, vector_of
from sknn.persistence._check_training_state import check_progress

#: What can be loaded. Nothing else is looked up by a name from a file.
CLASSES: dict[str, type[BaseMLP]] = {
    cls.__name__: cls
    for cls in (MLPClassifier, MLPRegressor, TabularMLPClassifier, TabularMLPRegressor)
}


def load(file: Any) -> BaseMLP:
    """Load an estimator that its method `save` wrote.

    The file is data: no code in it is run, and no name in it is imported. It is believed only if
    every digest is right, every array has the size that the file has, and the parts fit together.

    Parameters
    ----------
    file : str, path or binary file
        Where from.

    Returns
    -------
    estimator : estimator
        It predicts, bit for bit, what the saved one did.

    Raises
    ------
    ModelFileError
        If it is not a model, damaged, or from a newer version.
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
        contents = archives.read(whole(file))
        with as_model_file_error("The parts of the model do not fit together"):
            return restored(contents)


def whole(file: Any) -> bytes:
    """Return all bytes of a path or a binary file.

    Raises
    ------
    ModelFileError
        If it is no file, but a pipe or a device, say.
    TypeError
        If it is something else.
    """
    if isinstance(file, str | os.PathLike):
        if not stat.S_ISREG(os.stat(file).st_mode):  # to open a pipe would wait for its other end
            raise ModelFileError("This is not a file, but a pipe or a device.")
        with open(file, "rb") as fitted:
            return fitted.read()
    data = file.read() if hasattr(file, "read") else None
    if not isinstance(data, bytes):
        raise TypeError(f"file must be a path or a binary file, got {file!r:.50}.")
    return data


def restored(contents: archives.Contents) -> BaseMLP:
    """Return the estimator that an archive describes.

    Raises
    ------
    ModelFileError
        If its parts are unknown or do not fit together.
    ValueError, TypeError, KeyError, IndexError, AttributeError
        If they are so wrong that looking at them fails.
    """
    if contents.class_name not in CLASSES:
        raise ModelFileError(
            f"The file holds a {contents.class_name!r:.50}, which sknn does not know; it knows "
            f"{', '.join(CLASSES)}."
        )
    cls = CLASSES[contents.class_name]
    names = set(cls().get_params(deep=False))
    unknown = sorted(set(contents.parameters) - names)  # what the writer did not know is as ever
    if unknown:
        raise ModelFileError(f"Parameters that are unknown: {unknown[:5]}.")
    estimator = cls(**contents.parameters)
    with np.errstate(over="raise", invalid="raise", divide="raise"):
        estimator._validate_params()
        check_model(estimator, contents.state)
        if contents.progress is not None:
            check_progress(contents.progress, vector_of(contents.state))
    estimator.__dict__.update(contents.state)
    return estimator
