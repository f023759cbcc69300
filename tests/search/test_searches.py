"""The searches: the numbers are those of scikit-learn's searches, whatever is trained together."""

import pickle
import time
from itertools import count, pairwise
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy import sparse
from sklearn import config_context
from sklearn.base import clone
from sklearn.ensemble import ExtraTreesClassifier, RandomForestClassifier
from sklearn.exceptions import ConvergenceWarning, FitFailedWarning
from sklearn.feature_selection import SelectKBest
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import get_scorer
from sklearn.model_selection import GridSearchCV, GroupKFold, RandomizedSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, MinMaxScaler, StandardScaler
from sklearn.utils.estimator_checks import parametrize_with_checks

from sknn import MLPClassifier, MLPRegressor, TabularMLPClassifier, TabularMLPRegressor
from sknn.estimators import many_fits
from sknn.search import BatchedGridSearchCV, BatchedRandomizedSearchCV, _halving, _run
from sknn.search._halving import rank, rung_epochs
from sknn.search._network_size import bytes_of_network
from sknn.search._run import Deadline
from tests.estimators.data import real

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

SMALL = {"hidden_layer_sizes": 6, "random_state": 0, "max_iter": 12}
ALPHAS = {"alpha": [1e-4, 1.0]}


def rows(n=90):
    """Make numbers, and three classes that depend on them."""
    rng = np.random.RandomState(0)
    X = rng.randn(n, 4)
    return X, np.digitize(X[:, 0] + X[:, 1] ** 2 + 0.3 * rng.randn(n), [0.2, 1.2])


def frame(n=90):
    """Make a table with a column of text and missing values."""
    X, y = rows(n)
    table = pd.DataFrame(X, columns=list("abcd"))
    table.loc[::7, "b"] = np.nan
    table["e"] = np.where(X[:, 2] > 0, "yes", "no")
    return table, y


CLASSES = MLPClassifier(**SMALL)
PIPELINE = make_pipeline(StandardScaler(), CLASSES)

#: What is searched, in which estimator and data.
SEARCHES = {
    "strengths": (CLASSES, ALPHAS, rows()),
    "sizes": (CLASSES, {"hidden_layer_sizes": [4, (3, 3)], "activation": ["relu", "tanh"]}, rows()),
    "early stopping": (
        MLPClassifier(**{**SMALL, "max_iter": 60}, early_stopping=True, tol=0.05),
        {"learning_rate_init": [1e-3, 0.1], "refit": [False, True]},
        rows(),
    ),
    "class weights": (CLASSES, {"class_weight": [None, "balanced"], "dropout": [0, 0.3]}, rows()),
    "sparse": (CLASSES, ALPHAS, (sparse.csr_matrix(rows()[0]), rows()[1])),
    "labels": (CLASSES, ALPHAS, (rows()[0], np.eye(3, dtype=int)[rows()[1]])),
    "quantiles": (
        MLPRegressor(**SMALL, loss="quantile", quantile=[0.2, 0.8]),
        {**ALPHAS, "standardize_y": [True, False]},
        real(),
    ),
    "outputs": (MLPRegressor(**SMALL), ALPHAS, (real()[0], np.column_stack([real()[1]] * 2))),
    "solvers": (CLASSES, {"solver": ["adam", "sgd", "lbfgs"], "n_members": [1, 2]}, rows()),
    "tables": (TabularMLPClassifier(**SMALL, cv=None), {"dropout": [0.0, 0.2]}, frame()),
    "table's encoding": (
        TabularMLPRegressor(**SMALL, cv=None),
        {"n_bins": [4, 8], "weight_decay": [0.0, 1.0]},
        (frame()[0], frame()[1] + 0.5),
    ),
    "schedules": (CLASSES, {"learning_rate": ["cosine", "constant"], "max_iter": [5, 9]}, rows()),
    "folds": (CLASSES, {"cv": [None, 3]}, rows()),
    "pipeline": (PIPELINE, {"mlpclassifier__alpha": [1e-4, 1.0]}, rows()),
    "steps": (
        make_pipeline(StandardScaler(), SelectKBest(k=2), CLASSES),
        {
            "standardscaler": [StandardScaler(), MinMaxScaler()],
            "selectkbest__k": [2, 3],
            "mlpclassifier__dropout": [0.0, 0.2],
        },
        rows(),
    ),
    "other estimators": (
        PIPELINE,
        {"mlpclassifier": [CLASSES, LogisticRegression()]},
        rows(),
    ),
}


