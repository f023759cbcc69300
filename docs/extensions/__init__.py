"""Extensions of Sphinx that the documentation needs, each a few lines."""
