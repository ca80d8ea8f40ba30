"""Histories of the store: requests of clients while the disk fails. Checks that all answers agree with the disk.

The catalogue, the mutations and the writer are real. The disk is a model. After every call a crash is simulated: the
real loader loads each state that the crash can leave. The state must have all acknowledged changes. A change without an
answer, or with the answer "not known", may have its old or its new value.
"""

import asyncio
import os
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from pathlib import Path
from types import SimpleNamespace
from typing import Any, Final, NamedTuple, cast
from unittest import mock

from protocol.durable import durable, recycler
from protocol.durable.durable import Done, DurableWriter, Transaction
from protocol.durable.integrity import crc32_of, encode_record
from protocol.durable.recycler import REPLACED_MIN, Recycler
from protocol.durable.resume_dir import ResumeDir
from protocol.host import mounts
from protocol.internal.link_queries import SourceInspected
from protocol.wire.commands.kinds import Mutation
from protocol.wire.commands.torrent_commands import AddTorrent, PauseTorrent, RemoveTorrent, ResumeTorrent, UpdateLimits
from protocol.wire.desired import DesiredTorrent
from protocol.wire.errors import ErrorKind, OuzelError
from protocol.wire.reports import GlobalGoals, SettingsReport
from protocol.wire.session.desired_session import DesiredSession
from supervisor.commands.log.log_edits import LogEdits
from supervisor.commands.mutations import Mutations
from supervisor.commands.seeding import global_goals
from supervisor.concurrency.keyed_locks import KeyedLocks
from supervisor.concurrency.shared_calls import SharedCalls
from supervisor.config.config import LimitsConfig
from supervisor.config.goals_config import GoalsConfig
from supervisor.engine.torrents.merger import Merger
from supervisor.engine.torrents.observed.snapshot import Snapshot
from supervisor.engine.torrents.waiters import Waiters
from supervisor.store.catalogue import Catalogue
from supervisor.store.record_writes import OutcomeUnknown
from supervisor.store.stored_records import read_all
from tools.bench.service.model_disk import Fault, ModelDisk, State

V1: Final = "a" * 40
OTHER: Final = "b" * 40
NEW: Final = "d" * 40
METAINFO: Final = b"d4:infod4:name3:newee"
ROOT: Final = Path("/model")
PATIENCE_S: Final = 10.0
TRIES: Final = 3
"""How often a client repeats a request, or a drop is retried, while the disk fails."""

Fails = Callable[[str, int], bool | None]
Subject = str | None
Value = bytes | None
"""A record as stored; None if there is none."""
Step = tuple[Mutation, ...]
"""Mutations that are requested at the same time."""

STORIES: Final[dict[str, tuple[Step, ...]]] = {
    "add": ((AddTorrent(metainfo=METAINFO),), (PauseTorrent(torrent=NEW),)),
    "change": ((PauseTorrent(torrent=V1),), (ResumeTorrent(torrent=V1),)),
    "removal": ((RemoveTorrent(torrent=V1, delete_files=True),), (PauseTorrent(torrent=V1),)),
    "session": ((UpdateLimits(download_bps=7),), (UpdateLimits(download_bps=7),)),
    "group": (
        (
            AddTorrent(metainfo=METAINFO),
            PauseTorrent(torrent=V1),
            RemoveTorrent(torrent=OTHER, delete_files=True),
            UpdateLimits(download_bps=7),
        ),
    ),
}


class Contradiction(AssertionError):
    """The content of the disk contradicts an answer."""


class History(NamedTuple):
    """The result of one run: how many calls the store made to the disk, and how many crashes were simulated."""

    calls: int
    crashes: int


