import pytest

from protocol.internal.nearest import did_you_mean, nearest

KNOWN = ["download_roots", "resume_dir", "runtime_dir", "state_dir", "budget"]


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("resumedir", "resume_dir"),
        ("Resume-Dir", "resume_dir"),
        ("roots", "download_roots"),
        ("download_root", "download_roots"),
        ("buget", "budget"),
        ("dir", None),  # three names have it
        ("speed", None),
        ("", None),
        ("_", None),
    ],
)
def test_the_nearest_name(name: str, meant: str | None) -> None:
    """A slip, another case, or a word of the name; a different word is not similar."""
    assert nearest(name, KNOWN) == meant


def test_a_question_is_only_asked_where_a_name_is_near() -> None:
    """In its correct spelling."""
    assert did_you_mean("buget", KNOWN, "[{}]") == "; did you mean [budget]?"
    assert did_you_mean("speed", KNOWN) == ""
