"""A small table is encoded once, before training, instead of in every step."""

import numpy as np

from sknn.engine.data import Dataset
from sknn.engine.modules import Module
from sknn.engine.tabular import TabularEncoding

#: The most elements of an encoded table: 8 MB in float64.
MAX_ENCODED_SIZE = 2**20


def encode_if_small(encoding: Module, dataset: Dataset) -> Dataset | None:
    """Return a dataset whose inputs are the outputs of an encoding; None if they are many.

    A network that begins with the encoding is trained on the dataset as the same network without it
    is on the result, bit for bit.

    Parameters
    ----------
    encoding : Module
        The first module of a network; for any other type than `TabularEncoding` the result is None.
    dataset : Dataset
        The compact matrix of the table.
    """
    if type(encoding) is not TabularEncoding:
        return None
    if len(dataset) * len(encoding.source_columns) > MAX_ENCODED_SIZE:
        return None
    compact = dataset.inputs().astype(dataset.dtype, copy=False)
    encoded = np.ascontiguousarray(encoding.forward(compact))  # then rows are copied faster
    return Dataset(encoded, dataset.Y, dataset.w, order="F")
