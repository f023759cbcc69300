"""Conversion to and from scikit-learn's multilayer perceptrons."""

from sknn.persistence.scikit_learn.from_sklearn import from_sklearn
from sknn.persistence.scikit_learn.to_sklearn import to_sklearn

__all__ = ["from_sklearn", "to_sklearn"]
