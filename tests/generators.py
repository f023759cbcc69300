"""A generator that many threads may have at once, each from its beginning."""

import threading

import numpy as np


class OwnGenerator(threading.local):
    """What looks like one generator is another in every thread; all draw the same."""

    def __init__(self):
        self._generator = np.random.default_rng(0)

    def __getattr__(self, name):
        """Return what the thread's own generator has."""
        return getattr(self._generator, name)
