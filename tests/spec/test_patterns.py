from typing import Any

import pytest

from tools.spec.patterns import filled, like

NAMES = {"seq": 7, "word": "x"}


@pytest.mark.parametrize(
    ("value", "pattern"),
    [
        (1, 1),
        (1.0, 1),
        (None, None),
        ({"a": 1, "more": 2}, {"a": 1}),
        ({}, {"a": "$absent"}),
        ([1, {"b": 2}], ["$any", {}]),
        (9, "$get:seq+2"),
        ("x", "$get:word"),
        (8, "$above:seq"),
        ([1, 2, 3, 4], {"$some": [2, 4]}),
        ([], {"$some": []}),
        (b"x", b"x"),
    ],
)
def test_alike(value: Any, pattern: Any) -> None:
    """More members, and others in between, make no difference."""
    assert like(value, pattern, NAMES) == NAMES


@pytest.mark.parametrize(
    ("value", "pattern"),
    [
        (1, 2),
        (True, 1),
        ("1", 1),
        ({}, {"a": "$any"}),
        ({"a": 1}, {"a": "$absent"}),
        ([1], [1, 2]),
        ([1, 2], [1]),
        ("ab", ["a", "b"]),
        (8, "$get:seq+2"),
        (7, "$above:seq"),
        ([4, 2], {"$some": [2, 4]}),
        ([2], {"$some": [2, 2]}),
        (None, {}),
    ],
)
def test_not_alike(value: Any, pattern: Any) -> None:
    """All parts of a pattern have to match."""
    assert like(value, pattern, NAMES) is None


def test_names_hold_from_then_on() -> None:
    """Also within the same pattern, in the order of its members; a failed match binds nothing."""
    assert like([5, 6], ["$bind:a", "$get:a+1"], {}) == {"a": 5}
    assert like([5, 7], ["$bind:a", "$get:a+1"], {}) is None
    assert like([{"s": 1, "n": 4}, {"s": 2, "n": 5}], {"$some": [{"s": 2, "n": "$bind:n"}]}, {}) == {"n": 5}


def test_templates_are_filled() -> None:
    """At any depth; an unbound name is an error."""
    assert filled({"a": ["$get:seq", "$get:seq+1", "$any"]}, NAMES) == {"a": [7, 8, "$any"]}
    with pytest.raises(KeyError):
        filled("$get:nobody", NAMES)
