"""The table of checks."""

from pathlib import Path

from ouzel.doctor.all_checks import CHECKS

PAGE = Path(__file__).parents[3] / "docs" / "doctor.md"


def test_each_check_has_a_name_of_its_own() -> None:
    """Programs select findings by it."""
    names = [check.name for check in CHECKS]
    assert len(set(names)) == len(names)


def test_the_page_describes_each_check() -> None:
    """In the order of the table, and no other one."""
    rows = [line.split("|")[1].strip().strip("`") for line in PAGE.read_text().splitlines() if line.startswith("| `")]
    assert rows == [check.name for check in CHECKS]
