"""TabularMLPClassifier."""

from collections.abc import Sequence
from numbers import Real
from typing import Any, ClassVar

from sknn.engine import Loss, Optimizer
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
from sknn.estimators._sklearn_compat import Interval, StrOptions
from sknn.estimators.classification import Classification
from sknn.estimators.classifier import MLPClassifier
from sknn.estimators.tabular import Tabular


@inherit_entries(MLPClassifier)
class TabularMLPClassifier(Tabular, Classification):
    """Multilayer perceptron classifier for tables with columns of any type.

    Numeric, categorical, text and boolean columns, with missing values and on any scale, are
    encoded batch by batch (see :class:`~sknn.TableEncoder`). The defaults come from a benchmark on
    many tables; `partial_fit` keeps the encoding of its first call.

    Parameters
    ----------
    categorical_features : "from_dtype", None or array-like, default="from_dtype"
        Categorical columns: "from_dtype" selects columns of categories, text and booleans; None
        selects none; else a boolean mask, or column numbers or names (and columns of text).
    n_bins : int or "auto", default="auto"
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
    label_smoothing : float or "auto", default="auto"
        Fraction of each label's probability to spread over the classes in training, in proportion
        to their weighted frequencies (in `partial_fit` those of the batch; multilabel: over 0 and
        1 of each column), and a fiftieth of it evenly, in [0, 1). "auto" is 0.05 if the loss gives
        probabilities, else 0.
    batch_size : int or "auto", default="auto"
        Samples per mini-batch; "auto" is ``min(128, n_samples)``.
    max_iter : int or "auto", default="auto"
        Maximum number of epochs (passes over the samples). "auto" makes 2500 steps, but at least 10
        epochs and at most 120; for "lbfgs" it is 120. Rows are counted, by their weights if these
        are larger, as ``n_rows = max(n_samples, sum(sample_weight))``; `class_weight` counts, too.
        In a stream, whose first call is `partial_fit`, the number of epochs is unknown: with "auto"
        the rates "one_cycle" and "cosine" are constant then, ``0.3 * learning_rate_init``.
    weight_decay : float or "auto", default="auto"
        Decoupled weight decay of "adamw": each step first multiplies the weights (not the offsets)
        by ``1 - rate * effective_decay`` [2]_, see `weight_decay_loss_power`. "auto" is
        ``10 * min(1, 1000 / n_rows)``, with rows counted as for `max_iter`, and 0.05 in a stream.
    weight_decay_loss_power : float, default=2.0
        Exponent p: the effective decay is
        ``weight_decay * min(1, ema(loss) / baseline_loss) ** p``, where ``ema`` is a moving average
        and ``baseline_loss`` that of the best constant prediction. With p of 1 or 2, noiseless data
        are hardly decayed, noisy data fully.
    dropout : float, list of float or "auto", default="auto"
        Dropout rate: probability that a hidden unit is set to zero in a training step, in [0, 1);
        one number for all hidden layers, or one per layer [3]_. "auto" is 0.15, and 0 for "lbfgs",
        which has no dropout.
    scoring : str, callable or None, default=None
        Validation score for `validation_scores_` and `early_stopping`: None and "loss" are the
        negative validation loss; else a scorer's name, such as "accuracy", or a callable
        ``scorer(estimator, X, y)``.
    cv : "auto", int, splitter, iterable of (train, test) or None, default="auto"
        "auto" chooses settings by rows held out of the training rows, trains networks with them on
        all rows, and divides raw outputs of a log loss by the best temperature: see the Notes. It
        does so only for max_iter="auto" and a learning rate with a horizon; it is None with X_val,
        `warm_start`, early stopping, for fewer than 30 rows, 5 groups or 2 rows of a class, if the
        training rows of a fold would not suffice (or lack a class), and for `partial_fit`; `refit`
        has no effect on it. None trains once. Else cross-fitting: for each split `n_members`
        networks are trained on its training rows, all at once, and predictions are averaged over
        all networks. An integer is the number of folds, stratified in classification with one
        column of exclusive classes, and not shuffled (see
        :func:`~sklearn.model_selection.check_cv`); of whole groups if `fit` is given `groups` (see
        :class:`~sklearn.model_selection.GroupKFold`). Row numbers count the rows as given, those of
        weight 0 included. Each network is scored on the rows of its own fold, which gives
        `oof_score_` and the calibration of prediction sets. With an integer `random_state` those of
        a fold equal a fit of its training rows alone (if these have all classes). Not with
        `warm_start` or X_val; without `partial_fit`.
    n_members : int or "auto", default="auto"
        Number of networks trained as an ensemble, each with its own initial weights, batches and
        dropout. Predictions are averaged (in classification, probabilities); see `predict_members`.
        With several networks, `coefs_` and `intercepts_` have a leading axis for them. "auto" is 1,
        or as many as cv="auto" chooses: `member_params_` has one item for each.
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
    temperature_ : float
        The number that divides the raw outputs of all networks, 1 if the loss is not a log loss;
        only if cv="auto" has chosen. The last weights and offsets, and so `decision_function`, are
        those after the division.

    See Also
    --------
    TabularMLPRegressor : Multilayer perceptron regressor for tables.
    MLPClassifier : The same network for numeric arrays, with scikit-learn's defaults.
    TableEncoder : The encoder of the columns.

    Notes
    -----
    The encoding is learned from the training rows without y: not from rows that are held back or
    X_val. The initial offsets of the output are the logarithms of the class frequencies. Bins are
    encoded as values up to 0.4, so that their effect is learned more slowly.

    With cv="auto" a fit begins with trials. Up to 3000 rows, these are 5 folds: of `groups` (of
    :class:`~sklearn.model_selection.GroupKFold`), stratified by class at random, without `shuffle`
    in the order of the rows. On them networks with a one-cycle of 25 epochs are trained, of 80, and
    of max_iter="auto", as long as more epochs give a lower loss on the rows held out (with 80 and
    more on two folds first, where they must be lower by 1 %). Of two numbers in turn the second is
    at least twice the first, or the first is left out. The best number of epochs, and each whose
    loss is within a standard error of it, are those of the networks that are trained on all rows:
    4, or 2 with each number, but no more epochs in all than three times max_iter="auto" have.
    `oof_prediction_`, `oof_score_` and intervals are those of the folds with the best number, or of
    linear models if there is nothing else.

    With "log_loss" and n_members="auto", linear models of the encoded columns are tried on the same
    folds, from strong to weak penalties, if the network can be a linear function: with "relu",
    "gelu", "silu" or "softplus", whose f(x) - f(-x) is x, no embeddings, and layers of at least
    twice as many units as raw outputs. None, a quarter, half, three quarters or all of the members
    are then linear models, whatever has the lowest loss there, each mixture at its own temperature;
    of those within half a standard error, the one with the fewest.

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

    The temperature minimises the log loss of the rows held out (Guo, Pleiss, Sun and Weinberger,
    2017, "On Calibration of Modern Neural Networks"); of those within half a standard error it is
    the nearest to 1.

    Examples
    --------
    >>> import pandas as pd
    >>> from sknn import TabularMLPClassifier
    >>> table = pd.DataFrame(
    ...     {"colour": ["red", "blue", None, "red"] * 25, "size": [1.0, None, 30.0, 4.0] * 25}
    ... )
    >>> y = ["apple", "plum", "melon", "apple"] * 25
    >>> model = TabularMLPClassifier(max_iter=20, random_state=0).fit(table, y)
    >>> model.predict(pd.DataFrame({"colour": ["green", "blue"], "size": [33.0, None]}))
    array(['melon', 'plum'], dtype='<U5')
    """

    _parameter_constraints: ClassVar[dict[str, Any]] = {
        **Classification._parameter_constraints,
        **Tabular._parameter_constraints,
        "label_smoothing": [StrOptions({"auto"}), Interval(Real, 0, 1, closed="left")],
    }

    _auto_dropout = 0.15
    _auto_epochs = (25, 80)
    _auto_members = (4, 2)

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
        dropout: float | Sequence[float] | Auto = "auto",
        n_iter_no_change: float = 10,
        initialization: Initialization = "he_normal",
        n_members: int | Auto = "auto",
        dtype: DType = "auto",
    ) -> None:
        self._store(locals())
