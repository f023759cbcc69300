"""Words that people search for and that lead to a page, whether it uses them or not.

They are main entries of the index, which the search prefers to all other finds.
`tests/test_docs_search.py` asks for many of them.
"""

from docutils import nodes
from sphinx import addnodes
from sphinx.transforms import SphinxTransform

WORDS = {
    "start": ["tutorial", "quickstart", "getting started", "install", "installation", "scaling"],
    "choosing": [
        "GPU",
        "CUDA",
        "graphics card",
        "PyTorch",
        "TensorFlow",
        "comparison",
        "alternatives",
        "gradient boosting",
        "CatBoost",
        "XGBoost",
    ],
    "tables": [
        "NaN",
        "missing values",
        "imputation",
        "categorical features",
        "one-hot encoding",
        "pandas",
        "polars",
        "data frame",
        "benchmark",
    ],
    "performance": ["speed", "benchmark", "memory usage"],
    "inspection": ["feature importance", "SHAP", "explain prediction", "saliency", "attributions"],
    "security": ["security", "vulnerability", "untrusted files"],
    "saving": ["save model", "load model", "pickle", "joblib", "skops"],
    "deploy": ["ONNX", "export"],
    "differences": ["scikit-learn differences"],
    "howto/uncertainty": [
        "uncertainty",
        "prediction interval",
        "confidence interval",
        "conformal prediction",
        "coverage",
        "cross-validation",
        "out-of-fold",
        "standard deviation of predictions",
        "quantile",
        "interval",
        "predict_interval",
        "predict_set",
        "oof_score_",
        "oof_prediction_",
        "cv_scores_",
    ],
    "howto/calibration": [
        "calibration",
        "calibrated probabilities",
        "reliability diagram",
        "temperature_",
        "oof_proba_",
    ],
    "howto/callbacks": ["callbacks", "set_callbacks", "early pruning", "CSVLogger"],
    "howto/importance": ["feature importance", "permutation importance"],
    "howto/pruning": ["optuna", "pruning"],
    "howto/serving": ["FastAPI", "serving", "latency"],
    "howto/tracking": ["MLflow", "TensorBoard", "Weights & Biases", "experiment tracking"],
    "howto/imbalanced": ["class imbalance", "imbalanced data", "class_weight", "rare class"],
    "howto/not-learning": [
        "not converging",
        "ConvergenceWarning",
        "poor accuracy",
        "loss is NaN",
        "learning curve",
        "loss curve",
        "overfitting",
        "scaling",
    ],
    "howto/validation": ["validation set", "X_val", "early stopping", "patience"],
    "howto/tune": [
        "hyperparameter tuning",
        "grid search",
        "random search",
        "learning rate",
        "optuna",
    ],
    "howto/deploy": ["deploy", "deployment", "production"],
    "howto/large": ["out of memory", "big data", "Parquet", "out-of-core"],
    "howto/stream": ["online learning", "incremental learning", "partial_fit", "streaming"],
    "howto/cluster": ["Dask", "distributed training", "cluster"],
    "howto/dates": ["datetime", "dates", "timestamp", "text features", "free text"],
    "howto/skewed": [
        "skewed target",
        "positive target",
        "log-normal",
        "log transform of the target",
        "gamma regression",
        "Poisson regression",
        "negative predictions",
        "TransformedTargetRegressor",
        "outliers",
        "robust regression",
        "forecast",
        "forecasting",
        "time series",
        "TimeSeriesSplit",
        "lag features",
        "demand",
    ],
    "howto/targets": [
        "multi-label",
        "multilabel",
        "multi-output",
        "multioutput",
        "multi-target",
        "several targets",
        "missing targets",
    ],
    "howto/cores": [
        "cores",
        "CPU",
        "threads",
        "n_jobs",
        "parallel",
        "multithreading",
        "nested parallelism",
        "OMP_NUM_THREADS",
        "threadpoolctl",
        "time limit",
        "max_time",
    ],
    "howto/reproduce": ["random seed", "random_state", "reproducibility", "determinism"],
    "howto/resume": ["checkpoint", "resume training"],
    "howto/progress": ["progress bar", "verbose", "logging"],
    "howto/parts": ["custom loss", "custom activation", "custom optimizer"],
    "howto/move": ["migrate", "sklearn.neural_network"],
    "learn/descent": ["learning rate", "optimizer", "Adam"],
    "learn/generalisation": ["overfitting", "regularization", "dropout", "weight decay"],
    "learn/pairing": ["loss function", "cross-entropy", "softmax", "output activation"],
    "learn/loss": ["objective function"],
    "reference/tabular": ["tabular parameters"],
}


class AddSearchWords(SphinxTransform):
    """Add the index entries of a page to its first section."""

    default_priority = 400  # before the index is collected

    def apply(self, **kwargs):
        """Each word leads to the top of the page."""
        words = WORDS.get(self.env.docname, [])
        section = next(self.document.findall(nodes.section), None)
        if words and section is not None:
            entries = [("single", word, section["ids"][0], "main", None) for word in words]
            section.insert(1, addnodes.index(entries=entries))


def check_pages(app, env):
    """Refuse words of a page that does not exist."""
    missing = sorted(set(WORDS) - env.found_docs)
    if missing:
        raise ValueError(f"docs/extensions/search_words.py has words of pages without: {missing}")


def setup(app):
    """Add the transform."""
    app.add_transform(AddSearchWords)
    app.connect("env-check-consistency", check_pages)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
