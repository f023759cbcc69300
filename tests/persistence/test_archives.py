"""Archives: `sknn.load` restores what `save` wrote, and files hold no code."""

import bz2
import gzip
import io
import json
import lzma
import os
import re
import stat
import subprocess
import sys
import warnings
import zipfile
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import numpy as np
import pytest
from numpy.testing import assert_array_equal
from sklearn.exceptions import NotFittedError

import sknn
import sknn.engine
from sknn import MLPClassifier, MLPRegressor, ModelFileError
from sknn.__main__ import main
from sknn.persistence import models
from tests.estimators.data import TABLES, TASKS, fitted

MODELS = TASKS | TABLES


def saved(model, **settings):
    """Return the bytes of a model's file."""
    file = io.BytesIO()
    model.save(file, **settings)
    return file.getvalue()


def loaded(data):
    """Return the model of a file's bytes."""
    return sknn.load(io.BytesIO(data))


def small(task="binary", **settings):
    """Return a small fitted model and its inputs."""
    estimator, make = MODELS[task]
    X, y = make()
    settings = {"hidden_layer_sizes": (6,), "max_iter": 3, "random_state": 0} | settings
    return fitted(estimator(**settings), X, y), X


@pytest.mark.parametrize("task", MODELS)
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("members", [1, 2])
def test_load_restores_the_estimator(task, dtype, members):
    """Parameters, attributes and predictions; saving again gives the same file."""
    model, X = small(task, dtype=dtype, n_members=members)
    data = saved(model)
    again = loaded(data)
    assert type(again) is type(model)
    assert again.get_params() == model.get_params()
    assert_alike(vars(again), vars(model))
    assert_array_equal(again.predict(X), model.predict(X))
    assert saved(again) == data


@pytest.mark.parametrize("task", MODELS)
def test_partial_fit_resumes_after_load(task):
    """Bit for bit with the training state; from the weights without it."""
    estimator, make = MODELS[task]
    X, y = make()
    settings = {"classes": np.unique(y)} if y.ndim == 1 and y.dtype == int else {}
    model = estimator((6,), random_state=0).partial_fit(X, y, **settings)
    exact, fresh = loaded(saved(model, training_state=True)), loaded(saved(model))
    assert_array_equal(fresh.coefs_[0], model.coefs_[0])
    assert "optimizer" not in fresh._training_state["solver_state"]
    for one in (model, exact, fresh):
        one.partial_fit(X, y)
    assert_alike(vars(exact), vars(model))
    assert len(saved(model, training_state=True)) > 1.5 * len(saved(model)) - 10_000


def test_partial_fit_after_load_of_a_plain_fit_is_exact():
    """A plain fit leaves no optimizer state, so its training state is always saved."""
    model, X = small()
    again = loaded(saved(model))
    y = model.predict(X)
    assert_alike(vars(again.partial_fit(X, y)), vars(model.partial_fit(X, y)))


def assert_alike(one, other):
    """Assert equal types and values, arrays bit for bit."""
    assert type(one) is type(other)
    if isinstance(one, dict):
        assert one.keys() == other.keys()
        for name in one:
            assert_alike(one[name], other[name])
    elif isinstance(one, list | tuple):
        assert len(one) == len(other)
        for a, b in zip(one, other, strict=True):
            assert_alike(a, b)
    elif isinstance(one, np.ndarray):
        assert one.dtype == other.dtype
        if one.dtype == object:  # NaN among strings equals itself
            one, other = one.astype(str), other.astype(str)
        assert_array_equal(one, other)
    else:
        assert one == other or (one != one and other != other)


def test_save_converts_object_labels_to_strings():
    """Arrays of objects would need pickle."""
    X, y = TASKS["multiclass"][1]()
    model = fitted(MLPClassifier((6,), max_iter=2), X, np.array(["a", "bb", "c"], object)[y])
    again = loaded(saved(model))
    assert again.classes_.dtype.kind == "U"
    assert_array_equal(again.predict(X), model.predict(X))


