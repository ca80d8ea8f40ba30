"""The trials: one command each, with a kill at a random moment."""

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Final, Literal, NamedTuple, get_args

from ouzel.cli.backup.archive import Unusable
from protocol.durable.integrity import Damaged
from protocol.wire.rows import TorrentState
from tools.bench.backup import archives
from tools.bench.backup.archives import Content
from tools.bench.backup.load import Load
from tools.rig import payload
from tools.rig.daemon import Daemon
from tools.rig.waiting import until

Victim = Literal["engine", "supervisor", "both", "command"]
VICTIMS: Final[Sequence[Victim]] = get_args(Victim)

CHANGES_BEFORE: Final = 20
"""The number of torrents that the load has added before a backup begins."""

REPEATS_MAX: Final = 5
BIG: Final = 120.0


class Struck(NamedTuple):
    """The result of a trial.

    Fields:
        what: backup, restore or relocate.
        hit: whether the command was running when the victim was killed.
        outcome: the state after the kill, in one word.
        problems: what was wrong, one sentence each.
        took_s: from the start of the command to the end of its repetition.
    """

    what: str
    victim: Victim
    hit: bool
    outcome: str
    problems: list[str]
    took_s: float


class Command:
    """The process of an `ouzel` command."""

    def __init__(self, *argv: str) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-I", "-m", "ouzel", *argv], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        )

    def running(self) -> bool:
        """Whether the command is still running."""
        return self._process.poll() is None

    def kill(self) -> None:
        """Sends SIGKILL."""
        self._process.kill()

    def end(self) -> tuple[int, str]:
        """Waits until the command ends. Returns the exit code and the output."""
        output, _ = self._process.communicate(timeout=BIG)
        return self._process.returncode, output


def backup_trial(daemon: Daemon, load: Load, file: Path, victim: Victim, moment_s: float) -> Struck:
    """Backs up a daemon under load, and kills the victim during the backup.

    Afterwards the file must be the earlier backup or a whole new backup. A finished backup must have every change that
    was acknowledged before the command began.
    """
    problems: list[str] = []
    had = len(load.limits)
    until(lambda: len(load.limits) >= had + CHANGES_BEFORE, "there is load", patience_s=BIG)
    before = Content(dict(load.limits), load.stored)
    former = _identity(file)
    began = time.monotonic()
    command = Command("backup", str(file), "--config", str(daemon.config))
    time.sleep(moment_s)
    hit = command.running()
    _strike(daemon, command, victim)
    code, output = command.end()
    outcome = "former" if _identity(file) == former else "new"
    if code == 0 and outcome != "new":
        problems.append("the command succeeded, and there is no new file")
    if victim != "command" and code:
        problems.append(f"the command failed with {code}: {output.strip()[-300:]}")
    problems += _lost(file, before if outcome == "new" else Content({}, 0))
    _recover(daemon)
    if code:
        code, output = Command("backup", str(file), "--config", str(daemon.config)).end()
        if code:
            problems.append(f"the repeated command failed with {code}: {output.strip()[-300:]}")
        problems += _lost(file, before)
    problems += [f"{left} was left" for left in file.parent.glob(".*.partial")]
    return Struck("backup", victim, hit, outcome, problems, time.monotonic() - began)


def restore_trial(place: Path, former: Content, file: Path, moment_s: float, *, at_the_end: bool) -> Struck:
    """Restores a backup in place of an older state, and kills the command. Then repeats the command.

    Args:
        moment_s: the time of the kill, from the start of the command.
        at_the_end: whether the time counts from the replacement of the gateway's store, near the end of the command.
    """
    directory, store, config = place / "resume", place / "gateway/gateway.sqlite", place / "c.toml"
    wanted = archives.of_archive(file)
    assert wanted is not None
    problems: list[str] = []
    argv = ("restore", str(file), "--config", str(config), "--replace")
    began, inode = time.monotonic(), store.stat().st_ino
    command = Command(*argv)
    while at_the_end and command.running() and store.stat().st_ino == inode:
        time.sleep(0.001)
    time.sleep(moment_s)
    hit = command.running()
    command.kill()
    command.end()
    outcome = "broken"
    with contextlib.suppress(Damaged, OSError):
        limits = archives.of_directory(directory, store).limits
        outcome = "former" if limits == former.limits else "new" if limits == wanted.limits else "broken"
    if outcome == "broken":
        problems.append("the resume directory is neither the former nor the new one")
    code, output = Command(*argv).end()
    if code:
        problems.append(f"the repeated command failed with {code}: {output.strip()[-300:]}")
    if archives.of_directory(directory, store) != wanted:
        problems.append("the repeated command did not restore everything")
    problems += [f"{left} was left" for left in place.glob("*.restoring")]
    problems += [f"{left} was left" for left in store.parent.glob(".*.restoring")]
    for kept in (*place.glob("resume.replaced-*"), *store.parent.glob("*.replaced-*")):
        shutil.rmtree(kept) if kept.is_dir() else kept.unlink()
    return Struck("restore", "command", hit, outcome, problems, time.monotonic() - began)


