"""The engine: networks, losses and descent on NumPy arrays, with no estimator in sight.

It can be used alone, to look at every array of a network as it learns.
"""

from sknn.engine import initializers
from sknn.engine.activations import (
    ELU,
    GELU,
    SELU,
    Exp,
    Identity,
    LeakyReLU,
    Mish,
    ReLU,
    Sigmoid,
    SiLU,
    Softplus,
    Step,
    Tanh,
)
from sknn.engine.batches import Batches, EpochBatches, RandomDraws, Samples
from sknn.engine.columns import Embed, Expand
from sknn.engine.dropout import Dropout, Mask
from sknn.engine.history import History
from sknn.engine.lbfgs import LBFGS
from sknn.engine.linear import Linear
from sknn.engine.losses import (
    NLL,
    NLLM,
    AbsoluteError,
    Brier,
    CrammerSinger,
    Gamma,
    Hinge,
    Huber,
    KnownOnly,
    Loss,
    Poisson,
    Quantile,
    SideBySide,
    SquaredError,
    SquaredHinge,
)
from sknn.engine.modules import Module
from sknn.engine.objective import Objective
from sknn.engine.optimizers import SGD, Adam, Optimizer, RMSprop
from sknn.engine.outputs import pieces, raw_outputs
from sknn.engine.parameters import ParameterVector
from sknn.engine.schedules import (
    Adaptive,
    Constant,
    Cosine,
    FunctionOfStep,
    InverseScaling,
    OneCycle,
    Schedule,
    as_schedule,
)
from sknn.engine.sequential import Sequential
from sknn.engine.solvers import Descent, Solver
from sknn.engine.stopping import NoImprovement
from sknn.engine.training import Trainer, descend

__all__ = [
    "ELU",
    "GELU",
    "LBFGS",
    "NLL",
    "NLLM",
    "SELU",
    "SGD",
    "AbsoluteError",
    "Adam",
    "Adaptive",
    "Batches",
    "Brier",
    "Constant",
    "Cosine",
    "CrammerSinger",
    "Descent",
    "Dropout",
    "Embed",
    "EpochBatches",
    "Exp",
    "Expand",
    "FunctionOfStep",
    "Gamma",
    "Hinge",
    "History",
    "Huber",
    "Identity",
    "InverseScaling",
    "KnownOnly",
    "LeakyReLU",
    "Linear",
    "Loss",
    "Mask",
    "Mish",
    "Module",
    "NoImprovement",
    "Objective",
    "OneCycle",
    "Optimizer",
    "ParameterVector",
    "Poisson",
    "Quantile",
    "RMSprop",
    "RandomDraws",
    "ReLU",
    "Samples",
    "Schedule",
    "Sequential",
    "SiLU",
    "SideBySide",
    "Sigmoid",
    "Softplus",
    "Solver",
    "SquaredError",
    "SquaredHinge",
    "Step",
    "Tanh",
    "Trainer",
    "as_schedule",
    "descend",
    "initializers",
    "pieces",
    "raw_outputs",
]
