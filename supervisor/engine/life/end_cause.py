"""The cause for which an engine ended, as metrics show it. Pure."""

from enum import StrEnum

from protocol.wire.events.session_events import EngineLost
from supervisor.engine.life.pulse import ENGINE_SILENT, LIBTORRENT_SILENT


class EndCause(StrEnum):
    """Why an engine ended.

    Fields:
        CRASH: a signal that a fault of the engine caused, or an exit code.
        HANG: the supervisor killed the engine, because the engine did not answer.
        KILLED: SIGKILL from outside, such as from the kernel when memory is short.
        FAULTY: the supervisor killed the engine for another reason, such as a start that took too long.
        NOT_STARTED: the process could not be started.
        REPLACED: the engine was drained on request of the supervisor, for example because of its memory.
    """

    CRASH = "crash"
    HANG = "hang"
    KILLED = "killed"
    FAULTY = "faulty"
    NOT_STARTED = "not_started"
    REPLACED = "replaced"


def cause_of(event: EngineLost) -> EndCause:
    """The cause of an end."""
    if event.killed_for is not None:
        silent = event.killed_for.startswith((LIBTORRENT_SILENT, ENGINE_SILENT))
        return EndCause.HANG if silent else EndCause.FAULTY
    if event.signal == "SIGKILL":
        return EndCause.KILLED
    if event.signal is None and event.exit_code is None:
        return EndCause.NOT_STARTED
    return EndCause.REPLACED if event.exit_code == 0 else EndCause.CRASH