@pytest.mark.parametrize(
    ("parameter", "value", "advice"),
    [
        ("learning_rate", lambda t: 0.1, "are code"),
        ("initialization", lambda rng, shape, dtype: np.zeros(shape), "are code"),
        ("activation", sknn.engine.LeakyReLU(0.1), "a name for it"),
        ("loss", sknn.engine.NLL(), "a name for it"),
        ("solver", sknn.engine.SGD(0.5), "a name for it"),
        ("random_state", np.random.RandomState(0), "Give an integer"),
    ],
)
def test_save_refuses_parameters_that_are_objects(parameter, value, advice, tmp_path):
    """The error gives an alternative, and no file is written."""
    X, y = TASKS["binary"][1]()
    model = fitted(MLPClassifier((3,), max_iter=2, **{parameter: value}), X, y)
    with pytest.raises(TypeError, match=f"parameter {parameter} is of type.*{advice}.*joblib"):
        model.save(tmp_path / "model.sknn")
    assert not any(tmp_path.iterdir())


def test_load_restores_parameter_types():
    """Tuples, infinity, dictionaries with integer keys, arrays and NumPy scalars."""
    X, y = TASKS["binary"][1]()
    settings = {
        "hidden_layer_sizes": (3, 2),
        "n_iter_no_change": np.inf,
        "class_weight": {0: 0.5, 1: 2.0},
        "dropout": np.array([0.0, 0.0]),
        "alpha": np.float64(0.1),
        "random_state": np.int64(3),
    }
    model = fitted(MLPClassifier(max_iter=2, **settings), X, y)
    again = loaded(saved(model)).get_params()
    for name, value in settings.items():
        assert_array_equal(again[name], value)
    assert type(again["hidden_layer_sizes"]) is tuple
    assert_array_equal(list(again["class_weight"]), [0, 1])


class MyMLP(MLPRegressor):
    """A user's subclass."""


def test_save_refuses_unfitted_estimators_and_subclasses():
    """Files name a class, which `load` looks up in a table."""
    with pytest.raises(NotFittedError):
        saved(MLPRegressor())
    X, y = TASKS["real"][1]()
    with pytest.raises(TypeError, match="MyMLP is"):
        saved(fitted(MyMLP((3,), max_iter=2), X, y))


def test_save_replaces_a_file_atomically(tmp_path):
    """The new file has the old one's permissions, follows a link, and leaves nothing beside it."""
    model, X = small()
    path, link = tmp_path / "model.sknn", tmp_path / "link"
    path.write_bytes(b"old")
    path.chmod(0o640)
    link.symlink_to(path)
    model.save(str(link))
    assert link.is_symlink()
    assert path.stat().st_mode & 0o777 == 0o640
    assert_array_equal(sknn.load(path).predict(X), model.predict(X))
    assert {one.name for one in tmp_path.iterdir()} == {"model.sknn", "link"}


def test_save_to_a_missing_folder_names_the_given_path(tmp_path, monkeypatch):
    """And not the temporary file."""
    model, _ = small()
    monkeypatch.chdir(tmp_path)
    with pytest.raises(FileNotFoundError) as caught:
        model.save("no/such/model.sknn")
    assert caught.value.filename == "no/such/model.sknn"
    assert not any(tmp_path.iterdir())


def test_load_names_the_damaged_file(tmp_path):
    """By its path, if it was given one."""
    path = tmp_path / "model.sknn"
    path.write_bytes(b"nonsense")
    with pytest.raises(ModelFileError, match=f"^{re.escape(str(path))}: .*no sknn model"):
        sknn.load(path)
    with pytest.raises(ModelFileError, match=r"^This is no sknn model"):
        sknn.load(io.BytesIO(b"nonsense"))


