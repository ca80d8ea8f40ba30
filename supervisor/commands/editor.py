"""The editor: carries out commands that change the desired state of a torrent or of the session.

Changes of one torrent are made one after the other. Changes of different torrents do not wait for each other.
"""

import contextlib
from collections.abc import AsyncIterator, Callable
from functools import partial
from typing import Any, Final, TypeVar

import msgspec

from protocol.internal.link_commands import CallPeers, ReannounceTorrent
from protocol.internal.link_messages import Learned
from protocol.wire.commands.kinds import Mutation
from protocol.wire.commands.option_commands import UpdateOptions
from protocol.wire.commands.peer_commands import BanPeer, UnbanPeer
from protocol.wire.commands.torrent_commands import AddPeers, UpdateLimits, UpdateSelection
from protocol.wire.commands.tracker_commands import Reannounce
from protocol.wire.desired import DesiredTorrent
from protocol.wire.errors import ErrorKind, OuzelError
from protocol.wire.results import BanAccepted, TorrentAccepted
from protocol.wire.session.desired_session import DesiredSession
from supervisor.commands import categories, edits, groups, option_edits
from supervisor.commands.acceptance import SESSION, Acceptance
from supervisor.commands.arguments import by_index, endpoints, peer_ip
from supervisor.commands.handlers import Change, Edit, edits_of, handles
from supervisor.commands.limit_edits import check_torrents, limit_session
from supervisor.commands.reads.reads import Reads
from supervisor.concurrency.keyed_locks import KeyedLocks
from supervisor.engine.engine import Engine
from supervisor.store.catalogue import Catalogue

EDITS: Final = edits_of(edits, option_edits)

C = TypeVar("C", bound=Mutation)


