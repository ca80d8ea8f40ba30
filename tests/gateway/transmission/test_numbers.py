"""Numbers of Transmission."""

from gateway.transmission.numbers import real


def test_numbers_have_four_decimals() -> None:
    """A whole number has none."""
    assert [repr(real(each)) for each in (2.0, 0.24881923, 1.00000001, -1.0, 0.5)] == ["2", "0.2488", "1", "-1", "0.5"]
