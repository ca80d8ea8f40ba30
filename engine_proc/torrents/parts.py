"""The parts that work together on one session's torrents."""

from collections.abc import Callable
from typing import NamedTuple

from engine_proc.events.translator import AlertTranslator
from engine_proc.resume.resume_policy import ResumePolicy
from engine_proc.resume.resume_store import FastResumeStore
from engine_proc.session.session_port import LibtSession
from engine_proc.storage.storage_guard import StorageGuard
from engine_proc.trackers.announce_pacer import AnnouncePacer
from protocol.internal.link_events import EngineEvent


class Parts(NamedTuple):
    """The session, and the parts that work with it.

    Fields:
        session: the session.
        store: fast-resume data and metainfo on disk.
        guard: decides which torrents wait for their storage.
        translator: translates alerts. It is notified of torrents that are added and removed.
        policy: decides when resume data is saved. It is notified of unsaved changes.
        pacer: limits the rate of announces. It is notified of torrents that have not announced yet.
        emit: sends an event to the supervisor.
        clock: returns monotonic seconds.
    """

    session: LibtSession
    store: FastResumeStore
    guard: StorageGuard
    translator: AlertTranslator
    policy: ResumePolicy
    pacer: AnnouncePacer
    emit: Callable[[EngineEvent], None]
    clock: Callable[[], float]
