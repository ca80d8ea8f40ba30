from typing import Any

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from protocol.text.scrub import is_utf8, scrub, scrub_all

any_text = st.text(st.characters(codec=None, exclude_categories=()))
values = st.recursive(
    st.none() | st.integers(0, 9) | any_text, lambda inner: st.lists(inner) | st.dictionaries(any_text, inner)
)


@given(any_text)
def test_a_scrubbed_text_can_be_encoded(text: str) -> None:
    """And is unchanged if it could be encoded before."""
    assert is_utf8(scrub(text))
    assert (scrub(text) == text) is is_utf8(text)
    assert len(scrub(text)) == len(text)


@given(values)
def test_all_text_in_a_value_is_scrubbed(value: Any) -> None:
    """So that it can be written as JSON."""
    msgspec.json.encode(scrub_all(value))
