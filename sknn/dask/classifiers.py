"""DaskMLPClassifier and DaskTabularMLPClassifier."""

from collections.abc import Sequence
from typing import Any

from sknn.dask._base import DaskClassification
from sknn.engine import Loss, Optimizer
from sknn.estimators import MLPClassifier, TabularMLPClassifier
from sknn.estimators._docstrings import inherit_entries
from sknn.estimators._parameters import (
    Activation,
    Auto,
    ClassificationLoss,
    ClassWeight,
    CrossValidation,
    DType,
    EarlyStoppingMode,
    HiddenLayerSizes,
    Initialization,
    LearningRate,
    RandomState,
    Scoring,
    SolverName,
)


@inherit_entries(MLPClassifier)
class DaskMLPClassifier(DaskClassification):
    """Multilayer perceptron classifier that trains on a Dask cluster.

    Each partition of X is a shard: it makes mini-batch steps from common parameters, which are then
    averaged over the shards. No worker keeps anything that is needed later, so that workers may
    come and go; the result depends on the partitions, not on the workers.

    Parameters
    ----------
    batch_size : int or "auto", default="auto"
        Samples per mini-batch of a shard. With k shards "auto" is the local estimator's divided by
        k, but at least 32: then as many samples as there make a step of all shards together.
    max_iter : int, default=200
        Maximum number of epochs (passes over the samples of all shards).
    random_state : int, RandomState instance or None, default=None
        Generator or seed for initial weights, validation split, shuffling and dropout; each shard
        draws from a generator of its own, seeded by this one. Pass an int for reproducible results,
        which do not depend on the workers.
    warm_start : bool, default=False
        True is refused.
    early_stopping : bool or "auto", default=False
        Whether to end training when the validation score has not improved by `tol` for
        `n_iter_no_change` epochs ("cosine" and "one_cycle" run for all epochs nevertheless), and to
        restore the weights of the best epoch. "auto" is True for more than 10 000 rows. The score
        is that of the rows that all shards hold back.
    validation_fraction : float, default=0.1
        Fraction of the rows of each partition to hold back for `early_stopping`; a partition with
        too few rows holds none back.
    scoring : str, callable or None, default=None
        Validation score for `validation_scores_` and `early_stopping`: None is the accuracy, "loss"
        the negative validation loss; of all rows held back. A scorer's name or a callable
        ``scorer(estimator, X, y)`` is called for each shard, and the mean is weighted by their
        rows.
    refit : bool, default=False
        True is refused.
    cv : None, default=None
        Anything but None is refused: cross-fitting needs the folds of all rows in one place.
    client : distributed.Client or None, default=None
        The client whose cluster trains; None is the current one. It stays in clones, and is left
        out of pickles.
    n_rounds : int or None, default=None
        Number of rounds in which the `max_iter` epochs are made; the parameters of the shards are
        averaged after each. None: it follows from `local_steps`.
    local_steps : int or "auto", default="auto"
        Largest number of mini-batch steps of a shard in a round, if `n_rounds` is None. "auto"
        makes up to eight rounds an epoch, of at least 16 steps.
    outer_learning_rate : float, default=0.7
        Factor of the step from the parameters before a round to their mean after it.
    outer_momentum : float, default=0.8
        Nesterov's momentum of these steps, in [0, 1) (Douillard et al., 2023, "DiLoCo: Distributed
        Low-Communication Training of Language Models"). With 0, and an `outer_learning_rate` of 1,
        the mean itself is taken: then the fit of a single partition is that of the local
        estimator, bit for bit.

    Attributes
    ----------
    n_rounds_ : int
        Number of rounds that were made.

    See Also
    --------
    MLPClassifier : The local estimator; parameters and attributes mean the same.

    Examples
    --------
    >>> import dask.array as da
    >>> from dask.distributed import Client
    >>> from sklearn.datasets import load_iris
    >>> from sknn.dask import DaskMLPClassifier
    >>> X, y = load_iris(return_X_y=True)
    >>> X, y = da.from_array(X[::-1], chunks=(50, 4)), da.from_array(y[::-1], chunks=50)
    >>> client = Client(processes=False, dashboard_address=None)  # doctest: +SKIP
    >>> model = DaskMLPClassifier((16,), client=client, random_state=0).fit(X, y)  # doctest: +SKIP
    >>> model.predict_proba(X).compute()  # doctest: +SKIP
    >>> model.to_local().save("model.sknn")  # doctest: +SKIP
    """

    _local_class = MLPClassifier

    def __init__(
        self,
        hidden_layer_sizes: HiddenLayerSizes = (100,),
        activation: Activation = "relu",
        *,
        loss: ClassificationLoss | Loss = "auto",
        label_smoothing: float = 0.0,
        class_weight: ClassWeight = None,
        solver: SolverName | Optimizer = "adam",
        alpha: float = 0.0001,
        batch_size: int | Auto = "auto",
        learning_rate: LearningRate = "constant",
        learning_rate_init: float = 0.001,
        power_t: float = 0.5,
        max_iter: int = 200,
        max_fun: int = 15000,
        max_time: float | None = None,
        shuffle: bool = True,
        random_state: RandomState = None,
        tol: float = 1e-4,
        verbose: bool | int = False,
        warm_start: bool = False,
        early_stopping: EarlyStoppingMode = False,
        validation_fraction: float | None = 0.1,
        scoring: Scoring = None,
        cv: CrossValidation = None,
        refit: bool = False,
        momentum: float = 0.9,
        nesterovs_momentum: bool = True,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float = 1e-8,
        weight_decay: float = 0.01,
        clip_gradient_norm: float | None = None,
        dropout: float | Sequence[float] = 0.0,
        n_iter_no_change: float = 10,
        initialization: Initialization = "auto",
        n_members: int = 1,
        dtype: DType = "auto",
        client: Any = None,
        n_rounds: int | None = None,
        local_steps: int | Auto = "auto",
        outer_learning_rate: float = 0.7,
        outer_momentum: float = 0.8,
    ) -> None:
        self._store(locals())


