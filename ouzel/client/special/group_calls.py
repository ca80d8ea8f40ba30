"""Calls about bandwidth groups."""

from ouzel.client.call import Call, call_of, nothing, whole
from ouzel.client.special.leaving_out import or_unset
from protocol.wire.commands import group_commands
from protocol.wire.envelope import Wait
from protocol.wire.session.group_results import GroupReport


def put_group(
    name: str, *, download_bps: int | None = None, upload_bps: int | None = None, wait: Wait = "durable"
) -> Call[GroupReport]:
    """Creates a bandwidth group, or changes its limits.

    Args:
        download_bps, upload_bps: limits for all torrents of the group together, in bytes per second. 0 means no limit.
            None does not change a limit. A new group has no limit.
    """
    command = group_commands.PutGroup(name=name, download_bps=or_unset(download_bps), upload_bps=or_unset(upload_bps))
    return call_of(command, whole(GroupReport), wait)


def remove_group(name: str, *, wait: Wait = "durable") -> Call[None]:
    """Removes a bandwidth group. Its torrents then have no group, and are not changed otherwise."""
    return call_of(group_commands.RemoveGroup(name=name), nothing, wait)
