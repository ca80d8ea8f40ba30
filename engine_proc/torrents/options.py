"""Applies options again that libtorrent has dropped, and resumes torrents as their options say."""

from engine_proc.session.session_port import LibtSession
from engine_proc.torrents.parts import Parts
from engine_proc.torrents.queue import Queue
from engine_proc.torrents.state.records import Records
from protocol.wire.desired import DEFAULT_OPTIONS, DesiredTorrent


def let_run(session: LibtSession, desired: DesiredTorrent) -> None:
    """Resumes a torrent, or lets libtorrent's queue decide when it runs."""
    if desired.managed:
        session.enqueue(desired.torrent)
    else:
        session.set_paused(desired.torrent, False)


class Options:
    """Applies the options of one session's torrents, and has their queue.

    Args:
        parts: the session, and the parts that work with it.
        records: the records of the dispatcher.
    """

    def __init__(self, parts: Parts, records: Records) -> None:
        self._parts = parts
        self._session = parts.session
        self._records = records
        self.queue = Queue(parts.session)

    def let_run(self, torrent: str) -> None:
        """Resumes a torrent, or lets libtorrent's queue decide when it runs."""
        desired = self._records.applied(torrent)
        assert desired is not None, "it is in the session"
        let_run(self._session, desired)

    def resume(self, torrent: str) -> None:
        """Resumes a torrent at a client's request. Its announce comes first, and its known peers are called."""
        self.let_run(torrent)
        self._parts.pacer.prioritize(torrent)
        self.call_peers(torrent)

    def call_peers(self, torrent: str) -> None:
        """Requests connections to a torrent's known peers, if the torrent may still download."""
        if self._parts.translator.incomplete(torrent) and torrent in self._session.torrents():
            self._session.call_peers(torrent)

    def renew(self, torrent: str) -> None:
        """Applies a torrent's options again.

        Call `renew` after the torrent was added, after a new selection, or after a change of the native state.
        libtorrent switches super seeding off for incomplete torrents. A new selection overwrites the priorities of
        pieces.
        """
        desired = self._records.applied(torrent)
        if desired is None or desired.options is DEFAULT_OPTIONS or torrent not in self._session.torrents():
            return
        self.queue.place(desired)
        self._session.set_options(torrent, desired.options)
        if desired.options.first_last_piece_first:
            self._session.prefer_ends(torrent, True)
