"""Displays: what is drawn, and on which axes."""

import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy import sparse
from sklearn.base import clone
from sklearn.datasets import load_digits
from sklearn.exceptions import NotFittedError
from sklearn.experimental import enable_halving_search_cv  # noqa: F401
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import (
    GridSearchCV,
    HalvingGridSearchCV,
    HalvingRandomSearchCV,
    RandomizedSearchCV,
    TunedThresholdClassifierCV,
)
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MinMaxScaler, StandardScaler
from sklearn.tree import DecisionTreeClassifier

from sknn import MLPClassifier, MLPRegressor, TabularMLPRegressor
from sknn.inspection import (
    AdversarialDisplay,
    AttributionsDisplay,
    GradientFlowDisplay,
    IntervalDisplay,
    LossCurveDisplay,
    NetworkDisplay,
    SearchDisplay,
    WeightsDisplay,
    adversarial,
    displays,
    gradient_flow,
)
from sknn.search import BatchedGridSearchCV, BatchedRandomizedSearchCV
from tests.estimators.data import TASKS, binary, fitted, multiclass, multioutput, real, table

pyplot = pytest.importorskip("matplotlib.pyplot")

BRIEF = {"hidden_layer_sizes": (6, 5), "max_iter": 3, "learning_rate_init": 0.01, "random_state": 0}
SHAPE = (8, 8)


@pytest.fixture(autouse=True)
def _agg():
    """Draw without a screen, and leave no figure behind."""
    pyplot.switch_backend("Agg")
    yield
    pyplot.close("all")


@pytest.fixture(scope="module")
def digits():
    """Return a model that reads digits, and a few of them."""
    X, y = load_digits(return_X_y=True)
    model = MLPClassifier((20, 12), early_stopping=True, max_iter=5, random_state=0)
    return fitted(model, X, y), X[:50], y[:50]


def drawn_intervals(model, X, y, ax):
    """Draw intervals of a regressor of X and y in place of a fitted network, else of `model`."""
    if hasattr(model, "coefs_"):
        model = fitted(MLPRegressor((5,), cv=5, max_iter=2, standardize_y=True), X, y)
    return IntervalDisplay.from_estimator(model, X, y, ax=ax)


def drawn_search(model, X, y, ax):
    """Draw the search of a parameter of another model."""
    search = GridSearchCV(DecisionTreeClassifier(random_state=0), {"max_depth": [1, 2, 4]}, cv=2)
    return SearchDisplay.from_estimator(search.fit(X, y > 4), ax=ax)


#: How to draw each display of a model of digits: functions of the model, X, y and axes.
DRAWN = {
    AdversarialDisplay: lambda model, X, y, ax: AdversarialDisplay.from_estimator(
        model, X[:2], y[:2], epsilon=2, image_shape=SHAPE, ax=ax
    ),
    AttributionsDisplay: lambda model, X, y, ax: AttributionsDisplay.from_estimator(
        model, X, ax=ax
    ),
    GradientFlowDisplay: lambda model, X, y, ax: GradientFlowDisplay.from_estimator(
        model, X, y, ax=ax
    ),
    IntervalDisplay: drawn_intervals,
    LossCurveDisplay: lambda model, X, y, ax: LossCurveDisplay.from_estimator(model, ax=ax),
    NetworkDisplay: lambda model, X, y, ax: NetworkDisplay.from_estimator(model, ax=ax),
    SearchDisplay: drawn_search,
    WeightsDisplay: lambda model, X, y, ax: WeightsDisplay.from_estimator(
        model, image_shape=SHAPE, ax=ax
    ),
}
EVERY = pytest.mark.parametrize("cls", DRAWN, ids=lambda cls: cls.__name__)
OF_NETWORKS = pytest.mark.parametrize(
    "cls", [cls for cls in DRAWN if cls is not SearchDisplay], ids=lambda cls: cls.__name__
)


def texts(ax):
    """Return all that is written inside some axes."""
    return [text.get_text() for text in ax.texts]


def legend(ax):
    """Return what the legend says."""
    return [text.get_text() for text in ax.get_legend().get_texts()]


# What all share


def test_every_exported_display_is_tested():
    """Those in `__all__`."""
    assert {cls.__name__ for cls in DRAWN} == set(displays.__all__)


@EVERY
def test_plot_on_new_and_given_axes(cls, digits):
    """A display can be drawn again, and rendered."""
    display = DRAWN[cls](*digits, None)
    assert type(display) is cls
    assert display.ax_.figure is display.figure_
    display.figure_.canvas.draw()
    figure, ax = pyplot.subplots()
    assert display.plot(ax) is display
    assert display.ax_ is ax
    assert display.figure_ is figure
    assert DRAWN[cls](*digits, ax).ax_ is ax
    first = display.plot()
    assert first.ax_ is not ax


@OF_NETWORKS
def test_from_estimator_refuses_other_objects(cls, digits):
    """With the errors of all inspection functions."""
    _, X, y = digits
    with pytest.raises(NotFittedError):
        DRAWN[cls](MLPClassifier(), X, y, None)
    other = LogisticRegression().fit(X[:, :1], y)
    with pytest.raises(TypeError, match=r"needs an MLPClassifier.* got LogisticRegression"):
        DRAWN[cls](other, X, y, None)


