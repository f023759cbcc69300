"""BatchedGridSearchCV and BatchedRandomizedSearchCV."""

from collections.abc import Mapping, Sequence
from numbers import Integral
from typing import Any, ClassVar

import numpy as np
from sklearn.model_selection import ParameterGrid, ParameterSampler

from sknn.estimators._docstrings import inherit_entries
from sknn.estimators._parameters import CrossValidation, RandomState
from sknn.estimators._sklearn_compat import Interval
from sknn.search._base import BatchedSearchCV


class BatchedGridSearchCV(BatchedSearchCV):
    """Grid search that trains the networks of all candidates and folds together.

    The scores are those of :class:`~sklearn.model_selection.GridSearchCV`, up to rounding, if
    `random_state` of the estimator is an integer, and so is the best estimator. (Only networks that
    diverge have no score here.) It takes less time if the networks are small: dozens of them make
    each step by the same few operations.

    Parameters
    ----------
    estimator : estimator
        One of this package, or a pipeline that ends in one; its transformers are fitted once for
        each split and setting. Other estimators, and networks that cannot be trained in batches
        ("lbfgs", `verbose`, `max_time`, `cv`, callbacks, a `fit` of its own), are fitted one by
        one, and with `factor` to their end in the first rung. ``cv="auto"`` of this estimator is
        None in a search, which itself chooses settings.
    param_grid : dict or list of dict
        Values of parameters, all of whose combinations are tried.
    scoring : str, callable, list, tuple, dict or None, default=None
        Scores of the test rows, as in :class:`~sklearn.model_selection.GridSearchCV`; None is the
        estimator's own score.
    n_jobs : int or None, default=None
        Number of processes, each with some of the chunks of networks; None is one.
    refit : bool, str or callable, default=True
        Whether to fit the best candidate to all rows; with several scores the name of the one that
        counts, or a function of `cv_results_` that returns the number of the best candidate.
    cv : int, splitter, iterable of (train, test) or None, default=None
        The splits; None is 5 folds, stratified for classifiers.
    verbose : int, default=0
        Whether to print a line per chunk.
    error_score : "raise" or float, default=nan
        Score of a fit that fails or diverges, with a warning that counts them; "raise" raises its
        error.
    return_train_score : bool, default=False
        Whether to score the training rows, too.
    factor : float or None, default=None
        With a number above 1, successive halving: all candidates train for a few epochs, one in
        `factor` continues to `factor` times as many, and so on; the last ones are trained to their
        end. None trains all of them to their end. Networks continue from where they are, except
        with schedules of the learning rate that have an end, such as "one_cycle": these get a
        shorter whole schedule in each rung, and restart.
    min_epochs : int or None, default=None
        Epochs of the first rung. None is `max_iter` divided by `factor` once for each rung that
        leaves a candidate or more.
    ensemble : bool, default=False
        Whether predictions are those of `ensemble_`: an average of candidates, of the estimator
        with its own parameters, and of `others`, with weights from greedy selection by out-of-fold
        predictions [1]_. These minimise the log loss, the pinball loss of a quantile, or else the
        squared error, whatever `scoring` is, with the sample weights of the final step. With
        `factor` those that left early count, too. Each chosen one is fitted to all rows, with as
        many members (`n_members`) as there are folds, at most 10, if it is a single network, and
        with fewer if there is little time; those for which time is over, and all with
        ``refit=False``, predict by the mean of the fits to the folds.
    others : list of estimator or None, default=None
        A list of further estimators of any kind for the ensemble, cross-validated on the same
        splits. They get X and the parameters of `fit` as they are: one that takes no text, or no
        `sample_weight`, must be in a pipeline that prepares them. With `max_time` they have two
        fifths of it before the candidates, and what is left after them.
    max_memory : float or None, default=None
        Bytes that the networks in training may take, about; inf is no bound. None is a quarter of
        what is free.
    max_time : float or None, default=None
        Seconds for `fit`. Three tenths are kept for the final fits; that of the best candidate is
        not cut short. Candidates that are not finished by then do not count. With `factor`,
        candidates beyond ``factor**3`` are divided into brackets of so many, one after the other,
        so that some are trained to their end. If time is over in the first bracket, the best
        candidate is one of the last rung that was finished, fitted with the schedule that was
        scored.
    checkpoint : str, path or None, default=None
        Directory in which finished chunks are kept, so that a search that was killed is run again
        and resumes: with the same data, parameters and `n_jobs` it ends with equal bits. The files
        are pickles: use no directory that others can write to. `max_memory` should be given; None
        is no bound here.

    Attributes
    ----------
    cv_results_ : dict of arrays
        As in scikit-learn, with `split*_best_iteration` and `mean_best_iteration`: the number of
        epochs, with early stopping that of the best one. With `factor`, `rung` is the last one of
        each candidate, from 0, and candidates of later rungs have better ranks.
    best_estimator_ : estimator
        The best candidate, fitted to all rows; only with `refit`. After a search with `factor`,
        early stopping is replaced by the number of epochs that was best for all folds together.
    best_score_ : float
        Mean score of the best candidate.
    best_params_ : dict
        Its parameters.
    best_index_ : int
        Its number in `cv_results_`.
    ensemble_ : SearchEnsemble
        Only with ``ensemble=True``: its `members_` have the candidates and their weights.
    oof_score_ : float or dict
        Score of the ensemble of the folds: the mean over the folds of the score of weights that
        were chosen without this fold. The candidates were trained without it, too. Fitted to all
        rows, the ensemble is better than that on most tables. With `factor`, those that stayed were
        chosen by all folds.
    scorer_ : callable or dict
        The scorers.
    n_splits_ : int
        The number of splits.
    refit_time_ : float
        Seconds of the final fit of the best candidate.
    multimetric_ : bool
        Whether there are several scores.
    classes_ : array
        Class labels; only for classifiers.
    n_features_in_ : int
        The number of columns of X.
    feature_names_in_ : array
        Their names, if X has any.

    See Also
    --------
    BatchedRandomizedSearchCV : The same for a number of random candidates.

    References
    ----------
    .. [1] Caruana, Niculescu-Mizil, Crew and Ksikes (2004), "Ensemble Selection from Libraries of
       Models".

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from sknn import MLPClassifier
    >>> from sknn.search import BatchedGridSearchCV
    >>> X, y = load_iris(return_X_y=True)
    >>> settings = {"learning_rate": "one_cycle", "learning_rate_init": 0.03, "max_iter": 60}
    >>> network = MLPClassifier((16,), **settings, random_state=0)
    >>> search = BatchedGridSearchCV(network, {"alpha": [1e-4, 1e-2, 10]}, factor=3).fit(X, y)
    >>> int(search.cv_results_["rung"].max())
    1
    """

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


