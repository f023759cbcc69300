"""How many networks fit into memory."""

import os
from collections.abc import Sequence
from contextlib import suppress
from itertools import pairwise
from pathlib import Path

import numpy as np

#: Arrays as large as all parameters that a network in training has: parameters, gradient, two
#: moments and their stacked copies, and three snapshots of parameters and moments.
N_COPIES = 17

#: Arrays as large as the units of a batch: activations, their gradients, masks and temporary ones.
N_BATCH_COPIES = 6

#: Fraction of the free memory that a search uses by default.
DEFAULT_FRACTION = 0.25


def free_memory() -> float:
    """Return the free memory in bytes; infinity where the system does not tell."""
    with suppress(OSError, ValueError, IndexError):  # Linux; it counts caches as free
        for line in Path("/proc/meminfo").read_text(encoding="ascii").splitlines():
            if line.startswith("MemAvailable:"):
                return 1024.0 * int(line.split()[1])
    try:
        return float(os.sysconf("SC_AVPHYS_PAGES") * os.sysconf("SC_PAGE_SIZE"))
    except (AttributeError, ValueError, OSError):
        return np.inf


def bytes_of_network(sizes: Sequence[int], batch_size: int, dtype: str) -> int:
    """Return about how much memory a network takes in training.

    Parameters
    ----------
    sizes : sequence of int
        The numbers of units from the inputs to the outputs.
    batch_size : int
        Samples in a batch.
    dtype : str
        Type of the parameters.
    """
    n_parameters = sum((m + 1) * k for m, k in pairwise(sizes))
    size = np.dtype(dtype).itemsize
    return size * (N_COPIES * n_parameters + N_BATCH_COPIES * batch_size * sum(sizes))
