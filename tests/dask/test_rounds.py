"""How epochs are divided into rounds, and what follows a round."""

from fractions import Fraction

import numpy as np
import pytest

pytest.importorskip("distributed")

from sknn import TabularMLPClassifier
from sknn.dask._rounds import OuterOptimizer, RoundPlan
from sknn.dask._scratch import MappedObject
from sknn.estimators._fit_inputs import validate_fit
from sknn.estimators._planning import plan_fit
from sknn.estimators._sharding.planning import shard_solvers
from sknn.estimators._validation_score import PartScore, merge_scores


@pytest.mark.parametrize("per_epoch", [1, 4, 13, Fraction(1, 3), Fraction(7, 2)], ids=str)
@pytest.mark.parametrize("n_steps", [1, 5, 64])
def test_shards_end_their_epochs_in_the_same_round(per_epoch, n_steps):
    """And make all of their steps, whatever their number."""
    plan, n_epochs = RoundPlan(Fraction(per_epoch)), 6
    rounds = range(int(n_epochs * per_epoch))
    made = np.cumsum([plan.n_steps(number, n_steps) for number in rounds])
    assert made[-1] == n_epochs * n_steps
    for number, total in enumerate(made):
        ended = (number + 1) // Fraction(per_epoch)
        assert ended * n_steps <= total < (ended + 1) * n_steps or total == n_epochs * n_steps


def test_a_round_has_at_most_the_local_steps():
    """Also where an epoch has no multiple of them."""
    for n_steps in (7, 8, 9):
        for local_steps in (1, 3, 8, 20):
            plan = RoundPlan.of(None, local_steps, 5, n_steps)
            made = [plan.n_steps(number, n_steps) for number in range(5 * n_steps)]
            assert max(made) <= local_steps


def test_the_outer_step():
    """The mean itself at rate 1 without momentum, bit for bit; else Nesterov's momentum."""
    rng = np.random.default_rng(0)
    start, mean = rng.normal(size=(2, 1000))
    assert np.array_equal(OuterOptimizer(1.0, 0.0).step(start, mean, {}), mean)
    outer, state = OuterOptimizer(0.7, 0.9), {}
    velocity, w = 0.0, start
    for _ in range(3):
        delta = w - mean
        velocity = 0.9 * velocity + delta
        expected = w - 0.7 * (delta + 0.9 * velocity)
        w = outer.step(w, mean, state)
        assert np.allclose(w, expected, rtol=1e-12, atol=1e-12)


def test_an_object_in_a_scratch_file():
    """Its arrays are those of the file, read only; a pickle carries them."""
    import pickle

    value = {"X": np.arange(12.0).reshape(3, 4), "empty": np.empty((0, 2)), "name": "shard"}
    mapped = MappedObject.of(value)
    assert mapped.nbytes == 96
    for one in (mapped, pickle.loads(pickle.dumps(mapped, protocol=5))):
        assert np.array_equal(one.value["X"], value["X"])
        assert one.value["empty"].shape == (0, 2)
        assert one.value["name"] == "shard"
        assert not one.value["X"].flags.writeable


def test_scores_of_parts():
    """A part that overflows makes the score the worst."""
    parts = [PartScore(1.0, 2.0, 0.5), PartScore(3.0, 4.0, 0.9)]
    assert merge_scores(parts, by_loss=False) == {
        "validation_loss": 3.5,
        "validation_score": pytest.approx(0.8),
    }
    assert merge_scores(parts, by_loss=True)["validation_score"] == -3.5
    worst = merge_scores([*parts, PartScore(1.0, np.inf, -np.inf)], by_loss=False)
    assert worst == {"validation_loss": np.inf, "validation_score": -np.inf}


def test_settings_of_shards():
    """For one shard those of `fit`; for several smaller batches, and a decay less the gain."""
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(4000, 2)), rng.integers(0, 2, 4000)
    mlp = TabularMLPClassifier(cv=None, max_iter=5, random_state=0)
    inputs = validate_fit(mlp, (X, y, None), (None, None, None), None, None, keep_progress=False)
    job = plan_fit(mlp, inputs).jobs[0]
    usual, (only,) = job.config.solver, shard_solvers(job, mlp, [4000], 1.0)
    assert only.weight_decay == usual.weight_decay
    assert only.batches.batch_size == usual.batches.batch_size == 128
    assert only.schedule.steps == usual.schedule.steps
    solvers = shard_solvers(job, mlp, [1500, 1500, 1000], 3.5)
    assert {one.batches.batch_size for one in solvers} == {42}
    assert 3.5 * solvers[0].weight_decay == pytest.approx(usual.weight_decay)
    assert [one.schedule.steps for one in solvers] == [5 * 36, 5 * 36, 5 * 24]
