"""What works together on one session's torrents."""

from collections.abc import Callable
from typing import NamedTuple

from engine_proc.resume.resume_policy import ResumePolicy
from engine_proc.resume.resume_store import FastResumeStore
from engine_proc.session.session_port import LibtSession
from engine_proc.session.translator import AlertTranslator
from engine_proc.storage.storage_guard import StorageGuard
from engine_proc.trackers.announce_pacer import AnnouncePacer
from protocol.internal.link_events import EngineEvent


class Parts(NamedTuple):
    """One session's.

    Fields:
        session: the session.
        store: fast-resume data and metainfo on the disk.
        guard: decides what waits for its storage.
        translator: is told which torrents come and go.
        policy: is told what has to be saved.
        pacer: is told which torrents have yet to announce themselves to their trackers.
        emit: takes what the supervisor is to hear.
        clock: monotonic seconds.
    """

    session: LibtSession
    store: FastResumeStore
    guard: StorageGuard
    translator: AlertTranslator
    policy: ResumePolicy
    pacer: AnnouncePacer
    emit: Callable[[EngineEvent], None]
    clock: Callable[[], float]