@inherit_entries(TabularMLPClassifier)
class DaskTabularMLPClassifier(DaskClassification):
    """Multilayer perceptron classifier for Dask tables with columns of any type.

    Each partition of X is a shard: it makes mini-batch steps from common parameters, which are then
    averaged over the shards. The encoding of the columns is learned from all partitions. No worker
    keeps anything that is needed later, so that workers may come and go; the result depends on the
    partitions, not on the workers.

    Parameters
    ----------
    batch_size : int or "auto", default="auto"
        Samples per mini-batch of a shard. With k shards "auto" is the local estimator's divided by
        k, but at least 32: then as many samples as there make a step of all shards together.
    max_iter : int or "auto", default="auto"
        Maximum number of epochs (passes over the samples of all shards). "auto" follows from
        the number of all rows, as in the local estimator.
    random_state : int, RandomState instance or None, default=None
        Generator or seed for initial weights, validation split, shuffling and dropout; each shard
        draws from a generator of its own, seeded by this one. Pass an int for reproducible results,
        which do not depend on the workers.
    warm_start : bool, default=False
        True is refused.
    early_stopping : bool or "auto", default=False
        Whether to end training when the validation score has not improved by `tol` for
        `n_iter_no_change` epochs ("cosine" and "one_cycle" run for all epochs nevertheless), and to
        restore the weights of the best epoch. "auto" is True for more than 10 000 rows. The score
        is that of the rows that all shards hold back.
    validation_fraction : float, default=0.1
        Fraction of the rows of each partition to hold back for `early_stopping`; a partition with
        too few rows holds none back.
    scoring : str, callable or None, default=None
        Validation score for `validation_scores_` and `early_stopping`: None and "loss" are the
        negative validation loss, of all rows held back. A scorer's name or a callable
        ``scorer(estimator, X, y)`` is called for each shard, and the mean is weighted by their
        rows.
    refit : bool, default=False
        True is refused.
    cv : None, default=None
        Anything but None is refused: cross-fitting needs the folds of all rows in one place.
    n_members : int or "auto", default="auto"
        Number of networks trained as an ensemble; "auto" is 1.
    weight_decay : float or "auto", default="auto"
        Decoupled weight decay of "adamw", see `weight_decay_loss_power`. "auto" is
        ``10 * min(1, 1000 / n_rows)`` with the number of all rows, divided by
        ``outer_learning_rate / (1 - outer_momentum)``, by which the outer steps multiply it.
    client : distributed.Client or None, default=None
        The client whose cluster trains; None is the current one. It stays in clones, and is left
        out of pickles.
    n_rounds : int or None, default=None
        Number of rounds in which the `max_iter` epochs are made; the parameters of the shards are
        averaged after each. None: it follows from `local_steps`.
    local_steps : int or "auto", default="auto"
        Largest number of mini-batch steps of a shard in a round, if `n_rounds` is None. "auto"
        makes up to eight rounds an epoch, of at least 16 steps.
    outer_learning_rate : float, default=0.7
        Factor of the step from the parameters before a round to their mean after it.
    outer_momentum : float, default=0.8
        Nesterov's momentum of these steps, in [0, 1) (Douillard et al., 2023, "DiLoCo: Distributed
        Low-Communication Training of Language Models"). With 0, and an `outer_learning_rate` of 1,
        the mean itself is taken: then the fit of a single partition is that of the local
        estimator, bit for bit.

    Attributes
    ----------
    n_rounds_ : int
        Number of rounds that were made.

    See Also
    --------
    TabularMLPClassifier : The local estimator; parameters and attributes mean the same.

    Examples
    --------
    >>> import dask.dataframe as dd
    >>> from dask.distributed import Client
    >>> from sknn.dask import DaskTabularMLPClassifier
    >>> client = Client("scheduler:8786")  # doctest: +SKIP
    >>> table = dd.read_parquet("taxi/")  # doctest: +SKIP
    >>> model = DaskTabularMLPClassifier(client=client).fit(table, "tipped")  # doctest: +SKIP
    >>> model.predict_proba(table).to_parquet("tips/")  # doctest: +SKIP
    >>> model.to_local().save("model.sknn")  # doctest: +SKIP
    """

    _local_class = TabularMLPClassifier

    def __init__(
        self,
        hidden_layer_sizes: HiddenLayerSizes = (256, 128),
        activation: Activation = "silu",
        *,
        categorical_features: Any = "from_dtype",
        n_bins: int | Auto = "auto",
        min_frequency: int = 5,
        encoder: Any = None,
        loss: ClassificationLoss | Loss = "auto",
        label_smoothing: float | Auto = "auto",
        class_weight: ClassWeight = None,
        solver: SolverName | Optimizer = "adamw",
        alpha: float = 0.0,
        batch_size: int | Auto = "auto",
        learning_rate: LearningRate = "one_cycle",
        learning_rate_init: float = 0.01,
        power_t: float = 0.5,
        max_iter: int | Auto = "auto",
        max_fun: int = 15000,
        max_time: float | None = None,
        shuffle: bool = True,
        random_state: RandomState = None,
        tol: float = 1e-4,
        verbose: bool | int = False,
        warm_start: bool = False,
        early_stopping: EarlyStoppingMode = False,
        validation_fraction: float | None = 0.1,
        scoring: Scoring = None,
        cv: CrossValidation = None,
        refit: bool = False,
        momentum: float = 0.9,
        nesterovs_momentum: bool = True,
        beta_1: float = 0.9,
        beta_2: float = 0.97,
        epsilon: float = 1e-8,
        weight_decay: float | Auto = "auto",
        weight_decay_loss_power: float = 2.0,
        clip_gradient_norm: float | None = None,
        dropout: float | Sequence[float] | Auto = "auto",
        n_iter_no_change: float = 10,
        initialization: Initialization = "he_normal",
        n_members: int | Auto = "auto",
        dtype: DType = "auto",
        client: Any = None,
        n_rounds: int | None = None,
        local_steps: int | Auto = "auto",
        outer_learning_rate: float = 0.7,
        outer_momentum: float = 0.8,
    ) -> None:
        self._store(locals())
