"""Numbers in the form that people write and read."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ouzel.cli.display.units import (
    format_count,
    format_limit,
    format_rate,
    format_share,
    format_size,
    format_span,
    parse_rate,
    parse_size,
)


@pytest.mark.parametrize(
    ("text", "rate"),
    [
        ("0", 0),
        ("1500", 1500),
        ("500k", 500_000),
        ("500K", 500_000),
        ("10M", 10_000_000),
        ("1G", 1_000_000_000),
        ("1.5Mi", 1_572_864),
        ("64Ki", 65_536),
        ("64kiB/s", 65_536),
        ("1Gi", 1_073_741_824),
        (" 2 MB/s ", 2_000_000),
        ("3Bps", 3),
        ("1.0", 1),
        ("0.001k", 1),
        ("0.0", 0),
    ],
)
def test_rates_are_read(text: str, rate: int) -> None:
    """A positive rate never becomes 0, which would mean no limit."""
    assert parse_rate(text) == rate


@pytest.mark.parametrize("text", ["", "fast", "-1", "10m", "1e6", "10 T", "1.M", "3G", "99999999999"])
def test_what_is_no_rate_is_refused(text: str) -> None:
    """Neither is a rate that exceeds 32 bits."""
    with pytest.raises(ValueError, match=r"not a rate|the most that can be set"):
        parse_rate(text)


@pytest.mark.parametrize("text", ["0.5", "1.5", "1.5B/s", "0.0001k"])
def test_a_fraction_of_a_byte_is_refused(text: str) -> None:
    """The suffix is missing: 0.5 instead of 0.5M."""
    with pytest.raises(ValueError, match="add a suffix: k, M, G"):
        parse_rate(text)


@pytest.mark.parametrize(
    ("text", "size"),
    [
        ("0", 0),
        ("1500", 1500),
        ("1K", 1000),
        ("1kiB", 1024),
        ("1Ki", 1024),
        ("1.5Mi", 1_572_864),
        ("1T", 10**12),
        (" 2 TiB ", 2**41),
        (str(2**53 - 1), 2**53 - 1),
    ],
)
def test_sizes_are_read(text: str, size: int) -> None:
    """Also those that no rate can have."""
    assert parse_size(text) == size


@pytest.mark.parametrize(
    ("text", "told"),
    [
        *((text, "is not a size in bytes such as") for text in ("", "x", "-1", "1e6", "1m", "1P", "1MB/s", "9" * 400)),
        *((text, "is over 9007199254740991 bytes") for text in ("9008T", str(2**53), "99999999999999999")),
        *((text, "is a fraction of a byte; add a suffix") for text in ("0.5", "1.5B", "0.0001k")),
    ],
)
def test_what_is_no_size_is_refused(text: str, told: str) -> None:
    """It is not called a rate."""
    with pytest.raises(ValueError, match=told):
        parse_size(text)


@given(st.integers(0, 2**31 - 2))
def test_plain_bytes_are_read_exactly(rate: int) -> None:
    """Without rounding."""
    assert parse_rate(str(rate)) == rate


@pytest.mark.parametrize(
    ("count", "text"),
    [(0, "0 B"), (999, "999 B"), (1500, "1.5 kB"), (999_960, "1.0 MB"), (2 * 10**12, "2.0 TB"), (10**19, "10000.0 PB")],
)
def test_sizes(count: int, text: str) -> None:
    """Powers of 1000."""
    assert format_size(count) == text


def test_one_is_not_many() -> None:
    """Also if the number is unknown."""
    said = [format_count(count, "file") for count in (0, 1, 2, "?")]
    assert said == ["0 files", "1 file", "2 files", "? files"]


def test_rates_limits_and_shares() -> None:
    """Only a complete torrent shows 100%."""
    assert (format_rate(1500), format_limit(0), format_limit(1500)) == ("1.5 kB/s", "none", "1.5 kB/s")
    assert [format_share(share) for share in (0, 0.5, 0.99999, 1)] == ["0.0%", "50.0%", "99.9%", "100.0%"]


@pytest.mark.parametrize(
    ("span_ms", "text"),
    [(0, "0 ms"), (350, "350 ms"), (5000, "5 s"), (125_000, "2 m 5 s"), (3_600_000, "1 h"), (273_600_000, "3 d 4 h")],
)
def test_spans(span_ms: int, text: str) -> None:
    """In the two largest units."""
    assert format_span(span_ms) == text
