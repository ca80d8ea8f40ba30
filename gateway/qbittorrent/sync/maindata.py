"""Makes the answers of `sync/maindata`. Pure."""

from typing import Any

from gateway.qbittorrent.book.book import Book
from gateway.qbittorrent.sync.sessions import Answers


def maindata(book: Book, answers: Answers[int], rid: int, now_us: int) -> dict[str, Any]:
    """Returns the changes that a session does not have. If the changes are not known, returns all data.

    As in qBittorrent, changes have no empty members.

    Args:
        rid: the id of the last answer that the client got.
    """
    base = answers.base(rid)
    if base is not None and not book.reaches(base):
        base = None
    answer: dict[str, Any] = {"rid": answers.send(book.revision)}
    if base is None:
        return answer | {"full_update": True} | _everything(book, now_us)
    parts = _changes(book, base, now_us)
    return answer | {name: value for name, value in parts.items() if value}


def _everything(book: Book, now_us: int) -> dict[str, Any]:
    entries = book.torrents.entries
    for entry in entries.values():
        entry.set_clock(now_us)
    return {
        "torrents": {key: entry.row for key, entry in entries.items()},
        "categories": book.categories.values,
        "tags": list(book.tags.values),
        "trackers": {url: list(hashes) for url, hashes in book.trackers.values.items()},
        "server_state": book.server.values,
    }


def _changes(book: Book, base: int, now_us: int) -> dict[str, Any]:
    return {
        "torrents": {entry.hash: book.changes_of(entry, base, now_us) for entry in book.torrents.since(base)},
        "torrents_removed": book.torrents.removals.since(base),
        "categories": dict(book.categories.since(base)),
        "categories_removed": book.categories.removals.since(base),
        "tags": [tag for tag, _ in book.tags.since(base)],
        "tags_removed": book.tags.removals.since(base),
        "trackers": {url: list(hashes) for url, hashes in book.trackers.since(base)},
        "trackers_removed": book.trackers.removals.since(base),
        "server_state": dict(book.server.since(base)),
    }
