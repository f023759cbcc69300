"""Names in the text lead to the reference: `MLPClassifier` here, `GridSearchCV` at scikit-learn's.

Code in a line that is exactly a public name becomes a link, so that pages need no roles and read
well without a build. scikit-learn's names come from a table, and the inventory that intersphinx
wants is written from it: no network is needed.
"""

import re
import zlib

from docutils import nodes
from sphinx import addnodes
from sphinx.transforms import SphinxTransform

import sknn
import sknn.engine
import sknn.inspection
import sknn.search

#: scikit-learn's names that the documentation mentions, by module. `tests/test_docs.py` compares
#: them with scikit-learn.
SKLEARN = {
    "sklearn.base": ["BaseEstimator", "ClassifierMixin", "RegressorMixin", "TransformerMixin"],
    "sklearn.calibration": ["CalibratedClassifierCV"],
    "sklearn.compose": ["ColumnTransformer", "TransformedTargetRegressor"],
    "sklearn.datasets": ["load_diabetes", "load_digits", "load_iris"],
    "sklearn.ensemble": ["HistGradientBoostingClassifier", "HistGradientBoostingRegressor"],
    "sklearn.exceptions": ["ConvergenceWarning", "NotFittedError"],
    "sklearn.inspection": ["permutation_importance"],
    "sklearn.linear_model": ["LogisticRegression", "RidgeCV", "SGDClassifier"],
    "sklearn.metrics": ["hinge_loss"],
    "sklearn.model_selection": [
        "FixedThresholdClassifier",
        "GridSearchCV",
        "GroupKFold",
        "HalvingGridSearchCV",
        "KFold",
        "RandomizedSearchCV",
        "StratifiedKFold",
        "TunedThresholdClassifierCV",
        "check_cv",
        "cross_val_predict",
        "cross_val_score",
        "train_test_split",
    ],
    "sklearn.multioutput": ["MultiOutputRegressor"],
    "sklearn.neural_network": ["MLPClassifier", "MLPRegressor"],
    "sklearn.pipeline": ["Pipeline", "make_pipeline"],
    "sklearn.preprocessing": [
        "FunctionTransformer",
        "KBinsDiscretizer",
        "OneHotEncoder",
        "StandardScaler",
        "TargetEncoder",
    ],
    "sklearn.svm": ["LinearSVC"],
}


def kind(name):
    """Return "class" or "function", as the names of both are written."""
    return "class" if name.rsplit(".", 1)[-1][0].isupper() else "function"


def write_inventory(path):
    """Write the names of scikit-learn as an inventory of Sphinx, and return its path.

    The format is that of https://sphobjinv.readthedocs.io/en/stable/syntax.html, version 2.
    """
    lines = [
        f"{module}.{name} py:{kind(name)} 1 modules/generated/$.html#$ -"
        for module, names in SKLEARN.items()
        for name in names
    ]
    head = "# Sphinx inventory version 2\n# Project: scikit-learn\n# Version: \n# zlib-compressed\n"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(head.encode() + zlib.compress("\n".join([*lines, ""]).encode()))
    return path


def targets():
    """Return where the names lead that begin with a capital letter, or are qualified."""
    ours = {
        name: f"{module.__name__}.{name}"
        for module in (sknn.engine, sknn.inspection, sknn.search, sknn)
        for name in module.__all__
        if name[0].isupper()
    }
    qualified = {full: full for full in ours.values()}
    qualified |= {f"sknn.{name}": f"sknn.{name}" for name in ("load", "to_onnx")}
    qualified |= {f"sknn.{name}": f"sknn.{name}" for name in ("to_sklearn", "from_sklearn")}
    theirs = {name: f"{module}.{name}" for module, names in SKLEARN.items() for name in names}
    return {**theirs, **qualified, **ours}


TARGETS = targets()


class LinkNames(SphinxTransform):
    """Turn code that is a public name into a reference to it."""

    default_priority = 5  # before references are resolved

    def apply(self, **kwargs):
        """Link the names of a page."""
        for literal in list(self.document.findall(nodes.literal)):
            name = re.sub(r"\(\)$", "", literal.astext())
            if name in TARGETS and not within(literal, (nodes.reference, nodes.title)):
                literal.replace_self(link(literal, TARGETS[name]))


def within(node, kinds):
    """Return whether a node is inside one of these kinds, or inside a reference to come."""
    while node is not None:
        if isinstance(node, (*kinds, addnodes.pending_xref)):
            return True
        node = node.parent
    return False


def link(literal, target):
    """Return a reference to a class or function, shown as the code that it was."""
    role = "class" if kind(target) == "class" else "func"
    reference = addnodes.pending_xref(
        "", refdomain="py", reftype=role, reftarget=target, refexplicit=True, refwarn=False
    )
    reference += literal.deepcopy()
    return reference


def setup(app):
    """Add the transform."""
    app.add_transform(LinkNames)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
