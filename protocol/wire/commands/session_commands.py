"""The commands about the service: its state, its events, its settings, crash reports and damaged records."""

from typing import Annotated

import msgspec

from protocol.wire.commands.kinds import DamagedName, DiskRead, InstantRead, Mutation, PagedRead, PageSize, Settings
from protocol.wire.crashes import CrashName


class Hello(InstantRead, frozen=True, kw_only=True, tag="hello"):
    """Returns the server's name, versions and limits."""


class Ping(InstantRead, frozen=True, kw_only=True, tag="ping"):
    """Tests a round trip through the supervisor's loop."""


class Health(InstantRead, frozen=True, kw_only=True, tag="health"):
    """Returns the health of the service."""


class Stats(InstantRead, frozen=True, kw_only=True, tag="stats"):
    """Returns totals and rates of the session and of both processes."""


class GetSettings(InstantRead, frozen=True, kw_only=True, tag="get_settings"):
    """Returns all settings of libtorrent that can be set, by libtorrent's names.

    Before the first engine accepts commands, the reply has only the settings that a client or the configuration has
    set.
    """


class Snapshot(PagedRead, frozen=True, kw_only=True, tag="snapshot"):
    """Returns one page of all observed state. Subscribe first, then request pages until `cursor` is null.

    Each page shows the state at its own reply's `seq`. Every page has `health` and `settings`.

    Fields:
        cursor: the `cursor` of the previous page; null for the first page. The other arguments must be the same as for
            the previous page. The text is opaque. It stays valid when torrents are added or removed.
        limit: the maximum number of rows in a page.
    """

    cursor: str | None = None
    limit: PageSize = 1000


class Replay(PagedRead, frozen=True, kw_only=True, tag="replay"):
    """Returns the lifecycle events after `after_seq`, in order and without a gap.

    Repeat the request until `head` is reached.

    Fields:
        epoch: the epoch of `after_seq`.
        after_seq: the number of an event. The reply begins with the next event.
        limit: the maximum number of events in the reply. If the events are large, the reply has fewer.
    """

    epoch: str
    after_seq: Annotated[int, msgspec.Meta(ge=0)]
    limit: PageSize = 1000


class ListCrashes(DiskRead, frozen=True, kw_only=True, tag="list_crashes"):
    """Returns the crash reports of engines, the latest first.

    A thread reads the reports from disk. Their number is limited. The oldest reports are evicted first.
    """


class GetCrash(DiskRead, frozen=True, kw_only=True, tag="get_crash"):
    """Returns one crash report.

    Fields:
        name: a name in the reply to `list_crashes`.
    """

    name: CrashName


class ListDamaged(DiskRead, frozen=True, kw_only=True, tag="list_damaged"):
    """Returns the damaged files that were put aside, and whether each can be restored now.

    A thread reads the files from disk.
    """


class UpdateSettings(Mutation, frozen=True, kw_only=True, tag="update_settings"):
    """Changes settings of libtorrent, by libtorrent's names. Other settings are not changed.

    A client's value overrides the value in the configuration's `[engine]`. Both override Ouzel's default. The value
    applies at once, and also after restarts. If one of the given settings is invalid, none is changed. Use
    `update_limits` for rate limits.

    Fields:
        settings: the values by name. A value has the type of the setting's default. A number has to be in the setting's
            range. For most settings, all 32-bit numbers are valid. Null removes the client's value. Then the configured
            value applies. If there is none, the default applies.
    """

    settings: Settings


class RestoreDamaged(Mutation, frozen=True, kw_only=True, tag="restore_damaged"):
    """Restores a damaged file that was put aside, once its content is valid. Its torrent is then loaded again.

    With a torrent's record, its metainfo and resume data are restored, too, if they were put aside and are valid. No
    file that is in use is replaced. If the torrent was being removed when its record was put aside, the removal is not
    continued.

    Fields:
        name: a name in the reply to `list_damaged`.
    """

    name: DamagedName