class Loads:
    """Loads states of the directory by the real loader, each state only once."""

    def __init__(self, scratch: Path) -> None:
        self._scratch = scratch
        self._known: dict[State, dict[Subject, bytes]] = {}

    def load(self, state: State) -> dict[Subject, bytes]:
        """All records, also of torrents that are being removed. Raises Contradiction if a record is damaged."""
        found = self._known.get(state)
        if found is None:
            self._known[state] = found = self._load(state)
        return found

    def _load(self, state: State) -> dict[Subject, bytes]:
        root = Path(tempfile.mkdtemp(dir=self._scratch))
        for name, content in state:
            (root / name).write_bytes(content)
        disk, SEAM.disk = SEAM.disk, None
        stored = read_all(ResumeDir(root))
        SEAM.disk = disk
        shutil.rmtree(root)
        if any(not file.orphan for file in stored.damaged):
            raise Contradiction(f"damaged after a crash: {stored.damaged}")
        contents = dict(state)
        for each in stored.torrents:
            if each.removal is None and each.metainfo_crc32 is not None:
                metainfo = contents.get(f"{each.torrent}.torrent")
                if metainfo is None or crc32_of(metainfo) != each.metainfo_crc32:
                    raise Contradiction(f"{each.torrent} has lost its metainfo")
        records: dict[Subject, bytes] = {each.torrent: encode_record(each) for each in stored.torrents}
        return {None: encode_record(stored.session), **records}


class _WriterInTurn(DurableWriter):
    """A writer without a thread. Commits all transactions of one iteration of the event loop as one group."""

    def __init__(self, root: Path) -> None:
        self._check = lambda: None
        self._on_commit = lambda transactions, took_s: None
        self._recycler = Recycler(root, "catalogue.", ".tmp")
        self._oldest = None
        self._waiting: list[tuple[Transaction, Done]] = []

    def submit(self, changes: Transaction, done: Done) -> None:
        if not self._waiting:
            asyncio.get_running_loop().call_soon(self._turn)
        self._waiting.append((changes, done))

    def close(self) -> None:
        self._turn()
        self._end()

    def _turn(self) -> None:
        group, self._waiting = self._waiting, []
        if group:
            self._carry_out(group)


