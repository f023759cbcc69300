"""The few type names that every file of the engine shares."""

from collections.abc import Callable
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

#: A dense array of floats; where it is called an input ``u`` it may also be a SciPy CSR matrix.
Array: TypeAlias = NDArray[Any]

#: The source of randomness. The engine calls only what both kinds of generator have.
Rng: TypeAlias = np.random.RandomState | np.random.Generator

#: What is called in a step; all arguments are bound. Several are called in order.
Call: TypeAlias = Callable[[], Any]
Calls: TypeAlias = list[Call]
