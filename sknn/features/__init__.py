"""Features: tables of any kind -> matrices of floats."""

from sknn.features.encoder import TableEncoder

__all__ = ["TableEncoder"]