@EVERY
def test_missing_matplotlib(cls, digits, monkeypatch):
    """The error comes before anything is computed, and in `plot` too."""
    display = DRAWN[cls](*digits, None)
    for name in [name for name in sys.modules if name.split(".")[0] == "matplotlib"]:
        monkeypatch.setitem(sys.modules, name, None)
    for draw in (lambda: DRAWN[cls](*digits, None), display.plot):
        with pytest.raises(ImportError, match=rf'{cls.__name__} .*pip install "sknn\[plot\]"'):
            draw()


def test_matplotlib_is_imported_lazily():
    """And `sknn.inspection` only on import or attribute access."""
    code = (
        "import sys, sknn\n"
        "assert 'sknn.inspection' not in sys.modules\n"
        "assert sknn.inspection.NetworkDisplay and 'inspection' in dir(sknn)\n"
        "from sknn.inspection import *\n"
        "assert 'matplotlib' not in sys.modules\n"
    )
    subprocess.run([sys.executable, "-W", "error", "-c", code], check=True)


# Loss


def test_loss_curve_display_with_validation(digits):
    """The score has axes of its own; the best epoch is marked."""
    model, *_ = digits
    display = LossCurveDisplay.from_estimator(model)
    curves = [model.loss_curve_, model.validation_loss_curve_, model.validation_scores_]
    for line, curve in zip(display.lines_, curves, strict=True):
        assert_array_equal(line.get_xdata(), np.arange(1, 6))
        assert_array_equal(line.get_ydata(), curve)
    assert legend(display.ax_) == [
        "training loss and penalty",
        "validation loss",
        "validation score (right)",
        f"best epoch: {model.best_iteration_}",
    ]
    assert display.ax_.get_xlabel() == "epoch (learning rate: constant, 0.001)"
    assert display.ax_.get_ylabel() == "loss"
    assert display.score_ax_.get_ylabel() == "score"


def test_loss_curve_display_without_validation():
    """A single epoch is a dot."""
    X, y = real()
    display = LossCurveDisplay.from_estimator(fitted(MLPRegressor(max_iter=1), X, y))
    assert len(display.lines_) == 1
    assert display.lines_[0].get_marker() == "o"
    assert display.score_ax_ is None
    assert legend(display.ax_) == ["training loss and penalty"]


def halved(t):
    """Return the rate of step t."""
    return 0.01 / 2**t


@pytest.mark.parametrize(
    ("settings", "label"),
    [
        ({"learning_rate": "one_cycle", "learning_rate_init": 0.05}, "one_cycle, 0.05"),
        ({"learning_rate": halved}, "halved"),
        ({"solver": "lbfgs"}, None),
    ],
)
def test_loss_curve_display_names_the_learning_rate(settings, label):
    """If the solver has one."""
    X, y = real()
    display = LossCurveDisplay.from_estimator(fitted(MLPRegressor(max_iter=2, **settings), X, y))
    expected = "epoch" if label is None else f"epoch (learning rate: {label})"
    assert display.ax_.get_xlabel() == expected


def test_loss_curve_display_draws_a_changing_learning_rate():
    """From 0, with ticks on the right; a constant rate is only named, and lbfgs has none."""
    X, y = real()
    settings = {"learning_rate": "one_cycle", "learning_rate_init": 0.05, "max_iter": 5}
    model = fitted(MLPRegressor(random_state=0, **settings), X, y)
    display = LossCurveDisplay.from_estimator(model)
    drawn = display.rate_ax_.lines[0].get_ydata()
    assert_array_equal(drawn, model.learning_rates_)
    assert legend(display.ax_)[1] == "learning rate (right)"
    assert display.rate_ax_.get_ylabel() == "learning rate"
    assert display.rate_ax_.yaxis.get_label_position() == "right"
    assert display.rate_ax_.get_ylim()[0] == 0
    assert len(display.rate_ax_.get_yticks()) > 2
    for settings in ({"learning_rate": "constant"}, {"solver": "lbfgs"}):
        model = fitted(MLPRegressor(max_iter=3, **settings), X, y)
        assert LossCurveDisplay.from_estimator(model).rate_ax_ is None


@pytest.mark.parametrize("validated", [True, False])
def test_the_axis_of_the_learning_rate_is_beside_that_of_the_score(validated):
    """Neither covers the other; without a score it is at the edge."""
    X, y = real()
    settings = {"learning_rate": "one_cycle", "early_stopping": validated, "max_iter": 5}
    model = fitted(MLPRegressor(random_state=0, **settings), X, y)
    display = LossCurveDisplay.from_estimator(model)
    display.figure_.canvas.draw()
    extents = [ax and ax.yaxis.get_tightbbox() for ax in (display.score_ax_, display.rate_ax_)]
    edge = display.ax_.get_window_extent().x1
    if validated:
        assert edge - 1 < extents[0].x0 < extents[0].x1 < extents[1].x0
    else:
        assert display.score_ax_ is None
        assert edge - 10 < extents[1].x0 < edge + 10
    assert extents[1].x1 < display.figure_.bbox.x1


