"""Items from a thread arrive once, in order, and wake the poller."""

import select
import threading

from engine_proc.process.mailbox import Mailbox
from tools.rig.waiting import until


def test_it_is_readable_exactly_while_something_waits() -> None:
    """So a loop neither misses items nor spins without any."""
    mailbox: Mailbox[int] = Mailbox()
    assert select.select([mailbox], [], [], 0)[0] == []
    mailbox.put(1)
    mailbox.put(2)
    assert select.select([mailbox], [], [], 0)[0] == [mailbox]
    assert mailbox.drain() == [1, 2]
    assert select.select([mailbox], [], [], 0)[0] == []
    assert mailbox.drain() == []
    mailbox.close()


def test_nothing_is_lost_between_threads() -> None:
    """Each sender's items arrive in its order."""
    mailbox: Mailbox[tuple[int, int]] = Mailbox()

    def send(sender: int) -> None:
        for number in range(500):
            mailbox.put((sender, number))

    senders = [threading.Thread(target=send, args=(number,)) for number in range(4)]
    for sender in senders:
        sender.start()
    found: list[tuple[int, int]] = []

    def all_there() -> bool:
        found.extend(mailbox.drain())
        return len(found) == 2000

    until(all_there, "all items")
    for sender in senders:
        sender.join()
    for sender_number in range(4):
        assert [number for who, number in found if who == sender_number] == list(range(500))
    mailbox.close()
