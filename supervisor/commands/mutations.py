"""What clients can change: decided, made durable, published, handed to the engine. In this order, and then answered.

Changes of one torrent are made one after the other; different torrents do not wait for each other. Once a change has
been given to the disk it runs to its end, whether or not its client still waits.

Longer than most files here, because each command's way from its arguments to the disk can be read in one place.
"""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Callable
from functools import partial
from typing import Any, Final, NamedTuple
from urllib.parse import urlsplit

import msgspec

from protocol.host.mounts import MountTable, mount_point_of
from protocol.internal.integrity import crc32_of
from protocol.internal.link import CallPeers, HashesProven, SourceInspected
from protocol.text import peer_address
from protocol.wire.commands import (
    AddPeers,
    AddTorrent,
    Mutation,
    PauseTorrent,
    Priorities,
    ReleaseTorrent,
    RemoveTorrent,
    RestoreDamaged,
    ResumeTorrent,
    SetSequential,
    UpdateLimits,
    UpdateSelection,
)
from protocol.wire.desired import RULES_MAX, DesiredSession, DesiredTorrent, KnownMetadata, Quarantine, Selection
from protocol.wire.errors import ErrorKind, OuzelError
from protocol.wire.events import LifecycleEvent, MetadataUpdated, Quarantined, Released, TorrentAdded, TorrentRemoved
from protocol.wire.results import AddAccepted, DamagedRestored, PeersAccepted, SequentialAccepted, TorrentAccepted
from protocol.wire.rows import SettingsReport
from supervisor.commands.download_roots import DownloadRoots
from supervisor.commands.reads import Reads
from supervisor.concurrency.keyed_locks import KeyedLocks
from supervisor.concurrency.threads import in_thread
from supervisor.engine.engine import Engine
from supervisor.engine.torrents.merger import Merger
from supervisor.payload.shared_files import SharedFiles
from supervisor.store import identity
from supervisor.store.catalogue import Catalogue
from supervisor.store.damaged_shelf import DamagedShelf
from supervisor.store.identity import PEERS_KEPT, Contradiction, Identity, Known, New, Same

SESSION: Final = "session"
"""The subject of what is accepted of the session's settings, and the name of the lock on these."""

GONE: Final = 2**53
"""The revision that is confirmed once a removed torrent is gone: later than all others."""

DISK_PATIENCE_S: Final = 0.5
"""What a disk may take to tell where a path leads; less than that says nothing about it."""

INSPECTIONS: Final = 2
"""How many engines may die over one source before it is refused."""

Change = Callable[[DesiredTorrent], DesiredTorrent]


class Acceptance(NamedTuple):
    """A mutation that is durable.

    Fields:
        result: what its client is told, of the type that `protocol.wire.operations` names.
        subject: a torrent's id, or SESSION.
        revision: the one of the subject that libtorrent has to confirm for it to be applied.
    """

    result: msgspec.Struct
    subject: str
    revision: int


