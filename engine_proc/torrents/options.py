"""Applies options again that libtorrent has dropped, and resumes torrents as their options say."""

from engine_proc.session.session_port import LibtSession
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
        session: the session.
        records: the records of the dispatcher.
    """

    def __init__(self, session: LibtSession, records: Records) -> None:
        self._session = session
        self._records = records
        self.queue = Queue(session)

    def let_run(self, torrent: str) -> None:
        """Resumes a torrent, or lets libtorrent's queue decide when it runs."""
        desired = self._records.applied(torrent)
        assert desired is not None, "it is in the session"
        let_run(self._session, desired)

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
