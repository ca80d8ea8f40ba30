"""Every setting of this libtorrent version, in a real session: set, read back, and refused out of range."""

from collections.abc import Iterator
from typing import Any, Final

import libtorrent
import pytest

from engine_proc.libtorrent_adapter.libtorrent_session import LibtorrentSession
from engine_proc.libtorrent_adapter.libtorrent_settings import known_settings, problems_of_settings
from engine_proc.session import session_settings
from protocol.internal.settings import INT32_MAX, OWNED, range_of
from protocol.wire.desired import SettingValue
from tools.rig.probe import LOOPBACK

lt: Any = libtorrent

KNOWN: Final = known_settings()
SETTABLE: Final = sorted(KNOWN.keys() - OWNED.keys())
NUMBERS: Final = [name for name in SETTABLE if type(KNOWN[name]) is int]
QUIET: Final[dict[str, SettingValue]] = {**LOOPBACK, "dht_bootstrap_nodes": ""}
"""No packet leaves the loopback interface, not even with the DHT on."""
COSTLY: Final = {"aio_threads", "hashing_threads", "tick_interval"}
"""Settings whose extreme values start hundreds of threads, or keep a core busy."""


@pytest.fixture(scope="module")
def session() -> Iterator[LibtorrentSession]:
    """One session for all settings."""
    session = LibtorrentSession(QUIET, download_bps=0, upload_bps=0, torrents=0)
    yield session
    session.close()


def values(name: str) -> list[SettingValue]:
    """Values of each kind: both truth values, the smallest, a middle and the largest number, empty and long texts."""
    match KNOWN[name]:
        case bool():
            return [True, False]
        case int(default):
            least, most = range_of(name)
            return [default, least + 1, most - 1] if name in COSTLY else [least, default, most]
        case _ if name in QUIET:
            return [QUIET[name], ""]
        case _:
            return ["", "127.0.0.1", "x" * 1000]


def test_all_settings_of_this_version_are_known(session: LibtorrentSession) -> None:
    """Those too that `default_settings()` lacks."""
    native: Any = session
    assert set(native._session.get_settings()) == set(KNOWN)
    assert set(lt.default_settings()) < set(KNOWN)
    assert set(session_settings.DEFAULTS) <= set(SETTABLE)
    assert set(OWNED) <= set(KNOWN)


@pytest.mark.parametrize("name", SETTABLE)
def test_a_setting_is_set_and_read_back(session: LibtorrentSession, name: str) -> None:
    """In the session itself; libtorrent replaces no value within the range."""
    native: Any = session
    for value in values(name):
        wanted = {**QUIET, name: value}
        if name in COSTLY and isinstance(value, int) and value > 300:
            assert problems_of_settings({name: value}) == {}
            continue
        session.configure(wanted, download_bps=0, upload_bps=0)
        assert session.stale_settings() == {}
        assert native._session.get_settings()[name] == value
    session.configure(QUIET, download_bps=0, upload_bps=0)
    default = QUIET.get(name, session_settings.DEFAULTS.get(name, KNOWN[name]))
    assert native._session.get_settings()[name] == default


@pytest.mark.parametrize("interfaces", ["127.0.0.1:0, [::1]:0", "nonsense", "127.0.0.1:0,"])
def test_interfaces_that_libtorrent_rewrites_are_not_stale(interfaces: str) -> None:
    """A new session drops spaces and invalid entries. What listens is reported elsewhere."""
    session = LibtorrentSession({**QUIET, "listen_interfaces": interfaces}, download_bps=0, upload_bps=0, torrents=0)
    assert session.stale_settings() == {}
    session.close()


@pytest.mark.parametrize("name", NUMBERS)
def test_a_number_out_of_range_is_refused_with_the_range(name: str) -> None:
    """Just outside, and far outside, where libtorrent would truncate it to 32 bits."""
    least, most = range_of(name)
    assert -INT32_MAX - 1 <= least <= most <= INT32_MAX
    for value in (least - 1, most + 1, 2**40, -(2**40)):
        assert f"{least} to {most}" in problems_of_settings({name: value})[name]


@pytest.mark.parametrize("name", SETTABLE)
def test_a_value_of_another_type_is_refused(name: str) -> None:
    """Whatever the type."""
    for wrong in (True, 1, "1"):
        assert (problems_of_settings({name: wrong}) == {}) is (type(wrong) is type(KNOWN[name]))


def test_a_value_that_libtorrent_does_not_have_is_told(session: LibtorrentSession) -> None:
    """Even if libtorrent itself has changed it."""
    native: Any = session
    session.configure({**QUIET, "connections_limit": 77}, download_bps=0, upload_bps=0)
    native._session.apply_settings({"connections_limit": 0})
    [(name, problem)] = session.stale_settings().items()
    assert name == "connections_limit"
    assert str(native._session.get_settings()["connections_limit"]) in problem
    session.configure(QUIET, download_bps=0, upload_bps=0)
