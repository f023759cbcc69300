"""The ensemble of a search: what its weights are, and what it predicts."""

import pickle
import time
import warnings

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import clone
from sklearn.ensemble import RandomForestClassifier
from sklearn.exceptions import ConvergenceWarning, FitFailedWarning, NotFittedError
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.metrics import get_scorer, log_loss, make_scorer, roc_auc_score
from sklearn.model_selection import KFold, ShuffleSplit, cross_val_predict
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler
from sklearn.svm import SVC

from sknn import MLPClassifier, MLPRegressor, to_onnx
from sknn.search import BatchedGridSearchCV, _final_fits, _selection
from sknn.search._calibration import with_temperature
from sknn.search._selection import greedy_weights, select
from sknn.search._selection import loss_of as loss
from tests.estimators.data import real
from tests.search.test_searches import rows

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

SMALL = {"hidden_layer_sizes": 6, "random_state": 0, "max_iter": 30}
GRID = {"learning_rate_init": [1e-3, 0.01], "alpha": [1e-4, 0.1]}


def squared(y):
    """Return the squared error of predictions."""
    return lambda prediction: np.mean((prediction - y) ** 2)


def test_the_average_is_at_least_as_good_as_the_best():
    """On the rows that choose, by the loss that chooses."""
    rng = np.random.RandomState(0)
    y = rng.randn(100)
    predictions = y + rng.randn(5, 100)
    loss = squared(y)
    weights = greedy_weights(predictions, loss)
    assert_allclose(weights.sum(), 1)
    assert loss(weights @ predictions) < min(map(loss, predictions))


def test_equal_errors_get_equal_weights():
    """Independent errors of the same size are averaged."""
    rng = np.random.RandomState(0)
    y = rng.randn(20_000)
    weights = greedy_weights(y + rng.randn(4, 20_000), squared(y))
    assert_allclose(weights, 0.25, atol=0.05)


def test_a_perfect_candidate_is_chosen_alone():
    """And candidates without finite predictions never."""
    y = np.arange(5.0)
    predictions = np.stack([y + 1, y, np.full(5, np.nan)])
    assert_array_equal(greedy_weights(predictions, squared(y)), [0, 1, 0])


def test_weights_without_a_fold_do_not_depend_on_it():
    """So that the fold is a test."""
    rng = np.random.RandomState(0)
    y, folds = rng.randn(60), np.array_split(np.arange(60), 3)
    predictions = y + rng.randn(4, 60)
    known = np.ones(60, bool)

    def loss(average, numbers):
        return np.mean((average - y[numbers]) ** 2)

    _, without = select(predictions, known, folds, loss)
    changed = predictions.copy()
    changed[:, folds[1]] += 100 * rng.randn(4, 20)
    _, again = select(changed, known, folds, loss)
    assert_array_equal(without[1], again[1])
    assert not np.array_equal(without[0], again[0])


@pytest.mark.parametrize("n_jobs", [1, 2])
@pytest.mark.parametrize("refit", [False, True])
def test_predictions_are_those_of_the_members(n_jobs, refit):
    """The weighted mean of fits to all rows; without refit, of the mean over folds."""
    X, y = rows()
    others = [RandomForestClassifier(10, random_state=0)]
    network = MLPClassifier(**SMALL)
    settings = {"ensemble": True, "others": others, "n_jobs": n_jobs, "refit": refit}
    search = BatchedGridSearchCV(network, GRID, cv=3, **settings).fit(X, y)
    members = search.ensemble_.members_
    assert_allclose(sum(member.weight for member in members), 1)
    assert all((member.refitted is not None) is refit for member in members)
    if refit:
        own = [
            member.params["estimator"]
            if "estimator" in member.params
            else clone(network).set_params(**member.params, n_members=3)
            for member in members
        ]
        predictions = [
            with_temperature(clone(one).fit(X, y), member.temperature).predict_proba(X)
            for one, member in zip(own, members, strict=True)
        ]
    else:
        predictions = [
            np.mean([one.predict_proba(X) for one in member.estimators], axis=0)
            for member in members
        ]
    expected = sum(member.weight * one for member, one in zip(members, predictions, strict=True))
    assert_allclose(search.predict_proba(X), expected)
    assert_array_equal(search.predict(X), search.classes_[expected.argmax(axis=1)])
    assert_allclose(search.score(X, y), np.mean(search.predict(X) == y))
    assert 0 < search.oof_score_ <= 1


