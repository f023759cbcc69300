"""BatchedGridSearchCV and BatchedRandomizedSearchCV."""

from collections.abc import Mapping, Sequence
from numbers import Integral
from typing import Any, ClassVar

import numpy as np
from sklearn.model_selection import ParameterGrid, ParameterSampler

from sknn.estimators._parameters import CrossValidation, RandomState
from sknn.estimators._sklearn_compat import Interval
from sknn.search._base import BatchedSearchCV


class BatchedGridSearchCV(BatchedSearchCV):
    """Grid search that trains the networks of all candidates and folds together."""

    _parameter_constraints: ClassVar[dict[str, Any]] = {
        **BatchedSearchCV._parameter_constraints,
        "param_grid": [dict, list],
    }

    def __init__(
        self,
        estimator: Any,
        param_grid: Mapping[str, Any] | Sequence[Mapping[str, Any]],
        *,
        scoring: Any = None,
        n_jobs: int | None = None,
        refit: Any = True,
        cv: CrossValidation = None,
        verbose: int = 0,
        error_score: Any = np.nan,
        return_train_score: bool = False,
        factor: float | None = None,
        min_epochs: int | None = None,
        ensemble: bool = False,
        others: Sequence[Any] | None = None,
        max_memory: float | None = None,
        max_time: float | None = None,
        checkpoint: Any = None,
    ) -> None:
        self.estimator = estimator
        self.param_grid = param_grid
        self.scoring = scoring
        self.n_jobs = n_jobs
        self.refit = refit
        self.cv = cv
        self.verbose = verbose
        self.error_score = error_score
        self.return_train_score = return_train_score
        self.factor = factor
        self.min_epochs = min_epochs
        self.ensemble = ensemble
        self.others = others
        self.max_memory = max_memory
        self.max_time = max_time
        self.checkpoint = checkpoint

    def _candidates(self) -> list[dict[str, Any]]:
        return list(ParameterGrid(self.param_grid))


class BatchedRandomizedSearchCV(BatchedSearchCV):
    """Randomized search that trains the networks of all candidates and folds together."""

    _parameter_constraints: ClassVar[dict[str, Any]] = {
        **BatchedSearchCV._parameter_constraints,
        "param_distributions": [dict, list],
        "n_iter": [Interval(Integral, 1, None, closed="left")],
        "random_state": ["random_state"],
    }

    def __init__(
        self,
        estimator: Any,
        param_distributions: Mapping[str, Any] | Sequence[Mapping[str, Any]],
        *,
        n_iter: int = 10,
        scoring: Any = None,
        n_jobs: int | None = None,
        refit: Any = True,
        cv: CrossValidation = None,
        verbose: int = 0,
        random_state: RandomState = None,
        error_score: Any = np.nan,
        return_train_score: bool = False,
        factor: float | None = None,
        min_epochs: int | None = None,
        ensemble: bool = False,
        others: Sequence[Any] | None = None,
        max_memory: float | None = None,
        max_time: float | None = None,
        checkpoint: Any = None,
    ) -> None:
        self.estimator = estimator
        self.param_distributions = param_distributions
        self.n_iter = n_iter
        self.scoring = scoring
        self.n_jobs = n_jobs
        self.refit = refit
        self.cv = cv
        self.verbose = verbose
        self.random_state = random_state
        self.error_score = error_score
        self.return_train_score = return_train_score
        self.factor = factor
        self.min_epochs = min_epochs
        self.ensemble = ensemble
        self.others = others
        self.max_memory = max_memory
        self.max_time = max_time
        self.checkpoint = checkpoint

    def _candidates(self) -> list[dict[str, Any]]:
        sampler = ParameterSampler(
            self.param_distributions, self.n_iter, random_state=self.random_state
        )
        return list(sampler)
