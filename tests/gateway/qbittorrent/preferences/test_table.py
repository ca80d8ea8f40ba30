"""The table of preferences."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec
import pytest

from engine_proc.libtorrent_adapter.libtorrent_settings import known_settings
from engine_proc.session.session_settings import defaults
from gateway.config.gateway_config import Config
from gateway.qbittorrent.preferences.row import Change, View
from gateway.qbittorrent.preferences.table import ROWS, WrongType, change_of, values
from protocol.configuration.gateway_sections import GatewayConfig
from protocol.internal.settings import problem_of
from protocol.wire.reports import (
    ActionSetting,
    AlternativeReport,
    GlobalGoals,
    RatioSetting,
    SettingSource,
    SettingsReport,
    TimeSetting,
)
from protocol.wire.session.desired_session import ScheduleWindow

KEYS = 221
"""qBittorrent 5.1.4 has this number of preferences."""

FILE = SettingSource.FILE
GOALS = GlobalGoals(
    ratio=RatioSetting(value=None, source=FILE),
    seeding_time_s=TimeSetting(value=None, source=FILE),
    inactive_time_s=TimeSetting(value=None, source=FILE),
    action=ActionSetting(value="pause", source=FILE),
)
LIMITS = SettingsReport(download_bps=0, upload_bps=0)
SETTINGS = defaults(known_settings())


def view(**fields: Any) -> View:
    """A view of a fresh daemon, with some fields replaced."""
    base = View(Config(), SETTINGS, {}, limits=LIMITS, goals=GOALS)
    return View(**{**{name: getattr(base, name) for name in base.__dataclass_fields__}, **fields})


def applied(change: Change, before: View) -> View:
    """The view after the daemon has applied a change."""
    wanted = {**before.settings, **{name: SETTINGS[name] if v is None else v for name, v in change.settings.items()}}
    limits = msgspec.structs.replace(LIMITS, **change.limits)
    if change.alternative:
        limits = msgspec.structs.replace(
            limits,
            alternative=AlternativeReport(
                download_bps=change.alternative["alternative_download_bps"],
                upload_bps=change.alternative["alternative_upload_bps"],
                in_force=False,
                scheduled=False,
                switch=None,
                schedule=change.alternative.get("schedule", []),
            ),
        )
    goals = {
        name: msgspec.structs.replace(getattr(GOALS, name), value=None if value == "none" else value)
        for name, value in change.goals.items()
    }
    return view(
        settings=wanted,
        stored={**before.stored, **change.stored},
        bans=before.bans if change.bans is None else change.bans,
        limits=limits,
        goals=msgspec.structs.replace(GOALS, **goals),
        queueing=before.queueing if change.queueing is None else change.queueing,
    )


OTHERS: Mapping[str, Mapping[str, Any]] = {
    "torrent_content_layout": {"torrent_content_layout": "Subfolder"},
    "torrent_stop_condition": {"torrent_stop_condition": "MetadataReceived"},
    "random_port": {"random_port": True},
    "listen_port": {"listen_port": 51413},
    "outgoing_ports_min": {"outgoing_ports_min": 6000, "outgoing_ports_max": 6010},
    "outgoing_ports_max": {"outgoing_ports_min": 6000, "outgoing_ports_max": 6010},
    "peer_tos": {"peer_tos": 32},
    "proxy_type": {"proxy_type": "SOCKS5"},
    "proxy_auth_enabled": {"proxy_type": "HTTP", "proxy_auth_enabled": True},
    "banned_IPs": {"banned_IPs": "1.2.3.4\n2001:db8::1"},
    "disk_io_read_mode": {"disk_io_read_mode": 0},
    "utp_tcp_mixed_mode": {"utp_tcp_mixed_mode": 0},
    "max_ratio_enabled": {"max_ratio_enabled": True, "max_ratio": 1.5},
    "max_ratio": {"max_ratio_enabled": True, "max_ratio": 2},
    "max_seeding_time_enabled": {"max_seeding_time_enabled": True, "max_seeding_time": 0},
    "max_seeding_time": {"max_seeding_time_enabled": True, "max_seeding_time": 90},
    "max_inactive_seeding_time_enabled": {
        "max_inactive_seeding_time_enabled": True,
        "max_inactive_seeding_time": 7,
    },
    "max_inactive_seeding_time": {"max_inactive_seeding_time_enabled": True, "max_inactive_seeding_time": 8},
    "max_ratio_act": {"max_ratio_act": 3},
    "schedule_from_hour": {"schedule_from_hour": 21},
    "scheduler_days": {"scheduler_enabled": True, "scheduler_days": 9},
    "scheduler_enabled": {"scheduler_enabled": True},
}
"""New values that are valid, where a value of the same type would not do."""


def other(key: str, value: Any) -> Mapping[str, Any]:
    """New values for a preference, and for those that it depends on."""
    if key in OTHERS:
        return OTHERS[key]
    match value:
        case bool():
            return {key: not value}
        case int():
            return {key: value + 1 if value >= 0 else 5}
        case _:
            return {key: "/somewhere"}


def test_all_keys_are_there() -> None:
    """User interfaces rely on each key."""
    assert len(ROWS) == KEYS
    assert all(re.fullmatch(r"[a-z0-9_]+|banned_IPs", key) for key in ROWS)


def test_values_are_json_while_nothing_is_known() -> None:
    """Each preference then has qBittorrent's default or that of the configuration, and none is null."""
    found = values(View(Config(), {}, {}))
    assert None not in found.values()
    assert msgspec.json.decode(msgspec.json.encode(found)) == found


