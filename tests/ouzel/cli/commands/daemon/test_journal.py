from ouzel.cli.commands.daemon.journal import journalctl


def test_filters_are_those_of_journalctl() -> None:
    """All texts must occur in a line, in any order. They are no patterns."""
    argv = journalctl(
        unit="ouzel.service",
        words=["a.b", "web-1/7"],
        level="error",
        since="12.500000",
        until=None,
        lines=5,
        follow=True,
        as_json=True,
    )
    assert argv == [
        *("journalctl", "--unit=ouzel.service", "--no-pager", "--lines=5", "--output=json", "--priority=err"),
        *("--since=@12.500000", "--grep=(?=.*a\\.b)(?=.*web\\-1/7)", "--case-sensitive=true", "--follow"),
    ]


def test_nothing_is_filtered_unasked() -> None:
    """The default is the end of the unit's log."""
    argv = journalctl(unit="x", words=[], level=None, since=None, until=None, lines=200, follow=False, as_json=False)
    assert argv == ["journalctl", "--unit=x", "--no-pager", "--lines=200", "--output=short-iso"]