@pytest.mark.parametrize("n_members", [3, 12])
def test_loss_curve_display_of_several_networks(n_members):
    """The mean, and a band from the lowest to the highest, or between quantiles of many."""
    X, y = real()
    settings = {"early_stopping": True, "n_iter_no_change": 2, "learning_rate_init": 0.05}
    model = fitted(MLPRegressor((6,), n_members=n_members, random_state=0, **settings), X, y)
    display = LossCurveDisplay.from_estimator(model)
    tables = [
        model.member_loss_curves_,
        model.member_validation_loss_curves_,
        model.member_validation_scores_,
    ]
    curves = [model.loss_curve_, model.validation_loss_curve_, model.validation_scores_]
    outer = (0, 1) if n_members == 3 else (0.1, 0.9)
    assert np.isnan(tables[0]).any()
    for line, band, rows, curve in zip(display.lines_, display.bands_, tables, curves, strict=True):
        assert_allclose(line.get_ydata(), curve)
        corners = band.get_paths()[0].vertices
        for epoch in (1, 2, len(rows)):
            ends = corners[corners[:, 0] == epoch, 1]
            known = rows[epoch - 1][~np.isnan(rows[epoch - 1])]
            assert_allclose([ends.min(), ends.max()], np.quantile(known, outer))
    best = model.best_iteration_
    assert best.min() < best.max()
    share = "lowest to highest" if n_members == 3 else "10 % to 90 %"
    assert legend(display.ax_)[3:] == [
        f"{share} of {n_members} networks",
        f"best epochs: {best.min()} to {best.max()}, median {np.median(best):g}",
    ]
    assert display.rate_ax_ is None


def test_loss_curve_display_of_folds_and_a_refit():
    """Bands of folds and of the new networks differ in number; equal best epochs are one."""
    X, y = real()
    settings = {"max_iter": 3, "random_state": 0, "n_members": 2}
    model = fitted(MLPRegressor((6,), cv=3, refit=True, **settings), X, y)
    display = LossCurveDisplay.from_estimator(model)
    assert legend(display.ax_)[3:] == [
        "lowest to highest of 2 networks",
        "lowest to highest of 6 networks",
        "best epoch: 3",
    ]
    model = fitted(MLPRegressor((6,), cv=3, refit=True, max_iter=3), X, y)
    display = LossCurveDisplay.from_estimator(model)
    assert len(display.bands_) == 2
    display = LossCurveDisplay([[1.0, 2.0], [np.nan, np.nan]]).plot()
    assert_array_equal(display.lines_[0].get_ydata(), [1.5, np.nan])


# Intervals


def test_interval_display_over_a_single_feature():
    """A band, in the order of the feature, with y inside and outside."""
    X, y = real(60, 1)
    model = fitted(MLPRegressor((6,), solver="lbfgs", max_iter=5, cv=5, random_state=0), X, y)
    display = IntervalDisplay.from_estimator(model, X, y, coverage=0.8)
    low, high = model.predict_interval(X, coverage=0.8).T
    assert_array_equal(display.covered_, (low <= y) & (y <= high))
    assert display.coverage_ == display.covered_.mean()
    assert_array_equal(display.ax_.lines[0].get_xdata(), np.sort(X[:, 0]))
    assert display.intervals_ in display.ax_.collections
    assert display.kind == "band"
    inside, outside = display.ax_.collections[1:]
    assert_array_equal(inside.get_offsets()[:, 1], y[display.covered_])
    assert_array_equal(outside.get_offsets()[:, 1], y[~display.covered_])
    assert sorted(legend(display.ax_)) == [
        "prediction",
        "prediction interval, coverage 0.8",
        f"y inside: {display.coverage_:.1%}",
        f"y outside: {1 - display.coverage_:.1%}",
    ]
    assert (display.ax_.get_xlabel(), display.ax_.get_ylabel()) == ("x0", "y")


def test_interval_display_of_several_features():
    """A line for each row: by prediction, or at the values of a feature."""
    X, y = real()
    model = fitted(TabularMLPRegressor((6,), cv=3, max_iter=2, random_state=0), table(X), y)
    display = IntervalDisplay.from_estimator(model, table(X))
    assert display.kind == "lines"
    assert display.covered_ is None
    assert display.coverage_ is None
    ends = np.stack(display.intervals_.get_segments())
    order = np.argsort(model.predict(table(X)), kind="stable")
    assert_array_equal(ends[order, 0, 0], np.arange(1, 61))
    assert_allclose(ends[..., 1], model.predict_interval(table(X)))
    assert "order of the predictions" in display.ax_.get_xlabel()
    for feature in ("amount", 0):
        display = IntervalDisplay.from_estimator(model, table(X), y, feature=feature)
        assert_array_equal(display.x, table(X)["amount"])
        assert display.ax_.get_xlabel() == "amount"
        display.figure_.canvas.draw()
    with pytest.raises(TypeError, match="feature must be numeric, but 'town' holds text"):
        IntervalDisplay.from_estimator(model, table(X), feature="town")
    for feature in ("age", 4):
        with pytest.raises(ValueError, match="feature must be from 0 to 3 or the name of a col"):
            IntervalDisplay.from_estimator(model, table(X), feature=feature)


@pytest.mark.parametrize("container", [np.asarray, sparse.csr_array, np.ndarray.tolist])
def test_interval_display_reads_the_feature_from_any_container(container):
    """Arrays, sparse matrices and lists."""
    X, y = real()
    model = fitted(MLPRegressor((6,), cv=3, max_iter=2, random_state=0), X, y)
    display = IntervalDisplay.from_estimator(model, container(X), y, feature=2)
    assert_array_equal(display.x, X[:, 2])
    assert display.ax_.get_xlabel() == "x2"


