"""Applies selections: which files of a torrent are wanted, told once libtorrent has taken the priorities."""

from engine_proc.resume.resume_policy import Urgency
from engine_proc.session.metadata_events import metadata_events
from engine_proc.session.session_port import NotSelected
from engine_proc.torrents.parts import Parts
from engine_proc.torrents.records import Records
from protocol.wire.desired import DesiredTorrent
from protocol.wire.events import SelectionChanged


class Selections:
    """One session's. How many of each torrent are under way is in its record.

    Args:
        parts: what works on its torrents.
        records: the dispatcher's.
    """

    def __init__(self, parts: Parts, records: Records) -> None:
        self._parts = parts
        self._records = records

    def apply(self, torrent: str, desired: DesiredTorrent) -> bool:
        """Has the selection's priorities applied; False while there is no metadata."""
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
        """A client wants other files. Of a torrent without metadata, or that is not judged, it is only remembered."""
        if self._records.of(torrent).unjudged or not self.apply(torrent, desired):
            self._parts.emit(SelectionChanged(torrent=torrent))

    def discover(self, torrent: str, desired: DesiredTorrent) -> None:
        """A magnet link's files are known and in bounds: they are told of once it is known which are wanted."""
        record = self._records.of(torrent)
        pending = record.begin()
        pending.unjudged = False
        self._parts.policy.mark_dirty(torrent, Urgency.AT_ONCE, self._parts.clock())
        pending.undiscovered = True
        if not self.apply(torrent, desired):
            pending.undiscovered = False
            self._records.note(torrent, record)

    def applied(self, torrent: str) -> bool:
        """libtorrent has taken a torrent's priorities: whether they were the last ones that were under way."""
        record = self._records.get(torrent)
        pending = None if record is None else record.pending
        if record is None or pending is None or pending.selections == 0:
            return False
        pending.selections -= 1
        self._records.note(torrent, record)
        return pending.selections == 0

    def tell(self, torrent: str) -> None:
        """Tells of the selection that is in force, and of a torrent's files, where those are news."""
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
            parts.session.call_peers(torrent)  # more may be wanted of one that was complete

    def rules_known(self, torrent: str) -> bool:
        """It is known which files are wanted: whether a torrent in the session has waited for that."""
        record = self._records.get(torrent)
        if record is None or record.pending is None or not record.pending.selecting:
            return False
        record.pending.selecting = False
        record.pending.selections -= 1
        self._records.note(torrent, record)
        return True
