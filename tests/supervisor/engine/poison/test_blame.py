import pytest

from protocol.internal.flight_recorder import Flight, FlightRecord
from supervisor.engine.poison.blame import may_be_a_torrents, over_a_source, reports_shortage, suspects


@pytest.mark.parametrize("signal", ["SIGSEGV", "SIGABRT", "SIGFPE", "SIGILL"])
def test_a_signal_of_the_engines_own_making_may_be_a_torrents(signal: str) -> None:
    """Native code may be the cause."""
    assert may_be_a_torrents(exit_code=None, signal=signal, killed_by_us=False, shortage=False)


@pytest.mark.parametrize("signal", ["SIGKILL", "SIGTERM", "SIGINT", "SIGHUP", "SIGBUS", "SIGXCPU", "SIGRTMIN+3"])
def test_a_signal_from_outside_is_no_torrents(signal: str) -> None:
    """Sent by operators, by the kernel when memory runs out, and for disks that fail under a mapped file."""
    assert not may_be_a_torrents(exit_code=None, signal=signal, killed_by_us=False, shortage=False)


@pytest.mark.parametrize("signal", ["SIGABRT", "SIGKILL"])
def test_what_we_killed_for_a_hang_may_be_a_torrents(signal: str) -> None:
    """A hang counts as a crash, whatever ended it."""
    assert may_be_a_torrents(exit_code=None, signal=signal, killed_by_us=True, shortage=False)


@pytest.mark.parametrize(("exit_code", "blamed"), [(1, True), (17, True), (0, False), (3, False), (None, False)])
def test_an_unexpected_error_may_be_a_torrents(exit_code: int | None, blamed: bool) -> None:
    """Except for a clean end, an orphaned engine, or one that could not be started."""
    assert may_be_a_torrents(exit_code=exit_code, signal=None, killed_by_us=False, shortage=False) is blamed


def test_shortage_excuses_errors_and_aborts_only() -> None:
    """The results of libtorrent's std::bad_alloc and Python's MemoryError and OSError; not of a bad pointer."""
    assert not may_be_a_torrents(exit_code=1, signal=None, killed_by_us=False, shortage=True)
    assert not may_be_a_torrents(exit_code=None, signal="SIGABRT", killed_by_us=False, shortage=True)
    assert may_be_a_torrents(exit_code=None, signal="SIGSEGV", killed_by_us=False, shortage=True)


@pytest.mark.parametrize(
    ("line", "short"),
    [
        (b"MemoryError", True),
        (b"terminate called after throwing an instance of 'std::bad_alloc'", True),
        (b"cannot allocate memory for thread-local data: ABORT", True),
        (b"OSError: [Errno 28] No space left on device: '/x'", True),
        (b"FileNotFoundError: [Errno 2] No such file", True),
        (b"KeyError: 'a'", False),
        (b"Fatal Python error: Segmentation fault", False),
        (b'{"event": "x", "problem": "MemoryError"}', False),
    ],
)
def test_last_words_of_shortage(line: bytes, short: bool) -> None:
    """In tracebacks and C++ messages; not in our own log, which may be about handled errors."""
    assert reports_shortage(line) is short


def flight(sync: str | None, *under_way: str, overflowed: bool = False, what: str = "add") -> Flight:
    """Torrents are letters; an empty string is a call without one."""
    call = None if sync is None else FlightRecord(what, sync or None, 1)
    return Flight([], call, [FlightRecord("add", torrent, 1) for torrent in under_way], overflowed)


@pytest.mark.parametrize(
    ("found", "suspected"),
    [
        (flight(None), ""),
        (flight("a"), "a"),
        (flight("", "b"), "b"),
        (flight("a", "b", "c"), "abc"),
        (flight("a", "a"), "a"),
        (flight("a", "b", "c", "d"), "a"),
        (flight(None, "b", "c", "d", "e"), ""),
        (flight(None, "b", overflowed=True), ""),
        (flight("a", "b", overflowed=True), "a"),
    ],
)
def test_suspects_are_few(found: Flight, suspected: str) -> None:
    """At most three here; of more, only the one of the current call."""
    assert suspects(found, 3) == tuple(suspected)


def test_a_source_that_kills_the_engine_is_no_torrent() -> None:
    """It has not been accepted, and the others do not wait for it."""
    assert over_a_source(flight("", what="inspect"))
    assert over_a_source(flight("", what="command inspect_source"))
    assert not over_a_source(flight("a", what="add"))
    assert not over_a_source(flight(None))
