"""The recipe with optuna in docs/howto/tune.md: trials are pruned, and the best one is trained."""

import pytest

from tests.test_docs import BLOCK, DOCS

pytest.importorskip("optuna")


def blocks():
    """Return the data, from the first block of the page, and the recipe."""
    text = (DOCS / "howto" / "tune.md").read_text(encoding="utf-8")
    codes = [code for kind, code in BLOCK.findall(text) if kind == "python"]
    (recipe,) = [code for code in codes if code.startswith("import optuna")]
    return codes[0].partition("network = ")[0], recipe


def test_trials_are_pruned():
    """Pruned ones end early, others train to their end; the best one is among these."""
    names = {}
    for code in blocks():
        exec(code, names)
    trials = names["study"].trials
    pruned = [one for one in trials if one.state.name == "PRUNED"]
    complete = [one for one in trials if one.state.name == "COMPLETE"]
    assert len(pruned) + len(complete) == len(trials) == 20
    assert min(one.last_step for one in pruned) < 19
    assert all(one.last_step == 19 for one in complete)
    assert names["study"].best_value == max(one.value for one in complete)
    one_layer = [one.params for one in trials if one.params["n_layers"] == 1]
    assert one_layer
    assert not any("n_units_1" in params for params in one_layer)
    best, scaler = names["best"], names["scaler"]
    assert best.n_iter_ == 20
    assert best.score(scaler.transform(names["X_test"]), names["y_test"]) > 0.95