def refitting(monkeypatch, fit):
    """Return a search whose members are fitted to all rows by another function."""
    monkeypatch.setattr(_final_fits, "_fit", fit)
    X, y = rows()
    return BatchedGridSearchCV(MLPClassifier(**SMALL), GRID, cv=3, ensemble=True).fit(X, y)


@pytest.mark.parametrize(
    ("available", "n", "made"),
    [
        (100, 5, [1, 2, 0]),
        (34, 4, [1, 2, 0]),  # 4 * 8 + 2
        (17.9, 2, [1, 0]),  # not the last one: 2 * 7 + 2 + 2 * 1 would be 18
        (15, 2, [0, 2]),  # what fits beside the first one
        (1, 2, []),
    ],
)
def test_few_seconds_are_for_few_networks(available, n, made):
    """Each fit has fewer networks, then the last fits are left out; long ones come first."""
    times = [(2.0, False), (7.0, True), (1.0, True)]
    assert _final_fits.fits_in_time(times, 5, available) == (n, made)


def test_members_are_fitted_as_far_as_there_is_time(monkeypatch):
    """Others predict by the folds."""
    fit = _final_fits._fit
    search = refitting(monkeypatch, lambda *work: fit(*work[:3], time.time() - 1))
    without = clone(search).set_params(refit=False).fit(*rows())
    assert [member.refitted for member in search.ensemble_.members_] == [None] * len(
        without.ensemble_.members_
    )
    assert_array_equal(search.predict_proba(rows()[0]), without.predict_proba(rows()[0]))


def fail(*work):
    """Raise an error."""
    raise ValueError("of this fit")


def diverge(*work):
    """Warn of divergence."""
    warnings.warn("Training diverged in epoch 2", ConvergenceWarning, stacklevel=2)


@pytest.mark.parametrize("fit", [diverge, fail])
def test_members_that_fail_on_all_rows_predict_by_the_folds(fit, monkeypatch):
    """There is one warning, and nothing is lost."""
    own = _final_fits._fit

    def broken(estimator, data, params, latest):
        monkeypatch.setattr(type(estimator), "fit", fit)
        try:
            return own(estimator, data, params, latest)
        finally:
            monkeypatch.undo()

    with pytest.warns(FitFailedWarning, match="members of the ensemble could not be fitted"):
        search = refitting(monkeypatch, broken)
    assert search.ensemble_.members_[0].refitted is None
    assert search.predict(rows()[0]).shape == (90,)


def test_weights_of_rows_reach_the_members():
    """As they reach the best estimator."""
    X, y = rows()
    w = np.random.RandomState(0).uniform(0.1, 2, len(y))
    network = MLPClassifier(**SMALL)
    search = BatchedGridSearchCV(network, GRID, cv=3, ensemble=True, n_jobs=2)
    search.fit(X, y, sample_weight=w)
    for member in search.ensemble_.members_:
        alone = clone(network).set_params(**member.params, n_members=3).fit(X, y, w)
        assert_array_equal(alone.coefs_[0], member.refitted.coefs_[0])


def test_another_estimator_may_be_all_of_it():
    """Cross-validated on the same folds."""
    X, y = rows()
    bad = MLPClassifier(**{**SMALL, "max_iter": 1})
    forest, folds = RandomForestClassifier(50, random_state=0), KFold(3)
    search = BatchedGridSearchCV(bad, {"alpha": [1.0]}, cv=folds, ensemble=True, others=[forest])
    search.fit(X, y)
    weights = {
        str(member.params.get("estimator")): member.weight for member in search.ensemble_.members_
    }
    assert weights[str(forest)] > 0.8
    proba = cross_val_predict(forest, X, y, cv=folds, method="predict_proba")
    if len(weights) == 1:
        assert_allclose(search.oof_score_, np.mean(proba.argmax(axis=1) == y), atol=0.05)


