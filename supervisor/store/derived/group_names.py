"""The names of bandwidth groups by their keys. Torrents' records have the keys. Pure."""

import msgspec

from protocol.wire.desired import TorrentOptions
from protocol.wire.session.desired_session import DesiredSession


def shown_options(session: DesiredSession, options: TorrentOptions) -> TorrentOptions:
    """Returns options with the name of the group instead of its key. None if the group was removed."""
    if options.group is None:
        return options
    name = next((name for name, group in session.groups.items() if group.key == options.group), None)
    return msgspec.structs.replace(options, group=name)
