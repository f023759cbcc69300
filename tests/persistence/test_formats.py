"""Formats: every version loads what any earlier one saved."""

import inspect
import io
import json
import pickle
import warnings
from pathlib import Path

import joblib
import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.exceptions import InconsistentVersionWarning

import sknn
from sknn import Checkpoint, MLPClassifier, MLPRegressor, ModelFileError, TableEncoder, _version
from sknn._version import STATE_FORMAT, migrate_state
from sknn.engine import Huber, MaskedLoss, MulticlassHinge, OneCycle, schedules
from sknn.persistence.checkpoints import CheckpointFile
from tests.data.make_fixtures import amounts, answers, labels, numbers, table
from tests.persistence.test_archives import rewritten

DATA = Path(__file__).parents[1] / "data"
FOLDERS = sorted(path for path in DATA.iterdir() if path.name.startswith("format_"))
FILES = sorted(path for folder in FOLDERS for path in folder.iterdir() if path.suffix != ".json")
READERS = {".pkl": joblib.load, ".joblib": joblib.load, ".sknn": sknn.load}


def test_every_format_has_fixtures():
    """A new format comes with files that hold it: run `tests/data/make_fixtures.py`."""
    assert [folder.name for folder in FOLDERS] == [f"format_{n}" for n in range(STATE_FORMAT + 1)]
    for folder in FOLDERS:
        models = json.loads((folder / "answers.json").read_text())
        kinds = [".joblib", ".pkl", *([".sknn"] if folder.name != "format_0" else [])]
        wanted = {f"{name}{kind}" for name in models for kind in kinds} - {"encoder.sknn"}
        assert {path.name for path in FILES if path.parent == folder} == wanted


@pytest.mark.parametrize("path", FILES, ids=lambda path: f"{path.parent.name}/{path.name}")
def test_fixture_predicts_and_resumes_as_recorded(path):
    """Predictions, and predictions after another epoch."""
    recorded = json.loads((path.parent / "answers.json").read_text())[path.stem]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", InconsistentVersionWarning)  # of scikit-learn
        model = READERS[path.suffix](path)
    found = answers(path.stem, model)
    assert found.keys() == recorded.keys()
    is_old_ensemble = path.stem == "regressor" and path.parent.name < "format_3"
    for name, values in recorded.items():
        if is_old_ensemble and name.endswith("after partial_fit"):  # from other batches
            assert_allclose(found[name], values, rtol=0.01, atol=0.01, err_msg=name)
        elif isinstance(values[0], str):
            assert found[name] == values
        else:
            assert_allclose(found[name], values, rtol=1e-6, atol=1e-6, err_msg=name)


class RawState:
    """Stands for any class of sknn in a pickle, and keeps its state."""

    def __setstate__(self, state):
        self.state = state


def raw_state(path):
    """Return the state in a pickle of one object of sknn."""

    class Unpickler(pickle.Unpickler):
        def find_class(self, module, name):
            own = module.startswith("sknn.")
            return RawState if own else super().find_class(module, name)

    with path.open("rb") as file:
        return Unpickler(file).load().state


@pytest.mark.parametrize("number", [0, 1])
@pytest.mark.parametrize("name", ["classifier", "regressor", "table_classifier", "table_regressor"])
def test_migrate_state_renames_estimator_attributes(name, number):
    """Attributes and nested keys get the names of format 2; values stay; `state` is kept."""
    old = raw_state(DATA / f"format_{number}" / f"{name}.pkl")
    before = pickle.dumps(old)
    new = migrate_state(old, number)
    assert pickle.dumps(old) == before
    assert not {"_plan", "_memory", "decay_by_loss"} & new.keys()
    assert new["coefs_"] is old["coefs_"]
    tabular = name.startswith("table")
    assert new.get("weight_decay_loss_power") == (2.0 if tabular else None)
    state, was = new["_training_state"], old["_memory"]
    state = state.get("members", [state])[0]
    assert state["solver_state"].get("relative_loss") == was["state"].get("unexplained")
    assert "unexplained" not in state["solver_state"]
    if "stopping" in was:
        monitored = {"monitor": "loss", "best": new["best_loss_"], "n_bad_epochs": 0}
        assert state["early_stopping"] == monitored
    encoding = new["_model_spec"]["input_encoding"]
    if tabular:
        assert encoding["column_types_"] == ["numeric", "string", "boolean"]
        assert encoding["max_cat_to_onehot"] == 256
    else:
        assert encoding == new["n_features_in_"]


