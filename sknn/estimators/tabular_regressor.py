"""TabularMLPRegressor."""

from collections.abc import Sequence
from typing import Any, ClassVar

from sknn.engine import Loss, Optimizer
from sknn.estimators._docstrings import inherit_entries
from sknn.estimators._parameters import (
    Activation,
    Auto,
    CrossValidation,
    DType,
    EarlyStoppingMode,
    HiddenLayerSizes,
    Initialization,
    LearningRate,
    RandomState,
    RegressionLoss,
    Scoring,
    SolverName,
)
from sknn.estimators.regression import Regression
from sknn.estimators.regressor import MLPRegressor
from sknn.estimators.tabular import Tabular


@inherit_entries(MLPRegressor)
class TabularMLPRegressor(Tabular, Regression):
    """Multilayer perceptron regressor for tables with columns of any type.

    Numeric, categorical, text and boolean columns, with missing values and on any scale, are
    encoded batch by batch (see :class:`~sknn.TableEncoder`). The defaults come from a benchmark on
    many tables; `partial_fit` keeps the encoding of its first call.

    Parameters
    ----------
    categorical_features : "from_dtype", None or array-like, default="from_dtype"
        Categorical columns: "from_dtype" selects columns of categories, text and booleans; None
        selects none; else a boolean mask, or column numbers or names (and columns of text).
    n_bins : int or "auto", default=48
        Maximum number of quantile bins that encode a numeric column, in addition to its value; 0
        for none. "auto" is 48, or less so that all columns have about 256 together (but at least 2
        each) and each bin has 64 rows (but at least 4 bins). Values in more than a tenth of the
        rows have further bins next to them.
    min_frequency : int, default=5
        Categories with fewer training rows share one encoding, with those unseen in training.
    encoder : TableEncoder or None, default=None
        None: the encoding is learned from the training rows, with the parameters above. A fitted
        encoder is used as it is, in `fit`, for each fold of `cv` and in `partial_fit`, whose first
        batch need not have all categories then; clones of the estimator keep it. The settings of an
        encoder that is not fitted take the place of the parameters above.
    batch_size : int or "auto", default="auto"
        Samples per mini-batch; "auto" is ``min(128, n_samples)``.
    max_iter : int or "auto", default="auto"
        Maximum number of epochs (passes over the samples). "auto" makes 2500 steps, but at least 10
        epochs and at most 300 (60 for "quantile", whose intervals would become too narrow); for
        "lbfgs" it is this maximum. Rows are counted as
        ``n_rows = max(n_samples, sum(sample_weight))``. In a stream, whose first call is
        `partial_fit`, the number of epochs is unknown: with "auto" the rates "one_cycle" and
        "cosine" are constant then, ``0.3 * learning_rate_init``.
    weight_decay : float or "auto", default="auto"
        Decoupled weight decay of "adamw": each step first multiplies the weights (not the offsets)
        by ``1 - rate * effective_decay`` [2]_, see `weight_decay_loss_power`. "auto" is
        ``10 * min(1, 2500 / n_rows)``, with rows counted as for `max_iter`, and 0.05 in a stream.
    weight_decay_loss_power : float, default=2.0
        Exponent p: the effective decay is
        ``weight_decay * min(1, ema(loss) / baseline_loss) ** p``, where ``ema`` is a moving average
        and ``baseline_loss`` that of the best constant prediction. With p of 1 or 2, noiseless data
        are hardly decayed, noisy data fully.
    scoring : str, callable or None, default=None
        Validation score for `validation_scores_` and `early_stopping`: None and "loss" are the
        negative validation loss; else a scorer's name, such as "r2", or a callable
        ``scorer(estimator, X, y)``. Unknown targets are ignored by the loss, and an error with
        scikit-learn's scorers.
    cv : "auto", int, splitter, iterable of (train, test) or None, default="auto"
        "auto" chooses settings by rows held out of the training rows, and trains networks with them
        on all rows: see the Notes. It does so only for max_iter="auto" and a learning rate with a
        horizon; it is None with X_val, `warm_start`, early stopping, for fewer than 30 rows or 5
        groups, if the training rows of a fold would not suffice, and for `partial_fit`; `refit` has
        no effect on it. None trains once. Else cross-fitting: for each split `n_members` networks
        are trained on its training rows, all at once, and predictions are averaged over all
        networks. An integer is the number of folds, not shuffled (see
        :func:`~sklearn.model_selection.check_cv`); of whole groups if `fit` is given `groups` (see
        :class:`~sklearn.model_selection.GroupKFold`). Row numbers count the rows as given, those of
        weight 0 included. Each network is scored on the rows of its own fold, which gives
        `oof_score_` and the calibration of prediction intervals. With an integer `random_state`
        those of a fold equal a fit of its training rows alone. Not with `warm_start` or X_val;
        without `partial_fit`.
    n_members : int or "auto", default="auto"
        Number of networks trained as an ensemble, each with its own initial weights, batches and
        dropout. Predictions are averaged; see `predict_members`. With several networks, `coefs_`
        and `intercepts_` have a leading axis for them. "auto" is 1, and up to 12 if cv="auto"
        chooses settings: `member_params_` has one item for each.
    dtype : {"auto", "float32", "float64"}, default="auto"
        Type of all computations: "auto" is float32 (faster) if X is float32 or has more than 20 000
        elements once encoded, else float64; `partial_fit` decides at its first call.
        Predictions (not labels) have this type, too; with "auto" they are float32 if the X to
        predict is a float32 array and y is not standardized, else float64.

    Attributes
    ----------
    encoder_ : TableEncoder or list of these
        Fitted encoder of the columns; its `get_feature_names_out` names the rows of ``coefs_[0]``.
        With `cv`, and without `refit`, a list with one for each fold: the rows of ``coefs_[0]``
        beyond those of a fold are 0.
    member_params_ : list of dict
        The settings that cv="auto" has chosen for each network: "max_iter", and of more than 3000
        rows "weight_decay", unless it is given. A member with "alpha", the strength of its L2
        penalty, and ``hidden_layer_sizes=()`` is a linear model of the encoded columns, in the form
        of a network like the others. Only if it has chosen.

    See Also
    --------
    TabularMLPClassifier : Multilayer perceptron classifier for tables.
    MLPRegressor : The same network for numeric arrays, with scikit-learn's defaults.
    TableEncoder : The encoder of the columns.

    Notes
    -----
    The encoding (without y) and the scale of y are learned from the training rows, not from rows
    that are held back or X_val. The initial offsets of the output give the best constant
    prediction. Bins are encoded as values up to 0.4, so that their effect is learned more slowly.

    With cv="auto" a fit begins with trials. Up to 3000 rows, these are 5 folds: of `groups` (of
    :class:`~sklearn.model_selection.GroupKFold`), at random, without `shuffle` in the order of the
    rows. On them networks with a one-cycle of 8 and of 25 epochs are trained, of 80, and of
    max_iter="auto", as long as more epochs give a lower loss on the rows held out (with 80 and more
    on two folds first, where they must be lower by 1 %). Of two numbers in turn the second is at
    least twice the first, or the first is left out. The best number of epochs, and each whose loss
    is within a standard error of it, are those of the networks that are trained on all rows: 5, or
    4 with each number, but no more epochs in all than three times max_iter="auto" have.
    `oof_prediction_`, `oof_score_` and intervals are those of the folds with the best number, or of
    linear models if there is nothing else.

    With "squared_error" and n_members="auto", linear models of the encoded columns are tried on the
    same folds, from strong to weak penalties, if the network can be a linear function: with "relu",
    "gelu", "silu" or "softplus", whose f(x) - f(-x) is x, no embeddings, and layers of at least
    twice as many units as outputs. None, a quarter, half, three quarters or all of the members are
    then linear models, whatever has the lowest loss there; of those within half a standard error,
    the one with the fewest.

    Of more than 3000 rows a tenth (up to a fifth, for 1000 rows) is held out. Two networks with a
    quarter of the epochs, one of them with a tenth of weight_decay="auto", and one with half of the
    epochs and the better of these decays are trained on the others. The two short ones, a long one,
    or all three, whatever is best together, are then trained on all rows, the long one for all
    epochs, or three times as many if half of them have at most 0.65 of the loss of a quarter. Above
    20 000 rows it is a single long one.

    An explicit `n_members` or `weight_decay` is kept. If `max_time`, Ctrl-C or a callback ends the
    search, the best networks so far are the result, those of the 5 folds or one that was trained
    without the rows held out. Rows that are copies of each other are best given as `groups` or by
    `sample_weight`: if they are in several folds, the loss looks lower than it is.

    Examples
    --------
    >>> import numpy as np
    >>> import pandas as pd
    >>> from sknn import TabularMLPRegressor
    >>> rng = np.random.RandomState(0)
    >>> town, rooms = rng.choice(["Ulm", "Bonn"], 300), rng.randint(1, 7, 300)
    >>> table = pd.DataFrame({"town": town, "rooms": rooms})
    >>> rent = 200.0 * rooms + 150.0 * (town == "Bonn")
    >>> model = TabularMLPRegressor(n_members=4, max_iter=30, random_state=0).fit(table, rent)
    >>> mean, std = model.predict(table[:2], return_std=True)
    """

    _parameter_constraints: ClassVar[dict[str, Any]] = {
        **Regression._parameter_constraints,
        **Tabular._parameter_constraints,
    }

    _decayed_rows = 2500

    @property
    def _auto_max_epochs(self) -> int:  # type: ignore[override]
        return 60 if self.loss == "quantile" else 300

    def __init__(
        self,
        hidden_layer_sizes: HiddenLayerSizes = (256, 128),
        activation: Activation = "silu",
        *,
        categorical_features: Any = "from_dtype",
        n_bins: int | Auto = 48,
        min_frequency: int = 5,
        encoder: Any = None,
        loss: RegressionLoss | Loss = "auto",
        quantile: float | Sequence[float] = 0.5,
        huber_delta: float = 1.0,
        standardize_y: bool = True,
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
        cv: CrossValidation = "auto",
        refit: bool = False,
        momentum: float = 0.9,
        nesterovs_momentum: bool = True,
        beta_1: float = 0.9,
        beta_2: float = 0.97,
        epsilon: float = 1e-8,
        weight_decay: float | Auto = "auto",
        weight_decay_loss_power: float = 2.0,
        clip_gradient_norm: float | None = None,
        dropout: float | Sequence[float] | Auto = 0.0,
        n_iter_no_change: float = 10,
        initialization: Initialization = "he_normal",
        n_members: int | Auto = "auto",
        dtype: DType = "auto",
    ) -> None:
        self._store(locals())
