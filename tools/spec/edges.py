"""Vectors of edge cases: frames that every codec must accept, that no codec may accept, and that a server refuses."""

import struct
from collections.abc import Iterator
from typing import Any, Final

from protocol.wire import codec
from protocol.wire.commands.kinds import MAX_PAGE
from protocol.wire.desired import LIMIT_MAX_BPS
from protocol.wire.envelope import MAX_DEADLINE_MS
from protocol.wire.errors import ErrorKind
from tools.spec import samples
from tools.spec.vectors import Vector

_KEY: Final = b"\x81\xa1a"
"""The beginning of a map with one member `a`, up to its value."""

_BIG: Final = codec.MAX_INTEGER

_INTEGERS: Final[dict[str, tuple[bytes, int]]] = {
    "positive fixint 0": (b"\x00", 0),
    "positive fixint 127": (b"\x7f", 127),
    "negative fixint -1": (b"\xff", -1),
    "negative fixint -32": (b"\xe0", -32),
    "uint8 128": (b"\xcc\x80", 128),
    "uint8 255": (b"\xcc\xff", 255),
    "uint8 0, longer than it needs to be": (b"\xcc\x00", 0),
    "uint16 256": (b"\xcd\x01\x00", 256),
    "uint16 65535": (b"\xcd\xff\xff", 65_535),
    "uint16 1, longer than it needs to be": (b"\xcd\x00\x01", 1),
    "uint32 65536": (b"\xce\x00\x01\x00\x00", 65_536),
    "uint32 4294967295": (b"\xce\xff\xff\xff\xff", 2**32 - 1),
    "uint32 2, longer than it needs to be": (b"\xce\x00\x00\x00\x02", 2),
    "uint64 4294967296": (b"\xcf" + struct.pack(">Q", 2**32), 2**32),
    "uint64 2^53-1": (b"\xcf" + struct.pack(">Q", _BIG), _BIG),
    "uint64 3, longer than it needs to be": (b"\xcf" + struct.pack(">Q", 3), 3),
    "int8 -33": (b"\xd0\xdf", -33),
    "int8 -128": (b"\xd0\x80", -128),
    "int8 5, longer than it needs to be": (b"\xd0\x05", 5),
    "int16 -129": (b"\xd1\xff\x7f", -129),
    "int16 -32768": (b"\xd1\x80\x00", -32_768),
    "int16 -1, longer than it needs to be": (b"\xd1\xff\xff", -1),
    "int32 -32769": (b"\xd2\xff\xff\x7f\xff", -32_769),
    "int32 -2147483648": (b"\xd2\x80\x00\x00\x00", -(2**31)),
    "int32 7, longer than it needs to be": (b"\xd2\x00\x00\x00\x07", 7),
    "int64 -2147483649": (b"\xd3" + struct.pack(">q", -(2**31) - 1), -(2**31) - 1),
    "int64 -(2^53-1)": (b"\xd3" + struct.pack(">q", -_BIG), -_BIG),
    "int64 2^53-1, as a signed number": (b"\xd3" + struct.pack(">q", _BIG), _BIG),
    "int64 -5, longer than it needs to be": (b"\xd3" + struct.pack(">q", -5), -5),
}

_STRINGS: Final[dict[str, str]] = {
    "empty": "",
    "31 bytes": "x" * 31,
    "of two-byte characters": "äöü",
    "of three-byte characters": "鷦鷯",
    "of four-byte characters": "\U0001f426\U0001f30a",
    "with NUL": "a\0b",
    "with U+FFFD, which is a character as any other": "\ufffd",
    "with a byte order mark": "\ufeffa",
    "in decomposed form": "u\u0308",
}


