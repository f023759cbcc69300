"""TabularMLPClassifier."""

from collections.abc import Sequence
from numbers import Real
from typing import Any, ClassVar

from sknn.engine import Loss, Optimizer
from sknn.estimators._parameters import (
    Activation,
    Auto,
    ClassificationLoss,
    ClassWeight,
    DType,
    HiddenLayerSizes,
    Initialization,
    LearningRate,
    RandomState,
    Scoring,
    SolverName,
)
from sknn.estimators._sklearn_compat import Interval, StrOptions
from sknn.estimators.classification import Classification
from sknn.estimators.tabular import Tabular


class TabularMLPClassifier(Tabular, Classification):
    """Multilayer perceptron classifier for tables as they are.

    Columns of numbers, categories, text, True and False, with missing values, on any scale: each is
    encoded by what it holds (see :class:`~sknn.TableEncoder`), batch by batch. The defaults were
    found by measuring on many tables; `partial_fit` keeps the encoding of its first call.

    Parameters
    ----------
    hidden_layer_sizes : int or array-like of int, default=(256, 128)
        Units of each hidden layer; ``()`` is a linear model.
    activation : {"identity", "logistic", "tanh", "relu", "leaky_relu", "elu", "selu", "gelu", \
            "silu", "mish", "softplus", "exp"}, Module or list of these, default="silu"
        The activation of the hidden layers: one for all of them, or one for each; by name, or a
        module of `sknn.engine` or your own.
    categorical_features : "from_dtype", None or array-like, default="from_dtype"
        Which columns are categories: by their types (categories, text, True and False), none, or
        those of a boolean mask, of column numbers, or of names.
    n_bins : int or "auto", default="auto"
        Columns of numbers are also encoded in so many pieces at most, between the quantiles of
        training; 0 for none. "auto" is 48, or so many fewer that all columns have about 256
        together (but at least 2) and that each has 64 rows (but at least 4).
    min_frequency : int, default=5
        Levels that are rarer in training share a place, which unseen levels have too.
    loss : {"auto", "log_loss", "hinge", "squared_hinge", "brier", "squared_error"} or Loss, \
            default="auto"
        What training makes small, each with its output activation:

        - "log_loss", which is what "auto" stands for: the negative log likelihood, with a sigmoid
          for two classes or for multilabel targets, with a softmax for more classes;
        - "hinge": the linear SVM's loss on raw outputs; Crammer and Singer's for more than two
          classes. Gives no probabilities;
        - "squared_hinge": its square; more than two classes are one against the rest, summed. Gives
          no probabilities;
        - "brier": half the squared error of sigmoid outputs, the textbook's quadratic cost;
        - "squared_error": half the squared error of raw outputs against -1 and +1. Gives no
          probabilities;
        - a `Loss` of `sknn.engine` or your own.
    label_smoothing : float or "auto", default="auto"
        The share of each row's probability that is spread evenly over the classes before training
        (over yes and no of each label), in [0, 1). "auto" is 0.05 for losses that give
        probabilities, and 0 for others.
    class_weight : dict, "balanced" or None, default=None
        Weights of the classes, by label, times the sample weights; classes that a dict leaves out
        have 1. "balanced" gives every class of y the same total weight; `partial_fit` takes a
        dict only. The rows to validate on have the same weights. For one column of classes that
        exclude each other; weigh the rows of another y by `sample_weight`.
    solver : {"adam", "adamw", "rmsprop", "sgd", "lbfgs"} or Optimizer, default="adamw"
        How the objective is made small:

        - "adam": steps scaled by running averages of the gradient and its square [1]_;
        - "adamw": the same with decoupled weight decay, see `weight_decay`;
        - "rmsprop": steps scaled by a running average (`beta_2`) of the gradient's square;
        - "sgd": stochastic gradient descent with momentum;
        - "lbfgs": the quasi-Newton method, on all samples at once; an iteration counts as an
          epoch, and what concerns batches and learning rates is not used. Good for small data;
        - an `Optimizer` of `sknn.engine` or your own.
    alpha : float, default=0.0
        Strength of the penalty ``alpha / 2 * sum(W ** 2)`` on the weights (not on the offsets),
        which is added to the *mean* loss. It means the same for every batch size and every number
        of samples, as in :class:`~sklearn.linear_model.SGDClassifier`; scikit-learn's own MLP
        divides it by the batch size.
    batch_size : int or "auto", default="auto"
        Samples in a mini-batch; "auto" is ``min(128, n_samples)``.
    learning_rate : {"constant", "invscaling", "adaptive", "cosine", "one_cycle"} or callable, \
            default="one_cycle"
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
    learning_rate_init : float, default=0.01
        The rate to begin with, or the peak of "cosine" and "one_cycle". Their horizon is `max_iter`
        epochs, in `partial_fit` too; after it the last rate stays.
    power_t : float, default=0.5
        The exponent of "invscaling".
    max_iter : int or "auto", default="auto"
        Epochs at most. "auto" makes 2500 steps: as many epochs as that takes, but at least 10 and
        at most 120. For its size, a table has the sum of the sample weights, if that is more
        than its rows.
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
    tol : float, default=0.0001
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
        What is recorded in `validation_scores_`, and looked at to stop: None is the accuracy,
        "loss" minus the validation loss, else any scorer.
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
    beta_2 : float, default=0.97
        How much of the running average of its square "adam", "adamw" and "rmsprop" keep, in
        [0, 1).
    epsilon : float, default=1e-08
        Keeps the division of "adam" finite.
    weight_decay : float or "auto", default="auto"
        Of "adamw": each step first shrinks the weights, not the offsets, by the factor
        ``1 - rate * weight_decay * relative_loss ** weight_decay_loss_power``. The relative loss is
        still to be explained. "auto" is 10, and beyond 1000 rows in proportion less.
    weight_decay_loss_power : float, default=2.0
        The power of the share of the loss that is still to be explained, which `weight_decay` is
        multiplied by: the running mean of the training loss over the loss of the best constant
        answer, at most 1. With 1 or 2, data without noise are hardly decayed, noisy ones fully.
    clip_gradient_norm : float or None, default=None
        Gradients longer than this are shortened to it before each step. Not for "lbfgs".
    dropout : float or list of float, default=0.15
        The probability of each hidden unit to be left out of a training step, in [0, 1): one for
        all hidden layers, or one for each [3]_. Prediction uses all units. Not for "lbfgs".
    n_iter_no_change : int or inf, default=10
        Training ends after this many epochs in a row without improvement (of the loss, or with
        `early_stopping` of the validation score). With "cosine" and "one_cycle" it counts for
        `early_stopping` only.
    initialization : {"auto", "glorot_uniform", "glorot_normal", "he_uniform", "he_normal", \
            "lecun_normal"} or callable, default="he_normal"
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
        The type of all arithmetic. "auto" is float32 if X is, or if it is large once it is encoded
        (more than 20 000 numbers), and float64 otherwise; `partial_fit` decides at its first call.

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,), or a list of these
        The labels, sorted; for multilabel targets the numbers of the columns of y; for several
        columns of labels a list with those of each.
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
    out_activation_ : {"identity", "logistic", "softmax"}
        The output activation, which belongs to the loss.
    encoder_ : TableEncoder
        How columns are encoded; its `get_feature_names_out` names the rows of ``coefs_[0]``.

    See Also
    --------
    TabularMLPRegressor : The same for real targets.
    MLPClassifier : The same network for numbers, with scikit-learn's defaults.
    TableEncoder : The encoding by itself.

    Notes
    -----
    Rows that are held back for early stopping, or given as X_val, have no part in the encoding, and
    neither has y. The offsets of the output begin at the logarithms of the classes' shares.
    Pieces of numbers rise to 0.4, so that what is learned from them changes more slowly.

    References
    ----------
    .. [1] Kingma and Ba (2015), "Adam: A Method for Stochastic Optimization".
    .. [2] Loshchilov and Hutter (2019), "Decoupled Weight Decay Regularization".
    .. [3] Srivastava et al. (2014), "Dropout: A Simple Way to Prevent Neural Networks from
       Overfitting".

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

    def __init__(
        self,
        hidden_layer_sizes: HiddenLayerSizes = (256, 128),
        activation: Activation = "silu",
        *,
        categorical_features: Any = "from_dtype",
        n_bins: int | Auto = "auto",
        min_frequency: int = 5,
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
        dropout: float | Sequence[float] = 0.15,
        n_iter_no_change: float = 10,
        initialization: Initialization = "he_normal",
        n_members: int = 1,
        dtype: DType = "auto",
    ) -> None:
        self._store(locals())
