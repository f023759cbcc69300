"""Features: a table as people have it <-> the matrix of floats that a network reads."""

from sknn.features.encoder import TableEncoder

__all__ = ["TableEncoder"]