def settings_of(name):
    """Return parameters of the search that are varied with what is searched."""
    several = {"scoring": ["accuracy", "neg_log_loss"], "refit": "neg_log_loss"}
    if name in ("strengths", "pipeline", "tables"):
        return {**several, "return_train_score": True}
    return {"cv": 3}


@pytest.mark.parametrize("name", SEARCHES)
def test_the_numbers_are_those_of_scikit_learn(name):
    """All scores, ranks and the best estimator, bit for bit."""
    estimator, grid, (X, y) = SEARCHES[name]
    ours, theirs = (
        search(estimator, grid, **settings_of(name)).fit(X, y)
        for search in (BatchedGridSearchCV, GridSearchCV)
    )
    assert ours.cv_results_["params"] == theirs.cv_results_["params"]
    for key, expected in theirs.cv_results_.items():
        if "_test_" in key or "_train_" in key:
            assert_allclose(ours.cv_results_[key], expected, rtol=1e-6, atol=1e-6, err_msg=key)
    assert theirs.cv_results_.keys() <= ours.cv_results_.keys()
    assert vars(theirs).keys() - {"pre_dispatch"} <= vars(ours).keys()
    for attribute in ("best_index_", "n_splits_", "multimetric_"):
        assert getattr(ours, attribute) == getattr(theirs, attribute)
    assert_array_equal(ours.predict(X), theirs.predict(X))
    assert ours.score(X, y) == theirs.score(X, y)


def test_random_candidates():
    """Those of scikit-learn's sampler."""
    X, y = rows()
    ours, theirs = (
        search(CLASSES, {"alpha": np.logspace(-5, 0, 20)}, n_iter=3, cv=3, random_state=1).fit(X, y)
        for search in (BatchedRandomizedSearchCV, RandomizedSearchCV)
    )
    assert ours.cv_results_["params"] == theirs.cv_results_["params"]
    assert_allclose(ours.best_score_, theirs.best_score_)


def test_several_processes():
    """They find the same."""
    X, y = rows()
    one, two = (
        BatchedGridSearchCV(PIPELINE, {"mlpclassifier__alpha": [0.1, 1, 10]}, n_jobs=n).fit(X, y)
        for n in (1, 2)
    )
    assert_allclose(one.cv_results_["mean_test_score"], two.cv_results_["mean_test_score"])
    assert_array_equal(one.predict_proba(X), two.predict_proba(X))


def test_parameters_of_fit_are_split():
    """Weights for the rows, and groups for the splitter."""
    X, y = rows()
    w, groups = np.arange(len(y)) % 4, np.arange(len(y)) // 9
    for fit_params in ({"sample_weight": w}, {"groups": groups}):
        ours, theirs = (
            search(CLASSES, ALPHAS, cv=GroupKFold(3) if "groups" in fit_params else 3)
            for search in (BatchedGridSearchCV, GridSearchCV)
        )
        ours.fit(X, y, **fit_params)
        theirs.fit(X, y, **fit_params)
        key = "split1_test_score"
        assert_allclose(ours.cv_results_[key], theirs.cv_results_[key])


def test_metadata_routing():
    """Weights reach the estimator and the scorer, also in a pipeline."""
    X, y = rows()
    w = 1.0 + np.arange(len(y)) % 4
    with config_context(enable_metadata_routing=True):
        mlp = clone(CLASSES).set_fit_request(sample_weight=True)
        scorer = get_scorer("accuracy").set_score_request(sample_weight=True)
        for estimator, grid in (
            (mlp, ALPHAS),
            (make_pipeline(MinMaxScaler(), mlp), {"mlpclassifier__alpha": [1e-4, 1.0]}),
        ):
            ours, theirs = (
                search(estimator, grid, scoring=scorer, cv=3).fit(X, y, sample_weight=w)
                for search in (BatchedGridSearchCV, GridSearchCV)
            )
            key = "mean_test_score"
            assert_allclose(ours.cv_results_[key], theirs.cv_results_[key])


