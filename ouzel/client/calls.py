"""One function a verb: what to send, and how to read the reply. Pure; both clients make their methods of these.

Longer than other files, since it is one list.

A mutation's `wait` says when OK is said: `durable`, it is on disk and will be done whatever dies; `applied`, libtorrent
has confirmed it. What each verb refuses is told in `protocol.wire.commands`.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import update_wrapper
from inspect import Parameter, Signature, signature
from types import NoneType
from typing import Any, Final, Generic, TypeVar, get_args

import msgspec

from ouzel.requests import result_of, typed_result_of
from ouzel.stream.event import SnapshotPage
from ouzel.stream.event_stream import snapshot_page
from protocol.wire import codec, commands
from protocol.wire.crashes import CrashReport, CrashSummary
from protocol.wire.envelope import Reply, Wait
from protocol.wire.errors import ErrorKind
from protocol.wire.results import DamagedReport, DamagedRestored
from protocol.wire.rows import (
    FileRow,
    HealthReport,
    SettingsReport,
    StatsReport,
    TorrentDetail,
    TorrentRow,
    TorrentState,
    TrackerRow,
)

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)
M = TypeVar("M", bound=Callable[..., object])


@dataclass(frozen=True)
class Call(Generic[T_co]):
    """A command to send: its op and arguments, when OK shall be said, and what makes a value of the reply."""

    op: str
    args: dict[str, Any]
    read: Callable[[Reply], T_co]
    wait: Wait = "durable"


@dataclass(frozen=True)
class Page(Generic[T]):
    """A part of a long answer, and where the next part begins; `cursor` is None on the last."""

    items: list[T]
    cursor: str | None


class ServerInfo(msgspec.Struct, frozen=True, kw_only=True):
    """The result of `hello`."""

    server: str
    version: str
    protocol: int
    libtorrent: str | None = None
    ops: list[str] = []
    max_frame_bytes: int = codec.MAX_FRAME_BYTES


class Added(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The result of `add_torrent`: the torrent's id, whether it was there before, and who has files of its, too."""

    torrent: str
    duplicate: bool
    shares_files_with: list[str] = []


def _call(command: commands.Command, read: Callable[[Reply], T], wait: Wait = "durable") -> Call[T]:
    args = msgspec.to_builtins(command, builtin_types=(bytes,))
    return Call(args.pop("op"), args, read, wait)


def _as(kind: type[T]) -> Callable[[Reply], T]:
    """Reads the whole result as one struct."""
    return lambda reply: codec.convert(result_of(reply), kind, within="result", error=ErrorKind.MALFORMED_FRAME)


def _page_of(kind: type[list[T]], member: str) -> Callable[[Reply], Page[T]]:
    """Reads one page of a list."""
    shape: Any = msgspec.defstruct("_Page", [(member, kind), ("cursor", str | None, None)])
    decoder: Any = msgspec.msgpack.Decoder(shape)

    def read(reply: Reply) -> Page[T]:
        page = typed_result_of(reply, decoder, shape)
        return Page(getattr(page, member), page.cursor)

    return read


_TORRENTS_PAGE: Final = _page_of(list[TorrentRow], "torrents")
_FILES_PAGE: Final = _page_of(list[FileRow], "files")


def _nothing(reply: Reply) -> None:
    result_of(reply)


def dress(method: M, build: Callable[..., object], pages: Any = None) -> M:
    """Gives a client's method the name, the documentation, the parameters and the result of the verb it is made of.

    A page's cursor is not among them: the method goes from page to page by itself.

    Args:
        pages: what the method gives the items of pages by: `Iterator`, or `AsyncIterator`.
    """
    update_wrapper(method, build)
    del method.__wrapped__  # type: ignore[attr-defined]  # set by update_wrapper; `help` would drop a parameter for self
    parameters = [each for each in signature(build).parameters.values() if each.kind is not Parameter.POSITIONAL_ONLY]
    this = Parameter("self", Parameter.POSITIONAL_ONLY)
    [result] = get_args(signature(build).return_annotation)  # of Call
    if pages is not None:
        [item] = get_args(result)  # of Page
        result = pages[item]
    result = None if result is NoneType else result
    shown = Signature([this, *parameters], return_annotation=result)
    method.__signature__ = shown  # type: ignore[attr-defined]  # what `inspect` and `help` look for
    method.__annotations__ = {each.name: each.annotation for each in parameters} | {"return": result}
    return method


def hello() -> Call[ServerInfo]:
    """Who is there."""
    return _call(commands.Hello(), _as(ServerInfo))


def ping() -> Call[None]:
    """A round trip through the supervisor's loop."""
    return _call(commands.Ping(), _nothing)