def test_intervals_cover():
    """About as often as wanted, though the same rows have chosen."""
    rng = np.random.RandomState(0)
    X = rng.uniform(-1, 1, (400, 2))
    y = X[:, 0] + 0.3 * rng.randn(400)
    search = BatchedGridSearchCV(MLPRegressor(**SMALL), GRID, cv=5, ensemble=True)
    search.fit(X[:200], y[:200])
    low, high = search.predict_interval(X[200:], coverage=0.8).T
    assert 0.7 < np.mean((low <= y[200:]) & (y[200:] <= high)) < 0.9
    with pytest.raises(ValueError, match="coverage"):
        search.predict_interval(X, coverage=2)


def test_several_outputs():
    """Each has its own mean and intervals."""
    X, y = real()
    Y = np.column_stack([y, -y])
    search = BatchedGridSearchCV(MLPRegressor(**SMALL), GRID, cv=3, ensemble=True).fit(X, Y)
    assert search.predict(X).shape == Y.shape
    assert search.predict_interval(X).shape == (*Y.shape, 2)


def test_folds_that_overlap():
    """Rows are predicted by the mean of the folds that hold them out; there are no intervals."""
    X, y = real()
    cv = ShuffleSplit(4, random_state=0)
    search = BatchedGridSearchCV(MLPRegressor(**SMALL), GRID, cv=cv, ensemble=True).fit(X, y)
    assert np.isfinite(search.oof_score_)
    with pytest.raises(ValueError, match="holds out each row once"):
        search.predict_interval(X)


@pytest.mark.parametrize("schedule", ["constant", "one_cycle"])
def test_the_ensemble_of_halving_has_all_candidates(schedule):
    """Those that left are trained on all rows as long as they were on the folds."""
    X, y = rows()
    network = MLPClassifier(**SMALL, learning_rate=schedule, n_iter_no_change=np.inf)
    grid = {"learning_rate_init": [1e-3, 3e-3, 0.01], "alpha": [1e-4, 0.1, 3.0]}
    worst_stay = make_scorer(lambda y, predicted: -np.mean(y == predicted))
    settings = {"cv": 3, "factor": 3, "ensemble": True, "scoring": worst_stay}
    search = BatchedGridSearchCV(network, grid, **settings).fit(X, y)
    numbers = search.cv_results_["params"], search.cv_results_["mean_best_iteration"]
    epochs = {str(params): round(n) for params, n in zip(*numbers, strict=True)}
    members = search.ensemble_.members_
    assert min(epochs[str(member.params)] for member in members) < 30
    for member in members:
        n = epochs[str(member.params)]
        settings = member.params | {"max_iter": n, "n_members": 3}
        alone = clone(network).set_params(**settings).fit(X, y)
        assert_allclose(member.refitted.coefs_[0], alone.coefs_[0])


@pytest.mark.parametrize(
    ("model", "y", "message"),
    [
        (MLPClassifier(**SMALL, loss="hinge"), rows()[1], "no predict_proba"),
        (MLPClassifier(**SMALL), np.eye(3, dtype=int)[rows()[1]], "single column"),
    ],
)
def test_estimators_without_probabilities(model, y, message):
    """Their error says what to do."""
    search = BatchedGridSearchCV(model, {"alpha": [1.0]}, cv=3, ensemble=True)
    with pytest.raises(ValueError, match=message):
        search.fit(rows()[0], y)


def test_the_score_of_the_scorer():
    """With several scorers, one each."""
    X, y = rows()
    scoring = ["accuracy", "neg_log_loss"]
    search = BatchedGridSearchCV(
        MLPClassifier(**SMALL), GRID, cv=3, ensemble=True, scoring=scoring, refit="neg_log_loss"
    ).fit(X, y)
    assert set(search.oof_score_) == set(scoring)
    assert_allclose(search.score(X, y), -log_loss(y, search.predict_proba(X)))


def test_without_an_ensemble_there_is_none():
    """Also after a fit that had one."""
    X, y = rows()
    search = BatchedGridSearchCV(MLPClassifier(**SMALL), GRID, cv=3, ensemble=True).fit(X, y)
    search.set_params(ensemble=False).fit(X, y)
    assert not hasattr(search, "ensemble_")
    assert not hasattr(search, "predict_interval")


