"""The clock."""

from ouzel.doctor.checks import clock
from ouzel.doctor.finding import Status
from ouzel.doctor.target import Paths, Target

TARGET = Target(config_file=None, paths=Paths(None, None, None))


def test_an_unsynchronised_clock_is_found() -> None:
    """By the flag of the kernel; other flags do not count."""
    [found] = clock.synchronised(TARGET, lambda: 0x2041)
    assert found.status is Status.WARNING
    [found] = clock.synchronised(TARGET, lambda: 0x2001)
    assert found.status is Status.OK


def test_a_kernel_that_does_not_tell_is_no_problem() -> None:
    """A container may forbid the call."""

    def refused() -> int:
        raise PermissionError(1, "Operation not permitted")

    [found] = clock.synchronised(TARGET, refused)
    assert found.status is Status.UNKNOWN


def test_the_real_flags_can_be_read() -> None:
    """They fit into 16 bits (adjtimex(2))."""
    assert 0 <= clock.clock_flags() < 1 << 16


def test_a_clock_before_the_installation_is_found() -> None:
    """As after a boot without a battery."""
    [found] = clock.skew(TARGET, lambda: 0.0)
    assert found.status is Status.ERROR
    assert "1970-01-01" in found.seen