def health() -> Call[HealthReport]:
    """How the service is."""
    return _call(commands.Health(), _as(HealthReport))


def stats() -> Call[StatsReport]:
    """Totals and rates of the session and of both processes."""
    return _call(commands.Stats(), _as(StatsReport))


def snapshot(cursor: str | None = None, /, *, limit: int = 1000) -> Call[Page[SnapshotPage]]:
    """Everything that can be observed, a page of `limit` rows at a time; each page is true at its own `seq`."""

    def read(reply: Reply) -> Page[SnapshotPage]:
        page = snapshot_page(reply)
        return Page([page], page.cursor)

    return _call(commands.Snapshot(cursor=cursor, limit=limit), read)


def list_torrents(
    cursor: str | None = None,
    /,
    *,
    ids: Sequence[str] | None = None,
    state: TorrentState | str | None = None,
    label: str | None = None,
    limit: int = 2500,
) -> Call[Page[TorrentRow]]:
    """The torrents in the order of their ids; those of `ids`, in a state, or with a label only, where given."""
    command = commands.ListTorrents(
        cursor=cursor,
        ids=None if ids is None else list(ids),
        state=None if state is None else TorrentState(state),
        label=label,
        limit=limit,
    )
    return _call(command, _TORRENTS_PAGE)


def list_ids(cursor: str | None = None, /) -> Call[Page[str]]:
    """The ids of all torrents, in order."""

    def read(reply: Reply) -> Page[str]:
        result = result_of(reply)
        return Page([row["torrent"] for row in result["torrents"]], result.get("cursor"))

    return _call(commands.ListTorrents(cursor=cursor, fields=["torrent"]), read)


def list_hashes(cursor: str | None = None, /) -> Call[Page[tuple[str, ...]]]:
    """Of all torrents, in the order of their ids: the id, and then the info-hashes that are not the id."""

    def read(reply: Reply) -> Page[tuple[str, ...]]:
        result = result_of(reply)
        names = [(row["torrent"], row.get("info_hash_v1"), row.get("info_hash_v2")) for row in result["torrents"]]
        return Page([tuple(dict.fromkeys(filter(None, each))) for each in names], result.get("cursor"))

    return _call(commands.ListTorrents(cursor=cursor, fields=["torrent", "info_hash_v1", "info_hash_v2"]), read)


def get_torrent(torrent: str) -> Call[TorrentDetail]:
    """One torrent: its row, and what clients asked for."""
    return _call(commands.GetTorrent(torrent=torrent), _as(TorrentDetail))


def list_files(cursor: str | None = None, /, *, torrent: str, limit: int = commands.MAX_PAGE) -> Call[Page[FileRow]]:
    """The files of a torrent, with progress."""
    return _call(commands.ListFiles(torrent=torrent, cursor=cursor, limit=limit), _FILES_PAGE)


def list_trackers(torrent: str) -> Call[list[TrackerRow]]:
    """The trackers of a torrent, the source's own too: how each is, and what it said last."""

    def read(reply: Reply) -> list[TrackerRow]:
        found = result_of(reply).get("trackers")
        return codec.convert(found, list[TrackerRow], within="result.trackers", error=ErrorKind.MALFORMED_FRAME)

    return _call(commands.ListTrackers(torrent=torrent), read)


def list_crashes() -> Call[list[CrashSummary]]:
    """The deaths of engines that nobody wanted, the latest first."""

    def read(reply: Reply) -> list[CrashSummary]:
        found = result_of(reply).get("crashes")
        return codec.convert(found, list[CrashSummary], within="result.crashes", error=ErrorKind.MALFORMED_FRAME)

    return _call(commands.ListCrashes(), read)


def get_crash(name: str) -> Call[CrashReport]:
    """The report of one of them."""
    return _call(commands.GetCrash(name=name), _as(CrashReport))


def list_damaged() -> Call[list[DamagedReport]]:
    """The files that were put aside, and whether each can be restored now."""

    def read(reply: Reply) -> list[DamagedReport]:
        found = result_of(reply).get("files")
        return codec.convert(found, list[DamagedReport], within="result.files", error=ErrorKind.MALFORMED_FRAME)

    return _call(commands.ListDamaged(), read)


def restore_damaged(name: str, *, wait: Wait = "durable") -> Call[DamagedRestored]:
    """Gives back a file that was put aside, and what belongs to it."""
    return _call(commands.RestoreDamaged(name=name), _as(DamagedRestored), wait=wait)


