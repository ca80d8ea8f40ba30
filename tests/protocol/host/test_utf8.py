import locale
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from protocol.host import utf8
from tests.latin import make_latin
from tools.rig.hostile.locales import environment

ROOT = Path(__file__).parents[3]
NAME = "caf\u00e9 \u65e5\u672c \U0001f426"


@pytest.fixture(autouse=True)
def own_locale() -> Iterator[None]:
    """Restores the test process's locale at the end."""
    before = locale.setlocale(locale.LC_CTYPE)
    yield
    locale.setlocale(locale.LC_CTYPE, before)


def python(code: str, environ: dict[str, str]) -> "subprocess.CompletedProcess[str]":
    """Runs code in a new interpreter."""
    argv = [sys.executable, "-c", code]
    return subprocess.run(argv, cwd=ROOT, env=environ, capture_output=True, encoding="utf-8", check=False)


@pytest.fixture(scope="module")
def latin(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """An environment with an installed locale whose encoding is not UTF-8."""
    return environment(None, make_latin(tmp_path_factory.mktemp("locales")))


def test_the_c_locale_does_not_write_utf_8() -> None:
    """This is the problem to detect."""
    locale.setlocale(locale.LC_CTYPE, "C")
    assert not utf8.c_library_writes_utf8()
    utf8.use_utf8_locale()
    assert utf8.c_library_writes_utf8()


def test_a_locale_that_is_there_and_is_not_utf_8_is_not_enough() -> None:
    """The next locale is tried; without any, the error has the remedy."""
    assert utf8.use_utf8_locale(["no-such", "C", "C.UTF-8"]) == "C.UTF-8"
    with pytest.raises(utf8.NotUtf8, match="none of no-such, C: install one"):
        utf8.use_utf8_locale(["no-such", "C"])


@pytest.mark.process
@pytest.mark.parametrize("lc_all", ["C", "POSIX", "en_US.UTF-8-not-installed", None])
def test_any_locale_is_left_for_a_utf_8_one(lc_all: str | None) -> None:
    """Whatever the environment says; Python uses UTF-8 there by itself."""
    code = "from protocol.host import utf8; utf8.require_python_utf8(); print(utf8.use_utf8_locale())"
    ran = python(code, environment(lc_all))
    assert (ran.stdout, ran.stderr) == ("C.UTF-8\n", "")


@pytest.mark.process
def test_a_program_in_a_locale_of_latin_1_begins_anew(latin: dict[str, str]) -> None:
    """With its options and the exact bytes of its arguments; then it writes paths in UTF-8."""
    code = (
        "import sys; from protocol.host import utf8; before = sys.getfilesystemencoding(); utf8.restart_in_utf8(); "
        "import os; print(before, os.fsencode(sys.argv[1]), sys.flags.dev_mode)"
    )
    argv = [os.fsencode(sys.executable), b"-X", b"dev", b"-c", code.encode(), NAME.encode() + b"\xff"]
    ran = subprocess.run(argv, cwd=ROOT, env=latin, capture_output=True, check=False)
    assert ran.stdout.decode() == f"utf-8 {NAME.encode() + bytes([255])!r} True\n", ran.stderr


@pytest.mark.process
def test_python_that_writes_another_encoding_is_refused(latin: dict[str, str]) -> None:
    """For example an engine that was started without the option; libtorrent's encoding can still be set there."""
    code = (
        "from protocol.host import utf8\ntry: utf8.require_python_utf8()\nexcept utf8.NotUtf8 as error: print(error)\n"
        "print(utf8.c_library_writes_utf8(), utf8.use_utf8_locale(), utf8.c_library_writes_utf8())"
    )
    ran = python(code, latin)
    assert ran.stdout.splitlines() == [
        "Python writes paths in iso8859-1, not in UTF-8; start it with -X utf8",
        "False C.UTF-8 True",
    ], ran.stderr
