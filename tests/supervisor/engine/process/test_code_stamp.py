import asyncio
import errno
import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from supervisor.engine.process.code_stamp import CodeStamp, Stamp


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A package that can be imported as `stamped`."""
    directory = tmp_path / "stamped"
    directory.mkdir()
    (directory / "__init__.py").write_text("")
    (directory / "code.py").write_text("one = 1\n")
    (directory / "inner" / "deeper").mkdir(parents=True)
    (directory / "inner" / "deeper" / "code.py").write_text("two = 2\n")
    monkeypatch.syspath_prepend(tmp_path)
    return directory


def test_the_stamp_differs_once_a_file_does(package: Path) -> None:
    """If a file was changed, added, replaced by one of the same size, or removed; and not before.

    In a subfolder, too: an engine module that was edited there makes a spare that was started before out of date.
    """
    code = CodeStamp(["stamped"])
    stamps = [code.current()]
    assert code.current() == stamps[0]
    (package / "code.py").write_text("one = 100\n")
    stamps.append(code.current())
    (package / "more.so").write_bytes(b"")
    stamps.append(code.current())
    os.utime(package / "code.py", ns=(0, 0))
    stamps.append(code.current())
    (package / "more.so").unlink()
    stamps.append(code.current())
    (package / "inner" / "deeper" / "code.py").write_text("two = 20\n")
    stamps.append(code.current())
    assert len(set(stamps)) == len(stamps)


def test_what_python_compiles_is_no_change(package: Path) -> None:
    """An engine that loads the code writes these files."""
    before = CodeStamp(["stamped"]).current()
    subprocess.run([sys.executable, "-B", "-m", "compileall", "-q", str(package)], check=True)
    assert (package / "__pycache__").is_dir()
    assert (package / "inner" / "deeper" / "__pycache__").is_dir()
    assert CodeStamp(["stamped"]).current() == before


def test_a_package_that_is_gone_has_no_files(package: Path) -> None:
    """Nothing is raised in the middle of an upgrade."""
    code = CodeStamp(["stamped", "there_is_no_such_package"])
    package.rename(package.with_name("away"))
    assert code.current() == frozenset()


def test_the_engines_own_code_and_libtorrent_are_looked_at() -> None:
    """By default."""
    names = {Path(path).name for path, _, _ in CodeStamp().current()}
    assert {"engine.py", "link.py", "libtorrent_session.py"} < names
    assert any(name.startswith("__init__.") and name.endswith(".so") for name in names)


async def test_the_files_are_looked_at_by_a_thread_over_and_over(
    package: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The loop reads the last result and waits for no disk; without a thread, the next check finds a change."""
    monkeypatch.setattr("supervisor.engine.process.code_stamp.LOOK_S", 0.01)
    code, threads = CodeStamp(["stamped"]), list[int]()
    current = code.current

    def noted() -> Stamp:
        threads.append(threading.get_ident())
        if len(threads) == 1:
            raise OSError(errno.EAGAIN, "no thread")
        return current()

    monkeypatch.setattr(code, "current", noted)
    looking = asyncio.create_task(code.run())
    async with asyncio.timeout(5):
        while not code.seen:  # noqa: ASYNC110  # nothing tells of a look
            await asyncio.sleep(0.01)
        before = code.seen
        (package / "code.py").write_text("one = 100\n")
        while code.seen == before:  # noqa: ASYNC110  # nothing tells of a look
            await asyncio.sleep(0.01)
    looking.cancel()
    assert threading.get_ident() not in threads
