"""The texts of limits."""

import pytest

from ouzel.cli.display.units import parse_rate
from ouzel.cli.top.actions import limit_text


@pytest.mark.parametrize(
    ("limit_bps", "text"), [(0, "0"), (999, "999"), (500_000, "500k"), (10_000_000, "10M"), (2 * 10**9, "2G")]
)
def test_a_limit_is_shown_as_it_is_typed(limit_bps: int, text: str) -> None:
    """So that a dialog that is only confirmed changes nothing."""
    assert limit_text(limit_bps) == text
    assert parse_rate(text) == limit_bps