@pytest.mark.parametrize("number", [0, 1])
def test_migrate_state_renames_encoder_attributes(number):
    """All names are those of an encoder that is fitted now."""
    old = raw_state(DATA / f"format_{number}" / "encoder.pkl")
    now = vars(TableEncoder(min_frequency=1).fit(table()))
    stamp = {"_sknn_version", "_sknn_format"}
    new = {"bin_scale", "max_absolute_value", "empty_string_features_"}
    assert migrate_state(old, number).keys() - stamp == now.keys() - new


@pytest.mark.parametrize("state", [{}, {"_plan": 1, "begun": 2}])
def test_migrate_state_of_the_present_format(state):
    """Nothing is renamed."""
    assert migrate_state(state, STATE_FORMAT) is state


def test_migrate_state_drops_decay_by_loss_of_plain_estimators():
    """With a warning if it was set."""
    assert migrate_state({"alpha": 1.0, "decay_by_loss": 0.0}, 1) == {"alpha": 1.0}
    with pytest.warns(UserWarning, match=r"decay_by_loss=2\.0 .* is ignored"):
        assert migrate_state({"alpha": 1.0, "decay_by_loss": 2.0}, 1) == {"alpha": 1.0}


@pytest.mark.parametrize("number", [1, 2])
def test_older_checkpoints_are_loaded_as_models(number):
    """Their progress is that of another algorithm."""
    file = DATA / f"checkpoint_of_format_{number}.sknn"
    estimator = sknn.load(file)
    assert estimator.n_iter_ == 3
    assert estimator.predict(numbers()[0]).shape == (24,)
    with pytest.raises(ModelFileError, match="is a saved model, not a checkpoint"):
        CheckpointFile(file, 1, None).load()


def houses():
    """Return a table with a column whose categories are embedded."""
    return table().assign(house=[f"house {i % 7}" for i in range(24)])


#: NumPy 1 cannot read pickles that NumPy 2 has written.
needs_numpy_2 = pytest.mark.skipif(np.__version__ < "2", reason="the pickle is of NumPy 2")


@pytest.mark.parametrize("kind", [pytest.param(".pkl", marks=needs_numpy_2), ".sknn"])
def test_ensemble_of_format_2_continues_with_its_optimizer_state(kind):
    """Exactly, up to rounding, where each batch has all rows."""
    recorded = json.loads((DATA / "ensemble_of_format_2.json").read_text())
    model = READERS[kind](DATA / f"ensemble_of_format_2{kind}")
    assert model._model_spec["embedding"].ndim == 3
    assert_allclose(model.predict(houses()), recorded["before"], rtol=1e-12)
    for expected in recorded["after"]:
        model.partial_fit(houses(), amounts())
        assert_allclose(model.predict(houses()), expected, rtol=1e-9)
    assert model.n_iter_ == 5
    assert model.member_loss_curves_.shape == (5, 3)


def test_compact_state_of_an_ensemble_of_format_2():
    """Each member gets the counters; the seed of the ensemble gives those of its generators."""
    model = sknn.load(DATA / "ensemble_of_format_2.sknn")
    shared = {"solver_state": {"steps": 3}, "next_seed": 7, "seed": 0}
    state = {**vars(model), "_training_state": shared}
    new = migrate_state(state, 2)["_training_state"]
    members = [{"solver_state": {"steps": 3}}] * 3
    assert new == {"solver_state": {}, "next_seed": 7, "seed": 0, "members": members}
    model = model._with_attributes({**vars(model), "_training_state": new})
    model.partial_fit(houses(), amounts())
    steps = [one["solver_state"]["steps"] for one in model._training_state["members"]]
    assert steps == [4, 4, 4]


def test_optimizer_state_of_other_sizes_is_dropped():
    """A module of the user's own may have weights besides those of the layers."""
    model = sknn.load(DATA / "ensemble_of_format_2.sknn")
    shared = {"solver": "adam", "solver_state": {"steps": 3, "optimizer": {"first": np.ones(9)}}}
    new = migrate_state({**vars(model), "_training_state": shared}, 2)["_training_state"]
    assert new["members"] == [{"solver": "adam", "solver_state": {"steps": 3}}] * 3


def old_objects():
    """Return unfitted estimators of format 1, some of whose parameters are objects."""
    with pytest.warns(UserWarning, match="decay_by_loss"):
        return pickle.loads((DATA / "objects_of_format_1.pkl").read_bytes())


