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
        ("dir", None),  # three have it
        ("speed", None),
        ("", None),
        ("_", None),
    ],
)
def test_the_nearest_name(name: str, meant: str | None) -> None:
    """A slip, another case, a word of it; another word is none."""
    assert nearest(name, KNOWN) == meant


def test_a_question_is_only_asked_where_a_name_is_near() -> None:
    """As it would be written."""
    assert did_you_mean("buget", KNOWN, "[{}]") == "; did you mean [budget]?"
    assert did_you_mean("speed", KNOWN) == ""
