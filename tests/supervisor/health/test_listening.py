import pytest

from supervisor.health.health import Severity
from supervisor.health.listening import behind_proxy, problem, wanted_ports


@pytest.mark.parametrize(
    ("interfaces", "ports"),
    [
        ("0.0.0.0:6881,[::]:6881", [6881]),
        ("eth0:1000, 127.0.0.1:2000s,[::1]:3000sl", [1000, 2000, 3000]),
        ("127.0.0.1:0", [0]),
        ("nonsense", []),
        ("", []),
    ],
)
def test_ports_are_read_as_libtorrent_does(interfaces: str, ports: list[int]) -> None:
    """Including the suffixes for the kind of socket."""
    assert wanted_ports(interfaces) == ports


@pytest.mark.parametrize(
    ("configured", "port", "listeners"),
    [
        ("127.0.0.1:7000", 7000, {"tcp 127.0.0.1": 7000, "utp 127.0.0.1": 7000}),
        ("127.0.0.1:7000", 7000, {}),
        ("127.0.0.1:0", 40000, {"tcp 127.0.0.1": 40000}),
        ("", 0, {}),
        (None, 6881, {"tcp 10.0.0.1": 6881}),
        ("127.0.0.1:7000,[::1]:7001", 7001, {"tcp 127.0.0.1": 7000, "tcp ::1": 7001}),
    ],
)
def test_what_listens_as_configured_is_well(configured: str | None, port: int, listeners: dict[str, int]) -> None:
    """Any port is right for 0, and none is needed without configured interfaces."""
    assert problem(configured, port, listeners)[0] is None


def test_another_port_is_told_with_both() -> None:
    """Also if only one address has another port; without a configured port it is a warning."""
    text, severity = problem("127.0.0.1:7000", 7001, {"tcp 127.0.0.1": 7001})
    assert text is not None
    assert "7000 is wanted" in text
    assert "tcp 127.0.0.1 port 7001" in text
    assert severity is Severity.DEGRADING
    text, _ = problem("127.0.0.1:7000,[::1]:7000", 7000, {"tcp 127.0.0.1": 7000, "tcp ::1": 7002})
    assert text is not None
    assert "tcp ::1 port 7002" in text
    text, severity = problem(None, 6882, {})
    assert text is not None
    assert "6882" in text
    assert severity is Severity.NOTED


def test_no_port_hinders_all() -> None:
    """Even if no port was configured."""
    text, severity = problem(None, 0, {})
    assert text is not None
    assert severity is Severity.DEGRADING


@pytest.mark.parametrize(
    ("configured", "missing"),
    [
        ("127.0.0.1:7000,nosuch0:7000", "nosuch0"),
        ("127.0.0.1:0,203.0.113.9:0", "203.0.113.9"),
        ("127.0.0.1:7000,[2001:db8::1]:7000", "2001:db8::1"),
        ("127.0.0.1:7000,eth0:7000", None),
        ("0.0.0.0:7000,[::]:7000", None),
        ("[0:0::1]:7000", None),
    ],
)
def test_an_address_that_this_machine_has_not_is_told(configured: str, missing: str | None) -> None:
    """Also if other addresses work; with a wildcard, not all addresses need to work."""
    text, _ = problem(configured, 7000, {"tcp 127.0.0.1": 7000, "tcp ::1": 7000}, ["lo", "eth0"])
    assert (text is None) is (missing is None)
    assert missing is None or f"nothing listens at {missing}" in (text or "")


@pytest.mark.parametrize(
    ("settings", "behind"),
    [
        ({}, False),
        ({"proxy_type": 0}, False),
        ({"proxy_type": 3}, True),
        ({"proxy_type": 5, "proxy_peer_connections": True}, True),
        ({"proxy_type": 3, "proxy_peer_connections": False}, False),
        ({"proxy_type": 6}, False),
    ],
)
def test_behind_a_proxy_nothing_listens(settings: dict[str, int], behind: bool) -> None:
    """Unless peers are connected to directly; I2P is not such a proxy."""
    assert behind_proxy(settings) is behind
