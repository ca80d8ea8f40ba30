"""The method `torrent-get`."""

import time
from typing import Any

import msgspec

from gateway.transmission.arguments import Arguments, texts
from gateway.transmission.face import Face
from gateway.transmission.failure import Code, Failure
from gateway.transmission.queue import positions
from gateway.transmission.selection import is_recent
from gateway.transmission.torrents.torrent_fields import FIELDS, Scope
from gateway.transmission.torrents.values import values_of

_ENCODER = msgspec.json.Encoder()


def _scope(face: Face, names: list[str]) -> Scope:
    position = positions(face.mirror) if "queuePosition" in names else {}
    return Scope(
        now_s=int(time.time()),
        number_of=face.number_of,
        position=position,
        directory=str(face.gateway.config.state_dir),
    )


async def torrent_get(face: Face, arguments: Arguments) -> dict[str, Any]:
    """Returns fields of torrents. Ignores unknown fields.

    Each row is encoded at once. Thousands of rows that are not encoded would be slow, because the garbage collector
    visits all their objects. For JSON-RPC, the fields of a row get their new names before the encoding.
    """
    asked = texts(arguments, "fields")
    if asked is None:
        raise Failure("no fields specified", Code.INVALID_PARAMS, {"torrents": []})
    names = [name for name in dict.fromkeys(asked) if name in FIELDS]
    since = face.since()
    torrents = face.torrents(arguments)
    kinds = {kind for name in names for kind in FIELDS[name].needs}
    if kinds:
        await face.details.read(torrents, kinds)
    scope = _scope(face, names)
    getters = [FIELDS[name].value for name in names]
    table = arguments.get("format") == "table"
    rows: list[Any] = [names] if table else []
    for torrent in torrents:
        known = face.details.of(torrent)
        values = values_of(getters, torrent, scope, known)
        row = values if table else dict(zip(names, values, strict=True))
        rows.append(row if face.newest else msgspec.Raw(_ENCODER.encode(row)))
    answer: dict[str, Any] = {"torrents": rows}
    if is_recent(arguments):
        gone = face.mirror.removed_since(since) or []
        answer["removed"] = [face.number_of(each) for each in gone]
    return answer


def describe(face: Face, torrent: str) -> dict[str, Any]:
    """The id, name and hash of a torrent, for the answer of `torrent-add`."""
    names = ["id", "name", "hashString"]
    found = face.mirror.torrents.get(torrent)
    if found is None:
        return dict(zip(names, (face.number_of(torrent), torrent, torrent), strict=True))
    scope = _scope(face, names)
    getters = [FIELDS[name].value for name in names]
    return dict(zip(names, values_of(getters, found, scope, face.details.of(found)), strict=True))