def accepted() -> Iterator[Vector]:
    """Well-formed frames. A decoder must accept all of them. An encoder may choose any form."""
    for name, (packed, value) in _INTEGERS.items():
        yield Vector(name, _KEY + packed, {"a": value})
    for name, packed, number in (
        ("float64 0.5", b"\xcb" + struct.pack(">d", 0.5), 0.5),
        ("float64 -1.5e300", b"\xcb" + struct.pack(">d", -1.5e300), -1.5e300),
        ("float64 1.0", b"\xcb" + struct.pack(">d", 1.0), 1.0),
        ("float32 0.25", b"\xca" + struct.pack(">f", 0.25), 0.25),
        ("float32 1/3, whose value is the nearest float32", b"\xca" + struct.pack(">f", 1 / 3), 0.3333333432674408),
    ):
        yield Vector(name, _KEY + packed, {"a": number})
    for name, plain in (("null", None), ("false", False), ("true", True)):
        yield Vector(name, codec.encode({"a": plain}), {"a": plain})
    for name, text in _STRINGS.items():
        yield Vector(f"string {name}", codec.encode({"a": text}), {"a": text})
    yield Vector("str8", _KEY + b"\xd9\x20" + b"y" * 32, {"a": "y" * 32})
    yield Vector("str8, longer than it needs to be", _KEY + b"\xd9\x01z", {"a": "z"})
    yield Vector("str16", _KEY + b"\xda\x01\x00" + b"y" * 256, {"a": "y" * 256})
    yield Vector("str16, longer than it needs to be", _KEY + b"\xda\x00\x01z", {"a": "z"})
    yield Vector("str32, longer than it needs to be", _KEY + b"\xdb\x00\x00\x00\x01z", {"a": "z"})
    yield Vector("bin8 empty", _KEY + b"\xc4\x00", {"a": b""})
    yield Vector("bin8, all byte values", _KEY + b"\xc4\xff" + bytes(range(255)), {"a": bytes(range(255))})
    yield Vector("bin8 that is no UTF-8", _KEY + b"\xc4\x02\xff\xfe", {"a": b"\xff\xfe"})
    yield Vector("bin16", _KEY + b"\xc5\x01\x00" + bytes(range(256)), {"a": bytes(range(256))})
    yield Vector("bin32, longer than it needs to be", _KEY + b"\xc6\x00\x00\x00\x01\x00", {"a": b"\0"})
    yield Vector("fixarray empty", _KEY + b"\x90", {"a": []})
    yield Vector("array16", _KEY + b"\xdc\x00\x10" + b"\x01" * 16, {"a": [1] * 16})
    yield Vector("array32, longer than it needs to be", _KEY + b"\xdd\x00\x00\x00\x01\x01", {"a": [1]})
    yield Vector("fixmap empty", b"\x80", {})
    yield Vector("map16, longer than it needs to be", b"\xde\x00\x01\xa1a\x01", {"a": 1})
    yield Vector("map32, longer than it needs to be", b"\xdf\x00\x00\x00\x01\xa1a\x01", {"a": 1})
    wide = {f"k{number:02}": number for number in range(20)}
    yield Vector("map16 of 20 members", codec.encode(wide), wide)
    yield Vector("an empty key", b"\x81\xa0\x01", {"": 1})
    yield Vector("a key in str8", b"\x81\xd9\x01a\x01", {"a": 1})
    yield Vector(
        "a mixed array", codec.encode({"a": [1, "b", b"c", None, 0.5, {}]}), {"a": [1, "b", b"c", None, 0.5, {}]}
    )
    deep: Any = "bottom"
    for _ in range(codec.MAX_DEPTH - 1):
        deep = [deep]
    yield Vector("16 levels: a map and 15 arrays", codec.encode({"a": deep}), {"a": deep})
    maps: Any = {}
    for _ in range(codec.MAX_DEPTH - 1):
        maps = {"a": maps}
    yield Vector("16 levels of maps", codec.encode(maps), maps)


