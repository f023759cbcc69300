"""The engine: networks, losses and their training on NumPy arrays.

It depends on NumPy and SciPy only, and can be used without the estimators.
"""

from sknn.engine import initializers
from sknn.engine._compiled import has_compiled_kernels, without_compiled_kernels
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
from sknn.engine.data import BatchSampler, Dataset, EpochBatchSampler, ReplacementSampler
from sknn.engine.dropout import Dropout, DropoutMask
from sknn.engine.history import EarlyStopping, History
from sknn.engine.inference import iter_batches, raw_predict
from sknn.engine.linear import Linear
from sknn.engine.losses import (
    NLL,
    NLLM,
    AbsoluteError,
    Brier,
    Gamma,
    Hinge,
    Huber,
    Loss,
    MaskedLoss,
    MulticlassHinge,
    MultiOutputLoss,
    Poisson,
    Quantile,
    SquaredError,
    SquaredHinge,
)
from sknn.engine.modules import Module, Sequential
from sknn.engine.objective import Objective
from sknn.engine.optimizers import SGD, Adam, Optimizer, RMSprop
from sknn.engine.parameters import ParameterVector
from sknn.engine.schedules import (
    Adaptive,
    Constant,
    Cosine,
    InverseScaling,
    LambdaSchedule,
    OneCycle,
    Schedule,
    as_schedule,
)
from sknn.engine.solvers import LBFGS, MinibatchSolver, Solver
from sknn.engine.tabular import Embedding, TabularEncoding
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
    "BatchSampler",
    "Brier",
    "Constant",
    "Cosine",
    "Dataset",
    "Dropout",
    "DropoutMask",
    "EarlyStopping",
    "Embedding",
    "EpochBatchSampler",
    "Exp",
    "Gamma",
    "Hinge",
    "History",
    "Huber",
    "Identity",
    "InverseScaling",
    "LambdaSchedule",
    "LeakyReLU",
    "Linear",
    "Loss",
    "MaskedLoss",
    "MinibatchSolver",
    "Mish",
    "Module",
    "MultiOutputLoss",
    "MulticlassHinge",
    "Objective",
    "OneCycle",
    "Optimizer",
    "ParameterVector",
    "Poisson",
    "Quantile",
    "RMSprop",
    "ReLU",
    "ReplacementSampler",
    "Schedule",
    "Sequential",
    "SiLU",
    "Sigmoid",
    "Softplus",
    "Solver",
    "SquaredError",
    "SquaredHinge",
    "Step",
    "TabularEncoding",
    "Tanh",
    "Trainer",
    "as_schedule",
    "descend",
    "has_compiled_kernels",
    "initializers",
    "iter_batches",
    "raw_predict",
    "without_compiled_kernels",
]
