"""The learners of tables.py with default parameters, each with its preprocessing.

Each is built by a function of the problem, which imports what it needs, so that those which are not
installed can be left out. All work on one thread.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.compose import ColumnTransformer, TransformedTargetRegressor, make_column_selector
from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression, RidgeCV
from sklearn.multioutput import MultiOutputRegressor
from sklearn.neural_network import MLPClassifier, MLPRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import (
    FunctionTransformer,
    LabelEncoder,
    OneHotEncoder,
    StandardScaler,
)

from sknn import TabularMLPClassifier, TabularMLPRegressor


@dataclass(frozen=True)
class Problem:
    """What a learner is built for.

    Parameters
    ----------
    is_regression : bool
        Whether y are numbers.
    outputs : int
        How many columns of y there are.
    seed : int
        The learner's random state.
    members : int
        Of sknn-members.
    """

    is_regression: bool = False
    outputs: int = 1
    seed: int = 0
    members: int = 8


def sknn(problem: Problem, **settings: Any) -> Any:
    """Build sknn's estimator for tables, which takes them as they are."""
    kind = TabularMLPRegressor if problem.is_regression else TabularMLPClassifier
    return kind(random_state=problem.seed, **settings)


def sknn_none(problem: Problem) -> Any:
    """Build the same without a choice of settings."""
    return sknn(problem, cv=None)


def sknn_members(problem: Problem) -> Any:
    """Build the same without a choice of settings, with several members."""
    return sknn(problem, cv=None, n_members=problem.members)


def mlp(problem: Problem, **settings: Any) -> Any:
    """Build scikit-learn's network; columns and real targets are prepared as it likes them."""
    kind = MLPRegressor if problem.is_regression else MLPClassifier
    network: Any = kind(random_state=problem.seed, **settings)
    if problem.is_regression:
        network = TransformedTargetRegressor(network, transformer=StandardScaler())
    return make_pipeline(scaled_columns("infrequent_if_exist"), network)


def mlp_es(problem: Problem) -> Any:
    """Build the same with early stopping."""
    return mlp(problem, early_stopping=True)


def linear(problem: Problem) -> Any:
    """Build a ridge regression that chooses its penalty, or a logistic regression."""
    if problem.is_regression:
        return make_pipeline(scaled_columns("ignore"), RidgeCV(np.logspace(-3, 3, 13)))
    return make_pipeline(scaled_columns("ignore"), LogisticRegression(max_iter=2000))


def scaled_columns(handle_unknown: str) -> ColumnTransformer:
    """Fill holes with medians and standardise; one column a level, of those with five rows."""
    numbers = make_pipeline(SimpleImputer(strategy="median"), StandardScaler())
    levels = OneHotEncoder(handle_unknown=handle_unknown, min_frequency=5, sparse_output=False)
    return ColumnTransformer(
        [
            ("numbers", numbers, make_column_selector(dtype_include="number")),
            ("levels", levels, make_column_selector(dtype_include="category")),
        ]
    )


def hgb(problem: Problem) -> Any:
    """Build scikit-learn's gradient boosting."""
    settings = {"categorical_features": "from_dtype", "random_state": problem.seed}
    if problem.is_regression:
        return one_each(HistGradientBoostingRegressor(**settings), problem)
    return HistGradientBoostingClassifier(**settings)


def xgboost(problem: Problem) -> Any:
    """Build XGBoost's estimator."""
    from xgboost import XGBClassifier, XGBRegressor

    settings = {"enable_categorical": True, "n_jobs": 1, "random_state": problem.seed}
    if problem.is_regression:
        return plainly_named(XGBRegressor(**settings))
    return plainly_named(NumberedLabels(XGBClassifier(**settings)))


def lightgbm(problem: Problem) -> Any:
    """Build LightGBM's estimator."""
    from lightgbm import LGBMClassifier, LGBMRegressor

    settings = {"n_jobs": 1, "random_state": problem.seed, "verbose": -1}
    if problem.is_regression:
        return plainly_named(one_each(LGBMRegressor(**settings), problem))
    return plainly_named(LGBMClassifier(**settings))


def catboost(problem: Problem) -> Any:
    """Build CatBoost's estimator."""
    from catboost import CatBoostClassifier, CatBoostRegressor

    settings = {
        "thread_count": 1,
        "random_seed": problem.seed,
        "verbose": False,
        "allow_writing_files": False,
    }
    if problem.is_regression:
        return one_each(TextLevels(CatBoostRegressor(**settings)), problem)
    return NumberedLabels(TextLevels(CatBoostClassifier(**settings)))


