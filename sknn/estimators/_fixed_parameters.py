"""Parameters of a fitted network that cannot change while training continues."""

import pickle
from collections.abc import Mapping
from typing import Any

import joblib
import numpy as np

from sknn.estimators._encoder_parameter import (
    ENCODER_PARAMETERS,
    check_same_encoding,
    given_or_none,
)
from sknn.estimators._model import ModelSpec
from sknn.targets import RealTarget


def fixed_parameters(spec: ModelSpec) -> dict[str, Any]:
    """Return the constructor parameters that cannot change while training continues."""
    names = {"quantiles": "quantile", "delta": "huber_delta"}
    fixed = {
        "hidden_layer_sizes": spec.hidden_sizes,
        "activation": spec.activations,
        "loss": spec.loss_name,
        **{names.get(name, name): value for name, value in spec.loss_settings.items()},
        "dtype": spec.dtype,
        "n_members": spec.n_members,
    }
    if spec.initialization:
        fixed["initialization"] = spec.initialization
    if spec.inputs:
        encoder = vars(spec.inputs.encoder)
        fixed |= {name: encoder[name] for name in ENCODER_PARAMETERS if name in encoder}
    if isinstance(spec.target, RealTarget) and spec.target.can_standardize(spec.loss):
        fixed["standardize_y"] = spec.target.scale is not None
    return fixed


def check_fixed_parameters(
    spec: ModelSpec, fitted: ModelSpec, parameters: Mapping[str, Any]
) -> None:
    """Check that training of a fitted network can continue with these parameters.

    Parameters
    ----------
    spec, fitted : ModelSpec
        The specification by the parameters, and that of the fitted network.
    parameters : mapping
        The constructor parameters.

    Raises
    ------
    ValueError
        If a parameter changed; the error names it.
    """
    encoder = given_or_none(parameters.get("encoder"))
    if encoder is not None and fitted.inputs:
        check_same_encoding(encoder, fitted.inputs.encoder)
    own = [] if encoder is not None else ENCODER_PARAMETERS
    encoding = {name: parameters.get(name) for name in (*own, "standardize_y")}
    changed = {**fixed_parameters(spec), **encoding}
    for parameter, old in fixed_parameters(fitted).items():
        new = changed.get(parameter, old)
        if not _equal(_as_list(old), _as_list(new)):
            raise ValueError(
                f"The network was fitted with {parameter}={old!r}; training cannot continue with "
                f"{new!r}. Call fit with warm_start=False to train a new network."
            )


def _as_list(setting: Any) -> Any:
    """Return a sequence or an array as a list, and anything else as it is."""
    if isinstance(setting, np.ndarray | tuple) or hasattr(setting, "tolist"):
        return np.asarray(setting).tolist()
    return setting


def _equal(old: Any, new: Any) -> bool:
    """Return whether two settings are equal; objects are compared by content."""
    if old == new:
        return True
    try:
        return bool(joblib.hash(old) == joblib.hash(new))
    except pickle.PicklingError:
        return False