class _Client:
    """Sends mutations to a catalogue on a model disk, and tracks what may be on that disk."""

    def __init__(self, loads: Loads, fails: Fails, *, worn: bool) -> None:
        self._loads = loads
        self._faulty = self._checking = False
        self._told: dict[State, int] = {}
        self._version = 0
        self.crashes = 0
        self.contradiction: Contradiction | None = None
        self.disk = ModelDisk(lambda name, number: fails(name, number) if self._faulty else None, self._crash)
        self.allowed: dict[Subject, set[Value]] = {None: {encode_record(DesiredSession())}, NEW: {None}}
        self._first: list[DesiredTorrent] = []
        for torrent in (V1, OTHER):
            record = DesiredTorrent(
                torrent=torrent,
                source="metainfo",
                name=f"name-{torrent[0]}",
                save_path="/data",
                metainfo_crc32=crc32_of(METAINFO),
            )
            self.disk.put(f"{torrent}.json", encode_record(record))
            self.disk.put(f"{torrent}.torrent", METAINFO)
            self.allowed[torrent] = {encode_record(record)}
            self._first.append(record)
        self._worn = worn

    async def run(self, story: tuple[Step, ...]) -> None:
        """Requests all steps in order. Then the disk works again, and memory and disk have to agree."""
        catalogue = self.catalogue = Catalogue(ResumeDir(ROOT))
        catalogue.close()
        catalogue._commits.writer = _WriterInTurn(ROOT)
        for record in self._first:
            catalogue._keep(record)
        self._mutations = _mutations(catalogue)
        self._watch(catalogue)
        if self._worn:  # the writer has files to recycle
            for number in range(REPLACED_MIN + 1):
                await self._ask(UpdateLimits(upload_bps=number))
        self._faulty = self._checking = True
        self.disk.calls = 0
        for step in story:
            await asyncio.gather(*(self._insist(command) for command in step))
        for torrent in list(catalogue.leaving):
            for _ in range(TRIES):
                if await self._drop(torrent):
                    break
        self._faulty = False
        assert await catalogue.writes.mend() is None
        assert not catalogue.writes.doubts
        for torrent in list(catalogue.leaving):
            assert await self._drop(torrent)
        for subject in self.allowed:
            self._settled(subject)
        catalogue.close()
        self._check(self.disk.now())

    async def _insist(self, command: Mutation) -> None:
        for _ in range(TRIES):
            if await self._ask(command):
                return
            await self.catalogue.writes.mend()  # as the supervisor's storage warden does

    async def _ask(self, command: Mutation) -> bool:
        """Sends a mutation once. Returns whether it was executed, or is impossible because its torrent is gone."""
        subject = NEW if isinstance(command, AddTorrent) else getattr(command, "torrent", None)
        before = set(self.allowed[subject])
        try:
            await self._mutations.accept(command, asyncio.get_running_loop().time() + 10)
        except OutcomeUnknown:
            self._look()
            return False
        except OuzelError as error:
            self.allowed[subject] = before
            self._look()
            return error.kind.name == "UNKNOWN_TORRENT"
        self._settled(subject)
        return True

    async def _drop(self, torrent: str) -> bool:
        self.allowed[torrent].add(None)  # no answer is sent before that
        try:
            await self.catalogue.drop(torrent)
        except OuzelError:
            return False
        self._settled(torrent)
        return True

    def _watch(self, catalogue: Catalogue) -> None:
        """Notes each value that is about to be written. From then on it may be on the disk."""
        put, put_session = catalogue.put, catalogue.put_session

        async def noted(desired: DesiredTorrent, *, metainfo: bytes | None = None, resume: bytes | None = None) -> None:
            self.allowed[desired.torrent].add(encode_record(desired))
            await put(desired, metainfo=metainfo, resume=resume)

        async def session_noted(session: DesiredSession) -> None:
            self.allowed[None].add(encode_record(session))
            await put_session(session)

        catalogue.put = noted  # type: ignore[method-assign]  # to observe writes
        catalogue.put_session = session_noted  # type: ignore[method-assign]  # to observe writes

    def _settled(self, subject: Subject) -> None:
        """Notes that the value in memory was acknowledged. The disk must not have another value any more."""
        catalogue = self.catalogue
        if subject is None:
            self.allowed[None] = {encode_record(catalogue.session)}
        else:
            record = catalogue.torrents.get(subject) or catalogue.leaving.get(subject)
            self.allowed[subject] = {None if record is None else encode_record(record)}
        self._look()

    # -- crashes --------------------------------------------------------------------------------------------------

    def _look(self) -> None:
        """Simulates a crash after an answer. After the answer, fewer states of the disk are allowed."""
        self._told.clear()
        self._crash()

    def _crash(self) -> None:
        if not self._checking:
            return
        try:
            for state in self.disk.after_a_crash():
                self._check(state)
        except Contradiction as error:  # the writer must continue
            self.contradiction = self.contradiction or error

    def _check(self, state: State) -> None:
        allowed = sum(map(len, self.allowed.values()))
        if self._told.get(state, -1) >= 0 and self._told[state] <= allowed:
            return
        self._told[state] = allowed
        self.crashes += 1
        loaded = self._loads.load(state)
        for subject, values in self.allowed.items():
            found = loaded.get(subject)
            if found not in values:
                raise Contradiction(f"{subject}: the disk has {found!r}, and only {values!r} can be there")


class Seam:
    """Redirects the store's calls to the model disk of the running history."""

    disk: ModelDisk | None = None

    def __getattr__(self, name: str) -> Any:
        return getattr(os if self.disk is None else self.disk, name)


SEAM: Final = Seam()


@contextmanager
def on_model_disks() -> Iterator[Loads]:
    """A context within which `play` can be called."""

    async def at_once(_: object, key: object, call: Callable[[], Any]) -> Any:
        return call()

    with (
        tempfile.TemporaryDirectory() as scratch,
        mock.patch.object(durable, "os", SEAM),
        mock.patch.object(recycler, "os", SEAM),
        mock.patch.object(SharedCalls, "run", at_once),
        mock.patch.object(mounts, "mount_point_of", return_value="/"),
        mock.patch.object(time, "time_ns", return_value=1_700_000_000_000_000_000),
    ):
        yield Loads(Path(scratch))


