"""The HTML page of an estimator: scikit-learn's, with descriptions and layers."""

import re
from html import escape
from pathlib import Path

import numpy as np
import pytest
from sklearn.pipeline import make_pipeline

import sknn
from sknn import MLPClassifier
from sknn.engine import LeakyReLU
from sknn.estimators import _layer_table as layers
from sknn.estimators._layer_table import layers_of, parameter_descriptions
from tests.estimators.data import TABLES, TASKS, fitted


def rows_of(page):
    """Return the rows of the table of layers."""
    table = re.search(r"<summary>Layers</summary>(.*?)</table>", page, re.DOTALL)[1]
    rows = re.findall(r'<tr class="default">(.*?)</tr>', table)
    return [re.findall(r"<t[hd]>(.*?)</t[hd]>", row) for row in rows]


@pytest.mark.parametrize("task", TASKS | TABLES)
@pytest.mark.parametrize("members", [1, 2])
def test_a_fitted_estimator_shows_its_layers(task, members):
    """Name, shape, parameters and activation, and how many parameters there are in all.

    The rows are of the class that scikit-learn gives a dark text: its ground is always light.
    """
    estimator, make = (TASKS | TABLES)[task]
    model = fitted(estimator((6, 5), "tanh", max_iter=2, n_members=members), *make())
    page = model._repr_html_()
    names, *rows, total = rows_of(page)
    assert names == ["layer", "shape", "parameters", "activation"]
    assert [row[0] for row in rows] == ["hidden 1", "hidden 2", "output"]
    assert rows[1][1] == ("6 x 5" if members == 1 else "2 x 6 x 5")
    assert [row[3] for row in rows] == ["tanh", "tanh", model.out_activation_]
    weights = [array.size for array in model.coefs_ + model.intercepts_]
    assert int(total[2].replace(",", "")) == sum(weights)
    assert page.count("<div") == page.count("</div>")


def test_the_rows_of_layers_have_a_colour_of_their_own():
    """They would have that of the page, which is white in dark themes, on a white ground."""
    X, y = TASKS["binary"][1]()
    page = fitted(MLPClassifier((3,), max_iter=2), X, y)._repr_html_()
    assert len(rows_of(page)) == 4
    assert re.search(r"\.default td[^{}]*\{\s*color: black", page)


def test_an_embedding_is_a_layer():
    """Columns of many levels have a table of their own."""
    X = np.array([[f"level {i}"] for i in range(300)] * 5, dtype=object)
    estimator, _ = TABLES["real of a table"]
    model = fitted(estimator((3,), max_iter=1), X, np.arange(1500.0))
    first = layers_of(vars(model))[0]
    assert first[:2] == ("embedding", (302, 8))
    assert first.parameters == 302 * 8


def test_there_are_no_layers_before_a_fit():
    """The page is scikit-learn's; activations of the user's own are written out."""
    assert "Layers" not in MLPClassifier()._repr_html_()
    X, y = TASKS["binary"][1]()
    model = fitted(MLPClassifier((3,), LeakyReLU(0.3), max_iter=2), X, y)
    assert "LeakyReLU" in rows_of(model._repr_html_())[1][3]


@pytest.mark.parametrize("task", TASKS | TABLES)
@pytest.mark.parametrize("in_pipeline", [False, True])
def test_parameters_are_described_and_nothing_tells_of_the_machine(task, in_pipeline):
    """No link, no path of the installation; each parameter has its entry of the docstring."""
    estimator, make = (TASKS | TABLES)[task]
    model = estimator((3,), max_iter=2)
    shown = fitted(make_pipeline(model) if in_pipeline else model, *make())
    page = shown._repr_mimebundle_()["text/html"]
    assert "file:" not in page
    for folder in (Path(sknn.__file__).parent.parent, Path.home(), Path.cwd()):
        assert folder == Path("/") or str(folder) not in page
    described = parameter_descriptions(type(model))
    assert set(described) == set(model.get_params())
    for name, text in described.items():
        assert f'title="{escape(text)}">{name}</td>' in page
    assert len(rows_of(page)) == 2 + len(shown[-1].coefs_ if in_pipeline else shown.coefs_)
    assert 'class="user-set"><td class="param" title="max_iter' in page
    assert 'class="default"><td class="param" title="alpha' in page
    assert in_pipeline or "href=" not in page


def test_links_once_the_documentation_has_an_address():
    """They are made from one constant, which is empty."""
    assert layers.DOCUMENTATION == layers.REFERENCE == MLPClassifier()._get_doc_link() == ""
    model = type("MLPClassifier", (MLPClassifier,), {"__module__": "sknn.estimators"})()
    type(model)._doc_link_template = "https://address/{estimator_name}.html"
    assert 'href="https://address/MLPClassifier.html"' in model._repr_html_()


def test_a_class_without_descriptions():
    """Its parameters have no tooltip."""
    own = type("Own", (MLPClassifier,), {"__doc__": "Without sections."})
    assert parameter_descriptions(own) == {}
    assert 'title="">alpha</td>' in own()._repr_html_()
