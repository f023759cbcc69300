"""Every meta-estimator of scikit-learn with the estimators of this package inside.

They are found by discovery: a new one fails `test_table_is_complete` until it has a case here.
"""

import inspect
import pickle

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_array_equal
from sklearn.base import clone, is_classifier
from sklearn.calibration import CalibratedClassifierCV
from sklearn.compose import ColumnTransformer, TransformedTargetRegressor
from sklearn.ensemble import (
    AdaBoostClassifier,
    AdaBoostRegressor,
    BaggingClassifier,
    BaggingRegressor,
    StackingClassifier,
    StackingRegressor,
    VotingClassifier,
    VotingRegressor,
)
from sklearn.experimental import enable_halving_search_cv, enable_iterative_imputer
from sklearn.feature_selection import RFE, RFECV, SelectFromModel, SequentialFeatureSelector
from sklearn.frozen import FrozenEstimator
from sklearn.impute import IterativeImputer
from sklearn.linear_model import LinearRegression, LogisticRegression, RANSACRegressor
from sklearn.model_selection import (
    FixedThresholdClassifier,
    GridSearchCV,
    HalvingGridSearchCV,
    HalvingRandomSearchCV,
    RandomizedSearchCV,
    TunedThresholdClassifierCV,
)
from sklearn.multiclass import OneVsOneClassifier, OneVsRestClassifier, OutputCodeClassifier
from sklearn.multioutput import (
    ClassifierChain,
    MultiOutputClassifier,
    MultiOutputRegressor,
    RegressorChain,
)
from sklearn.pipeline import FeatureUnion, Pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.semi_supervised import SelfTrainingClassifier
from sklearn.utils import all_estimators

from sknn import (
    MLPClassifier,
    MLPRegressor,
    TabularMLPClassifier,
    TabularMLPRegressor,
    to_onnx,
)
from tests.estimators.data import binary, fitted, multiclass, multilabel, multioutput, real

assert enable_halving_search_cv
assert enable_iterative_imputer

#: Parameters that take an estimator, or several.
PARAMETERS = {"classifier", "estimator", "estimators", "regressor"}
PARAMETERS |= {"steps", "transformer_list", "transformers"}

GRID = {"alpha": [0.01, 0.1]}
LINEAR = {True: ("linear", LogisticRegression()), False: ("linear", LinearRegression())}


def importances(model):
    """Return a number for each feature."""
    return np.abs(model.coefs_[0][: model.n_features_in_]).sum(axis=1)


def selector(model):
    """Return a transformer that selects features by the weights of a network."""
    return SelectFromModel(model, importance_getter=importances)


def few_labels(n=60, m=4):
    """Return X and labels of which a third is unknown, -1."""
    X, y = binary(n, m)
    return X, np.where(np.arange(n) % 3, y, -1)


def gaps(n=60, m=4):
    """Return X with missing values."""
    X, y = real(n, m)
    X[::7, 1] = np.nan
    return X, y


def strings(make):
    """Return a function that makes the same data with labels of text."""

    def make_strings(n=60, m=4):
        X, y = make(n, m)
        return X, np.array(["one", "three", "two"])[y]

    return make_strings


BINARY, MULTICLASS = strings(binary), strings(multiclass)