def play(
    loads: Loads,
    story: str,
    fails: Fails = lambda name, number: None,
    *,
    worn: bool = False,
) -> History:
    """Plays one history. Raises Contradiction.

    Args:
        story: a key of `STORIES`.
        fails: as for `ModelDisk`.
        worn: whether the writer has replaced files before. If so, it reuses the old files.
    """
    client = _Client(loads, fails, worn=worn)
    SEAM.disk = client.disk
    _LOOP.run_until_complete(asyncio.wait_for(client.run(STORIES[story]), PATIENCE_S))
    if client.contradiction is not None:
        raise client.contradiction
    return History(client.disk.calls, client.crashes)


_LOOP: Final = asyncio.new_event_loop()


def failing(*faults: Fault) -> Fails:
    """A `fails` for `ModelDisk`: these calls fail."""
    by_number = {fault.number: fault.after for fault in faults}
    return lambda name, number: by_number.get(number)


def failing_from(first: int, *, after: bool, name: str | None = None) -> Fails:
    """A `fails` for `ModelDisk`: from a certain number on, all calls fail, or only calls of one kind."""
    return lambda kind, number: after if number >= first and name in (None, kind) else None


def singles(calls: int) -> Iterator[tuple[Fault, ...]]:
    """All faults of a single call, before or after its effect."""
    for number in range(1, calls + 1):
        for after in (False, True):
            yield (Fault(number, after),)


def doubles(first: Fault, calls: int) -> Iterator[tuple[Fault, ...]]:
    """All pairs of the given fault and a later fault.

    Args:
        calls: the number of calls after the first fault.
    """
    for number in range(first.number + 1, calls + 1):
        for after in (False, True):
            yield (first, Fault(number, after))


KINDS: Final = ("open", "write", "ftruncate", "fsync", "fsync directory", "replace", "link", "unlink", "fadvise")


def lasting(calls: int) -> Iterator[Fails]:
    """All ways in which calls from a certain number on fail until the story ends: all calls, or one kind."""
    for number in range(1, calls + 1):
        for after in (False, True):
            for kind in (None, *KINDS):
                yield failing_from(number, after=after, name=kind)


def _mutations(catalogue: Catalogue) -> Mutations:
    """The mutations of the real service, without the other parts of the service."""

    class Engine:
        up = True
        snapshot = Snapshot()
        waiters = Waiters()

        async def ask(self, *_: Any) -> SourceInspected:
            return SourceInspected(token=0, torrent=NEW, name="new")

        async def applied(self, torrent: str | None, revision: int) -> None:
            await self.waiters.applied(torrent, revision)

        def ensure(self, *_: Any, **__: Any) -> None:
            return

        forget = send = configure = check_expected = ensure

        def adding(self, size: int) -> AbstractContextManager[None]:
            return nullcontext()

    class Roots:
        def is_root(self, path: str | None) -> bool:
            return True

        def confine(self, path: str | None, field: str) -> str:
            return path or "/data"

    class Mounts:
        def current(self) -> dict[str, str]:
            return {}

    class Reads:
        config = SimpleNamespace(limits=LimitsConfig())

        def find(self, torrent: str) -> DesiredTorrent:
            found = catalogue.torrents.get(torrent)
            if found is None:
                raise OuzelError(ErrorKind.UNKNOWN_TORRENT, "")
            return found

        def settings(self) -> SettingsReport:
            return SettingsReport(download_bps=0, upload_bps=0)

        def goals_report(self) -> GlobalGoals:
            return global_goals.report(catalogue.session.goals, GoalsConfig())

    class Shared:
        def added(self, *_: Any) -> list[str]:
            return []

        async def to_spare(self, *_: Any) -> list[int]:
            return []

    locks, engine = KeyedLocks(), cast(Any, Engine())
    merger = Merger(
        catalogue=catalogue,
        snapshot=engine.snapshot,
        engine=engine,
        locks=locks,
        publish=lambda event: 0,
        log=cast(Any, None),
    )
    return Mutations(
        catalogue=catalogue,
        merger=merger,
        locks=locks,
        shared_files=cast(Any, Shared()),
        engine=engine,
        roots=cast(Any, Roots()),
        mounts=cast(Any, Mounts()),
        reads=cast(Any, Reads()),
        publish=lambda event: 0,
        shelf=cast(Any, None),
        jobs=cast(Any, None),
        others=[LogEdits(cast(Any, None), engine=engine, catalogue=catalogue, log=cast(Any, None))],
    )
