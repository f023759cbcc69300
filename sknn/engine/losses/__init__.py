"""Losses: each with the output activation that suits it.

A network ends in raw outputs ``z``. The loss owns what comes after: `activate` turns them into
answers, `value` says how wrong they are, sample by sample, and `gradient` gives dL/dZ directly,
with the output activation already accounted for. Everything is computed from ``z`` itself, so
that it stays finite for raw outputs of any size wherever the loss itself is a number that can be
written (a squared error or an exponential may not be).
"""

from sknn.engine.losses.base import Loss
from sknn.engine.losses.composed import KnownOnly, SideBySide
from sknn.engine.losses.labels import NLL, NLLM, Brier, CrammerSinger, Hinge, SquaredHinge
from sknn.engine.losses.real import (
    AbsoluteError,
    Gamma,
    Huber,
    Poisson,
    Quantile,
    SquaredError,
)

__all__ = [
    "NLL",
    "NLLM",
    "AbsoluteError",
    "Brier",
    "CrammerSinger",
    "Gamma",
    "Hinge",
    "Huber",
    "KnownOnly",
    "Loss",
    "Poisson",
    "Quantile",
    "SideBySide",
    "SquaredError",
    "SquaredHinge",
]
