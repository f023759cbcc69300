"""A few of the mutants that ``python -m tests.persistence.fuzz`` tries."""

import os

import pytest

from tests.persistence.fuzz import guided, judge, mutants, seeds
from tests.persistence.fuzz.trials import tried

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(os.name != "posix", reason="what hangs is found by an alarm"),
]


@pytest.mark.parametrize("part", range(4))
def test_mutants_are_refused_or_valid(part):
    """With a ModelFileError, in time, and with little memory."""
    results = tried("suite", range(part * 250, (part + 1) * 250))
    assert not results.failures, "\n".join(str(failure) for failure in results.failures)
    assert sum(results.counts.values()) == 250


@pytest.mark.parametrize("name", seeds.NAMES)
def test_seed_files_are_valid(name):
    """And the models support everything that the judge does."""
    data = seeds.files()[name]
    assert judge.judged(data, sealed=False) == "equal"
    assert judge.hunger(data, name) < 2
    judge.exercise(judge.loaded(data))


def test_corpus_entries_are_judged():
    """Seed files, and what guided runs found."""
    for path in sorted(guided.CORPUS.iterdir()):
        data, is_sealed = guided.file_of(path.read_bytes())
        judge.judged(data, sealed=is_sealed)


def test_every_mutator_changes_the_file():
    """Its mutants differ from the honest file."""
    made = [mutants.mutant("makers", number) for number in range(400)]
    changed = {maker for name, maker, data, _ in made if data != seeds.files()[name]}
    assert changed == {maker.__name__ for maker in [*mutants.SEALED, *mutants.DAMAGED]}


def broken_promises():
    """Return functions in the place of `sknn.load` that break one each."""

    def raises(file):
        raise KeyError("state")

    def is_hungry(file):
        return bytearray(50_000_000) and None

    def believes(file):
        return judge.sknn.MLPRegressor((2,), max_iter=2).fit([[0.0], [1.0]], [0.0, 1.0])

    return [raises, is_hungry, believes]


@pytest.mark.parametrize("load", broken_promises(), ids=lambda load: load.__name__)
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_judge_detects_violations(load, monkeypatch):
    """Otherwise the other tests would prove nothing."""
    for name in seeds.NAMES:
        judge.honest_memory(name)
    monkeypatch.setattr(judge.sknn, "load", load)
    assert tried("suite", range(0, 40, 20)).failures
