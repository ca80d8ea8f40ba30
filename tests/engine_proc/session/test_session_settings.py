import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine_proc.session.session_port import InvalidSetting, SettingValue
from engine_proc.session.session_settings import (
    ALERT_QUEUE_MIN,
    ALERTS_PER_TORRENT,
    DEFAULTS,
    INT32_MAX,
    RESERVED,
    checked,
)

KNOWN: dict[str, SettingValue] = {
    **DEFAULTS,
    **dict.fromkeys(RESERVED, 0),
    "number": 5,
    "text": "",
    "truth": True,
}


def refusal(name: str, value: SettingValue) -> str:
    """The message about a refused setting."""
    with pytest.raises(InvalidSetting) as raised:
        checked({name: value}, KNOWN, torrents=0)
    assert raised.value.setting == name
    return str(raised.value)


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


@pytest.mark.parametrize("name", sorted(RESERVED))
def test_what_the_engine_depends_on_is_reserved(name: str) -> None:
    """The message says where to configure rate limits."""
    assert "[limits]" in refusal(name, 1)


def test_unknown_settings_are_refused() -> None:
    """Otherwise a misspelled name would be ignored."""
    assert refusal("conections_limit", 1)


@pytest.mark.parametrize(
    ("name", "value"),
    [("number", "5"), ("number", True), ("text", 5), ("text", False), ("truth", 1), ("truth", 0), ("truth", "true")],
)
def test_values_of_another_type_are_refused(name: str, value: SettingValue) -> None:
    """A boolean is no number, and a number no boolean; the message names both types."""
    said = refusal(name, value)
    assert type(value).__name__ in said
    assert type(KNOWN[name]).__name__ in said


@given(value=st.integers() | st.sampled_from([INT32_MAX, INT32_MAX + 1, -INT32_MAX - 1, -INT32_MAX - 2, 2**40]))
def test_numbers_fit_into_32_bits_or_are_refused(value: int) -> None:
    """libtorrent would change the number."""
    if -(2**31) <= value < 2**31:
        assert checked({"number": value}, KNOWN, torrents=0)["number"] == value
    else:
        assert str(value) in refusal("number", value)


def test_one_bad_setting_refuses_all() -> None:
    """Wherever it is."""
    for wanted in ({"number": 1, "nonsense": 1}, {"nonsense": 1, "number": 1}):
        with pytest.raises(InvalidSetting):
            checked(wanted, KNOWN, torrents=0)
