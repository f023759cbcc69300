"""The parameter `encoder` of `TabularMLP*`: a fitted encoder, or the settings of one to learn."""

from collections.abc import Mapping
from inspect import signature
from typing import TYPE_CHECKING, Any

import joblib
import numpy as np
from sklearn.base import clone

from sknn.estimators._sklearn_compat import clone_parametrized
from sknn.features import TableEncoder
from sknn.features.encoder_settings import check_settings

if TYPE_CHECKING:
    from sknn.estimators.tabular import Tabular

#: Parameters of the estimator that are those of its encoder.
ENCODER_PARAMETERS = ("categorical_features", "n_bins", "min_frequency")

#: Attributes by which fitted encoders are compared.
NAMES = ("n_features_in_", "feature_names_in_")


def given_encoder(mlp: "Tabular") -> TableEncoder | None:
    """Return the encoder that the user has given, if any, also that of a `FrozenEstimator`.

    Raises
    ------
    TypeError
        If it is something else.
    ValueError
        If another parameter is set that the encoder has, too.
    """
    if mlp.encoder is None:
        return None
    encoder = getattr(mlp.encoder, "estimator", mlp.encoder)
    if not isinstance(encoder, TableEncoder):
        raise TypeError(f"encoder must be a TableEncoder or None, got {type(encoder).__name__}.")
    for name in ENCODER_PARAMETERS:
        value, default = getattr(mlp, name), signature(type(mlp)).parameters[name].default
        if not (value is default or (np.ndim(value) == 0 and value == default)):
            raise ValueError(
                f"{name} has no effect on encoder, which has settings of its own: leave {name} at "
                f"{default!r}, and set that of the encoder."
            )
    check_settings(encoder)
    return encoder


def is_fitted(encoder: TableEncoder | None) -> bool:
    """Return whether an encoder is given and fitted."""
    return encoder is not None and hasattr(encoder, "column_types_")


def without_statistics(encoder: TableEncoder) -> TableEncoder:
    """Return an encoder with the parameters and the fitted attributes of another one."""
    other = type(encoder)(**encoder.get_params(deep=False))
    fitted = {name: value for name, value in vars(encoder).items() if name.endswith("_")}
    other.__dict__.update(fitted)
    return other


def check_columns(encoder: TableEncoder, features: Mapping[str, Any]) -> None:
    """Raise a ValueError unless a fitted encoder has the columns of X."""
    names, own = (getattr(encoder, NAMES[1], None), features.get(NAMES[1]))
    if names is not None and own is not None and list(names) != list(own):
        missing, more = sorted(set(names) - set(own)), sorted(set(own) - set(names))
        details = f"X lacks {missing[:5]}, and the encoder {more[:5]}" if missing or more else ""
        raise ValueError(
            f"The columns of X are not those of encoder: {details or 'their order differs'}. Fit "
            "the encoder to tables with the columns of X."
        )
    if encoder.n_features_in_ != features["n_features_in_"]:
        raise ValueError(
            f"X has {features['n_features_in_']} columns, but encoder was fitted to "
            f"{encoder.n_features_in_}."
        )


def check_same_encoding(encoder: TableEncoder, fitted: TableEncoder) -> None:
    """Raise a ValueError unless a given encoder is as that which a network was fitted with."""
    old, new = vars(fitted), vars(encoder)
    names = set(encoder.get_params(deep=False))
    if is_fitted(encoder):
        names = {name for name in old | new if name.endswith("_")} - set(NAMES)
    if any(joblib.hash(old.get(name)) != joblib.hash(new.get(name)) for name in names):
        raise ValueError(
            f"The network was fitted with another encoding of the columns than encoder={encoder!r}"
            "; training cannot continue with a new one. Call fit with warm_start=False to train a "
            "new network."
        )


def clone_with_encoder(mlp: "Tabular") -> Any:
    """Return a clone, with a copy of the encoder if it is fitted, which is fitted, too."""
    if not is_fitted(given_or_none(mlp.encoder)):
        return clone_parametrized(mlp)
    other = clone_parametrized(mlp._with_parameters(encoder=None))
    other.encoder = clone_encoder(mlp.encoder)
    return other


def clone_encoder(encoder: Any) -> Any:
    """Return a clone of the parameter `encoder`; that of a fitted encoder is fitted, too."""
    if not is_fitted(given_or_none(encoder)):
        return clone(encoder, safe=False)
    return without_statistics(encoder) if isinstance(encoder, TableEncoder) else encoder


def given_or_none(encoder: Any) -> TableEncoder | None:
    """Return the encoder of a parameter, if it is one."""
    encoder = getattr(encoder, "estimator", encoder)
    return encoder if isinstance(encoder, TableEncoder) else None


def encoder_to_plain(encoder: Any) -> Any:
    """Convert the parameter `encoder` to None, or a dictionary of parameters and attributes."""
    encoder = given_or_none(encoder)
    return None if encoder is None else dict(vars(without_statistics(encoder)))


def encoder_from_plain(plain: Any) -> TableEncoder | None:
    """Restore the parameter `encoder` from the result of `encoder_to_plain`.

    Raises
    ------
    TypeError
        If it is no such result.
    """
    if plain is None:
        return None
    if not isinstance(plain, dict) or not all(isinstance(name, str) for name in plain):
        raise TypeError("encoder must be None or a dictionary")
    encoder = TableEncoder()
    parameters = set(encoder.get_params(deep=False))
    if not parameters <= set(plain) or not all(
        name in parameters or name.endswith("_") for name in plain
    ):
        raise TypeError("encoder must hold the parameters and attributes of a TableEncoder")
    encoder.__dict__.update(plain)
    return encoder
