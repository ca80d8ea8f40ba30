import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine_proc.session.session_port import InvalidSetting
from engine_proc.session.session_settings import ALERT_QUEUE_MIN, ALERTS_PER_TORRENT, DEFAULTS, checked, defaults
from protocol.internal.settings import INT32_MAX, OWNED
from protocol.wire.desired import SettingValue

KNOWN: dict[str, SettingValue] = {
    **DEFAULTS,
    **dict.fromkeys(OWNED, 0),
    "number": 5,
    "text": "",
    "truth": True,
}


def test_defaults_are_ouzels() -> None:
    """They override libtorrent's, and configured values override both."""
    assert checked({}, KNOWN, torrents=0) == {**DEFAULTS, "alert_queue_size": ALERT_QUEUE_MIN}
    assert checked({"connections_limit": 7}, KNOWN, torrents=0)["connections_limit"] == 7


def test_what_is_not_asked_for_any_more_gets_its_default() -> None:
    """Ouzel's default if there is one, else libtorrent's. Configured values stay."""
    again = checked({"text": "b"}, KNOWN, torrents=0, before=["number", "text", "connections_limit"])
    assert (again["number"], again["text"]) == (5, "b")
    assert again["connections_limit"] == DEFAULTS["connections_limit"]


@given(torrents=st.integers(0, 10**8))
def test_the_alert_queue_holds_what_a_restore_brings(torrents: int) -> None:
    """Room for alerts of each torrent, at least a minimum, and at most libtorrent's maximum."""
    size = checked({}, KNOWN, torrents=torrents)["alert_queue_size"]
    assert isinstance(size, int)
    assert size >= ALERT_QUEUE_MIN
    assert size >= ALERTS_PER_TORRENT * min(torrents, 10**7)
    assert size <= INT32_MAX


def test_one_bad_setting_refuses_all() -> None:
    """Wherever it is."""
    for wanted in ({"number": 1, "nonsense": 1}, {"nonsense": 1, "number": 1}):
        with pytest.raises(InvalidSetting):
            checked(wanted, KNOWN, torrents=0)


def test_the_defaults_have_no_settings_that_ouzel_owns() -> None:
    """Clients cannot set those, so they do not see them."""
    assert defaults(KNOWN) == {**DEFAULTS, "number": 5, "text": "", "truth": True}
