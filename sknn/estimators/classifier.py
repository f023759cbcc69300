"""MLPClassifier."""

from collections.abc import Callable
from numbers import Real
from typing import Any, ClassVar, Self

import numpy as np
from sklearn.base import ClassifierMixin
from sklearn.utils import Tags
from sklearn.utils.class_weight import compute_class_weight
from sklearn.utils.metaestimators import available_if
from sklearn.utils.validation import check_is_fitted

from sknn.engine import Loss, Optimizer
from sknn.engine.types import Array
from sknn.estimators import door, parts
from sknn.estimators.base import BaseMLP
from sknn.estimators.labels import as_lists, given_labels, has_columns, read_target
from sknn.estimators.report import warn_of
from sknn.estimators.sklearn_private import Interval, StrOptions, fit_context
from sknn.estimators.validation import share_right
from sknn.targets import (
    TARGETS,
    BinaryTarget,
    ClassTarget,
    MulticlassTarget,
    MultioutputTarget,
    Target,
    class_numbers,
    label_target,
)


def _has_probabilities(mlp: "MLPClassifier") -> bool:
    """Tell whether the loss gives probabilities; the error says which do."""
    if hasattr(mlp, "_plan"):
        loss: Any = mlp._fitted_blueprint().loss
    elif isinstance(mlp.loss, Loss):
        loss = mlp.loss
    else:
        loss = BinaryTarget.losses["log_loss" if mlp.loss == "auto" else mlp.loss]
    if loss.has_probabilities:
        return True
    raise AttributeError(
        f"loss={mlp.loss!r} gives no probabilities; use loss='log_loss' or 'brier', or "
        "decision_function."
    )


