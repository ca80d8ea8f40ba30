import select
import threading
from collections.abc import Iterator

import pytest

from engine_proc.libtorrent_adapter.alerts.alert_inbox import AlertInbox
from engine_proc.session.alerts import Flushed


@pytest.fixture
def inbox() -> Iterator[AlertInbox]:
    """An inbox that is closed at the end of the test."""
    inbox = AlertInbox()
    yield inbox
    inbox.close()


def readable(inbox: AlertInbox) -> bool:
    """Whether its descriptor is readable now."""
    return bool(select.select([inbox], [], [], 0)[0])


def test_alerts_are_taken_once_and_in_order(inbox: AlertInbox) -> None:
    """The descriptor is readable as long as there are alerts."""
    assert not readable(inbox)
    for torrent in "ab":
        inbox.put(Flushed(torrent))
    assert readable(inbox)
    assert inbox.take() == [Flushed("a"), Flushed("b")]
    assert not readable(inbox)
    assert inbox.take() == []


def test_any_thread_may_put_alerts_and_none_waits(inbox: AlertInbox) -> None:
    """Also if there is more to read than a socket buffer holds."""

    def put() -> None:
        for number in range(5000):
            inbox.put(Flushed(str(number)))

    threads = [threading.Thread(target=put) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(inbox.take()) == 10_000
    assert not readable(inbox)
