import re
import time

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from wcmatch import glob as wcmatch

from engine_proc.files.globs import compiled, expression

_WCMATCH = wcmatch.GLOBSTAR | wcmatch.DOTGLOB | wcmatch.IGNORECASE | wcmatch.FORCEUNIX
NAMES = st.text("aAbB.-*]é[É1", min_size=1, max_size=4).filter(lambda name: name not in (".", ".."))
PATHS = st.lists(NAMES, min_size=1, max_size=5).map("/".join)
PARTS = [
    *("a", "b", "B", ".", "-", "]", "!", "é", "É", "{a,b}", "\\*", "\\a", "*", "**", "?", "/", "/**/", "/*/"),
    *("[ab]", "[!a]", "[^b.]", "[a-b]", "[]a]", "[!]a]", "[b-a]", "[!b-a]", "[a", "[.-]", "[-a]", "[[:alpha:]]"),
    *("[[:digit:].]", "[![:upper:]]", "[[:bogus:]]"),
]
GLOBS = st.lists(st.sampled_from(PARTS), min_size=1, max_size=7).map("".join)


def matches(glob: str, path: str) -> bool:
    """Whether the glob matches the whole path."""
    return compiled([glob]).match(path) is not None


@given(GLOBS, PATHS)
@example("**", "a")
@example("a/**", "a")
@example("**/**/a", "a")
@example("a/**/**/b", "a/b")
@example("a*a", "a")
@example("*a*", "a")
@example("[!b-a]", "a")
@pytest.mark.filterwarnings("ignore:Possible nested set:FutureWarning")  # wcmatch's expression
def test_globs_mean_what_wcmatch_says(glob: str, path: str) -> None:
    """wcmatch is an independent implementation of the dialect, by a matcher that backtracks."""
    expected = any(re.match(each, path) for each in wcmatch.translate([glob], flags=_WCMATCH)[0])
    assert matches(glob, path) == expected, expression(glob)


@given(st.text(max_size=12), PATHS)
def test_any_text_is_a_glob(glob: str, path: str) -> None:
    """Any text either matches or does not; several globs match if one of them does."""
    assert (compiled([glob, "a/*"]).match(path) is not None) == (matches(glob, path) or matches("a/*", path))


@pytest.mark.parametrize(
    ("glob", "path"),
    [
        ("**/a/" * 7 + "b/**/z", "/".join(["a"] * 90 + ["x"])),
        ("**/a/" * 800 + "z", "/".join(["a"] * 2000)),
        ("**/*/" * 800 + "z", "/".join(["a"] * 2000)),
        ("**/" + "a/" * 1000 + "b", "/".join(["a"] * 2000)),
        ("**/*a*a*a*b/" * 300 + "z", "/".join(["a" * 40] * 90)),
        ("*a" * 2000 + "b", "a" * 255),
        ("a*" * 2000 + "b", "a" * 255),
        ("*" + "a" * 120 + "b", "a" * 255),
        ("?*" * 2000 + "b", "a" * 255),
        ("[a-z]*" * 600 + "!", "a" * 255),
        ("[" * 2000 + "[:alpha:]", "[" * 255),
        ("[a-" * 1300, "a" * 255),
        ("{a,{a,{a," * 400 + "}" * 1200, "a" * 255),
        ("+(+(+(a)" * 400 + "b", "a" * 255),
        ("(a*)*" * 700 + "b", "a" * 255),
    ],
)
def test_no_glob_takes_exponential_time(glob: str, path: str) -> None:
    """Each of these takes a backtracking matcher longer than a lifetime, or makes a parser read the glob once for each
    bracket.
    """
    began = time.process_time()
    assert not matches(glob, path)
    assert time.process_time() - began < 1.0


def test_a_newline_is_a_character_like_others() -> None:
    """Names may contain newlines. A glob does not match a name that only begins as the glob says."""
    assert not matches("a", "a\n")
    assert matches("a?", "a\n")
    assert matches("*", "\n")
