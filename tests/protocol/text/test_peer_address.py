import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocol.text.peer_address import normal, split


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