def rejected() -> Iterator[Vector]:
    """Frames that no decoder may accept."""
    whole = codec.encode({"v": 1, "id": "a", "op": "ping", "args": {"x": [1.5, b"yy"]}})
    broken = (ErrorKind.MALFORMED_FRAME, "frame")
    for length in range(1, len(whole)):
        yield _broken(f"cut off after {length} of {len(whole)} bytes", whole[:length])
    yield _broken("a byte too many", whole + b"\x00")
    yield _broken("two messages in one frame", whole + whole)
    yield _broken("the byte that msgpack never uses", _KEY + b"\xc1")
    for name, packed in (
        ("fixext1", b"\xd4\x01\x00"),
        ("fixext2", b"\xd5\x01\x00\x00"),
        ("fixext4, a timestamp", b"\xd6\xff\x00\x00\x00\x00"),
        ("fixext8, a timestamp", b"\xd7\xff" + bytes(8)),
        ("fixext16", b"\xd8\x01" + bytes(16)),
        ("ext8", b"\xc7\x01\x05\x00"),
        ("ext8, a timestamp", b"\xc7\x0c\xff" + bytes(12)),
        ("ext16", b"\xc8\x00\x01\x05\x00"),
        ("ext32", b"\xc9\x00\x00\x00\x01\x05\x00"),
    ):
        yield _broken(f"extension type: {name}", _KEY + packed)
    for name, packed in (
        ("a number", b"\x01"),
        ("null", b"\xc0"),
        ("a boolean", b"\xc3"),
        ("bytes", b"\xc4\x01a"),
        ("an array", b"\x91\x01"),
        ("a map", b"\x80"),
        ("a float", b"\xca\x00\x00\x00\x00"),
    ):
        yield _broken(f"a key that is {name}", b"\x81" + packed + b"\x01")
    for name, packed in (
        ("a lone continuation byte", b"\xa1\x80"),
        ("a byte that UTF-8 never has", b"\xa1\xff"),
        ("a character that is cut off", b"\xa2\xe2\x82"),
        ("an overlong form", b"\xa2\xc0\x80"),
        ("a surrogate", b"\xa3\xed\xa0\x80"),
        ("beyond U+10FFFF", b"\xa4\xf4\x90\x80\x80"),
    ):
        yield _broken(f"a string that is no UTF-8: {name}", _KEY + packed)
    yield _broken("a key that is no UTF-8", b"\x81\xa1\xff\x01")
    yield _broken("uint64 2^53", _KEY + b"\xcf" + struct.pack(">Q", 2**53))
    yield _broken("uint64 2^64-1", _KEY + b"\xcf" + b"\xff" * 8)
    yield _broken("int64 -(2^53)", _KEY + b"\xd3" + struct.pack(">q", -(2**53)))
    yield _broken("int64 2^53, as a signed number", _KEY + b"\xd3" + struct.pack(">q", 2**53))
    too_deep = (ErrorKind.TOO_DEEP, "frame")
    yield Vector("17 levels: a map and 16 arrays", _KEY + b"\x91" * 15 + b"\x90", error=too_deep, by="codec")
    yield Vector("17 levels of maps", _KEY * 16 + b"\x80", error=too_deep, by="codec")
    yield Vector("1000 levels", _KEY + b"\x91" * 998 + b"\x90", error=too_deep, by="codec")
    too_large = (ErrorKind.FRAME_TOO_LARGE, "frame")
    yield Vector("an array that claims 2^32-1 members", _KEY + b"\xdd" + b"\xff" * 4, error=too_large, by="codec")
    yield Vector("a map that claims 2^32-1 members", b"\xdf" + b"\xff" * 4 + b"\xa1a\x01", error=too_large, by="codec")
    yield Vector("a string that claims 2^32-1 bytes", _KEY + b"\xdb" + b"\xff" * 4 + b"x", error=broken, by="codec")
    yield Vector("bytes that claim 2^32-1 bytes", _KEY + b"\xc6" + b"\xff" * 4 + b"x", error=broken, by="codec")
    envelope = (ErrorKind.INVALID_ENVELOPE, "frame")
    for name, value in (
        ("an array", [1]),
        ("a number", 1),
        ("a string", "ping"),
        ("bytes", b"ping"),
        ("null", None),
        ("a boolean", True),
    ):
        yield Vector(f"not a map but {name}", codec.encode(value), error=envelope, by="codec")