def test_failed_save_keeps_the_old_file(tmp_path, monkeypatch):
    """Whether writing or renaming fails."""
    model, _ = small()
    path = tmp_path / "model.sknn"
    model.save(path)
    before = path.read_bytes()

    def full(*_):
        raise OSError(28, "No space left on device")

    for name in ("fsync", "replace"):
        with monkeypatch.context() as patched:
            patched.setattr(os, name, full)
            with pytest.raises(OSError, match="No space"):
                model.save(path)
        assert path.read_bytes() == before
        assert [one.name for one in tmp_path.iterdir()] == ["model.sknn"]


def test_load_finds_every_damaged_byte():
    """A changed byte is refused, or changes nothing that is loaded."""
    model, _ = small("real of a table")
    data = saved(model)
    for place in range(0, len(data), 7):
        damaged = bytearray(data)
        damaged[place] ^= 1 << (place % 8)
        try:
            again = loaded(bytes(damaged))
        except ModelFileError:
            continue
        assert saved(again) == data


def test_load_refuses_truncated_and_extended_files():
    """At either end."""
    data = saved(small()[0])
    for wrong in (*(data[:n] for n in range(0, len(data), 50)), data + b"\0", b"\0" + data):
        with pytest.raises(ModelFileError):
            loaded(wrong)


def rewritten(data, change):
    """Return a file with changed contents and valid digests."""
    from sknn.archives import read, write

    contents = read(data)
    change(contents)
    file = io.BytesIO()
    write(file, contents)
    return file.getvalue()


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (lambda c: setattr(c, "class_name", "os.system"), "cannot load"),
        (lambda c: setattr(c, "format", 99), "Install sknn"),
        (lambda c: c.parameters.update(alpha=-1.0), "alpha"),
        (lambda c: c.parameters.update(beta=1.0), "Unknown parameters: .'beta'"),
        (lambda c: c.state.update(extra_=1), "unknown keys: 'extra_'"),
        (lambda c: c.state.pop("t_"), "lacks t_"),
        (lambda c: c.state.update(t_=1.5), "t_ must be an integer"),
        (lambda c: c.state["coefs_"].pop(), "number of layers"),
        (lambda c: c.state["coefs_"][0].fill(np.nan), "NaN or infinity"),
        (lambda c: c.state["coefs_"].__setitem__(0, np.ones((4, 7))), "has shape"),
        (lambda c: c.state["_model_spec"].update(activations=["print"]), "activations"),
        (lambda c: c.state["_model_spec"].update(loss="hinge"), "out_activation_"),
        (lambda c: c.state["_model_spec"].update(target="nothing"), "unknown target"),
        (lambda c: c.state.update(classes_=np.array([1, 0])), "must be sorted"),
        (lambda c: c.state["_training_state"]["solver_state"].update(steps=-1), "steps must be"),
    ],
)
def test_load_names_parts_that_do_not_fit(change, says):
    """Even if all digests are valid."""
    data = saved(small()[0])
    with pytest.raises(ModelFileError, match=says):
        loaded(rewritten(data, change))


def test_archive_has_the_documented_format():
    """An uncompressed zip of a manifest and of arrays that NumPy reads."""
    model, _ = small()
    with zipfile.ZipFile(io.BytesIO(saved(model))) as archive:
        assert all(one.compress_type == zipfile.ZIP_STORED for one in archive.infolist())
        manifest = json.loads(archive.read("manifest.json"))
        names = {f"{name}.npy" for name in manifest["arrays"]}
        assert {one.filename for one in archive.infolist()} == {"manifest.json", *names}
        with archive.open("state.coefs_.0.npy") as member:
            assert_array_equal(np.load(io.BytesIO(member.read())), model.coefs_[0])
    assert manifest["class"] == "MLPClassifier"
    assert manifest["parameters"]["alpha"] == model.alpha


