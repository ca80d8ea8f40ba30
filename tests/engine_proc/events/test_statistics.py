from engine_proc.events.statistics import SAMPLE_S, Statistics
from engine_proc.session.alerts import Listening, SessionStatistics


def test_rates_are_of_the_time_since_the_last_sample() -> None:
    """The first sample has no rates; an update within a second is no sample."""
    statistics = Statistics()
    statistics.listening(Listening("127.0.0.1 tcp", 1))
    first = statistics.sample(SessionStatistics(downloaded=100, uploaded=10, peers=1), 1000.0, lambda: 6881)
    assert first is not None
    assert (first.download_bps, first.upload_bps, first.listen_port) == (0, 0, 6881)
    assert first.listeners == {"127.0.0.1 tcp": 1}
    soon = SessionStatistics(downloaded=150, uploaded=10, peers=1)
    assert statistics.sample(soon, 1000.0 + SAMPLE_S / 2, lambda: 6881) is None
    later = SessionStatistics(downloaded=300, uploaded=110, peers=2)
    second = statistics.sample(later, 1002.0, lambda: 6881)
    assert second is not None
    assert (second.download_bps, second.upload_bps, second.downloaded, second.peers) == (100, 50, 300, 2)
