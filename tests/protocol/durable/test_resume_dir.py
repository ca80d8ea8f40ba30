import contextlib
import itertools
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

import pytest

from protocol.durable.resume_dir import ResumeDir

V1: Final = "0123456789abcdef0123456789abcdef01234567"
V2: Final = V1 + "89abcdef0123456789abcdef"


def test_the_layout(tmp_path: Path) -> None:
    """All records of a torrent have its id as their name; the engine's files have a directory of their own."""
    resume_dir = ResumeDir(tmp_path)
    assert resume_dir.desired(V1) == tmp_path / f"{V1}.json"
    assert resume_dir.metainfo(V1) == tmp_path / f"{V1}.torrent"
    assert resume_dir.fastresume(V2) == tmp_path / "fastresume" / f"{V2}.fastresume"
    assert resume_dir.fastresume_name(V2) == str(resume_dir.fastresume(V2))
    assert resume_dir.old_fastresume(V2) == tmp_path / f"{V2}.fastresume"
    assert resume_dir.session == tmp_path / "session.json"
    assert resume_dir.lock == tmp_path / ".lock"
    assert resume_dir.damaged == tmp_path / "damaged"


def test_torrents_are_those_with_a_desired_state(tmp_path: Path) -> None:
    """In the order of their ids. Other, temporary and misnamed files are no torrents."""
    resume_dir = ResumeDir(tmp_path)
    for path in [resume_dir.desired(V2), resume_dir.desired(V1), resume_dir.desired("f" * 40)]:
        path.touch()
    others = [
        resume_dir.session.name,
        resume_dir.lock.name,
        resume_dir.fastresume("a" * 40).name,
        resume_dir.metainfo("b" * 40).name,
        f"{'c' * 40}.json.tmp",
        f"{'d' * 39}.json",
        f"{'D' * 40}.json",
        f"x{'e' * 40}.json",
        f"{'e' * 40}.json\n",
    ]
    for name in others:
        (tmp_path / name).touch()
    resume_dir.damaged.mkdir()
    (resume_dir.damaged / f"{'1' * 40}.json").touch()
    assert resume_dir.torrents() == [V1, V2, "f" * 40]


def test_a_damaged_file_is_put_aside_never_over_another(tmp_path: Path) -> None:
    """The same file can be damaged again and again; each version is kept, and the first keeps its name."""
    resume_dir = ResumeDir(tmp_path)
    file = resume_dir.desired(V1)
    places = []
    for content in ["one", "two", "three"]:
        file.write_text(content)
        places.append(resume_dir.put_aside(file))
        assert not file.exists()
    assert [place.name for place in places] == [file.name, f"{file.name}.1", f"{file.name}.2"]
    assert [place.read_text() for place in places] == ["one", "two", "three"]
    assert {place.parent for place in places} == {resume_dir.damaged}


def test_what_is_put_aside_is_private(tmp_path: Path) -> None:
    """Under any umask; a directory that others can write to is not used."""
    resume_dir = ResumeDir(tmp_path)
    before = os.umask(0)
    try:
        resume_dir.session.touch()
        resume_dir.put_aside(resume_dir.session)
    finally:
        os.umask(before)
    assert resume_dir.damaged.stat().st_mode & 0o777 == 0o700
    resume_dir.damaged.chmod(0o777)
    resume_dir.session.touch()
    with pytest.raises(PermissionError, match="others can write to it"):
        resume_dir.put_aside(resume_dir.session)
    assert resume_dir.session.exists()


def test_putting_aside_what_is_not_there_is_an_error(tmp_path: Path) -> None:
    """Another process may have moved it; the caller gets the error."""
    with pytest.raises(FileNotFoundError):
        ResumeDir(tmp_path).put_aside(tmp_path / "gone.json")


def test_files_of_no_torrent_and_of_no_write_are_found(tmp_path: Path) -> None:
    """By their names alone."""
    resume_dir = ResumeDir(tmp_path)
    resume_dir.make_engine_dir()
    stranger = resume_dir.fastresume_dir / f"{V2}.json"
    theirs = (resume_dir.metainfo(V2), resume_dir.fastresume(V2), resume_dir.old_fastresume(V2))
    temporary = [tmp_path / f"{V1}.json.1.tmp", resume_dir.fastresume_dir / f"{V1}.fastresume.tmp"]
    for path in (resume_dir.desired(V1), resume_dir.fastresume(V1), *theirs, stranger, resume_dir.session, *temporary):
        path.touch()
    assert resume_dir.orphans({V1}) == sorted(theirs)
    assert resume_dir.orphans({V1, V2}) == []
    assert resume_dir.leftovers() == sorted(temporary)


def test_the_engines_directory_is_private_and_no_link(tmp_path: Path) -> None:
    """Anything else at its path is put aside and never followed. Making it again changes nothing."""
    resume_dir, elsewhere = ResumeDir(tmp_path / "resume"), tmp_path / "elsewhere"
    resume_dir.root.mkdir()
    elsewhere.mkdir()
    resume_dir.fastresume_dir.symlink_to(elsewhere)
    for _ in range(2):
        resume_dir.make_engine_dir()
        assert resume_dir.fastresume_dir.lstat().st_mode == 0o40700
    assert (resume_dir.damaged / "fastresume").is_symlink()
    resume_dir.fastresume(V1).touch()
    assert list(elsewhere.iterdir()) == []


