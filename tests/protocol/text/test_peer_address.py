import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocol.text.peer_address import address, normal, split


@given(st.ip_addresses(), st.integers(1, 65535))
def test_the_normal_form_is_normal(address: object, port: int) -> None:
    """Normalizing it again changes nothing, and it can be split."""
    text = f"[{address}]:{port}"
    try:
        found = normal(text)
    except ValueError:
        return
    assert normal(found) == found
    assert split(found) == (str(address), str(port))


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("192.0.2.1:6881", "192.0.2.1:6881"),
        ("[2001:db8:0::1]:06881", "[2001:db8::1]:6881"),
        ("2001:db8::1:6881", "[2001:db8::1]:6881"),
    ],
)
def test_addresses_are_brought_into_one_form(text: str, found: str) -> None:
    """IPv4 and IPv6, the latter with or without brackets."""
    assert normal(text) == found


@pytest.mark.parametrize(
    "text",
    [
        "",
        "host:1",
        "192.0.2.1",
        "192.0.2.1:0",
        "192.0.2.1:65536",
        "192.0.2.1:²",
        "0.0.0.0:1",
        "224.0.0.1:1",
        "[fe80::1%eth0]:1",
    ],
)
def test_what_no_peer_can_have_is_refused(text: str) -> None:
    """Host names, ports out of range, and addresses that cannot be connected to."""
    with pytest.raises(ValueError, match=r"address|port|called"):
        normal(text)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("192.0.2.1", "192.0.2.1"),
        ("192.0.2.1:6881", "192.0.2.1"),
        ("2001:DB8:0::1", "2001:db8::1"),
        ("[2001:db8::1]", "2001:db8::1"),
        ("[2001:db8::1]:6881", "2001:db8::1"),
        ("::ffff:192.0.2.1", "192.0.2.1"),
        ("[::ffff:192.0.2.1]:1", "192.0.2.1"),
        ("[fe80::1%eth0]:0", "fe80::1"),
    ],
)
def test_an_address_is_found_with_and_without_a_port(text: str, found: str) -> None:
    """In its normal form; an IPv4-mapped address is that of IPv4, and a scope is dropped."""
    assert address(text) == found


@pytest.mark.parametrize(
    "text",
    [
        *("", "host", "host:1", "%", "1:%", "[]:1", "192.0.2", "192.0.2.0/24", "192.0.2.1 ", "[2001:db8::1"),
        *("192.0.2.1:65536", "192.0.2.1:x", "192.0.2.1:", "2001:db8::1]"),
        *("0.0.0.0", "::", "224.0.0.1", "ff02::1", "::ffff:0.0.0.0"),
    ],
)
def test_what_is_no_address_is_refused(text: str) -> None:
    """Host names, networks, and addresses that no peer can have."""
    with pytest.raises(ValueError, match=r"address|port"):
        address(text)