def add_torrent(
    *,
    magnet: str | None = None,
    metainfo: bytes | None = None,
    save_path: str | None = None,
    paused: bool = False,
    sequential: bool = False,
    include: Sequence[str] = (),
    exclude: Sequence[str] = (),
    skip_fluff: bool = False,
    priorities: Mapping[int, int] | None = None,
    download_bps: int = 0,
    upload_bps: int = 0,
    trackers: Sequence[str] = (),
    web_seeds: Sequence[str] = (),
    labels: Sequence[str] = (),
    seed_mode: bool = False,
    peers: Sequence[str] = (),
    wait: Wait = "durable",
) -> Call[Added]:
    """Adds a torrent from exactly one of `magnet` and `metainfo`; one that is there already is left as it is.

    Args:
        magnet: a magnet link.
        metainfo: the bytes of a .torrent file.
        save_path: absolute, inside the daemon's download roots; the first of these when left out.
        include, exclude: globs that choose files; `skip_fluff` leaves out samples, notes and the like.
        priorities: 0..7 by file index; they beat the globs.
        download_bps, upload_bps: bytes/s, 0 is no limit.
        seed_mode: all data is vouched to be there.
        peers: `address:port`.
    """
    command = commands.AddTorrent(
        magnet=magnet,
        metainfo=metainfo,
        save_path=save_path,
        paused=paused,
        sequential=sequential,
        rules=commands.AddTorrent.Rules(include=list(include), exclude=list(exclude), skip_fluff=skip_fluff),
        priorities=_by_index(priorities or {}),
        download_bps=download_bps,
        upload_bps=upload_bps,
        trackers=list(trackers),
        web_seeds=list(web_seeds),
        labels=list(labels),
        seed_mode=seed_mode,
        peers=list(peers),
    )
    return _call(command, _as(Added), wait)


def remove_torrent(torrent: str, *, delete_files: bool = False, wait: Wait = "durable") -> Call[None]:
    """Forgets a torrent, and deletes its files if asked."""
    return _call(commands.RemoveTorrent(torrent=torrent, delete_files=delete_files), _nothing, wait)


def pause(torrent: str, *, wait: Wait = "durable") -> Call[None]:
    """Stops a torrent until `resume`."""
    return _call(commands.PauseTorrent(torrent=torrent), _nothing, wait)


def resume(torrent: str, *, wait: Wait = "durable") -> Call[None]:
    """Lets a paused torrent run again."""
    return _call(commands.ResumeTorrent(torrent=torrent), _nothing, wait)


def set_sequential(torrent: str, sequential: bool = True, *, wait: Wait = "durable") -> Call[None]:
    """Downloads pieces in order, or rarest first."""
    return _call(commands.SetSequential(torrent=torrent, sequential=sequential), _nothing, wait)


def update_limits(
    torrent: str | None = None,
    *,
    download_bps: int | None = None,
    upload_bps: int | None = None,
    wait: Wait = "durable",
) -> Call[SettingsReport]:
    """Sets limits (bytes/s) of one torrent, or of the session; 0 is none, None leaves what is. Gives what holds now."""
    command = commands.UpdateLimits(
        torrent=torrent, download_bps=_or_unset(download_bps), upload_bps=_or_unset(upload_bps)
    )
    return _call(command, _as(SettingsReport), wait)


def update_selection(
    torrent: str,
    *,
    include: Sequence[str] | None = None,
    exclude: Sequence[str] | None = None,
    skip_fluff: bool | None = None,
    priorities: Mapping[int, int] | None = None,
    wait: Wait = "durable",
) -> Call[None]:
    """Chooses the files to download; None leaves what is, an empty one clears it."""
    command = commands.UpdateSelection(
        torrent=torrent,
        include=_or_unset(None if include is None else list(include)),
        exclude=_or_unset(None if exclude is None else list(exclude)),
        skip_fluff=_or_unset(skip_fluff),
        priorities=_or_unset(None if priorities is None else _by_index(priorities)),
    )
    return _call(command, _nothing, wait)


def add_peers(torrent: str, peers: Sequence[str], *, wait: Wait = "durable") -> Call[int]:
    """Connects a torrent to peers (`address:port`), now and after each restart. Gives how many were added."""
    return _call(
        commands.AddPeers(torrent=torrent, peers=list(peers)), lambda reply: int(result_of(reply)["added"]), wait
    )


def release_torrent(torrent: str, *, wait: Wait = "durable") -> Call[None]:
    """Lets a torrent out of quarantine, so that it is loaded again."""
    return _call(commands.ReleaseTorrent(torrent=torrent), _nothing, wait)


def _or_unset(value: T | None) -> T | msgspec.UnsetType:
    return msgspec.UNSET if value is None else value


def _by_index(priorities: Mapping[int, int]) -> dict[str, int]:
    return {str(index): priority for index, priority in priorities.items()}
