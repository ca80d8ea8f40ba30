"""Adds torrents. libtorrent validates the source, the record becomes durable, and the engine loads the torrent.

If a source shares an info-hash with an existing torrent, the source is a duplicate. A duplicate does not change the
existing torrent.
"""

import asyncio
import time
from collections.abc import Callable
from typing import Final

import msgspec

from protocol.durable.integrity import crc32_of
from protocol.host.mounts import MountTable, mount_point_of
from protocol.internal.link_events import HashesProven
from protocol.internal.link_queries import (
    RESUME_PROBLEM,
    AnswerT,
    InspectSource,
    Query,
    QueryPrivate,
    QueryWebSeeds,
    SourceInspected,
)
from protocol.wire.commands.torrent_commands import AddTorrent
from protocol.wire.desired import Category, DesiredTorrent, Selection
from protocol.wire.errors import ErrorKind, OuzelError
from protocol.wire.events.event import LifecycleEvent
from protocol.wire.events.torrent_events import MetadataUpdated, TorrentAdded
from protocol.wire.results import AddAccepted
from supervisor.commands import categories, groups
from supervisor.commands.acceptance import Acceptance
from supervisor.commands.arguments import by_index, check_limits, check_rules, check_url, endpoints
from supervisor.commands.handlers import handles
from supervisor.commands.lifecycle.addresses import merge_addresses
from supervisor.commands.lifecycle.removing import Removing
from supervisor.commands.lifecycle.uploads import Uploads
from supervisor.commands.queueing import Queueing
from supervisor.commands.roots.confining import Confiner
from supervisor.commands.roots.download_roots import DownloadRoots
from supervisor.engine.engine import Engine
from supervisor.engine.torrents.merger import Merger
from supervisor.payload.shared_files import SharedFiles
from supervisor.store import identity
from supervisor.store.catalogue import Catalogue
from supervisor.store.identity import Contradiction, Identity, Known, New, Same

ANSWER_S: Final = 2.0
"""The time that the engine may take to answer a query about an existing torrent."""

INSPECTIONS: Final = 2
"""The maximum number of engines that are asked to validate one source. The next engine is asked if an engine dies."""


