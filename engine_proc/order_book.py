"""Carries out the orders that follow from alerts."""

from typing import assert_never

from engine_proc.events.orders import ConfirmRetry, Flush, LoadLayout, Order, Reload, SaveCounters, SaveResume
from engine_proc.resume.resume_policy import Urgency
from engine_proc.torrents.dispatch import Dispatcher
from engine_proc.torrents.saver import Saver


class OrderBook:
    """Passes each order to the part that carries it out."""

    def __init__(self, saver: Saver, dispatcher: Dispatcher) -> None:
        self._saver = saver
        self._dispatcher = dispatcher

    def perform(self, order: Order) -> None:
        """Carries out one order."""
        match order:
            case Flush(torrent):
                self._saver.flush(torrent)
            case LoadLayout(torrent):
                self._dispatcher.metadata_received(torrent)
            case Reload(torrent):
                self._dispatcher.unload(torrent)
            case SaveResume(torrent, final):
                self._saver.want(torrent, Urgency.AT_ONCE if final else Urgency.PROGRESS)
            case SaveCounters(torrent):
                self._saver.want(torrent, Urgency.COUNTERS)
            case ConfirmRetry(torrent):
                self._dispatcher.error_cleared(torrent)
            case _:
                assert_never(order)
