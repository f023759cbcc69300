"""The door: what users pass in, checked and turned into arrays of one type."""

from sknn.estimators.door.inputs import checked_numbers, checked_table, prediction_rows
from sknn.estimators.door.rows import Rows, blaming_validation, training_rows, validation_rows
from sknn.estimators.door.settings import choose_dtype, generator_as_it_was, numbers
from sknn.estimators.door.targets import scored
from sknn.estimators.door.types import as_type, training_inputs
from sknn.estimators.door.weighting import scoring_weights, weights

__all__ = [
    "Rows",
    "as_type",
    "blaming_validation",
    "checked_numbers",
    "checked_table",
    "choose_dtype",
    "generator_as_it_was",
    "numbers",
    "prediction_rows",
    "scored",
    "scoring_weights",
    "training_inputs",
    "training_rows",
    "validation_rows",
    "weights",
]
