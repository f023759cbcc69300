"""Encoders from a file: whether they can read a table."""

from typing import Any

import numpy as np

from sknn.engine._typing import Array
from sknn.features import TableEncoder
from sknn.features.categorical import EXTRA_CODES
from sknn.features.columns import KINDS
from sknn.features.encoder_settings import check_settings
from sknn.persistence._requirements import need, need_array, need_count, need_names

#: What a fitted encoder has, beside its parameters.
ALWAYS = {
    "n_features_in_",
    "column_types_",
    "is_categorical_",
    "numeric_features_",
    "center_",
    "scale_",
    "bin_edges_",
    "missing_indicator_features_",
    "categorical_features_",
    "categories_",
    "unused_embeddings_",
    "n_embedded_features_",
    "n_embeddings_",
    "unused_outputs_",
}


def check_encoder(encoder: TableEncoder, n_features: int, names: Array | None) -> None:
    """Refuse an encoder that cannot have been fitted to a table of so many columns.

    Parameters
    ----------
    encoder : TableEncoder
        What is to be checked.
    n_features : int
        How many columns the table has.
    names : array of shape (n_features,) or None
        The names of the columns.

    Raises
    ------
    ModelFileError
        Saying what is wrong.
    """
    parameters = encoder.get_params(deep=False)
    need_names("The encoder", vars(encoder), {*ALWAYS, *parameters}, {"feature_names_in_"})
    check_settings(encoder)
    need_count("n_features_in_", encoder.n_features_in_, 1)
    need(encoder.n_features_in_ == n_features, "the encoder is for another number of columns")
    own: Any = getattr(encoder, "feature_names_in_", None)
    need((own is None) == (names is None), "the encoder and the model differ in names")
    if names is not None:
        need_array("feature_names_in_", own, "OU", (n_features,))
        need(own.tolist() == names.tolist(), "the encoder's columns have other names")
    known = isinstance(encoder.column_types_, list) and all(
        kind in KINDS for kind in encoder.column_types_
    )
    need(known and len(encoder.column_types_) == n_features, "each column must be of a known kind")
    need_array("is_categorical_", encoder.is_categorical_, "b", (n_features,))
    _check_numbers(encoder, n_features)
    _check_levels(encoder, n_features)


def _check_numbers(encoder: TableEncoder, n_features: int) -> None:
    _need_places("numeric_features_", encoder.numeric_features_, n_features)
    p = len(encoder.numeric_features_)
    numbers = all(
        encoder.column_types_[j] in ("number", "truth") for j in encoder.numeric_features_
    )
    need(numbers, "numeric_features_ names columns of something else")
    need(
        not encoder.is_categorical_[encoder.numeric_features_].any(),
        "numeric_features_ names categorical columns",
    )
    need_array("center_", encoder.center_, "f", (p,))
    need_array("scale_", encoder.scale_, "f", (p,))
    need(bool((encoder.scale_ > 0).all()), "scale_ must be above 0")
    _need_places("missing_indicator_features_", encoder.missing_indicator_features_, p)
    need(
        isinstance(encoder.bin_edges_, list) and len(encoder.bin_edges_) == p,
        "bin_edges_ are not p lists",
    )
    for edges in encoder.bin_edges_:
        need_array("bin_edges_", edges, "f", (None,))
        need(bool((edges[:-1] < edges[1:]).all()), "bin_edges_ must rise")


def _check_levels(encoder: TableEncoder, n_features: int) -> None:
    _need_places("categorical_features_", encoder.categorical_features_, n_features)
    need_count("n_embedded_features_", encoder.n_embedded_features_, 0)
    need_count("n_embeddings_", encoder.n_embeddings_, 0)
    need(
        len(encoder.categories_) == len(encoder.categorical_features_),
        "categories_ and categorical_features_ do not fit",
    )
    chosen = bool(encoder.is_categorical_[encoder.categorical_features_].all())
    need(chosen, "categorical_features_ names other columns than is_categorical_")
    kinds = [encoder.column_types_[j] for j in encoder.categorical_features_]
    n_levels = [_checked_levels(*of) for of in zip(encoder.categories_, kinds, strict=True)]
    one_hot = len(n_levels) - encoder.n_embedded_features_
    need(one_hot >= 0, "n_embedded_features_ is too large")
    places = [n + len(EXTRA_CODES) for n in n_levels]
    need(sum(places[one_hot:]) == encoder.n_embeddings_, "n_embeddings_ does not fit the levels")
    pieces = sum(max(len(edges) - 1, 0) for edges in encoder.bin_edges_)
    width = (
        len(encoder.numeric_features_)
        + pieces
        + len(encoder.missing_indicator_features_)
        + sum(places[:one_hot])
    )
    need_array(
        "unused_outputs_", encoder.unused_outputs_, "b", (width + encoder.n_embedded_features_,)
    )
    need_array("unused_embeddings_", encoder.unused_embeddings_, "b", (encoder.n_embeddings_,))


def _checked_levels(levels: Any, kind: str) -> int:
    """Return how many levels there are; text where the column is, else numbers that rise."""
    need(isinstance(levels, list) == (kind == "text"), f"categories_ of {kind} of another kind")
    if isinstance(levels, list):
        need(all(isinstance(level, str) for level in levels), "categories_ must be text or numbers")
        need(len(set(levels)) == len(levels), "categories_ has a level twice")
    else:
        need_array("categories_", levels, "f", (None,))
        need(bool((levels[:-1] < levels[1:]).all()), "categories_ must rise")
    return len(levels)


def _need_places(name: str, places: Any, n: int) -> None:
    """Need different numbers from 0 to n - 1."""
    need_array(name, places, "iu", (None,))
    inside = len(np.unique(places)) == len(places) and bool(((places >= 0) & (places < n)).all())
    need(inside, f"{name} must be different numbers below {n}")
