"""Callbacks for `set_callbacks`, which follow the protocol of scikit-learn 1.9."""

from sknn.callbacks.csv_logger import CSVLogger
from sknn.callbacks.early_pruning import EarlyPruning

__all__ = ["CSVLogger", "EarlyPruning"]
