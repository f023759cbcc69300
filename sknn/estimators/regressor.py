"""MLPRegressor."""

from collections.abc import Sequence

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
from sknn.estimators.classifier import MLPClassifier
from sknn.estimators.regression import Regression


@inherit_entries(MLPClassifier)
class MLPRegressor(Regression):
    """Multilayer perceptron regressor.

    Parameters
    ----------
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
    standardize_y : bool, default=False
        Whether to train on y with mean 0 and standard deviation 1 in each column of the training
        rows (for "poisson" and "gamma": with mean 1). Predictions and losses are in the units of y,
        except that losses summed over several columns are not converted; `tol` is in standard
        deviations.
    scoring : str, callable or None, default=None
        Validation score for `validation_scores_` and `early_stopping`: None is R2 ("loss" for
        "quantile" and other losses with several raw outputs per target), "loss" the negative
        validation loss; else a scorer's name or a callable ``scorer(estimator, X, y)``. Unknown
        targets are ignored by None and "loss", and an error with scikit-learn's scorers.

    Attributes
    ----------
    out_activation_ : {"identity", "exp"}
        Output activation of the loss.

    See Also
    --------
    MLPClassifier : Multilayer perceptron classifier.
    sklearn.neural_network.MLPRegressor : Scikit-learn's counterpart.

    Notes
    -----
    The objective is ``mean(loss) + alpha / 2 * sum(W ** 2)``, with the weighted mean over samples.
    Targets on a scale far from 1 train slowly: set ``standardize_y=True``, which unlike
    :class:`~sklearn.compose.TransformedTargetRegressor` supports unknown targets and the scores of
    several quantiles.

    A `fit` that raises leaves the estimator unchanged. Ctrl-C keeps the last finished epoch (with
    `early_stopping` the best one), if there is one, and warns. In a fit that a search or an
    ensemble of scikit-learn runs, it ends the whole search.

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
