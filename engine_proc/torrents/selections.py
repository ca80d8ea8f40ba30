"""Applies selections to torrents. Reports a selection once libtorrent has confirmed its priorities."""

from engine_proc.events.metadata_events import metadata_events
from engine_proc.resume.resume_policy import Urgency
from engine_proc.session.session_port import NotSelected
from engine_proc.torrents.parts import Parts
from engine_proc.torrents.state.records import Records
from protocol.wire.desired import DesiredTorrent
from protocol.wire.events.torrent_events import SelectionChanged


class Selections:
    """Applies the selections of one session's torrents. The number of unconfirmed selections is in a torrent's record.

    Args:
        parts: the session, and the parts that work with it.
        records: the records of the dispatcher.
    """

    def __init__(self, parts: Parts, records: Records) -> None:
        self._parts = parts
        self._records = records

    def apply(self, torrent: str, desired: DesiredTorrent) -> bool:
        """Applies the selection's priorities. Returns False while there is no metadata."""
        record = self._records.of(torrent)
        try:
            if not self._parts.session.set_selection(torrent, desired):
                return False
        except NotSelected:
            if record.begin().selecting:
                return True
            record.begin().selecting = True
        record.begin().selections += 1
        self._records.note(torrent, record)
        return True

    def change(self, torrent: str, desired: DesiredTorrent) -> None:
        """Applies a changed selection. Without metadata or checked paths, the selection is only stored."""
        if self._records.of(torrent).unjudged or not self.apply(torrent, desired):
            self._parts.emit(SelectionChanged(torrent=torrent))

    def discover(self, torrent: str, desired: DesiredTorrent) -> None:
        """Applies the selection of a magnet link. The link's files are known, and their paths are checked.

        The files are reported once the selection is in force.
        """
        record = self._records.of(torrent)
        pending = record.begin()
        pending.unjudged = False
        self._parts.policy.mark_dirty(torrent, Urgency.AT_ONCE, self._parts.clock())
        pending.undiscovered = True
        if not self.apply(torrent, desired):
            pending.undiscovered = False
            self._records.note(torrent, record)

    def applied(self, torrent: str) -> bool:
        """Notes that libtorrent has confirmed a selection. Returns whether no unconfirmed selection is left."""
        record = self._records.get(torrent)
        pending = None if record is None else record.pending
        if record is None or pending is None or pending.selections == 0:
            return False
        pending.selections -= 1
        self._records.note(torrent, record)
        return pending.selections == 0

    def tell(self, torrent: str) -> None:
        """Reports the selection in force. If clients do not know the torrent's files yet, also reports the files."""
        parts, record = self._parts, self._records.of(torrent)
        undiscovered = record.pending is not None and record.pending.undiscovered
        layout = parts.session.layout(torrent)
        if layout is not None:
            selected = sum(1 for file in layout.files if file.priority)
            parts.emit(SelectionChanged(torrent=torrent, selected=selected, files=len(layout.files)))
            for event in metadata_events(torrent, layout, restored=not undiscovered):
                parts.emit(event)
        if undiscovered:
            record.begin().undiscovered = False
            self._records.note(torrent, record)
        else:
            parts.session.call_peers(torrent)  # more files may be selected of a torrent that was complete

    def rules_known(self, torrent: str) -> bool:
        """Applies an evaluated selection. Returns whether a loaded torrent was waiting for the evaluation."""
        record = self._records.get(torrent)
        if record is None or record.pending is None or not record.pending.selecting:
            return False
        record.pending.selecting = False
        record.pending.selections -= 1
        self._records.note(torrent, record)
        return True
