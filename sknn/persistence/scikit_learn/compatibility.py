"""Models and parameters that scikit-learn's MLP does not support."""

import warnings
from typing import Any

import numpy as np

from sknn.engine import (
    NLL,
    NLLM,
    Identity,
    Loss,
    Module,
    Poisson,
    ReLU,
    Sigmoid,
    SquaredError,
    Tanh,
)
from sknn.engine.network import ACTIVATIONS
from sknn.estimators._model import ModelSpec
from sknn.estimators.base import BaseMLP
from sknn.persistence.scikit_learn.common_parameters import defaults, library_class
from sknn.targets import BinaryTarget, MulticlassTarget, MultilabelTarget, RealTarget, Target

#: Activations of scikit-learn's MLP.
THEIR_ACTIVATIONS = (Identity, Sigmoid, Tanh, ReLU)

#: Losses of scikit-learn's MLP, by the kind of target.
THEIR_LOSSES: dict[type[Target], tuple[type[Loss], ...]] = {
    RealTarget: (SquaredError, Poisson),
    BinaryTarget: (NLL,),
    MulticlassTarget: (NLLM,),
    MultilabelTarget: (NLL,),
}

#: Values that scikit-learn's MLP accepts; others are replaced by the default.
THEIR_SETTINGS = {
    "solver": ("adam", "sgd", "lbfgs"),
    "learning_rate": ("constant", "adaptive", "invscaling"),
    "early_stopping": (False, True),
}

#: Parameters that scikit-learn's MLP lacks and that need no warning: they do not affect the
#: training of a single network, or other parameters imply them.
IGNORED = {"dtype", "n_members", "loss", "quantile", "huber_delta", "weight_decay"}


def check_supported(mlp: BaseMLP, spec: ModelSpec) -> None:
    """Raise a ValueError with all reasons why scikit-learn's MLP cannot represent a model."""
    reasons = []
    modules = [ACTIVATIONS[a]() if isinstance(a, str) else a for a in spec.activations]
    if not all(activation_name(module) for module in modules):
        given = zip(spec.activations, modules, strict=True)
        names = ", ".join(
            dict.fromkeys(repr(one) for one, module in given if not activation_name(module))
        )
        reasons.append(f"activation {names} (there are identity, logistic, tanh and relu)")
    elif len({activation_name(module) for module in modules}) > 1:
        reasons.append("hidden layers with activations of their own (there is one for all)")
    known = THEIR_LOSSES.get(type(spec.target), ())
    if not known:
        reasons.append(f"a {spec.target.kind} target (one column of labels, or 0 and 1)")
    elif type(spec.loss) not in known:
        reasons.append(f"loss={spec.loss_name!r} (there are log_loss, squared_error and poisson)")
    if spec.n_units == 1 and spec.target.kind == "multiclass":
        reasons.append("a single class (there two are needed)")
    if spec.n_folds > 1:
        reasons.append(f"networks of {spec.n_folds} folds of cv (there is one; set refit=True)")
    elif spec.n_members > 1:
        reasons.append(f"n_members={spec.n_members} (there is one network)")
    if reasons:
        raise ValueError(
            f"scikit-learn's {library_class(mlp).__name__} cannot represent this model: it has "
            f"{'; '.join(reasons)}. sknn.to_onnx may export it."
        )


def activation_name(module: Module) -> str | None:
    """Return scikit-learn's name of an activation, or None."""
    plain = type(module) in THEIR_ACTIVATIONS and getattr(module, "slope", 1) == 1
    names = [name for name, activation in ACTIVATIONS.items() if activation is type(module)]
    return names[0] if plain else None


def is_supported(name: str, value: Any) -> bool:
    """Return whether scikit-learn's MLP has this choice of a parameter."""
    return isinstance(value, str | bool | np.bool_) and value in THEIR_SETTINGS[name]


def warn_of_training(mlp: BaseMLP, peer: type) -> None:
    """Warn of parameters without effect if training continues in scikit-learn."""
    theirs = defaults(peer)
    changed = [
        name
        for name, default in defaults(library_class(mlp)).items()
        if name not in {*theirs, *IGNORED} and repr(getattr(mlp, name)) != repr(default)
    ]
    changed += [name for name in THEIR_SETTINGS if not is_supported(name, getattr(mlp, name))]
    if changed:
        unknown = [f"{name}={getattr(mlp, name)!r}" for name in changed]
        warnings.warn(
            f"The converted {peer.__name__} of scikit-learn predicts the same, but continues "
            f"training differently: it has no {', '.join(unknown)}.",
            UserWarning,
            stacklevel=3,
        )
