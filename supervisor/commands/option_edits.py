"""The edits of a torrent's options. Pure."""

from typing import Any, Final

import msgspec

from protocol.wire.commands.option_commands import UpdateOptions
from protocol.wire.desired import DesiredTorrent, TorrentOptions
from supervisor.commands.arguments import check_limits
from supervisor.commands.handlers import edits

GOALS: Final = frozenset({"ratio_goal", "seeding_time_goal_s", "inactive_time_goal_s", "goal_action"})


@edits(UpdateOptions)
def update_options(desired: DesiredTorrent, command: UpdateOptions) -> DesiredTorrent:
    """Sets the given options and labels. If a torrent is started by force, it is also resumed. Raises OuzelError."""
    check_limits(command, "args")
    given = {
        name: value
        for name in TorrentOptions.__struct_fields__
        if (value := getattr(command, name)) is not msgspec.UNSET
    }
    changed: dict[str, Any] = {"options": msgspec.structs.replace(desired.options, **given)}
    if command.labels is not msgspec.UNSET:
        changed["labels"] = tuple(command.labels)
    if not GOALS.isdisjoint(given):
        changed["reached"] = None
    if command.force_start is True:
        changed["paused"] = False
    return msgspec.structs.replace(desired, **changed)