class Mutations:
    """Carries out mutations.

    Args:
        merger: has records of one torrent made one.
        locks: of torrents, by id; shared with it.
        publish: publishes a lifecycle event.
        shared_files: what is known of files that several torrents have.
        on_paused: called with a torrent that a client has paused, or lets run again, and which of both.
        shelf: what was put aside.
    """

    def __init__(
        self,
        *,
        catalogue: Catalogue,
        engine: Engine,
        roots: DownloadRoots,
        mounts: MountTable,
        reads: Reads,
        merger: Merger,
        locks: KeyedLocks,
        publish: Callable[[LifecycleEvent], int],
        shared_files: SharedFiles,
        on_paused: Callable[[str, bool], None] = lambda torrent, paused: None,
        shelf: DamagedShelf,
    ) -> None:
        self._catalogue = catalogue
        self._engine = engine
        self._snapshot = engine.snapshot
        self._waiters = engine.waiters
        self._roots = roots
        self._mounts = mounts
        self._reads = reads
        self._merger = merger
        self._publish = publish
        self._shared_files = shared_files
        self._on_paused = on_paused
        self._shelf = shelf
        self._locks = locks
        self._forgotten: dict[str, asyncio.Future[None]] = {}

    async def accept(self, command: Mutation, deadline: float) -> Acceptance:
        """Carries out a mutation as far as the disk: from then on it will be done, whatever dies.

        Args:
            deadline: the loop's time after which nothing is begun any more that has not been accepted.

        Raises:
            OuzelError: nothing has changed, unless it is `OutcomeUnknown`.
        """
        match command:
            case AddTorrent():
                return await self._add(command, deadline)
            case RemoveTorrent(torrent=torrent, delete_files=delete_files):
                return await self._remove(torrent, delete_files)
            case PauseTorrent(torrent=torrent):
                return await self._change(torrent, lambda desired: _with(desired, paused=True))
            case ResumeTorrent(torrent=torrent):
                return await self._change(torrent, lambda desired: _with(desired, paused=False), again=True)
            case SetSequential(torrent=torrent, sequential=sequential):
                accepted = await self._change(torrent, lambda desired: _with(desired, sequential=sequential))
                return accepted._replace(result=SequentialAccepted(torrent=accepted.subject, sequential=sequential))
            case UpdateSelection(torrent=torrent):
                self._check_indices(torrent, command)
                return await self._change(torrent, lambda desired: _with(desired, selection=_select(desired, command)))
            case UpdateLimits(torrent=None):
                return await self._limit_session(command)
            case UpdateLimits(torrent=str(torrent)):
                return await self._limit(torrent, _limits_given(command))
            case AddPeers(torrent=torrent, peers=peers):
                return await self._add_peers(torrent, peers)
            case ReleaseTorrent(torrent=torrent):
                return await self._release(torrent)
            case RestoreDamaged(name=name):
                return await self._restore(name, deadline)
            case _:
                raise AssertionError(command)

    async def until_applied(self, accepted: Acceptance) -> None:
        """Waits until libtorrent has confirmed what was accepted, or something later.

        Raises:
            OuzelError: ENGINE_REFUSED: libtorrent refused what is durable already; QUARANTINED: it is durable, and the
                torrent is not loaded.
        """
        subject, revision = accepted.subject, accepted.revision
        if subject == SESSION:
            await self._engine.applied(None, revision)
            return
        if subject in self._catalogue.leaving:
            await self._engine.applied(subject, revision)
            return
        desired = self._catalogue.torrents.get(subject)
        if desired is None or revision == GONE:
            return
        if desired.quarantine is not None:
            raise quarantined(subject)
        observed = self._snapshot.of(subject)
        revision = min(revision, desired.revision)  # one that was removed and added again has begun anew
        if observed.applied_revision < revision:
            await self._engine.applied(subject, revision)
        elif observed.refusal is not None:
            raise OuzelError(ErrorKind.ENGINE_REFUSED, observed.refusal)

    def forgotten(self, torrent: str) -> None:
        """The last of a removed torrent is gone; its id can be used again."""
        self._waiters.confirm(torrent, GONE)
        waiting = self._forgotten.pop(torrent, None)
        if waiting is not None and not waiting.done():
            waiting.set_result(None)

    # -- one torrent ----------------------------------------------------------------------------------------------

    async def _change(self, torrent: str, change: Change, *, again: bool = False) -> Acceptance:
        """Changes what is desired of a torrent. One that asks for what is already so is OK and costs nothing.

        Args:
            again: what has stopped the torrent is to be judged afresh. That is a revision of its own, which the engine
                confirms, so that nobody is told what was true before.
        """
        async with self._hold(torrent) as before:
            after = change(before)
            afresh = again and self._snapshot.of(before.torrent).stopped
            if after != before or afresh:
                after = _with(after, revision=before.revision + 1)
                await self._catalogue.put(after)
                self._engine.ensure(after, afresh=afresh)
                if after.paused is not before.paused:
                    self._on_paused(after.torrent, after.paused)
        return Acceptance(TorrentAccepted(torrent=after.torrent), after.torrent, after.revision)

    @contextlib.asynccontextmanager
    async def _hold(self, torrent: str) -> AsyncIterator[DesiredTorrent]:
        """What is desired of a torrent, given by its id or its other info-hash; nobody else changes it meanwhile.

        Raises:
            OuzelError: UNKNOWN_TORRENT.
        """
        while True:
            known = self._reads.find(torrent).torrent
            async with self._locks.hold(known):
                await self._catalogue.certain(known)
                desired = self._reads.find(torrent)
                if desired.torrent == known:  # it may have been made part of another one
                    yield desired
                    return

    async def _limit(self, torrent: str, limits: dict[str, int]) -> Acceptance:
        accepted = await self._change(torrent, lambda desired: _with(desired, **limits))
        desired = self._reads.find(torrent)
        limits_now = SettingsReport(download_bps=desired.download_bps, upload_bps=desired.upload_bps)
        return accepted._replace(result=limits_now)

    async def _add(self, command: AddTorrent, deadline: float) -> Acceptance:
        if (command.magnet is None) == (command.metainfo is None):
            raise OuzelError(
                ErrorKind.INVALID_ARGUMENT,
                "args.magnet: exactly one of magnet and metainfo is needed",
                field="args.magnet",
            )
        selection = Selection(
            include=command.rules.include,
            exclude=command.rules.exclude,
            skip_fluff=command.rules.skip_fluff,
            priorities=_by_index(command.priorities),
        )
        _check_rules(selection, "args.rules")
        for field, urls in (("args.trackers", command.trackers), ("args.web_seeds", command.web_seeds)):
            for index, url in enumerate(urls):
                _check_url(url, f"{field}[{index}]")
        save_path, mount_point = await self._place(command, deadline)
        peers = [_endpoint(peer, f"args.peers[{index}]") for index, peer in enumerate(command.peers)]
        source = await self._inspect(command, save_path, deadline)
        torrent = source.torrent or ""
        named = _identity_of(source, proven=command.metainfo is not None)
        while True:
            async with self._merger.hold(named.hashes):
                owners = self._catalogue.index.owners(named.hashes)
                if not any(each in self._catalogue.torrents for each in owners):
                    for leaving in owners:
                        await self._until_forgotten(leaving, deadline)
                for each in {torrent, *named.hashes}:
                    self._catalogue.check_readable(each)
                verdict = self._judge(command, named)
                if isinstance(verdict, New):
                    await self._catalogue.certain(torrent)
                    await self._merger.correct(verdict.wrong, named.hashes)
                    desired = await self._add_new(torrent, command, source, selection, save_path, mount_point, peers)
                    near = self._shared_files.added(torrent, source.places)
                    sharing = await self._sharing(command, save_path, near, deadline) if near else []
                    accepted = AddAccepted(torrent=torrent, duplicate=False, shares_files_with=sharing)
                    return Acceptance(accepted, torrent, desired.revision)
                known, *others = verdict.torrents
                if not others:
                    return await self._add_again(known, command, source)
            proof = HashesProven(torrent=known, info_hash_v1=named.v1, info_hash_v2=named.v2, other=others[0])
            await self._merger.settle(proof)

    def _judge(self, command: AddTorrent, named: Identity) -> New | Same:
        """Whether a source is of a torrent that is there. Raises OuzelError."""
        near = [each for each in self._catalogue.index.near(named.hashes) if each in self._catalogue.torrents]
        verdict = identity.judge(named, [Known(each, self._merger.identity_of(each)) for each in near])
        if isinstance(verdict, Contradiction):
            kind, field = ErrorKind.INVALID_METAINFO, "args.metainfo"
            if command.metainfo is None:
                kind, field = ErrorKind.INVALID_MAGNET, "args.magnet"
            raise OuzelError(kind, f"{field}: {verdict.problem}", field=field)
        return verdict

    async def _add_again(self, torrent: str, command: AddTorrent, source: SourceInspected) -> Acceptance:
        """A torrent that is there is left as it is, but that a magnet link gets the metadata that it lacks."""
        await self._catalogue.certain(torrent)
        desired = self._catalogue.torrents[torrent]
        lacks_metadata = (
            desired.source == "magnet"
            and desired.metainfo_crc32 is None
            and self._snapshot.of(torrent).metadata is None
        )
        if command.metainfo is not None and lacks_metadata:
            desired = _with(
                desired,
                name=desired.name or source.name,
                metainfo_crc32=crc32_of(command.metainfo),
                info_hash_v1=source.info_hash_v1,
                info_hash_v2=source.info_hash_v2,
                metadata=source.metadata,
                revision=desired.revision + 1,
            )
            await self._catalogue.put(desired, metainfo=command.metainfo)
            if (metadata := source.metadata) is not None:
                self._publish(MetadataUpdated(torrent=torrent, **msgspec.structs.asdict(metadata)))
            self._engine.ensure(desired)
        return Acceptance(AddAccepted(torrent=torrent, duplicate=True), torrent, desired.revision)

    async def _add_new(
        self,
        torrent: str,
        command: AddTorrent,
        source: SourceInspected,
        selection: Selection,
        save_path: str,
        mount_point: str,
        peers: list[str],
    ) -> DesiredTorrent:
        desired = DesiredTorrent(
            torrent=torrent,
            source="magnet" if command.metainfo is None else "metainfo",
            magnet=command.magnet,
            name=source.name,
            save_path=save_path,
            mount_point=mount_point,
            paused=command.paused,
            sequential=command.sequential,
            selection=msgspec.structs.replace(selection, only=None if selection.include else source.only),
            download_bps=command.download_bps,
            upload_bps=command.upload_bps,
            trackers=command.trackers,
            web_seeds=command.web_seeds,
            labels=command.labels,
            seed_mode=command.seed_mode,
            peers=peers,
            added_us=time.time_ns() // 1000,
            metainfo_crc32=None if command.metainfo is None else crc32_of(command.metainfo),
            info_hash_v1=source.info_hash_v1,
            info_hash_v2=source.info_hash_v2,
            metadata=source.metadata,
        )
        await self._catalogue.put(desired, metainfo=command.metainfo)
        for event in appeared(desired):
            self._publish(event)
        self._engine.ensure(desired)
        return desired

    async def _sharing(self, command: AddTorrent, save_path: str, near: list[str], deadline: float) -> list[str]:
        """Which of the torrents that lie where a new one does have a file of its; all, where nobody can tell."""
        try:
            async with asyncio.timeout_at(deadline):
                paths = await self._engine.list_files(metainfo=command.metainfo or b"", save_path=save_path)
                return await self._shared_files.sharing(near, paths)
        except (TimeoutError, OuzelError, OSError):  # it is durable by now, whatever fails here
            return near

    async def _place(self, command: AddTorrent, deadline: float) -> tuple[str, str]:
        """The save path, resolved, and its mount point."""
        save_path = await self._confine(command.save_path, deadline)
        return save_path, mount_point_of(save_path, self._mounts.current())

    async def _confine(self, path: str | None, deadline: float) -> str:
        """A save path, resolved. A thread finds out, as a hung disk must not hang the loop; for a root it is known."""
        confine = partial(self._roots.confine, path, "args.save_path")
        if self._roots.is_root(path):
            return confine()
        began = asyncio.get_running_loop().time()
        try:
            async with asyncio.timeout_at(deadline):
                return await in_thread(confine)
        except TimeoutError as error:
            if deadline - began < DISK_PATIENCE_S:
                problem = "it was not known in time where the save path is; nothing was accepted"
                raise OuzelError(ErrorKind.DEADLINE_EXCEEDED, problem) from error
            raise OuzelError(
                ErrorKind.STORAGE_UNAVAILABLE,
                "args.save_path: its file system does not answer; nothing was accepted",
                field="args.save_path",
                retry_after_ms=10_000,
            ) from error

    async def _inspect(self, command: AddTorrent, save_path: str, deadline: float) -> SourceInspected:
        """Has the engine judge the source. One that an engine died over is tried on the next, but not for ever."""
        for attempt in range(1, INSPECTIONS + 1):
            self._engine.check_expected()
            try:
                if not self._engine.up:
                    async with asyncio.timeout_at(deadline):
                        await self._engine.until_ready()
                verdict = await self._engine.inspect(
                    magnet=command.magnet, metainfo=command.metainfo, save_path=save_path, deadline=deadline
                )
            except TimeoutError as error:
                raise OuzelError(
                    ErrorKind.ENGINE_UNAVAILABLE, "no engine has judged the source in time; nothing was accepted"
                ) from error
            except OuzelError:
                if attempt == INSPECTIONS:
                    raise
                continue
            if verdict.problem is not None:
                if command.metainfo is None:
                    raise OuzelError(ErrorKind.INVALID_MAGNET, f"args.magnet: {verdict.problem}", field="args.magnet")
                raise OuzelError(ErrorKind.INVALID_METAINFO, f"args.metainfo: {verdict.problem}", field="args.metainfo")
            if verdict.outside is not None:
                raise OuzelError(ErrorKind.PATH_NOT_ALLOWED, f"args.metainfo: {verdict.outside}", field="args.metainfo")
            return verdict
        raise AssertionError("unreachable")

    async def _until_forgotten(self, torrent: str, deadline: float) -> None:
        """Waits until an earlier torrent of this id is gone, files and all."""
        if torrent not in self._catalogue.leaving:
            return
        waiting = self._forgotten.setdefault(torrent, asyncio.get_running_loop().create_future())
        try:
            async with asyncio.timeout_at(deadline):
                await asyncio.shield(waiting)
        except TimeoutError as error:
            raise OuzelError(
                ErrorKind.TORRENT_BUSY, f"torrent {torrent} is still being removed", retry_after_ms=1000
            ) from error

    def _check_indices(self, torrent: str, command: UpdateSelection) -> None:
        """Refuses priorities of files that the torrent does not have, once that is known."""
        torrent = self._catalogue.resolve(torrent)
        metadata = self._snapshot.of(torrent).metadata if torrent in self._catalogue.torrents else None
        if metadata is None or command.priorities is msgspec.UNSET:
            return
        known = {str(file.index) for file in metadata.files()}
        for index in _by_index(command.priorities):
            if index not in known:
                raise OuzelError(
                    ErrorKind.INVALID_ARGUMENT,
                    f"args.priorities: the torrent has no file {index}",
                    field="args.priorities",
                )

    async def _remove(self, torrent: str, delete_files: bool) -> Acceptance:
        async with self._hold(torrent) as before:
            torrent = before.torrent
            if delete_files and before.quarantine is not None:
                raise OuzelError(
                    ErrorKind.QUARANTINED,
                    f"torrent {torrent} is in quarantine, and would be loaded for its files to be deleted; nothing was "
                    "changed. Remove it without them, or release it first",
                    field="args.delete_files",
                )
            removal = "delete_files" if delete_files else "keep_files"
            spared = await self._shared_files.to_spare(before) if delete_files else []
            if spared is None:
                raise OuzelError(
                    ErrorKind.NO_METADATA,
                    f"the files of torrent {torrent} are not known yet, and another torrent may use some of them; "
                    "nothing was changed. Remove it without them, or later",
                    field="args.delete_files",
                    retry_after_ms=1000,
                )
            leaving = _with(before, removal=removal, spared=spared, revision=before.revision + 1)
            await self._catalogue.put(leaving)
            self._publish(TorrentRemoved(torrent=torrent, delete_files=delete_files))
            self._snapshot.forget(torrent)
            self._engine.forget(leaving)
        return Acceptance(TorrentAccepted(torrent=torrent), torrent, GONE)

    async def quarantine(self, torrent: str, quarantine: Quarantine) -> None:
        """Makes it durable that a torrent is not loaded any more. One that is leaving leaves without its files deleted.

        Raises:
            OuzelError: STORAGE_UNAVAILABLE, and then nothing has changed.
        """
        async with self._locks.hold(torrent):
            before = self._catalogue.torrents.get(torrent) or self._catalogue.leaving.get(torrent)
            if before is None or before.quarantine is not None:
                return
            after = _with(before, quarantine=quarantine, revision=before.revision + 1)
            await self._catalogue.put(after)
            if after.removal is not None:
                self._engine.forget(after)
                return
            for event in self._snapshot.quarantined(torrent, quarantine.reason):
                self._publish(event)
            self._publish(Quarantined(torrent=torrent, reason=quarantine.reason, crash_report=quarantine.crash_report))
            self._waiters.refuse(torrent, quarantined(torrent))

    async def keep_metadata(self, torrent: str, metadata: KnownMetadata) -> None:
        """Makes it durable what a torrent's info dictionary says, unless it is known, or the torrent is leaving.

        Raises:
            OuzelError: STORAGE_UNAVAILABLE, and then nothing has changed.
        """
        async with self._locks.hold(torrent):
            before = self._catalogue.torrents.get(torrent)
            if before is not None and before.metadata != metadata:
                await self._catalogue.put(_with(before, metadata=metadata))

    async def _release(self, torrent: str) -> Acceptance:
        async with self._hold(torrent) as before:
            torrent = before.torrent
            if before.quarantine is None:
                self._engine.release(torrent)  # there may be a verdict that could not be written yet
                return Acceptance(TorrentAccepted(torrent=torrent), torrent, before.revision)
            after = _with(before, quarantine=None, revision=before.revision + 1)
            await self._catalogue.put(after)
            self._publish(Released(torrent=torrent))
            for event in self._snapshot.queued(torrent):
                self._publish(event)
            self._engine.release(torrent)
            self._engine.ensure(after)
        return Acceptance(TorrentAccepted(torrent=torrent), torrent, after.revision)

    async def _add_peers(self, torrent: str, peers: list[str]) -> Acceptance:
        self._reads.find(torrent)  # which is said before what is wrong with the peers
        given = [_endpoint(peer, f"args.peers[{index}]") for index, peer in enumerate(peers)]

        def remember(desired: DesiredTorrent) -> DesiredTorrent:
            kept = [peer for peer in desired.peers if peer not in given]
            new = [peer for peer in given if peer not in desired.peers]
            return _with(desired, peers=[*kept, *given][-PEERS_KEPT:]) if new else desired

        accepted = await self._change(torrent, remember)
        self._engine.send(CallPeers(torrent=accepted.subject, peers=given))
        return accepted._replace(result=PeersAccepted(torrent=accepted.subject, added=len(given)))

    # -- what was put aside ---------------------------------------------------------------------------------------

    async def _restore(self, name: str, deadline: float) -> Acceptance:
        """Gives back what was put aside. It stays there until it is durable in its place."""
        found = await self._shelf.prepare(name)
        torrent = found.named.torrent
        desired: DesiredTorrent | None = None
        async with self._locks.hold(SESSION if torrent is None else torrent):
            if torrent is not None:
                await self._until_forgotten(torrent, deadline)
            await self._catalogue.certain(torrent)
            found = await self._shelf.prepare(name)  # as it is now that nobody else changes anything
            match found.record:
                case DesiredTorrent() as record:
                    desired = _with(record, removal=None, spared=[], revision=record.revision + 1)
                    if found.resume is not None:
                        await self._shelf.place_resume(desired.torrent, found.resume)
                    await self._catalogue.put(desired, metainfo=found.metainfo)
                    self._shared_files.appeared(desired)
                    for event in appeared(desired):
                        self._publish(event)
                    if desired.quarantine is None:
                        self._engine.ensure(desired)
                    else:
                        for state in self._snapshot.quarantined(desired.torrent, desired.quarantine.reason):
                            self._publish(state)
                case DesiredSession() as record:
                    revision = self._catalogue.session.revision + 1
                    await self._catalogue.put_session(msgspec.structs.replace(record, revision=revision))
                    self._engine.configure()
                case None:
                    desired = self._reads.find(torrent or "")
                    await self._shelf.place_metainfo(desired.torrent, found.metainfo or b"")
                    self._engine.ensure(desired, afresh=True)
        with contextlib.suppress(OSError):  # it is durable in its place; that there is a copy is told by `health`
            await self._shelf.discard(found)
        result = DamagedRestored(torrent=torrent, files=[path.name for path in found.used])
        if desired is None:
            return Acceptance(result, SESSION, self._catalogue.session.revision)
        return Acceptance(result, desired.torrent, desired.revision)

    # -- the session ----------------------------------------------------------------------------------------------

    async def _limit_session(self, command: UpdateLimits) -> Acceptance:
        async with self._locks.hold(SESSION):
            self._catalogue.check_readable(None)
            await self._catalogue.certain(None)
            before = self._catalogue.session
            after = msgspec.structs.replace(before, **_limits_given(command))
            if after != before:
                await self._catalogue.put_session(msgspec.structs.replace(after, revision=before.revision + 1))
                self._engine.configure()
            settings = self._reads.settings()
            revision = self._catalogue.session.revision
        return Acceptance(settings, SESSION, revision)