class MLPClassifier(ClassifierMixin, BaseMLP):
    """Multilayer perceptron classifier.

    Parameters
    ----------
    hidden_layer_sizes : int or array-like of int, default=(100,)
        Units of each hidden layer; ``()`` is a linear model.
    activation : {"identity", "logistic", "tanh", "relu", "leaky_relu", "elu", "selu", "gelu", \
            "silu", "mish", "softplus", "exp"}, Module or list of these, default="relu"
        The activation of the hidden layers: one for all of them, or one for each; by name, or a
        module of `sknn.engine` or your own.
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
    label_smoothing : float, default=0.0
        The share of each row's probability that is spread evenly over the classes before training
        (over yes and no of each label), in [0, 1). For losses that give probabilities.
    class_weight : dict, "balanced" or None, default=None
        Weights of the classes, by label, times the sample weights; classes that a dict leaves out
        have 1. "balanced" gives every class of y the same total weight; `partial_fit` takes a
        dict only. The rows to validate on have the same weights. For one column of classes that
        exclude each other; weigh the rows of another y by `sample_weight`.
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
          to be pickled). It is asked for its rates before training too, so they must depend on
          t alone.

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
    dtype : {"auto", "float32", "float64"}, default="auto"
        The type of all arithmetic and of what the network predicts. "auto" is float32 if X is
        float32 or large (more than 100 000 numbers by shape), which is faster, and float64
        otherwise, which is more exact; `partial_fit` decides at its first call.

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
    feature_names_in_ : ndarray of shape (n_features_in_,)
        Names of the features, if X had names that are all strings.
    n_layers_ : int
        Number of layers, input and output included.
    n_outputs_ : int
        Number of units in the output layer.
    out_activation_ : {"identity", "logistic", "softmax"}
        The output activation, which belongs to the loss.

    See Also
    --------
    MLPRegressor : The same for real targets.
    sklearn.neural_network.MLPClassifier : scikit-learn's own.

    Notes
    -----
    The objective is ``mean(loss) + alpha / 2 * sum(W ** 2)``, where samples are averaged by weight.
    Two classes need one output unit, which speaks for the second; a single class is always right.

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

    _parameter_constraints: ClassVar[dict[str, Any]] = {
        **BaseMLP._parameter_constraints,
        "loss": [StrOptions({"auto", *BinaryTarget.losses}), Loss],
        "label_smoothing": [Interval(Real, 0, 1, closed="left")],
        "class_weight": [dict, StrOptions({"balanced"}), None],
    }

    def __init__(
        self,
        hidden_layer_sizes: Any = (100,),
        activation: Any = "relu",
        *,
        loss: str | Loss = "auto",
        label_smoothing: float = 0.0,
        class_weight: Any = None,
        solver: str | Optimizer = "adam",
        alpha: float = 0.0001,
        batch_size: int | str = "auto",
        learning_rate: str | Callable[[int], float] = "constant",
        learning_rate_init: float = 0.001,
        power_t: float = 0.5,
        max_iter: int = 200,
        max_fun: int = 15000,
        max_time: float | None = None,
        shuffle: bool = True,
        random_state: Any = None,
        tol: float = 1e-4,
        verbose: bool | int = False,
        warm_start: bool = False,
        early_stopping: bool | str = False,
        validation_fraction: float = 0.1,
        scoring: Any = None,
        refit: bool = False,
        momentum: float = 0.9,
        nesterovs_momentum: bool = True,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float = 1e-8,
        weight_decay: float = 0.01,
        clip_gradient_norm: float | None = None,
        dropout: Any = 0.0,
        n_iter_no_change: float = 10,
        initialization: str | Callable[..., Array] = "auto",
        dtype: str = "auto",
    ) -> None:
        self._store(locals())

    @available_if(parts.learns_streams)
    @fit_context(prefer_skip_nested_validation=False)  # so that the user's setting can be seen
    def partial_fit(self, X: Any, y: Any, sample_weight: Any = None, classes: Any = None) -> Self:
        """Train for one epoch more on this data, beginning where the last call ended.

        The first call draws the weights, unless `fit` was called before. Constructor parameters
        are read at every call, so a changed `learning_rate_init` counts; the architecture and the
        loss cannot change. With a constant rate, n calls on the same data are ``fit`` with
        ``max_iter=n``, bit for bit, also with a pickle in between. No callbacks are run.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            The inputs, one sample a row.
        y : array-like of shape (n_samples,) or (n_samples, n_outputs)
            The targets.
        sample_weight : array-like of shape (n_samples,), default=None
            How much each sample counts. Weights are used as given (1 is one sample), since the
            mean weight of a chunk says nothing of the stream's.
        classes : array-like of shape (n_classes,), default=None
            All labels that will ever come (of several columns a list, with those of each).
            Needed at the first call, unless the target is multilabel; later it may be left out.

        Returns
        -------
        self : estimator
            The estimator.

        Raises
        ------
        ValueError, TypeError
            If a parameter or the data cannot be used; the estimator is left as it was.
        """
        self._check_same_classes(classes)
        history = self._transact("_partial_fit", X, y, sample_weight, classes)
        warn_of(history, stacklevel=3, solver=parts.solver_name(self), out_of_epochs=False)
        return self

    def decision_function(self, X: Any) -> Array:
        """Return the raw outputs of the network, before the output activation.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            The inputs.

        Returns
        -------
        z : ndarray of shape (n_samples,) or (n_samples, n_outputs), or a list of these
            How much speaks for the second of two classes, or for each class or label. Several
            columns of labels have a list, an array for each.
        """
        z, blueprint = self._raw_outputs(X)
        return blueprint.target.decision(z)

    @available_if(_has_probabilities)
    def predict_proba(self, X: Any) -> Array:
        """Predict the probability of each class; exists for losses that give one.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            The inputs.

        Returns
        -------
        p : ndarray of shape (n_samples, n_classes), or a list of these
            Probabilities in the order of `classes_`; rows sum to 1 unless the target is
            multilabel, where each column is the probability of its label. Several columns of
            labels have a list, an array for each.
        """
        z, blueprint = self._raw_outputs(X)
        target: Any = blueprint.target
        return target.proba(blueprint.loss, z)

    @available_if(_has_probabilities)
    def predict_log_proba(self, X: Any) -> Array:
        """Predict the logarithm of each probability, finite where the probability rounds to 0.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            The inputs.

        Returns
        -------
        log_p : ndarray of shape (n_samples, n_classes), or a list of these
            Logarithms of what `predict_proba` returns.
        """
        z, blueprint = self._raw_outputs(X)
        target: Any = blueprint.target
        return target.log_proba(blueprint.loss, z)

    def score(self, X: Any, y: Any, sample_weight: Any = None) -> float:
        """Return the accuracy: the share of the rows that are right, in all columns of y.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            The inputs.
        y : array-like of shape (n_samples,) or (n_samples, n_outputs)
            The true labels.
        sample_weight : array-like of shape (n_samples,), default=None
            How much each sample counts.

        Returns
        -------
        score : float
        """
        check_is_fitted(self)
        if self._plan["target"] != MultioutputTarget.kind:
            return super().score(X, y, door.scoring_weights(sample_weight, y))
        y = door.scored(y)
        return share_right(y, self.predict(X), door.scoring_weights(sample_weight, y))

    def __sklearn_tags__(self) -> Tags:
        """Say that several labels or columns of labels at once are welcome."""
        tags = super().__sklearn_tags__()
        tags.classifier_tags.multi_label = True
        tags.target_tags.multi_output = True
        return tags

    def _check_same_classes(self, classes: Any) -> None:
        """Refuse other classes than those that training began with."""
        if classes is None or not hasattr(self, "classes_"):
            return
        if as_lists(self.classes_) != as_lists(classes):
            raise ValueError(
                f"`classes={classes!r}` is not the same as on last call to partial_fit, was: "
                f"{self.classes_!r}"
            )

    def _new_target(self, y: Array) -> ClassTarget:
        return read_target(y)

    def _new_stream_target(self, y: Array, classes: Any) -> ClassTarget:
        """Take the classes from what was given; a multilabel y tells them itself."""
        if y.ndim == 1:
            if classes is None:
                raise ValueError("classes must be passed on the first call to partial_fit.")
            return label_target(given_labels(classes))
        if has_columns(classes):
            return MultioutputTarget([given_labels(column) for column in classes])
        target = read_target(y)
        if isinstance(target, MultioutputTarget):
            raise ValueError(
                "classes must be passed on the first call to partial_fit: for several columns of "
                "labels a list with the labels of each."
            )
        if classes is not None and as_lists(classes) != as_lists(target.classes):
            raise ValueError(
                f"classes must be the numbers of the {y.shape[1]} columns of a multilabel y, or "
                f"left out; got {classes!r}."
            )
        return target

    def _smoothing(self, loss: Loss) -> float:
        if self.label_smoothing and not loss.has_probabilities:
            raise ValueError(
                f"label_smoothing smooths probabilities, which loss={self.loss!r} does not give: "
                "use loss='log_loss' or 'brier', or label_smoothing=0."
            )
        return float(self.label_smoothing)

    def _weighing(
        self, rows: door.Rows, target: Target, *, stream: bool
    ) -> Callable[[door.Rows], door.Rows]:
        """Multiply weights by those of the classes, which these rows may balance."""
        if self.class_weight is None:
            return super()._weighing(rows, target, stream=stream)
        if not isinstance(target, BinaryTarget | MulticlassTarget):
            raise ValueError(
                "class_weight is for one column of classes that exclude each other; weigh the rows "
                "of another y by sample_weight."
            )
        if stream and self.class_weight == "balanced":
            raise ValueError(
                "class_weight='balanced' is not supported for partial_fit, which does not know how "
                "many rows of each class will come: pass a dict of weights, for example from "
                "sklearn.utils.class_weight.compute_class_weight('balanced', classes=classes, y=y)."
            )
        classes = target.classes
        weights = np.ones(len(classes))
        present = np.unique(class_numbers(classes, rows.y))
        known = slice(None) if isinstance(self.class_weight, dict) else present
        weights[known] = compute_class_weight(
            self.class_weight, classes=classes[known], y=rows.y, sample_weight=rows.w
        )
        if not (np.isfinite(weights) & (weights >= 0)).all():
            raise ValueError(f"class_weight must be finite and 0 or more, got {self.class_weight}.")
        return lambda rows: rows.weighted(weights[class_numbers(classes, rows.y)])

    def _fitted_target(self) -> ClassTarget:
        target: ClassTarget = TARGETS[self._plan["target"]](self.classes_)
        return target
