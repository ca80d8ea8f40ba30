import pytest

from protocol.internal.bounds import Bounds


@pytest.mark.parametrize(
    ("path", "allowed"),
    [
        ("/srv/one", True),
        ("/srv/one/a/b", True),
        ("/srv/two", True),
        ("/srv/onerous", False),
        ("/srv", False),
        ("/", False),
        ("/srv/one/resume", False),
        ("/srv/one/resume/x.json", False),
        ("/srv/one/resumed", True),
        ("/srv/one/resume/payload/x", True),
        ("/var/lib/ouzel", False),
    ],
)
def test_what_lies_deepest_decides(path: str, allowed: bool) -> None:
    """A root, what is reserved in it, and a root in that again."""
    roots = ["/srv/one", "/srv/two", "/srv/one/resume/payload"]
    assert Bounds(roots, ["/srv/one/resume", "/var/lib/ouzel"]).allow(path) is allowed


def test_everything_is_a_root_like_another() -> None:
    """But what is reserved; and where a directory is both, it is a root."""
    assert Bounds(["/"]).allow("/etc/passwd")
    assert not Bounds(["/"], ["/etc"]).allow("/etc/passwd")
    assert Bounds(["/etc"], ["/etc"]).allow("/etc/passwd")


def test_nowhere_is_where_nobody_said() -> None:
    """An engine that was not told lets nothing be written."""
    assert not Bounds().allow("/")
    assert not Bounds().allow("/srv")
