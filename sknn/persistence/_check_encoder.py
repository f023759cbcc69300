"""Checks of a fitted encoder from a file."""

from typing import Any

import numpy as np

from sknn.engine._typing import Array
from sknn.estimators._encoder_parameter import encoder_from_plain
from sknn.features import TableEncoder
from sknn.features.categorical import EXTRA_CODES
from sknn.features.columns import KINDS
from sknn.features.encoder_settings import check_settings
from sknn.persistence._requirements import require, require_array, require_count, require_keys

#: Attributes of every fitted encoder, besides its parameters.
FITTED_ATTRIBUTES = {
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


def checked_parameter(plain: Any) -> TableEncoder | None:
    """Return the parameter `encoder` from a file; raise an error if it is none."""
    encoder = encoder_from_plain(plain)
    if encoder is not None:
        check_settings(encoder)
        if any(name.endswith("_") for name in vars(encoder)):
            require_keys("The encoder", vars(encoder), {"n_features_in_"}, set(vars(encoder)))
            names = getattr(encoder, "feature_names_in_", None)
            check_encoder(encoder, encoder.n_features_in_, names)
    return encoder


def check_encoder(encoder: TableEncoder, n_features: int, names: Array | None) -> None:
    """Raise a `ModelFileError` unless the encoder can be fitted to a table of these columns."""
    required = {*FITTED_ATTRIBUTES, *encoder.get_params(deep=False)}
    optional = {"feature_names_in_", "empty_string_features_"}  # older files do not have the latter
    require_keys("The encoder", vars(encoder), required, optional)
    check_settings(encoder)
    require_count("n_features_in_", encoder.n_features_in_, 1)
    alike = encoder.n_features_in_ == n_features
    require(alike, f"the encoder has {encoder.n_features_in_} columns, the model {n_features}")
    own: Any = getattr(encoder, "feature_names_in_", None)
    require((own is None) == (names is None), "only one of encoder and model has column names")
    if names is not None:
        require_array("feature_names_in_", own, "OU", (n_features,))
        require(own.tolist() == names.tolist(), "the encoder has other column names than the model")
    types = encoder.column_types_
    known = isinstance(types, list) and len(types) == n_features and all(t in KINDS for t in types)
    require(known, f"column_types_ must be {n_features} of {', '.join(KINDS)}")
    require_array("is_categorical_", encoder.is_categorical_, "b", (n_features,))
    _check_numeric(encoder, n_features)
    _check_categorical(encoder, n_features)


def _check_numeric(encoder: TableEncoder, n_features: int) -> None:
    _require_indices("numeric_features_", encoder.numeric_features_, n_features)
    p = len(encoder.numeric_features_)
    types = {encoder.column_types_[j] for j in encoder.numeric_features_}
    require(types <= {"numeric", "boolean"}, "numeric_features_ has columns of another type")
    require(
        not encoder.is_categorical_[encoder.numeric_features_].any(),
        "numeric_features_ has categorical columns",
    )
    require_array("center_", encoder.center_, "f", (p,))
    require_array("scale_", encoder.scale_, "f", (p,))
    require(bool((encoder.scale_ > 0).all()), "scale_ must be above 0")
    _require_indices("missing_indicator_features_", encoder.missing_indicator_features_, p)
    fits = isinstance(encoder.bin_edges_, list) and len(encoder.bin_edges_) == p
    require(fits, f"bin_edges_ must be a list of {p} arrays")
    for edges in encoder.bin_edges_:
        require_array("bin_edges_", edges, "f", (None,))
        require(bool((edges[:-1] < edges[1:]).all()), "bin_edges_ must increase")


def _check_categorical(encoder: TableEncoder, n_features: int) -> None:
    indices = encoder.categorical_features_
    _require_indices("categorical_features_", indices, n_features)
    empty = getattr(encoder, "empty_string_features_", indices[:0])
    _require_indices("empty_string_features_", empty, n_features)
    require_count("n_embedded_features_", encoder.n_embedded_features_, 0)
    require_count("n_embeddings_", encoder.n_embeddings_, 0)
    require(
        len(encoder.categories_) == len(indices),
        "categories_ and categorical_features_ differ in length",
    )
    require(
        bool(encoder.is_categorical_[indices].all()),
        "categorical_features_ has other columns than is_categorical_",
    )
    types = [encoder.column_types_[j] for j in indices]
    sizes = [
        _count_categories(*pair) + len(EXTRA_CODES)
        for pair in zip(encoder.categories_, types, strict=True)
    ]
    n_one_hot = len(sizes) - encoder.n_embedded_features_
    require(n_one_hot >= 0, "n_embedded_features_ is too large")
    fits = sum(sizes[n_one_hot:]) == encoder.n_embeddings_
    require(fits, "n_embeddings_ does not fit categories_")
    width = (
        len(encoder.numeric_features_)
        + sum(max(len(edges) - 1, 0) for edges in encoder.bin_edges_)
        + len(encoder.missing_indicator_features_)
        + sum(sizes[:n_one_hot])
        + encoder.n_embedded_features_
    )
    require_array("unused_outputs_", encoder.unused_outputs_, "b", (width,))
    require_array("unused_embeddings_", encoder.unused_embeddings_, "b", (encoder.n_embeddings_,))


def _count_categories(categories: Any, column_type: str) -> int:
    """Return the number of categories: different strings, or numbers that increase."""
    is_list = isinstance(categories, list)
    require(is_list == (column_type == "string"), f"categories_ do not fit the type {column_type}")
    if is_list:
        text = all(isinstance(category, str) for category in categories)
        require(text, "categories_ must be strings or numbers")
        require(len(set(categories)) == len(categories), "categories_ has duplicates")
    else:
        require_array("categories_", categories, "f", (None,))
        require(bool((categories[:-1] < categories[1:]).all()), "categories_ must increase")
    return len(categories)


def _require_indices(name: str, indices: Any, n: int) -> None:
    """Require different integers from 0 to n - 1."""
    require_array(name, indices, "iu", (None,))
    inside = bool(((indices >= 0) & (indices < n)).all())
    different = len(np.unique(indices)) == len(indices)
    require(inside and different, f"{name} must be different integers from 0 to {n - 1}")
