"""Parses and formats numbers for people: rates, sizes, percentages, durations. Pure."""

import re
from datetime import datetime
from typing import Final

from protocol.wire.desired import LIMIT_MAX_BPS

SIZE_MAX: Final = 2**53 - 1
"""The limit of sizes that people type. All integers in the protocol have this limit."""

_RATE: Final = re.compile(r"^(?P<number>\d+(?:\.\d+)?)\s*(?P<unit>[kKMG]i?)?(?:B(?:/s|ps)?)?$")
_SIZE: Final = re.compile(r"(?P<number>\d{1,20}(?:\.\d{1,20})?)\s*(?P<unit>[kKMGT]i?)?B?")
_UNITS: Final[dict[str, int]] = {unit: 1000**power for power, unit in enumerate(("", "k", "M", "G", "T"))} | {
    unit: 1024**power for power, unit in enumerate(("Ki", "Mi", "Gi", "Ti"), start=1)
}
_SIZES: Final = ("kB", "MB", "GB", "TB", "PB")


def parse_rate(text: str) -> int:
    """Parses a rate such as `10M`, `1.5Mi`, `500k` or `0` into bytes per second.

    k, M and G are powers of 1000. Ki, Mi and Gi are powers of 1024.

    Raises:
        ValueError: the text is not a rate, is a fraction of a byte, or exceeds libtorrent's 32-bit limits.
    """
    match = _RATE.match(text.strip())
    if match is None:
        raise ValueError(f"{text!r} is not a rate in bytes/s such as 500k, 10M (powers of 1000), 1.5Mi (1024), or 0")
    exact = _bytes(match)
    if 0 < exact < 1 or not (match["unit"] or exact.is_integer()):
        raise ValueError(
            f"{text!r} is a fraction of a byte/s; add a suffix: k, M, G (powers of 1000), Ki, Mi, Gi (1024)"
        )
    rate = round(exact)
    if rate > LIMIT_MAX_BPS:
        raise ValueError(f"{text!r} is over {LIMIT_MAX_BPS} bytes/s, the most that can be set; 0 is no limit")
    return rate


def parse_size(text: str) -> int:
    """Parses a number of bytes such as `10M`, `1.5Mi`, `1T` or `0`. The units are T, Ti, and the units of `parse_rate`.

    Raises:
        ValueError: the text is not a size, is a fraction of a byte, or exceeds SIZE_MAX.
    """
    match = _SIZE.fullmatch(text.strip())
    if match is None:
        raise ValueError(f"{text!r} is not a size in bytes such as 500k, 10M (powers of 1000), 1.5Mi (1024), or 0")
    exact = _bytes(match)
    if 0 < exact < 1 or not (match["unit"] or exact.is_integer()):
        raise ValueError(
            f"{text!r} is a fraction of a byte; add a suffix: k, M, G, T (powers of 1000), Ki, Mi, Gi, Ti (1024)"
        )
    if exact > SIZE_MAX:
        raise ValueError(f"{text!r} is over {SIZE_MAX} bytes, the most that is possible")
    return round(exact)


def _bytes(match: re.Match[str]) -> float:
    """A number with a unit, as bytes."""
    unit = (match["unit"] or "").replace("K", "k")
    return float(match["number"]) * _UNITS["Ki" if unit == "ki" else unit]


def format_count(count: int | str, noun: str) -> str:
    """A number with a noun: `1 file`, `2 files`."""
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"


def format_size(count: int) -> str:
    """A number of bytes with a unit, in powers of 1000: `999 B`, `1.5 MB`."""
    if abs(count) < 1000:
        return f"{count} B"
    value, unit = count / 1000, 0
    while abs(value) >= 999.95 and unit < len(_SIZES) - 1:
        value, unit = value / 1000, unit + 1
    return f"{value:.1f} {_SIZES[unit]}"


def format_rate(rate_bps: int) -> str:
    """A rate in bytes per second with a unit, in powers of 1000."""
    return f"{format_size(rate_bps)}/s"


def format_limit(limit_bps: int) -> str:
    """A limit in bytes per second with a unit. `none` for 0."""
    return format_rate(limit_bps) if limit_bps else "none"


def format_share(share: float) -> str:
    """A fraction 0..1 as a percentage, rounded down. So only a complete torrent has 100%."""
    return f"{int(share * 1000) / 10:.1f}%"


def format_moment(time_us: int) -> str:
    """A time in microseconds since 1970 as local time, to the second."""
    return datetime.fromtimestamp(time_us / 1_000_000).astimezone().isoformat(sep=" ", timespec="seconds")


def format_span(span_ms: float) -> str:
    """A duration in milliseconds in the two largest units: `350 ms`, `2 m 5 s`, `3 d 4 h`."""
    if span_ms < 1000:
        return f"{span_ms:.0f} ms"
    seconds = int(span_ms / 1000)
    parts: list[str] = []
    for unit, length in (("d", 86_400), ("h", 3600), ("m", 60), ("s", 1)):
        count, seconds = divmod(seconds, length)
        if count or parts:
            parts.append(f"{count} {unit}")
    return " ".join(part for part in parts[:2] if not part.startswith("0 ")) or "0 s"