def test_interval_display_of_a_single_column_of_text():
    """It has no axis of numbers."""
    X, y = real()
    towns = table(X)[["town"]]
    model = fitted(TabularMLPRegressor((6,), cv=3, max_iter=2, random_state=0), towns, y)
    assert IntervalDisplay.from_estimator(model, towns, y).x is None


def test_interval_display_of_one_output_and_of_quantiles():
    """Which output must be said; unknown targets do not count; two quantiles have no middle."""
    X, Y = multioutput()
    model = fitted(MLPRegressor((6,), cv=3, max_iter=2, random_state=0), X, Y)
    Y[:10, 1] = np.nan
    display = IntervalDisplay.from_estimator(model, X, Y, output=1)
    assert_array_equal(display.ends, model.predict_interval(X)[:, 1])
    assert_array_equal(display.y_pred, model.predict(X)[:, 1])
    assert display.coverage_ == display.covered_[10:].mean()
    for output in (None, 2):
        with pytest.raises(ValueError, match=f"output must be from 0 to 1, got {output}"):
            IntervalDisplay.from_estimator(model, X, output=output)
    with pytest.raises(ValueError, match="y must have 2 columns"):
        IntervalDisplay.from_estimator(model, X, Y[:, 0].clip(0, 1) * 0, output=1)
    settings = {"loss": "quantile", "quantile": [0.05, 0.95], "cv": 3, "max_iter": 2}
    model = fitted(MLPRegressor((6,), random_state=0, **settings), X, Y[:, 0])
    display = IntervalDisplay.from_estimator(model, X)
    assert display.y_pred is None
    assert legend(display.ax_) == ["prediction interval, coverage 0.9"]


def test_interval_display_refuses_what_has_no_intervals(digits):
    """Classifiers, and regressors without folds."""
    model, X, y = digits
    with pytest.raises(TypeError, match=r"or TabularMLPRegressor, got MLPClassifier.*predict_set"):
        IntervalDisplay.from_estimator(model, X)
    with pytest.raises(ValueError, match="Set cv=5"):
        IntervalDisplay.from_estimator(fitted(MLPRegressor(**BRIEF), X, y), X)
    folds = fitted(MLPRegressor((5,), cv=3, max_iter=2, standardize_y=True), X, y)
    with pytest.raises(ValueError, match="inconsistent numbers of samples"):
        IntervalDisplay.from_estimator(folds, X, y[:-1])
    with pytest.raises(ValueError, match="kind must be 'lines' or 'band', got 'bars'"):
        IntervalDisplay([[0, 1]], kind="bars").plot()


# Network


def test_network_display_draws_every_unit_of_a_small_network():
    """With lines for all weights and a title above each column."""
    X, y = binary()
    model = fitted(MLPClassifier(**BRIEF, activation="tanh"), X, np.array(["no", "yes"])[y])
    display = NetworkDisplay.from_estimator(model)
    assert [len(lines.get_segments()) for lines in display.lines_] == [24, 30, 5]
    expected = ["input\n4\n", "hidden 1\n6\ntanh", "hidden 2\n5\ntanh", "output\n1\nlogistic"]
    assert texts(display.ax_) == [*expected, "x0", "x1", "x2", "x3", "yes"]
    assert legend(display.ax_) == ["weight above 0", "weight below 0"]


def test_network_display_encodes_sign_and_size():
    """Wide lines are large weights, blue ones positive."""
    weights = [np.array([[1.0, -2.0]])]
    display = NetworkDisplay(weights, ["input", "output"]).plot()
    [lines] = display.lines_
    thin, thick = lines.get_linewidths()
    assert thick == 2 * thin
    above, below = lines.get_colors()[:, :3]
    assert above[2] > above[0]
    assert below[2] < below[0]
    assert texts(display.ax_) == ["input", "output"]


def test_network_display_abridges_large_layers(digits):
    """The first and the last units, with an ellipsis between."""
    model, *_ = digits
    display = NetworkDisplay.from_estimator(model, max_units=5)
    assert [len(lines.get_segments()) for lines in display.lines_] == [25, 25, 25]
    names = texts(display.ax_)[4:]
    assert names == ["x0", "x1", "x2", "x62", "x63", "0", "1", "2", "8", "9"]
    with pytest.raises(ValueError, match="max_units"):
        NetworkDisplay.from_estimator(model, max_units=1)


def test_network_display_names_inputs_and_outputs():
    """Encoded columns and quantiles; any member."""
    X, y = real()
    settings = {"n_bins": 2, "loss": "quantile", "quantile": [0.1, 0.9], "n_members": 2}
    model = TabularMLPRegressor((3,), **settings, max_iter=1, random_state=0)
    model = fitted(model, table(X), y)
    display = NetworkDisplay.from_estimator(model, max_units=100, member=1)
    names = texts(display.ax_)[3:]
    assert (
        names[: len(model.encoder_.unused_outputs_)]
        == model.encoder_.get_feature_names_out().tolist()
    )
    assert names[-2:] == ["y, 0.1 quantile", "y, 0.9 quantile"]
    assert_array_equal(display.weights[0], model.coefs_[0][1])
    with pytest.raises(ValueError, match="member must be from 0 to 1, got 2"):
        NetworkDisplay.from_estimator(model, member=2)


