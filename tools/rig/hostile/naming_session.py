"""`-m tools.rig.hostile.naming_session DIRECTORY SEED NAMES [LOCALE]`: checks the files of hostile torrents.

Each torrent is added to libtorrent in the same way and with the same locale as in an engine. Then it gets its content.
The files on disk are compared with three lists of paths:

- the paths that were checked before
- the paths of the loaded torrent
- the paths that clients see

Then the torrent is removed with its files. The process writes one JSON document.

LOCALE overrides the session's locale. With `C` the comparison must find differences.
"""

import itertools
import json
import locale
import os
import shutil
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any, Final

import msgspec

from engine_proc.storage.confinement import Judge
from engine_proc.storage.storage_watch import RealDisk
from protocol.host import utf8
from protocol.internal.bounds import Bounds
from protocol.wire.desired import DesiredTorrent
from tools.rig.hostile.naming import Named, torrents

DEADLINE_S: Final = 60.0
TOLD: Final = 20
"""The maximum number of problems that are reported in full."""


class Comparison:
    """One session, one download root, and the problems that were found so far.

    Args:
        directory: an empty directory. The root is several levels below, so files that leave the root by `..` are found.
    """

    def __init__(self, directory: Path) -> None:
        from engine_proc.libtorrent_adapter.libtorrent_session import LibtorrentSession
        from tools.rig.probe import LOOPBACK, Probe

        self._directory = directory
        self._root = directory / "a" / "b" / "root"
        self._root.mkdir(parents=True)
        for place in (self._root, *list(self._root.parents)[:3]):
            (place / "sentinel").write_bytes(b"sentinel")
        self._session = LibtorrentSession(LOOPBACK, download_bps=0, upload_bps=0, torrents=10)
        self._probe = Probe(self._session)
        self._numbers = itertools.count()
        self.counts: Counter[str] = Counter()
        self.differences: list[str] = []
        self.outside: list[str] = []

    def compare(self, named: Named) -> None:
        """Adds a torrent, compares its paths, and removes it."""
        from engine_proc.session.session_port import InvalidSource

        save_path = self._root / f"s{next(self._numbers)}-é"
        desired = DesiredTorrent(
            torrent=named.made.torrent, source="metainfo", save_path=str(save_path), name="", seed_mode=False
        )
        try:
            source = self._session.inspect(magnet=None, metainfo=named.made.metainfo, save_path=str(save_path))
            judged, resume = list(source.paths), None
            if named.mapped:
                resume = self._with_names(named, desired)
                examined = self._session.examine(desired, metainfo=named.made.metainfo, resume=resume)
                judged = [*examined.others, *(file.path for file in examined.claimed)]
        except InvalidSource:
            self.counts["refused_by_libtorrent"] += named.files
            return
        if source.torrent != named.made.torrent:  # a hybrid torrent, which has two ids
            desired = DesiredTorrent(torrent=source.torrent, source="metainfo", save_path=str(save_path), name="")
        escape = Judge(Bounds([str(self._root)], []), RealDisk()).escape(judged)
        if escape is None:
            self._run(named, desired, judged, resume)
            shutil.rmtree(save_path, ignore_errors=True)
        else:
            self.counts["refused_by_judge"] += named.files
            if not named.mapped:
                self._different(named, f"a torrent's own name was refused: {escape}")

    def _run(self, named: Named, desired: DesiredTorrent, judged: list[str], resume: bytes | None) -> None:
        from engine_proc.libtorrent_adapter.parsing import libtorrent_sources
        from engine_proc.resume.pieces import Verified
        from engine_proc.session.alerts import (
            FileError,
            Flushed,
            MetadataReceived,
            TorrentAdded,
            TorrentGone,
            TorrentTrouble,
        )

        torrent = desired.torrent
        metainfo = named.made.metainfo
        if resume is not None:
            self._session.resume(desired, metainfo=metainfo, resume=resume, verified=Verified())
        elif named.by_magnet:
            magnet = msgspec.structs.replace(desired, source="magnet", magnet=named.made.magnet)
            self._session.add(magnet, metainfo=None, resume=None)
        else:
            self._session.add(desired, metainfo=metainfo, resume=None)
        added = self._probe.take(TorrentAdded, torrent)
        assert added.problem is None, added
        handle: Any = self._session._handle(torrent)
        if named.by_magnet:
            handle.set_metadata(libtorrent_sources.parse_metainfo(metainfo).ti.info_section())
            self._probe.take(MetadataReceived, torrent)
            if set(judged) != set(self._session.paths(torrent)):
                self._different(named, "the files of the magnet link are judged to be elsewhere")
            self._session.set_selection(torrent, desired)
        self._until(lambda: self._checked(handle))
        for index, piece in enumerate(named.pieces):
            handle.add_piece(index, piece, 0)
        self._until(lambda: self._done(handle))
        self._session.flush(torrent)
        self._probe.take(Flushed, torrent)
        failed = bool(self._probe.waiting(FileError, torrent) or self._probe.waiting(TorrentTrouble, torrent))
        layout = self._session.layout(torrent)
        assert layout is not None
        shown = {self._absolute(desired.save_path, file.path): file.size for file in layout.files}
        self.counts["torrents"] += 1
        self.counts["refused_by_disk" if failed else "names"] += named.files
        self._hold_against_disk(named, judged, self._session.paths(torrent), shown, failed=failed)
        self._session.remove(torrent, delete_files=True)
        self._probe.take(TorrentGone, torrent)
        left = self._on_disk()
        if left:
            self._different(named, f"left after the removal: {sorted(left)[:3]}")
            for path in left:
                Path(os.fsdecode(path)).unlink()
        self._probe.discard()

    def _until(self, condition: Callable[[], bool]) -> None:
        deadline = time.monotonic() + DEADLINE_S
        while not condition():
            assert time.monotonic() < deadline, "it was not checked, or not completed, in time"
            self._probe.pump(0.002)

    def _checked(self, handle: Any) -> bool:
        status = handle.status()
        return bool(status.errc.value()) or status.state not in (
            type(status).states.checking_files,
            type(status).states.checking_resume_data,
        )

    def _done(self, handle: Any) -> bool:
        status = handle.status()
        return bool(status.errc.value() or status.is_seeding)

    def _hold_against_disk(
        self, named: Named, judged: Iterable[str], running: Iterable[str], shown: dict[str, int], *, failed: bool
    ) -> None:
        found = self._on_disk()
        part_file, *ways_of_running = map(_normal, running)
        ways = {_normal(path) for path in judged}
        if ways != {part_file, *ways_of_running}:
            self._different(named, "what was judged is not what runs")
        ways.discard(part_file)
        files = {path: size for path, size in found.items() if path != part_file}
        if named.mapped:  # resume data may give a file the path of another's folder; then that file does not exist
            ways -= {above for path in files for above in _above(path)}
        listed = {_normal(path): size for path, size in shown.items()}
        self.counts["files"] += len(files)
        if failed:  # for example, a path is too long for this file system
            pass
        elif files.keys() != ways:
            self._different(named, f"on the disk {sorted(files)[:3]}, judged {sorted(ways)[:4]}")
        elif not named.mapped and files != listed:  # if resume data gives two files one path, the disk has one file
            self._different(named, f"on the disk {sorted(files.items())[:3]}, shown {sorted(listed.items())[:3]}")
        stray = files.keys() - ways
        if stray:
            self._different(named, f"on the disk, and not judged: {sorted(stray)[:3]}")

    def _on_disk(self) -> dict[bytes, int]:
        """The sizes of all files below the directory except the sentinels. Reports missing sentinels."""
        found, root = {}, os.fsencode(self._root) + b"/"
        sentinels = 0
        for above, _, names in os.walk(os.fsencode(self._directory)):
            for name in names:
                path = above + b"/" + name
                if name == b"sentinel" and root.startswith(above + b"/"):
                    sentinels += 1
                    continue
                found[path] = os.lstat(path).st_size
                if not path.startswith(root):
                    self.outside.append(repr(path))
        if sentinels != 4:
            self.outside.append(f"{4 - sentinels} sentinels are gone")
        return found

    def _with_names(self, named: Named, desired: DesiredTorrent) -> bytes:
        import libtorrent

        lt: Any = libtorrent
        params = lt.load_torrent_buffer(named.made.metainfo)
        params.save_path = desired.save_path
        mapped = {index: name.replace("{root}", str(self._root)) for index, name in named.mapped.items()}
        params.renamed_files = {**params.renamed_files, **mapped}
        blob: bytes = lt.write_resume_data_buf(params)
        return blob

    @staticmethod
    def _absolute(save_path: str, path: str) -> str:
        return path if path.startswith("/") else f"{save_path}/{path}"

    def _different(self, named: Named, what: str) -> None:
        self.differences.append(f"{named.kind} {named.made.torrent}: {what}")


def _above(path: bytes) -> Iterator[bytes]:
    """The parent directories of a path."""
    while path := path.rpartition(b"/")[0]:
        yield path


def _normal(path: str) -> bytes:
    """The bytes of a path in normal form. There are no links."""
    return os.path.normpath(path.encode())


def main() -> None:
    """Runs the comparison, and writes the result."""
    directory, seed, names = Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
    utf8.require_python_utf8()
    if len(sys.argv) > 4:
        os.environ.pop("LANG", None)
        locale.setlocale(locale.LC_CTYPE, sys.argv[4])
    else:
        utf8.use_utf8_locale()
    comparison = Comparison(directory)
    for named in torrents(seed):
        comparison.compare(named)
        if comparison.counts["names"] >= names:
            break
    document = {
        **comparison.counts,
        "differences": len(comparison.differences),
        "outside": len(comparison.outside),
        "told": [*comparison.differences[:TOLD], *comparison.outside[:TOLD]],
    }
    sys.stdout.write(json.dumps(document))
    sys.stdout.flush()
    os._exit(0)


if __name__ == "__main__":
    main()
