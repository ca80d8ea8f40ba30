import pytest

from protocol.wire.events.session_events import EngineLost
from supervisor.engine.life.end_cause import EndCause, cause_of
from supervisor.engine.life.pulse import ENGINE_SILENT, LIBTORRENT_SILENT


@pytest.mark.parametrize(
    ("exit_code", "signal", "killed_for", "cause"),
    [
        (None, "SIGSEGV", None, EndCause.CRASH),
        (70, None, None, EndCause.CRASH),
        (None, "SIGKILL", None, EndCause.KILLED),
        (None, None, None, EndCause.NOT_STARTED),
        (0, None, None, EndCause.REPLACED),
        (None, "SIGKILL", f"{LIBTORRENT_SILENT} 3.0 s", EndCause.HANG),
        (None, "SIGABRT", f"{ENGINE_SILENT} 10.2 s", EndCause.HANG),
        (None, "SIGKILL", "was not ready within 30 s", EndCause.FAULTY),
    ],
)
def test_causes(exit_code: int | None, signal: str | None, killed_for: str | None, cause: EndCause) -> None:
    """By how the process ended."""
    lost = EngineLost(pid=5, exit_code=exit_code, signal=signal, retry_ms=0, killed_for=killed_for)
    assert cause_of(lost) is cause