@inherit_entries(BatchedGridSearchCV)
class BatchedRandomizedSearchCV(BatchedSearchCV):
    """Search of random candidates that trains the networks of all candidates and folds together.

    The candidates and their scores are those of
    :class:`~sklearn.model_selection.RandomizedSearchCV`, up to rounding.

    Parameters
    ----------
    estimator : estimator
        As for :class:`BatchedGridSearchCV`.
    param_distributions : dict or list of dict
        Lists of values, or distributions with a method `rvs`, by parameter. Each estimator of this
        package has a method `search_space` that returns what is worth trying.
    n_iter : int, default=10
        The number of candidates.
    random_state : int, RandomState or None, default=None
        Draws the candidates.

    Attributes
    ----------
    classes_ : array
        Class labels; only for classifiers.
    n_features_in_ : int
        The number of columns of X.

    See Also
    --------
    BatchedGridSearchCV : The same for all combinations of some values.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from sknn import MLPClassifier
    >>> from sknn.search import BatchedRandomizedSearchCV
    >>> X, y = load_iris(return_X_y=True)
    >>> settings = {"learning_rate": "one_cycle", "learning_rate_init": 0.03, "max_iter": 60}
    >>> network = MLPClassifier((16,), **settings, random_state=0)
    >>> choices = {"alpha": [1e-4, 1e-2, 1], "dropout": [0, 0.1, 0.2]}
    >>> search = BatchedRandomizedSearchCV(
    ...     network, choices, n_iter=4, ensemble=True, random_state=0
    ... ).fit(X, y)
    >>> bool(search.oof_score_ > 0.9)
    True
    """

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