def test_a_choice_of_settings_is_not_nested():
    """cv="auto" is None in a search, and in the best estimator."""
    X, y = frame()
    table = TabularMLPClassifier(hidden_layer_sizes=6, random_state=0)
    search = BatchedGridSearchCV(table, {"max_iter": [3, 5]}, cv=3).fit(X, y)
    assert search.best_estimator_.cv is None
    assert not hasattr(search.best_estimator_, "member_params_")


def test_failed_fits_get_the_error_score():
    """They are counted, and harm no neighbour."""
    X, y = rows()
    grid = {"alpha": [1e-4, -1.0]}
    with pytest.warns(FitFailedWarning, match="3 fits failed out of a total of 6"):
        search = BatchedGridSearchCV(CLASSES, grid, cv=3, error_score=-7).fit(X, y)
    assert search.cv_results_["mean_test_score"][1] == -7
    alone = BatchedGridSearchCV(CLASSES, {"alpha": [1e-4]}, cv=3).fit(X, y)
    assert_allclose(search.best_score_, alone.best_score_)
    with pytest.raises(ValueError, match="alpha"):
        BatchedGridSearchCV(CLASSES, grid, error_score="raise").fit(X, y)
    with pytest.raises(ValueError, match="All the 5 fits failed"):
        BatchedGridSearchCV(CLASSES, {"alpha": [-1.0]}).fit(X, y)


def test_training_that_diverges_gets_the_error_score():
    """Though the estimator keeps the weights of its last good epoch."""
    X, y = rows()
    mlp = MLPClassifier(**SMALL, solver="sgd", activation="identity")
    with (
        pytest.warns(UserWarning, match="non-finite"),
        pytest.warns(FitFailedWarning, match="3 fits failed"),
    ):
        search = BatchedGridSearchCV(mlp, {"learning_rate_init": [0.1, 1e12]}, cv=3).fit(X, y)
    assert np.isnan(search.cv_results_["mean_test_score"][1])
    assert search.best_index_ == 0


def test_warnings_are_counted():
    """Each is shown once."""
    X, y = rows()
    with pytest.warns(ConvergenceWarning, match="10 of 10 fits: .*max_iter") as caught:
        BatchedGridSearchCV(CLASSES, ALPHAS, refit=False).fit(X, y)
    assert len(caught) == 1


def test_a_search_that_fails_leaves_the_last_one():
    """Nothing is lost."""
    X, y = rows()
    search = BatchedGridSearchCV(CLASSES, ALPHAS, cv=3).fit(X, y)
    before = dict(vars(search))
    with pytest.raises(ValueError, match="inconsistent"):
        search.fit(X, y[1:])
    search.set_params(param_grid={"alpha": [-1.0]})
    with pytest.raises(ValueError, match="All the 3 fits failed"):
        search.fit(X, y)
    assert {**before, "param_grid": search.param_grid} == vars(search)


@pytest.mark.parametrize("factor", [2, 3.0])
@pytest.mark.parametrize("rate", ["constant", "one_cycle"])
def test_halving(rate, factor):
    """The worst leave early; those that stay have the scores of a search without rungs."""
    X, y = rows()
    mlp = MLPClassifier(**{**SMALL, "max_iter": 27}, learning_rate=rate)
    grid = {"learning_rate_init": [1e-5, 1e-4, 1e-3, 1e-2, 0.1], "alpha": [1e-4, 1.0]}
    whole = BatchedGridSearchCV(mlp, grid, cv=3).fit(X, y)
    search = BatchedGridSearchCV(mlp, grid, cv=3, factor=factor, min_epochs=3).fit(X, y)
    results = search.cv_results_
    rungs = results["rung"]
    n_alive = [np.sum(rungs >= r) for r in range(rungs.max() + 1)]
    for n, following in pairwise(n_alive):
        assert following == np.ceil(n / factor)
    stayed = rungs == rungs.max()
    for key in ("mean_test_score", "split0_test_score", "mean_best_iteration"):
        assert_allclose(results[key][stayed], whole.cv_results_[key][stayed], atol=1e-6)
    assert (results["mean_best_iteration"][rungs == 0] == 3).all()
    assert results["rank_test_score"][stayed].max() < results["rank_test_score"][~stayed].min()
    assert stayed[search.best_index_]


