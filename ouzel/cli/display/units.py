"""Numbers as people write and read them: rates, sizes, shares, spans of time. Pure."""

import re
from datetime import datetime
from typing import Final

from protocol.wire.desired import LIMIT_MAX_BPS

_RATE: Final = re.compile(r"^(?P<number>\d+(?:\.\d+)?)\s*(?P<unit>[kKMG]i?)?(?:B(?:/s|ps)?)?$")
_UNITS: Final = {"k": 10**3, "M": 10**6, "G": 10**9, "Ki": 2**10, "Mi": 2**20, "Gi": 2**30}
_SIZES: Final = ("kB", "MB", "GB", "TB", "PB")


def parse_rate(text: str) -> int:
    """Bytes per second in `10M`, `1.5Mi`, `500k`, `0`. k, M, G are powers of 1000; Ki, Mi, Gi powers of 1024.

    Raises:
        ValueError: not a rate, a fraction of a byte, or over what libtorrent's 32-bit limits hold.
    """
    match = _RATE.match(text.strip())
    if match is None:
        raise ValueError(f"{text!r} is not a rate in bytes/s such as 500k, 10M (powers of 1000), 1.5Mi (1024), or 0")
    unit = match["unit"] or ""
    unit = "k" if unit == "K" else "Ki" if unit == "ki" else unit
    exact = float(match["number"]) * _UNITS.get(unit, 1)
    if 0 < exact < 1 or not (unit or exact.is_integer()):
        raise ValueError(
            f"{text!r} is a fraction of a byte/s; add a suffix: k, M, G (powers of 1000), Ki, Mi, Gi (1024)"
        )
    rate = round(exact)
    if rate > LIMIT_MAX_BPS:
        raise ValueError(f"{text!r} is over {LIMIT_MAX_BPS} bytes/s, the most that can be set; 0 is no limit")
    return rate


def format_count(count: int | str, noun: str) -> str:
    """`1 file`, `2 files`."""
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"


def format_size(count: int) -> str:
    """Bytes with a unit, in powers of 1000: `999 B`, `1.5 MB`."""
    if abs(count) < 1000:
        return f"{count} B"
    value, unit = count / 1000, 0
    while abs(value) >= 999.95 and unit < len(_SIZES) - 1:
        value, unit = value / 1000, unit + 1
    return f"{value:.1f} {_SIZES[unit]}"


def format_rate(rate_bps: int) -> str:
    """Bytes/s with a unit, in powers of 1000."""
    return f"{format_size(rate_bps)}/s"


def format_limit(limit_bps: int) -> str:
    """A limit in bytes/s; 0 is `none`."""
    return format_rate(limit_bps) if limit_bps else "none"


def format_share(share: float) -> str:
    """0..1 as a percentage, rounded down, so that only what is complete is 100%."""
    return f"{int(share * 1000) / 10:.1f}%"


def format_moment(time_us: int) -> str:
    """Microseconds since 1970 as local time, to the second."""
    return datetime.fromtimestamp(time_us / 1_000_000).astimezone().isoformat(sep=" ", timespec="seconds")


def format_span(span_ms: float) -> str:
    """Milliseconds as the two largest units that matter: `350 ms`, `2 m 5 s`, `3 d 4 h`."""
    if span_ms < 1000:
        return f"{span_ms:.0f} ms"
    seconds = int(span_ms / 1000)
    parts: list[str] = []
    for unit, length in (("d", 86_400), ("h", 3600), ("m", 60), ("s", 1)):
        count, seconds = divmod(seconds, length)
        if count or parts:
            parts.append(f"{count} {unit}")
    return " ".join(part for part in parts[:2] if not part.startswith("0 ")) or "0 s"
