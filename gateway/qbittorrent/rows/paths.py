"""Paths of a torrent's content. They come from its files on disk, never from its name. Pure."""

from gateway.mirror.torrent import Torrent


def content_path(torrent: Torrent) -> str:
    """Returns the path of the only file, or of the root folder, or else the save path; empty while unknown."""
    content = torrent.row.content
    return "" if content is None else joined(torrent.row.save_path, content)


def root_path(torrent: Torrent) -> str:
    """Returns the path of the root folder; empty if there is none."""
    content = torrent.row.content
    if not content or content.startswith("/"):
        return ""
    folder, slash, _ = content.partition("/")
    if torrent.facts.files == 1 and not slash:
        return ""
    return joined(torrent.row.save_path, folder)


def joined(folder: str, path: str) -> str:
    """Returns a path below a folder. An absolute path stays as it is."""
    if path.startswith("/"):
        return path
    return f"{folder.rstrip('/')}/{path}" if path else folder
