"""new_model, continue_from: the networks at the start of a fit, new or of an earlier fit."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from sknn.engine import network
from sknn.estimators import _builders
from sknn.estimators._fit_plan import InitialModel
from sknn.estimators._fitted_model import member_networks
from sknn.estimators._fixed_parameters import check_fixed_parameters
from sknn.estimators._inputs import TabularInputs
from sknn.estimators._messages import FitWarning
from sknn.estimators._model import ModelSpec
from sknn.estimators._training_state import TrainingState, split_generator
from sknn.estimators._validation.data import ValidatedData
from sknn.targets import Target

if TYPE_CHECKING:
    from sknn.estimators.base import BaseMLP


def new_model(
    mlp: "BaseMLP",
    data: ValidatedData,
    target: Target,
    rng: np.random.RandomState,
    encoding: TabularInputs | None = None,
) -> tuple[InitialModel, list[FitWarning]]:
    """Build a network with initial weights; also return warnings about the inputs.

    A known encoding is not learned again.
    """
    inputs, notes = (encoding, []) if encoding else mlp._learn_inputs(data)
    notes = notes + mlp._target_warnings(target, data)
    n_inputs = inputs.width if inputs else data.all_X.shape[1]
    dtype = mlp.dtype
    if dtype == "auto":
        is_float32 = getattr(data.all_X, "dtype", None) == np.float32
        is_large = data.n_rows * n_inputs > mlp._float32_size
        dtype = "float32" if is_float32 or is_large else "float64"
    spec = model_spec(mlp, mlp._scaled_target(target, data), dtype, n_inputs, inputs)
    states = [TrainingState(own) for own in split_generator(rng, spec.n_members)]
    drawn = [spec.initial_network(mlp.initialization, state.rng) for state in states]
    return InitialModel(spec, drawn, states, is_new=True), notes


def continue_from(
    mlp: "BaseMLP", fitted: Mapping[str, Any], states: Sequence[TrainingState]
) -> InitialModel:
    """Return fitted networks to continue from; their architecture must match the parameters."""
    old = ModelSpec.of_fitted(fitted)
    dtype = old.dtype if mlp.dtype == "auto" else mlp.dtype
    spec = model_spec(mlp, old.target, dtype, old.n_inputs, old.inputs)
    if isinstance(mlp.n_members, str):
        spec = replace(spec, n_members=old.n_members)
    check_fixed_parameters(spec, old, vars(mlp))
    return InitialModel(old, member_networks(old, fitted), states, is_new=False)


def model_spec(
    mlp: "BaseMLP", target: Target, dtype: str, n_inputs: int, inputs: TabularInputs | None = None
) -> ModelSpec:
    """Build the model specification from the parameters."""
    sizes = network.hidden_sizes(mlp.hidden_layer_sizes)
    activations = network.hidden_activations(mlp.activation, len(sizes))
    name = mlp._loss_name(target)
    return ModelSpec(
        target=target,
        loss_name=name,
        loss_settings=mlp._loss_settings(name),
        hidden_sizes=sizes,
        activations=activations,
        dtype=dtype,
        n_inputs=n_inputs,
        inputs=inputs,
        n_members=_builders.n_members(mlp),
        initialization=_builders.initialization_name(mlp),
    )
