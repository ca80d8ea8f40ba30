"""The state of the session."""

import pytest

from gateway.daemon.daemon import Unavailable
from gateway.mirror.mirror import Mirror
from gateway.qbittorrent.service.transfer import info, limit
from protocol.wire.reports import AlternativeReport, ProcessReport, SessionReport, SettingsReport, StatsReport

PROCESS = ProcessReport(rss_bytes=0, cpu_ms=0, fds=0)


def mirror(listen_port: int = 6881, *, away: bool = False, in_force: bool = False) -> Mirror:
    """A mirror with reports."""
    found = Mirror()
    found.away = away
    session = SessionReport(
        download_bps=10, upload_bps=20, downloaded=30, uploaded=40, peers=0, listen_port=listen_port, age_ms=0
    )
    found.stats = StatsReport(session=session, supervisor=PROCESS, engine=PROCESS, torrents={})
    alternative = AlternativeReport(download_bps=7, upload_bps=8, in_force=in_force, scheduled=False, switch=in_force)
    found.settings = SettingsReport(download_bps=100, upload_bps=0, alternative=alternative)
    return found


def test_before_the_first_report_it_is_unavailable() -> None:
    """Zeros would be wrong."""
    with pytest.raises(Unavailable):
        info(Mirror())


def test_rates_totals_and_limits() -> None:
    """Each figure has its own field."""
    found = info(mirror())
    assert (found.dl_info_speed, found.up_info_speed, found.dl_info_data, found.up_info_data) == (10, 20, 30, 40)
    assert (found.dl_rate_limit, found.up_rate_limit) == (100, 0)


def test_the_limit_in_force_is_shown() -> None:
    """Alternative limits replace the normal ones."""
    assert limit(mirror(in_force=True), "download_bps") == 7
    assert limit(Mirror(), "download_bps") == 0


def test_the_status_of_the_connection() -> None:
    """It depends on the listening port and on incoming connections."""
    assert info(mirror()).connection_status == "firewalled"
    assert info(mirror(0)).connection_status == "disconnected"
    assert info(mirror(away=True)).connection_status == "disconnected"
    reached = mirror()
    reached.counters = {"net.has_incoming_connections": 1, "dht.dht_nodes": 12}
    assert (info(reached).connection_status, info(reached).dht_nodes) == ("connected", 12)
