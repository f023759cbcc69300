"""Rounds: steps that stop in mid-epoch and go on are those of whole epochs."""

import pickle
from copy import deepcopy

import numpy as np
import pytest

from sknn.engine import NLL, Adam, Dataset, EpochBatchSampler, MinibatchSolver, Objective, network
from sknn.engine.members import Member, group_members
from sknn.engine.rounds import EpochPosition, run_round
from sknn.engine.schedules import OneCycle


def make_members(n_members, dropout, generator):
    """Return members of the same rows, with networks and generators of their own."""
    rng = np.random.RandomState(0)
    X = rng.normal(size=(50, 4))
    dataset = Dataset(X, (X[:, :1] > 0).astype(float))
    solver = MinibatchSolver(Adam(), OneCycle(0.05, 30), EpochBatchSampler(8), weight_decay=0.1)
    members = []
    for i in range(n_members):
        layers = network.build([4, 6, 1], ["relu"], "auto", rng=rng, dtype="float64")
        layers = network.with_dropout(layers, [0.3]) if dropout else layers
        objective = Objective(layers, NLL(), 0.01)
        own = generator(i)
        members.append(Member(solver, objective, dataset, solver.init(objective), own))
    return members


def train_epochs(members, n_epochs):
    """Train by whole epochs, and return their mean losses."""
    [batch] = group_members(members)
    losses = []
    for _ in range(n_epochs):
        batch.run_epoch()
        losses.append([member.loss for member in members])
    return losses


def train_rounds(members, lengths):
    """Train by rounds, each as if in another process, and return the mean losses of epochs."""
    positions = [EpochPosition(member.rng) for member in members]
    vectors = [member.objective.parameters.vector.copy() for member in members]
    states, losses = [member.state for member in members], []
    for n_steps in lengths:
        fresh = [
            Member(m.solver, deepcopy(m.objective), m.dataset, deepcopy(state), None)
            for m, state in zip(members, states, strict=True)
        ]
        for member, vector in zip(fresh, vectors, strict=True):
            member.objective.parameters.vector[...] = vector
        sent = pickle.loads(pickle.dumps(positions))
        results = run_round(fresh, sent, n_steps)
        positions = [result.position for result in results]
        vectors = [member.objective.parameters.vector for member in fresh]
        states = [member.state for member in fresh]
        ended = [[total / seen for total, seen in result.epochs] for result in results]
        losses += list(map(list, zip(*ended, strict=True)))
    return vectors, states, losses, positions


@pytest.mark.parametrize(
    "lengths", [[1] * 21, [3] * 7, [7, 7, 7], [10, 11], [21], [2, 13, 6]], ids=str
)
@pytest.mark.parametrize("n_members", [1, 3])
@pytest.mark.parametrize("dropout", [False, True])
@pytest.mark.parametrize("generator", [np.random.RandomState, np.random.default_rng])
def test_rounds_are_epochs(lengths, n_members, dropout, generator):
    """Bit for bit: parameters, states, losses and generators."""
    expected = make_members(n_members, dropout, generator)
    losses = train_epochs(expected, 3)
    vectors, states, found, positions = train_rounds(
        make_members(n_members, dropout, generator), lengths
    )
    for member, vector, state, position in zip(expected, vectors, states, positions, strict=True):
        assert np.array_equal(member.objective.parameters.vector, vector)
        assert state["steps"] == member.state["steps"] == 21
        assert pickle.dumps(state) == pickle.dumps(member.state)
        assert position.rng.normal() == member.rng.normal()
    assert found == losses


def test_a_round_does_not_change_its_arguments():
    """It is a pure function of positions, so that it can be made again."""
    [member] = make_members(1, True, np.random.RandomState)
    position = EpochPosition(member.rng)
    before = pickle.dumps(position)
    [result] = run_round([member], [position], 3)
    assert pickle.dumps(position) == before
    assert (result.seen, result.position.step, result.epochs) == (24, 3, [])
    [result] = run_round([member], [result.position], 5)
    assert (result.seen, result.position.step, len(result.epochs)) == (26 + 8, 1, 1)


def test_a_loss_that_is_not_finite_breaks_a_round_off():
    """The parameters are those before the step."""
    members = make_members(2, False, np.random.RandomState)
    members[0].objective.parameters.vector[...] = np.inf
    positions = [EpochPosition(member.rng) for member in members]
    with np.errstate(invalid="ignore", over="ignore"):
        broken, whole = run_round(members, positions, 9)
    assert not broken.is_finite
    assert whole.is_finite
    assert members[1].state["steps"] == 9