def test_the_best_number_of_epochs_after_halving():
    """Early stopping of the folds tells how long the network of all rows is trained."""
    X, y = rows()
    mlp = MLPClassifier(**{**SMALL, "max_iter": 60}, early_stopping=True, n_iter_no_change=3)
    search = BatchedGridSearchCV(mlp, ALPHAS, cv=3, factor=2, min_epochs=10).fit(X, y)
    best = search.cv_results_["mean_best_iteration"][search.best_index_]
    assert search.best_estimator_.early_stopping is False
    assert search.best_estimator_.n_iter_ == round(best)


def test_the_end_of_time(monkeypatch):
    """The candidates that are finished by then are compared; without one it is an error."""
    X, y = rows()
    slow = MLPClassifier(**{**SMALL, "max_iter": 100_000, "n_iter_no_change": np.inf})
    grid = {"max_iter": [2, 100_000], "hidden_layer_sizes": [3]}
    start, looks = time.time(), count()
    # the end comes after so many looks at the clock, however slow the machine is
    clock = SimpleNamespace(time=lambda: start + 3600 * (next(looks) > 100))
    monkeypatch.setattr(_run, "time", clock)
    with pytest.warns(UserWarning, match="1 of 2 candidates"):
        search = BatchedGridSearchCV(slow, grid, max_time=1, cv=2, factor=None).fit(X, y)
    assert search.best_params_["max_iter"] == 2
    monkeypatch.undo()
    with pytest.raises(ValueError, match="max_time"):
        BatchedGridSearchCV(slow, {"alpha": [1.0]}, max_time=0.1, cv=2).fit(X, y)


@pytest.mark.filterwarnings("ignore:invalid value encountered in cast:RuntimeWarning")
@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:.*targets look unscaled")
@parametrize_with_checks(
    [
        BatchedGridSearchCV(
            MLPClassifier(hidden_layer_sizes=16, learning_rate_init=0.01, random_state=0),
            ALPHAS,
            cv=2,
            error_score="raise",
        ),
        BatchedRandomizedSearchCV(
            MLPRegressor(hidden_layer_sizes=16, learning_rate_init=0.02, random_state=0),
            ALPHAS,
            n_iter=2,
            cv=2,
            error_score="raise",
        ),
    ]
)
def test_checks_of_scikit_learn(estimator, check):
    """They pass."""
    check(estimator)


def counted(monkeypatch):
    """Count the chunks that are evaluated."""
    calls, evaluate = [], _run.evaluate

    def spied(data, fits, *arguments):
        calls.append(len(fits))
        return evaluate(data, fits, *arguments)

    monkeypatch.setattr(_run, "evaluate", spied)
    return calls


def test_networks_at_once_fit_into_memory(monkeypatch):
    """Their number is bounded; the result is the same."""
    X, y = rows()
    grid = {"alpha": list(np.logspace(-5, 0, 8))}
    whole = BatchedGridSearchCV(CLASSES, grid, cv=3).fit(X, y)
    calls = counted(monkeypatch)
    each = bytes_of_network([4, 6, 3], 60, "float64")
    bounded = BatchedGridSearchCV(CLASSES, grid, cv=3, max_memory=5 * each + 1).fit(X, y)
    assert max(calls) == 5
    assert_allclose(
        bounded.cv_results_["mean_test_score"], whole.cv_results_["mean_test_score"], rtol=1e-6
    )
    calls.clear()
    BatchedGridSearchCV(CLASSES, grid, cv=3, max_memory=1).fit(X, y)
    assert max(calls) == 1


