"""`[watch]`: folders with .torrent and .magnet files to add."""

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import msgspec

from protocol.configuration.config_section import Section
from protocol.text.scrub import is_utf8
from protocol.wire.commands.kinds import MAX_LABELS, CategoryName, Label


class WatchFolder(Section, frozen=True, kw_only=True):
    """`[[watch.folders]]`: a folder.

    Fields:
        path: the absolute path of the folder.
        save_path: where torrents from the folder are saved. It is an absolute path inside the download roots. The
            default is the category's path, or the first root.
        category: the category of torrents from the folder.
        labels: the labels of torrents from the folder.
        paused: whether torrents from the folder are added paused.
    """

    path: str
    save_path: str | None = None
    labels: Annotated[list[Label], msgspec.Meta(max_length=MAX_LABELS)] = []
    paused: bool = False
    category: CategoryName | None = None


class WatchConfig(Section, frozen=True, kw_only=True):
    """`[watch]`.

    Fields:
        folders: the folders. Their subfolders are ignored.
    """

    folders: list[WatchFolder] = []


def check(watch: WatchConfig) -> Iterator[tuple[str, str]]:
    """Yields pairs of a key and its problem."""
    seen: dict[str, int] = {}
    for index, folder in enumerate(watch.folders):
        key = f"watch.folders[{index}]"
        for name in ("path", "save_path"):
            value = getattr(folder, name)
            if value is not None and ("\0" in value or not is_utf8(value) or not Path(value).is_absolute()):
                yield f"{key}.{name}", f"{value!r} is not an absolute path in UTF-8"
        other = seen.setdefault(str(Path(folder.path)), index)
        if other != index:
            yield f"{key}.path", f"{folder.path!r} is the path of watch.folders[{other}], too"