def refused() -> Iterator[Vector]:
    """Well-formed maps that are no valid request. A server answers them with the error."""
    good = {"v": 1, "id": "a", "op": "ping"}
    envelope = ErrorKind.INVALID_ENVELOPE
    for name, changes, kind, field in (
        ("without v", {"v": ...}, envelope, "v"),
        ("without id", {"id": ...}, envelope, "id"),
        ("without op", {"op": ...}, envelope, "op"),
        ("v is 2", {"v": 2}, ErrorKind.UNSUPPORTED_VERSION, "v"),
        ("v is 0", {"v": 0}, ErrorKind.UNSUPPORTED_VERSION, "v"),
        ("v is a string", {"v": "1"}, envelope, "v"),
        ("v is null", {"v": None}, envelope, "v"),
        ("v is true", {"v": True}, envelope, "v"),
        ("v is false", {"v": False}, envelope, "v"),
        ("id is null", {"id": None}, envelope, "id"),
        ("id is negative", {"id": -1}, envelope, "id"),
        ("id is a fraction", {"id": 0.5}, envelope, "id"),
        ("id is bytes", {"id": b"a"}, envelope, "id"),
        ("id is too long", {"id": "i" * 201}, envelope, "id"),
        ("op is a number", {"op": 1}, envelope, "op"),
        ("args is null", {"args": None}, envelope, "args"),
        ("args is an array", {"args": []}, envelope, "args"),
        ("client is a number", {"client": 1}, envelope, "client"),
        ("client is too long", {"client": "c" * 201}, envelope, "client"),
        ("wait is unknown", {"wait": "later"}, envelope, "wait"),
        ("wait is null", {"wait": None}, envelope, "wait"),
        ("deadline_ms is 0", {"deadline_ms": 0}, envelope, "deadline_ms"),
        ("deadline_ms is too much", {"deadline_ms": MAX_DEADLINE_MS + 1}, envelope, "deadline_ms"),
        ("deadline_ms is a string", {"deadline_ms": "100"}, envelope, "deadline_ms"),
        ("op is empty", {"op": ""}, ErrorKind.UNKNOWN_OP, "op"),
        ("op is unknown", {"op": "make_coffee"}, ErrorKind.UNKNOWN_OP, "op"),
        ("op in capitals", {"op": "PING"}, ErrorKind.UNKNOWN_OP, "op"),
    ):
        message = {member: value for member, value in {**good, **changes}.items() if value is not ...}
        yield Vector(f"envelope: {name}", codec.encode(message), message, (kind, field), "server")
    for op, name, args, field in _BAD_ARGUMENTS:
        given = {member: value for member, value in {**samples.needed(op), **args}.items() if value is not ...}
        message = {"v": 1, "id": "a", "op": op, "args": given}
        blamed = (ErrorKind.INVALID_ARGUMENT, field)
        yield Vector(f"{op}: {name}", codec.encode(message), message, blamed, "server")


def _broken(name: str, frame: bytes) -> Vector:
    return Vector(name, frame, error=(ErrorKind.MALFORMED_FRAME, "frame"), by="codec")