@pytest.mark.parametrize("settings", [{}, {"factor": 2}, {"ensemble": True}], ids=str)
def test_a_killed_search_resumes(settings, monkeypatch, tmp_path):
    """With equal bits; what was finished is not trained again."""
    X, y = rows()
    grid = {"alpha": list(np.logspace(-5, 0, 30))}
    search = BatchedGridSearchCV(CLASSES, grid, cv=3, checkpoint=tmp_path, **settings)
    whole = clone(search).set_params(checkpoint=None).fit(X, y)
    calls, evaluate = counted(monkeypatch), _run.evaluate

    def killed(*arguments):
        if len(calls) == 2:
            raise SystemExit
        return evaluate(*arguments)

    with monkeypatch.context() as patch:
        patch.setattr(_run, "evaluate", killed)
        with pytest.raises(SystemExit):
            clone(search).fit(X, y)
    assert len(calls) == 2
    resumed = search.fit(X, y)
    for key, expected in whole.cv_results_.items():
        if "_test_" in key:
            assert_array_equal(resumed.cv_results_[key], expected)
    assert_array_equal(resumed.predict_proba(X), whole.predict_proba(X))
    n = len(calls)
    clone(search).fit(X, y)
    assert len(calls) == n
    clone(search).fit(X, 2 - y)
    assert len(calls) > n


def test_interruption_keeps_finished_candidates(monkeypatch):
    """By Ctrl-C; before the first one it is not caught."""
    X, y = rows()
    grid = {"alpha": list(np.logspace(-5, 0, 30))}
    calls, evaluate = counted(monkeypatch), _run.evaluate
    for n, warned in ((1, True), (0, False)):
        calls.clear()

        def interrupted(*arguments, n=n):
            if len(calls) == n:
                raise KeyboardInterrupt
            return evaluate(*arguments)

        search = BatchedGridSearchCV(CLASSES, grid, cv=3)
        with monkeypatch.context() as patch:
            patch.setattr(_run, "evaluate", interrupted)
            if not warned:
                with pytest.raises(KeyboardInterrupt):
                    search.fit(X, y)
                continue
            with pytest.warns(UserWarning, match="interrupted: 10 of 30 candidates"):
                search.fit(X, y)
        assert len(search.cv_results_["params"]) == 10
        assert search.best_estimator_.score(X, y) > 0.3


@pytest.mark.parametrize(
    "mlp",
    [MLPClassifier, MLPRegressor, TabularMLPClassifier, TabularMLPRegressor],
)
def test_search_spaces(mlp):
    """All that is suggested can be fitted, in a pipeline, too."""
    X, y = frame(300) if mlp.__name__.startswith("Tab") else rows(300)
    space = mlp().search_space()
    assert space.keys() <= mlp().get_params().keys()
    search = BatchedRandomizedSearchCV(
        mlp(max_iter=3, random_state=0, **({"cv": None} if "n_bins" in space else {})),
        {**space, "max_iter": [6]},
        n_iter=6,
        cv=2,
        random_state=0,
        error_score="raise",
    )
    search.fit(X, y + 0.0 if "Regressor" in mlp.__name__ else y)
    assert len(search.cv_results_["params"]) == 6
    assert mlp().search_space("mlp__").keys() == {f"mlp__{name}" for name in space}
    assert "learning_rate_init" not in mlp(solver="lbfgs").search_space()


class Tasks:
    """A callback that records tasks, and may ask to end."""

    max_propagation_depth = None

    def __init__(self, end_after=None):
        self.end_after = end_after
        self.tasks = []

    def setup(self, estimator, context):
        """Do nothing."""

    def on_fit_task_begin(self, estimator, context):
        """Do nothing."""

    def on_fit_task_end(self, estimator, context):
        """Record the task."""
        self.tasks.append(context.task_name)
        return self.end_after is not None and self.tasks.count("chunk") >= self.end_after

    def teardown(self, estimator, context):
        """Do nothing."""


needs_callbacks = pytest.mark.skipif(
    not hasattr(CLASSES, "set_callbacks"), reason="scikit-learn has no callbacks yet"
)


