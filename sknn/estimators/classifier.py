"""MLPClassifier."""

from collections.abc import Sequence

from sknn.engine import Loss, Optimizer
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
from sknn.estimators.classification import Classification


class MLPClassifier(Classification):
    """Multilayer perceptron classifier.

    Parameters
    ----------
    hidden_layer_sizes : int or array-like of int, default=(100,)
        Number of units in each hidden layer; ``()`` gives a linear model.
    activation : {"identity", "logistic", "tanh", "relu", "leaky_relu", "elu", "selu", "gelu", \
            "silu", "mish", "softplus", "exp"}, Module or list of these, default="relu"
        Activation of the hidden layers, or a list with one per layer: a name, or a `Module` of
        `sknn.engine` or of your own. "identity" is linear, "logistic" is the sigmoid function.
    loss : {"auto", "log_loss", "hinge", "squared_hinge", "brier", "squared_error"} or Loss, \
            default="auto"
        Function to minimise, with its output activation; "log_loss" and "brier" give probabilities:

        - "log_loss" ("auto"): cross-entropy of sigmoid (binary, multilabel) or softmax outputs;
        - "hinge": the linear SVM's loss; Crammer and Singer's for more than two classes;
        - "squared_hinge": its square; one-vs-rest, summed, for more than two classes;
        - "brier": half the squared error of sigmoid outputs;
        - "squared_error": half the squared error of raw outputs against -1 and +1;
        - a `Loss` of `sknn.engine` or of your own.
    label_smoothing : float, default=0.0
        Fraction of each label's probability to spread evenly over the classes in training
        (multilabel: over 0 and 1), in [0, 1). For losses that give probabilities.
    class_weight : dict, "balanced" or None, default=None
        Class weights by label, multiplied by the sample weights in training and validation, with
        the same effect as sample weights of the products; 1 for
        classes missing from a dict. "balanced" gives all classes the same total weight (not in
        `partial_fit`). For one column of exclusive classes; for other targets use `sample_weight`.
    solver : {"adam", "adamw", "rmsprop", "sgd", "lbfgs"} or Optimizer, default="adam"
        Optimisation method:

        - "adam": steps scaled by running means of the gradient and of its square [1]_;
        - "adamw": Adam with decoupled weight decay, see `weight_decay`;
        - "rmsprop": steps scaled by a running mean of the squared gradient;
        - "sgd": stochastic gradient descent with momentum;
        - "lbfgs": L-BFGS, a quasi-Newton method on all samples at once, good for small data. Its
          iterations count as epochs; parameters of batches and learning rates are not used;
        - an `Optimizer` of `sknn.engine` or of your own.
    alpha : float, default=0.0001
        Strength of the L2 penalty ``alpha / 2 * sum(W ** 2)`` on the weights (not the offsets),
        added to the *mean* loss, whatever the batch size, as in
        :class:`~sklearn.linear_model.SGDClassifier`; scikit-learn's MLP divides it by the batch
        size.
    batch_size : int or "auto", default="auto"
        Samples per mini-batch; "auto" is ``min(200, n_samples)``. `n_samples` or more is full-batch
        gradient descent.
    learning_rate : {"constant", "invscaling", "adaptive", "cosine", "one_cycle"} or callable, \
            default="constant"
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
    learning_rate_init : float, default=0.001
        Initial learning rate; the peak of "one_cycle". "cosine" and "one_cycle" end after
        `max_iter` epochs, in `partial_fit` too; further epochs use their last rate.
    power_t : float, default=0.5
        Exponent of "invscaling".
    max_iter : int, default=200
        Maximum number of epochs (passes over the samples).
    max_fun : int, default=15000
        Maximum number of evaluations of the objective by "lbfgs".
    max_time : float or None, default=None
        Seconds after which `fit` (`refit` included) ends with the current epoch; None: no limit.
    shuffle : bool, default=True
        Whether to shuffle the samples in each epoch.
    random_state : int, RandomState instance or None, default=None
        Generator or seed for initial weights, validation split, shuffling and dropout. Pass an int
        for reproducible results.
    tol : float, default=1e-4
        Decrease of the loss for each epoch since the last improvement that counts as another one;
        of the validation score, increase above its best value. "lbfgs" ends when no component of
        the gradient is larger.
    verbose : bool or int, default=False
        Whether to print a line per epoch.
    warm_start : bool, default=False
        Whether `fit` continues from the last fit (weights, solver state, generator) with new
        counters. The steps of the learning rate continue, too; but "cosine" and "one_cycle" start
        again, and "adaptive" at its full rate. With a constant rate, "invscaling" or a callable, 5
        epochs and 5 more equal 10, bit for bit.
    early_stopping : bool, "auto" or "cv", default=False
        Whether to end training when the validation score has not improved by `tol` for
        `n_iter_no_change` epochs ("cosine" and "one_cycle" run for all `max_iter` epochs
        nevertheless), and to restore the weights of the best epoch. "auto" is True if `fit` is
        given X_val or more than 10 000 rows. With `cv`, each network is stopped by rows held back
        from its training rows, and by its own fold if this is "cv": no row is lost, but `oof_*`
        and intervals are then approximate. With several networks each stops by itself. Not used by
        `partial_fit`.
    validation_fraction : float or None, default=0.1
        Fraction of the rows to hold back for `early_stopping` if `fit` is not given X_val; None is
        an error then, unlike in HistGradientBoosting. Mutually exclusive classes are stratified,
        and each stays in training; with ``shuffle=False`` the last rows are held back; with
        `groups` about that fraction, in whole groups. Each `fit` makes a new split, also with
        `warm_start`.
    scoring : str, callable or None, default=None
        Validation score for `validation_scores_` and `early_stopping`: None is the accuracy, "loss"
        the negative validation loss; else a scorer's name or a callable
        ``scorer(estimator, X, y)``.
    cv : int, splitter, iterable of (train, test) or None, default=None
        Cross-fitting: for each split `n_members` networks are trained on its training rows, all at
        once, and predictions are averaged over all networks. An integer is the number of folds,
        stratified in classification with one column of exclusive classes, and not shuffled (see
        :func:`~sklearn.model_selection.check_cv`); of whole groups if `fit` is given `groups` (see
        :class:`~sklearn.model_selection.GroupKFold`). Row numbers count the rows as given, those of
        weight 0 included. Each network is scored on the rows of its own fold, which gives
        `oof_score_` and the calibration of prediction intervals or sets. With an integer
        `random_state` those of a fold equal a fit of its training rows alone (if these have all
        classes; early stopping "auto" is decided by the smallest fold). Not with `warm_start` or
        X_val; without `partial_fit`.
    refit : bool, default=False
        Whether to train again from the start on all rows (but not X_val), once early stopping has
        found the best number of epochs; "cosine" and "one_cycle" end with the last of them. With
        several networks it is the epoch with the best mean score, in which a network that has
        stopped counts with its best score; with `cv` and without early stopping, the mean number of
        epochs. Predictions, `coefs_` and `loss_curve_` are then those of the new networks,
        `best_iteration_` and the validation curves those of the search. If this is not completed
        (`max_time`, Ctrl-C, a callback, divergence), the model that was found before is kept.
    momentum : float, default=0.9
        Momentum of "sgd", in [0, 1].
    nesterovs_momentum : bool, default=True
        Whether "sgd" uses Nesterov's momentum.
    beta_1 : float, default=0.9
        Decay rate of the running mean of the gradient in "adam" and "adamw", in [0, 1).
    beta_2 : float, default=0.999
        Decay rate of the mean squared gradient in "adam", "adamw" and "rmsprop", in [0, 1).
    epsilon : float, default=1e-8
        Added to the denominator in "adam", "adamw" and "rmsprop" for numerical stability.
    weight_decay : float, default=0.01
        Decoupled weight decay of "adamw": each step first multiplies the weights (not the offsets)
        by ``1 - rate * weight_decay`` [2]_, in addition to `alpha`.
    clip_gradient_norm : float or None, default=None
        Maximum Euclidean norm of the gradient of all parameters: a longer gradient is scaled down
        to it before the step. None does not clip. Not for "lbfgs".
    dropout : float or list of float, default=0.0
        Dropout rate: probability that a hidden unit is set to zero in a training step, in [0, 1);
        one number for all hidden layers, or one per layer [3]_. Not for "lbfgs".
    n_iter_no_change : int or inf, default=10
        Training ends after this many epochs in a row without improvement of the loss or, with
        `early_stopping`, of the validation score. "cosine" and "one_cycle" ignore this.
    initialization : {"auto", "glorot_uniform", "glorot_normal", "he_uniform", "he_normal", \
            "lecun_normal"} or callable, default="auto"
        Distribution of the initial weights. "auto" is scikit-learn's: weights and offsets uniform
        within ``+-sqrt(6 / (m + k))`` for m inputs and k outputs (2, not 6, for "logistic"); others
        set offsets to 0. A callable ``f(rng, shape, dtype)`` returns weights of shape (m, k).
    n_members : int, default=1
        Number of networks trained as an ensemble, each with its own initial weights, batches and
        dropout. Predictions are averaged (in classification, probabilities); see `predict_members`.
        With several networks, `coefs_` and `intercepts_` have a leading axis for them.
    dtype : {"auto", "float32", "float64"}, default="auto"
        Type of all computations: "auto" is float32 (faster) if X is float32 or has more than 100
        000 elements, else float64 (more exact); `partial_fit` decides at its first call.
        Predictions (not labels) have this type, too; with "auto" they are float32 if the X to
        predict is a float32 array and y is not standardized, else float64.

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,), or a list of these
        Class labels, sorted; for multilabel targets the column numbers of y; for several columns of
        labels, a list with the labels of each.
    coefs_ : list of ndarray of shape (m, k) or (n_networks, m, k)
        Weights of each layer, with m inputs and k outputs. Several networks (with `n_members`, or
        `n_members` for each fold of `cv`, fold after fold) have a leading axis.
    intercepts_ : list of ndarray of shape (k,) or (n_networks, k)
        Offsets (biases) of each layer.
    loss_curve_ : list of float
        Objective (mean loss plus penalty), averaged over the mini-batches of each epoch. This and
        the other curves are, with several networks, the mean of those that trained in the epoch.
    member_loss_curves_ : ndarray of shape (n_epochs, n_networks)
        The loss curve of each network, NaN after its last epoch; only with several networks.
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
    member_validation_scores_ : ndarray of shape (n_epochs, n_networks)
        The validation scores of each network, NaN after its last epoch; only with several networks.
    member_validation_loss_curves_ : ndarray of shape (n_epochs, n_networks)
        The same for the validation loss.
    best_validation_score_ : float or None
        Highest value of `validation_scores_`; None without validation rows.
    best_iteration_ : int or ndarray of shape (n_networks,) or (n_folds, n_members)
        Epoch whose weights were kept, counted from 1; of each network if there are several. After
        `refit` (or a choice by folds, in `TabularMLP*`) it is that of the networks before.
    n_iter_ : int or ndarray of shape (n_folds,)
        Number of epochs, over all calls of `partial_fit`; with several members the largest, with
        `cv` (but without `refit`) that of each fold.
    t_ : int or ndarray of shape (n_folds,)
        Number of training samples seen: rows times epochs.
    oof_prediction_ : ndarray of shape (n_samples,) or (n_samples, n_outputs)
        With `cv`: out-of-fold predictions, as `predict` gives them, of each training row by the
        networks that did not see it. NaN for rows that are in no test part.
    oof_proba_ : ndarray of shape (n_samples, n_classes), or a list of these
        With `cv`, for losses that give probabilities: the out-of-fold probabilities.
    oof_decision_function_ : ndarray of shape (n_samples,) or (n_samples, n_outputs), or a list
        With `cv`, for other losses: the out-of-fold raw outputs.
    oof_score_ : float
        With `cv`: the result of `score` for the out-of-fold predictions, weighted.
    cv_scores_ : ndarray of shape (n_folds,)
        With `cv`: the score of each fold, by `scoring` (by its default, if that is None); NaN if it
        has too few rows.
    n_features_in_ : int
        Number of features seen by `fit`.
    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Names of the features seen by `fit`, if X has names that are all strings.
    n_layers_ : int
        Number of layers, input and output included.
    n_outputs_ : int
        Number of units of the output layer.
    out_activation_ : {"identity", "logistic", "softmax"}
        Output activation of the loss.

    See Also
    --------
    MLPRegressor : Multilayer perceptron regressor.
    sklearn.neural_network.MLPClassifier : Scikit-learn's counterpart.

    Notes
    -----
    The objective is ``mean(loss) + alpha / 2 * sum(W ** 2)``, with the weighted mean over samples.
    For two classes there is one output unit, for the second. A single class is always predicted.

    A `fit` that raises leaves the estimator unchanged. Ctrl-C keeps the last finished epoch (with
    `early_stopping` the best one), if there is one, and warns. In a fit that a search or an
    ensemble of scikit-learn runs, it ends the whole search.

    References
    ----------
    .. [1] Kingma and Ba (2015), "Adam: A Method for Stochastic Optimization".
    .. [2] Loshchilov and Hutter (2019), "Decoupled Weight Decay Regularization".
    .. [3] Srivastava et al. (2014), "Dropout: A Simple Way to Prevent Neural Networks from
       Overfitting".

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from sklearn.pipeline import make_pipeline
    >>> from sklearn.preprocessing import StandardScaler
    >>> from sknn import MLPClassifier
    >>> X, y = load_iris(return_X_y=True)
    >>> mlp = MLPClassifier((16,), learning_rate_init=0.02, random_state=0)
    >>> model = make_pipeline(StandardScaler(), mlp).fit(X, y)
    >>> model.predict(X[:3])
    array([0, 0, 0])
    >>> model.predict_proba(X[:1]).round(2)
    array([[1., 0., 0.]])
    >>> round(model.score(X, y), 2)
    0.99
    """

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
    ) -> None:
        self._store(locals())