def test_network_display_names_embedding_inputs():
    """Each embedded feature has several."""
    frame = pd.DataFrame({"id": [f"n{i}" for i in range(300)] * 2})
    model = TabularMLPRegressor((3,), min_frequency=1, max_iter=1, random_state=0)
    model = fitted(model, frame, np.arange(600.0))
    names = texts(NetworkDisplay.from_estimator(model).ax_)[3:-1]
    assert names == [f"id_code {i}" for i in range(8)]


def test_network_display_names_every_kind_of_output():
    """Labels, several columns, several outputs; long names are truncated."""
    X, y = multiclass()
    columns = np.column_stack([y > 0, y])
    model = fitted(MLPClassifier(**BRIEF), X, columns)
    assert texts(NetworkDisplay.from_estimator(model).ax_)[-4:] == [
        "y0: 1",
        "y1: 0",
        "y1: 1",
        "y1: 2",
    ]
    X, Y = TASKS["multioutput"][1]()
    frame = pd.DataFrame(X, columns=["a", "b", "c", "d" * 100])
    drawn = texts(NetworkDisplay.from_estimator(fitted(MLPRegressor(**BRIEF), frame, Y)).ax_)
    assert drawn[-2:] == ["y0", "y1"]
    assert max(map(len, drawn)) < 30


# Weights


def test_weights_display_draws_images(digits):
    """`max_units` of them, each with its index, with colours centred at 0."""
    model, *_ = digits
    display = WeightsDisplay.from_estimator(model, image_shape=SHAPE, max_units=7)
    assert texts(display.ax_) == [str(unit) for unit in range(7)]
    assert display.ax_.get_title() == "hidden 1: 7 of 20 units"
    shown = np.ma.filled(display.image_.get_array().astype(float), np.nan)
    known = shown[~np.isnan(shown)]
    assert_allclose(np.sort(known), np.sort(model.coefs_[0][:, :7].ravel()), rtol=1e-6)
    assert_array_equal(shown[2:10, 2:10], model.coefs_[0][:, 0].reshape(SHAPE))
    low, high = display.image_.get_clim()
    assert low == -high
    everything = WeightsDisplay.from_estimator(model, image_shape=SHAPE, max_units=100)
    assert everything.ax_.get_title() == "hidden 1"
    with pytest.raises(ValueError, match="must have 64 pixels"):
        WeightsDisplay.from_estimator(model, image_shape=(8, 9))


def test_weights_display_draws_histograms(digits):
    """One for each layer."""
    model, *_ = digits
    display = WeightsDisplay.from_estimator(model)
    assert display.image_ is None
    labels = [label.get_text() for label in display.ax_.get_yticklabels()]
    assert labels == ["hidden 1\n64 x 20", "hidden 2\n20 x 12", "output\n12 x 10"]
    assert display.ax_.get_xlabel() == "weight"
    for layer, patch in enumerate(display.ax_.patches):
        heights = patch.get_data().values + layer
        largest = max(np.abs(W).max() for W in model.coefs_)
        counts, _ = np.histogram(model.coefs_[layer], len(heights), (-largest, largest))
        assert_allclose(heights, 0.85 * counts / counts.max(), atol=1e-12)


# Flow


def test_gradient_flow_display(digits):
    """The numbers of `gradient_flow`, with dead and saturated fractions."""
    model, X, y = digits
    flow = gradient_flow(model, X, y)
    display = GradientFlowDisplay.from_estimator(model, X, y)
    of_weights, of_sums = display.lines_
    assert_array_equal(of_weights.get_xdata(), [layer.weight_grad_rms for layer in flow])
    assert_array_equal(of_sums.get_xdata(), [layer.pre_activation_grad_rms for layer in flow])
    labels = [label.get_text() for label in display.ax_.get_yticklabels()]
    assert labels[0] == f"hidden 1\ndead {flow[0].dead_fraction:.0%}"
    assert labels[-1] == "output"
    assert display.ax_.get_xscale() == "log"
    assert legend(display.ax_) == ["dL/dW", "dL/dZ"]
    assert display.ax_.get_xlabel() == "root mean square of the gradient"
    assert display.ax_.yaxis_inverted()


def test_gradient_flow_display_of_zero_gradients():
    """It has a linear axis."""
    X, y = real()
    model = fitted(MLPRegressor(max_iter=1, loss="absolute_error"), X, np.zeros(60))
    for array in (*model.coefs_, *model.intercepts_):
        array[...] = 0
    display = GradientFlowDisplay.from_estimator(model, X, np.zeros(60))
    assert display.ax_.get_xscale() == "linear"
    model = fitted(MLPRegressor((4,), "tanh", max_iter=1), X, y)
    display = GradientFlowDisplay.from_estimator(model, X, y, sample_weight=np.ones(60))
    assert "saturated" in display.ax_.get_yticklabels()[0].get_text()


# Adversarial


def test_adversarial_display(digits):
    """With the predictions for the images before and after."""
    model, X, y = digits
    settings = {"epsilon": 3, "bounds": (0, 16), "steps": 3}
    display = AdversarialDisplay.from_estimator(model, X[:2], y[:2], image_shape=SHAPE, **settings)
    moved = adversarial(model, X[:2], y[:2], **settings)
    assert_array_equal(display.X_adversarial, moved)
    drawn = [np.asarray(image.get_array()) for image in display.ax_.images]
    for image, expected in zip(drawn[::2], (X[0], moved[0] - X[0], moved[0]), strict=True):
        assert_allclose(image, expected.reshape(SHAPE))
    words = texts(display.ax_)
    for title in ("image", "perturbation", "sum", "+", "="):
        assert title in words
    for x, answer in [(X[:2], display.before), (moved, display.after)]:
        sure = model.predict_proba(x).max(axis=1)
        both = zip(model.predict(x), sure, strict=True)
        expected = [f"predicted: {label}\nprobability {share:.0%}" for label, share in both]
        assert answer == expected
        assert set(answer) <= set(words)