def test_what_was_read_changes_nothing() -> None:
    """User interfaces send all preferences of a page."""
    state = view()
    assert change_of(values(state), state) == Change(state)


@pytest.mark.parametrize("key", [key for key, row in ROWS.items() if row.write is not None])
def test_a_new_value_is_read_back(key: str) -> None:
    """The daemon accepts the settings, and the new value is shown afterwards."""
    state = view()
    wanted = other(key, values(state)[key])
    assert any(values(state)[each] != value for each, value in wanted.items())
    change = change_of(wanted, state)
    problems = {
        name: problem_of(name, value, known_settings()) for name, value in change.settings.items() if value is not None
    }
    assert set(problems.values()) <= {None}
    after = values(applied(change, state))
    assert {each: after[each] for each in wanted} == dict(wanted)


@pytest.mark.parametrize("key", [key for key, row in ROWS.items() if row.write is None])
def test_what_cannot_be_changed_is_ignored(key: str) -> None:
    """A client that sets it is not refused."""
    state = view()
    given = {key: "/x" if isinstance(values(state)[key], str) else 77} if key != "scan_dirs" else {key: {"/x": 1}}
    assert change_of(given, state) == Change(state)


def test_unknown_keys_are_ignored() -> None:
    """Other versions have other keys."""
    state = view()
    assert change_of({"from_a_later_version": 1, "web_ui_password": "x"}, state) == Change(state)


@pytest.mark.parametrize(
    ("key", "given", "kept"),
    [
        ("dht", 0, False),
        ("dht", "false", False),
        ("max_connec", "250", 250),
        ("max_connec", 250.0, 250),
        ("slow_torrent_dl_rate_threshold", True, 1),
        ("announce_ip", 7, "7"),
    ],
)
def test_forms_send_other_types(key: str, given: Any, kept: Any) -> None:
    """Numbers and switches may be texts."""
    state = view()
    assert values(applied(change_of({key: given}, state), state))[key] == kept


@pytest.mark.parametrize(
    ("key", "given"),
    [("dht", "maybe"), ("dht", None), ("max_connec", "many"), ("max_connec", "1e400"), ("max_connec", [1]),
     ("max_ratio", "nan"), ("save_path", None), ("save_path", {}), ("proxy_ip", True)],
)  # fmt: skip
def test_a_wrong_type_is_refused(key: str, given: Any) -> None:
    """The error names the preference."""
    with pytest.raises(WrongType, match=f"^{key}: "):
        change_of({key: given}, view())


def test_a_port_changes_at_all_addresses() -> None:
    """The addresses and their flags stay."""
    state = view(settings={**SETTINGS, "listen_interfaces": "10.0.0.1:6881,[::1]:6881s"})
    assert change_of({"listen_port": 7000}, state).settings == {"listen_interfaces": "10.0.0.1:7000,[::1]:7000s"}
    assert values(state)["listen_port"] == 6881


def test_the_default_of_the_protocol_is_the_daemons() -> None:
    """Ouzel makes no uTP connections by default. Back from TCP only, that default applies again."""
    state = view(settings={**SETTINGS, "enable_incoming_utp": False, "enable_outgoing_utp": False})
    assert values(state)["bittorrent_protocol"] == 1
    names = ("enable_incoming_tcp", "enable_outgoing_tcp", "enable_incoming_utp", "enable_outgoing_utp")
    assert change_of({"bittorrent_protocol": 0}, state).settings == dict.fromkeys(names)


def test_the_first_window_of_a_schedule_is_shown() -> None:
    """Ouzel can have several windows, and qBittorrent has one."""
    windows = [
        ScheduleWindow(days=["sat", "sun"], start="01:05", to="02:00"),
        ScheduleWindow(days=["mon"], start="03:00", to="04:00"),
    ]
    alternative = AlternativeReport(
        download_bps=5, upload_bps=6, in_force=False, scheduled=False, switch=None, schedule=windows
    )
    found = values(view(limits=msgspec.structs.replace(LIMITS, alternative=alternative)))
    names = ("scheduler_enabled", "scheduler_days", "schedule_from_hour", "schedule_from_min", "schedule_to_hour")
    assert [found[name] for name in names] == [True, 2, 1, 5, 2]
    assert (found["alt_dl_limit"], found["alt_up_limit"]) == (5, 6)


def test_the_configuration_is_shown() -> None:
    """Clients read the keys of `[gateway]`."""
    config = Config(gateway=GatewayConfig(listen="[::1]:99", allowed_hosts=["a", "b"], trusted_proxies=["10.0.0.1"]))
    found = values(view(config=config))
    assert (found["web_ui_address"], found["web_ui_port"], found["web_ui_domain_list"]) == ("::1", 99, "a;b")
    assert found["web_ui_reverse_proxy_enabled"]


def test_the_documentation_has_each_key_once() -> None:
    """Each key is in the section that says where its value is kept."""
    text = (Path(__file__).parents[4] / "docs/qbittorrent.md").read_text().partition("\n### Settings")[2]
    named = re.findall(r"`(\w+)`", text)
    assert sorted(named) == sorted(ROWS)
