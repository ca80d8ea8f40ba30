import pytest
from hypothesis import given
from hypothesis import strategies as st

from supervisor.config.placeholders import PLACEHOLDERS, filled, problem

VALUES = {each: f"<{each}>" for each in PLACEHOLDERS}


@pytest.mark.parametrize("name", PLACEHOLDERS)
def test_a_placeholder_is_replaced(name: str) -> None:
    """Also within a longer argument; a doubled brace stands for a brace."""
    text = f"a={{{name}}}{{{{b}}}}"
    assert problem(text) is None
    assert filled(text, VALUES) == f"a=<{name}>{{b}}"


@pytest.mark.parametrize("text", ["{", "}", "{nme}", "{}", "{0}", "{name!r}", "{name:>9}", "{name.upper}", "{name[0]}"])
def test_anything_else_in_braces_is_a_problem(text: str) -> None:
    """The text is named, and how a brace is written."""
    told = problem(text)
    assert told is not None
    assert repr(text) in told
    assert "written twice" in told


@given(st.text())
def test_a_value_is_inserted_as_it_is(value: str) -> None:
    """Braces in a name are no placeholders."""
    assert filled("<{name}>", {**VALUES, "name": value}) == f"<{value}>"
