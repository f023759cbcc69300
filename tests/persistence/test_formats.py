"""Formats: what any version saved is loaded by every later one, and says the same."""

import io
import json
import pickle
import warnings
from pathlib import Path

import joblib
import pytest
from numpy.testing import assert_allclose
from sklearn.exceptions import InconsistentVersionWarning

import sknn
from sknn import MLPRegressor, ModelFileError, TableEncoder, stamp
from sknn._version import STATE_FORMAT
from tests.data.make_fixtures import answers, numbers, table
from tests.persistence.test_archives import rewritten

DATA = Path(__file__).parents[1] / "data"
FOLDERS = sorted(path for path in DATA.iterdir() if path.name.startswith("format_"))
FILES = sorted(path for folder in FOLDERS for path in folder.iterdir() if path.suffix != ".json")
READERS = {".pkl": joblib.load, ".joblib": joblib.load, ".sknn": sknn.load}


def test_every_format_has_its_files():
    """A new format comes with files that hold it: run `tests/data/make_fixtures.py`."""
    assert [folder.name for folder in FOLDERS] == [f"format_{n}" for n in range(STATE_FORMAT + 1)]
    for folder in FOLDERS:
        models = json.loads((folder / "answers.json").read_text())
        kinds = [".joblib", ".pkl", *([".sknn"] if folder.name != "format_0" else [])]
        wanted = {f"{name}{kind}" for name in models for kind in kinds} - {"encoder.sknn"}
        assert {path.name for path in FILES if path.parent == folder} == wanted


@pytest.mark.parametrize("path", FILES, ids=lambda path: f"{path.parent.name}/{path.name}")
def test_old_files_are_loaded_and_go_on(path):
    """They predict what they predicted then, and learn what they would have learned."""
    told = json.loads((path.parent / "answers.json").read_text())[path.stem]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", InconsistentVersionWarning)  # scikit-learn's, of any other
        model = READERS[path.suffix](path)
    found = answers(path.stem, model)
    assert found.keys() == told.keys()
    for what, values in told.items():
        assert_allclose(found[what], values, rtol=1e-6, atol=1e-6, err_msg=what)


def fitted():
    """Return a small estimator and an encoder."""
    X, y = numbers()
    few = MLPRegressor((2,), max_iter=5, tol=1e9, n_iter_no_change=2, random_state=0)
    return [few.fit(X, y), TableEncoder().fit(table())]


@pytest.mark.parametrize("which", [0, 1])
def test_the_state_says_who_wrote_it(which):
    """The version and the format are in pickles, and in no attribute of what is loaded."""
    model = fitted()[which]
    state = model.__getstate__()
    assert state["_sknn_version"] == sknn.__version__
    assert state["_sknn_format"] == STATE_FORMAT
    assert "_sknn_version" in str(pickle.dumps(model))
    assert vars(pickle.loads(pickle.dumps(model))).keys() == vars(model).keys()


@pytest.mark.parametrize("which", [0, 1])
@pytest.mark.parametrize(
    ("number", "says"),
    [
        (
            STATE_FORMAT + 1,
            "saved by sknn 99.0 in format .* up to .*Install sknn 99.0",
        ),
        (-1, "no number"),
        ("1", "no number"),
        (True, "no number"),
        (None, "no number"),
        (1.0, "no number"),
    ],
)
def test_pickles_of_a_format_to_come_are_refused(which, number, says, monkeypatch):
    """Pickle and joblib alike, in words that say what to do."""
    model = fitted()[which]
    monkeypatch.setattr(stamp, "STATE_FORMAT", number)
    monkeypatch.setattr(stamp, "__version__", "99.0")
    data = pickle.dumps(model)
    monkeypatch.undo()
    with pytest.raises(ModelFileError, match=says):
        pickle.loads(data)


@pytest.mark.parametrize("which", [0, 1])
def test_parameters_of_later_versions_have_their_defaults(which):
    """In pickles that know nothing of them; a user's own subclasses included."""
    model = fitted()[which]
    cls = type("Mine", (type(model),), {})
    for kind in (type(model), cls):
        name = next(iter(model.get_params()))
        state = {key: value for key, value in model.__getstate__().items() if key != name}
        again = kind.__new__(kind)
        again.__setstate__(state)
        assert again.get_params()[name] == kind().get_params()[name]


def test_parameters_of_later_versions_have_their_defaults_in_files():
    """As in pickles."""
    model, file = fitted()[0], io.BytesIO()
    model.save(file)
    data = rewritten(file.getvalue(), lambda contents: contents.parameters.pop("alpha"))
    again = sknn.load(io.BytesIO(data))
    assert again.alpha == model.alpha
    assert_allclose(again.predict(numbers()[0]), model.predict(numbers()[0]))