@contextmanager
def zip_member(path, mode):
    """Open the only member of a zip file."""
    with zipfile.ZipFile(path, mode[0]) as archive, archive.open("model.sknn", mode[0]) as file:
        yield file


STREAMS = {
    "file": open,
    "append": lambda path, mode: open(path, mode.replace("w", "a")),  # noqa: SIM115
    "unbuffered": lambda path, mode: open(path, mode, buffering=0),  # noqa: SIM115
    "bz2": bz2.open,
    "gzip": gzip.open,
    "lzma": lzma.open,
    "zip": zip_member,
}


@pytest.mark.parametrize("opened", STREAMS.values(), ids=STREAMS)
def test_save_to_a_stream(opened, tmp_path):
    """Whether it can seek or not, the same bytes are written, and `load` reads them."""
    model, X = small()
    with opened(tmp_path / "model", "wb") as file:
        model.save(file)
        assert not file.closed
    with opened(tmp_path / "model", "rb") as file:
        assert file.read() == saved(model)
    with opened(tmp_path / "model", "rb") as file:
        assert_array_equal(sknn.load(file).predict(X), model.predict(X))


def test_save_behind_other_bytes():
    """The archive is the same wherever in the file it begins."""
    model, _ = small()
    file = io.BytesIO(b"header")
    file.seek(6)
    model.save(file)
    assert file.getvalue() == b"header" + saved(model)


@pytest.mark.parametrize("buffering", [0, -1])
def test_save_to_a_pipe(buffering):
    """A raw pipe may take fewer bytes at a time than it is given."""
    model, X = small(hidden_layer_sizes=(3000,))
    reading, writing = os.pipe()

    def save():
        with open(writing, "wb", buffering=buffering) as file:
            model.save(file)

    with ThreadPoolExecutor() as pool, open(reading, "rb", buffering=buffering) as file:
        done = pool.submit(save)
        again = sknn.load(file)
        done.result()
    assert_array_equal(again.predict(X), model.predict(X))


def test_raw_file_that_takes_a_part():
    """`write` of a raw file returns the number of bytes that it took."""
    taken = bytearray()

    class Raw(io.RawIOBase):
        def writable(self):
            return True

        def write(self, data):
            taken.extend(data[:1000])
            return min(len(data), 1000)

    model, _ = small()
    model.save(Raw())
    assert taken == saved(model)


def test_standard_output():
    """Its buffer takes bytes; the text stream is refused before anything is written."""
    code = (
        "import sys, sknn; model = sknn.MLPRegressor((2,), max_iter=500, random_state=0)\n"
        "model.fit([[0.0], [1.0]], [0.0, 1.0]).save(sys.stdout.buffer)"
    )
    data = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True).stdout
    assert loaded(data).predict([[0.0]]).shape == (1,)


def test_save_to_something_that_is_no_binary_file():
    """As for `load`."""
    for file in (3, io.StringIO()):
        with pytest.raises(TypeError, match="path or a binary file"):
            small()[0].save(file)


def test_unsavable_model_leaves_the_stream_empty():
    """Nothing is written before all is known to be plain data."""
    file = io.BytesIO()
    with pytest.raises(TypeError, match="parameter learning_rate"):
        small(learning_rate=lambda step: 0.1)[0].save(file)
    assert not file.getvalue()


def test_load_of_something_that_is_no_file(tmp_path):
    """Each case has its own error."""
    with pytest.raises(FileNotFoundError):
        sknn.load(tmp_path / "nothing")
    with pytest.raises(TypeError, match="path or a binary file"):
        sknn.load(3)
    with pytest.raises(TypeError, match="path or a binary file"):
        sknn.load(io.StringIO("text"))
    for wrong in (os.devnull, tmp_path):
        with pytest.raises(ModelFileError, match="not a regular file"):
            sknn.load(wrong)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no named pipes")
