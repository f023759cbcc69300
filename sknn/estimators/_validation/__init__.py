"""The door: what users pass in, checked and turned into arrays of one type."""

from sknn.estimators._validation.data import (
    ValidatedData,
    naming_validation_data,
    training_rows,
    validation_rows,
)
from sknn.estimators._validation.dtypes import as_type, training_inputs
from sknn.estimators._validation.inputs import checked_numbers, checked_table, prediction_rows
from sknn.estimators._validation.settings import choose_dtype, numbers, restore_generator_on_error
from sknn.estimators._validation.targets import scored
from sknn.estimators._validation.weights import scoring_weights, weights

__all__ = [
    "ValidatedData",
    "as_type",
    "checked_numbers",
    "checked_table",
    "choose_dtype",
    "naming_validation_data",
    "numbers",
    "prediction_rows",
    "restore_generator_on_error",
    "scored",
    "scoring_weights",
    "training_inputs",
    "training_rows",
    "validation_rows",
    "weights",
]
