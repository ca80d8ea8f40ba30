"""Folders of the packages: the number of their modules, and the content of their `__init__`.

Which folder may import which other one, import-linter checks; the contracts are in pyproject.toml.
"""

import ast
import re
from pathlib import Path
from typing import Final

import pytest

ROOT: Final = Path(__file__).parent.parent
PACKAGES: Final = ("engine_proc", "gateway", "ouzel", "protocol", "supervisor")
MODULES_MAX: Final = 15
NOUN_LINES_MAX: Final = 15


def folders(*packages: str) -> list[Path]:
    """Every folder of the given packages (by default of all), including the packages themselves."""
    return sorted({path.parent for package in packages or PACKAGES for path in (ROOT / package).rglob("*.py")})


def named(path: Path) -> str:
    """A path as test ids show it."""
    return str(path.relative_to(ROOT))


@pytest.mark.parametrize("folder", [*folders("tools"), *folders()], ids=named)
def test_a_folder_holds_few_modules(folder: Path) -> None:
    """A person finds a module by reading names; `__init__` does not count."""
    assert len([path for path in folder.glob("*.py") if path.name != "__init__.py"]) <= MODULES_MAX


@pytest.mark.parametrize("folder", [folder for folder in folders() if folder.parent != ROOT], ids=named)
def test_an_init_defines_the_nouns_and_nothing_else(folder: Path) -> None:
    """So importing one module loads no other, and no cycle of imports goes through an `__init__`."""
    tree = ast.parse((folder / "__init__.py").read_text())
    assert len(tree.body) == 1
    assert 2 < len((ast.get_docstring(tree) or "").splitlines()) <= NOUN_LINES_MAX


@pytest.mark.parametrize("package", PACKAGES)
def test_unit_tests_are_in_the_folder_of_what_they_test(package: str) -> None:
    """A module's test has its name, and no folder of tests lacks a counterpart."""
    rooms: dict[str, set[Path]] = {}
    for path in (ROOT / package).rglob("*.py"):
        rooms.setdefault(path.stem, set()).add(ROOT / "tests" / path.parent.relative_to(ROOT))
    tests = list((ROOT / "tests" / package).rglob("test_*.py"))
    mirrored = {path: rooms.get(path.stem.removeprefix("test_")) for path in tests}
    strays = [named(path) for path, places in mirrored.items() if places and path.parent not in places]
    assert strays == []
    assert all((ROOT / path.parent.relative_to(ROOT / "tests")).is_dir() for path in tests)


@pytest.mark.parametrize("page", sorted([ROOT / "README.md", *(ROOT / "docs").rglob("*.md")]), ids=named)
def test_pages_name_modules_by_where_they_are(page: Path) -> None:
    """After a module was moved, no page names its old path."""
    modules = re.findall(
        r"\b(?:tests|tools|supervisor|engine_proc|gateway|protocol|ouzel)/[a-z0-9_/]+\.py\b", page.read_text()
    )
    assert [module for module in modules if not (ROOT / module).exists()] == []