@needs_callbacks
@pytest.mark.parametrize("n_jobs", [1, 2])
def test_callbacks_see_rungs_chunks_and_epochs(n_jobs):
    """Epochs of chunks in this process only, and those of the final fit."""
    X, y = rows()
    tasks = Tasks()
    search = BatchedGridSearchCV(CLASSES, ALPHAS, cv=3, factor=2, min_epochs=5, n_jobs=n_jobs)
    search.set_callbacks(tasks).fit(X, y)
    assert tasks.tasks.count("rung") == 3
    assert tasks.tasks.count("chunk") == (3 if n_jobs == 1 else 6)
    n_epochs = tasks.tasks.count("epoch")
    assert n_epochs == 12 + (12 if n_jobs == 1 else 0)
    assert tasks.tasks[-1] == "fit"


@needs_callbacks
def test_a_callback_ends_the_search():
    """Candidates that are finished by then are kept."""
    X, y = rows()
    grid = {"alpha": list(np.logspace(-5, 0, 30))}
    search = BatchedGridSearchCV(CLASSES, grid, cv=3).set_callbacks(Tasks(end_after=1))
    with pytest.warns(UserWarning, match="interrupted: 10 of 30"):
        search.fit(X, y)
    assert len(search.cv_results_["params"]) == 10


def test_a_fit_of_ones_own_is_used():
    """It is not passed over."""
    X, y = rows()

    class Blind(MLPClassifier):
        def fit(self, X, y, **params):
            return super().fit(0 * X, y, **params)

    ours, theirs = (
        search(Blind(**SMALL), ALPHAS, cv=3).fit(X, y)
        for search in (BatchedGridSearchCV, GridSearchCV)
    )
    key = "mean_test_score"
    assert_allclose(ours.cv_results_[key], theirs.cv_results_[key])


@pytest.mark.parametrize(
    "steps",
    [[], [FunctionTransformer(lambda Z: Z)], ["passthrough"]],
    ids=["none", "lambda", "passthrough"],
)
def test_pipelines_of_all_kinds(steps):
    """Without transformers, or with those that cannot be pickled."""
    X, y = rows()
    pipeline = make_pipeline(*steps, CLASSES)
    search = BatchedGridSearchCV(pipeline, {"mlpclassifier__alpha": [0.1]}, cv=3).fit(X, y)
    assert search.best_score_ > 0.3


def test_ctrl_c_in_a_fit_alone(monkeypatch):
    """It ends the search, and candidates that are finished are kept."""
    X, y = rows()
    calls, train = [], many_fits.fit_networks

    def interrupted(*arguments):
        calls.append(1)
        result = train(*arguments)
        return result.with_outcome("interrupted") if len(calls) == 5 else result

    monkeypatch.setattr(many_fits, "fit_networks", interrupted)
    search = BatchedGridSearchCV(MLPClassifier(**SMALL, solver="lbfgs"), ALPHAS, cv=3)
    with pytest.warns(UserWarning, match="interrupted: 1 of 2"):
        search.fit(X, y)
    assert len(calls) == 5


def test_the_time_of_fits_alone(monkeypatch):
    """No further one begins."""
    calls = count()
    monkeypatch.setattr(Deadline, "is_over", property(lambda self: next(calls) > 20))
    X, y = rows()
    alone = MLPClassifier(**SMALL, solver="lbfgs")
    grid = {"alpha": list(np.logspace(-5, 0, 200))}
    with pytest.warns(UserWarning, match="max_time is over"):
        search = BatchedGridSearchCV(alone, grid, cv=3, max_time=1).fit(X, y)
    assert 1 <= len(search.cv_results_["params"]) < 20


def test_a_candidate_without_score_is_never_the_best():
    """In whatever rung it failed."""
    assert rank(np.array([np.nan, 0.5, 0.6]), [2, 1, 1]).tolist() == [3, 2, 1]


class Constant:
    """A scorer that is a method."""

    def __init__(self, value):
        self.value = value

    def score(self, model, X, y):
        """Return the value."""
        return self.value