#: Each meta-estimator: how it is made around a classifier or a regressor, and data for it.
CASES = {
    AdaBoostClassifier: (
        lambda c, r: AdaBoostClassifier(c, n_estimators=3, random_state=0),
        MULTICLASS,
    ),
    AdaBoostRegressor: (lambda c, r: AdaBoostRegressor(r, n_estimators=3, random_state=0), real),
    BaggingClassifier: (lambda c, r: BaggingClassifier(c, 3, random_state=0), MULTICLASS),
    BaggingRegressor: (lambda c, r: BaggingRegressor(r, 3, random_state=0), real),
    CalibratedClassifierCV: (lambda c, r: CalibratedClassifierCV(c, cv=2), MULTICLASS),
    ClassifierChain: (lambda c, r: ClassifierChain(c), multilabel),
    ColumnTransformer: (lambda c, r: ColumnTransformer([("s", selector(c), [0, 1, 2])]), BINARY),
    FeatureUnion: (lambda c, r: FeatureUnion([("s", selector(c))]), BINARY),
    FixedThresholdClassifier: (
        lambda c, r: FixedThresholdClassifier(c, threshold=0.8, pos_label="one"),
        BINARY,
    ),
    FrozenEstimator: (lambda c, r: FrozenEstimator(fitted(c, *BINARY())), BINARY),
    GridSearchCV: (lambda c, r: GridSearchCV(c, GRID, cv=2), MULTICLASS),
    HalvingGridSearchCV: (lambda c, r: HalvingGridSearchCV(c, GRID, cv=2, random_state=0), BINARY),
    HalvingRandomSearchCV: (
        lambda c, r: HalvingRandomSearchCV(c, GRID, n_candidates=2, cv=2, random_state=0),
        BINARY,
    ),
    IterativeImputer: (lambda c, r: IterativeImputer(r, max_iter=1, random_state=0), gaps),
    MultiOutputClassifier: (lambda c, r: MultiOutputClassifier(c), multilabel),
    MultiOutputRegressor: (lambda c, r: MultiOutputRegressor(r), multioutput),
    OneVsOneClassifier: (lambda c, r: OneVsOneClassifier(c), MULTICLASS),
    OneVsRestClassifier: (lambda c, r: OneVsRestClassifier(c), MULTICLASS),
    OutputCodeClassifier: (lambda c, r: OutputCodeClassifier(c, random_state=0), MULTICLASS),
    Pipeline: (lambda c, r: Pipeline([("scale", StandardScaler()), ("mlp", c)]), MULTICLASS),
    RANSACRegressor: (lambda c, r: RANSACRegressor(r, min_samples=40, random_state=0), real),
    RFE: (lambda c, r: RFE(c, n_features_to_select=3, importance_getter=importances), BINARY),
    RFECV: (
        lambda c, r: RFECV(c, min_features_to_select=3, importance_getter=importances, cv=2),
        BINARY,
    ),
    RandomizedSearchCV: (
        lambda c, r: RandomizedSearchCV(r, GRID, n_iter=2, cv=2, random_state=0),
        real,
    ),
    RegressorChain: (lambda c, r: RegressorChain(r), multioutput),
    SelectFromModel: (lambda c, r: selector(r), real),
    SelfTrainingClassifier: (lambda c, r: SelfTrainingClassifier(c, max_iter=2), few_labels),
    SequentialFeatureSelector: (
        lambda c, r: SequentialFeatureSelector(c, n_features_to_select=1, cv=2),
        BINARY,
    ),
    StackingClassifier: (
        lambda c, r: StackingClassifier([("mlp", c), LINEAR[True]], clone(c), cv=2),
        MULTICLASS,
    ),
    StackingRegressor: (
        lambda c, r: StackingRegressor([("mlp", r), LINEAR[False]], clone(r), cv=2),
        real,
    ),
    TransformedTargetRegressor: (
        lambda c, r: TransformedTargetRegressor(
            r, func=np.cbrt, inverse_func=np.exp, check_inverse=False
        ),
        real,
    ),
    TunedThresholdClassifierCV: (
        lambda c, r: TunedThresholdClassifierCV(c, cv=2, scoring="accuracy"),
        BINARY,
    ),
    VotingClassifier: (
        lambda c, r: VotingClassifier([("mlp", c), LINEAR[True]], voting="soft"),
        MULTICLASS,
    ),
    VotingRegressor: (lambda c, r: VotingRegressor([("mlp", r), LINEAR[False]]), real),
}

