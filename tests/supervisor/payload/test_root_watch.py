import errno
import os
import stat
from pathlib import Path

import pytest

from supervisor.payload import root_watch
from supervisor.payload.root_health import RootSeen, problem
from supervisor.payload.root_watch import RootWatch


@pytest.mark.parametrize(
    ("seen", "words"),
    [
        (None, ["/r", "does not answer"]),
        (RootSeen(errno.ENOENT, user="ouzel"), ["/r", "is not there", "mount", "ouzel"]),
        (RootSeen(errno.EROFS, stat.S_IFDIR | 0o755, "ouzel", "ouzel"), ["/r", "read-only", "remount,rw"]),
        (RootSeen(errno.EACCES, stat.S_IFDIR | 0o755, "root", "ouzel"), ["user ouzel", "root's, mode 0755", "chown"]),
        (RootSeen(errno.EACCES, user="ouzel"), ["cannot be reached", "ouzel", "ProtectHome"]),
        (RootSeen(errno.ENOTDIR, stat.S_IFREG, "ouzel", "ouzel"), ["no directory"]),
        (RootSeen(errno.EIO, user="ouzel"), ["EIO", "disk"]),
    ],
)
def test_a_root_that_cannot_be_used_is_told_with_its_remedy(seen: RootSeen | None, words: list[str]) -> None:
    """The path, the user, the cause and the remedy."""
    text = problem("/r", seen)
    assert text is not None
    assert [word for word in words if word not in text] == []
    assert problem("/r", RootSeen(0)) is None


async def test_a_root_heals_and_others_are_told_of_by_themselves(tmp_path: Path) -> None:
    """As soon as it is available again; a root that is no longer configured has no problem."""
    told: dict[str, str | None] = {}
    good, bad = tmp_path / "good", tmp_path / "bad"
    good.mkdir()
    bad.write_text("in the way")
    roots = [str(good), str(bad)]
    watch = RootWatch(lambda: roots, lambda root, text: told.update({root: text}))
    await watch.check()
    assert told[str(good)] is None
    assert "no directory" in (told[str(bad)] or "")
    bad.unlink()
    await watch.check()
    assert "is not there" in (told[str(bad)] or "")
    bad.mkdir()
    await watch.check()
    assert told[str(bad)] is None
    bad.rmdir()
    await watch.check()
    roots.remove(str(bad))
    await watch.check()
    assert told[str(bad)] is None


async def test_one_root_may_be_configured_twice(tmp_path: Path) -> None:
    """As `dl` and `dl/`, or by a link: it is asked once."""
    told: list[tuple[str, str | None]] = []
    watch = RootWatch(lambda: [str(tmp_path), str(tmp_path)], lambda root, text: told.append((root, text)))
    await watch.check()
    assert told == [(str(tmp_path), None)]


async def test_a_root_that_hangs_hangs_nobody(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is not asked again before it has answered."""
    told: dict[str, str | None] = {}
    reader, writer = os.pipe()
    monkeypatch.setattr(root_watch, "PATIENCE_S", 0.1)
    monkeypatch.setattr(root_watch, "_look_at", lambda root: os.read(reader, 1) and RootSeen(0))
    watch = RootWatch(lambda: [str(tmp_path)], lambda root, text: told.update({root: text}))
    await watch.check()
    await watch.check()
    assert "does not answer" in (told[str(tmp_path)] or "")
    os.write(writer, b"x")
    monkeypatch.setattr(root_watch, "PATIENCE_S", 10.0)
    await watch.check()
    assert told[str(tmp_path)] is None
    os.close(reader)
    os.close(writer)
