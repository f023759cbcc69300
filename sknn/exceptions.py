"""Exceptions that belong to this package."""


class ModelFileError(ValueError):
    """A saved model cannot be loaded: damaged, not a model, or from a newer version."""
