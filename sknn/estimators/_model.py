"""ModelSpec: everything about networks except their weights."""

from collections.abc import Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sknn.engine import Dataset, Loss, MaskedLoss, Module, Quantile, Sequential, network
from sknn.engine._typing import Array, Rng
from sknn.engine.rescaling import QuantileRescaling
from sknn.estimators._inputs import TabularInputs
from sknn.estimators._validation.data import ValidatedData
from sknn.estimators._validation.floats import as_dtype
from sknn.estimators._validation.predictions import checked_finite
from sknn.estimators._validation.row_totals import class_frequencies
from sknn.estimators._validation.weights import normalized_weights
from sknn.estimators._weights import Weights, stack_members
from sknn.targets import TARGETS, RealTarget, Target


@dataclass(frozen=True)
class ModelSpec:
    """Targets, loss, layers, dtype and input encoding of a model: all except its weights."""

    target: Target  # type and encoding of y
    loss_name: str | Loss  # name of one of the target's losses (not "auto"), or a loss object
    loss_settings: dict[str, Any]  # settings of a loss given by name
    hidden_sizes: Sequence[int]  # units of each hidden layer
    activations: Sequence[str | Module]  # the activation of each hidden layer
    dtype: str  # type of all computations
    n_inputs: int  # number of inputs of the first layer
    # encoding of a table into these inputs; None if X is used without encoding
    inputs: TabularInputs | None = None
    n_members: int = 1  # number of networks; with one, arrays have no member axis
    initialization: str = ""  # how the weights were initialised; "" if that is unknown
    n_folds: int = 1  # number of folds with networks of their own, `n_members` in all
    # with several folds, the encoding of each (then `inputs` is None); () without encoding
    fold_inputs: Sequence[TabularInputs] = ()
    # conversion of several quantiles to the units of `target`: of each network or fold, the ratio
    # and the shift of each output, shape (K, 2, n_outputs); None if they are not converted
    output_scales: Array | None = None

    @property
    def members(self) -> int | None:
        """Length of the member axis, or None without one."""
        return None if self.n_members == 1 else self.n_members

    @cached_property
    def loss(self) -> Loss:
        """The loss, with its output activation."""
        return self.target.loss(self.loss_name, self.loss_settings)

    @property
    def n_units(self) -> int:
        """Number of units of the output layer."""
        return self.target.n_outputs * self.loss.units_per_output

    @property
    def loss_scale(self) -> float:
        """Factor from losses of the encoded targets to losses in the units of y.

        It is 1 for several columns, whose losses are sums over different units.
        """
        if self.loss.homogeneity_degree == 0:
            return 1.0
        scales = self.target.loss_scales(self.loss)
        return scales[0] if len(scales) == 1 else 1.0

    def to_plain(self, embedding: Array | None = None) -> dict[str, Any]:
        """Return the attribute `_model_spec`: plain data, and copies of the user's objects."""
        return {
            "target": self.target.kind,
            "n_outputs": self.target.n_outputs,
            "target_settings": self.target.settings(),
            "loss": deepcopy(self.loss_name),
            "loss_settings": self.loss_settings,
            "activations": deepcopy(list(self.activations)),
            "dtype": self.dtype,
            "input_encoding": self._plain_encoding(),
            "n_members": self.n_members,
            "n_folds": self.n_folds,
            "output_scales": self.output_scales,
            "embedding": embedding,
            "initialization": self.initialization,
        }

    def _plain_encoding(self) -> Any:
        """Return the encoding of the inputs as plain data: their number, if there is none."""
        if self.fold_inputs:
            return [inputs.to_plain() for inputs in self.fold_inputs]
        return self.inputs.to_plain() if self.inputs else self.n_inputs

    @classmethod
    def of_fitted(cls, fitted: Mapping[str, Any]) -> "ModelSpec":
        """Restore the specification from the attributes of a fitted estimator."""
        plain = fitted["_model_spec"]
        encoding, inputs = plain["input_encoding"], None
        fold_inputs: list[TabularInputs] = []
        hidden_sizes = [W.shape[-1] for W in fitted["coefs_"][:-1]]
        if isinstance(encoding, dict):
            inputs = TabularInputs.from_plain(encoding)
            encoding = inputs.width
        elif isinstance(encoding, list):
            fold_inputs = list(map(TabularInputs.from_plain, encoding))
            encoding = max(one.width for one in fold_inputs)
        return cls(
            target=TARGETS[plain["target"]].restore(
                plain["n_outputs"], plain["target_settings"], fitted.get("classes_")
            ),
            loss_name=plain["loss"],
            loss_settings=plain["loss_settings"],
            hidden_sizes=hidden_sizes,
            activations=plain["activations"],
            dtype=plain["dtype"],
            n_inputs=encoding,
            inputs=inputs,
            n_members=plain["n_members"],
            initialization=plain.get("initialization", ""),
            n_folds=plain.get("n_folds", 1),
            fold_inputs=fold_inputs,
            output_scales=plain.get("output_scales"),
        )

    @classmethod
    def join(cls, specs: Sequence["ModelSpec"], target: Target) -> "ModelSpec":
        """Return the specification of the networks of all folds, whose outputs `target` decodes.

        See `Target.convert_layer` for the units of the outputs.
        """
        scales = [spec.target.relative_scale(target, spec.loss) for spec in specs]
        first = replace(
            specs[0],
            target=target,
            output_scales=None if scales[0] is None else np.array(scales),
        )
        if len(specs) == 1:
            return first
        fold_inputs = [spec.inputs for spec in specs if spec.inputs is not None]
        return replace(
            first,
            dtype=max(spec.dtype for spec in specs),  # "float64" if any is
            n_inputs=max(spec.n_inputs for spec in specs),
            inputs=None,
            n_members=sum(spec.n_members for spec in specs),
            n_folds=len(specs),
            fold_inputs=fold_inputs,
        )

    def parts(self) -> list["ModelSpec"]:
        """Return specifications of networks that read the same inputs: one, or one a fold."""
        return self.folds() if self.fold_inputs else [self]

    def folds(self) -> list["ModelSpec"]:
        """Return the specification of the networks of each fold."""
        n_members = self.n_members // self.n_folds
        folds = [replace(self, n_members=n_members, n_folds=1, fold_inputs=())] * self.n_folds
        if self.fold_inputs:
            pairs = zip(folds, self.fold_inputs, strict=True)
            folds = [replace(own, n_inputs=one.width, inputs=one) for own, one in pairs]
        if self.output_scales is not None:
            scales = np.split(self.output_scales, self.n_folds)
            folds = [
                replace(own, output_scales=one) for own, one in zip(folds, scales, strict=True)
            ]
        return folds

    def with_folds(self, n_folds: int) -> "ModelSpec":
        """Return the specification of the networks of so many of the folds."""
        n_members = self.n_members // self.n_folds * n_folds
        return replace(self, n_members=n_members, n_folds=n_folds)

    def decode(self, z: Array) -> Array:
        """Convert raw outputs to predictions, in the labels or units of y."""
        predictions: Array = checked_finite(self.target.decode, z, self.loss)
        return predictions

    def split_members(self, z: Array) -> Array:
        """Return the raw outputs with a member axis, also for a single network."""
        return z[None] if self.members is None else z

    def average_members(self, z: Array) -> Array:
        """Return raw outputs of shape (n, k) whose prediction is the average over the members."""
        return z if self.n_members == 1 else self.target.average_members(z, self.loss)

    def dataset(
        self,
        data: ValidatedData,
        name: str,
        *,
        relative_weights: bool,
        smoothing: float = 0.0,
        smooths_evenly: bool = True,
        shares_X: bool = False,
    ) -> Dataset:
        """Convert validated rows to arrays for the engine; errors call the targets by `name`.

        With `shares_X`, numeric inputs are those of all rows as given, shared by several datasets.

        Raises
        ------
        ValueError
            If y has classes or columns that the target has not, or values invalid for the loss.
        """
        Y = self.encode_targets(data, name, smoothing, smooths_evenly=smooths_evenly)
        w, rows = data.w, None
        if self.inputs:
            X, rows = data.encoded(self.inputs, self.dtype)
        elif shares_X:
            X, rows = data.as_dtype(self.dtype)
        else:
            X = as_dtype(data.X, self.dtype, "X")
        if w is not None:
            w = normalized_weights(w, self.dtype, relative=relative_weights, totals=data.totals)
        return Dataset(X, Y, w, self.dtype, rows)

    def encode_targets(
        self,
        data: ValidatedData,
        name: str,
        smoothing: float = 0.0,
        *,
        smooths_evenly: bool = True,
    ) -> Array:
        """Encode validated targets as the matrix Y of the loss; see `dataset`.

        A fraction `smoothing` of each label is spread evenly over the classes, or else by their
        weighted frequencies.
        """
        Y = self.target.encode(data.y, self.loss.codes)
        if smoothing:
            frequencies = None
            if not smooths_evenly:
                known = data.totals.frequencies if data.totals else None
                frequencies = class_frequencies(Y, data.w) if known is None else known
            Y = self.target.smooth_labels(Y, smoothing, frequencies)
        units = self.loss.units_per_output
        Y = np.repeat(Y, units, axis=1) if units > 1 else Y
        Y = as_dtype(Y, self.dtype, "y")
        lowest, included = self.loss.interval_y_true
        if lowest > -np.inf:
            self._check_interval(Y, lowest, included, data, name)
        return Y

    def constant_outputs(self, Y: Array) -> NDArray[np.bool_]:
        """Return which raw outputs are for a standardized column of y that never varies."""
        if not (isinstance(self.target, RealTarget) and self.target.scale is not None):
            return np.zeros(Y.shape[1], dtype=bool)
        same: NDArray[np.bool_] = np.fmin.reduce(Y) == np.fmax.reduce(Y)
        return same & (self.loss.units_per_output == 1)

    def loss_for(self, Y: Array, *, has_unknown: bool = False) -> Loss:
        """Return the loss, which ignores NaN if these targets, or others, are unknown."""
        return MaskedLoss(self.loss) if has_unknown or np.isnan(Y).any() else self.loss

    def _check_interval(
        self, Y: Array, lowest: float, included: bool, data: ValidatedData, name: str
    ) -> None:
        """Check that targets are in the interval of the loss; the error names the rows."""
        outside = np.any(lowest > Y if included else lowest >= Y, axis=1)
        if outside.any():
            rows = data.row_numbers_of(outside)
            shown = ", ".join(map(str, rows[:5])) + (", ..." if len(rows) > 5 else "")
            raise ValueError(
                f"{type(self.loss).__name__} loss needs {name} {'>=' if included else '>'} "
                f"{lowest:g}; it is not in {len(rows)} rows: {shown} (counted from 0)."
            )

    def initial_network(self, initialization: Any, rng: Rng) -> Sequential:
        """Build one network with initial weights."""
        layers = network.build(
            [self.n_inputs, *self.hidden_sizes, self.n_units],
            self.activations,
            initialization,
            rng=rng,
            dtype=self.dtype,
        )
        return self.inputs.initial(layers, rng, self.dtype) if self.inputs else layers

    def network(
        self, coefs: Sequence[Array], intercepts: Sequence[Array], embedding: Array | None
    ) -> Sequential:
        """Build the network around existing weights."""
        layers = network.restore(coefs, intercepts, self.activations)
        layers = self.inputs.prepend(layers, embedding) if self.inputs else layers
        if self.output_scales is None:
            return layers
        assert isinstance(self.loss, Quantile)
        scales = np.repeat(self.output_scales, self.loss.units_per_output, axis=-1)
        scales = np.repeat(scales, self.n_members // len(scales), axis=0).astype(self.dtype)
        ratio, shift = scales.swapaxes(0, 1)[:, :, None] if self.members else scales[0]
        return Sequential([layers, QuantileRescaling(self.loss, ratio, shift)])

    def fitted_attributes(self, weights: Sequence["Weights"]) -> dict[str, Any]:
        """Return the fitted attributes of networks with these weights, one for each member.

        Weights of fewer inputs than `n_inputs`, and embeddings of fewer rows, end with zeros.
        """
        coefs = list(map(stack_members, zip(*(one[0] for one in weights), strict=True)))
        intercepts = list(map(stack_members, zip(*(one[1] for one in weights), strict=True)))
        embeddings: list[Any] = [one[2] for one in weights]
        if any(one is not None for one in embeddings):
            nothing = np.zeros((0, TabularInputs.embedding_width), self.dtype)
            embedding = stack_members([nothing if one is None else one for one in embeddings])
        else:
            embedding = None
        return {
            "coefs_": coefs,
            "intercepts_": intercepts,
            "n_layers_": len(coefs) + 1,
            "n_outputs_": intercepts[-1].shape[-1],
            "out_activation_": self.loss.out_activation,
            "_model_spec": self.to_plain(embedding),
            **self.target.attributes(),
        }