@pytest.mark.parametrize("labels", [["a", "b", "c"], [0, 1, 2]])
def test_voting_predicts_alike(labels):
    """scikit-learn's voting estimator, and its ONNX graph."""
    X, y = rows()
    y = np.array(labels)[y]
    X = X.astype(np.float32)
    model = make_pipeline(StandardScaler(), MLPClassifier(**SMALL))
    grid = {f"mlpclassifier__{name}": values for name, values in GRID.items()}
    search = BatchedGridSearchCV(model, grid, cv=3, ensemble=True).fit(X, y)
    voting = search.ensemble_.to_voting()
    assert_allclose(voting.predict_proba(X), search.predict_proba(X))
    assert_array_equal(voting.predict(X), search.predict(X))
    again = pickle.loads(pickle.dumps(voting))
    assert_array_equal(again.predict(X), search.predict(X))


def test_voting_of_regressors():
    """Their mean; several outputs cannot vote."""
    X, y = real()
    search = BatchedGridSearchCV(MLPRegressor(**SMALL), GRID, cv=3, ensemble=True).fit(X, y)
    assert_allclose(search.ensemble_.to_voting().predict(X), search.predict(X))
    search.fit(X, np.column_stack([y, y]))
    with pytest.raises(ValueError, match="one output"):
        search.ensemble_.to_voting()


@pytest.mark.parametrize("classify", [False, True])
def test_one_onnx_graph(classify):
    """By way of the voting estimator."""
    pytest.importorskip("skl2onnx")
    runtime = pytest.importorskip("onnxruntime")
    X, y = rows() if classify else real()
    X = X.astype(np.float32)
    make = MLPClassifier if classify else MLPRegressor
    search = BatchedGridSearchCV(make(**SMALL), GRID, cv=3, ensemble=True).fit(X, y)
    graph = to_onnx(search, X)
    session = runtime.InferenceSession(graph.SerializeToString())
    outputs = session.run(None, {session.get_inputs()[0].name: X})
    expected = search.predict_proba(X) if classify else search.predict(X)[:, None]
    assert_allclose(outputs[-1].reshape(expected.shape), expected, atol=1e-4)


def test_all_methods_are_of_one_model():
    """Those that an ensemble cannot answer are not there."""
    X, y = rows()
    search = BatchedGridSearchCV(MLPClassifier(**SMALL), GRID, cv=3, ensemble=True).fit(X, y)
    assert_allclose(search.predict_log_proba(X), np.log(search.predict_proba(X)))
    for name in ("decision_function", "transform", "score_samples"):
        assert not hasattr(search, name)
    two = y > 0
    search = BatchedGridSearchCV(MLPClassifier(**SMALL), GRID, cv=3, ensemble=True).fit(X, two)
    assert_allclose(
        get_scorer("roc_auc")(search, X, two), roc_auc_score(two, search.predict_proba(X)[:, 1])
    )
    alone = BatchedGridSearchCV(MLPClassifier(**SMALL), GRID, cv=3).fit(X, y)
    assert alone.decision_function(X).shape == (len(y), 3)


@pytest.mark.filterwarnings("ignore:A column-vector y was passed")
def test_a_single_column_of_y():
    """It is the same as without a second axis."""
    X, y = real()
    searches = [
        BatchedGridSearchCV(MLPRegressor(**SMALL), GRID, cv=3, ensemble=True, others=[Ridge()])
        for _ in range(2)
    ]
    for search, target in zip(searches, (y, y[:, None]), strict=True):
        search.fit(X, target)
    assert_allclose(searches[0].oof_score_, searches[1].oof_score_)
    assert_allclose(searches[0].predict_interval(X), searches[1].predict_interval(X))


