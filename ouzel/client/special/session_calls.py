"""Calls about the whole session: the server, its settings, limits, global goals and categories."""

from collections.abc import Mapping, Sequence
from typing import Final, Literal

import msgspec

from ouzel.client.call import Call, Page, call_of, member, nothing, whole
from ouzel.client.special.leaving_out import none_is_null, or_unset
from ouzel.stream.event import SnapshotPage
from ouzel.stream.event_stream import snapshot_page
from protocol.wire import codec
from protocol.wire.commands import category_commands, goal_commands, session_commands, torrent_commands
from protocol.wire.envelope import Reply, Wait
from protocol.wire.goals import GoalAction
from protocol.wire.reports import GlobalGoals, SettingReport, SettingsReport
from protocol.wire.results import CategoryReport
from protocol.wire.session.desired_session import ScheduleWindow

_SETTINGS: Final = member(dict[str, SettingReport], "settings")


class ServerInfo(msgspec.Struct, frozen=True, kw_only=True):
    """The result of `hello`."""

    server: str
    version: str
    protocol: int
    libtorrent: str | None = None
    ops: list[str] = []
    max_frame_bytes: int = codec.MAX_FRAME_BYTES


def hello() -> Call[ServerInfo]:
    """Returns the server's name, versions and limits."""
    return call_of(session_commands.Hello(), whole(ServerInfo))


def snapshot(cursor: str | None = None, /, *, limit: int = 1000) -> Call[Page[SnapshotPage]]:
    """Returns all observed state in pages of `limit` rows. Each page shows the state at its own `seq`."""

    def read(reply: Reply) -> Page[SnapshotPage]:
        page = snapshot_page(reply)
        return Page([page], page.cursor)

    return call_of(session_commands.Snapshot(cursor=cursor, limit=limit), read)


def update_limits(
    torrent: str | None = None,
    *,
    download_bps: int | None = None,
    upload_bps: int | None = None,
    alternative: bool | Literal["auto"] | None = None,
    alternative_download_bps: int | Literal["file"] | None = None,
    alternative_upload_bps: int | Literal["file"] | None = None,
    schedule: Sequence[ScheduleWindow] | Literal["file"] | None = None,
    wait: Wait = "durable",
) -> Call[SettingsReport]:
    """Sets the limits (bytes per second) of one torrent or of the session. Returns the limits.

    0 means no limit. None does not change a limit. `alternative` switches the session's alternative limits on or off.
    With `auto` the schedule decides.

    Args:
        alternative_download_bps, alternative_upload_bps: the session's alternative limits. "file" returns to the
            configured limit.
        schedule: when the alternative limits are in force. "file" returns to the configured schedule.
    """
    change = torrent_commands.AlternativeChange(
        download_bps=or_unset(alternative_download_bps),
        upload_bps=or_unset(alternative_upload_bps),
        schedule=schedule if schedule == "file" else or_unset(None if schedule is None else list(schedule)),
    )
    command = torrent_commands.UpdateLimits(
        torrent=torrent,
        download_bps=or_unset(download_bps),
        upload_bps=or_unset(upload_bps),
        alternative=None if alternative == "auto" else or_unset(alternative),
        alternative_limits=msgspec.UNSET if change == torrent_commands.AlternativeChange() else change,
    )
    return call_of(command, whole(SettingsReport), wait)


def get_settings() -> Call[dict[str, SettingReport]]:
    """Returns all settings of libtorrent that can be set, by libtorrent's names."""
    return call_of(session_commands.GetSettings(), _SETTINGS)


def update_settings(
    settings: Mapping[str, int | str | bool | None], *, wait: Wait = "durable"
) -> Call[dict[str, SettingReport]]:
    """Changes settings of libtorrent, by libtorrent's names. Returns the given settings with their new state.

    None removes the client's value. Then the configured value applies. If there is none, the default applies.
    """
    return call_of(session_commands.UpdateSettings(settings=dict(settings)), _SETTINGS, wait)


def update_goals(
    *,
    ratio: float | Literal["none", "file"] | None = None,
    seeding_time_s: int | Literal["none", "file"] | None = None,
    inactive_time_s: int | Literal["none", "file"] | None = None,
    action: GoalAction | Literal["file"] | None = None,
    wait: Wait = "durable",
) -> Call[GlobalGoals]:
    """Sets global seeding goals, which apply to torrents without goals of their own. Returns all global goals.

    None does not change a goal, "none" means no goal, and "file" returns to the configured goal.

    Args:
        ratio: the ratio of uploaded to downloaded bytes.
        seeding_time_s: the seeding time in seconds.
        inactive_time_s: the seeding time since the last transfer, in seconds.
        action: what is done with a torrent that has reached one of the goals.
    """
    command = goal_commands.UpdateGoals(
        ratio=none_is_null(ratio),
        seeding_time_s=none_is_null(seeding_time_s),
        inactive_time_s=none_is_null(inactive_time_s),
        action=or_unset(action),
    )
    return call_of(command, whole(GlobalGoals), wait)


def put_category(name: str, save_path: str | None = None, *, wait: Wait = "durable") -> Call[CategoryReport]:
    """Creates a category, or changes its save path. The files of the category's torrents are not moved.

    Args:
        save_path: an absolute path inside the download roots. Torrents that are added with this category and without a
            save path are stored there. None means the first root.
    """
    command = category_commands.PutCategory(name=name, save_path=save_path)
    return call_of(command, whole(CategoryReport), wait)


def remove_category(name: str, *, wait: Wait = "durable") -> Call[None]:
    """Removes a category. Its torrents then have no category. The torrents and their files do not change otherwise."""
    return call_of(category_commands.RemoveCategory(name=name), nothing, wait)