@pytest.mark.parametrize("kind", ["bound method", "keyword", "function in a function"])
def test_a_checkpoint_knows_scorers(tmp_path, kind):
    """What they depend on, and not where they are in memory."""

    def with_keyword(value):
        def score(model, X, y, *, value=value):
            return value

        return score

    def nested(value):
        code = "def score(model, X, y):\n    double = lambda v: v * 2\n    return double(VALUE)"
        names = {}
        exec(code.replace("VALUE", str(value)), names)
        return names["score"]

    make = {
        "bound method": lambda value: Constant(value).score,
        "keyword": with_keyword,
        "function in a function": nested,
    }[kind]
    X, y = rows()
    counts = []
    for value in (1.0, 2.0, 2.0):
        search = BatchedGridSearchCV(
            CLASSES, ALPHAS, cv=3, scoring=make(value), checkpoint=tmp_path
        ).fit(X, y)
        assert search.best_score_ == make(value)(None, None, None)
        counts.append(len(list(tmp_path.iterdir())))
    assert counts[1] == counts[2]


def test_a_checkpoint_that_cannot_be_written(tmp_path):
    """The search goes on."""
    X, y = rows()
    pipeline = make_pipeline(FunctionTransformer(lambda Z: Z * 1.0), CLASSES)
    grid = {f"mlpclassifier__{name}": values for name, values in ALPHAS.items()}
    search = BatchedGridSearchCV(
        pipeline, grid, cv=3, ensemble=True, scoring="accuracy", checkpoint=tmp_path
    )
    with pytest.warns(UserWarning, match="could not be saved"):
        search.fit(X, y)
    assert search.predict(X).shape == y.shape


def test_time_that_ends_a_rung(monkeypatch):
    """It says nothing about candidates that it has not reached."""
    X, y = rows()
    network = MLPClassifier(hidden_layer_sizes=4, random_state=0, learning_rate="one_cycle")
    grid = {"max_iter": [3, 27], "learning_rate_init": [1e-5, 0.05]}
    search = BatchedGridSearchCV(network, grid, cv=3, factor=2, min_epochs=3, max_time=600)
    evaluate = _halving.evaluate_rung
    rungs = []

    def in_time(run, estimators, alive, known, limit):
        rungs.append(limit)
        if len(rungs) == 2:
            run.deadline = Deadline(0.0, 600)
        return evaluate(run, estimators, alive, known, limit)

    monkeypatch.setattr(_halving, "evaluate_rung", in_time)
    with pytest.warns(UserWarning, match="max_time is over"):
        search.fit(X, y)
    results = search.cv_results_
    assert len(rungs) == 2
    assert not results["rung"].any()
    assert search.best_score_ == results["mean_test_score"].max()
    assert search.best_estimator_.n_iter_ == results["mean_best_iteration"][search.best_index_]


@pytest.mark.parametrize(
    ("settings", "message"),
    [({"others": [CLASSES]}, "ensemble=True"), ({"min_epochs": 3}, "factor=3")],
)
def test_parameters_without_effect(settings, message):
    """They are an error."""
    with pytest.raises(ValueError, match=message):
        BatchedGridSearchCV(CLASSES, ALPHAS, **settings).fit(*rows())


def test_a_checkpoint_knows_functions(tmp_path):
    """By their code, not by their names."""
    X, y = rows()
    scores = []
    for value in (1.0, 2.0):

        def score(model, X, y, value=value):
            return value

        search = BatchedGridSearchCV(CLASSES, ALPHAS, cv=3, scoring=score, checkpoint=tmp_path)
        scores.append(search.fit(X, y).best_score_)
    assert scores == [1.0, 2.0]


@pytest.mark.parametrize("content", [b"", b"no pickle", pickle.dumps(["other"])])
def test_a_checkpoint_that_cannot_be_read(tmp_path, content):
    """It is made anew, with a warning."""
    X, y = rows()
    search = BatchedGridSearchCV(CLASSES, ALPHAS, cv=3, checkpoint=tmp_path).fit(X, y)
    [file] = tmp_path.iterdir()
    file.write_bytes(content)
    with pytest.warns(UserWarning, match="cannot be read"):
        again = clone(search).fit(X, y)
    assert_array_equal(again.predict_proba(X), search.predict_proba(X))
    with pytest.raises(ValueError, match="is a file"):
        clone(search).set_params(checkpoint=file).fit(X, y)