def relocation_trial(
    daemon: Daemon, torrents: Sequence[str], pair: tuple[Path, Path], kill: tuple[Victim, float]
) -> Struck:
    """Moves all payload without Ouzel, relocates the torrents, and kills the victim. Then repeats the relocation.

    Args:
        pair: where the payload is, and where it will be.
        kill: the victim, and the moment in seconds after the start.
    """
    problems: list[str] = []
    hashed = len(daemon.logged("pieces_found"))
    pair[0].rename(pair[1])
    argv = ("--runtime-dir", str(daemon.runtime_dir), "relocate", "--from", str(pair[0]), "--to", str(pair[1]))
    began = time.monotonic()
    command = Command(*argv)
    time.sleep(kill[1])
    hit = command.running()
    _strike(daemon, command, kill[0])
    code, output = command.end()
    outcome = "done" if code == 0 else "interrupted"
    _recover(daemon)
    for _ in range(REPEATS_MAX):
        code, output = Command(*argv).end()
        if code == 0:
            break
    else:
        problems.append(f"the repeated command failed with {code}: {output.strip()[-300:]}")
    _recover(daemon)

    def settled() -> bool:
        rows = [row for row in daemon.client.list_torrents() if row.torrent in set(torrents)]
        return len(rows) == len(torrents) and all(
            row.state is TorrentState.SEEDING and row.save_path == str(pair[1]) and row.moving is None for row in rows
        )

    try:
        until(settled, "all torrents seed at the new path", every_s=0.05, patience_s=BIG)
    except AssertionError as error:
        problems.append(str(error))
    if len(daemon.logged("pieces_found")) > hashed:
        problems.append("unchanged files were hashed")
    return Struck("relocate", kill[0], hit, outcome, problems, time.monotonic() - began)


def seeding(daemon: Daemon, place: Path, scratch: Path, count: int) -> list[str]:
    """Adds torrents with complete payload at a place. Returns their ids once their progress is saved."""
    place.mkdir()
    torrents = []
    for number in range(count):
        made = payload.make(scratch, f"t{number}", {"x": 40_000, "y": 30_000}, piece_size=16384)
        shutil.copytree(made.root / made.name, place / made.name)
        torrents.append(daemon.client.add_torrent(metainfo=made.metainfo, save_path=str(place)).torrent)
    for torrent in torrents:
        daemon.until_state(torrent, TorrentState.SEEDING)
        saved = daemon.resume_dir / "fastresume" / f"{torrent}.fastresume"
        until(saved.is_file, f"the progress of {torrent} is saved", patience_s=BIG)
    return torrents


def _strike(daemon: Daemon, command: Command, victim: Victim) -> None:
    engine = None
    if victim in ("engine", "both"):
        with contextlib.suppress(AssertionError):
            engine = daemon.engine_pid()
    if victim in ("supervisor", "both"):
        daemon.kill()
    if engine is not None:
        with contextlib.suppress(ProcessLookupError):
            os.kill(engine, signal.SIGKILL)
    if victim == "command":
        command.kill()


def _recover(daemon: Daemon) -> None:
    """Starts the supervisor if it was killed, and waits until all torrents are applied."""
    if daemon.ended() is not None:
        daemon.start()
    until(daemon.healthy, "the daemon is healthy", patience_s=BIG)


def _lost(file: Path, before: Content) -> list[str]:
    """The changes that were acknowledged before a backup began, and that the backup does not have."""
    try:
        found = archives.of_archive(file)
    except Unusable as error:
        return [f"the file is no whole backup: {error}"]
    if found is None:
        return [] if not before.limits else ["there is no backup"]
    lost = [f"torrent {torrent} is missing" for torrent in before.limits if torrent not in found.limits]
    lost += [
        f"torrent {torrent} has the limit {found.limits[torrent]}, and {limit} was acknowledged"
        for torrent, limit in before.limits.items()
        if found.limits.get(torrent, limit) < limit
    ]
    if found.stored < before.stored:
        lost.append(f"the gateway's store has {found.stored}, and {before.stored} was committed")
    return lost


def _identity(file: Path) -> tuple[int, int] | None:
    try:
        found = file.stat()
    except FileNotFoundError:
        return None
    return found.st_ino, found.st_mtime_ns
