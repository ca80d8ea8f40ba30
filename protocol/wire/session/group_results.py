"""The results of the commands about bandwidth groups."""

import msgspec


class GroupReport(msgspec.Struct, frozen=True, kw_only=True):
    """A bandwidth group.

    Fields:
        name: the group's name.
        download_bps, upload_bps: limits for all torrents of the group together; 0 means no limit.
    """

    name: str
    download_bps: int
    upload_bps: int


class GroupList(msgspec.Struct, frozen=True, kw_only=True):
    """The bandwidth groups.

    Fields:
        groups: the groups, sorted by name.
    """

    groups: list[GroupReport]


class GroupRemoved(msgspec.Struct, frozen=True, kw_only=True):
    """A bandwidth group was removed.

    Fields:
        name: the group's name.
    """

    name: str
