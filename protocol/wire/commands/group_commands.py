"""The public commands about bandwidth groups. As in `protocol.wire.commands`, a Struct's tag is the `op`."""

import msgspec

from protocol.wire.commands.kinds import InstantRead, Mutation
from protocol.wire.desired import Bps, GroupName


class ListGroups(InstantRead, frozen=True, kw_only=True, tag="list_groups"):
    """Returns the bandwidth groups, sorted by name."""


class PutGroup(Mutation, frozen=True, kw_only=True, tag="put_group"):
    """Creates a bandwidth group, or changes its limits.

    The torrents of a group share its rate limits. A torrent that uses less than its share leaves the rest to the other
    torrents. The limits of the torrent itself and of the session apply, too. There are at most 1000 groups. The option
    `group` of a torrent (`update_options`) puts the torrent into a group.

    Fields:
        name: the group's name.
        download_bps, upload_bps: limits for all torrents of the group together, in bytes per second. 0 means no limit.
            Other limits are at least 1000. An absent argument is not changed. A new group has no limit.
    """

    name: GroupName
    download_bps: Bps | msgspec.UnsetType = msgspec.UNSET
    upload_bps: Bps | msgspec.UnsetType = msgspec.UNSET


class RemoveGroup(Mutation, frozen=True, kw_only=True, tag="remove_group"):
    """Removes a bandwidth group. Its torrents then have no group, and are not changed otherwise.

    Fields:
        name: the group's name.
    """

    name: GroupName