def test_load_and_save_refuse_pipes_and_folders(tmp_path):
    """Without waiting for a writer, and without replacing them."""
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(ModelFileError, match="not a regular file"):
        sknn.load(tmp_path / "pipe")
    model, _ = small()
    for wrong in (tmp_path / "pipe", tmp_path):
        with pytest.raises(OSError, match="cannot be replaced"):
            model.save(wrong)
    assert [one.name for one in tmp_path.iterdir()] == ["pipe"]


def test_save_to_a_long_file_name(tmp_path):
    """The name of the temporary file is not longer."""
    model, _ = small()
    path = tmp_path / ("ä" * 120 + ".sknn")
    model.save(path)
    assert path.read_bytes() == saved(model)


def test_concurrent_saves(tmp_path):
    """Each writes its own temporary file; the last rename wins."""
    models = [small(alpha=alpha)[0] for alpha in (0.1, 0.2)]
    path, files = tmp_path / "model.sknn", [saved(model) for model in models]
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda i: models[i % 2].save(path), range(40)))
    assert path.read_bytes() in files
    assert [one.name for one in tmp_path.iterdir()] == ["model.sknn"]


def test_inspect_prints_layers_types_and_parameters(tmp_path, capsys):
    """And the versions; it returns 1 if the file is damaged."""
    model, _ = small("multiclass of a table", n_members=2)
    path = tmp_path / "model.sknn"
    model.save(path)
    assert main(["inspect", str(path)]) == 0
    page = capsys.readouterr().out
    for text in ("TabularMLPClassifier", sknn.__version__, "silu", "softmax", "2 members", "0, 1"):
        assert text in page
    (names, kinds) = (model.feature_names_in_, model.encoder_.column_types_)
    assert f"({names[0]}: {kinds[0]}, {names[1]}: {kinds[1]}" in page
    for kind in set(kinds):
        assert f"{kinds.count(kind)} {kind}" in page.partition("\ntypes ")[2].partition("\n")[0]
    assert f"  hidden_layer_sizes = {model.hidden_layer_sizes}" in page
    fitted(MLPRegressor((3,), max_iter=1), X := np.eye(3), X[0]).save(path)
    assert main(["inspect", str(path)]) == 0
    page = capsys.readouterr().out
    assert "trained  1 epoch, loss" in page
    assert "types  " not in page
    path.write_bytes(b"nonsense")
    assert main(["inspect", str(path)]) == 1
    assert "no sknn model" in capsys.readouterr().err


def test_load_changes_no_warning_filters(monkeypatch):
    """Filters are global: other threads would get errors."""
    data = saved(small()[0])
    check = models.check_model

    def warned(*args):
        warnings.warn("of another thread", UserWarning, stacklevel=1)
        return check(*args)

    monkeypatch.setattr(models, "check_model", warned)
    with pytest.warns(UserWarning, match="of another thread"):
        loaded(data)


def test_save_ignores_a_failing_fsync_of_the_folder(tmp_path, monkeypatch):
    """The new file is complete by then."""
    model, X = small()
    fsync = os.fsync

    def of_files_only(number):
        if stat.S_ISDIR(os.fstat(number).st_mode):
            raise OSError(22, "Invalid argument")
        fsync(number)

    monkeypatch.setattr(os, "fsync", of_files_only)
    model.save(tmp_path / "model.sknn")
    assert_array_equal(sknn.load(tmp_path / "model.sknn").predict(X), model.predict(X))


def test_inspect_escapes_what_the_terminal_cannot_encode(tmp_path):
    """Such as accented letters in ASCII."""
    X, y = TASKS["binary"][1]()
    model = fitted(MLPClassifier((3,), max_iter=2), X, np.array(["é", "ü"])[y])
    model.save(tmp_path / "model.sknn")
    done = subprocess.run(
        [sys.executable, "-m", "sknn", "inspect", tmp_path / "model.sknn"],
        env={**os.environ, "PYTHONIOENCODING": "ascii"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert r"\xe9, \xfc" in done.stdout
