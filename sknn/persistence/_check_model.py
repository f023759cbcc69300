"""Checks of the fitted attributes from a file: whether they form a valid model."""

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
from sklearn.base import is_classifier

from sknn.engine import network as networks
from sknn.engine._typing import Array
from sknn.estimators._fitted_model import fitted_networks
from sknn.estimators._inputs import TabularInputs
from sknn.estimators._model import ModelSpec
from sknn.estimators._saving import ALWAYS, SOMETIMES
from sknn.estimators.base import BaseMLP
from sknn.persistence._check_encoder import check_encoder
from sknn.persistence._check_records import check_records
from sknn.persistence._check_training_state import check_training_state
from sknn.persistence._requirements import (
    require,
    require_array,
    require_count,
    require_keys,
)
from sknn.targets import TARGETS

#: Keys of the attribute `_model_spec`.
MODEL_SPEC = {
    "target",
    "n_outputs",
    "target_settings",
    "loss",
    "loss_settings",
    "activations",
    "dtype",
    "input_encoding",
    "n_members",
    "embedding",
}


def check_model(estimator: BaseMLP, state: Mapping[str, Any]) -> list[Array]:
    """Raise a `ModelFileError` unless this estimator can have these fitted attributes.

    `estimator` has its parameters only. Returns a vector with the size and the dtype of the
    parameters of each network.
    """
    require_keys("The state", state, ALWAYS, SOMETIMES)
    _check_features(state)
    spec = searched = _check_networks(estimator, state)
    if "_fold_models" in state:
        folds = state["_fold_models"]
        require_keys("_fold_models", folds, ("coefs_", "intercepts_", "_model_spec"))
        searched = _check_networks(estimator, {**state, **folds})
        require(spec.n_folds == 1, "only _fold_models can have several folds, where they exist")
    check_records(state, spec, searched)
    vectors = _parameter_vectors(state, spec)
    fitted = type(estimator)(**estimator.get_params(deep=False))
    fitted.__dict__.update(state)
    check_training_state(state["_training_state"], fitted, vectors, n_folds=spec.n_folds)
    return vectors


def _check_networks(estimator: BaseMLP, state: Mapping[str, Any]) -> ModelSpec:
    """Check a specification and the weights that it is for; return it."""
    _check_model_spec(estimator, state)
    spec = ModelSpec.of_fitted(state)
    _check_input_encoding(estimator, state, spec)
    _check_layers(state, spec)
    return spec


def _parameter_vectors(state: Mapping[str, Any], spec: ModelSpec) -> list[Array]:
    """Return zeros with the size and the dtype of the parameter vector of each network."""
    vectors = []
    for part, network in fitted_networks(spec, state):
        n = sum(array.size for array in network.parameters) // part.n_members
        vectors += [np.zeros(n, spec.dtype)] * part.n_members
    return vectors


def _check_features(state: Mapping[str, Any]) -> None:
    """Check counts and feature names."""
    for name in ("n_layers_", "n_outputs_", "n_features_in_"):
        require_count(name, state[name], 1)
    require(isinstance(state["out_activation_"], str), "out_activation_ must be a string")
    if "feature_names_in_" in state:
        names = state["feature_names_in_"]
        require_array("feature_names_in_", names, "OU", (state["n_features_in_"],))
        require(len(set(names.tolist())) == len(names), "feature_names_in_ has duplicates")


def _check_model_spec(estimator: BaseMLP, state: Mapping[str, Any]) -> None:
    """Check the model specification, as far as possible without the network."""
    spec = state["_model_spec"]
    require_keys(
        "The model specification", spec, MODEL_SPEC, {"initialization", "n_folds", "output_scales"}
    )
    known = isinstance(spec.get("initialization", ""), str)
    require(known, "the initialization must be a name")
    classifies = is_classifier(estimator)
    require(classifies == ("classes_" in state), "classes_ are for classifiers, and only for them")
    require(spec["target"] in TARGETS, f"unknown target: {spec['target']!r:.30}")
    fits = classifies != (spec["target"] == "real")
    require(fits, f"the target {spec['target']} does not fit {type(estimator).__name__}")
    require_count("n_outputs", spec["n_outputs"], 1)
    require_count("n_members", spec["n_members"], 1)
    n_folds, encoding = spec.get("n_folds", 1), spec["input_encoding"]
    require_count("n_folds", n_folds, 1)
    require(spec["n_members"] % n_folds == 0, "n_folds does not divide n_members")
    n_encodings = len(encoding) if isinstance(encoding, list) else None
    expected = n_folds if estimator._takes_tables and n_folds > 1 else None
    fits = n_encodings == expected and isinstance(encoding, dict | list) == estimator._takes_tables
    require(fits, f"input_encoding does not fit {type(estimator).__name__}, or {n_folds} folds")
    if (scales := spec.get("output_scales")) is not None:
        several = spec["loss"] == "quantile"
        require(several, "output_scales are for several quantiles only")
        require_array("output_scales", scales, "f", (n_folds, 2, spec["n_outputs"]))
        require(bool((scales[:, 0] > 0).all()), "the ratios of output_scales must be above 0")
    require(spec["dtype"] in ("float32", "float64"), f"unknown dtype: {spec['dtype']!r:.30}")
    require(isinstance(spec["loss"], str), "the loss must be a name")
    activations = spec["activations"]
    known = isinstance(activations, list) and all(
        isinstance(name, str) and name in networks.ACTIVATIONS for name in activations
    )
    require(known, "the activations must be a list of known names")
    if classifies:
        _check_classes(state["classes_"], spec["target"])
    else:
        _check_standardization(spec["target_settings"], spec["n_outputs"])


