"""The parameter `cv` in files and checkpoints: splitters by name and parameters, and splits."""

import inspect
import io
import pickle

import numpy as np
import pandas as pd
import pytest
import sklearn.model_selection
from numpy.testing import assert_array_equal
from sklearn.base import clone
from sklearn.model_selection import (
    GroupKFold,
    GroupShuffleSplit,
    KFold,
    LeaveOneGroupOut,
    LeaveOneOut,
    LeavePGroupsOut,
    LeavePOut,
    PredefinedSplit,
    RepeatedKFold,
    RepeatedStratifiedKFold,
    ShuffleSplit,
    StratifiedGroupKFold,
    StratifiedKFold,
    StratifiedShuffleSplit,
    TimeSeriesSplit,
)

from sknn import MLPClassifier, ModelFileError
from sknn.estimators._splitters import SPLITTERS, cv_to_plain
from sknn.persistence.describe import describe
from tests.estimators.data import fitted
from tests.persistence.test_archives import assert_alike, loaded, rewritten, saved

N = 24

#: Public classes with a method `split` that files cannot hold, and why.
EXCEPTIONS = {
    "BaseCrossValidator": "a base class, whose folds are those of its subclasses",
    "BaseShuffleSplit": "the same",
}

#: Splitters with other parameters than the defaults; each class of the table has one.
CHANGED = [
    KFold(3, shuffle=True, random_state=1),
    StratifiedKFold(3, shuffle=True, random_state=1),
    GroupKFold(3, shuffle=True, random_state=1),
    StratifiedGroupKFold(3, shuffle=True, random_state=1),
    RepeatedKFold(n_splits=3, n_repeats=2, random_state=1),
    RepeatedStratifiedKFold(n_splits=3, n_repeats=2, random_state=1),
    ShuffleSplit(3, test_size=0.25, train_size=8, random_state=1),
    StratifiedShuffleSplit(3, test_size=0.25, train_size=8, random_state=1),
    GroupShuffleSplit(3, test_size=0.25, train_size=3, random_state=1),
    TimeSeriesSplit(3, max_train_size=9, test_size=4, gap=1),
    LeaveOneOut(),
    LeavePOut(1),
    LeaveOneGroupOut(),
    LeavePGroupsOut(2),
    PredefinedSplit([-1, 0, 1] * (N // 3)),
]

#: The same with default parameters, where all have one.
DEFAULTS = [KFold(), GroupKFold(), RepeatedKFold(), ShuffleSplit(), TimeSeriesSplit()]


def data():
    """Return X, y of two classes, and groups."""
    t = np.arange(N)
    return np.column_stack([np.sin(t), np.cos(2.0 * t)]), t % 2, t // 2 % 6


def model(cv):
    """Return a small classifier with this `cv`."""
    return MLPClassifier((2,), max_iter=2, random_state=0, cv=cv)


def fit(estimator):
    """Fit, with groups where the splitter needs them."""
    X, y, groups = data()
    names = ("GroupKFold", "GroupShuffleSplit", "GroupOut", "GroupsOut")
    needs_groups = type(estimator.cv).__name__.endswith(names)
    return fitted(estimator, X, y, **({"groups": groups} if needs_groups else {}))


def named(splitters):
    """Return pytest parameters with the names of classes as their ids."""
    return [pytest.param(one, id=type(one).__name__) for one in splitters]


def public_splitters():
    """Return the public classes of sklearn.model_selection with a method `split`, by name."""
    found = {}
    for name in sklearn.model_selection.__all__:
        try:
            one = getattr(sklearn.model_selection, name)
        except ImportError:  # experimental searches
            continue
        if inspect.isclass(one) and hasattr(one, "split"):
            found[name] = one
    return found


def test_every_public_splitter_is_in_the_table_or_an_exception():
    """A new one of scikit-learn cannot be forgotten; each parameter has a rule, and no other."""
    found = public_splitters()
    assert len(found) > 15
    assert set(found) == set(SPLITTERS) | set(EXCEPTIONS)
    for name, (cls, rules) in SPLITTERS.items():
        assert cls is found[name]
        assert list(inspect.signature(cls).parameters) == list(rules)


def test_exceptions_are_base_classes():
    """As their reason says."""
    found = public_splitters()
    for name in EXCEPTIONS:
        assert any(issubclass(cls, found[name]) for cls, _ in SPLITTERS.values())
        assert name.startswith("Base")


def test_every_splitter_of_the_table_has_an_example():
    """And no parameter of it is at its default."""
    assert [type(one).__name__ for one in CHANGED] == list(SPLITTERS)
    for one in CHANGED:
        plain = cv_to_plain(one)["parameters"]
        for name, parameter in inspect.signature(type(one)).parameters.items():
            assert plain[name] is not parameter.default


@pytest.mark.parametrize("cv", named([*CHANGED, *DEFAULTS]))
def test_load_restores_the_splitter(cv):
    """Its type and attributes; another fit of the loaded estimator is equal."""
    first = fit(model(cv))
    file = saved(first)
    again = loaded(file)
    assert type(again.cv) is type(cv)
    assert repr(again.cv) == repr(cv)
    assert_alike(vars(again.cv), vars(cv))
    assert saved(again) == file
    fitted_attributes = {name: value for name, value in vars(first).items() if name != "cv"}
    assert_alike({n: v for n, v in vars(again).items() if n != "cv"}, fitted_attributes)
    if getattr(cv, "random_state", 0) is None and getattr(cv, "shuffle", True):
        return  # each fit draws other folds
    refitted = fit(clone(again))
    assert_alike({n: v for n, v in vars(refitted).items() if n != "cv"}, fitted_attributes)


def test_numpy_numbers_become_numbers():
    """As parameters of a splitter."""
    cv = ShuffleSplit(np.int64(2), test_size=np.float64(0.5), random_state=np.int32(4))
    again = loaded(saved(fit(model(cv)))).cv
    assert (again.n_splits, again.test_size, again.random_state) == (2, 0.5, 4)
    assert type(again.test_size) is float


SPLITS = {
    "indices": lambda n: [(np.arange(n // 2), np.arange(n // 2, n))] * 2,
    "masks": lambda n: [(np.arange(n) % 3 > 0, np.arange(n) % 3 == 0)],
    "lists": lambda n: [[list(range(3, n)), [0, 1, 2]]],
    "tuple of ranges": lambda n: ((range(3, n), range(3)), (range(n - 3), range(n - 3, n))),
    "empty test": lambda n: [(list(range(n)), []), (list(range(2, n)), [0, 1])],
    "indices of frames": lambda n: [(pd.RangeIndex(3, n), pd.Series([0, 1, 2]))],
    "one array": lambda n: np.arange(n).reshape(1, 2, n // 2),
    "array of objects": lambda n: np.array([[np.arange(3, n), np.arange(3)], [0, 0]], object)[:1],
}


@pytest.mark.parametrize("splits", SPLITS.values(), ids=SPLITS)
def test_load_restores_splits(splits):
    """As a list of pairs of arrays with the same rows; a fit with them is equal."""
    cv = splits(N)
    first = fit(model(cv))
    again = loaded(saved(first))
    assert type(again.cv) is list
    for ours, theirs in zip(again.cv, cv, strict=True):
        for part, expected in zip(ours, theirs, strict=True):
            assert_array_equal(part, np.asarray(expected))
    assert saved(loaded(saved(again))) == saved(first)
    assert_array_equal(fit(clone(again)).oof_prediction_, first.oof_prediction_)


def test_long_lists_of_splits_become_arrays():
    """The manifest stays short enough to be read, with long folds and with many."""
    rows = list(range(30_000))
    one = fit(model(2))
    for cv in (
        [(rows[:k], rows[k:]) for k in (1000, 15_000, 29_000)],
        [([k], [k + 1]) for k in range(2000)],
    ):
        again = loaded(saved(one.set_params(cv=cv)))
        assert [(a.tolist(), b.tolist()) for a, b in again.cv] == cv


class MyKFold(KFold):
    """A splitter of the user's own."""


class KFoldOfSomebodyElse:
    """A splitter that is no class of scikit-learn, but has the name of one."""

    def split(self, X, y=None, groups=None):
        """Yield the splits of KFold."""
        return KFold(2).split(X, y, groups)

    def get_n_splits(self, X=None, y=None, groups=None):
        """Return 2."""
        return 2


KFoldOfSomebodyElse.__name__ = "KFold"

#: Values of `cv` that fit, but cannot be saved, and what the error says.
UNSAVABLE = [
    (MyKFold(2), r"parameter cv is of type MyKFold.*cv=list\(splitter.split\(X, y\)\)"),
    (KFoldOfSomebodyElse(), r"parameter cv is of type KFold.*cv=list\(splitter.split\(X, y\)\)"),
    (KFold(2).split(np.ones(N)), r"parameter cv is of type generator.*cv=list\("),
    (KFold(2, shuffle=True, random_state=np.random.RandomState(0)), "RandomState.*Set an integer"),
    (RepeatedKFold(random_state=np.random.RandomState(0)), "RandomState.*Set an integer"),
]


@pytest.mark.parametrize(("cv", "says"), UNSAVABLE)
def test_save_refuses_other_objects(cv, says, tmp_path):
    """In words, and writes nothing."""
    with pytest.raises(TypeError, match=says):
        fit(model(cv)).save(tmp_path / "model.sknn")
    assert not any(tmp_path.iterdir())


@pytest.mark.parametrize(
    "cv", [[1, 2], [(1, 2, 3)], ["ab"], [([0.5], [1])], [([[0], [1, 2]], [1])]]
)
def test_save_refuses_lists_of_something_else(cv):
    """Which were set after the fit."""
    with pytest.raises(TypeError, match="parameter cv"):
        saved(fit(model(2)).set_params(cv=cv))


def test_save_refuses_a_splitter_with_invalid_attributes():
    """Which were set after its constructor: `load` could not build it."""
    cv = KFold(2)
    fitted_model = fit(model(cv))
    cv.random_state = 3
    with pytest.raises(ValueError, match="shuffle"):
        saved(fitted_model)
    cv.random_state, cv.n_splits = None, 0
    with pytest.raises(ValueError, match="n_splits of KFold must be an integer >= 2, got 0"):
        saved(fitted_model)


def splitter(name, **parameters):
    """Return a splitter as in a file."""
    return {"splitter": name, "parameters": parameters}


@pytest.mark.parametrize(
    ("plain", "says"),
    [
        (splitter("os.system"), "'os.system', which is not one of KFold"),
        (splitter("MLPClassifier"), "not one of"),
        (splitter("GridSearchCV"), "not one of"),
        (splitter("BaseCrossValidator"), "not one of"),
        (splitter(["KFold"]), "not one of"),
        (splitter(None), "not one of"),
        ({"splitter": "KFold"}, "cv must be"),
        ({"splitter": "KFold", "parameters": {}, "more": 1}, "cv must be"),
        ({"splitter": "KFold", "parameters": []}, "the parameters of KFold are n_splits"),
        ({}, "cv must be"),
        (splitter("KFold", folds=3), "the parameters of KFold"),
        (splitter("LeaveOneOut", n_splits=3), "the parameters of LeaveOneOut are none"),
        (splitter("RepeatedKFold", shuffle=True), "the parameters of RepeatedKFold"),
        (splitter("KFold", n_splits=1), "must be an integer >= 2, got 1"),
        (splitter("KFold", n_splits=True), "must be an integer >= 2"),
        (splitter("KFold", n_splits=3.0), "must be an integer >= 2"),
        (splitter("KFold", n_splits=10**30), "must be an integer >= 2"),
        (splitter("KFold", n_splits="3"), "must be an integer >= 2"),
        (splitter("KFold", shuffle=1), "shuffle of KFold must be a boolean"),
        (splitter("KFold", random_state=0), "no effect since shuffle is False"),
        (splitter("KFold", shuffle=True, random_state=-1), "random_state of KFold must be None or"),
        (splitter("KFold", shuffle=True, random_state=2**32), "random_state of KFold must be"),
        (splitter("RepeatedKFold", n_repeats=0), "n_repeats of RepeatedKFold must be"),
        (splitter("ShuffleSplit", test_size=1.0), "test_size of ShuffleSplit must be None or"),
        (splitter("ShuffleSplit", test_size=np.nan), "test_size of ShuffleSplit must be"),
        (splitter("ShuffleSplit", train_size=0), "train_size of ShuffleSplit must be"),
        (splitter("TimeSeriesSplit", gap=-1), "gap of TimeSeriesSplit must be"),
        (splitter("TimeSeriesSplit", test_size=0.5), "test_size of TimeSeriesSplit must be"),
        (splitter("LeavePOut"), "missing 1 required positional argument"),
        (splitter("LeavePOut", p=[1]), "p of LeavePOut must be"),
        (splitter("PredefinedSplit", test_fold=3), "must be a 1d array of int64"),
        (splitter("PredefinedSplit", test_fold=np.ones(3)), "must be a 1d array of int64"),
        (splitter("PredefinedSplit", test_fold=np.ones(3, np.int8)), "must be a 1d array of int64"),
        (splitter("PredefinedSplit", test_fold=np.ones((3, 1), int)), "must be a 1d array"),
        (True, "cv must be"),
        (5.0, "cv must be"),
        ("KFold", "cv must be"),
        (np.zeros((10**6, 2, 0)), "cv must be"),
        ([1, 2], "list of .train, test. pairs"),
        ([[[0.5], [1]]], "must hold row numbers or masks"),
        ([["a", "b"]], "must hold row numbers or masks"),
        ([[[10**30], [1]]], "must hold row numbers or masks"),
        (1, "cv"),
    ],
)
def test_load_refuses_invalid_cv(plain, says):
    """Even if all digests are valid."""
    file = saved(fit(model(KFold(2))))
    with pytest.raises(ModelFileError, match=says):
        loaded(rewritten(file, lambda contents: contents.parameters.update(cv=plain)))


def test_parameters_that_the_file_lacks_have_their_defaults():
    """An older scikit-learn had fewer of them."""
    file = saved(fit(model(KFold(2))))

    def change(contents):
        del contents.parameters["cv"]["parameters"]["random_state"]

    assert repr(loaded(rewritten(file, change)).cv) == repr(KFold(2))


def test_parameter_that_scikit_learn_added(monkeypatch):
    """Its default is not saved; another value is refused."""

    class NewKFold(KFold):
        def __init__(self, n_splits=5, *, shuffle=False, random_state=None, gap=None):
            super().__init__(n_splits, shuffle=shuffle, random_state=random_state)
            self.gap = gap

    entry = (NewKFold, SPLITTERS["KFold"][1])
    monkeypatch.setitem(SPLITTERS, "NewKFold", entry)
    assert "gap" not in cv_to_plain(NewKFold(3))["parameters"]
    with pytest.raises(TypeError, match="gap of NewKFold cannot be saved"):
        cv_to_plain(NewKFold(3, gap=1))


def test_description_names_the_splitter():
    """Without building it."""
    file = saved(fit(model(KFold(2, shuffle=True, random_state=7))))
    [line] = [one for one in describe(io.BytesIO(file)).splitlines() if " cv = " in one]
    assert "'KFold'" in line
    assert "'random_state': 7" in line


def test_saving_does_not_change_the_estimator():
    """Its `cv` stays the same object."""
    cv = KFold(2, shuffle=True, random_state=0)
    one = fit(model(cv))
    before = pickle.dumps(one)
    saved(one)
    assert one.cv is cv
    assert pickle.dumps(one) == before