def quarantined(torrent: str) -> OuzelError:
    """What those are told who wait for libtorrent to do what is durable."""
    message = f"it is durable, but torrent {torrent} is in quarantine and is not loaded until it is released"
    return OuzelError(ErrorKind.QUARANTINED, message)


def _identity_of(source: SourceInspected, *, proven: bool) -> Identity:
    v1, v2, torrent = source.info_hash_v1, source.info_hash_v2, source.torrent or ""
    if v1 is None and v2 is None:
        v1, v2 = (torrent, None) if len(torrent) == identity.SHORT else (None, torrent)
    return Identity(v1, v2, proven)


def appeared(desired: DesiredTorrent) -> list[LifecycleEvent]:
    """What clients are told of a torrent that is there from now on."""
    added = TorrentAdded(
        torrent=desired.torrent,
        name=desired.name,
        save_path=desired.save_path,
        paused=desired.paused,
        labels=desired.labels,
        added_us=desired.added_us,
    )
    if desired.metadata is None:
        return [added]
    return [added, MetadataUpdated(torrent=desired.torrent, **msgspec.structs.asdict(desired.metadata))]


def _with(desired: DesiredTorrent, **changes: Any) -> DesiredTorrent:
    return msgspec.structs.replace(desired, **changes)


def _limits_given(command: UpdateLimits) -> dict[str, int]:
    given = {"download_bps": command.download_bps, "upload_bps": command.upload_bps}
    return {name: value for name, value in given.items() if value is not msgspec.UNSET}


