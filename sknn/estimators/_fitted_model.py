"""FittedModel: the fitted networks with rows to predict; networks from fitted attributes."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from sknn.engine import Sequential, iter_batches
from sknn.engine._typing import Array
from sknn.engine.data import RowSelection
from sknn.engine.inference import RawPredictor
from sknn.estimators._blas_threads import engine_threads
from sknn.estimators._model import ModelSpec
from sknn.estimators._validation.data import ValidatedData
from sknn.estimators._validation.predictions import checked_finite
from sknn.estimators._validation.source_rows import EncodedRows

#: Multiplications in a product of a prediction up to which BLAS keeps its threads. On a busy
#: machine two threads took 20 milliseconds for 500 rows of 64-100-10, which one computes in 0.3;
#: but for 100 rows, which take 0.04, the limit would cost half of that time.
MIN_PREDICTION_SIZE = 2**20


@dataclass(frozen=True)
class ModelPart:
    """Networks that read the same inputs, and rows to predict."""

    spec: ModelSpec  # specification of these networks
    predictor: RawPredictor  # from inputs to raw outputs, with a member axis if they are several
    X: Any  # rows to predict; each batch is converted to the type of the network
    # raises an error for a converted batch that is not finite; None if X is known to be finite
    check: Callable[[Any], None] | None

    @classmethod
    def of_rows(
        cls,
        networks: tuple[ModelSpec, RawPredictor],
        X: Any,
        check: Callable[[Any], None] | None = None,
    ) -> "ModelPart":
        """Return networks, from a `PredictionPlan`, with validated rows, encoded for them."""
        spec, predictor = networks
        if isinstance(X, EncodedRows):
            X = X.X
        elif spec.inputs:
            X = spec.inputs.encode(X, spec.dtype)
        return cls(spec, predictor, X, check)

    @classmethod
    def of_data(cls, networks: tuple[ModelSpec, Sequential], data: ValidatedData) -> "ModelPart":
        """Return networks, from `fitted_networks`, with training rows, encoded for them."""
        spec, network = networks
        predictor = RawPredictor(network, spec.dtype)
        if spec.inputs is None:
            return cls(spec, predictor, data.X, None)
        X, rows = data.encoded(spec.inputs, spec.dtype)
        return cls(spec, predictor, X if rows is None else RowSelection(X, rows), None)

    @property
    def network(self) -> Sequential:
        """The networks themselves; other threads may use them at the same time."""
        return self.predictor.network

    def iter_batches(self) -> Iterator[Array]:
        """Yield the rows in batches, in the type of the network."""
        return iter_batches(self.network, self.X, self.spec.dtype, self.check)

    def raw_predict(self) -> Array:
        """Return the raw outputs for X, with a member axis if there are several networks."""
        if self.X.shape[0] == 1:
            return self.predictor(self.X, self.check)
        with engine_threads(self.predictor.product_size(self.X), MIN_PREDICTION_SIZE):
            return self.predictor(self.X, self.check)


@dataclass(frozen=True)
class FittedModel:
    """The fitted networks with validated rows to predict with them."""

    spec: ModelSpec  # specification of all networks
    parts: Sequence[ModelPart]  # the networks, by the inputs that they read
    dtype: str  # type of predictions, see `prediction_dtype`

    def member_outputs(self) -> Array:
        """Return the raw outputs for X, (n, k) or, with several members, (g, n, k).

        They are in the type of the network or of the predictions, whichever is more exact.
        """
        outputs = [checked_finite(part.raw_predict) for part in self.parts]
        z: Array = outputs[0] if len(outputs) == 1 else join_members(outputs)
        return z.astype(self.dtype) if self.dtype == "float64" != self.spec.dtype else z

    def fold_outputs(self) -> Array:
        """Return the raw outputs for X of each fold, averaged over its members: (K, n, k)."""
        z = self.spec.split_members(self.member_outputs())
        folds = z.reshape(self.spec.n_folds, -1, *z.shape[1:])
        if folds.shape[1] == 1:
            return folds[:, 0]
        return np.stack([checked_finite(self.spec.average_members, one) for one in folds])

    def outputs(self) -> Array:
        """Return the raw outputs for X, averaged over the members, of shape (n, k)."""
        z = self.member_outputs()
        return z if self.spec.n_members == 1 else checked_finite(self.spec.average_members, z)

    def predictions(
        self, compute: Callable[..., Any], *args: Any, lowest: float | None = None
    ) -> Any:
        """Call a function, and return its finite results in the type of predictions.

        Parameters are those of `checked_finite`.
        """

        def cast(*args: Any) -> Any:
            results = compute(*args)
            if isinstance(results, list):
                return [array.astype(self.dtype, copy=False) for array in results]
            return results.astype(self.dtype, copy=False)

        return checked_finite(cast, *args, lowest=lowest)


def prediction_dtype(spec: ModelSpec, dtype: str, dtype_of_X: Any) -> str:
    """Return the type of predictions that are no labels; it does not depend on the size of X.

    Parameters
    ----------
    spec : ModelSpec
        The specification of the fitted model.
    dtype : {"auto", "float32", "float64"}
        The parameter of the estimator: any value but "auto" is the type.
    dtype_of_X : dtype or None
        With "auto", predictions are float32 if X is a float32 array and y is not standardized,
        since its units may need more digits.
    """
    if dtype != "auto":
        return dtype
    is_standardized = spec.target.settings().get("scale") is not None
    return "float32" if dtype_of_X == np.float32 and not is_standardized else "float64"


def join_members(outputs: Sequence[Array]) -> Array:
    """Join raw outputs (n, k) or (g, n, k) of several parts on the member axis."""
    return np.concatenate([z.reshape(-1, *z.shape[-2:]) for z in outputs])


def fitted_network(spec: ModelSpec, fitted: Mapping[str, Any]) -> Sequential:
    """Build the network of a fitted estimator, whose members all read the same inputs."""
    embedding = fitted["_model_spec"]["embedding"]
    return spec.network(fitted["coefs_"], fitted["intercepts_"], embedding)


def member_networks(spec: ModelSpec, fitted: Mapping[str, Any]) -> list[Sequential]:
    """Build the network of each member, with copies of its weights."""
    embedding = fitted["_model_spec"]["embedding"]
    if spec.n_members == 1:
        return [fitted_network(spec, fitted)]
    alone = replace(spec, n_members=1)
    return [
        alone.network(
            [W[j].copy() for W in fitted["coefs_"]],
            [W0[j].copy() for W0 in fitted["intercepts_"]],
            None if embedding is None else embedding[j].copy(),
        )
        for j in range(spec.n_members)
    ]


def fitted_networks(
    spec: ModelSpec, fitted: Mapping[str, Any]
) -> list[tuple[ModelSpec, Sequential]]:
    """Build the networks of each of `spec.parts()`, with a member axis if it has several."""
    if spec.fold_inputs:
        return fold_networks(spec, fitted)
    return [(spec, fitted_network(spec, fitted))]


def fold_networks(spec: ModelSpec, fitted: Mapping[str, Any]) -> list[tuple[ModelSpec, Sequential]]:
    """Build the networks of each of `spec.folds()`, with a member axis if it has several."""
    if spec.n_folds == 1:
        return [(spec, fitted_network(spec, fitted))]
    networks = []
    for k, part in enumerate(spec.folds()):
        members: Any = slice(k * part.n_members, (k + 1) * part.n_members)
        members = k if part.n_members == 1 else members
        coefs = [W[members] for W in fitted["coefs_"]]
        coefs[0] = coefs[0][..., : part.n_inputs, :]
        embedding = fitted["_model_spec"]["embedding"]
        if embedding is not None and part.inputs is not None:
            rows = part.inputs.encoder.n_embeddings_
            embedding = embedding[members][..., :rows, :] if rows else None
        intercepts = [W0[members] for W0 in fitted["intercepts_"]]
        networks.append((part, part.network(coefs, intercepts, embedding)))
    return networks
