"""What people search for is found: the right page is among the first three results.

The built documentation is `docs/_build/html`, or SKNN_DOCS; the step `docs` of `.ci/run` builds it.
"""

import os
from pathlib import Path

import pytest

from tests.docs_search import SearchIndex, load_index

BUILT = Path(os.environ.get("SKNN_DOCS", Path(__file__).parent.parent / "docs" / "_build" / "html"))

#: Folder of the pages of classes.
MLP = "reference/generated/sknn."

#: What is typed, and the pages that answer it.
QUERIES = {
    "gpu": ["choosing"],
    "cuda": ["choosing"],
    "catboost": ["choosing", "tables"],
    "xgboost": ["choosing", "tables"],
    "skorch": ["choosing"],
    "pytabkit": ["choosing"],
    "uncertainty": ["howto/uncertainty"],
    "prediction interval": ["howto/uncertainty"],
    "confidence interval": ["howto/uncertainty"],
    "conformal prediction": ["howto/uncertainty"],
    "coverage": ["howto/uncertainty"],
    "calibration": ["howto/calibration"],
    "calibrated probabilities": ["howto/calibration"],
    "cross-validation": ["howto/uncertainty", "howto/tune"],
    "out-of-fold": ["howto/uncertainty"],
    "class imbalance": ["howto/imbalanced"],
    "imbalanced": ["howto/imbalanced"],
    "class_weight": ["howto/imbalanced"],
    "threshold": ["howto/imbalanced"],
    "NaN": ["tables"],
    "missing values": ["tables"],
    "categorical features": ["tables"],
    "one-hot encoding": ["tables"],
    "pandas": ["tables"],
    "polars": ["tables", "howto/large"],
    "feature importance": ["inspection", "howto/importance"],
    "shap": ["inspection"],
    "explain prediction": ["inspection"],
    "deploy": ["howto/deploy", "deploy"],
    "production": ["howto/deploy"],
    "onnx": ["deploy"],
    "fastapi": ["howto/serving"],
    "mlflow": ["howto/tracking"],
    "tensorboard": ["howto/tracking"],
    "save model": ["saving"],
    "pickle": ["saving"],
    "joblib": ["saving"],
    "checkpoint": ["howto/resume", "reference/generated/sknn.Checkpoint"],
    "hyperparameter tuning": ["howto/tune"],
    "grid search": ["howto/tune"],
    "optuna": ["howto/tune", "howto/pruning"],
    "learning rate": ["learn/descent"],
    "not converging": ["howto/not-learning"],
    "ConvergenceWarning": ["howto/not-learning"],
    "scaling": ["howto/not-learning", "start"],
    "overfitting": ["learn/generalisation"],
    "early stopping": ["learn/generalisation", "howto/validation"],
    "validation set": ["howto/validation"],
    "dropout": ["learn/generalisation"],
    "custom loss": ["howto/parts"],
    "loss function": ["learn/loss", "learn/pairing"],
    "online learning": ["howto/stream"],
    "partial_fit": ["howto/stream"],
    "out of memory": ["howto/large"],
    "parquet": ["howto/large"],
    "dask": ["howto/cluster"],
    "datetime": ["howto/dates"],
    "text features": ["howto/dates"],
    "random seed": ["howto/reproduce"],
    "multi-label": ["howto/targets"],
    "multilabel": ["howto/targets"],
    "multi-output": ["howto/targets"],
    "several targets": ["howto/targets"],
    "skew": ["howto/skewed"],
    "skewed target": ["howto/skewed"],
    "forecast": ["howto/skewed"],
    "forecasting": ["howto/skewed"],
    "time series": ["howto/skewed"],
    "lag features": ["howto/skewed"],
    "outliers": ["howto/skewed"],
    "gamma regression": ["howto/skewed"],
    "cores": ["howto/cores"],
    "threads": ["howto/cores"],
    "n_jobs": ["howto/cores"],
    "OMP_NUM_THREADS": ["howto/cores"],
    "time limit": ["howto/cores"],
    "max_time": ["howto/cores"],
    "learning curve": ["howto/not-learning"],
    "patience": ["howto/validation", "glossary"],
    "progress bar": ["howto/progress"],
    "callbacks": ["howto/callbacks"],
    "migrate": ["howto/move"],
    "install": ["start"],
    "speed": ["performance"],
    "benchmark": ["performance", "tables"],
    "interval": ["howto/uncertainty"],
    "quantile": ["howto/uncertainty"],
    "predict_interval": ["howto/uncertainty"],
    "predict_set": ["howto/uncertainty"],
    "dates": ["howto/dates"],
    "set_callbacks": ["howto/callbacks"],
    "permutation importance": ["howto/importance"],
    "security": ["security"],
    "oof_score_": ["howto/uncertainty"],
    "oof_prediction_": ["howto/uncertainty"],
    "cv_scores_": ["howto/uncertainty"],
    "temperature_": ["howto/calibration"],
    "oof_proba_": ["howto/calibration"],
    "member_params_": [MLP + "TabularMLPClassifier", MLP + "TabularMLPRegressor"],
    "coefs_": [MLP + "MLPClassifier"],
    "intercepts_": [MLP + "MLPClassifier"],
    "classes_": [MLP + "MLPClassifier"],
    "loss_curve_": [MLP + "MLPClassifier"],
    "n_iter_": [MLP + "MLPClassifier"],
    "validation_scores_": [MLP + "MLPClassifier"],
    "feature_names_in_": [MLP + "MLPClassifier"],
    "encoder_": [MLP + "TabularMLPClassifier"],
    "column_types_": [MLP + "TableEncoder"],
}


@pytest.fixture(scope="module")
def search():
    """Return the index of the built documentation."""
    stemmer = pytest.importorskip("snowballstemmer").stemmer("english")
    english = pytest.importorskip("sphinx.search.en").SearchEnglish
    if not (BUILT / "searchindex.js").exists():
        pytest.skip("build the documentation first: .ci/run docs")
    return SearchIndex(load_index(BUILT / "searchindex.js"), stemmer.stemWord, english.stopwords)


def test_there_are_fifty_queries():
    """Or more."""
    assert len(QUERIES) >= 50


@pytest.mark.parametrize("query", QUERIES)
def test_the_right_page_is_among_the_first_three(search, query):
    """Of the results that the page of the search shows."""
    found = search.find(query)[:3]
    assert {page for _, page, _ in found} & set(QUERIES[query]), found


def test_nothing_is_found_for_a_word_that_no_page_has(search):
    """The search is able to fail."""
    assert search.find("zeppelin") == []