def test_adversarial_display_of_frames_and_regressors(digits):
    """And of losses without probabilities."""
    _, X, y = digits
    frame = pd.DataFrame(X, columns=[f"pixel{i}" for i in range(64)])
    model = fitted(MLPClassifier(**BRIEF, loss="hinge"), frame, y)
    display = AdversarialDisplay.from_estimator(model, frame[:1], epsilon=1, image_shape=SHAPE)
    assert display.before == [f"predicted: {model.predict(frame[:1])[0]}"]
    number = fitted(MLPRegressor(**BRIEF), X, y)
    display = AdversarialDisplay.from_estimator(number, X[:1], [3], epsilon=1, image_shape=SHAPE)
    assert display.before == [f"predicted: {number.predict(X[:1])[0]:.3g}"]
    with pytest.raises(ValueError, match="must have 64 pixels"):
        AdversarialDisplay.from_estimator(model, frame[:1], epsilon=1, image_shape=(8, 9))


# Searches


TREE = DecisionTreeClassifier(random_state=0)
SIZES = {"max_depth": [1, 2, 3, 4], "criterion": ["gini", "entropy"]}
NETWORK = MLPClassifier((4,), max_iter=9, random_state=0)

#: Searches of scikit-learn and sknn.
SEARCHES = {
    "grid": GridSearchCV(TREE, SIZES, cv=3),
    "random": RandomizedSearchCV(TREE, SIZES, n_iter=5, cv=3, random_state=0),
    "halving grid": HalvingGridSearchCV(TREE, SIZES, cv=3, factor=2, random_state=0),
    "halving random": HalvingRandomSearchCV(TREE, SIZES, cv=3, factor=2, random_state=0),
    "without refit": GridSearchCV(TREE, SIZES, cv=3, refit=False),
    "batched grid": BatchedGridSearchCV(NETWORK, {"alpha": [1e-4, 1.0], "dropout": [0, 0.2]}),
    "batched halving": BatchedRandomizedSearchCV(
        NETWORK,
        {"alpha": np.logspace(-5, 0, 9), "activation": ["relu", "tanh"]},
        n_iter=9,
        cv=3,
        factor=3,
        min_epochs=1,
        random_state=0,
    ),
}


def results_of(params, scores=None, **more):
    """Return the `cv_results_` of a search, with scores that rise if there are none."""
    scores = np.arange(len(params)) / 10 if scores is None else scores
    spread = np.full(len(params), 0.05)
    return {"params": params, "mean_test_score": scores, "std_test_score": spread, **more}


def points(display, panel=0):
    """Return x, score and spread of all points of a panel, in the order of the rungs."""
    found = []
    for container in display.points_[panel].values():
        line, _, [bars] = container.lines
        spread = [np.ptp(segment[:, 1]) / 2 for segment in bars.get_segments()]
        found.append(np.column_stack([*line.get_data(), spread]))
    return np.vstack(found)


def ticks(ax):
    """Return the labels of the x-axis."""
    return [label.get_text() for label in ax.get_xticklabels()]


def entries(display):
    """Return what the legend above the panels says."""
    return [text.get_text() for text in display.legend_.get_texts()]


def stars(display):
    """Return where the best candidate is marked, panel by panel."""
    lines = [line for ax in display.axes_ for line in ax.lines]
    return [line.get_xydata() for line in lines if line.get_marker() == "*"]


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.parametrize("name", SEARCHES)
def test_search_display_draws_any_search(name):
    """The points are mean and standard deviation of each candidate; the best one is marked."""
    X, y = multiclass()
    search = clone(SEARCHES[name]).fit(X, y)
    results = search.cv_results_
    display = SearchDisplay.from_estimator(search)
    assert display.cv_results is results
    n = len(results["params"])
    rung = results.get("rung", results.get("iter", np.zeros(n, dtype=int)))
    assert (rung.max() > 0) == ("halving" in name)
    assert len(display.axes_) == len(display.params_) + (rung.max() > 0)
    rows = np.argsort(rung, kind="stable")
    if "iter" in results:  # only the last entry of each candidate
        texts = [str(params) for params in results["params"]]
        rows = [i for i in rows if texts[i] not in texts[i + 1 :]]
    expected = np.column_stack(
        [results[key][rows] for key in ("mean_test_score", "std_test_score")]
    )
    for panel, parameter in enumerate(display.params_):
        drawn = points(display, panel)
        assert_allclose(drawn[:, 1:], expected)
        values = [results["params"][i][parameter] for i in rows]
        names = ticks(display.axes_[panel])
        if isinstance(values[0], str):
            assert [names[round(x)] for x in drawn[:, 0]] == values
        else:
            assert_allclose(drawn[:, 0], values)
    best = getattr(search, "best_index_", results["mean_test_score"].argmax())
    assert display.best_index_ == best
    heights = [mark[0, 1] for mark in stars(display)]
    assert heights == [results["mean_test_score"][best]] * len(display.axes_)
    assert entries(display)[-1] == f"best: {results['mean_test_score'][best]:.4g}"
    display.figure_.canvas.draw()