class Adding:
    """Adds torrents.

    Args:
        merger: merges records of one torrent, and locks a torrent by all its info-hashes.
        uploads: the parts of .torrent files that are larger than a frame.
        queueing: the order of the queue.
        removing: waits until a removal is complete. Only then can the torrent's id be used again.
        publish: publishes a lifecycle event.
        shared_files: tracks files that several torrents use.
    """

    def __init__(
        self,
        *,
        catalogue: Catalogue,
        roots: DownloadRoots,
        mounts: MountTable,
        engine: Engine,
        merger: Merger,
        removing: Removing,
        publish: Callable[[LifecycleEvent], int],
        shared_files: SharedFiles,
        uploads: Uploads,
        queueing: Queueing,
    ) -> None:
        self._uploads = uploads
        self._queueing = queueing
        self._catalogue = catalogue
        self._snapshot = engine.snapshot
        self._confiner = Confiner(roots)
        self._mounts = mounts
        self._engine = engine
        self._merger = merger
        self._removing = removing
        self._publish = publish
        self._shared_files = shared_files

    @handles(AddTorrent)
    async def add(self, command: AddTorrent, deadline: float) -> Acceptance:
        """Adds a torrent. Has its source validated, makes its record durable, and has the engine load the torrent."""
        upload, command = command.upload, self._uploads.resolve(command)
        _check_source(command)
        _check_options(command)
        selection = Selection(
            include=tuple(command.rules.include),
            exclude=tuple(command.rules.exclude),
            skip_fluff=command.rules.skip_fluff,
            priorities=by_index(command.priorities),
        )
        check_rules(selection, "args.rules")
        for field, urls in (("args.trackers", command.trackers), ("args.web_seeds", command.web_seeds)):
            for index, url in enumerate(urls):
                check_url(url, f"{field}[{index}]")
        category = None if command.category is None else categories.find(self._catalogue, command.category)
        command = msgspec.structs.replace(command, options=groups.to_store(self._catalogue, command.options))
        peers = endpoints(command.peers)
        save_path, mount_point = await self._place(command, category, deadline)
        with self._engine.adding(len(command.metainfo or b"")):
            source = await self._inspect(command, save_path, deadline)
            desired = _desired(command, source, selection, save_path, mount_point, peers, category)
            if command.queue_position is None:
                accepted = await self._add(desired, command, source, deadline)
            else:
                async with self._queueing.place(command.queue_position) as number:
                    desired = msgspec.structs.replace(desired, queue_order=number)
                    accepted = await self._add(desired, command, source, deadline)
        self._uploads.used(upload)
        return accepted

    async def _add(
        self, desired: DesiredTorrent, command: AddTorrent, source: SourceInspected, deadline: float
    ) -> Acceptance:
        """Adds a torrent with this desired state. Does nothing if the torrent exists."""
        torrent = desired.torrent
        named = _identity_of(source, proven=command.metainfo is not None)
        while True:
            async with self._merger.hold(named.hashes):
                owners = self._catalogue.index.owners(named.hashes)
                if not any(each in self._catalogue.torrents for each in owners):
                    for leaving in owners:
                        await self._removing.until_forgotten(leaving, deadline)
                for each in {torrent, *named.hashes}:
                    self._catalogue.check_readable(each)
                verdict = self._judge(command, named)
                if isinstance(verdict, New):
                    await self._catalogue.ensure_settled(torrent)
                    await self._merger.correct(verdict.wrong, named.hashes)
                    await self._add_new(desired, command, source)
                    near = self._shared_files.added(torrent, source.places)
                    sharing = await self._sharing(command, desired.save_path, near, deadline) if near else []
                    accepted = AddAccepted(torrent=torrent, duplicate=False, shares_files_with=sharing)
                    return Acceptance(accepted, torrent, desired.revision)
                known, *others = verdict.torrents
                if not others:
                    return await self._add_again(known, command, source)
            proof = HashesProven(torrent=known, info_hash_v1=named.v1, info_hash_v2=named.v2, other=others[0])
            await self._merger.settle(proof)

    def _judge(self, command: AddTorrent, named: Identity) -> New | Same:
        """Decides whether a source is of a new torrent or of an existing torrent.

        Raises OuzelError if the source contradicts an existing torrent.
        """
        near = [each for each in self._catalogue.index.near(named.hashes) if each in self._catalogue.torrents]
        verdict = identity.judge(named, [Known(each, self._merger.identity_of(each)) for each in near])
        if isinstance(verdict, Contradiction):
            kind, field = ErrorKind.INVALID_METAINFO, "args.metainfo"
            if command.metainfo is None:
                kind, field = ErrorKind.INVALID_MAGNET, "args.magnet"
            raise OuzelError(kind, f"{field}: {verdict.problem}", field=field)
        return verdict

    async def _add_again(self, torrent: str, command: AddTorrent, source: SourceInspected) -> Acceptance:
        """Accepts a duplicate.

        If the torrent lacks metadata, stores the metadata of the duplicate. If addresses shall be merged, stores its
        addresses. Changes nothing else.
        """
        await self._catalogue.ensure_settled(torrent)
        before = desired = self._catalogue.torrents[torrent]
        result = AddAccepted(torrent=torrent, duplicate=True)
        if command.merge:
            desired, result = await self._merge(desired, command, source, result)
        lacks_metadata = (
            desired.source == "magnet"
            and desired.metainfo_crc32 is None
            and self._snapshot.of(torrent).metadata is None
        )
        if command.metainfo is not None and lacks_metadata:
            desired = msgspec.structs.replace(
                desired,
                name=desired.name or source.name,
                metainfo_crc32=crc32_of(command.metainfo),
                info_hash_v1=source.info_hash_v1,
                info_hash_v2=source.info_hash_v2,
                metadata=source.metadata,
            )
        if desired != before:
            desired = msgspec.structs.replace(desired, revision=before.revision + 1)
            await self._catalogue.put(desired, metainfo=command.metainfo if lacks_metadata else None)
            if lacks_metadata and (metadata := source.metadata) is not None:
                self._publish(MetadataUpdated.of(torrent, metadata))
            self._engine.ensure(desired)
        return Acceptance(result, torrent, desired.revision)

    async def _merge(
        self, desired: DesiredTorrent, command: AddTorrent, source: SourceInspected, result: AddAccepted
    ) -> tuple[DesiredTorrent, AddAccepted]:
        """Adds the trackers and web seeds of a duplicate to a record. A private torrent is not changed."""
        private = source.private or await self._is_private(desired)
        if private is None:
            return desired, msgspec.structs.replace(result, merged="unknown")
        if private:
            return desired, msgspec.structs.replace(result, merged="private")
        known = [(tracker.url, tracker.tier) for tracker in self._snapshot.trackers_of(desired, 0)]
        seeds = await self._ask(QueryWebSeeds(torrent=desired.torrent))
        given = {url.removesuffix("/"): url for url in (*source.web_seeds, *command.web_seeds)}
        for url in () if seeds is None else seeds.urls or ():
            given.pop(url.removesuffix("/"), None)
        merged = merge_addresses(desired, known, source.trackers, command.trackers, list(given.values()))
        return merged, msgspec.structs.replace(result, merged="nothing_new" if merged == desired else "merged")

    async def _is_private(self, desired: DesiredTorrent) -> bool | None:
        """Whether a torrent is private; None if that is unknown now. A link without metadata counts as not private."""
        torrent = desired.torrent
        if desired.metainfo_crc32 is None and desired.metadata is None and self._snapshot.of(torrent).metadata is None:
            return False
        answer = await self._ask(QueryPrivate(torrent=torrent))
        return None if answer is None else answer.private

    async def _ask(self, query: Query[AnswerT]) -> AnswerT | None:
        """The engine's answer. None if there is no engine, or if the engine does not answer in time."""
        try:
            async with asyncio.timeout(ANSWER_S):
                return await self._engine.ask(query)
        except (TimeoutError, OuzelError):
            return None

    async def _add_new(self, desired: DesiredTorrent, command: AddTorrent, source: SourceInspected) -> None:
        await self._catalogue.put(desired, metainfo=command.metainfo, resume=source.resume)
        for event in appeared(desired, self._catalogue.category_of(desired)):
            self._publish(event)
        self._engine.ensure(desired, new=source.resume is None)

    async def _sharing(self, command: AddTorrent, save_path: str, near: list[str], deadline: float) -> list[str]:
        """The torrents in `near` that share a file with the new torrent. If the files are unknown, all of `near`."""
        try:
            async with asyncio.timeout_at(deadline):
                query = InspectSource(
                    metainfo=command.metainfo or b"",
                    save_path=save_path,
                    list_files=True,
                    content_layout=command.content_layout,
                    resume=command.resume,
                )
                answer = await self._engine.ask(query)
                return await self._shared_files.sharing(near, answer.files)
        except (TimeoutError, OuzelError, OSError):  # the add is durable by now, so it must not fail
            return near

    async def _place(self, command: AddTorrent, category: Category | None, deadline: float) -> tuple[str, str]:
        """Returns the resolved save path and its mount point."""
        path, field = command.save_path, "args.save_path"
        if path is None and category is not None and category.save_path is not None:
            path, field = category.save_path, "args.category"
        save_path = await self._confiner.confined(path, field, deadline)
        return save_path, mount_point_of(save_path, self._mounts.current())

    async def _inspect(self, command: AddTorrent, save_path: str, deadline: float) -> SourceInspected:
        """Has the engine validate the source.

        If an engine dies, the next engine is asked. At most INSPECTIONS engines are asked.
        """
        for attempt in range(1, INSPECTIONS + 1):
            self._engine.check_expected()
            try:
                if not self._engine.up:
                    async with asyncio.timeout_at(deadline):
                        await self._engine.until_ready()
                query = InspectSource(
                    magnet=command.magnet,
                    metainfo=command.metainfo,
                    save_path=save_path,
                    content_layout=command.content_layout,
                    resume=command.resume,
                    addresses=command.merge,
                )
                verdict = await self._engine.ask(query, deadline)
            except TimeoutError as error:
                raise OuzelError(
                    ErrorKind.ENGINE_UNAVAILABLE, "no engine has validated the source in time; nothing was accepted"
                ) from error
            except OuzelError:
                if attempt == INSPECTIONS:
                    raise
                continue
            if verdict.problem is not None:
                if command.metainfo is None:
                    raise OuzelError(ErrorKind.INVALID_MAGNET, f"args.magnet: {verdict.problem}", field="args.magnet")
                if command.resume is not None and verdict.problem.startswith(RESUME_PROBLEM):
                    problem = verdict.problem.removeprefix(RESUME_PROBLEM)
                    raise OuzelError(ErrorKind.INVALID_RESUME, f"args.resume: {problem}", field="args.resume")
                raise OuzelError(ErrorKind.INVALID_METAINFO, f"args.metainfo: {verdict.problem}", field="args.metainfo")
            if verdict.outside is not None:
                raise OuzelError(ErrorKind.PATH_NOT_ALLOWED, f"args.metainfo: {verdict.outside}", field="args.metainfo")
            return verdict
        raise AssertionError("unreachable")


