"""Where a request comes from."""

import pytest
from starlette.datastructures import Headers

from gateway.access.origin import Origin, host_allowed, networks, origin_of, same_origin

PROXIES = networks(["10.0.0.1", "10.1.0.0/16"])


@pytest.mark.parametrize(
    ("peer", "forwarded", "address"),
    [
        ("192.0.2.1", "203.0.113.9", "192.0.2.1"),  # no proxy: what it says does not count
        ("10.0.0.1", "203.0.113.9", "203.0.113.9"),
        ("::ffff:10.0.0.1", "203.0.113.9", "203.0.113.9"),
        ("10.0.0.1", "6.6.6.6, 203.0.113.9", "203.0.113.9"),  # the client itself wrote the first one
        ("10.0.0.1", "203.0.113.9, 10.1.2.3", "203.0.113.9"),
        ("10.0.0.1", "2001:db8::1", "2001:db8::1"),
        ("10.0.0.1", "nonsense", "10.0.0.1"),
        ("10.0.0.1", "", "10.0.0.1"),
    ],
)
def test_only_a_trusted_proxy_names_the_client(peer: str, forwarded: str, address: str) -> None:
    """The last address that is no proxy counts."""
    headers = Headers({"host": "h", "x-forwarded-for": forwarded})
    assert origin_of(headers, peer, "http", PROXIES).address == address


def test_a_trusted_proxy_names_host_and_scheme() -> None:
    """Headers of others do not count."""
    headers = Headers({"host": "inner", "x-forwarded-host": "outer:8443", "x-forwarded-proto": "https"})
    assert origin_of(headers, "10.0.0.1", "http", PROXIES) == Origin("10.0.0.1", "outer:8443", secure=True)
    assert origin_of(headers, "10.0.0.2", "http", PROXIES) == Origin("10.0.0.2", "inner", secure=False)
    assert origin_of(Headers({"host": "h"}), "10.0.0.2", "https", []).secure


@pytest.mark.parametrize(
    ("host", "right"),
    [
        ("127.0.0.1:8080", True),
        ("[::1]:8080", True),
        ("192.168.1.2", True),
        ("localhost", True),
        ("LOCALHOST:80", True),
        ("localhost.", True),
        ("ouzel:8080", True),
        ("", True),
        ("nas.home", True),
        ("NAS.home:443", True),
        ("a.ouzel.test", True),
        ("evil.example", False),
        ("localhost.evil.example", False),
        ("127.0.0.1.evil.example", False),
        ("127.0.0.1@evil.example", False),
        ("nas.home:x", False),
        ("[::1", False),
        ("nas.home/x", False),
    ],
)
def test_a_host_is_an_address_or_allowed(host: str, right: bool) -> None:
    """Names that only contain a right one are refused."""
    assert host_allowed(host, ["nas.home", "*.ouzel.test"]) is right
    assert host_allowed("any.example", ["*"])


@pytest.mark.parametrize(
    ("headers", "right"),
    [
        ({}, True),
        ({"origin": "http://nas:8080"}, True),
        ({"origin": "http://NAS:8080"}, True),
        ({"referer": "http://nas:8080/x"}, True),
        ({"origin": "http://nas:8081"}, False),
        ({"origin": "http://nas"}, False),
        ({"origin": "null"}, False),
        ({"origin": "http://evil"}, False),
        ({"referer": "http://evil/?nas:8080"}, False),
        ({"origin": "http://evil", "referer": "http://nas:8080/"}, False),
        ({"origin": "http://[::1"}, False),
    ],
)
def test_an_origin_has_the_host_of_the_request(headers: dict[str, str], right: bool) -> None:
    """Host and port have to be equal."""
    assert same_origin(Headers(headers), "nas:8080") is right


def test_default_ports_count() -> None:
    """A missing port is that of the scheme."""
    assert same_origin(Headers({"origin": "https://nas"}), "nas")
    assert same_origin(Headers({"origin": "https://nas"}), "nas:443")
    assert not same_origin(Headers({"origin": "https://nas"}), "nas:80")
