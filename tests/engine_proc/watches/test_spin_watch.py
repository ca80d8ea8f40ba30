from hypothesis import given
from hypothesis import strategies as st

from engine_proc.watches.spin_watch import BUSY, LASTS_S, QUIET_BPS, SAMPLE_S, SpinWatch


class Played:
    """A network thread with a load and a rate."""

    def __init__(self) -> None:
        self.watch = SpinWatch()
        self.now, self.cpu_s, self.moved = 1000.0, 3.0, 0
        self.watch.sample(self.now, self.cpu_s, self.moved)

    def run(self, for_s: float, load: float, bps: float = 0) -> bool:
        """Whether it spins after this time."""
        for _ in range(int(for_s / SAMPLE_S)):
            self.now += SAMPLE_S
            self.cpu_s += load * SAMPLE_S
            self.moved += int(bps * SAMPLE_S)
            assert self.watch.due(self.now)
            self.watch.sample(self.now, self.cpu_s, self.moved)
        return self.watch.spins


def test_a_core_for_a_minute_without_traffic() -> None:
    """Not earlier; until the load has fallen by much."""
    played = Played()
    assert not played.run(LASTS_S - SAMPLE_S, 0.99)
    assert played.run(SAMPLE_S, 0.99)
    assert round(played.watch.load or 0, 2) == 0.99
    assert played.run(SAMPLE_S, 0.6)
    assert not played.run(SAMPLE_S, 0.1)
    assert not played.run(LASTS_S - SAMPLE_S, 0.99)


def test_traffic_explains_a_load() -> None:
    """Also if it comes only now and then, or if the thread rests now and then."""
    played = Played()
    assert not played.run(LASTS_S * 3, 0.99, QUIET_BPS)
    for _ in range(5):
        assert not played.run(LASTS_S - SAMPLE_S, 0.99)
        assert not played.run(SAMPLE_S, 0.99, QUIET_BPS * 2)
        assert not played.run(LASTS_S - SAMPLE_S, 0.99)
        assert not played.run(SAMPLE_S, BUSY - 0.1)


def test_an_unknown_load_is_none() -> None:
    """The next sample begins anew."""
    played = Played()
    assert played.run(LASTS_S, 0.99)
    played.watch.sample(played.now + SAMPLE_S, None, 0)
    assert (played.watch.load, played.watch.spins) == (None, False)
    assert not played.watch.due(played.now + SAMPLE_S) or played.watch.load is None


@given(st.lists(st.tuples(st.floats(0, 1), st.integers(0, 10**7)), max_size=60))
def test_it_spins_only_after_a_minute_of_load(samples: list[tuple[float, int]]) -> None:
    """Whatever comes."""
    played = Played()
    for number, (load, bps) in enumerate(samples, 1):
        if played.run(SAMPLE_S, load, bps):
            assert number * SAMPLE_S >= LASTS_S
            assert load >= 0.49
