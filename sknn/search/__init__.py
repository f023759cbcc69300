"""Searches for good settings whose candidates and folds are trained together."""

from sknn.search.ensemble import SearchEnsemble
from sknn.search.searches import BatchedGridSearchCV, BatchedRandomizedSearchCV

__all__ = ["BatchedGridSearchCV", "BatchedRandomizedSearchCV", "SearchEnsemble"]
