"""Each client is built here, or the reason is reported."""

import subprocess

import pytest

from tests.clients.languages import BUILD_S, FOLDER, LANGUAGES, chosen, why_not
from tests.clients.matrix import table

pytestmark = pytest.mark.process


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_client_is_built(language: str) -> None:
    """A missing toolchain skips the test; a failed build fails it."""
    if language not in chosen():
        pytest.skip("another language was asked for")
    why = why_not(language)
    if why is not None:
        pytest.skip(f"{language}: {why}")


def test_builds_beside_one_another_do_not_share_a_log() -> None:
    """Both build, or find everything built, and leave no temporary files."""
    builds = [subprocess.Popen([FOLDER / "build"], stderr=subprocess.PIPE, text=True) for _ in range(2)]
    for build in builds:
        _, told = build.communicate(timeout=BUILD_S)
        assert build.returncode == 0, told
        assert len(told.splitlines()) == len(LANGUAGES)
    assert not list(FOLDER.glob("*/build.log"))


def test_the_table_names_what_was_not_run() -> None:
    """A client without a toolchain has a column, and the reason is printed below."""
    lines = table(
        [
            {"client": "node", "row": "ping", "verdict": "ok"},
            {"client": "c", "row": "ping", "verdict": "FAILED"},
            {"client": "c", "row": "ping", "verdict": "ok"},
            {"client": "node", "row": "hello", "verdict": "ok"},
            {"client": "java", "why_not": "not run: no java"},
        ]
    )
    assert [line.split() for line in lines[:3]] == [
        ["node", "java", "c"],
        ["hello", "ok", "NOT", "RUN", "-"],
        ["ping", "ok", "NOT", "RUN", "FAILED"],
    ]
    assert lines[3:] == ["java: not run: no java"]