@pytest.mark.parametrize(
    ("values", "scale"),
    [
        ([0.001, 0.01, 0.1], "log"),
        ([1, 30, 100], "log"),
        ([0.02, 0.5, 1.0], "linear"),
        ([0, 1e-4, 1.0], "linear"),
        ([-1000.0, 1e-4, 1.0], "linear"),
        (list(np.float32([1e-5, 1.0])), "log"),
        ([16, 32, 64], "linear"),
        ([1, 2, 3], "linear"),
    ],
    ids=str,
)
def test_search_display_scales_numbers(values, scale):
    """The axis is logarithmic from two decades on, if all values are positive."""
    display = SearchDisplay(results_of([{"C": value} for value in values])).plot()
    assert display.ax_.get_xscale() == scale
    assert_allclose(points(display)[:, 0], values)
    assert display.axes_ == [display.ax_]
    if np.issubdtype(np.array(values).dtype, np.integer) and scale == "linear":
        assert all(tick == round(tick) for tick in display.ax_.get_xticks())
    assert (display.ax_.get_xlabel(), display.ax_.get_ylabel()) == ("C", "mean test score")


def test_search_display_has_categories():
    """In the order of first appearance, candidates apart; long names are cut and turned."""
    values = ["b", None, "a", True, "b", 3, StandardScaler(with_mean=False), (8, 8), halved, np.inf]
    display = SearchDisplay(results_of([{"step": value} for value in values])).plot()
    names = ["b", "None", "a", "True", "3", "StandardScaler(...", "(8, 8)", "halved", "inf"]
    assert ticks(display.ax_) == names
    x = points(display)[:, 0]
    assert_array_equal(np.round(x), [0, 1, 2, 3, 0, 4, 5, 6, 7, 8])
    assert x[0] == 0
    assert x[4] not in (0, x[5])
    assert display.ax_.get_xticklabels()[0].get_rotation() == 30
    display = SearchDisplay(results_of([{"step": value} for value in [True, False]])).plot()
    assert ticks(display.ax_) == ["True", "False"]
    assert display.ax_.get_xticklabels()[0].get_rotation() == 0


def test_search_display_chooses_parameters():
    """Those that vary, or those that are named; their labels leave out the steps of a pipeline."""
    params = [{"svc__C": 1, "svc__tol": 1, "pca__tol": t, "pca__n": 2} for t in (0.1, 0.2)]
    results = results_of([{"svc__C": 2, "svc__tol": 3}, *params], np.array([0.2, 0, 0.1]))
    display = SearchDisplay(results).plot()
    assert display.params_ == ["svc__C", "svc__tol", "pca__tol"]
    assert [ax.get_xlabel() for ax in display.axes_] == ["C", "svc__tol", "pca__tol"]
    assert_allclose(points(display, 2)[:, :2], [[0.1, 0], [0.2, 0.1]])
    assert [len(mark) for mark in stars(display)] == [1, 1, 0]
    for chosen in ("pca__tol", ["pca__tol"]):
        display = SearchDisplay(results, params=chosen).plot()
        assert display.params_ == ["pca__tol"]
        assert display.ax_.get_xlabel() == "tol"
    assert SearchDisplay(results, params=["pca__n"]).plot().params_ == ["pca__n"]
    for chosen in ("C", ["svc__C", "C"], []):
        with pytest.raises(ValueError, match=r"params must be out of .*'svc__C'"):
            SearchDisplay(results, params=chosen).plot()
    with pytest.raises(ValueError, match="No parameter takes more than one value"):
        SearchDisplay(results_of([{"C": 1}, {"C": 1.0}])).plot()


def test_search_display_arranges_panels():
    """In rows, in the place of given axes, with one y-axis."""
    params = [dict.fromkeys("abcde", value) for value in (1, 2)]
    for n_cols, n_rows in ((1, 5), (2, 3), (3, 2), (9, 1)):
        display = SearchDisplay(results_of(params), n_cols=n_cols).plot()
        grid = display.axes_[0].get_subplotspec().get_gridspec()
        assert grid.nrows == 1 + n_rows
        assert len(display.axes_) == 5
    figure, (left, right) = pyplot.subplots(1, 2)
    SearchDisplay(results_of(params)).plot(right)
    figure.canvas.draw()
    middle = left.get_position().x1
    assert all(ax.get_position().x0 > middle for ax in figure.axes if ax is not left)
    display = SearchDisplay(results_of(params)).plot(right)
    display.axes_[0].set_ylim(-3, 4)
    assert {ax.get_ylim() for ax in display.axes_} == {(-3, 4)}
    free = figure.add_axes((0.6, 0.6, 0.3, 0.3))
    display = SearchDisplay(results_of(params)).plot(free)
    assert display.ax_ is free
    assert min(ax.get_position().y0 for ax in display.axes_) > 0.59
    with pytest.raises(ValueError, match="n_cols must be at least 1, got 0"):
        SearchDisplay(results_of(params), n_cols=0).plot()


