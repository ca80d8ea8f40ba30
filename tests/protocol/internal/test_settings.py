from typing import Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocol.internal.settings import HIDDEN, INT32_MAX, OWNED, SECRET, problem_of, range_of, shown
from protocol.wire.desired import SettingValue

KNOWN: Final[dict[str, SettingValue]] = {
    **dict.fromkeys(OWNED, 0),
    **dict.fromkeys(SECRET, ""),
    "number": 5,
    "text": "",
    "truth": True,
    "connections_limit": 200,
}


def refusal(name: str, value: SettingValue) -> str:
    """The problem of a value that is refused."""
    problem = problem_of(name, value, KNOWN)
    assert problem is not None
    return problem


@pytest.mark.parametrize(("name", "reason"), OWNED.items())
def test_what_ouzel_owns_is_refused_with_the_reason(name: str, reason: str) -> None:
    """The message about rate limits says where to set them."""
    assert refusal(name, 1) == reason
    assert ("update_limits" in reason and "[limits]" in reason) is name.endswith("_rate_limit")


def test_unknown_settings_are_refused() -> None:
    """With the name of one that is similar."""
    assert "connections_limit" in refusal("conections_limit", 1)


@pytest.mark.parametrize(
    ("name", "value"),
    [("number", "5"), ("number", True), ("text", 5), ("text", False), ("truth", 1), ("truth", 0), ("truth", "true")],
)
def test_values_of_another_type_are_refused(name: str, value: SettingValue) -> None:
    """A boolean is no number, and a number no boolean; the message names both types."""
    said = refusal(name, value)
    assert type(value).__name__ in said
    assert type(KNOWN[name]).__name__ in said


@given(value=st.integers() | st.sampled_from([INT32_MAX, INT32_MAX + 1, -INT32_MAX - 1, -INT32_MAX - 2, 2**40]))
def test_numbers_fit_into_32_bits_or_are_refused(value: int) -> None:
    """libtorrent would change the number; the message has it and the range."""
    if -(2**31) <= value < 2**31:
        assert problem_of("number", value, KNOWN) is None
    else:
        said = refusal("number", value)
        assert str(value) in said
        assert "32 bits" in said
        assert "-2147483648 to 2147483647" in said


@pytest.mark.parametrize("value", [0, -1, 2**31])
def test_numbers_are_in_the_range_of_their_setting(value: int) -> None:
    """libtorrent would take another value."""
    least, most = range_of("connections_limit")
    assert (least, most) == (1, 2**31 - 1)
    assert f"{least} to {most}" in refusal("connections_limit", value)


@pytest.mark.parametrize("text", ["a\r\nCookie: b", "\0", "\x7f"])
def test_control_characters_are_refused_and_not_repeated(text: str) -> None:
    """They would forge headers of requests."""
    assert text not in refusal("text", text)


def test_a_password_is_never_shown() -> None:
    """An empty one can be seen to be empty. The text that stands for it cannot be set."""
    assert shown("proxy_password", "secret") == HIDDEN
    assert shown("proxy_password", "") == ""
    assert shown("user_agent", "x") == "x"
    assert refusal("proxy_password", HIDDEN)
    assert "secret" not in refusal("proxy_password", "secret\n")
