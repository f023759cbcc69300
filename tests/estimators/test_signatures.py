"""Everything that scikit-learn's MLPs have is here under the same name, and is documented."""

import ast
import inspect
import re

import numpy as np
import pandas as pd
import pytest
import sklearn.neural_network
from sklearn.base import clone

import sknn
from tests.estimators.data import TASKS, fitted

#: The estimators, ours and theirs, by name.
PAIRS = {
    name: (getattr(sknn, name, None), getattr(sklearn.neural_network, name))
    for name in sklearn.neural_network.__all__
    if name.startswith("MLP")
}
OF_NUMBERS = [ours for ours, _ in PAIRS.values()]

#: Those for tables, which have no counterpart there.
OF_TABLES = {
    sknn.TabularMLPClassifier: sknn.MLPClassifier,
    sknn.TabularMLPRegressor: sknn.MLPRegressor,
}
OURS = [*OF_NUMBERS, *OF_TABLES]

#: Parameters and attributes that two classes have and describe differently.
DIFFERENTLY = {
    ("MLPClassifier", "MLPRegressor"): {"loss", "scoring", "out_activation_"},
    ("MLPClassifier", "TabularMLPClassifier"): {
        *("label_smoothing", "batch_size", "max_iter", "weight_decay", "dtype"),
        *("scoring", "dropout", "cv", "n_members"),
    },
    ("MLPRegressor", "TabularMLPRegressor"): {
        *("batch_size", "max_iter", "weight_decay", "dtype", "scoring", "cv", "n_members"),
    },
    ("TabularMLPClassifier", "TabularMLPRegressor"): {
        *("loss", "scoring", "max_iter", "weight_decay", "out_activation_"),
        *("dropout", "cv", "n_members"),
    },
}

#: Defaults that differ from scikit-learn's: the default here, and the reason.
DEFAULTS = {
    ("MLPRegressor", "loss"): ("auto", "both estimators choose what fits y; here squared_error"),
}

#: The kinds of target that scikit-learn's MLPs know.
THEIR_TASKS = {"binary", "multiclass", "multilabel", "real", "multioutput"}

#: Ways to fit, each of which sets attributes of its own in scikit-learn.
SETTINGS = {
    "adam": {},
    "sgd": {"solver": "sgd"},
    "early_stopping": {"early_stopping": True},
    "lbfgs": {"solver": "lbfgs"},
}

#: Attributes that are None in scikit-learn and not here, by way to fit, and the reason.
KNOWN_HERE_ONLY = {
    "early_stopping": {"best_loss_": "the lowest of `loss_curve_`, whatever decides when to stop"},
}


def is_public(name):
    """Return whether a name is for users."""
    return not name.startswith("_")


def constructor(cls):
    """Return the parameters of a constructor by name."""
    return inspect.signature(cls).parameters


def methods(cls):
    """Return the names of the public methods."""
    return [name for name in dir(cls) if is_public(name) and callable(getattr(cls, name))]


def method_parameters(cls, name):
    """Return the parameters of a method by name, but for the object itself."""
    parameters = dict(inspect.signature(getattr(cls, name)).parameters)
    parameters.pop("self", None)
    return parameters


def positional(parameters):
    """Return the names that a call may leave out, in order."""
    return [name for name, p in parameters.items() if p.kind == p.POSITIONAL_OR_KEYWORD]


def attributes(estimator):
    """Return the names of the fitted attributes that can be read."""
    names = [name for name in dir(estimator) if is_public(name) and name.endswith("_")]
    return {name for name in names if hasattr(estimator, name)}


def form(value):
    """Return what kind of value it is, and of which shape: that of a list of arrays is theirs."""
    if isinstance(value, list) and value and isinstance(value[0], np.ndarray):
        return [array.shape for array in value]
    if value is None or isinstance(value, str):
        return type(value)
    return isinstance(value, list), np.shape(value)


