"""Checks: files with valid digests and shapes that hold no valid model."""

import json

import numpy as np
import pytest

from sknn import ModelFileError
from sknn.persistence.describe import describe
from tests.persistence.fuzz import zips
from tests.persistence.fuzz.seeds import files
from tests.persistence.test_archives import loaded, rewritten


def encoder(contents):
    """Return the encoder's attributes in a file."""
    return contents.state["_model_spec"]["input_encoding"]


def optimizer(contents):
    """Return the optimizer state of the first member in a file."""
    return contents.state["_training_state"]["members"][0]["solver_state"]["optimizer"]


def generator(contents):
    """Return the state of the first member's generator in a file."""
    return contents.state["_training_state"]["members"][0]["rng"]


CHANGES = [
    ("stream", lambda c: generator(c)["state"].update(pos=10**8), "position must be 624 or less"),
    ("stream", lambda c: generator(c)["state"].update(pos=-1), "position must be an integer >= 0"),
    ("stream", lambda c: generator(c)["state"].update(key=np.zeros(3, "u4")), "key has shape"),
    ("stream", lambda c: generator(c).update(bit_generator="PCG64"), "MT19937"),
    ("stream", lambda c: optimizer(c).pop("t"), "optimizer state lacks t"),
    ("stream", lambda c: optimizer(c).update(more=1), "unknown keys: 'more'"),
    ("stream", lambda c: optimizer(c).update(t=-1), "t must be an integer >= 0"),
    ("stream", lambda c: optimizer(c)["second"].__isub__(1e9), "second is below 0"),
    (
        "stream",
        lambda c: optimizer(c).update(first=optimizer(c)["first"].astype("f4")),
        "first is not of type float64",
    ),
    (
        "stream",
        lambda c: c.state["_training_state"]["members"][0]["early_stopping"].update(best=10**400),
        "in the range of a float",
    ),
    ("stream", lambda c: c.state.update(t_=2**63), "below 2..63"),
    (
        "text",
        lambda c: c.state["_training_state"].update(next_seed=None),
        "next_seed must be an integer",
    ),
    (
        "text",
        lambda c: c.state["_training_state"].update(in_stream=1),
        "in_stream must be true or false",
    ),
    ("text", lambda c: c.state.update(classes_=c.state["classes_"][:2]), "2 classes are not multi"),
    ("linear", lambda c: c.state.update(classes_=np.array([1])), "1 classes are not binary"),
    ("labels", lambda c: c.state.update(classes_=[np.arange(3)]), "do not fit the target"),
    (
        "table",
        lambda c: encoder(c)["column_types_"].__setitem__(1, "numeric"),
        "do not fit the type numeric",
    ),
    (
        "table",
        lambda c: encoder(c)["column_types_"].__setitem__(0, "string"),
        "columns of another type",
    ),
    (
        "table",
        lambda c: encoder(c)["is_categorical_"].__setitem__(0, True),
        "numeric_features_ has categorical",
    ),
    ("table", lambda c: encoder(c)["is_categorical_"].__setitem__(1, False), "than is_categorical"),
    ("table", lambda c: encoder(c)["feature_names_in_"].__setitem__(0, "b"), "other column names"),
    ("table", lambda c: encoder(c).pop("feature_names_in_"), "only one of encoder and model"),
]


@pytest.mark.parametrize(("name", "change", "says"), CHANGES)
def test_load_names_the_invalid_part(name, change, says):
    """Otherwise prediction or training would fail, or read memory outside an array."""
    with pytest.raises(ModelFileError, match=says):
        loaded(rewritten(files()[name], change))


def test_load_refuses_numbers_out_of_the_range_of_a_float():
    """JSON would read 1e400 as infinity, which `save` writes in another way."""
    from tests.persistence.fuzz.sealed import opened, sealed

    manifest, members = opened(files()["text"])
    manifest["parameters"]["tol"] = "HERE"
    data = sealed(manifest, members, lambda text: text.replace('"HERE"', "1e400"))
    with pytest.raises(ModelFileError, match="Out of range"):
        loaded(data)


