"""What stands before the first layer: how the rows that users give become its inputs."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Any

import numpy as np

from sknn.engine import Embedding, Module, Sequential
from sknn.engine._typing import Array, Rng
from sknn.estimators import _validation
from sknn.features import TableEncoder


class InputEncoding(ABC):
    """How validated rows become inputs of a network.

    Attributes
    ----------
    width : int
        How many inputs the first layer has.
    """

    width: int

    @abstractmethod
    def inputs(self, X: Any, dtype: str) -> Any:
        """Turn validated rows into what the network takes, in this type."""

    @abstractmethod
    def choose_dtype(self, setting: str, X: Any) -> str:
        """Read the parameter `dtype` for training on these rows."""

    def join(self, layers: Sequential, embedding: Array | None) -> Sequential:
        """Put what stands before the first layer in front of it."""
        return layers

    def begin(self, layers: Sequential, rng: Rng, dtype: str, members: int | None) -> Sequential:
        """Do the same with fresh layers, and with a fresh embedding if one is needed."""
        return layers

    def blame(self, du: Array) -> Array:
        """Turn a derivative with respect to `inputs`, (n, m), into one with respect to X."""
        return du

    def to_plain(self) -> Any:
        """Return all of it as plain values, from which `input_encoding` makes it anew."""
        return self.width


class Numbers(InputEncoding):
    """Numbers as they are.

    Parameters
    ----------
    width : int
        Columns of X.
    """

    def __init__(self, width: int) -> None:
        self.width = width

    def inputs(self, X: Any, dtype: str) -> Any:
        """Return X; a large one is converted batch by batch."""
        return _validation.training_inputs(X, dtype)

    def choose_dtype(self, setting: str, X: Any) -> str:
        """Return float32 for "auto" if X is float32, or large."""
        return _validation.choose_dtype(setting, X.shape, X.dtype)


class Columns(InputEncoding):
    """Columns of a table, each encoded by what it holds.

    Parameters
    ----------
    encoder : TableEncoder
        Fitted.
    silent : sequence of str, optional
        What messages call the columns that say nothing, each with many levels but only rare ones.
    """

    #: Numbers that stand for a level of a column with too many of them for a place each.
    embedding_width = 8

    #: More numbers than this, once they are encoded, are trained on in float32. Small tables are
    #: gone through up to 300 times, so that it pays early.
    large = 20_000

    def __init__(self, encoder: TableEncoder, ignore_overflow: Sequence[str] = ()) -> None:
        self.encoder = encoder
        self.ignore_overflow = ignore_overflow
        embedded = encoder.n_embedded_features_
        self.width = len(encoder.unused_outputs_) + embedded * (self.embedding_width - 1)

    def inputs(self, X: Any, dtype: str) -> Any:
        """Return the compact matrix, a number a cell."""
        return self.encoder._encode_validated(X, dtype)

    def choose_dtype(self, setting: str, X: Any) -> str:
        """Return float32 for "auto" if X is float32, or large once it is encoded."""
        given = getattr(X, "dtype", np.dtype(object))  # a frame has none
        return _validation.choose_dtype(setting, (X.shape[0], self.width), given, self.large)

    def join(self, layers: Sequential, embedding: Array | None) -> Sequential:
        """Expand each batch, and look up the levels of columns that have too many."""
        [W, *_] = layers.parameters
        modules: list[Module] = [self.encoder.expansion_layer(W.dtype)]
        if embedding is not None:
            modules.append(Embedding(embedding, self.encoder.n_embedded_features_))
        return Sequential([*modules, layers])

    def begin(self, layers: Sequential, rng: Rng, dtype: str, members: int | None) -> Sequential:
        """Draw the rows for levels from N(0, 1), and silence what training never sees.

        Its weights are 0: it would be noise in predictions. Those of low pieces are so much larger
        that these say as much as high ones: all that changes is how fast they learn.
        """
        [W, *_] = layers.parameters
        W[..., self.encoder._bin_columns(), :] /= self.encoder.bin_scale
        W[..., np.flatnonzero(self.encoder.unused_outputs_), :] = 0
        embedding = None
        if self.encoder.n_embedded_features_:
            axis = () if members is None else (members,)
            shape = (*axis, self.encoder.n_embeddings_, self.embedding_width)
            embedding = np.asarray(rng.normal(size=shape), dtype)
            embedding[..., self.encoder.unused_embeddings_, :] = 0
        return self.join(layers, embedding)

    def blame(self, du: Array) -> Array:
        """Return it in the units of the table; categories have none, which is NaN.

        Columns that the encoder leaves out have no part in any answer, which is 0.
        """
        encoder = self.encoder
        dX = np.zeros((len(du), encoder.n_features_in_))
        dX[:, encoder.numeric_features_] = du[:, : len(encoder.numeric_features_)] / encoder.scale_
        dX[:, encoder.categorical_features_] = np.nan
        return dX

    def to_plain(self) -> Any:
        """Return what the encoder holds."""
        return dict(vars(self.encoder))


def input_encoding(plain: Any) -> InputEncoding:
    """Make an intake from what `to_plain` gave."""
    if not isinstance(plain, dict):
        return Numbers(plain)
    encoder = TableEncoder()
    encoder.__dict__.update(plain)
    return Columns(encoder)