def fit(cls, task, settings):
    """Fit an estimator to a frame, whose columns have names."""
    X, y = TASKS[task][1]()
    frame = pd.DataFrame(X, columns=[f"x{i}" for i in range(X.shape[1])])
    plain = {"dropout": 0.0} if cls in OF_TABLES else {}  # which lbfgs needs
    return fitted(cls(**{"max_iter": 2, "random_state": 0, **plain, **settings}), frame, y)


def tasks_of(cls):
    """Return the names of the tasks that an estimator is for."""
    name = OF_TABLES.get(cls, cls).__name__
    return [task for task, (estimator, _) in TASKS.items() if estimator.__name__ == name]


# What scikit-learn has

EACH_PARAMETER = [
    (name, parameter) for name, (_, theirs) in PAIRS.items() for parameter in constructor(theirs)
]
EACH_METHOD = [(name, method) for name, (_, theirs) in PAIRS.items() for method in methods(theirs)]
EACH_FIT = [
    (name, task, settings)
    for name, (_, theirs) in PAIRS.items()
    for task in tasks_of(theirs)
    if task in THEIR_TASKS
    for settings in SETTINGS
]


def test_estimators():
    """Every MLP of scikit-learn is here, and has data to be fitted to."""
    assert PAIRS
    assert set(PAIRS) <= set(sknn.__all__)
    assert all(tasks_of(ours) for ours in OURS)
    assert set(TASKS) >= THEIR_TASKS


@pytest.mark.parametrize(("name", "parameter"), EACH_PARAMETER)
def test_constructor_parameter(name, parameter):
    """The parameter is here, with the same default or a reason for another."""
    ours, theirs = PAIRS[name]
    assert parameter in constructor(ours)
    default = constructor(ours)[parameter].default
    if (name, parameter) in DEFAULTS:
        expected, reason = DEFAULTS[name, parameter]
        assert expected != constructor(theirs)[parameter].default, f"no longer needed: {reason}"
    else:
        expected = constructor(theirs)[parameter].default
    assert default == expected
    assert type(default) is type(expected)


def test_every_other_default_is_of_a_parameter():
    """The exceptions are about parameters that there are."""
    assert set(DEFAULTS) <= set(EACH_PARAMETER)


@pytest.mark.parametrize(("name", "parameter"), EACH_PARAMETER)
def test_words_of_a_parameter(name, parameter):
    """Every word that scikit-learn's parameter can be set to is known."""
    ours, theirs = (words(cls._parameter_constraints[parameter]) for cls in PAIRS[name])
    assert theirs <= ours


def words(constraints):
    """Return the words that a parameter can be set to."""
    return {word for c in constraints for word in getattr(c, "options", ()) if type(word) is str}


@pytest.mark.parametrize("ours", OURS)
def test_only_two_parameters_are_positional(ours):
    """The layers and their activation come first, in every estimator; the rest needs its name.

    scikit-learn's regressor puts its loss before them, so that ``MLPRegressor((100,))`` fails.
    """
    kinds = {name: parameter.kind for name, parameter in constructor(ours).items()}
    first, rest = list(kinds)[:2], list(kinds.values())[2:]
    assert first == positional(constructor(ours)) == ["hidden_layer_sizes", "activation"]
    assert set(rest) == {inspect.Parameter.KEYWORD_ONLY}


@pytest.mark.parametrize(("name", "method"), EACH_METHOD)
def test_method(name, method):
    """The method is here and takes the same calls, by position and by name."""
    ours, theirs = PAIRS[name]
    assert method in methods(ours)
    found, expected = method_parameters(ours, method), method_parameters(theirs, method)
    assert set(expected) <= set(found)
    for parameter in expected:
        assert found[parameter].kind == expected[parameter].kind, parameter
        assert found[parameter].default == expected[parameter].default, parameter
    n = len(positional(expected))
    assert positional(found)[:n] == positional(expected)
    needed = {parameter for parameter, p in found.items() if p.default is p.empty}
    assert needed <= set(expected), "calls without these would fail"