def _select(desired: DesiredTorrent, command: UpdateSelection) -> Selection:
    given: dict[str, Any] = {}
    for name in ("include", "exclude", "skip_fluff"):
        if (value := getattr(command, name)) is not msgspec.UNSET:
            given[name] = value
    if command.include is not msgspec.UNSET:
        given["only"] = None  # a link's `so` stands in the place of `include`
    if command.priorities is not msgspec.UNSET:
        given["priorities"] = _by_index(command.priorities)
    selection = msgspec.structs.replace(desired.selection, **given)
    _check_rules(selection, "args.include" if "include" in given else "args.exclude")
    return selection


def _check_rules(selection: Selection, field: str) -> None:
    """Refuses rules that are too long together. Raises OuzelError: INVALID_ARGUMENT."""
    if sum(map(len, (*selection.include, *selection.exclude))) > RULES_MAX:
        problem = f"{field}: the globs of a torrent have {RULES_MAX} characters together at the most"
        raise OuzelError(ErrorKind.INVALID_ARGUMENT, problem, field=field)


def _check_url(url: str, field: str) -> None:
    """Refuses a URL that leads to no host or port. Raises OuzelError: INVALID_ARGUMENT."""
    try:
        parts = urlsplit(url)
        if not parts.hostname or parts.port == 0:
            raise ValueError("it has no host, or no port that there is")
    except ValueError as error:
        problem = f"{field}: {url!r} is no address ({error})"
        raise OuzelError(ErrorKind.INVALID_ARGUMENT, problem, field=field) from error


def _by_index(priorities: Priorities) -> dict[str, int]:
    if isinstance(priorities, list):
        return {str(index): priority for index, priority in enumerate(priorities)}
    return priorities


def _endpoint(peer: str, field: str) -> str:
    """A peer as `address:port`. Raises OuzelError: INVALID_ARGUMENT."""
    try:
        return peer_address.normal(peer)
    except ValueError as error:
        raise OuzelError(
            ErrorKind.INVALID_ARGUMENT, f"{field}: {peer!r} is not address:port ({error})", field=field
        ) from error
