from engine_proc.events.outbox import EVENTS_PER_FRAME, Outbox
from protocol.internal.link_events import EngineEvent, TorrentDropped
from protocol.wire.events.torrent_events import Completed, Progress
from protocol.wire.rows import TorrentState

T = "a" * 40


def progress(done: int) -> Progress:
    """A torrent's progress."""
    return Progress(
        torrent=T,
        state=TorrentState.DOWNLOADING,
        progress=done / 10,
        bytes_done=done,
        bytes_total=10,
        size=10,
        downloaded=0,
        uploaded=0,
        wasted=0,
        download_bps=0,
        upload_bps=0,
        peers=0,
        seeds=0,
    )


def sent(outbox: Outbox) -> list[EngineEvent]:
    """The sent events, in order."""
    return [event for frame in outbox.frames() for event in frame]


def test_progress_waits_its_turn() -> None:
    """The last value of a torrent is sent once it is due."""
    outbox = Outbox()
    outbox.put(progress(1), 0.0)
    assert sent(outbox) == []
    outbox.put(progress(2), 0.0)
    assert outbox.next_due() is not None
    outbox.ripen(0.0)
    assert sent(outbox) == [progress(2)]
    assert outbox.next_due() is None


def test_progress_goes_ahead_of_what_ends_it() -> None:
    """No earlier value follows an event, and a removed torrent has none."""
    outbox = Outbox()
    outbox.put(progress(9), 0.0)
    completed = Completed(torrent=T, bytes_done=10)
    outbox.put(completed, 0.0)
    assert sent(outbox) == [progress(9), completed]
    outbox.put(progress(10), 0.0)
    outbox.forget(T)
    outbox.ripen(100.0)
    assert sent(outbox) == []


def test_frames_are_short() -> None:
    """Frames contain all events in order, each once."""
    outbox = Outbox()
    events = [TorrentDropped(torrent=str(number)) for number in range(EVENTS_PER_FRAME * 2 + 1)]
    outbox.extend(events)
    frames = outbox.frames()
    assert [len(frame) for frame in frames] == [EVENTS_PER_FRAME, EVENTS_PER_FRAME, 1]
    assert [event for frame in frames for event in frame] == events
    assert outbox.frames() == []
