"""MLPRegressor."""

from collections.abc import Sequence

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


class MLPRegressor(Regression):
    """Multilayer perceptron regressor.

    Parameters
    ----------
    hidden_layer_sizes : int or array-like of int, default=(100,)
        Units of each hidden layer; ``()`` is a linear model.
    activation : {"identity", "logistic", "tanh", "relu", "leaky_relu", "elu", "selu", "gelu", \
            "silu", "mish", "softplus", "exp"}, Module or list of these, default="relu"
        The activation of the hidden layers: one for all of them, or one for each; by name, or a
        module of `sknn.engine` or your own.
    loss : {"auto", "squared_error", "absolute_error", "huber", "quantile", "poisson", "gamma"} \
            or Loss, default="auto"
        What training makes small, summed over outputs:

        - "squared_error", which is what "auto" stands for: half the squared error, for the mean;
        - "absolute_error": for the median;
        - "huber": half the squared error up to `huber_delta`, linear beyond;
        - "quantile": the pinball loss of `quantile`;
        - "poisson": half the Poisson deviance, for counts (y >= 0); the network predicts their
          logarithm, the regressor their mean;
        - "gamma": half the gamma deviance, for amounts (y > 0), with the same link;
        - a `Loss` of `sknn.engine` or your own.
    quantile : float or list of float, default=0.5
        Which quantile "quantile" estimates, inside (0, 1). A list, increasing, gives a column for
        each, and they never cross; a list of one is as the number.
    huber_delta : float, default=1.0
        Where "huber" becomes linear, in the units of y.
    standardize_y : bool, default=False
        Whether the network sees y with mean 0 and standard deviation 1 (of training, column by
        column; divided by its mean for "poisson" and "gamma"). Predictions, quantiles and losses
        come out in the units of y (the losses of several columns do not: a sum over different units
        means nothing), and `tol` is in standard deviations.
    solver : {"adam", "adamw", "rmsprop", "sgd", "lbfgs"} or Optimizer, default="adam"
        How the objective is made small:

        - "adam": steps scaled by running averages of the gradient and its square [1]_;
        - "adamw": the same with decoupled weight decay, see `weight_decay`;
        - "rmsprop": steps scaled by a running average (`beta_2`) of the gradient's square;
        - "sgd": stochastic gradient descent with momentum;
        - "lbfgs": the quasi-Newton method, on all samples at once; an iteration counts as an
          epoch, and what concerns batches and learning rates is not used. Good for small data;
        - an `Optimizer` of `sknn.engine` or your own.
    alpha : float, default=0.0001
        Strength of the penalty ``alpha / 2 * sum(W ** 2)`` on the weights (not on the offsets),
        which is added to the *mean* loss. It means the same for every batch size and every number
        of samples, as in :class:`~sklearn.linear_model.SGDClassifier`; scikit-learn's own MLP
        divides it by the batch size.
    batch_size : int or "auto", default="auto"
        Samples in a mini-batch; "auto" is ``min(200, n_samples)``. The number of samples, or more,
        is full-batch gradient descent; 1 is single-sample descent.
    learning_rate : {"constant", "invscaling", "adaptive", "cosine", "one_cycle"} or callable, \
            default="constant"
        The rate of step t = 0, 1, ... (a mini-batch is a step), with every stochastic solver:

        - "constant" is `learning_rate_init`;
        - "invscaling" is ``learning_rate_init / (t + 1) ** power_t``;
        - "adaptive" is `learning_rate_init`, divided by 5 whenever the loss has not improved for
          `n_iter_no_change` epochs; training ends when it is 1e-6 or less (`partial_fit` counts
          on across calls, and does not end);
        - "cosine" falls from `learning_rate_init` along half a cosine, in `max_iter` epochs;
        - "one_cycle" rises from 1/25 of `learning_rate_init` to the whole in the first 30 % of the
          steps, then falls along half a cosine. Short trainings (`max_iter` of 3 to 30) with a
          peak of ten times the usual rate are its strength;
        - a function ``eta(t)`` gives the rate itself (a named one, not a lambda, if the model is
          to be pickled).

        A loss that stalls does not end "cosine" and "one_cycle"; only `early_stopping` does. When
        they have run their course, there is nothing to warn of.
    learning_rate_init : float, default=0.001
        The rate to begin with, or the peak of "cosine" and "one_cycle". Their horizon is `max_iter`
        epochs, in `partial_fit` too; after it the last rate stays.
    power_t : float, default=0.5
        The exponent of "invscaling".
    max_iter : int, default=200
        Epochs at most: how often each sample is used.
    max_fun : int, default=15000
        How often "lbfgs" evaluates the objective at most.
    max_time : float or None, default=None
        Seconds: the epoch that passes this limit is the last. It is one limit for all that `fit`
        does, `refit` included. None sets no limit.
    shuffle : bool, default=True
        Whether every epoch has a fresh order of the samples.
    random_state : int, RandomState instance or None, default=None
        Draws the initial weights and the order of the samples. With an int, `fit` gives the same
        model every time. The initial weights are those that scikit-learn's MLP draws.
    tol : float, default=1e-4
        An epoch counts as an improvement if its loss is at least this much below the best so far.
        "lbfgs" ends when no component of the gradient is larger.
    verbose : bool or int, default=False
        Whether to print a line an epoch.
    warm_start : bool, default=False
        Whether `fit` goes on from where the last call ended (weights, the solver's state and the
        generator), with fresh counters: with a constant rate, 5 epochs and 5 more are 10, bit
        for bit.
    early_stopping : bool or "auto", default=False
        Whether the score on held-back rows decides when to stop, after `n_iter_no_change` epochs
        without an improvement of `tol`; the weights of the best epoch are kept. "auto" is True if
        `fit` is given X_val, or more than 10 000 rows. `partial_fit` has nothing to stop.
    validation_fraction : float, default=0.1
        The share of the rows that is held back if `fit` is not given X_val. For classes that
        exclude each other it is drawn class by class, and every class stays in training; with
        ``shuffle=False`` it is the tail. Every `fit` draws its own, a warm one too.
    scoring : str, callable or None, default=None
        What is recorded in `validation_scores_`, and looked at to stop: None is R2 (for "quantile",
        and for a loss of several units, minus the validation loss), "loss" minus the validation
        loss, else any scorer. None and "loss" leave out unknown targets; scikit-learn's scorers
        refuse them.
    refit : bool, default=False
        Whether to train afresh on all rows, for `best_iteration_` epochs, after early stopping has
        found how many are good. Small data then lose nothing to the held-back part; rows of X_val
        are not trained on. If this second training is not finished (`max_time`, Ctrl-C, a
        callback, divergence), the model that early stopping found is kept.
    momentum : float, default=0.9
        The share of the last step that "sgd" repeats, in [0, 1].
    nesterovs_momentum : bool, default=True
        Whether that share is looked ahead to (Nesterov's momentum).
    beta_1 : float, default=0.9
        How much of the running average of the gradient "adam" and "adamw" keep at each step, in
        [0, 1).
    beta_2 : float, default=0.999
        How much of the running average of its square "adam", "adamw" and "rmsprop" keep, in
        [0, 1).
    epsilon : float, default=1e-8
        Keeps the division of "adam" finite.
    weight_decay : float, default=0.01
        Of "adamw": each step first shrinks the weights, not the offsets, by the factor
        ``1 - rate * weight_decay`` [2]_. `alpha` comes on top.
    clip_gradient_norm : float or None, default=None
        Gradients longer than this are shortened to it before each step. Not for "lbfgs".
    dropout : float or list of float, default=0.0
        The probability of each hidden unit to be left out of a training step, in [0, 1): one for
        all hidden layers, or one for each [3]_. Prediction uses all units. Not for "lbfgs".
    n_iter_no_change : int or inf, default=10
        Training ends after this many epochs in a row without improvement (of the loss, or with
        `early_stopping` of the validation score). With "cosine" and "one_cycle" it counts for
        `early_stopping` only.
    initialization : {"auto", "glorot_uniform", "glorot_normal", "he_uniform", "he_normal", \
            "lecun_normal"} or callable, default="auto"
        How the weights are drawn. "auto" is scikit-learn's rule: uniform within
        ``sqrt(6 / (m + k))`` for m inputs and k outputs (``sqrt(2 / (m + k))`` for logistic units),
        weights and offsets alike. With all others the offsets begin at zero. A function
        ``f(rng, shape, dtype)`` gives the weights, shape (m, k), itself.
    n_members : int, default=1
        How many networks are trained at once, each with its own initial weights, order of the
        samples and dropped units. Predictions are the mean of theirs (probabilities are averaged);
        `predict_members` gives them one by one. With more than one, the arrays of `coefs_` and
        `intercepts_` have a leading axis for the members.
    dtype : {"auto", "float32", "float64"}, default="auto"
        The type of all arithmetic and of what the network predicts. "auto" is float32 if X is
        float32 or large (more than 100 000 numbers by shape), which is faster, and float64
        otherwise, which is more exact; `partial_fit` decides at its first call.

    Attributes
    ----------
    coefs_ : list of ndarray of shape (m, k)
        The weights of each layer, from m inputs to k outputs.
    intercepts_ : list of ndarray of shape (k,)
        The offsets of each layer.
    loss_curve_ : list of float
        The objective (mean loss and penalty), averaged over each epoch's batches; of "lbfgs", after
        each iteration.
    learning_rates_ : list of float
        The learning rate of each epoch's last step; NaN for "lbfgs", which has none.
    loss_ : float
        The last of `loss_curve_`.
    best_loss_ : float
        The lowest of `loss_curve_`.
    validation_scores_ : list of float or None
        The score on the rows to validate on after each epoch; None without such rows.
    validation_loss_curve_ : list of float or None
        The mean loss, without penalty, on these rows after each epoch.
    best_validation_score_ : float or None
        The highest of `validation_scores_`.
    best_iteration_ : int
        The epoch whose weights were kept, counted from 1.
    n_iter_ : int
        Epochs done; `partial_fit` counts all its calls.
    t_ : int
        Samples used for training, counted once an epoch.
    n_features_in_ : int
        Number of features seen by `fit`.
    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Names of the features, if X had names that are all strings.
    n_layers_ : int
        Number of layers, input and output included.
    n_outputs_ : int
        Number of units in the output layer.
    out_activation_ : {"identity", "exp"}
        The output activation, which belongs to the loss.

    See Also
    --------
    MLPClassifier : The same for labels.
    sklearn.neural_network.MLPRegressor : That of scikit-learn.

    Notes
    -----
    The objective is ``mean(loss) + alpha / 2 * sum(W ** 2)``, where samples are averaged by weight.
    Targets far from the size of 1 train slowly: scale them, for example by a
    :class:`~sklearn.preprocessing.StandardScaler` in a
    :class:`~sklearn.compose.TransformedTargetRegressor`. For "poisson" and "gamma" divide them by
    their mean instead, which leaves them positive. That class takes no unknown targets and cannot
    score several quantiles; scale these targets yourself.

    A `fit` that raises leaves the estimator as it was. Ctrl-C keeps the last finished epoch (with
    `early_stopping` the best one), if there is one, and warns.

    References
    ----------
    .. [1] Kingma and Ba (2015), "Adam: A Method for Stochastic Optimization".
    .. [2] Loshchilov and Hutter (2019), "Decoupled Weight Decay Regularization".
    .. [3] Srivastava et al. (2014), "Dropout: A Simple Way to Prevent Neural Networks from
       Overfitting".

    Examples
    --------
    >>> import numpy as np
    >>> from sknn import MLPRegressor
    >>> X = np.linspace(-3, 3, 200).reshape(-1, 1)
    >>> y = X.ravel() ** 2
    >>> mlp = MLPRegressor((50,), learning_rate_init=0.01, max_iter=500, random_state=0)
    >>> mlp.fit(X, y).predict([[2.0]]).round()
    array([4.])
    """

    def __init__(
        self,
        hidden_layer_sizes: HiddenLayerSizes = (100,),
        activation: Activation = "relu",
        *,
        loss: RegressionLoss | Loss = "auto",
        quantile: float | Sequence[float] = 0.5,
        huber_delta: float = 1.0,
        standardize_y: bool = False,
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
        early_stopping: bool | Auto = False,
        validation_fraction: float = 0.1,
        scoring: Scoring = None,
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
    ) -> None:
        self._store(locals())
