"""Computes paths of a torrent's content, from the files on disk and never from the torrent's name. Pure."""

from gateway.mirror.torrent import Torrent


def content_path(torrent: Torrent) -> str:
    """Returns the path of the only file, or of the root folder, or the save path. Empty if the content is not known."""
    content = torrent.row.content
    return "" if content is None else joined(torrent.row.save_path, content)


def root_path(torrent: Torrent) -> str:
    """Returns the path of the root folder. Empty if there is no root folder."""
    content = torrent.row.content
    if not content or content.startswith("/"):
        return ""
    folder, slash, _ = content.partition("/")
    if torrent.facts.files == 1 and not slash:
        return ""
    return joined(torrent.row.save_path, folder)


def joined(folder: str, path: str) -> str:
    """Joins a folder and a path. An absolute path stays the same."""
    if path.startswith("/"):
        return path
    return f"{folder.rstrip('/')}/{path}" if path else folder