class Editor:
    """Makes edits of torrents durable, and has the engine apply them.

    Args:
        locks: locks of torrents, by id.
        on_paused: called with a torrent that a client has paused (True) or resumed (False).
    """

    def __init__(
        self,
        *,
        catalogue: Catalogue,
        reads: Reads,
        engine: Engine,
        locks: KeyedLocks,
        on_paused: Callable[[str, bool], None],
    ) -> None:
        self._catalogue = catalogue
        self._snapshot = engine.snapshot
        self._reads = reads
        self._engine = engine
        self._locks = locks
        self._on_paused = on_paused

    def handlers(self) -> dict[type[msgspec.Struct], Callable[..., Any]]:
        """The handlers of commands that need only an edit, by the command's type."""
        return {kind: partial(self.edit, edit) for kind, edit in EDITS.items() if issubclass(kind, Mutation)}

    async def edit(self, edit: Edit, command: Any, _: float) -> Acceptance:
        """Changes the desired state of a torrent. An edit without effect is accepted, and causes no write."""
        async with self.hold(command.torrent) as before:
            after = edit.change(before, command)
            afresh = edit.afresh and self._snapshot.of(before.torrent).stopped
            if after != before or afresh:
                after = msgspec.structs.replace(after, revision=before.revision + 1)
                await self._catalogue.put(after)
                self._engine.ensure(after, afresh=afresh)
                if after.paused is not before.paused:
                    self._on_paused(after.torrent, after.paused)
        return Acceptance(edit.result(after, command), after.torrent, after.revision)

    @contextlib.asynccontextmanager
    async def hold(self, torrent: str) -> AsyncIterator[DesiredTorrent]:
        """Locks a torrent against other changes. Yields the torrent's desired state.

        The torrent is given by its id or its other info-hash.

        Raises:
            OuzelError: UNKNOWN_TORRENT.
        """
        while True:
            known = self._reads.find(torrent).torrent
            async with self._locks.hold(known):
                await self._catalogue.ensure_settled(known)
                desired = self._reads.find(torrent)
                if desired.torrent == known:  # meanwhile the record may have been merged into another
                    yield desired
                    return

    async def learn(self, fact: Learned) -> None:
        """Stores a finding of an engine about a torrent. Does nothing if the finding is stored, or the torrent is gone.

        Raises:
            OuzelError: STORAGE_UNAVAILABLE; nothing has changed.
        """
        async with self._locks.hold(fact.torrent):
            before = self._catalogue.torrents.get(fact.torrent)
            if before is not None and (after := EDITS[type(fact)].change(before, fact)) != before:
                await self._catalogue.put(after)

    @handles(AddPeers)
    async def add_peers(self, command: AddPeers, deadline: float) -> Acceptance:
        """Stores peers of a torrent. The engine connects now to all stored peers, old and new."""
        self._reads.find(command.torrent)  # an unknown torrent is reported before invalid peers
        given = endpoints(command.peers)
        accepted = await self.edit(EDITS[AddPeers], command, deadline)
        self._engine.send(CallPeers(torrent=accepted.subject, peers=given))
        return accepted

    @handles(Reannounce)
    async def reannounce(self, command: Reannounce, _: float) -> Acceptance:
        """Has the engine announce a torrent. Without an engine, does nothing, because the next engine announces the
        torrent.
        """
        desired = self._reads.find(command.torrent)
        torrent = desired.torrent
        if desired.quarantine is not None:
            raise OuzelError(ErrorKind.QUARANTINED, f"torrent {torrent} is in quarantine, so it does not announce")
        if desired.paused:
            raise OuzelError(ErrorKind.TORRENT_PAUSED, f"torrent {torrent} is paused, so it does not announce")
        trackers = self._snapshot.trackers_of(desired, 0)
        loaded = torrent in self._snapshot.present
        if loaded and command.tracker not in (None, *(tracker.url for tracker in trackers)):
            problem = "args.tracker: the torrent has no tracker with this URL"
            raise OuzelError(ErrorKind.INVALID_ARGUMENT, problem, field="args.tracker")
        self._engine.send(ReannounceTorrent(torrent=torrent, tracker=command.tracker))
        return Acceptance(TorrentAccepted(torrent=torrent), torrent, desired.revision)

    @handles(UpdateSelection)
    async def update_selection(self, command: UpdateSelection, deadline: float) -> Acceptance:
        """Changes the file selection. If the metadata is known, refuses priorities of files that do not exist."""
        torrent = self._catalogue.resolve(command.torrent)
        metadata = self._snapshot.of(torrent).metadata if torrent in self._catalogue.torrents else None
        if metadata is not None and command.priorities is not msgspec.UNSET:
            known = {str(file.index) for file in metadata.files()}
            for index in by_index(command.priorities):
                if index not in known:
                    problem = f"args.priorities: the torrent has no file {index}"
                    raise OuzelError(ErrorKind.INVALID_ARGUMENT, problem, field="args.priorities")
        return await self.edit(EDITS[UpdateSelection], command, deadline)

    @handles(UpdateOptions)
    async def update_options(self, command: UpdateOptions, deadline: float) -> Acceptance:
        """Sets options of a torrent. The torrent's record stores the keys of the category and of the group."""
        self._reads.find(command.torrent)  # an unknown torrent is reported before an unknown category
        edit = EDITS[UpdateOptions]
        if command.category is not msgspec.UNSET:
            key = None if command.category is None else categories.find(self._catalogue, command.category).key
            edit = edit._replace(change=partial(_into_category, edit.change, key))
        if command.group is not msgspec.UNSET:
            key = groups.key_of(self._catalogue, command.group, "args.group")
            edit = edit._replace(change=partial(_into_group, edit.change, key))
        return await self.edit(edit, command, deadline)

    @handles(UpdateLimits)
    async def update_limits(self, command: UpdateLimits, deadline: float) -> Acceptance:
        """Sets the rate limits of a torrent. If the command names no torrent, sets the rate limits of the session."""
        if command.torrent is not None:
            check_torrents(command)
            return await self.edit(EDITS[UpdateLimits], command, deadline)
        configured = self._reads.config.limits.alternative
        revision = await self._edit_session(partial(limit_session, configured), command)
        return Acceptance(self._reads.settings(), SESSION, revision)

    @handles(BanPeer)
    async def ban_peer(self, command: BanPeer, _: float) -> Acceptance:
        """Bans the address of a peer."""
        return Acceptance(_of_ban(command), SESSION, await self._edit_session(edits.ban_peer, command))

    @handles(UnbanPeer)
    async def unban_peer(self, command: UnbanPeer, _: float) -> Acceptance:
        """Lifts the ban of the address of a peer."""
        return Acceptance(_of_ban(command), SESSION, await self._edit_session(edits.unban_peer, command))

    async def _edit_session(self, change: Callable[[DesiredSession, C], DesiredSession], command: C) -> int:
        """Changes the desired state of the session. Returns its revision."""
        async with self._locks.hold(SESSION):
            self._catalogue.check_readable(None)
            await self._catalogue.ensure_settled(None)
            before = self._catalogue.session
            after = change(before, command)
            if after != before:
                await self._catalogue.put_session(msgspec.structs.replace(after, revision=before.revision + 1))
                self._engine.configure()
            return self._catalogue.session.revision


def _into_category(change: Change, key: str | None, desired: DesiredTorrent, command: UpdateOptions) -> DesiredTorrent:
    return msgspec.structs.replace(change(desired, command), category=key)


def _into_group(change: Change, key: str | None, desired: DesiredTorrent, command: UpdateOptions) -> DesiredTorrent:
    after = change(desired, command)
    return msgspec.structs.replace(after, options=msgspec.structs.replace(after.options, group=key))


def _of_ban(command: BanPeer | UnbanPeer) -> BanAccepted:
    return BanAccepted(address=peer_ip(command.peer))
