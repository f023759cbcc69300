"""What a network is for: the meaning of its outputs, its loss, its layers and its type."""

import pickle
from collections.abc import Sequence
from copy import deepcopy
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import joblib
import numpy as np

from sknn.engine import Dataset, Loss, MaskedLoss, Module, Sequential
from sknn.engine import network as networks
from sknn.engine._typing import Array, Rng
from sknn.estimators import _validation
from sknn.estimators._inputs import InputEncoding, input_encoding
from sknn.estimators.reach import checked_finite
from sknn.targets import Target


@dataclass(frozen=True)
class ModelSpec:
    """Everything about a model but its weights.

    Parameters
    ----------
    target : Target
        What y means.
    loss_name : str or Loss
        Which of the target's losses, resolved (never "auto"), or one of the user's own.
    loss_settings : dict
        Its settings, if it is one of ours and has any.
    hidden_sizes : sequence of int
        Units of each hidden layer.
    activations : sequence of str or Module
        The activation of each hidden layer.
    dtype : {"float32", "float64"}
        The type of all arithmetic.
    intake : Intake
        What stands before the first layer.
    n_members : int, default=1
        How many networks there are; a single one has no member axis.
    """

    target: Target
    loss_name: str | Loss
    loss_settings: dict[str, Any]
    hidden_sizes: Sequence[int]
    activations: Sequence[str | Module]
    dtype: str
    input_encoding: InputEncoding
    n_members: int = 1

    @property
    def members(self) -> int | None:
        """How long the member axis is, if there is one."""
        return None if self.n_members == 1 else self.n_members

    @cached_property
    def loss(self) -> Loss:
        """The loss, with its output activation."""
        return self.target.loss(self.loss_name, self.loss_settings)

    @property
    def n_units(self) -> int:
        """How many units the output layer has."""
        return self.target.n_outputs * self.loss.units_per_output

    def predictions(self, z: Array) -> Array:
        """Read the predictions from raw outputs, as the user writes y."""
        answers: Array = checked_finite(self.target.decode, z, self.loss)
        return answers

    def to_plain(self) -> dict[str, Any]:
        """Return what a fitted estimator keeps: plain values, and copies of the user's objects."""
        return {
            "target": self.target.kind,
            "n_outputs": self.target.n_outputs,
            "target_settings": self.target.settings(),
            "loss": deepcopy(self.loss_name),
            "loss_settings": self.loss_settings,
            "activations": deepcopy(list(self.activations)),
            "dtype": self.dtype,
            "input_encoding": self.input_encoding.to_plain(),
            "n_members": self.n_members,
        }

    @classmethod
    def from_plain(cls, plain: dict[str, Any], target: Target, sizes: Sequence[int]) -> "ModelSpec":
        """Make it anew from what `to_plain` gave, the target and the sizes of the hidden layers."""
        return cls(
            target=target,
            loss_name=plain["loss"],
            loss_settings=plain["loss_settings"],
            hidden_sizes=sizes,
            activations=plain["activations"],
            dtype=plain["dtype"],
            input_encoding=input_encoding(plain["input_encoding"]),
            n_members=plain["n_members"],
        )

    @property
    def unit(self) -> float:
        """What losses of the network's numbers are multiplied by, for those of y.

        The losses of several columns are sums over different units: they stay as they are.
        """
        units = self.target.loss_scales(self.loss)
        return units[0] if len(units) == 1 else 1.0

    def each(self, z: Array) -> Array:
        """Return what each member says, by itself, with a member axis in any case."""
        return z[None] if self.members is None else z

    def average_members(self, z: Array) -> Array:
        """Return what all members say together."""
        return z if self.members is None else self.target.average_members(z, self.loss)

    def samples(
        self,
        rows: _validation.ValidatedData,
        name: str,
        *,
        relative_weights: bool,
        smoothing: float = 0.0,
    ) -> Dataset:
        """Turn validated rows into what the engine learns from.

        Parameters
        ----------
        rows : Rows
            Validated rows.
        name : {"y", "y_val"}
            What the user calls the targets.
        relative_weights : bool
            Whether only the ratios of the weights count.
        smoothing : float, default=0.0
            How much of the labels is spread evenly.

        Raises
        ------
        ValueError
            If y has other classes or columns than the target, or is outside the loss's domain.
        """
        return Dataset(
            self.input_encoding.inputs(rows.X, self.dtype),
            self.targets(rows, name, smoothing),
            _validation.weights(rows.w, self.dtype, relative=relative_weights),
            self.dtype,
        )

    def targets(self, rows: _validation.ValidatedData, name: str, smoothing: float = 0.0) -> Array:
        """Turn validated targets into what the raw outputs should say; see `samples`."""
        Y = self.target.encode(rows.y, self.loss.codes)
        Y = self.target.smooth_labels(Y, smoothing) if smoothing else Y
        units = self.loss.units_per_output
        Y = np.repeat(Y, units, axis=1) if units > 1 else Y  # of many classes it is large
        Y = _validation.as_type(Y, self.dtype, "y")
        self._check_domain(Y, rows, name)
        return Y

    def loss_for(self, Y: Array) -> Loss:
        """Return the loss for these targets, some of which may not be known."""
        return MaskedLoss(self.loss) if np.isnan(Y).any() else self.loss

    def _check_domain(self, Y: Array, rows: _validation.ValidatedData, name: str) -> None:
        """Refuse targets that the loss cannot compare with, and say which rows hold them."""
        lowest, included = self.loss.interval_y_true
        outside = (lowest > Y if included else lowest >= Y).any(axis=1)
        if lowest > -np.inf and outside.any():
            numbers = np.flatnonzero(outside) if rows.numbers is None else rows.numbers[outside]
            shown = ", ".join(map(str, numbers[:5])) + (", ..." if len(numbers) > 5 else "")
            raise ValueError(
                f"{type(self.loss).__name__} loss needs {name} {'>=' if included else '>'} "
                f"{lowest:g}; it is not in {len(numbers)} rows: {shown} (counted from 0)."
            )

    def new_network(self, initialization: Any, rng: Rng) -> Sequential:
        """Build the network with fresh weights."""
        layers = networks.build(
            [self.input_encoding.width, *self.hidden_sizes, self.n_units],
            self.activations,
            initialization,
            rng=rng,
            dtype=self.dtype,
            members=self.members,
        )
        return self.input_encoding.begin(layers, rng, self.dtype, self.members)

    def network(
        self, coefs: Sequence[Array], intercepts: Sequence[Array], embedding: Array | None
    ) -> Sequential:
        """Build the network around weights that exist."""
        layers = networks.restore(coefs, intercepts, self.activations)
        return self.input_encoding.join(layers, embedding)

    def continuing(self, fitted: "ModelSpec") -> "ModelSpec":
        """Return the fitted blueprint, if these parameters may go on with it.

        Raises
        ------
        ValueError
            Naming the parameter that changed.
        """
        for parameter, old, new in (
            ("hidden_layer_sizes", fitted.hidden_sizes, self.hidden_sizes),
            ("activation", fitted.activations, self.activations),
            ("loss", fitted.loss_name, self.loss_name),
            ("settings of the loss", fitted.loss_settings, self.loss_settings),
            ("dtype", fitted.dtype, self.dtype),
            ("n_members", fitted.n_members, self.n_members),
        ):
            if not _alike(old, new):
                raise ValueError(
                    f"The network was fitted with {parameter}={old!r}; training cannot go on with "
                    f"{new!r}. Call fit to begin anew (with warm_start=False)."
                )
        return fitted


def _alike(old: Any, new: Any) -> bool:
    """Tell whether two settings are equal, objects of the user's by all that they hold."""
    if old == new:
        return True
    try:
        return bool(joblib.hash(old) == joblib.hash(new))
    except pickle.PicklingError:
        return False