def test_of_resume_data_in_two_places_the_newer_is_kept(tmp_path: Path) -> None:
    """Wherever it is; a file that cannot be moved is reported and stays."""
    resume_dir = ResumeDir(tmp_path)
    resume_dir.make_engine_dir()
    ids = [f"{number:040x}" for number in range(4)]
    for torrent, old, new in zip(ids, (1, 1, 2, 1), (None, 2, 1, 1), strict=True):
        for path, at in ((resume_dir.old_fastresume(torrent), old), (resume_dir.fastresume(torrent), new)):
            if at is not None:
                path.write_text(f"{path.parent.name} {at}")
                os.utime(path, (at, at))
    resume_dir.old_fastresume(V1).mkdir()
    resume_dir.fastresume(V1).touch()
    assert [name for name, _ in resume_dir.migrate()] == [f"{V1}.fastresume"]
    kept = [resume_dir.fastresume(torrent).read_text() for torrent in ids]
    assert kept == [f"{tmp_path.name} 1", "fastresume 2", f"{tmp_path.name} 2", "fastresume 1"]
    assert [path.name for path in tmp_path.glob("*.fastresume")] == [f"{V1}.fastresume"]
    assert len(resume_dir.migrate()) == 1


@pytest.mark.parametrize("steps", range(9))
def test_killed_while_it_moves_each_is_in_one_of_the_places(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, steps: int
) -> None:
    """At each system call; the next start moves the rest."""
    resume_dir = ResumeDir(tmp_path)
    resume_dir.make_engine_dir()
    ids = [f"{number:040x}" for number in range(3)]
    for torrent in ids:
        resume_dir.old_fastresume(torrent).write_text(torrent)
    resume_dir.fastresume(ids[0]).write_text("older")
    os.utime(resume_dir.fastresume(ids[0]), (1, 1))
    left = itertools.count(steps, -1)

    def killing(call: Callable[..., object]) -> Callable[..., object]:
        def called(*args: object, **kwargs: object) -> object:
            if next(left) <= 0:
                raise KeyboardInterrupt
            return call(*args, **kwargs)

        return called

    with monkeypatch.context() as patched:
        for name in ("replace", "fsync"):
            patched.setattr(os, name, killing(getattr(os, name)))
        with contextlib.suppress(KeyboardInterrupt):
            resume_dir.migrate()
    for torrent in ids:
        places = (resume_dir.fastresume(torrent), resume_dir.old_fastresume(torrent))
        assert torrent in [path.read_text() for path in places if path.exists()]
    assert resume_dir.migrate() == []
    assert [resume_dir.fastresume(torrent).read_text() for torrent in ids] == ids
    assert list(tmp_path.glob("*.fastresume")) == []


def test_what_was_put_aside_is_remembered_by_when(tmp_path: Path) -> None:
    """Under each numbered name; another file's number does not count."""
    resume_dir = ResumeDir(tmp_path)
    resume_dir.make_engine_dir()
    file = resume_dir.fastresume(V1)
    now_us = time.time_ns() // 1000
    assert not resume_dir.was_put_aside(file.name, since_us=0)
    for put_aside in (resume_dir.put_aside, resume_dir.stage):
        file.touch()
        put_aside(file)
    assert resume_dir.staged_names() == [file.name]
    assert resume_dir.was_put_aside(file.name, since_us=now_us - 1_000_000)
    assert not resume_dir.was_put_aside(file.name, since_us=now_us + 60_000_000)
    assert not resume_dir.was_put_aside(resume_dir.metainfo(V1).name, since_us=0)


def test_only_the_directory_that_it_is_bound_to_will_do(tmp_path: Path) -> None:
    """It is identified by its lock file, wherever the path leads meanwhile."""
    resume_dir = ResumeDir(tmp_path / "resume")
    resume_dir.check()
    resume_dir.root.mkdir()
    resume_dir.lock.touch()
    resume_dir.bind(resume_dir.identity())
    resume_dir.check()
    resume_dir.root.rename(tmp_path / "elsewhere")
    with pytest.raises(FileNotFoundError):
        resume_dir.check()
    resume_dir.root.mkdir()
    with pytest.raises(OSError, match="not the directory that ouzeld has locked"):
        resume_dir.check()
    resume_dir.lock.touch()
    with pytest.raises(OSError, match="not the directory that ouzeld has locked"):
        resume_dir.check()
    resume_dir.bind(resume_dir.identity())
    resume_dir.check()


def test_an_engine_s_directory_that_others_could_fill_is_not_used(tmp_path: Path) -> None:
    """It is made private under any umask, and narrowed if it was readable."""
    resume_dir = ResumeDir(tmp_path)
    before = os.umask(0)
    try:
        resume_dir.make_engine_dir()
    finally:
        os.umask(before)
    directory = resume_dir.fastresume_dir
    assert directory.stat().st_mode & 0o777 == 0o700
    directory.chmod(0o755)
    resume_dir.make_engine_dir()
    assert directory.stat().st_mode & 0o777 == 0o750
    directory.chmod(0o777)
    with pytest.raises(PermissionError, match="others can write to it"):
        resume_dir.make_engine_dir()