@pytest.mark.parametrize(("name", "task", "settings"), EACH_FIT)
def test_fitted_attributes(name, task, settings):
    """Every attribute that `fit` sets there is set here, to a value of the same form."""
    ours, theirs = (fit(cls, task, SETTINGS[settings]) for cls in PAIRS[name])
    assert attributes(theirs) <= attributes(ours)
    for attribute in attributes(theirs) - KNOWN_HERE_ONLY.get(settings, {}).keys():
        assert form(getattr(ours, attribute)) == form(getattr(theirs, attribute)), attribute


@pytest.mark.parametrize("settings", KNOWN_HERE_ONLY)
@pytest.mark.parametrize("name", PAIRS)
def test_what_is_known_here_only(name, settings):
    """What scikit-learn leaves at None in spite of knowing it is a number here."""
    ours, theirs = (fit(cls, tasks_of(cls)[0], SETTINGS[settings]) for cls in PAIRS[name])
    for attribute, reason in KNOWN_HERE_ONLY[settings].items():
        assert getattr(theirs, attribute) is None, f"no longer needed: {reason}"
        assert np.isfinite(getattr(ours, attribute))


@pytest.mark.parametrize("name", PAIRS)
def test_attributes_of_a_stream(name):
    """The same after `partial_fit`."""
    ours, theirs = (streamed(cls) for cls in PAIRS[name])
    assert attributes(theirs) <= attributes(ours)


def streamed(cls):
    """Fit an estimator to a single chunk."""
    X, y = TASKS[tasks_of(cls)[0]][1]()
    names_classes = "classes" in method_parameters(cls, "partial_fit")
    return cls().partial_fit(X, y, **({"classes": np.unique(y)} if names_classes else {}))


@pytest.mark.parametrize("ours", OURS)
def test_nothing_fitted_before_fit(ours):
    """A new estimator has no fitted attribute, so that every one above came from `fit`."""
    assert attributes(ours()) == set()


@pytest.mark.parametrize("tabular", OF_TABLES)
def test_estimators_of_tables_take_what_those_of_numbers_take(tabular):
    """Every parameter, word and method of theirs, by the same name."""
    plain = OF_TABLES[tabular]
    assert constructor(plain).keys() <= constructor(tabular).keys()
    for parameter in constructor(plain):
        ours, theirs = (words(c._parameter_constraints[parameter]) for c in (tabular, plain))
        assert theirs <= ours
    assert methods(tabular) == methods(plain)
    for method in methods(plain):
        assert method_parameters(tabular, method) == method_parameters(plain, method)
    assert set(tabular._parameter_constraints) == set(constructor(tabular))


# What is documented


def sections(docstring):
    """Return the texts under the underlined titles of a docstring."""
    parts = re.split(r"^(\S.*)\n-{3,}$", inspect.cleandoc(docstring or ""), flags=re.MULTILINE)
    return dict(zip(parts[1::2], parts[2::2], strict=True))


def entries(text):
    """Return the names that a section explains: those of ``a, b : type`` are two."""
    heads = re.findall(r"^(\S.*)\n +\S", text, flags=re.MULTILINE)
    return [name.lstrip("*") for head in heads for name in head.split(" : ")[0].split(", ")]


def test_the_reader_of_docstrings():
    """It finds every name that is explained, and none that is not."""
    found = sections("""A title.

    Parameters
    ----------
    a, b : int
        Two numbers:

        - a : the first;
    **c : dict
        More.
    d : str

    Returns
    -------
    nothing
    """)
    assert list(found) == ["Parameters", "Returns"]
    assert entries(found["Parameters"]) == ["a", "b", "c"]


@pytest.mark.parametrize("ours", OURS)
def test_parameters_are_documented(ours):
    """The class documents every constructor parameter, in order, and no other."""
    assert entries(sections(ours.__doc__)["Parameters"]) == list(constructor(ours))


def described(ours):
    """Return the entries of parameters and attributes by name, without their defaults."""
    found = sections(ours.__doc__)
    text = found["Parameters"] + found["Attributes"]
    parts = [part for part in re.split(r"^(?=\S+ : )", text, flags=re.MULTILINE) if part.strip()]
    return {
        part.partition(" : ")[0].strip(): re.sub(r"default=.*", "", part, count=1).strip()
        for part in parts
    }


