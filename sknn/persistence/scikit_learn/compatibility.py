"""What scikit-learn's MLP cannot express, and what it has no word for."""

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
from sknn.persistence.scikit_learn.common_parameters import defaults
from sknn.targets import BinaryTarget, MulticlassTarget, MultilabelTarget, RealTarget, Target

#: The activations that scikit-learn's MLP has.
THEIR_ACTIVATIONS = (Identity, Sigmoid, Tanh, ReLU)

#: The losses that it has for each kind of target.
THEIR_LOSSES: dict[type[Target], tuple[type[Loss], ...]] = {
    RealTarget: (SquaredError, Poisson),
    BinaryTarget: (NLL,),
    MulticlassTarget: (NLLM,),
    MultilabelTarget: (NLL,),
}

#: The settings that it has of those that share a name; for others their defaults are taken.
THEIR_SETTINGS = {
    "solver": ("adam", "sgd", "lbfgs"),
    "learning_rate": ("constant", "adaptive", "invscaling"),
    "early_stopping": (False, True),
}

#: Parameters without a name over there that have no part in how a single network is trained, or
#: whose part is told by others.
SILENT = {"dtype", "n_members", "loss", "quantile", "huber_delta", "weight_decay"}


def refuse(mlp: Any, spec: ModelSpec) -> None:
    """Refuse what scikit-learn's MLP cannot express."""
    reasons = []
    modules = [ACTIVATIONS[a]() if isinstance(a, str) else a for a in spec.activations]
    if not all(name_of(module) for module in modules):
        given = zip(spec.activations, modules, strict=True)
        names = ", ".join(dict.fromkeys(repr(one) for one, module in given if not name_of(module)))
        reasons.append(f"activation {names} (there are identity, logistic, tanh and relu)")
    elif len({name_of(module) for module in modules}) > 1:
        reasons.append("hidden layers with activations of their own (there is one for all)")
    known = THEIR_LOSSES.get(type(spec.target), ())
    if not known:
        reasons.append(f"a {spec.target.kind} target (one column of labels, or 0 and 1)")
    elif type(spec.loss) not in known:
        reasons.append(f"loss={spec.loss_name!r} (there are log_loss, squared_error and poisson)")
    if spec.n_units == 1 and spec.target.kind == "multiclass":
        reasons.append("a single class (there two are needed)")
    if spec.n_members > 1:
        reasons.append(f"n_members={spec.n_members} (there is one network)")
    if reasons:
        raise ValueError(
            f"scikit-learn's {type(mlp).__name__} cannot express this model: it has "
            f"{'; '.join(reasons)}. sknn.to_onnx may take it where scikit-learn cannot."
        )


def name_of(module: Module) -> str | None:
    """Return scikit-learn's name of an activation; None if it has none."""
    plain = type(module) in THEIR_ACTIVATIONS and getattr(module, "slope", 1) == 1
    names = [name for name, activation in ACTIVATIONS.items() if activation is type(module)]
    return names[0] if plain else None


def is_known(name: str, value: Any) -> bool:
    """Tell whether scikit-learn's MLP has a setting; it may be an object of any kind."""
    return isinstance(value, str | bool | np.bool_) and value in THEIR_SETTINGS[name]


def warn_of_training(mlp: Any, peer: type) -> None:
    """Warn of what would be different if training went on over there."""
    theirs = defaults(peer)
    changed = [
        name
        for name, default in defaults(type(mlp)).items()
        if name not in {*theirs, *SILENT} and repr(getattr(mlp, name)) != repr(default)
    ]
    changed += [name for name in THEIR_SETTINGS if not is_known(name, getattr(mlp, name))]
    if changed:
        unknown = [f"{name}={getattr(mlp, name)!r}" for name in changed]
        warnings.warn(
            f"scikit-learn's {type(mlp).__name__} predicts the same, but would train differently "
            f"from here on: it has no {', '.join(unknown)}.",
            UserWarning,
            stacklevel=3,
        )
