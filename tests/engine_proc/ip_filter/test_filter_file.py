import ipaddress
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine_proc.ip_filter import filter_file
from engine_proc.ip_filter.filter_file import Rule, parse

LINES = {
    "Some organization:1.2.3.0-1.2.3.255": ("1.2.3.0", "1.2.3.255"),
    "Colons: in: it, 10.0.0.1:1.2.3.0 - 1.2.3.255": ("1.2.3.0", "1.2.3.255"),
    ":1.2.3.4-1.2.3.4": ("1.2.3.4", "1.2.3.4"),
    "Padded:001.020.000.000-001.020.000.009": ("1.20.0.0", "1.20.0.9"),
    "Six:2001:db8::1-2001:db8::ff": ("2001:db8::1", "2001:db8::ff"),
    "Six-and-dashes: x:1:2:3:4:5:6:7:: - 2001:db8::ff": ("1:2:3:4:5:6:7::", "2001:db8::ff"),
    "001.002.003.000 - 001.002.003.255 , 100 , Some, organization": ("1.2.3.0", "1.2.3.255"),
    "1.2.3.0 , 1.2.3.255 , 0 , Another": ("1.2.3.0", "1.2.3.255"),
    "1.2.3.0-1.2.3.255": ("1.2.3.0", "1.2.3.255"),
    "2001:db8:: - 2001:db8::ff , 127 , x": ("2001:db8::", "2001:db8::ff"),
    "1.2.3.0/24": ("1.2.3.0", "1.2.3.255"),
    "1.2.3.77/24 ; SBL1": ("1.2.3.0", "1.2.3.255"),
    "1.2.3.4 # a host": ("1.2.3.4", "1.2.3.4"),
    "0.0.0.0/0": ("0.0.0.0", "255.255.255.255"),
    "2001:db8::/64 # a-b": ("2001:db8::", "2001:db8::ffff:ffff:ffff:ffff"),
    "2001:db8::/32": ("2001:db8::", "2001:db8:ffff:ffff:ffff:ffff:ffff:ffff"),
}
BAD = ("nobody", "x:1.2.3.9-1.2.3.4", "1.2.3.256", "x:1.2.3.4-", "1.2.3.0/33", "1.2.3.4 - 2001:db8::1", "a:b-c", "\x00")
HOSTILE = (
    *(":", "a:", "1.", "1.2.3.4", "1.2.3.4:", ":1.2.3.4-", "1.2.3.4-", "1.2.3.4 - ", "1.2.3.4,", "a", "0", "9", "::-"),
    *("-", " -", ": ", ":\t-", ",", " ,", "/", "1::-", ":a-", "%", "#", ": 1.2.3.4 ", "\xff", "\x00", "1::1 - 1::2 , "),
)
FRAMES = (("", ""), ("x:1.2.3.4", ""), ("1.2.3.4", "x"), ("x:1::1", "-1::2"), ("1.2.3.4-", ""), ("1::1, 1::2, 9", "x"))


@pytest.mark.parametrize("line", LINES)
def test_each_form_is_read(line: str) -> None:
    """With any description."""
    assert parse(line.encode()).rules == [Rule(*LINES[line])]


def test_a_file_may_mix_them() -> None:
    """With comments, blank lines, both kinds of line ends, and a byte order mark."""
    text = "\ufeff# comment\r\n\n; other\n// third\n" + "\r\n".join(LINES)
    found = parse(text.encode())
    assert found.rules == [Rule(*rule) for rule in LINES.values()]
    assert (found.bad, found.first_bad) == (0, "")


def test_allowed_ranges_are_no_rules() -> None:
    """Those of eMule's levels above 127."""
    assert parse(b"1.2.3.0 - 1.2.3.255 , 128 , x\n1.2.4.0 - 1.2.4.9 , 127 , y") == ([Rule("1.2.4.0", "1.2.4.9")], 0, "")


@pytest.mark.parametrize("line", BAD)
def test_a_bad_line_is_counted_and_the_others_count(line: str) -> None:
    """The first bad one is named."""
    found = parse(f"1.2.3.4\n{line}\n{line}\n5.6.7.8\n".encode())
    assert [rule.first for rule in found.rules] == ["1.2.3.4", "5.6.7.8"]
    assert found.bad == 2
    assert found.first_bad.startswith("line 2: ")


@given(st.binary())
def test_any_bytes_are_parsed(content: bytes) -> None:
    """Each rule has a first address that is not above the last."""
    for first, last in parse(content).rules:
        assert int(ipaddress.ip_address(first)) <= int(ipaddress.ip_address(last))


@given(st.text(), st.ip_addresses(v=4), st.ip_addresses(v=4))
def test_no_description_hides_a_range(text: str, one: ipaddress.IPv4Address, other: ipaddress.IPv4Address) -> None:
    """Of the p2p form; line ends and comments apart."""
    described = "x" + " ".join(text.split())
    first, last = sorted([one, other])
    assert parse(f"{described}:{first}-{last}".encode()).rules == [Rule(str(first), str(last))]


def took(content: bytes) -> float:
    """The shortest time of some attempts to parse a content."""
    times = []
    for _ in range(5):
        begun = time.thread_time()
        parse(content)
        times.append(time.thread_time() - begun)
    return min(times)


@pytest.mark.parametrize("part", [*HOSTILE, " "], ids=ascii)
def test_the_time_of_a_line_grows_as_its_length(part: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever it consists of, so also without the limit of its length. A square would be 100 times the time."""
    monkeypatch.setattr(filter_file, "LINE_BYTES_MAX", 1_000_000)
    for begin, end in FRAMES:
        short, long = ((begin + part * (size // len(part)) + end).encode("latin-1") for size in (3000, 30_000))
        assert took(long) < 40 * took(short)


def test_a_long_line_is_bad() -> None:
    """It is not even parsed. A long comment is a comment still."""
    line = ("x" * 980 + ":1.2.3.4-1.2.3.5").encode()
    assert len(line) < filter_file.LINE_BYTES_MAX
    assert parse(line).rules == [Rule("1.2.3.4", "1.2.3.5")]
    found = parse(b"#" + b":" * 20_000 + b"\n1.2.3.4\nxxxxx" + line + b"\n" + b":" * 20_000)
    assert (found.rules, found.bad, found.first_bad[:12]) == ([Rule("1.2.3.4", "1.2.3.4")], 2, "line 3: 'xxx")


def test_the_time_of_many_bad_lines_grows_as_their_number() -> None:
    """Of the longest lines that are parsed."""
    lines = [(part * (filter_file.LINE_BYTES_MAX // len(part))).encode("latin-1") for part in HOSTILE]
    assert took(b"\n".join(lines * 20)) < 40 * took(b"\n".join(lines * 2))