_BAD_ARGUMENTS: Final[tuple[tuple[str, str, dict[str, Any], str], ...]] = (
    ("get_torrent", "without torrent", {"torrent": ...}, "args.torrent"),
    ("get_torrent", "an id in capitals", {"torrent": samples.TORRENT.upper()}, "args.torrent"),
    ("get_torrent", "an id that is too short", {"torrent": samples.TORRENT[:-1]}, "args.torrent"),
    ("get_torrent", "an id with a newline", {"torrent": samples.TORRENT + "\n"}, "args.torrent"),
    ("get_torrent", "an id in bytes", {"torrent": bytes.fromhex(samples.TORRENT)}, "args.torrent"),
    ("list_torrents", "limit is 0", {"limit": 0}, "args.limit"),
    ("list_torrents", "limit is too much", {"limit": MAX_PAGE + 1}, "args.limit"),
    ("list_torrents", "limit is a string", {"limit": "10"}, "args.limit"),
    ("list_torrents", "limit is a fraction", {"limit": 0.5}, "args.limit"),
    ("list_torrents", "limit is a float, although a whole one", {"limit": 10.0}, "args.limit"),
    ("list_torrents", "limit is true", {"limit": True}, "args.limit"),
    ("list_torrents", "an unknown state", {"state": "dreaming"}, "args.state"),
    ("list_torrents", "an id that is none", {"ids": [samples.TORRENT, "x"]}, "args.ids[1]"),
    ("replay", "without epoch", {"epoch": ...}, "args.epoch"),
    ("replay", "a negative number", {"after_seq": -1}, "args.after_seq"),
    ("get_crash", "a name that is a path", {"name": "../../etc/passwd"}, "args.name"),
    ("add_torrent", "metainfo is a string", {"metainfo": "d4:infode"}, "args.metainfo"),
    ("add_torrent", "magnet is bytes", {"magnet": b"magnet:"}, "args.magnet"),
    ("add_torrent", "paused is null", {"paused": None}, "args.paused"),
    ("add_torrent", "paused is a number", {"paused": 1}, "args.paused"),
    ("add_torrent", "a negative limit", {"download_bps": -1}, "args.download_bps"),
    ("add_torrent", "a limit that is too much", {"upload_bps": LIMIT_MAX_BPS + 1}, "args.upload_bps"),
    ("add_torrent", "a tracker of another scheme", {"trackers": ["gopher://x"]}, "args.trackers[0]"),
    ("add_torrent", "a tracker with a line break", {"trackers": ["http://x\r\nHost:y"]}, "args.trackers[0]"),
    ("add_torrent", "a web seed of another scheme", {"web_seeds": ["udp://x"]}, "args.web_seeds[0]"),
    ("add_torrent", "an empty label", {"labels": [""]}, "args.labels[0]"),
    ("add_torrent", "an empty glob", {"rules": {"include": [""]}}, "args.rules.include[0]"),
    ("add_torrent", "rules is an array", {"rules": []}, "args.rules"),
    ("add_torrent", "a priority that is too much", {"priorities": [4, 8]}, "args.priorities[1]"),
    ("add_torrent", "an index with a leading zero", {"priorities": {"01": 4}}, "args.priorities"),
    ("remove_torrent", "delete_files is a string", {"delete_files": "yes"}, "args.delete_files"),
    ("set_sequential", "without sequential", {"sequential": ...}, "args.sequential"),
    ("update_limits", "a limit that is null", {"upload_bps": None}, "args.upload_bps"),
    ("update_limits", "alternative is a string", {"alternative": "on"}, "args.alternative"),
    ("update_goals", "a negative goal", {"ratio": -1}, "args.ratio"),
    ("update_goals", "a goal of another word", {"seeding_time_s": "global"}, "args.seeding_time_s"),
    ("update_goals", "inactivity of 0 seconds", {"inactive_time_s": 0}, "args.inactive_time_s"),
    ("update_goals", "an action that is null", {"action": None}, "args.action"),
    (
        "update_limits",
        "a word that is no limit",
        {"alternative_limits": {"upload_bps": "none"}},
        "args.alternative_limits.upload_bps",
    ),
    (
        "update_limits",
        "a time that is none",
        {"alternative_limits": {"schedule": [{"from": "24:00", "to": "06:00"}]}},
        "args.alternative_limits.schedule[0].from",
    ),
    (
        "update_limits",
        "a window without an end",
        {"alternative_limits": {"schedule": [{"from": "22:00"}]}},
        "args.alternative_limits.schedule[0].to",
    ),
    (
        "update_limits",
        "a window without days",
        {"alternative_limits": {"schedule": [{"days": [], "from": "22:00", "to": "06:00"}]}},
        "args.alternative_limits.schedule[0].days",
    ),
    ("update_selection", "include is a string", {"include": "*.txt"}, "args.include"),
    ("add_torrent", "an unknown layout", {"content_layout": "flat"}, "args.content_layout"),
    ("add_torrent", "an option that is null", {"options": {"pex": None}}, "args.options.pex"),
    ("add_torrent", "a negative goal", {"options": {"ratio_goal": -1}}, "args.options.ratio_goal"),
    ("add_torrent", "a negative place", {"queue_position": -1}, "args.queue_position"),
    ("add_torrent", "a time before 1970", {"added_us": -1}, "args.added_us"),
    ("upload_part", "a part that is text", {"data": "d4:infode"}, "args.data"),
    ("upload_part", "an offset that is too much", {"offset": 64 * 1024 * 1024 + 1}, "args.offset"),
    ("add_peers", "no peers", {"peers": []}, "args.peers"),
    ("add_peers", "201 peers", {"peers": ["192.0.2.1:1"] * 201}, "args.peers"),
)
"""Op, name, arguments in addition to the required ones (`...` removes an argument), and the field of the error."""
