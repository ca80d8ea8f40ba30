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
    """A root, a reserved directory in it, and a root in that."""
    roots = ["/srv/one", "/srv/two", "/srv/one/resume/payload"]
    assert Bounds(roots, ["/srv/one/resume", "/var/lib/ouzel"]).allow(path) is allowed


def test_everything_is_a_root_like_another() -> None:
    """Except for reserved directories; a directory that is both is a root."""
    assert Bounds(["/"]).allow("/etc/passwd")
    assert not Bounds(["/"], ["/etc"]).allow("/etc/passwd")
    assert Bounds(["/etc"], ["/etc"]).allow("/etc/passwd")


def test_nowhere_is_where_nobody_said() -> None:
    """An engine without bounds may write nothing."""
    assert not Bounds().allow("/")
    assert not Bounds().allow("/srv")
