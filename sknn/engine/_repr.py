"""What all parts of the engine have in common: settings that can be seen."""


class Part:
    """Something that is made of settings, which are its attributes."""

    def __repr__(self) -> str:
        """Return the class and its settings."""
        settings = [f"{name}={value!r}" for name, value in vars(self).items()]
        return f"{type(self).__name__}({', '.join(settings)})"
