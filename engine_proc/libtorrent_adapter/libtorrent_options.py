"""The session port's calls about options, deadlines and the queue."""

from collections.abc import Callable, Sequence
from typing import Any, Final

import libtorrent

from engine_proc.files.end_pieces import end_pieces
from engine_proc.libtorrent_adapter.libtorrent_calls import TorrentCalls
from engine_proc.libtorrent_adapter.parsing.libtorrent_flags import OPTION_FLAGS, flags_of, queue_position
from engine_proc.session import faults, recorded
from engine_proc.session.queue_moves import Step, moves
from protocol.wire.desired import TorrentOptions

lt: Any = libtorrent
"""Untyped: the binding's type stubs lack some flags."""

_FLAGS: Final = lt.torrent_flags


_STEPS: Final[dict[Step, Callable[[Any], None]]] = {
    Step.TOP: lambda handle: handle.queue_position_top(),
    Step.BOTTOM: lambda handle: handle.queue_position_bottom(),
    Step.UP: lambda handle: handle.queue_position_up(),
    Step.DOWN: lambda handle: handle.queue_position_down(),
}


def _all(_: Any) -> bool:
    return True


class OptionCalls(TorrentCalls):
    """The calls about options, deadlines and the queue."""

    _session: Any

    @faults.of_torrent
    @recorded.of_torrent
    def set_options(self, torrent: str, options: TorrentOptions) -> None:
        """Sets limits and flags; see `OptionsPort`. Raises UnknownTorrent."""
        handle = self._handle(torrent)
        handle.set_max_connections(options.max_connections or -1)
        handle.set_max_uploads(options.max_uploads or -1)
        flags = flags_of(options)
        handle.set_flags(flags)
        handle.unset_flags(OPTION_FLAGS & ~flags)
        handle.max_connections()  # a round trip, after which all is in force

    @faults.of_torrent
    @recorded.of_torrent
    def prefer_ends(self, torrent: str, preferred: bool) -> None:
        """Gives the first and the last piece of each selected file top priority. Raises UnknownTorrent."""
        handle = self._handle(torrent)
        info = handle.torrent_file()
        if info is None:
            return
        storage, priorities = info.layout(), handle.get_file_priorities()
        files = (
            (storage.file_offset(index), storage.file_size(index), int(priority))
            for index, priority in enumerate(priorities)
            if not storage.file_flags(index) & storage.flag_pad_file
        )
        pieces = end_pieces(files, storage.piece_length(), preferred=preferred)
        handle.prioritize_pieces(list(pieces.items()))

    @faults.of_torrent
    @recorded.of_torrent
    def set_deadline(self, torrent: str, file: int, offset: int, length: int, due_in_ms: int) -> None:
        """Sets the deadline of the pieces of a part of a file; see `OptionsPort`. Raises UnknownTorrent."""
        handle = self._handle(torrent)
        info = handle.torrent_file()
        if info is None or file >= info.layout().num_files():
            return
        storage = info.layout()
        start = storage.file_offset(file) + offset
        first, last = start // storage.piece_length(), (start + length - 1) // storage.piece_length()
        for piece in range(first, min(last + 1, storage.num_pieces())):
            # The earlier a piece is in the file, the earlier it is wanted.
            handle.set_piece_deadline(piece, max(0, due_in_ms - (last - piece)))

    @recorded.of_session
    def arrange_queue(self, torrents: Sequence[str]) -> None:
        """Moves these torrents, in this order, to the top of libtorrent's queue; see `OptionsPort`."""
        places = []
        for status in self._session.get_torrent_status(_all, 0):
            torrent, position = self._handles.torrents.get(status.handle), queue_position(status)
            if torrent is not None and position is not None:
                places.append((position, torrent))
        for torrent, step, times in moves([torrent for _, torrent in sorted(places)], torrents):
            handle = self._handles.by_torrent[torrent]
            for _ in range(times):
                _STEPS[step](handle)

    @faults.of_torrent
    @recorded.of_torrent
    def enqueue(self, torrent: str) -> None:
        """Lets libtorrent's queue decide when the torrent runs. Raises UnknownTorrent."""
        handle = self._handle(torrent)
        handle.clear_error()
        handle.unset_flags(_FLAGS.upload_mode)
        handle.set_flags(_FLAGS.auto_managed)