def _check_classes(classes: Any, target: str) -> None:
    """Check the classes of one column of labels, or of each of several."""
    several = isinstance(classes, list)
    require(several == (target == "multioutput"), f"classes_ do not fit the target {target}")
    if target in ("binary", "multiclass"):
        fits = (len(classes) == 2) == (target == "binary")
        require(fits, f"{len(classes)} classes are not {target}")
    for labels in classes if several else [classes]:
        require_array("classes_", labels, "biufUO", (None,))
        in_order = len(labels) > 0 and bool((labels[:-1] < labels[1:]).all())
        require(in_order, "classes_ must be sorted, without duplicates")


def _check_standardization(settings: Any, n_outputs: int) -> None:
    """Check the center and the scale of y."""
    require_keys("The target settings", settings, {"center", "scale"})
    if settings["center"] is not None or settings["scale"] is not None:
        require_array("center", settings["center"], "f", (n_outputs,))
        require_array("scale", settings["scale"], "f", (n_outputs,))
        require(bool((settings["scale"] > 0).all()), "the scale of y must be above 0")


def _check_input_encoding(estimator: BaseMLP, state: Mapping[str, Any], spec: ModelSpec) -> None:
    """Check the encoders and the embedding in front of the first layer, if there are any."""
    encoders = [part.inputs.encoder for part in spec.parts() if part.inputs]
    n_features, embedding = state["n_features_in_"], state["_model_spec"]["embedding"]
    for encoder in encoders:
        check_encoder(encoder, n_features, state.get("feature_names_in_"))
    for kinds in zip(*(encoder.column_types_ for encoder in encoders), strict=True):
        texts = {kind == "string" for kind in kinds if kind != "empty"}
        require(len(texts) < 2, "a column is of strings in one fold, and of numbers in another")
    if not estimator._takes_tables:
        fits = type(spec.n_inputs) is int and spec.n_inputs == n_features
        require(fits, f"input_encoding must be the number of features, {n_features}")
    rows = max((one.n_embeddings_ for one in encoders if one.n_embedded_features_), default=0)
    require((rows == 0) == (embedding is None), "the encoder and the embedding do not fit")
    if rows:
        shape = (rows, TabularInputs.embedding_width)
        _require_parameters("the embedding", embedding, shape, spec)


def _check_layers(state: Mapping[str, Any], spec: ModelSpec) -> None:
    """Check that the shapes chain, from the inputs to the raw outputs of the loss."""
    coefs, intercepts = state["coefs_"], state["intercepts_"]
    for name, layers in (("coefs_", coefs), ("intercepts_", intercepts)):
        listed = isinstance(layers, list) and all(isinstance(W, np.ndarray) for W in layers)
        require(listed, f"{name} must be a list of arrays")
    n_layers = state["n_layers_"] - 1
    require(len(coefs) == len(intercepts) == n_layers > 0, "the number of layers differs")
    require(len(coefs) == len(spec.activations) + 1, "the number of activations is wrong")
    matrices = all(
        W.ndim >= 2 and (W.size or (i == 0 and W.shape[-1])) for i, W in enumerate(coefs)
    )
    require(matrices, "coefs_ must be matrices")  # an encoding may have no columns
    sizes = [spec.n_inputs, *(W.shape[-1] for W in coefs[:-1]), spec.n_units]
    for i, (W, W0) in enumerate(zip(coefs, intercepts, strict=True)):
        _require_parameters(f"coefs_[{i}]", W, (sizes[i], sizes[i + 1]), spec)
        _require_parameters(f"intercepts_[{i}]", W0, (sizes[i + 1],), spec)
    _check_padding(state, spec)
    require(state["n_outputs_"] == spec.n_units, "n_outputs_ does not fit the loss")
    fits = state["out_activation_"] == spec.loss.out_activation
    require(fits, "out_activation_ does not fit the loss")
    fits = spec.target.n_outputs == state["_model_spec"]["n_outputs"]
    require(fits, "n_outputs does not fit the target")
    require(math.isfinite(spec.loss_scale), "the scale of the loss is not finite")


def _check_padding(state: Mapping[str, Any], spec: ModelSpec) -> None:
    """Check that the weights of inputs and categories that a fold has not are 0."""
    parts, embedding = spec.parts(), state["_model_spec"]["embedding"]
    for k, part in enumerate(parts if len(parts) > 1 else []):
        members = slice(k * part.n_members, (k + 1) * part.n_members)
        unused = [state["coefs_"][0][members, part.n_inputs :]]
        if embedding is not None and part.inputs is not None:
            unused.append(embedding[members, part.inputs.encoder.n_embeddings_ :])
        require(not any(W.any() for W in unused), f"fold {k} has weights of inputs that it has not")


def _require_parameters(name: str, W: Array, shape: tuple[int, ...], spec: ModelSpec) -> None:
    """Require an array of this shape behind the member axis, in the network's dtype."""
    axis = () if spec.members is None else (spec.members,)
    require_array(name, W, "f", (*axis, *shape))
    require(W.dtype == spec.dtype, f"{name} must be of type {spec.dtype}")