def _check_source(command: AddTorrent) -> None:
    """Refuses unusable resume data, and a command with no source or with several sources."""
    if sum(source is not None for source in (command.magnet, command.metainfo, command.upload)) != 1:
        raise OuzelError(
            ErrorKind.INVALID_ARGUMENT,
            "args.magnet: exactly one of magnet, metainfo and upload is needed",
            field="args.magnet",
        )
    if command.resume is not None and (command.metainfo is None or command.seed_mode):
        problem = "resume data needs a .torrent file, and cannot be combined with seed_mode"
        raise OuzelError(ErrorKind.INVALID_ARGUMENT, f"args.resume: {problem}", field="args.resume")


def _check_options(command: AddTorrent) -> None:
    """Refuses limits that libtorrent does not accept. Refuses a place in the queue for a torrent outside the queue."""
    check_limits(command.options, "args.options")
    queued = command.options.auto_managed and not command.options.force_start
    if command.queue_position is not None and not queued:
        problem = "args.queue_position: the torrent is not in the queue; set `auto_managed`, and not `force_start`"
        raise OuzelError(ErrorKind.INVALID_ARGUMENT, problem, field="args.queue_position")


def _desired(
    command: AddTorrent,
    source: SourceInspected,
    selection: Selection,
    save_path: str,
    mount_point: str,
    peers: list[str],
    category: Category | None,
) -> DesiredTorrent:
    """The desired state of a new torrent."""
    return DesiredTorrent(
        torrent=source.torrent or "",
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
        trackers=tuple(command.trackers),
        web_seeds=tuple(command.web_seeds),
        labels=tuple(command.labels),
        seed_mode=command.seed_mode,
        peers=tuple(peers),
        added_us=time.time_ns() // 1000 if command.added_us is None else command.added_us,
        metainfo_crc32=None if command.metainfo is None else crc32_of(command.metainfo),
        info_hash_v1=source.info_hash_v1,
        info_hash_v2=source.info_hash_v2,
        metadata=source.metadata,
        content_layout=command.content_layout,
        category=None if category is None else category.key,
        options=command.options,
    )


def _identity_of(source: SourceInspected, *, proven: bool) -> Identity:
    v1, v2, torrent = source.info_hash_v1, source.info_hash_v2, source.torrent or ""
    if v1 is None and v2 is None:
        v1, v2 = (torrent, None) if len(torrent) == identity.SHORT else (None, torrent)
    return Identity(v1, v2, proven)


def appeared(desired: DesiredTorrent, category: str | None) -> list[LifecycleEvent]:
    """The lifecycle events that announce a new torrent. `category` is the name of its category."""
    added = TorrentAdded(
        torrent=desired.torrent,
        name=desired.name,
        save_path=desired.save_path,
        paused=desired.paused,
        labels=list(desired.labels),
        added_us=desired.added_us,
        category=category,
    )
    if desired.metadata is None:
        return [added]
    return [added, MetadataUpdated.of(desired.torrent, desired.metadata)]
