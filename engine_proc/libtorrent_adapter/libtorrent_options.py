"""The session port's calls about the options of a torrent."""

from typing import Any, Final

import libtorrent

from engine_proc.files.end_pieces import end_pieces
from engine_proc.libtorrent_adapter.libtorrent_calls import TorrentCalls
from engine_proc.libtorrent_adapter.parsing.libtorrent_flags import OPTION_FLAGS, flags_of
from engine_proc.session import faults, recorded
from protocol.wire.desired import TorrentOptions

lt: Any = libtorrent
"""Untyped: the binding's type stubs lack some flags."""

_FLAGS: Final = lt.torrent_flags


class OptionCalls(TorrentCalls):
    """The calls about options."""

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
    def enqueue(self, torrent: str) -> None:
        """Lets libtorrent's queue decide when the torrent runs. Raises UnknownTorrent."""
        handle = self._handle(torrent)
        handle.clear_error()
        handle.unset_flags(_FLAGS.upload_mode)
        handle.set_flags(_FLAGS.auto_managed)
