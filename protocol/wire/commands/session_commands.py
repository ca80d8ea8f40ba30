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

    Until the first engine accepts commands, the reply has only the settings that a client or the configuration has set.
    """


class Snapshot(PagedRead, frozen=True, kw_only=True, tag="snapshot"):
    """Returns one page of all observed state. Subscribe first, then request pages until `cursor` is null.

    Each page shows the state at its own reply's `seq`. Every page has `health` and `settings`.

    Fields:
        cursor: the `cursor` of the previous page, which was requested with the same arguments; null for the first page.
            Opaque; it stays valid when torrents are added or removed.
        limit: the maximum number of rows in a page.
    """

    cursor: str | None = None
    limit: PageSize = 1000


class Replay(PagedRead, frozen=True, kw_only=True, tag="replay"):
    """Returns the lifecycle events after `after_seq`, in order and without a gap. Repeat it until `head` is reached.

    Fields:
        epoch: the epoch of `after_seq`.
        after_seq: the number of the event before the first one to return.
        limit: the maximum number of events in the reply. If the events are large, the reply has fewer.
    """

    epoch: str
    after_seq: Annotated[int, msgspec.Meta(ge=0)]
    limit: PageSize = 1000


class ListCrashes(DiskRead, frozen=True, kw_only=True, tag="list_crashes"):
    """Returns the crash reports of engines, the latest first.

    A thread reads the reports from disk. Their number is bounded; the oldest reports are evicted first.
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
    """Changes settings of libtorrent, by libtorrent's names; other settings are not changed.

    A client's value overrides the configuration's `[engine]`, which overrides Ouzel's defaults. The value applies at
    once, and stays in force, also after restarts. If one of the given settings is invalid, none is changed. Rate limits
    are set by `update_limits` instead.

    Fields:
        settings: the values by name. A value has the type of the setting's default. A number has to be in the setting's
            range, which for most settings is that of 32-bit numbers. Null takes the client's value back, so that the
            configured value, or else the default, applies.
    """

    settings: Settings


class RestoreDamaged(Mutation, frozen=True, kw_only=True, tag="restore_damaged"):
    """Restores a damaged file that was put aside, once its content is valid. Its torrent is then loaded again.

    With a torrent's record, its metainfo and resume data are restored if they were put aside, too, and are valid. No
    file that is in use is replaced. If the torrent was being removed when its record was put aside, the removal is not
    continued.

    Fields:
        name: a name in the reply to `list_damaged`.
    """

    name: DamagedName