@pytest.mark.parametrize(("one", "other"), DIFFERENTLY)
def test_entries_that_classes_share_are_equal(one, other):
    """Docstrings are copies of each other, but for defaults and where the classes differ."""
    here, there = (described(getattr(sknn, name)) for name in (one, other))
    assert len(here) > 50
    different = {name for name in here if name in there and here[name] != there[name]}
    assert different == DIFFERENTLY[one, other]


@pytest.mark.parametrize("ours", OURS)
def test_defaults_are_documented(ours):
    """An entry says the default of the signature."""
    text = sections(ours.__doc__)["Parameters"]
    for name, parameter in constructor(ours).items():
        [documented] = re.findall(rf"^{name} : .*default=(.*)$", text, flags=re.MULTILINE)
        assert ast.literal_eval(documented) == parameter.default, name


@pytest.mark.parametrize("ours", OURS)
def test_attributes_are_documented(ours):
    """The class documents every fitted attribute, and none that no fit sets."""
    settings = [*SETTINGS.values(), {"early_stopping": True, "refit": True}, {"cv": 2}]
    if hasattr(ours, "predict_proba"):
        settings.append({"cv": 2, "loss": "hinge"})
    if ours in OF_TABLES:
        settings.append({"cv": "auto", "max_iter": "auto", "hidden_layer_sizes": 4})
    found = [attributes(fit(ours, task, s)) for task in tasks_of(ours) for s in settings]
    documented = entries(sections(ours.__doc__)["Attributes"])
    assert len(documented) == len(set(documented))
    assert set(documented) == set.union(*found)


@pytest.mark.parametrize(
    ("ours", "method"), [(ours, name) for ours in OURS for name in methods(ours)]
)
def test_methods_are_documented(ours, method):
    """Every public method says what it does, what it takes and what it returns."""
    docstring = inspect.getdoc(getattr(ours, method))
    assert docstring
    assert re.match(r"[A-Z].*[.;]", docstring)
    found = sections(docstring)
    assert entries(found.get("Parameters", "")) == list(method_parameters(ours, method))
    if "X" in method_parameters(ours, method):
        assert "X : {array-like, sparse matrix, frame} of shape" in found["Parameters"]
        assert "no\n    sparse matrix" in docstring or "as for `fit`" in docstring
    gives_nothing = inspect.signature(getattr(ours, method)).return_annotation is None
    assert gives_nothing or found.get("Returns", "").strip()


# Subclasses


class Wide(sknn.MLPClassifier):
    """A subclass with a parameter of its own."""

    def __init__(self, width=4, *, random_state=None, max_iter=2):
        super().__init__((width,), random_state=random_state, max_iter=max_iter)
        self.width = width


class Tuned(sknn.MLPRegressor):
    """A subclass with fewer parameters, which hands constants on."""

    def __init__(self, alpha=0.1):
        super().__init__((3,), alpha=alpha, solver="lbfgs", max_iter=2)


def test_a_subclass_may_have_a_parameter_more():
    """It is constructed, cloned, set and fitted like any estimator."""
    model = clone(Wide(5)).set_params(random_state=1)
    assert model.get_params() == {"width": 5, "random_state": 1, "max_iter": 2}
    X, y = TASKS["binary"][1]()
    assert fitted(model, X, y).coefs_[0].shape == (4, 5)
    alike = fitted(sknn.MLPClassifier((5,), random_state=1, max_iter=2), X, y)
    np.testing.assert_array_equal(model.predict_proba(X), alike.predict_proba(X))


def test_a_subclass_may_have_fewer_parameters():
    """Those that it sets itself count."""
    model = clone(Tuned(0.5))
    assert model.get_params() == {"alpha": 0.5}
    X, y = TASKS["real"][1]()
    assert fitted(model, X, y).coefs_[0].shape == (4, 3)
    assert model.n_iter_ == 2
    assert not hasattr(model, "partial_fit")
