"""Type aliases of the engine."""

from collections.abc import Callable, Sequence
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

#: A dense array of floats. Inputs ``u`` and ``X`` may also be SciPy CSR matrices.
Array: TypeAlias = NDArray[Any]

#: The arrays of the parameters of a module, or of their gradients.
Arrays: TypeAlias = Sequence[Array]

#: A random number generator; only methods that both types have are called.
Rng: TypeAlias = np.random.RandomState | np.random.Generator

#: A callable whose arguments are bound, and a list of them to be called in order.
Call: TypeAlias = Callable[[], Any]
Calls: TypeAlias = list[Call]