def test_load_refuses_invalid_code_points():
    """Python would build strings that it cannot print."""
    from tests.persistence.fuzz.sealed import npy, opened, sealed

    manifest, members = opened(files()["text"])
    letters = np.array(["no", "perhaps", "yes"])
    letters.view("<u4")[-1] = 0x110000
    members["state.classes_.npy"] = npy(letters)
    with pytest.raises(ModelFileError, match="characters that do not exist"):
        loaded(sealed(manifest, members))


DEEP = [("[", "]"), ('{"a":', "}"), ('{"$tuple":[', "]}"), ('["]]", "\\\\\\"]]", ', "]")]


@pytest.mark.parametrize(("opening", "closing"), DEEP)
@pytest.mark.parametrize("times", [10, 40, 400, 5000])
def test_load_limits_the_depth_first(opening, closing, times):
    """Before it is parsed, so that no recursion takes memory; brackets in strings do not count."""
    from tests.persistence.fuzz import judge
    from tests.persistence.fuzz.sealed import opened, sealed

    manifest, members = opened(files()["text"])
    manifest["parameters"]["scoring"] = "HERE"
    deep = opening * times + "0" + closing * times
    data = sealed(manifest, members, lambda text: text.replace('"HERE"', deep))
    with pytest.raises(ModelFileError, match="nested more than 32" if times > 10 else "scoring"):
        loaded(data)
    assert judge.hunger(data, "text") < 5


def test_brackets_in_strings_are_not_depth():
    """Labels such as intervals, in the manifest itself."""
    labels = [f"{'[' * 50}{i}, {i + 1})" for i in range(3)]

    def change(contents):
        contents.parameters["class_weight"] = dict.fromkeys(labels, 1.0)

    weights = loaded(rewritten(files()["text"], change)).class_weight
    assert list(weights) == labels


@pytest.mark.parametrize("encoding", ["utf-16", "utf-32", "utf-8-sig"])
def test_load_refuses_a_manifest_in_another_encoding(encoding):
    """JSON may be UTF-16, too, in which brackets would not be found."""
    from tests.persistence.fuzz.sealed import opened
    from tests.persistence.fuzz.zips import Member, assembled

    manifest, members = opened(files()["text"])
    text = json.dumps(manifest).encode(encoding)
    entries = [Member("manifest.json", text), *(Member(*one) for one in members.items())]
    with pytest.raises(ModelFileError):
        loaded(assembled(entries))


@pytest.mark.parametrize(
    ("cls", "name"), [("TabularMLPClassifier", "text"), ("MLPClassifier", "labels of a table")]
)
def test_load_refuses_the_inputs_of_another_class(cls, name):
    """A table's encoder belongs to `TabularMLP*`, and only to them."""

    def change(contents):
        contents.class_name, contents.parameters = cls, {}

    with pytest.raises(ModelFileError, match=f"input_encoding does not fit {cls}"):
        loaded(rewritten(files()[name], change))


def test_load_refuses_bytes_outside_the_members():
    """Before, between and after the members of the zip file."""
    data = files()["text"]
    members = zips.members_of(data)
    hidden = zips.Member("hidden", b"anything", offset=0)
    whole = zips.assembled([*members[:2], hidden, *members[2:]])
    for wrong in (data + data, data[:100] + data, whole):
        with pytest.raises(ModelFileError):
            loaded(wrong)
    with pytest.raises(ModelFileError, match="do not follow each other"):
        loaded(data + data)


def test_describe_escapes_control_characters():
    """In labels and versions, and characters that cannot be printed."""
    import io

    def change(contents):
        contents.state["classes_"] = np.array(["\x1b[2J", "\ud800", "a\nb"])
        contents.versions["sknn"] = "\x1b]0;title\x07"

    page = describe(io.BytesIO(rewritten(files()["text"], change)))
    assert page.isascii()
    assert all(letter.isprintable() or letter == "\n" for letter in page)
    assert "\\x1b[2J" in page