def test_search_display_of_rungs():
    """Who left early is lighter; the lines are level, and end at the last rung."""
    rung = np.array([0, 2, 1, 0])
    more = {"rung": rung, "mean_best_iteration": np.array([3, 27, 8.6, 2])}
    results = results_of([{"C": c} for c in (1, 2, 3, 4)], np.array([0.9, 0.5, 0.6, 0.1]), **more)
    display = SearchDisplay(results).plot()
    assert display.best_index_ == 1
    assert entries(display) == [
        "rung 0: 2 left",
        "rung 1: 1 left",
        "rung 2: 1 stayed",
        "best: 0.5",
    ]
    colors = [container.lines[0].get_color() for container in display.points_[0].values()]
    assert np.all(np.diff(np.sum(colors, axis=1)) < 0)
    for line, last, score in zip(display.lines_, rung, results["mean_test_score"], strict=True):
        assert_array_equal(line.get_xdata(), np.unique([0, last]))
        assert set(line.get_ydata()) == {score}
        assert line.get_color() == colors[last]
    assert ticks(display.axes_[1]) == ["0\n3", "1\n9", "2\n27"]
    assert display.axes_[1].get_xlabel() == "rung\nepochs, at most"
    del results["mean_best_iteration"]
    display.plot()
    assert ticks(display.axes_[1]) == ["0", "1", "2"]
    assert display.axes_[1].get_xlabel() == "rung"
    display = SearchDisplay({**results, "rung": np.zeros(4, dtype=int)}).plot()
    assert display.axes_ == [display.ax_]
    assert display.lines_ == []


def test_search_display_of_iterations():
    """The lines of scikit-learn's halving join the scores of a candidate."""
    more = {"iter": np.array([0, 0, 0, 1]), "n_resources": np.array([20, 20, 20, 60])}
    params = [{"C": 1}, {"C": 2}, {"C": 3}, {"C": 2}]
    results = results_of(params, np.array([0.4, 0.7, 0.5, 0.6]), **more)
    display = SearchDisplay(results).plot()
    assert display.best_index_ == 3
    assert_allclose(points(display)[:, :2], [[1, 0.4], [3, 0.5], [2, 0.6]])
    assert [line.get_xydata().tolist() for line in display.lines_] == [
        [[0, 0.4]],
        [[0, 0.5]],
        [[0, 0.7], [1, 0.6]],
    ]
    assert ticks(display.axes_[1]) == ["0\n20", "1\n60"]
    assert display.axes_[1].get_xlabel() == "iter\nn_resources"


def test_search_display_leaves_out_scores_that_are_not_finite():
    """Their number is in the legend."""
    params = [{"C": c} for c in (1, 2, 3, 4)]
    display = SearchDisplay(results_of(params, np.array([np.nan, 0.2, -np.inf, 0.1]))).plot()
    assert_array_equal(points(display)[:, 0], [2, 4])
    assert display.best_index_ == 1
    assert legend(display.ax_) == ["2 candidates (mean ± std)", "best: 0.2", "without a score: 2"]
    with pytest.raises(ValueError, match="No candidate has a finite mean_test_score"):
        SearchDisplay(results_of(params, np.full(4, np.nan))).plot()


def test_search_display_of_several_scores():
    """Which one must be said, unless `refit` says it."""
    X, y = binary()
    scores = ["accuracy", "neg_log_loss"]
    search = GridSearchCV(TREE, SIZES, scoring=scores, refit="accuracy", cv=3).fit(X, y)
    for scoring in scores:
        display = SearchDisplay.from_estimator(search, scoring=scoring, params="max_depth")
        expected = search.cv_results_[f"mean_test_{scoring}"]
        assert_allclose(np.sort(points(display)[:, 1]), np.sort(expected))
        assert display.best_index_ == expected.argmax()
        assert display.ax_.get_ylabel() == f"mean test {scoring}"
    display = SearchDisplay.from_estimator(search, params="max_depth")
    assert display.ax_.get_ylabel() == "mean test accuracy"
    message = "'accuracy' or 'neg_log_loss', got {!r}"
    with pytest.raises(ValueError, match=message.format("f1")):
        SearchDisplay.from_estimator(search, scoring="f1")
    with pytest.raises(ValueError, match=message.format(None)):
        SearchDisplay(search.cv_results_).plot()
    with pytest.raises(ValueError, match="scoring must be 'score', got 'accuracy'"):
        SearchDisplay(results_of([{"C": 1}, {"C": 2}]), scoring="accuracy").plot()


def test_search_display_refuses_other_objects():
    """Searches that are not fitted, and what is no search."""
    X, y = binary()
    for search in (GridSearchCV(TREE, SIZES), BatchedGridSearchCV(NETWORK, {"alpha": [1, 2]})):
        with pytest.raises(NotFittedError, match=type(search).__name__):
            SearchDisplay.from_estimator(search)
    threshold = TunedThresholdClassifierCV(TREE, cv=2, store_cv_results=True).fit(X, y)
    for other in (TREE, clone(TREE).fit(X, y), threshold, {"params": []}):
        with pytest.raises(TypeError, match=f"needs a fitted search.* got {type(other).__name__}"):
            SearchDisplay.from_estimator(other)
    with pytest.raises(TypeError, match="got the class GridSearchCV"):
        SearchDisplay.from_estimator(GridSearchCV)
    pipeline = make_pipeline(MinMaxScaler(), GridSearchCV(TREE, SIZES)).fit(X, y)
    with pytest.raises(TypeError, match=r"got Pipeline. Pass its last step, pipeline\[-1\]"):
        SearchDisplay.from_estimator(pipeline)
    SearchDisplay.from_estimator(pipeline[-1])
