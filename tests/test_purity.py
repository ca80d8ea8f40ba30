"""Pure modules, marked in the first line of their docstring, get time, chance and events as arguments."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

ROOT: Final = Path(__file__).parent.parent
PACKAGES: Final = ("engine_proc", "gateway", "ouzel", "protocol", "supervisor")

PURE: Final = re.compile(r"(?:\. |^)Pure[.:;]")
"""The marker: the sentence `Pure.`, or one that begins with it."""

PURE_MIN: Final = 75
"""The minimum number of pure modules: without the marker, nothing would be checked."""

FETCHED: Final = ("asyncio", "engine_proc.libtorrent_adapter", "libtorrent", "os", "random", "time", "zmq")
"""Modules that pure modules do not import."""


def is_pure(docstring: str) -> bool:
    """Whether the first line has the marker."""
    return PURE.search(docstring.partition("\n")[0]) is not None


def imported(tree: ast.AST) -> Iterator[str]:
    """The imports of a module, anywhere in it: `a.b` for `import a.b`, `a`, and `a.b` for `from a import b`."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (each.name for each in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.module is not None  # there are no relative imports
            yield node.module
            yield from (f"{node.module}.{each.name}" for each in node.names)


def fetched(tree: ast.AST) -> set[str]:
    """The imports of a module that are in FETCHED, or inside one of these."""
    return {name for name in imported(tree) for each in FETCHED if name == each or name.startswith(f"{each}.")}


def test_pure_modules_fetch_nothing() -> None:
    """They use no clock, no chance, no loop, no socket, no operating system and no libtorrent."""
    paths = [path for package in PACKAGES for path in (ROOT / package).rglob("*.py")]
    trees = {str(path.relative_to(ROOT)): ast.parse(path.read_text()) for path in paths}
    pure = {name: tree for name, tree in trees.items() if is_pure(ast.get_docstring(tree) or "")}
    assert len(pure) >= PURE_MIN
    assert {name: found for name, tree in pure.items() if (found := fetched(tree))} == {}


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ("import os.path", {"os.path"}),
        ("from os import path", {"os", "os.path"}),
        ("def f():\n    import time", {"time"}),
        ("from engine_proc import libtorrent_adapter", {"engine_proc.libtorrent_adapter"}),
        ("from engine_proc.libtorrent_adapter import x", {"engine_proc.libtorrent_adapter"}),
        ("import osmosis\nfrom timeit import timeit", set()),
    ],
)
def test_an_impure_import_is_found(source: str, found: set[str]) -> None:
    """Wherever and however the import is written."""
    assert {name.removesuffix(".x") for name in fetched(ast.parse(source))} == found


@pytest.mark.parametrize(
    ("line", "pure"),
    [
        ("Numbers as people write them. Pure.", True),
        ("What is wanted. Pure: it opens nothing.", True),
        ("When it ends. Pure; times are seconds.", True),
        ("A filter. Pure but for `install`.", False),
        ("What a Pure. is not.", False),
    ],
)
def test_the_marker_is_a_sentence(line: str, pure: bool) -> None:
    """Or the beginning of one."""
    assert is_pure(line) is pure