@pytest.mark.filterwarnings("ignore:.*Maximum iterations")
def test_pickles_of_moved_classes_are_loaded():
    """Losses that moved or were renamed, a schedule and a callback with renamed attributes."""
    models = old_objects()
    few = {"hidden_layer_sizes": (4,), "random_state": 0, "max_iter": 5}
    rate = OneCycle(0.01, 20, pct_start=0.25)
    new = MLPRegressor(loss=Huber(2.0), learning_rate=rate, **few)
    found = models["huber and one cycle"]
    assert repr(found.learning_rate) == repr(rate)
    assert type(found.loss) is Huber
    X, y = numbers()
    assert_array_equal(found.fit(X, y).predict(X), new.fit(X, y).predict(X))
    new = MLPClassifier(loss=MulticlassHinge(), **few).fit(X, labels())
    found = models["crammer singer"].fit(X, labels())
    assert_array_equal(found.decision_function(X), new.decision_function(X))
    assert vars(models["known only"].loss).keys() == vars(MaskedLoss(Huber(2.0))).keys()
    [callback] = models["checkpoint"]._skl_callbacks
    assert vars(callback) == vars(Checkpoint("checkpoints", every_n_epochs=3, every_n_seconds=None))
    assert pickle.loads(pickle.dumps(callback)).directory == "checkpoints"


def test_renamed_class_in_its_old_module():
    """A pickle names the module and the class."""
    assert schedules.FunctionOfStep is schedules.LambdaSchedule
    with pytest.raises(AttributeError, match=r"'sknn.engine.schedules' has no attribute 'Other'"):
        schedules.Other  # noqa: B018


def test_objects_inside_a_state_are_renamed_in_a_copy():
    """A loss in the specification of a fitted model, for example."""
    schedule = OneCycle(0.01, 20, pct_start=0.25)
    vars(schedule)["warm_up"] = vars(schedule).pop("pct_start")
    old = {"_plan": {"losses": [schedule]}}
    [new] = migrate_state(old, 1)["_model_spec"]["losses"]
    assert repr(new) == repr(OneCycle(0.01, 20, pct_start=0.25))
    assert "warm_up" in vars(schedule)


def test_moved_modules_have_no_other_names():
    """They do not hide errors."""
    import sknn.engine.losses.real as moved

    assert moved.Huber is Huber
    with pytest.raises(AttributeError, match="Hubert"):
        moved.Hubert  # noqa: B018


def small_models():
    """Return a small estimator and an encoder."""
    X, y = numbers()
    few = MLPRegressor((2,), max_iter=5, tol=1e9, n_iter_no_change=2, random_state=0)
    return [few.fit(X, y), TableEncoder().fit(table())]


@pytest.mark.parametrize("which", [0, 1])
def test_pickle_holds_version_and_format(which):
    """And what is loaded has no such attributes."""
    model = small_models()[which]
    state = model.__getstate__()
    assert state["_sknn_version"] == sknn.__version__
    assert state["_sknn_format"] == STATE_FORMAT
    assert "_sknn_version" in str(pickle.dumps(model))
    assert vars(pickle.loads(pickle.dumps(model))).keys() == vars(model).keys()


@pytest.mark.parametrize("which", [0, 1])
@pytest.mark.parametrize(
    ("number", "says"),
    [
        (STATE_FORMAT + 1, "saved by sknn 99.0 in format .* up to .*Install sknn 99.0"),
        *((wrong, "must be an integer >= 0, got") for wrong in (-1, "1", True, None, 1.0)),
    ],
)
def test_pickle_of_a_newer_or_invalid_format_is_refused(which, number, says, monkeypatch):
    """The error says which version to install."""
    model = small_models()[which]
    monkeypatch.setattr(_version, "STATE_FORMAT", number)
    monkeypatch.setattr(_version, "__version__", "99.0")
    data = pickle.dumps(model)
    monkeypatch.undo()
    with pytest.raises(ModelFileError, match=says):
        pickle.loads(data)


@pytest.mark.parametrize("which", [0, 1])
def test_unpickling_fills_in_new_parameters(which):
    """With their defaults; in a user's subclass too."""
    model = small_models()[which]
    for cls in (type(model), type("Mine", (type(model),), {})):
        name = next(iter(model.get_params()))
        state = {key: value for key, value in model.__getstate__().items() if key != name}
        again = cls.__new__(cls)
        again.__setstate__(state)
        assert again.get_params()[name] == inspect.signature(cls).parameters[name].default


def test_load_fills_in_new_parameters():
    """With their defaults."""
    model, file = small_models()[0], io.BytesIO()
    model.save(file)
    data = rewritten(file.getvalue(), lambda contents: contents.parameters.pop("alpha"))
    again = sknn.load(io.BytesIO(data))
    assert again.alpha == model.alpha
    assert_allclose(again.predict(numbers()[0]), model.predict(numbers()[0]))
