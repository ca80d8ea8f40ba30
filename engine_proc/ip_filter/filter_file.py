"""Parses files of IP filters in three forms. Pure.

A file may mix the forms, because each line is parsed by itself. No form has a specification:

- p2p (PeerGuardian): `description:1.2.3.0-1.2.3.255`. The description may contain any text, also colons.
- dat (eMule's ipfilter.dat): `001.002.003.000 - 001.002.003.255 , 100 , description`. The second part is the level. A
  level above 127 means that the range is allowed. Some files have a comma instead of the hyphen, and no level.
- CIDR: `1.2.3.0/24` or `1.2.3.4`, with a comment after `#` or `;`.

Numbers of IPv4 addresses may be padded with zeros. Lines that begin with `#`, `;` or `//` are comments.

The file is untrusted, and a regular expression blocks all threads until it has matched or failed. So the time to parse
a line is proportional to the line's length. Lines above LINE_BYTES_MAX are not parsed.
"""

import io
import ipaddress
import re
import socket
from typing import Final, NamedTuple

ALLOWED_FROM: Final = 128
"""The lowest level in eMule's form that means an allowed range."""
LINE_BYTES_MAX: Final = 1000
"""The maximum length of a rule's line. Longer lines count as bad."""

_COMMENTS: Final = ("#", ";", "//")
_V4: Final = r"\d{1,3}\.\d{1,3}\.\d{1,3}\.\d{1,3}"
_P2P: Final = re.compile(rf".*:\s*(?P<first>{_V4})\s*-\s*(?P<last>{_V4})")
_ADDRESS: Final = r"(?=[0-9a-fA-F]*+[:.])[0-9a-fA-F:.]++"
_DAT: Final = re.compile(
    rf"(?P<first>{_ADDRESS})\s*+[-,]\s*+(?P<last>{_ADDRESS})\s*+(,\s*+(?P<level>\d{{1,9}})\s*+(,.*+)?)?"
)
_V6: Final = re.compile(r"[0-9a-fA-F]*+:[0-9a-fA-F:]*+")
_V6_PARTS: Final = 9
"""The maximum number of parts between the colons of an address, as in `1:2:3:4:5:6:7::`."""
_PADDING: Final = re.compile(r"(?<![0-9])0+(?=[0-9])")
_SHOWN: Final = 60


class Rule(NamedTuple):
    """The first and the last address of a range."""

    first: str
    last: str


class Parsed(NamedTuple):
    """The content of a file.

    Fields:
        rules: the blocked ranges.
        bad: the number of invalid lines.
        first_bad: the number and the beginning of the first bad line; empty if no line is bad.
    """

    rules: list[Rule]
    bad: int
    first_bad: str


def parse(content: bytes) -> Parsed:
    """Parses a file. Descriptions may have any encoding."""
    rules: list[Rule] = []
    bad, first_bad = 0, ""
    for number, line in enumerate(io.BytesIO(content.removeprefix(b"\xef\xbb\xbf")), start=1):
        text = line.decode("latin-1").strip()
        if not text or text.startswith(_COMMENTS):
            continue
        try:
            rule = _rule(text)
        except (ValueError, OSError):
            bad += 1
            first_bad = first_bad or f"line {number}: {text[:_SHOWN]!r}"
        else:
            if rule is not None:
                rules.append(rule)
    return Parsed(rules, bad, first_bad)


def _rule(text: str) -> Rule | None:
    """The rule of a line; None for an allowed range. Raises ValueError or OSError."""
    if len(text) > LINE_BYTES_MAX:
        raise ValueError("the line is too long")
    if (found := _P2P.fullmatch(text)) is not None:
        return _range(found["first"], found["last"])
    if (found := _DAT.fullmatch(text)) is not None:
        allowed = found["level"] is not None and int(found["level"]) >= ALLOWED_FROM
        rule = _range(found["first"], found["last"])
        return None if allowed else rule
    described, _, last = (part.strip() for part in text.rpartition("-"))
    if ":" in described and _V6.fullmatch(last) is not None:
        return _described(described, last)
    network = ipaddress.ip_network(_unpadded(re.split("[#;]", text, maxsplit=1)[0].strip()), strict=False)
    return Rule(str(network[0]), str(network[-1]))


def _range(first: str, last: str) -> Rule:
    first, last = _unpadded(first), _unpadded(last)
    family = socket.AF_INET6 if ":" in first else socket.AF_INET
    if socket.inet_pton(family, first) > socket.inet_pton(family, last):
        raise ValueError("the last address is below the first")
    return Rule(first, last)


def _described(text: str, last: str) -> Rule:
    """Parses a range in p2p form, if both the description and the addresses have colons."""
    parts = text.rsplit(":", _V6_PARTS)
    for start in range(1, len(parts)):
        first = ":".join(parts[start:]).strip()
        try:
            return _range(first, last)
        except OSError:
            continue
    raise ValueError("there is no address")


def _unpadded(address: str) -> str:
    return address if ":" in address else _PADDING.sub("", address)
