"""The columns of lists."""

from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from ouzel.cli.top.view.columns import FILES, PEERS, TORRENTS, fit, fitting, trackers


@given(st.sampled_from([TORRENTS, FILES, PEERS, trackers(0)]), st.integers(40, 300))
def test_columns_fill_the_width(columns: tuple, width: int) -> None:  # type: ignore[type-arg]  # of any rows
    """At any usual width, and the first column that may be removed goes last."""
    found = fitting(columns, width)
    assert sum(each.width for each in found) + len(found) - 1 == width
    assert {each.header for each in columns if not each.rank} <= {each.header for each in found}


@given(st.text(), st.integers(1, 40), st.booleans())
def test_a_text_has_exactly_its_width(text: str, width: int, right: bool) -> None:
    """Also with wide characters."""
    clean = "".join(each for each in text if each.isprintable())
    assert cell_len(fit(clean, width, right)) == width


def test_eighty_cells_hold_what_matters() -> None:
    """With a scroll bar."""
    headers = ["NAME", "STATE", "DONE", "DOWN", "UP", "ETA", "PEERS", "RATIO"]
    assert [each.header for each in fitting(TORRENTS, 79)] == headers
