"""The latest answers of engines."""

from protocol.internal.link_queries import FilesQueried, PeersQueried
from supervisor.engine.torrents.observed.answers import KEPT, Answers


def test_the_latest_answer_of_each_type_is_kept_with_its_age() -> None:
    """A later answer replaces it; a removed torrent has none."""
    answers = Answers()
    assert answers.latest("a", PeersQueried, 1.0) is None
    first, second = PeersQueried(token=1, peers=[]), PeersQueried(token=2, peers=[])
    answers.store("a", first, 1.0)
    answers.store("a", FilesQueried(token=3, bytes_done=None), 1.0)
    assert answers.latest("a", PeersQueried, 1.5) == (first, 500)
    answers.store("a", second, 2.0)
    assert answers.latest("a", PeersQueried, 2.0) == (second, 0)
    answers.discard("a")
    assert answers.latest("a", PeersQueried, 2.0) is None
    assert answers.latest("a", FilesQueried, 2.0) is None


def test_a_bounded_number_is_kept() -> None:
    """The oldest one is evicted."""
    answers = Answers()
    for number in range(KEPT):
        answers.store(str(number), PeersQueried(token=number, peers=[]), 0.0)
    answers.store("0", PeersQueried(token=99, peers=[]), 0.0)
    answers.store("one more", PeersQueried(token=100, peers=[]), 0.0)
    assert answers.latest("1", PeersQueried, 0.0) is None
    assert answers.latest("0", PeersQueried, 0.0) is not None