def test_quantiles_are_chosen_by_their_loss():
    """Not by the squared error; several are refused before training."""
    rng = np.random.RandomState(0)
    X = rng.uniform(-1, 1, (200, 1))
    y = X[:, 0] + rng.exponential(size=200)
    model = MLPRegressor(**{**SMALL, "max_iter": 200}, loss="quantile", quantile=0.9)
    grid = {"learning_rate_init": [0.01, 0.03]}
    search = BatchedGridSearchCV(model, grid, cv=3, ensemble=True, others=[Ridge()]).fit(X, y)
    assert np.mean(y < search.predict(X)) > 0.8
    model.set_params(quantile=[0.1, 0.9])
    with pytest.raises(ValueError, match="lists 2"):
        BatchedGridSearchCV(model, grid, ensemble=True).fit(X, y)


def test_other_estimators_that_fail():
    """They are not in the ensemble, and there is a warning."""
    X, y = rows()
    search = BatchedGridSearchCV(
        MLPClassifier(**SMALL), GRID, cv=3, ensemble=True, others=[LogisticRegression(C=-1)]
    )
    with pytest.warns(FitFailedWarning, match="others: LogisticRegression.* failed on 3 of 3"):
        search.fit(X, y)
    assert all("estimator" not in member.params for member in search.ensemble_.members_)


def test_a_class_that_a_fold_does_not_know_changes_no_temperature():
    """One row of it would, since its probability is 0 whatever the temperature is."""
    X, y = rows()
    y = y == 1
    rare = np.where(np.arange(len(y)) == 0, 2, y)
    settings = {"cv": KFold(3), "ensemble": True}
    found = [
        BatchedGridSearchCV(MLPClassifier(**SMALL), GRID, **settings).fit(X, labels)
        for labels in (y.astype(int), rare)
    ]
    highest = [max(one.temperature for one in search.ensemble_.members_) for search in found]
    assert highest[1] < highest[0] + 1


def test_splits_of_any_kind():
    """Masks and numbers from the end are the rows that they select."""
    X, y = rows()
    splits = list(KFold(3, shuffle=True, random_state=0).split(X))
    kinds = [
        splits,
        [(train, test - len(X)) for train, test in splits],
        [(np.isin(np.arange(len(X)), train), np.isin(np.arange(len(X)), t)) for train, t in splits],
    ]
    found = [
        BatchedGridSearchCV(MLPClassifier(**SMALL), GRID, cv=one, ensemble=True).fit(X, y)
        for one in kinds
    ]
    assert len({search.oof_score_ for search in found}) == 1


def test_sample_weights_of_the_final_step(monkeypatch):
    """They choose members; those of transformers do not, and None is none."""
    X, y = rows()
    w = np.random.RandomState(0).uniform(0.1, 2, len(y))
    seen = []
    monkeypatch.setattr(_selection, "loss_of", lambda *given: seen.append(given[2]) or loss(*given))
    pipeline = make_pipeline(StandardScaler(), MLPClassifier(**SMALL))
    grid = {"mlpclassifier__alpha": [1e-4, 0.1]}
    search = BatchedGridSearchCV(pipeline, grid, cv=3, ensemble=True)
    search.fit(X, y, mlpclassifier__sample_weight=w, standardscaler__sample_weight=w[::-1])
    search.fit(X, y, mlpclassifier__sample_weight=None)
    assert_array_equal(seen[0], w)
    assert seen[1] is None


@pytest.mark.filterwarnings("ignore:Scoring failed", "ignore:One or more of the test scores")
def test_weights_that_are_zero_outside_a_fold():
    """Weights of members are not chosen without this fold."""
    X, y = rows()
    w = np.where(np.arange(len(y)) % 3 == 0, 1.0, 0.0)
    splits = [(np.arange(len(y)), np.arange(len(y))[k::3]) for k in range(3)]
    search = BatchedGridSearchCV(MLPClassifier(**SMALL), GRID, cv=splits, ensemble=True)
    assert search.fit(X, y, sample_weight=w).predict(X).shape == y.shape


def test_an_estimator_with_wrong_parameters_of_its_own():
    """Its candidates may set them: nobody asked for it itself."""
    X, y = rows()
    network = MLPClassifier(**SMALL | {"learning_rate_init": -1})
    search = BatchedGridSearchCV(network, GRID, cv=3, ensemble=True, error_score="raise")
    assert all(one.params for one in search.fit(X, y).ensemble_.members_)


