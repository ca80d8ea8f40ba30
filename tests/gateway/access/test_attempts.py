"""Failed logins and bans."""

from gateway.access import attempts
from gateway.access.attempts import Attempts


def test_an_address_is_banned_after_five_failures() -> None:
    """The ban ends by itself, and others are not affected."""
    found = Attempts(5, 3600)
    delays = [found.failed("192.0.2.1", at) for at in range(4)]
    assert delays == sorted(delays)
    assert not found.banned("192.0.2.1", 4)
    found.failed("192.0.2.1", 4)
    assert found.banned("192.0.2.1", 5)
    assert not found.banned("192.0.2.2", 5)
    assert found.banned("192.0.2.1", 3604)
    assert not found.banned("192.0.2.1", 3605)


def test_a_success_forgets_failures() -> None:
    """Only failures in a row count."""
    found = Attempts(2, 60)
    found.failed("192.0.2.1", 0)
    found.succeeded("192.0.2.1")
    found.failed("192.0.2.1", 1)
    assert not found.banned("192.0.2.1", 1)


def test_zero_never_bans() -> None:
    """Failures are only delayed then."""
    found = Attempts(0, 60)
    assert max(found.failed("192.0.2.1", 0) for _ in range(100)) == attempts.MAX_DELAY_S
    assert not found.banned("192.0.2.1", 0)


def test_an_ipv6_network_is_one_source() -> None:
    """A host can choose any address of its /64."""
    found = Attempts(2, 60)
    found.failed("2001:db8::1", 0)
    found.failed("2001:db8::ffff:2", 0)
    assert found.banned("2001:db8::3", 1)
    assert not found.banned("2001:db8:0:1::1", 1)


def test_a_mapped_address_is_its_ipv4_address() -> None:
    """Over a socket for both families, IPv4 addresses are mapped."""
    found = Attempts(1, 60)
    found.failed("::ffff:192.0.2.1", 0)
    assert found.banned("192.0.2.1", 1)
    assert not found.banned("::ffff:192.0.2.2", 1)


def test_the_number_of_addresses_is_bounded() -> None:
    """The oldest failure is forgotten."""
    found = Attempts(1, 60)
    for number in range(attempts.MAX_ADDRESSES + 1):
        found.failed(f"name-{number}", 0)
    assert not found.banned("name-0", 1)
    assert found.banned(f"name-{attempts.MAX_ADDRESSES}", 1)
