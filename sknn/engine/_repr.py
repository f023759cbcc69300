"""A `__repr__` that shows all attributes."""


class ReprMixin:
    """Show the class and its attributes: ``Adaptive(rate=0.1, min_rate=1e-06)``."""

    def __repr__(self) -> str:
        """Return the class name and all attributes with their values."""
        settings = [f"{name}={value!r}" for name, value in vars(self).items()]
        return f"{type(self).__name__}({', '.join(settings)})"
