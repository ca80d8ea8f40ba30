from protocol.wire.reports import RootReport
from supervisor.payload.root_health import RootSeen
from supervisor.payload.root_space import RootSpaces


def test_the_space_of_each_root_with_its_age() -> None:
    """Unknown while a root is missing or does not answer, and gone once it is not configured any more."""
    spaces = RootSpaces()
    spaces.note("/a", RootSeen(0, free_bytes=5, size_bytes=9), 1.0)
    spaces.note("/b", RootSeen(2), 1.0)
    spaces.note("/c", None, 1.0)
    assert spaces.reports(["/a", "/b", "/c"], 3.5) == [
        RootReport(path="/a", free_bytes=5, size_bytes=9, age_ms=2500),
        RootReport(path="/b"),
        RootReport(path="/c"),
    ]
    spaces.forget("/b")
    spaces.forget("/c")
    spaces.note("/a", None, 4.0)
    assert spaces.reports(["/a"], 5.0) == [RootReport(path="/a")]


def test_the_order_is_that_of_the_roots() -> None:
    """Whichever was seen first. A root that was not seen yet is there, too, and none is there twice."""
    spaces = RootSpaces()
    spaces.note("/b", RootSeen(0, free_bytes=5, size_bytes=9), 1.0)
    spaces.note("/gone", RootSeen(0, free_bytes=5, size_bytes=9), 1.0)
    known = RootReport(path="/b", free_bytes=5, size_bytes=9, age_ms=0)
    assert spaces.reports(["/a", "/b", "/a"], 1.0) == [RootReport(path="/a"), known]