#: Those whose graphs give their predictions; `to_onnx` refuses the others.
EXPORTED = {
    AdaBoostClassifier,
    AdaBoostRegressor,
    BaggingClassifier,
    BaggingRegressor,
    CalibratedClassifierCV,
    GridSearchCV,
    HalvingGridSearchCV,
    HalvingRandomSearchCV,
    MultiOutputClassifier,
    MultiOutputRegressor,
    OneVsRestClassifier,
    Pipeline,
    RANSACRegressor,
    RandomizedSearchCV,
    StackingClassifier,
    StackingRegressor,
    VotingClassifier,
    VotingRegressor,
}

#: The two pairs of estimators.
PAIRS = {
    "plain": (MLPClassifier, MLPRegressor),
    "tabular": (TabularMLPClassifier, TabularMLPRegressor),
}


def test_table_is_complete():
    """It has every meta-estimator."""
    found = {
        cls
        for _, cls in all_estimators()
        if PARAMETERS & inspect.signature(cls.__init__).parameters.keys()
    }
    assert found == set(CASES)


def made(cls, pair):
    """Return a fitted meta-estimator, and its X."""
    make, data = CASES[cls]
    settings = {"hidden_layer_sizes": (6,), "max_iter": 20, "random_state": 0}
    networks = [one(learning_rate_init=0.05, **settings) for one in PAIRS[pair]]
    X, y = data()
    return fitted(make(*networks), X, y), X, y


def outputs(model, X):
    """Return everything that a model gives for X."""
    verbs = ("predict", "predict_proba", "decision_function", "transform")
    return [np.asarray(getattr(model, verb)(X)) for verb in verbs if hasattr(model, verb)]


SLOW, SLOW_MARK = {TunedThresholdClassifierCV}, pytest.mark.slow

everywhere = pytest.mark.parametrize(
    ("cls", "pair"),
    [
        pytest.param(cls, pair, marks=() if pair == "plain" and cls not in SLOW else SLOW_MARK)
        for cls in CASES
        for pair in PAIRS
    ],
)


@everywhere
def test_fit_predict_clone_pickle(cls, pair):
    """A pickle and a fitted clone give the same, in every verb."""
    model, X, y = made(cls, pair)
    expected = outputs(model, X)
    assert expected
    for other in (pickle.loads(pickle.dumps(model)), fitted(clone(model), X, y)):
        for one, same in zip(outputs(other, X), expected, strict=True):
            assert_array_equal(one, same)


@everywhere
def test_onnx(cls, pair):
    """The graph gives the same, or the error names the meta-estimator."""
    pytest.importorskip("onnxruntime")
    pytest.importorskip("skl2onnx")
    from tests.persistence.runtime import run

    model, X, _ = made(cls, pair)
    rows = X.astype(np.float32)
    if cls not in EXPORTED:
        with pytest.raises(ValueError, match=rf"\b{cls.__name__}\b.* cannot be exported to ONNX"):
            to_onnx(model, rows)
        return
    is_table = pair == "tabular" and hasattr(model, "best_estimator_")  # an input for each column
    given = pd.DataFrame(X, columns=["x0", "x1", "x2", "x3"]) if is_table else X
    answers = run(to_onnx(model, rows), given)
    for name, expected in promised(model, X).items():
        assert answers[name].shape == expected.shape
        if name.startswith("label"):
            assert (answers[name] == expected).mean() > 0.98
        else:
            assert answers[name].dtype == np.float32
            np.testing.assert_allclose(answers[name], expected, rtol=1e-4, atol=1e-5)
        del answers[name]
    assert not answers


def promised(model, X):
    """Return the outputs that `to_onnx` promises, by name."""
    if not is_classifier(model):
        return {"predictions": model.predict(X)}
    labels, p = model.predict(X), model.predict_proba(X)
    if not isinstance(p, list):
        return {"label": labels, "probabilities": p}
    both = {f"label_{i}": column for i, column in enumerate(labels.T)}
    return both | {f"probabilities_{i}": one for i, one in enumerate(p)}