def test_a_checkpoint_knows_classes(tmp_path):
    """Estimators with the same parameters are different ones."""
    X, y = rows()
    kinds = [RandomForestClassifier, ExtraTreesClassifier]
    for kind in kinds:
        others = [kind(10, bootstrap=True, random_state=0)]
        search = BatchedGridSearchCV(
            CLASSES, ALPHAS, cv=3, checkpoint=tmp_path, ensemble=True, others=others
        ).fit(X, y)
        members = [one for one in search.ensemble_.members_ if "estimator" in one.params]
        assert all(type(one.predictors[0]) is kind for one in members)


@pytest.mark.parametrize("max_iter", [[None, 8], [np.nan, 3], [-1, 8], ["auto", 8]])
def test_halving_with_candidates_that_fail(max_iter):
    """They get the error score."""
    X, y = rows()
    with pytest.warns(FitFailedWarning), pytest.warns(UserWarning, match="non-finite"):
        search = BatchedGridSearchCV(CLASSES, {"max_iter": max_iter}, cv=3, factor=2).fit(X, y)
    assert search.best_params_["max_iter"] == max_iter[1]


def test_halving_by_a_function_with_several_scores():
    """Refit names the one that counts."""
    X, y = rows()

    def scores(model, X, y):
        return {"a": model.score(X, y), "b": -model.score(X, y)}

    search = BatchedGridSearchCV(
        CLASSES, {"alpha": [1e-4, 0.1, 1e3]}, cv=3, factor=2, scoring=scores, refit="a"
    ).fit(X, y)
    rungs = search.cv_results_["rung"]
    assert rungs[search.best_index_] == rungs.max()


@pytest.mark.parametrize("factor", [1.1, 2, 1000.0])
def test_rungs_rise(factor):
    """And the last one has no limit."""
    for n, minimum, epochs in ((1, None, 5), (100, None, 300), (50, 7, 300), (5, 400, 300)):
        *limits, last = rung_epochs(n, factor, minimum, epochs)
        assert last is None
        assert limits == sorted(set(limits))
        assert all(1 <= one < epochs for one in limits)


def test_transformers_that_change_their_input():
    """Each fit and each score has rows of its own."""
    X, y = rows()
    model = make_pipeline(StandardScaler(copy=False), MLPClassifier(**SMALL))
    grid = {"mlpclassifier__alpha": [1e-4, 1.0], "standardscaler__with_mean": [True, False]}
    changing = BatchedGridSearchCV(model, grid, cv=3, return_train_score=True).fit(X, y)
    model.set_params(standardscaler__copy=True)
    other = clone(changing).set_params(estimator=model).fit(X, y)
    theirs = GridSearchCV(model, grid, cv=3, return_train_score=True).fit(X, y)
    for name in ("mean_test_score", "mean_train_score"):
        assert_allclose(changing.cv_results_[name], theirs.cv_results_[name])
        assert_allclose(other.cv_results_[name], theirs.cv_results_[name])


@pytest.mark.parametrize("max_time", [None, 600])
def test_less_memory_than_a_network_takes(max_time):
    """Networks are trained one by one."""
    search = BatchedGridSearchCV(CLASSES, ALPHAS, cv=2, max_memory=1, max_time=max_time)
    assert len(search.fit(*rows()).cv_results_["params"]) == 2


def test_brackets_when_time_is_limited():
    """Some candidates of each are trained to their end."""
    X, y = rows()
    network = MLPClassifier(**SMALL | {"max_iter": 9, "n_iter_no_change": np.inf})
    grid = {"alpha": np.logspace(-5, 0, 16).tolist()}
    search = BatchedGridSearchCV(network, grid, cv=2, factor=2, max_time=600).fit(X, y)
    last = search.cv_results_["rung"] == search.cv_results_["rung"].max()
    assert last[:8].any()
    assert last[8:].any()
