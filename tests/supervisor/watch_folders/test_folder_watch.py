"""One watch folder, with a played service."""

import asyncio
import math
import os
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Final

import pytest
import structlog

from protocol.wire.commands.kinds import Mutation
from protocol.wire.commands.torrent_commands import AddTorrent
from protocol.wire.errors import ErrorKind, OuzelError
from protocol.wire.results import AddAccepted
from supervisor.commands.acceptance import Acceptance
from supervisor.config.watch_config import WatchFolder
from supervisor.watch_folders import pending_files
from supervisor.watch_folders.folder_watch import FolderWatch

PATIENCE_S: Final = 30.0

Act = Callable[[AddTorrent], None]


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Files count as stable and as final soon."""
    monkeypatch.setattr(pending_files, "STABLE_S", 0.05)
    monkeypatch.setattr(pending_files, "INVALID_S", 0.1)


async def watching(folder: Path, act: Act, done: Callable[[], bool], scanned: str = "") -> None:
    """Watches the folder until `done`.

    Args:
        act: called with each add; may raise OuzelError.
        scanned: an add is answered only once the watch has seen this file.
    """

    async def accept(command: Mutation, deadline: float) -> Acceptance:
        assert isinstance(command, AddTorrent)
        act(command)
        while scanned and scanned not in watch._files.due(math.inf):  # noqa: ASYNC110  # nothing else tells of a scan
            await asyncio.sleep(0.02)
        return Acceptance(AddAccepted(torrent="a" * 40, duplicate=False), "a" * 40, 1)

    problems: list[str | None] = []
    watch = FolderWatch(
        WatchFolder(path=str(folder)), accept=accept, report=problems.append, log=structlog.get_logger()
    )
    running = asyncio.ensure_future(watch.run())
    async with asyncio.timeout(PATIENCE_S):
        while not done():
            assert not running.done(), running.exception()
            await asyncio.sleep(0.02)
    running.cancel()
    await asyncio.wait([running])
    assert running.cancelled()


def run(work: Awaitable[None]) -> None:
    """Runs to the end."""

    async def main() -> None:
        await work

    asyncio.run(main())


def test_a_bad_line_stops_no_other_link(tmp_path: Path) -> None:
    """All that can be added is added; the reason names the line that cannot."""
    added: set[str] = set()

    def act(command: AddTorrent) -> None:
        assert command.magnet is not None
        if "bad" in command.magnet:
            raise OuzelError(ErrorKind.INVALID_MAGNET, "no link")
        added.add(command.magnet)

    (tmp_path / "l.magnet").write_text("magnet:?1\nmagnet:?bad\nmagnet:?2\n")
    reason = tmp_path / "l.magnet.invalid.txt"
    run(watching(tmp_path, act, reason.exists))
    assert added == {"magnet:?1", "magnet:?2"}
    assert reason.read_text() == "magnet:?bad: no link\n"


def test_files_may_go_while_one_is_added(tmp_path: Path) -> None:
    """The one that is added, and the next; what comes later is added all the same."""
    first, second, later = (tmp_path / f"{name}.torrent" for name in ("a", "b", "c"))

    def act(_: AddTorrent) -> None:
        if first.exists():
            first.unlink()
            second.unlink(missing_ok=True)
            later.write_bytes(b"c")

    first.write_bytes(b"a")
    second.write_bytes(b"b")
    run(watching(tmp_path, act, (tmp_path / "c.torrent.added").exists, scanned=later.name))
    assert [each.name for each in tmp_path.iterdir()] == ["c.torrent.added"]


def test_names_that_are_not_utf8_stop_nothing(tmp_path: Path) -> None:
    """Neither as other files, nor as files that are added."""
    raw = os.fsencode(tmp_path)
    names: list[bytes] = [b"\xff.txt", b"\xff.torrent"]

    def done() -> bool:
        for name in names:  # while the kernel's reports are awaited
            with open(os.path.join(raw, name), "wb") as opened:  # noqa: PTH118  # a path of bytes
                opened.write(b"x")
        names.clear()
        return os.path.lexists(os.path.join(raw, b"\xff.torrent.added"))  # noqa: PTH118  # the same

    (tmp_path / "before.torrent").write_bytes(b"x")
    run(watching(tmp_path, lambda _: None, lambda: (tmp_path / "before.torrent.added").exists() and done()))
