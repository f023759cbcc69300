"""Checks: whether fitted attributes from a file are those of a model that hangs together."""

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
from sklearn.base import is_classifier

from sknn.engine import network as networks
from sknn.engine._typing import Array
from sknn.estimators._inputs import Columns
from sknn.estimators._model import ModelSpec
from sknn.estimators._saving import ALWAYS, SOMETIMES
from sknn.estimators.base import BaseMLP
from sknn.persistence._check_encoder import check_encoder
from sknn.persistence._check_training_state import check_memory
from sknn.persistence._requirements import need, need_array, need_count, need_names, need_number
from sknn.targets import TARGETS

#: What a plan says.
PLAN = {
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


def check_model(estimator: BaseMLP, state: Mapping[str, Any]) -> None:
    """Refuse attributes that this estimator cannot have been fitted to.

    Parameters
    ----------
    estimator : BaseMLP
        With its parameters only.
    state : mapping
        What is to be its attributes.

    Raises
    ------
    ModelFileError
        Saying what is wrong.
    """
    need_names("The state", state, ALWAYS, SOMETIMES)
    _check_record(state)
    _check_plan(estimator, state)
    fitted = type(estimator)(**estimator.get_params(deep=False))
    fitted.__dict__.update(state)
    spec = fitted._fitted_spec()
    _check_input_encoding(state, spec)
    _check_layers(state, spec)
    check_memory(state["_training_state"], fitted, vector_of(state))


def vector_of(state: Mapping[str, Any]) -> Array:
    """Return an array as long as all numbers of a network together, and of their type."""
    embedding = state["_model_spec"]["embedding"]
    n = sum(W.size for W in state["coefs_"] + state["intercepts_"])
    return np.zeros(n + (0 if embedding is None else embedding.size), state["_model_spec"]["dtype"])


def _check_record(state: Mapping[str, Any]) -> None:
    """Check what tells how training went."""
    for name in ("n_layers_", "n_outputs_", "n_features_in_"):
        need_count(name, state[name], 1)
    for name in ("n_iter_", "best_iteration_", "t_"):
        need_count(name, state[name], 0)
    for name in ("loss_", "best_loss_"):
        need_number(name, state[name])
    if state["best_validation_score_"] is not None:
        need_number("best_validation_score_", state["best_validation_score_"])
    for name in ("loss_curve_", "learning_rates_", "validation_scores_", "validation_loss_curve_"):
        curve = state.get(name)
        need(curve is None or isinstance(curve, list), f"{name} must be a list")
        for number in curve or []:
            need_number(name, number)
    need(isinstance(state["loss_curve_"], list), "loss_curve_ must be a list")
    rates = state.get("learning_rates_", [None] * len(state["loss_curve_"]))
    alike = isinstance(rates, list) and len(rates) == len(state["loss_curve_"])
    need(alike, "learning_rates_ must be a list as long as loss_curve_")
    need(isinstance(state["out_activation_"], str), "out_activation_ must be text")
    if "feature_names_in_" in state:
        names = state["feature_names_in_"]
        need_array("feature_names_in_", names, "OU", (state["n_features_in_"],))
        need(len(set(names.tolist())) == len(names), "feature_names_in_ has a name twice")


def _check_plan(estimator: BaseMLP, state: Mapping[str, Any]) -> None:
    """Check the plan as far as it can be done without the network."""
    plan = state["_model_spec"]
    need_names("The plan", plan, PLAN)
    labels = is_classifier(estimator)
    need(labels == ("classes_" in state), "classes_ are for classifiers, and only for them")
    need(plan["target"] in TARGETS, f"no such target: {plan['target']!r:.30}")
    need(labels == (plan["target"] != "real"), f"the target {plan['target']} is of the other kind")
    need_count("n_outputs", plan["n_outputs"], 1)
    need_count("n_members", plan["n_members"], 1)
    need(plan["dtype"] in ("float32", "float64"), f"no such type: {plan['dtype']!r:.30}")
    need(isinstance(plan["loss"], str), "the loss must be given by its name")
    activations = plan["activations"]
    known = isinstance(activations, list) and all(
        isinstance(name, str) and name in networks.ACTIVATIONS for name in activations
    )
    need(known, "the activations must be a list of known names")
    if labels:
        _check_classes(state["classes_"], plan["target"])
    else:
        _check_units(plan["target_settings"], plan["n_outputs"])


def _check_classes(classes: Any, target: str) -> None:
    """Check the labels of one column, or of each of several."""
    several = isinstance(classes, list)
    need(several == (target == "multioutput"), f"classes_ do not fit the target {target}")
    if target in ("binary", "multiclass"):
        need(
            (len(classes) == 2) == (target == "binary"), f"{len(classes)} classes are not {target}"
        )
    for labels in classes if several else [classes]:
        need_array("classes_", labels, "biufUO", (None,))
        in_order = len(labels) > 0 and bool((labels[:-1] < labels[1:]).all())
        need(in_order, "classes_ must be in order, each once")


def _check_units(settings: Any, n_outputs: int) -> None:
    """Check what y was standardised by."""
    need_names("The units of y", settings, {"center", "scale"})
    if settings["center"] is not None or settings["scale"] is not None:
        need_array("center", settings["center"], "f", (n_outputs,))
        need_array("scale", settings["scale"], "f", (n_outputs,))
        need(bool((settings["scale"] > 0).all()), "the scale of y must be above 0")


def _check_input_encoding(state: Mapping[str, Any], spec: ModelSpec) -> None:
    """Check what stands before the first layer."""
    input_encoding, n_features = spec.input_encoding, state["n_features_in_"]
    embedding = state["_model_spec"]["embedding"]
    shape: tuple[int, ...] | None = None
    if isinstance(input_encoding, Columns):
        check_encoder(input_encoding.encoder, n_features, state.get("feature_names_in_"))
        if input_encoding.encoder.n_embedded_features_:
            shape = (input_encoding.encoder.n_embeddings_, input_encoding.embedding_width)
    else:
        need(type(input_encoding.width) is int, "the width of the input must be a number")
        need(
            input_encoding.width == n_features,
            f"{n_features} features do not fit {input_encoding.width} inputs",
        )
    need((shape is None) == (embedding is None), "the plan and its embedding do not fit")
    if shape is not None:
        _need_weights("the embedding", embedding, shape, spec)


def _check_layers(state: Mapping[str, Any], spec: ModelSpec) -> None:
    """Check that the layers chain, from the inputs to the outputs of the loss."""
    coefs, intercepts = state["coefs_"], state["intercepts_"]
    for name, layers in (("coefs_", coefs), ("intercepts_", intercepts)):
        listed = isinstance(layers, list) and all(isinstance(W, np.ndarray) for W in layers)
        need(listed, f"{name} must be a list of arrays")
    need(
        len(coefs) == len(intercepts) == state["n_layers_"] - 1 > 0, "the number of layers differs"
    )
    need(len(coefs) == len(spec.activations) + 1, "the number of activations is wrong")
    need(all(W.ndim >= 2 and W.size for W in coefs), "coefs_ must be matrices")
    sizes = [spec.input_encoding.width, *(W.shape[-1] for W in coefs[:-1]), spec.n_units]
    for i, (W, W0) in enumerate(zip(coefs, intercepts, strict=True)):
        _need_weights(f"coefs_[{i}]", W, (sizes[i], sizes[i + 1]), spec)
        _need_weights(f"intercepts_[{i}]", W0, (sizes[i + 1],), spec)
    need(state["n_outputs_"] == spec.n_units, "n_outputs_ does not fit the loss")
    need(state["out_activation_"] == spec.loss.out_activation, "out_activation_ is another")
    need(spec.target.n_outputs == state["_model_spec"]["n_outputs"], "the plan has other outputs")
    need(math.isfinite(spec.unit), "the unit of the loss is not finite")


def _need_weights(name: str, W: Array, shape: tuple[int, ...], spec: ModelSpec) -> None:
    """Need an array of this shape behind the member axis, in the network's type."""
    axis = () if spec.members is None else (spec.members,)
    need_array(name, W, "f", (*axis, *shape))
    need(W.dtype == spec.dtype, f"{name} must be of type {spec.dtype}")
