"""The estimators that scikit-learn's checks run on: the default, and one change at a time."""

from dataclasses import dataclass

from sknn import MLPClassifier, MLPRegressor, TabularMLPClassifier, TabularMLPRegressor
from sknn.engine import SGD


@dataclass(frozen=True)
class SlowingRate:
    """A learning rate of the user's own, whose repr is the same in every process."""

    first: float = 0.01

    def __call__(self, t):
        """Return the rate of step t."""
        return self.first / (1 + t / 1000)


#: Enough of a penalty to keep probabilities from rounding to 1 where a network would learn the few
#: rows of a check by heart: those that tie would no longer be in the order of the raw outputs.
PENALISED = {"alpha": 0.01}

#: Changes that both estimators know. Where 200 epochs at the default rate of 0.001 cannot
#: converge (few parameters, flat slopes) the rate is 0.01.
SHARED = [
    {},
    {"solver": "sgd", "learning_rate_init": 0.01},
    {"solver": "sgd", "learning_rate": "invscaling", "learning_rate_init": 0.05, **PENALISED},
    {"solver": "sgd", "learning_rate": "adaptive", "learning_rate_init": 0.01},
    {"solver": "adamw"},
    {"solver": "rmsprop"},
    {"solver": "lbfgs", **PENALISED},
    {"solver": SGD(0.5), "learning_rate_init": 0.01},
    {"learning_rate": "cosine", "learning_rate_init": 0.01, **PENALISED},
    {"learning_rate": "one_cycle", "learning_rate_init": 0.01, **PENALISED},
    {"learning_rate": SlowingRate(), **PENALISED},
    {"early_stopping": True},
    {"clip_gradient_norm": 1.0},
    {"dropout": 0.1},
    {"activation": "identity"},
    {"activation": "logistic", "learning_rate_init": 0.01},
    {"activation": "tanh", "learning_rate_init": 0.01},
    {"activation": "leaky_relu"},
    {"activation": "elu"},
    {"activation": "selu"},
    {"activation": "gelu"},
    {"activation": "silu"},
    {"activation": "mish"},
    {"activation": "softplus"},
    {"batch_size": 1, **PENALISED},
    {"batch_size": 7},
    {"hidden_layer_sizes": (), "learning_rate_init": 0.01},
    {"hidden_layer_sizes": (20, 20, 20)},
    {
        "hidden_layer_sizes": (20, 20),
        "activation": ["tanh", "relu"],
        "learning_rate_init": 0.01,
    },
    {"initialization": "he_normal"},
    {"n_members": 3, "max_iter": 50, "learning_rate_init": 0.01, **PENALISED},
    {"cv": 3, "max_iter": 100, "learning_rate_init": 0.01, **PENALISED},
    {"cv": 3, "max_iter": 100, "learning_rate_init": 0.01, "refit": True, **PENALISED},
]

LOSSES = [
    {"activation": "exp", "label_smoothing": 0.05},  # or unscaled counts have probabilities of 1
    {"loss": "log_loss"},
    {"loss": "hinge"},
    {"loss": "brier", "learning_rate_init": 0.01},
    {"loss": "squared_hinge"},
    {"loss": "squared_error"},
    {"label_smoothing": 0.1},
]

REAL_LOSSES = [
    {"activation": "exp"},
    {"loss": "absolute_error", "learning_rate_init": 0.01},
    {"loss": "huber"},
    {"loss": "quantile", "learning_rate_init": 0.01},
    {"loss": "poisson", "learning_rate_init": 0.01},
    {"loss": "gamma", "learning_rate_init": 0.01, "n_iter_no_change": 100},
    {"standardize_y": True, "max_iter": 50, "learning_rate_init": 0.01},
]

#: What makes training of tables quick, and as exact as the checks on weights are.
QUICK = {
    "hidden_layer_sizes": (16,),
    "max_iter": 40,
    "learning_rate_init": 0.01,
    "weight_decay": 0.05,
    "dropout": 0.0,
}

#: Changes that both estimators of tables know.
SHARED_BY_TABLES = [
    {},
    {"dropout": 0.1},
    {"n_members": 3},
    {"cv": 3},
    {"categorical_features": None, "n_bins": 0, "max_iter": 80},
    {"early_stopping": True},
    {"hidden_layer_sizes": (), "max_iter": "auto", "learning_rate_init": 0.05},
]

REAL_LOSSES_OF_TABLES = [
    {"loss": "quantile"},
    {"loss": "poisson", "max_iter": 300},
]

