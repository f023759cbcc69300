"""TabularMLPRegressor."""

from collections.abc import Sequence
from typing import Any, ClassVar

from sknn.engine import Loss, Optimizer
from sknn.estimators._parameters import (
    Activation,
    Auto,
    DType,
    HiddenLayerSizes,
    Initialization,
    LearningRate,
    RandomState,
    RegressionLoss,
    Scoring,
    SolverName,
)
from sknn.estimators.regression import Regression
from sknn.estimators.tabular import Tabular


class TabularMLPRegressor(Tabular, Regression):
    """Multilayer perceptron regressor for tables with columns of any type.

    Numeric, categorical, text and boolean columns, with missing values and on any scale, are
    encoded batch by batch (see :class:`~sknn.TableEncoder`). The defaults come from a benchmark on
    many tables; `partial_fit` keeps the encoding of its first call.

    Parameters
    ----------
    hidden_layer_sizes : int or array-like of int, default=(256, 128)
        Number of units in each hidden layer; ``()`` gives a linear model.
    activation : {"identity", "logistic", "tanh", "relu", "leaky_relu", "elu", "selu", "gelu", \
            "silu", "mish", "softplus", "exp"}, Module or list of these, default="silu"
        Activation of the hidden layers, or a list with one per layer: a name, or a `Module` of
        `sknn.engine` or of your own. "identity" is linear, "logistic" is the sigmoid function.
    categorical_features : "from_dtype", None or array-like, default="from_dtype"
        Categorical columns: "from_dtype" selects columns of categories, text and booleans; None
        selects none; else a boolean mask, column numbers or column names.
    n_bins : int or "auto", default=48
        Maximum number of quantile bins that encode a numeric column, in addition to its value; 0
        for none. "auto" is 48, or less so that all columns have about 256 together (but at least 2
        each) and each bin has 64 rows (but at least 4 bins).
    min_frequency : int, default=5
        Categories with fewer training rows share one encoding, with those unseen in training.
    loss : {"auto", "squared_error", "absolute_error", "huber", "quantile", "poisson", "gamma"} \
            or Loss, default="auto"
        Function to minimise, summed over outputs:

        - "squared_error" ("auto"): half the squared error, estimates the mean;
        - "absolute_error": estimates the median;
        - "huber": half the squared error up to `huber_delta`, linear beyond;
        - "quantile": pinball loss, estimates `quantile`;
        - "poisson": half the Poisson deviance, for counts (y >= 0), with a log link;
        - "gamma": half the gamma deviance, for positive amounts (y > 0), with a log link;
        - a `Loss` of `sknn.engine` or of your own.
    quantile : float or list of float, default=0.5
        Level that "quantile" estimates, in (0, 1). An increasing list gives one column per level,
        and these never cross; a list of one is the same as the number.
    huber_delta : float, default=1.0
        Absolute error from which "huber" is linear, in the units of y.
    standardize_y : bool, default=True
        Whether to train on y with mean 0 and standard deviation 1 in each column of the training
        rows (for "poisson" and "gamma": with mean 1). Predictions and losses are in the units of y,
        except that losses summed over several columns are not converted; `tol` is in standard
        deviations.
    solver : {"adam", "adamw", "rmsprop", "sgd", "lbfgs"} or Optimizer, default="adamw"
        Optimisation method:

        - "adam": steps scaled by running means of the gradient and of its square [1]_;
        - "adamw": Adam with decoupled weight decay, see `weight_decay`;
        - "rmsprop": steps scaled by a running mean of the squared gradient;
        - "sgd": stochastic gradient descent with momentum;
        - "lbfgs": L-BFGS, a quasi-Newton method on all samples at once, good for small data. Its
          iterations count as epochs; parameters of batches and learning rates are not used;
        - an `Optimizer` of `sknn.engine` or of your own.
    alpha : float, default=0.0
        Strength of the L2 penalty ``alpha / 2 * sum(W ** 2)`` on the weights (not the offsets),
        added to the *mean* loss, whatever the batch size, as in
        :class:`~sklearn.linear_model.SGDClassifier`; scikit-learn's MLP divides it by the batch
        size.
    batch_size : int or "auto", default="auto"
        Samples per mini-batch; "auto" is ``min(128, n_samples)``.
    learning_rate : {"constant", "invscaling", "adaptive", "cosine", "one_cycle"} or callable, \
            default="one_cycle"
        Learning rate of step t = 0, 1, ... (one per mini-batch) of the stochastic solvers:

        - "constant": `learning_rate_init`;
        - "invscaling": ``learning_rate_init / (t + 1) ** power_t``;
        - "adaptive": `learning_rate_init`, divided by 5 after `n_iter_no_change` epochs without
          improvement of the loss; training ends at 1e-6, but not `partial_fit`, which counts across
          calls;
        - "cosine": cosine decay from `learning_rate_init` towards 0 over `max_iter` epochs;
        - "one_cycle": from 1/25 of `learning_rate_init` up to it in the first 30 % of the steps,
          then cosine decay. Suits short training: `max_iter` of 3 to 30, ten times the usual rate;
        - a callable ``eta(t)`` that returns the rate; to pickle the model, not a lambda.
    learning_rate_init : float, default=0.01
        Initial learning rate; the peak of "one_cycle". "cosine" and "one_cycle" end after
        `max_iter` epochs, in `partial_fit` too; further epochs use their last rate.
    power_t : float, default=0.5
        Exponent of "invscaling".
    max_iter : int or "auto", default="auto"
        Maximum number of epochs (passes over the samples). "auto" makes 2500 steps, but at least 10
        epochs and at most 300 (60 for "quantile", whose intervals would become too narrow). Rows
        are counted as ``n_rows = max(n_samples, sum(sample_weight))``.
    max_fun : int, default=15000
        Maximum number of evaluations of the objective by "lbfgs".
    max_time : float or None, default=None
        Seconds after which `fit` (`refit` included) ends with the current epoch; None: no limit.
    shuffle : bool, default=True
        Whether to shuffle the samples in each epoch.
    random_state : int, RandomState instance or None, default=None
        Generator or seed for initial weights, validation split, shuffling and dropout. Pass an int
        for reproducible results.
    tol : float, default=0.0001
        Minimum decrease of the loss below its best value that counts as an improvement; of the
        score, minimum increase. "lbfgs" ends when no component of the gradient is larger.
    verbose : bool or int, default=False
        Whether to print a line per epoch.
    warm_start : bool, default=False
        Whether `fit` continues from the last fit (weights, solver state, generator) with new
        counters. With a constant rate, 5 epochs and 5 more equal 10, bit for bit.
    early_stopping : bool or "auto", default=False
        Whether to end training when the validation score has not improved by `tol` for
        `n_iter_no_change` epochs, and to restore the weights of the best epoch. "auto" is True if
        `fit` is given X_val or more than 10 000 rows. Not used by `partial_fit`.
    validation_fraction : float, default=0.1
        Fraction of the rows to hold back for `early_stopping` if `fit` is not given X_val. Mutually
        exclusive classes are stratified, and each stays in training; with ``shuffle=False`` the
        last rows are held back. Each `fit` makes a new split, also with `warm_start`.
    scoring : str, callable or None, default=None
        Validation score for `validation_scores_` and `early_stopping`: None is R2 ("loss" for
        "quantile" and other losses with several raw outputs per target), "loss" the negative
        validation loss; else a scorer's name or a callable ``scorer(estimator, X, y)``. Unknown
        targets are ignored by None and "loss", and an error with scikit-learn's scorers.
    refit : bool, default=False
        Whether to train again from the start on all rows (but not X_val) for `best_iteration_`
        epochs, once early stopping has found that number. If this is not completed (`max_time`,
        Ctrl-C, a callback, divergence), the model that early stopping found is kept.
    momentum : float, default=0.9
        Momentum of "sgd", in [0, 1].
    nesterovs_momentum : bool, default=True
        Whether "sgd" uses Nesterov's momentum.
    beta_1 : float, default=0.9
        Decay rate of the running mean of the gradient in "adam" and "adamw", in [0, 1).
    beta_2 : float, default=0.97
        Decay rate of the mean squared gradient in "adam", "adamw" and "rmsprop", in [0, 1).
    epsilon : float, default=1e-08
        Added to the denominator in "adam", "adamw" and "rmsprop" for numerical stability.
    weight_decay : float or "auto", default="auto"
        Decoupled weight decay of "adamw": each step first multiplies the weights (not the offsets)
        by ``1 - rate * effective_decay`` [2]_, see `weight_decay_loss_power`. "auto" is
        ``10 * min(1, 2500 / n_rows)``, with rows counted as for `max_iter`.
    weight_decay_loss_power : float, default=2.0
        Exponent p: the effective decay is
        ``weight_decay * min(1, ema(loss) / baseline_loss) ** p``, where ``ema`` is a moving average
        and ``baseline_loss`` that of the best constant prediction. With p of 1 or 2, noiseless data
        are hardly decayed, noisy data fully.
    clip_gradient_norm : float or None, default=None
        Maximum Euclidean norm of the gradient of all parameters: a longer gradient is scaled down
        to it before the step. None does not clip. Not for "lbfgs".
    dropout : float or list of float, default=0.0
        Dropout rate: probability that a hidden unit is set to zero in a training step, in [0, 1);
        one number for all hidden layers, or one per layer [3]_. Not for "lbfgs".
    n_iter_no_change : int or inf, default=10
        Training ends after this many epochs in a row without improvement of the loss ("cosine" and
        "one_cycle" ignore this) or, with `early_stopping`, of the validation score.
    initialization : {"auto", "glorot_uniform", "glorot_normal", "he_uniform", "he_normal", \
            "lecun_normal"} or callable, default="he_normal"
        Distribution of the initial weights. "auto" is scikit-learn's: weights and offsets uniform
        within ``+-sqrt(6 / (m + k))`` for m inputs and k outputs (2, not 6, for "logistic"); others
        set offsets to 0. A callable ``f(rng, shape, dtype)`` returns weights of shape (m, k).
    n_members : int, default=1
        Number of networks trained as an ensemble, each with its own initial weights, batches and
        dropout. Predictions are averaged (in classification, probabilities); see `predict_members`.
        With several, `coefs_` and `intercepts_` have a leading axis for the members.
    dtype : {"auto", "float32", "float64"}, default="auto"
        Type of all computations: "auto" is float32 (faster) if X is float32 or has more than 20 000
        elements once encoded, else float64; `partial_fit` decides at its first call.

    Attributes
    ----------
    coefs_ : list of ndarray of shape (m, k)
        Weights of each layer, with m inputs and k outputs.
    intercepts_ : list of ndarray of shape (k,)
        Offsets (biases) of each layer.
    loss_curve_ : list of float
        Objective (mean loss plus penalty), averaged over the mini-batches of each epoch.
    learning_rates_ : list of float
        Learning rate of the last step of each epoch; NaN for "lbfgs".
    loss_ : float
        Last value of `loss_curve_`.
    best_loss_ : float
        Lowest value of `loss_curve_`.
    validation_scores_ : list of float or None
        Score on the validation rows after each epoch; None without validation rows.
    validation_loss_curve_ : list of float or None
        Mean loss on the validation rows, without penalty, after each epoch; None without them.
    best_validation_score_ : float or None
        Highest value of `validation_scores_`; None without validation rows.
    best_iteration_ : int
        Epoch whose weights were kept, counted from 1.
    n_iter_ : int
        Number of epochs, over all calls of `partial_fit`.
    t_ : int
        Number of training samples seen: rows times epochs.
    n_features_in_ : int
        Number of features seen by `fit`.
    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Names of the features seen by `fit`, if X has names that are all strings.
    n_layers_ : int
        Number of layers, input and output included.
    n_outputs_ : int
        Number of units of the output layer.
    out_activation_ : {"identity", "exp"}
        Output activation of the loss.
    encoder_ : TableEncoder
        Fitted encoder of the columns; its `get_feature_names_out` names the rows of ``coefs_[0]``.

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

    References
    ----------
    .. [1] Kingma and Ba (2015), "Adam: A Method for Stochastic Optimization".
    .. [2] Loshchilov and Hutter (2019), "Decoupled Weight Decay Regularization".
    .. [3] Srivastava et al. (2014), "Dropout: A Simple Way to Prevent Neural Networks from
       Overfitting".

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
        early_stopping: bool | Auto = False,
        validation_fraction: float = 0.1,
        scoring: Scoring = None,
        refit: bool = False,
        momentum: float = 0.9,
        nesterovs_momentum: bool = True,
        beta_1: float = 0.9,
        beta_2: float = 0.97,
        epsilon: float = 1e-8,
        weight_decay: float | Auto = "auto",
        weight_decay_loss_power: float = 2.0,
        clip_gradient_norm: float | None = None,
        dropout: float | Sequence[float] = 0.0,
        n_iter_no_change: float = 10,
        initialization: Initialization = "he_normal",
        n_members: int = 1,
        dtype: DType = "auto",
    ) -> None:
        self._store(locals())
