import re
import shutil
from importlib import metadata
from pathlib import Path

import pytest

from tools.pins.locks import DEV, ROOT, RUN, Lock, closure, needed_here, parse, problems, written


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """Copies of the three files, to be damaged."""
    for name in ("constraints.txt", RUN, DEV):
        shutil.copy(ROOT / name, tmp_path)
    return tmp_path


def edit(file: Path, pattern: str, replacement: str) -> None:
    """Changes one place."""
    text, count = re.subn(pattern, replacement, file.read_text(), count=1)
    assert count == 1
    file.write_text(text)


def test_they_fit() -> None:
    """constraints.txt, pyproject.toml and the generated files match; after a change, scripts/pins repairs them."""
    assert list(problems()) == []


def test_what_builds_ouzel_is_locked() -> None:
    """Nothing is installed without a hash, including the build backend."""
    assert "setuptools" in parse((ROOT / RUN).read_text())


def test_what_does_not_fit_is_told(copy: Path) -> None:
    """Another version, a missing or additional package, or an unneeded pin."""
    edit(copy / "constraints.txt", r"rich==.*", "rich==1.0")
    edit(copy / "constraints.txt", r"ruff==", "six==1.17.0\nruff==")
    edit(copy / RUN, r"(?s)tenacity==.*?(?=textual)", "")
    edit(copy / DEV, r"ruff==", "rough==")
    found = list(problems(copy))
    assert any(re.fullmatch(r"rich is locked to [0-9.]+ and pinned to 1\.0", problem) for problem in found)
    assert f"{RUN} lacks ['tenacity'], and has [] too many" in found
    assert f"{DEV} lacks ['ruff'], and has ['rough'] too many" in found
    assert "constraints.txt pins ['ruff', 'six', 'tenacity'], and nothing needs it" in found


@pytest.mark.parametrize(
    "line",
    [
        "six==1.17.0\n",
        "six>=1.17.0 \\\n    --hash=sha256:" + "0" * 64 + "\n",
        "six==1.17.0 \\\n    --hash=sha256:0123\n",
        "--index-url somewhere\n",
        "six @ file:///six.whl \\\n    --hash=sha256:" + "0" * 64 + "\n",
    ],
)
def test_nothing_but_hashed_versions_is_in_them(line: str) -> None:
    """No range, no package without a hash, and no source to download from."""
    with pytest.raises(ValueError, match="no lock"):
        parse(line)


def test_they_are_read_as_they_are_written() -> None:
    """With and without markers, in the order of names."""
    some = {"b": Lock("2.0", ("0" * 64, "1" * 64)), "a-c": Lock("1.0rc1", ("2" * 64,), "python_version < '3.12'")}
    assert parse("# one\n# two\n" + written(some)) == some
    with pytest.raises(ValueError, match="is in it twice"):
        parse(written(some) + written(some))


def test_only_what_linux_needs_is_kept() -> None:
    """For any Python version that Ouzel supports."""
    kept = {marker: needed_here(Lock("1", (), marker)) for marker in (
        None, "sys_platform == 'win32'", "implementation_name == 'pypy'", "python_full_version < '3.12'",
        "python_version < '3.11'", "platform_python_implementation != 'PyPy'",
    )}  # fmt: skip
    assert list(kept.values()) == [True, False, False, True, False, True]


def test_what_is_needed_follows_extras_and_markers(monkeypatch: pytest.MonkeyPatch) -> None:
    """In the normal form of distributions."""
    needs = {
        "top": ["Middle_One[fast]>=1", "never; python_version < '3'"],
        "middle-one": ["low", "quick; extra == 'fast'", "slow; extra == 'slow'"],
        "quick": ["top"],
    }
    monkeypatch.setattr(metadata, "requires", needs.get)
    assert closure(["top"]) == {"top", "middle-one", "low", "quick"}