def test_candidates_that_predict_different_things():
    """An average of a mean and a quantile is nothing."""
    X, y = real()
    grid = {"loss": ["squared_error", "quantile"], "quantile": [0.9]}
    search = BatchedGridSearchCV(MLPRegressor(**SMALL), grid, cv=3, ensemble=True)
    with pytest.raises(ValueError, match="one kind"):
        search.fit(X, y)


def test_methods_that_are_not_there_say_why():
    """Before `fit` and after it."""
    search = BatchedGridSearchCV(MLPRegressor(**SMALL), GRID, cv=3)
    with pytest.raises(AttributeError) as error:
        _ = search.predict_interval
    assert "ensemble=True" in str(error.value.__cause__)
    search.fit(*real()).set_params(ensemble=True)
    with pytest.raises(NotFittedError):
        search.predict(real()[0])


class Interrupting(LogisticRegression):
    """Presses Ctrl-C in a fit to all rows."""

    def fit(self, X, y):
        """Fit to folds only."""
        if len(X) == len(rows()[1]):
            raise KeyboardInterrupt
        return super().fit(X, y)


@pytest.mark.parametrize("ensemble", [False, True])
def test_ctrl_c_in_the_final_fit_keeps_the_search(ensemble):
    """There is no best estimator; an ensemble predicts by the folds."""
    X, y = rows()
    search = BatchedGridSearchCV(Interrupting(), {"C": [0.1, 1.0]}, cv=3, ensemble=ensemble)
    with pytest.warns(UserWarning, match="no best_estimator_"):
        search.fit(X, y)
    assert len(search.cv_results_["params"]) == 2
    assert not hasattr(search, "best_estimator_")
    if ensemble:
        assert search.predict(X).shape == y.shape
        assert all(member.refitted is None for member in search.ensemble_.members_)
    else:
        with pytest.raises(NotFittedError):
            search.predict(X)


def test_ctrl_c_keeps_members_that_are_fitted(monkeypatch):
    """The others predict by the folds, and no further fit begins."""
    fit, calls = _final_fits._fit, []

    def interrupted(*work):
        calls.append(work)
        if len(calls) == 2:
            return None, "Training was interrupted after 3 epochs."
        return fit(*work)

    search = refitting(monkeypatch, interrupted)
    members = search.ensemble_.members_
    assert len(calls) == min(2, len(members))
    assert sum(member.refitted is not None for member in members) == 1


def test_scorers_see_the_rows():
    """Also those that look at X."""
    X, y = real()

    def weighted(model, X, y):
        return -np.average((model.predict(X) - y) ** 2, weights=np.abs(X[:, 0]))

    search = BatchedGridSearchCV(
        MLPRegressor(**SMALL), {"alpha": [1e-4]}, cv=3, ensemble=True, scoring=weighted
    ).fit(X, y)
    assert_allclose(search.oof_score_, search.best_score_)


def test_one_split_is_not_enough():
    """Nothing would be left to choose weights by."""
    X, y = rows()
    search = BatchedGridSearchCV(
        MLPClassifier(**SMALL), GRID, cv=ShuffleSplit(1, random_state=0), ensemble=True
    )
    with pytest.raises(ValueError, match="two splits or more"):
        search.fit(X, y)


def test_without_refit():
    """The ensemble knows the columns."""
    X, y = rows()
    table = pd.DataFrame(X, columns=list("abcd"))
    search = BatchedGridSearchCV(MLPClassifier(**SMALL), GRID, cv=3, ensemble=True, refit=False)
    search.fit(table, y)
    assert search.n_features_in_ == 4
    assert list(search.feature_names_in_) == list("abcd")
    search.fit(X, y)
    assert not hasattr(search, "feature_names_in_")
    search.set_params(scoring=["accuracy", "neg_log_loss"]).fit(X, y)
    with pytest.raises(ValueError, match="name of a score"):
        search.score(X, y)