def realmlp(problem: Problem) -> Any:
    """Build pytabkit's RealMLP, the simple variant, which knows no missing numbers."""
    from pytabkit import RealMLP_TD_S_Classifier, RealMLP_TD_S_Regressor

    kind = RealMLP_TD_S_Regressor if problem.is_regression else RealMLP_TD_S_Classifier
    numbers = SimpleImputer(strategy="median")
    filled = ColumnTransformer(
        [("numbers", numbers, make_column_selector(dtype_include="number"))],
        remainder="passthrough",
        verbose_feature_names_out=False,
    ).set_output(transform="pandas")
    return make_pipeline(
        filled, kind(device="cpu", n_threads=1, random_state=problem.seed, verbosity=0)
    )


def one_each(regressor: Any, problem: Problem) -> Any:
    """Fit a regressor for each output, if it knows only one."""
    return regressor if problem.outputs == 1 else MultiOutputRegressor(regressor)


def plainly_named(estimator: Any) -> Any:
    """Name the columns by their number first: not every name is allowed everywhere."""
    return make_pipeline(FunctionTransformer(numbered_columns), estimator)


def numbered_columns(X: pd.DataFrame) -> pd.DataFrame:
    """Return the same columns as x0, x1 and so on."""
    return X.set_axis([f"x{number}" for number in range(X.shape[1])], axis=1)


class NumberedLabels(ClassifierMixin, BaseEstimator):
    """A classifier whose labels must be 0, 1, 2, and its users' labels.

    Parameters
    ----------
    classifier : estimator
        The classifier.
    """

    def __init__(self, classifier: Any) -> None:
        self.classifier = classifier

    def fit(self, X: Any, y: np.ndarray) -> "NumberedLabels":
        """Fit the classifier to the numbers of the labels."""
        self.labels_ = LabelEncoder().fit(y)
        self.classes_ = self.labels_.classes_
        self.classifier.fit(X, self.labels_.transform(y))
        return self

    def predict(self, X: Any) -> np.ndarray:
        """Return labels."""
        return self.labels_.inverse_transform(self.classifier.predict(X))

    def predict_proba(self, X: Any) -> np.ndarray:
        """Return a column of probabilities for each label."""
        return self.classifier.predict_proba(X)


class TextLevels(BaseEstimator):
    """CatBoost's estimator for frames with categories; what is missing there is a level.

    Parameters
    ----------
    estimator : estimator
        `CatBoostClassifier` or `CatBoostRegressor`.
    """

    def __init__(self, estimator: Any) -> None:
        self.estimator = estimator

    def fit(self, X: pd.DataFrame, y: np.ndarray) -> "TextLevels":
        """Fit the estimator, and tell it which columns are categories."""
        categories = list(X.select_dtypes("category").columns)
        self.estimator.fit(with_text_levels(X), y, cat_features=categories)
        return self

    def predict(self, X: pd.DataFrame) -> np.ndarray:
        """Return (n,) numbers of labels, or numbers."""
        return self.estimator.predict(with_text_levels(X)).ravel()

    def predict_proba(self, X: pd.DataFrame) -> np.ndarray:
        """Return a column of probabilities for each label."""
        return self.estimator.predict_proba(with_text_levels(X))


def with_text_levels(X: pd.DataFrame) -> pd.DataFrame:
    """Return the same columns, the categories as text without holes."""
    columns = X.select_dtypes("category").astype(object)
    return X.assign(**columns.where(columns.notna(), "missing"))


#: Builds a learner.
Build = Callable[[Problem], Any]

#: Every learner by its name.
LEARNERS: dict[str, Build] = {
    "sknn": sknn,
    "sknn-none": sknn_none,
    "sknn-members": sknn_members,
    "mlp": mlp,
    "mlp-es": mlp_es,
    "linear": linear,
    "hgb": hgb,
    "xgboost": xgboost,
    "lightgbm": lightgbm,
    "catboost": catboost,
    "realmlp": realmlp,
}

#: Those that run only if they are asked for.
OPTIONAL = ("sknn-none", "sknn-members", "mlp-es", "catboost")


def installed_learners(names: Iterable[str]) -> list[str]:
    """Return the learners that can be imported; say which are not there."""
    there = []
    for name in names:
        try:
            LEARNERS[name](Problem())
        except ImportError as error:
            print(f"note: {name} is left out, it is not installed ({error})")
        else:
            there.append(name)
    return there
