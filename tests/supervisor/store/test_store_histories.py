"""The store while its disk fails: a sample of what `scripts/bench store` plays in full."""

import random
from collections.abc import Iterator

import pytest

from protocol.durable import durable
from tools.bench.service.model_disk import Fault
from tools.bench.service.store_histories import (
    STORIES,
    Contradiction,
    Loads,
    doubles,
    failing,
    failing_from,
    lasting,
    on_model_disks,
    play,
    singles,
)

pytestmark = pytest.mark.slow

DOUBLES = 40
"""The number of random histories of each story."""


@pytest.fixture(scope="module")
def loads() -> Iterator[Loads]:
    """The results of loading states of the directory, which stories share."""
    with on_model_disks() as loads:
        yield loads


@pytest.mark.parametrize("story", STORIES)
def test_no_answer_is_contradicted_by_the_disk(loads: Loads, story: str) -> None:
    """Each call fails once, some in pairs, or from one on for good; a crash follows each of them."""
    chance = random.Random(story)
    calls = play(loads, story).calls
    pairs = []
    for faults in singles(calls):
        more = play(loads, story, failing(*faults)).calls
        pairs += list(doubles(faults[0], more))
    for faults in chance.sample(pairs, DOUBLES):
        play(loads, story, failing(*faults))
    for fails in chance.sample(list(lasting(calls)), DOUBLES):
        play(loads, story, fails)


def test_nor_where_files_are_written_again(loads: Loads) -> None:
    """The writer has replaced files to reuse."""
    calls = play(loads, "session", worn=True).calls
    for faults in singles(calls):
        play(loads, "session", failing(*faults), worn=True)
    play(loads, "change", failing_from(1, after=True, name="fsync directory"), worn=True)


def test_the_model_finds_a_store_that_forgets_what_it_has_begun(loads: Loads, monkeypatch: pytest.MonkeyPatch) -> None:
    """If a failure after the rename were treated as one before it, a refused change would be in force after a crash."""
    monkeypatch.setattr(durable, "_unsettled", lambda error: error)
    number = next(number for number in range(1, 20) if _fails(loads, number))
    assert number


def _fails(loads: Loads, number: int) -> bool:
    try:
        play(loads, "removal", failing(Fault(number, after=False)))
    except Contradiction:
        return True
    return False