def test_unknown_targets_of_several_outputs():
    """They are left out of the score, as by the estimator."""
    X, y = real()
    Y = np.column_stack([y, 2 * y])
    Y[::5, 0] = np.nan
    search = BatchedGridSearchCV(MLPRegressor(**SMALL), {"alpha": [1e-4]}, cv=3, ensemble=True)
    search.fit(X, Y)
    assert_allclose(search.oof_score_, search.best_score_)


def test_weights_of_a_step():
    """They choose, too."""
    X, y = real()
    w = np.where(np.arange(len(y)) < len(y) / 2, 1.0, 1e-9)
    target = np.where(w == 1, y, -5 * y)
    grid = {"alpha": [1e-4, 1e3], "learning_rate_init": [0.05]}
    alone = BatchedGridSearchCV(MLPRegressor(**SMALL), grid, cv=3, ensemble=True)
    alone.fit(X, target, sample_weight=w)
    piped = BatchedGridSearchCV(
        make_pipeline(FunctionTransformer(), MLPRegressor(**SMALL)),
        {f"mlpregressor__{name}": values for name, values in grid.items()},
        cv=3,
        ensemble=True,
    ).fit(X, target, mlpregressor__sample_weight=w)
    one, two = ([m.weight for m in search.ensemble_.members_] for search in (alone, piped))
    assert_allclose(one, two)


def test_members_of_the_wrong_kind():
    """They are refused before training."""
    X, y = rows()
    for others, message in (([SVC()], "no predict_proba"), ([Ridge()], "cannot have Ridge")):
        search = BatchedGridSearchCV(MLPClassifier(**SMALL), GRID, ensemble=True, others=others)
        with pytest.raises(ValueError, match=message):
            search.fit(X, y)


@pytest.mark.parametrize("labels", [[0, 1], ["a", "b", "c"]])
@pytest.mark.parametrize("scaled", [False, True])
def test_networks_divide_their_outputs_by_a_temperature(labels, scaled):
    """Smoothed labels make probabilities too even; out-of-fold predictions tell by how much."""
    rng = np.random.RandomState(0)
    X = rng.randn(300, 3)
    y = np.array(labels)[np.argmax(X[:, : len(labels)], axis=1)]
    network = MLPClassifier(**SMALL | {"max_iter": 200}, label_smoothing=0.4)
    model = make_pipeline(StandardScaler(), network) if scaled else network
    name = "mlpclassifier__alpha" if scaled else "alpha"
    settings = {"cv": 3, "ensemble": True, "scoring": "neg_log_loss"}
    search = BatchedGridSearchCV(model, {name: [1e-4, 1e-3]}, **settings).fit(X, y)
    (member, *_) = search.ensemble_.members_
    assert member.temperature < 0.8
    fitted = clone(model).set_params(**{name: member.params.get(name, 1e-4)})
    fitted.set_params(**{name.replace("alpha", "n_members"): 3}).fit(X, y)
    last = fitted[-1] if scaled else fitted
    own = member.refitted[-1] if scaled else member.refitted
    assert_allclose(own.coefs_[-1], last.coefs_[-1] / member.temperature)
    assert search.oof_score_ > search.best_score_ + 0.05
    assert_allclose(search.ensemble_.to_voting().predict_proba(X), search.predict_proba(X))


def test_attributes_that_a_search_does_not_have():
    """The error says what would give them."""
    X, y = np.arange(40.0).reshape(20, 2), np.arange(20.0)
    grid = {"alpha": [0.0, 1.0]}
    one = BatchedGridSearchCV(MLPRegressor((2,), max_iter=1), grid, cv=2, refit=False)
    with pytest.raises(AttributeError, match="'oof_score_': it is not fitted"):
        _ = one.oof_score_
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        one.fit(X, y)
    for name in ("oof_score_", "ensemble_"):
        with pytest.raises(AttributeError, match=f"{name!r}: .* Set ensemble=True"):
            getattr(one, name)
    with pytest.raises(AttributeError, match="'best_estimator_': refit=False trains none"):
        _ = one.best_estimator_
    with pytest.raises(AttributeError, match=r"'predict_set': a search has none. Fit .* with cv=5"):
        _ = one.predict_set
    with pytest.raises(AttributeError, match=r"has no attribute 'nonsense'$"):
        _ = one.nonsense
