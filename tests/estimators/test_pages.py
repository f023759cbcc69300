"""What a notebook shows of an estimator: scikit-learn's page, and its layers."""

import re

import numpy as np
import pytest

from sknn import MLPClassifier
from sknn.engine import LeakyReLU
from sknn.estimators.layers import layers_of
from tests.estimators.data import TABLES, TASKS, fitted


def rows_of(page):
    """Return the rows of the table of layers."""
    table = re.search(r"<summary>Layers</summary>(.*?)</table>", page, re.DOTALL)[1]
    rows = re.findall(r"<tr>(.*?)</tr>", table)
    return [re.findall(r"<t[hd]>(.*?)</t[hd]>", row) for row in rows]


@pytest.mark.parametrize("task", TASKS | TABLES)
@pytest.mark.parametrize("members", [1, 2])
def test_a_fitted_estimator_shows_its_layers(task, members):
    """Name, shape, parameters and activation, and how many parameters there are in all."""
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
