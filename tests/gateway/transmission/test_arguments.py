"""Arguments of a wrong type count as absent."""

import pytest

from gateway.transmission.arguments import clamped, flag, integer, integers, number, text, texts


@pytest.mark.parametrize(
    ("given", "expected"), [(True, True), (1, True), (0, False), ("true", True), (2, None), ([], None), (None, None)]
)
def test_flags_are_truth_values_or_the_numbers_0_and_1(given: object, expected: bool | None) -> None:
    """Flags are truth values or the numbers 0 and 1."""
    assert flag({"x": given}, "x") is expected


def test_numbers() -> None:
    """A fraction is cut off, and a truth value is no number."""
    given = {"int": 3, "float": 3.7, "flag": True, "text": "3", "huge": 1e300}
    assert [integer(given, name) for name in given] == [3, 3, None, None, None]
    assert [number(given, name) for name in given] == [3.0, 3.7, None, None, 1e300]
    assert number({"x": 10**400}, "x") is None
    assert clamped(-5) == 0
    assert clamped(2**40) == 2**31 - 1


def test_lists_leave_out_members_of_other_types() -> None:
    """Lists leave out members of other types."""
    given = {"list": ["a", 1, True, None], "text": "a"}
    assert texts(given, "list") == ["a"]
    assert integers(given, "list") == [1]
    assert texts(given, "text") is None
    assert text(given, "list") is None
