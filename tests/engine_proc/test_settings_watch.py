import msgspec
import pytest

from engine_proc.session.session_settings import DEFAULTS
from engine_proc.settings_watch import AGAIN_S, CYCLE_S
from protocol.internal.link_commands import Configure
from protocol.internal.link_events import SettingsApplied, SettingsRefused
from protocol.wire.desired import SettingValue
from protocol.wire.events.session_events import LimitsApplied, LimitsStale
from tests.engine_proc.desk import Desk

Settings = dict[str, SettingValue]


def test_settings_are_applied_and_read_back(desk: Desk) -> None:
    """The session's limits have no torrent."""
    desk.settings.configure(Configure(settings={}, download_bps=10, upload_bps=20, torrents=0, revision=5))
    assert desk.said == [LimitsApplied(download_bps=10, upload_bps=20), SettingsApplied(revision=5)]


def test_bad_settings_are_refused(desk: Desk) -> None:
    """The error names the setting, and no revision is confirmed."""
    bad = Configure(settings={"nonsense": 1}, download_bps=10, upload_bps=20, torrents=0, revision=5)
    desk.settings.configure(bad)
    (refused,) = desk.heard(SettingsRefused)
    assert refused.setting == "nonsense"
    assert desk.said == []
    assert desk.session.session_limits() == (0, 0)


@pytest.mark.parametrize("settings", [{}, {"nonsense": 1}])
def test_the_verdict_names_the_configuration(desk: Desk, settings: dict[str, SettingValue]) -> None:
    """So that it is not taken for the answer to another configuration."""
    command = Configure(settings=settings, download_bps=0, upload_bps=0, torrents=0, revision=5, config=7)
    desk.settings.configure(command)
    said = [event for event in desk.said if isinstance(event, SettingsApplied | SettingsRefused)]
    assert [verdict.config for verdict in said] == [7]


def test_session_limits_that_do_not_hold_are_told(desk: Desk) -> None:
    """The settings count as applied, so that no request waits for them; limits are set again until they hold."""
    desk.session.refuse_limits()
    desk.settings.configure(Configure(settings={}, download_bps=10, upload_bps=20, torrents=0, revision=5))
    (stale,) = desk.heard(LimitsStale)
    assert (stale.torrent, stale.download_bps, stale.upload_bps) == (None, 0, 0)
    assert desk.said == [SettingsApplied(revision=5)]
    for _ in range(3):
        desk.now += AGAIN_S
        desk.settings.tick(desk.now)
    assert desk.heard(LimitsStale) == []
    desk.session.heed_limits()
    desk.now += AGAIN_S
    desk.settings.tick(desk.now)
    assert desk.said[-1] == LimitsApplied(download_bps=10, upload_bps=20)


def configure(desk: Desk, revision: int, *, file: Settings | None = None, clients: Settings | None = None) -> None:
    """Sends settings of the file and of clients."""
    command = Configure(
        settings=file or {}, overrides=clients or {}, download_bps=0, upload_bps=0, torrents=0, revision=revision
    )
    desk.settings.configure(command)


def test_clients_override_the_file_and_that_overrides_the_defaults(desk: Desk) -> None:
    """Each falls back to the one below when it is taken back."""
    configure(desk, 1, file={"connections_limit": 20}, clients={"connections_limit": 30})
    assert desk.session.settings["connections_limit"] == 30
    configure(desk, 2, file={"connections_limit": 20})
    assert desk.session.settings["connections_limit"] == 20
    configure(desk, 3)
    assert desk.session.settings["connections_limit"] == DEFAULTS["connections_limit"]
    assert not any(event.problems or event.refused for event in desk.heard(SettingsApplied))


def test_a_clients_setting_that_this_libtorrent_lacks_hinders_nothing(desk: Desk) -> None:
    """It was valid when the client set it. All others apply, and it is reported."""
    configure(desk, 1, clients={"user_agent": "x", "old_setting": 1})
    assert desk.session.settings["user_agent"] == "x"
    [applied] = desk.heard(SettingsApplied)
    assert applied.problems.keys() == {"old_setting"}
    assert desk.heard(SettingsRefused) == []


def test_a_bad_setting_of_the_file_is_refused_even_if_a_client_overrides_it(desk: Desk) -> None:
    """Otherwise it would be refused once the client takes its own back."""
    configure(desk, 1, file={"connections_limit": 0}, clients={"connections_limit": 5})
    [refused] = desk.heard(SettingsRefused)
    assert refused.setting == "connections_limit"
    assert "1 to 2147483647" in refused.message


def test_a_setting_that_does_not_hold_is_told_and_set_again_until_it_does(desk: Desk) -> None:
    """It is read back at once, then every second; the end is told as well."""
    configure(desk, 1)
    desk.said.clear()
    desk.session.stuck_settings["connections_limit"] = 7
    configure(desk, 2, clients={"connections_limit": 30})
    [stale] = desk.heard(SettingsApplied)
    assert (stale.revision, stale.problems) == (2, {"connections_limit": "libtorrent has 7"})
    assert stale.refused == "connections_limit: libtorrent has 7"
    desk.said.clear()
    desk.now += AGAIN_S
    desk.settings.tick(desk.now)
    assert desk.heard(SettingsApplied) == []
    desk.session.stuck_settings.clear()
    desk.now += AGAIN_S
    desk.settings.tick(desk.now)
    assert [event.problems for event in desk.heard(SettingsApplied)] == [{}]


def test_a_value_that_changes_later_is_set_again(desk: Desk) -> None:
    """It is read back within two seconds of a change, and from time to time after that."""
    configure(desk, 1, clients={"connections_limit": 30})
    assert AGAIN_S <= 2
    for wait in (AGAIN_S, CYCLE_S):
        desk.session.settings["connections_limit"] = 30
        desk.session.stuck_settings["connections_limit"] = 8
        desk.said.clear()
        desk.now += wait
        desk.settings.tick(desk.now)
        assert [event.refused for event in desk.heard(SettingsApplied)] == [None]
        desk.session.stuck_settings.clear()
        desk.now += AGAIN_S
        desk.settings.tick(desk.now)


def test_an_old_problem_does_not_refuse_another_change(desk: Desk) -> None:
    """Only a client that waits for the change with the problem is told."""
    desk.session.stuck_settings["connections_limit"] = 7
    configure(desk, 1, clients={"connections_limit": 30})
    desk.said.clear()
    configure(desk, 2, clients={"connections_limit": 30, "user_agent": "x"})
    [applied] = desk.heard(SettingsApplied)
    assert applied.refused is None
    assert applied.problems


def test_a_password_is_in_no_message(desk: Desk) -> None:
    """Neither the one that was set nor the one that libtorrent has."""
    desk.session.stuck_settings["proxy_password"] = "before"
    configure(desk, 1, clients={"proxy_password": "secret-1"})
    [applied] = desk.heard(SettingsApplied)
    assert applied.problems
    assert not any(word in str(applied) for word in ("secret-1", "before"))


def test_bans_are_set(desk: Desk) -> None:
    """All of them at each change; refused settings change nothing."""
    command = Configure(settings={}, download_bps=0, upload_bps=0, torrents=0, revision=5, banned=("192.0.2.7",))
    desk.settings.configure(command)
    assert desk.session.banned == ("192.0.2.7",)
    desk.settings.configure(msgspec.structs.replace(command, settings={"nonsense": 1}, banned=()))
    assert desk.session.banned == ("192.0.2.7",)
    desk.settings.configure(msgspec.structs.replace(command, banned=()))
    assert list(desk.session.banned) == []