#: One seed each, so that a check which draws no seed itself says the same in every run.
ESTIMATORS = [MLPClassifier(random_state=0, **change) for change in SHARED + LOSSES] + [
    MLPRegressor(random_state=0, **change) for change in SHARED + REAL_LOSSES
]
ESTIMATORS_OF_TABLES = [
    TabularMLPClassifier(random_state=0),
    TabularMLPClassifier(random_state=0, dropout=0.0),
    TabularMLPRegressor(random_state=0),
]
ESTIMATORS_OF_TABLES += [
    TabularMLPClassifier(random_state=0, **{**QUICK, **PENALISED, **change})
    for change in SHARED_BY_TABLES
] + [
    TabularMLPRegressor(random_state=0, **{**QUICK, **change})
    for change in SHARED_BY_TABLES + REAL_LOSSES_OF_TABLES
]


#: One of each family, which the ordinary tier of the tests has; the others are exhaustive.
FAMILIES = [
    MLPClassifier(random_state=0),
    MLPClassifier(random_state=0, solver="lbfgs", **PENALISED),
    MLPClassifier(random_state=0, learning_rate="one_cycle", learning_rate_init=0.01, **PENALISED),
    MLPClassifier(random_state=0, early_stopping=True),
    MLPClassifier(random_state=0, loss="hinge"),
    MLPClassifier(random_state=0, loss="brier", learning_rate_init=0.01),
    MLPRegressor(random_state=0),
    MLPRegressor(random_state=0, solver="sgd", learning_rate_init=0.01),
    MLPRegressor(random_state=0, hidden_layer_sizes=(), learning_rate_init=0.01),
    MLPRegressor(random_state=0, loss="quantile", learning_rate_init=0.01),
    MLPRegressor(random_state=0, loss="poisson", learning_rate_init=0.01),
    MLPRegressor(random_state=0, n_members=3, max_iter=50, learning_rate_init=0.01, **PENALISED),
    MLPClassifier(random_state=0, cv=3, max_iter=100, learning_rate_init=0.01, **PENALISED),
    MLPRegressor(random_state=0, cv=3, max_iter=100, learning_rate_init=0.01, **PENALISED),
    TabularMLPClassifier(random_state=0, **{**QUICK, **PENALISED, "dropout": 0.1}),
    TabularMLPClassifier(random_state=0, **{**QUICK, **PENALISED, "cv": 3}),
    TabularMLPRegressor(random_state=0, **QUICK),
    TabularMLPRegressor(random_state=0, **QUICK, cv=3),
]


def divided():
    """Return the configurations of the families, and all others."""
    families = {repr(estimator) for estimator in FAMILIES}
    everything = ESTIMATORS + ESTIMATORS_OF_TABLES
    chosen = [estimator for estimator in everything if repr(estimator) in families]
    others = [estimator for estimator in everything if repr(estimator) not in families]
    return chosen, others


#: Why weighted rows are not the same as repeated rows, where they are not (to seven digits).
WEIGHTS_ARE_NOT_REPETITIONS = {
    "solver": "L-BFGS follows the last digit of a sum into other digits: equal to five or so",
    "batch_size": "a weighted row is one step, its repetitions are several: equal in the mean only",
    "early_stopping": "a weighted row is on one side of the split, its repetitions may be on both",
    "dropout": "a weighted row drops units once, its repetitions each for themselves",
}


def expected_failed_checks(estimator):
    """Return the checks that cannot hold, and why."""
    by_batches = not (isinstance(estimator.solver, str) and estimator.solver == "lbfgs")
    holds = {
        "solver": by_batches,
        "batch_size": estimator.batch_size == "auto",
        "early_stopping": not estimator.early_stopping,
        "dropout": not estimator.dropout,
    }
    changed = [name for name in holds if not holds[name]]
    expected = {}
    if changed:
        reason = WEIGHTS_ARE_NOT_REPETITIONS[changed[0]]
        expected["check_sample_weight_equivalence_on_dense_data"] = reason
        expected["check_sample_weight_equivalence_on_sparse_data"] = reason
    if estimator.early_stopping and isinstance(estimator, MLPClassifier):
        reason = "of its 50 rows 5 are held back, whose weighted accuracy is that of one class only"
        expected["check_class_weight_classifiers"] = reason
    if estimator.loss in ("poisson", "gamma"):
        reason = "this check's targets are negative, whatever the tags say"
        expected["check_regressor_multioutput"] = reason
    return expected
