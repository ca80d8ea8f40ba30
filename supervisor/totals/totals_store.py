"""Where totals are stored: `totals/` in the resume directory, a small file for each shard. Runs in threads.

None of it matters so much that anything waits for it: a file that is damaged is put aside, and what it held begins
anew, or goes on from what the torrents' resume data says.
"""

import contextlib
import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final, NamedTuple

import msgspec

from protocol.host import private_dir
from protocol.internal.durable import Change, commit, fsync_dir
from protocol.internal.integrity import Damaged, decode_record, encode_record, read
from protocol.internal.resume_dir import ResumeDir
from supervisor.store.damage import DamagedFile, put_aside_as
from supervisor.totals.totals import SESSION, SessionRecord, ShardRecord

STAMP: Final = "uptime"
"""In the runtime directory, where that is in memory: the uptime, which idle seeds save nowhere else."""
_IN_MEMORY: Final = frozenset({"tmpfs", "ramfs"})
_MOUNTINFO: Final = Path("/proc/self/mountinfo")


class Stamp(msgspec.Struct, frozen=True, kw_only=True):
    """The uptime, and the resume directory whose it is, as `ResumeDir.identity` names it."""

    resume_dir: str
    uptime_s: int


class Stored(NamedTuple):
    """What was read.

    Fields:
        session: None where there is none.
        unread: the shards that cannot be read now, and are left alone until they can.
        damaged: what was put aside.
    """

    session: SessionRecord | None
    shards: dict[str, ShardRecord]
    unread: set[str]
    damaged: list[DamagedFile]


def read_all(directory: ResumeDir, only: Sequence[str] | None = None) -> Stored:
    """Reads all shards that there are, or only some."""
    found = Stored(None, {}, set(), [])
    for shard in directory.total_shards() if only is None else only:
        path = directory.totals(shard)
        try:
            if shard == SESSION:
                found = found._replace(session=decode_record(read(path), SessionRecord))
            else:
                found.shards[shard] = decode_record(read(path), ShardRecord)
        except FileNotFoundError:
            continue
        except Damaged as error:
            try:
                done = put_aside_as(directory.put_aside(path))
            except OSError as problem:
                done = f"left where it is until it is written again ({problem})"
            found.damaged.append(DamagedFile(path.name, None, f"{path.name} is damaged: {error}", done, orphan=True))
        except OSError:
            found.unread.add(shard)
    return found


def change(directory: ResumeDir, shard: str, record: SessionRecord | ShardRecord) -> Change:
    """What has to be written so that a record is stored. A shard without torrents has no file."""
    empty = isinstance(record, ShardRecord) and not record.torrents
    return Change(directory.totals(shard), None if empty else encode_record(record))


def write(directory: ResumeDir, changes: Sequence[Change]) -> None:
    """Makes them durable, as one group of files. Raises OSError, and then some of them may be."""
    directory.check()
    if not directory.totals_dir.is_dir() or directory.totals_dir.is_symlink():
        if os.path.lexists(directory.totals_dir):
            directory.put_aside(directory.totals_dir)
        private_dir.prepare(directory.totals_dir, parents=False)
        fsync_dir(directory.root)
    failures = commit([[each] for each in changes])
    directory.check()
    for failure in failures:
        if failure is not None:
            raise failure


def in_memory(directory: Path, mountinfo: Callable[[], str] = _MOUNTINFO.read_text) -> bool:
    """Whether a directory lies on a file system that is in memory only, so that what is written there costs no disk."""
    try:
        device = directory.stat().st_dev
        mounts = mountinfo()
    except (OSError, UnicodeDecodeError):
        return False
    number = f"{os.major(device)}:{os.minor(device)}"
    for line in mounts.splitlines():
        before, _, after = line.partition(" - ")
        fields = before.split(" ")
        if len(fields) > 2 and fields[2] == number:
            return after.partition(" ")[0] in _IN_MEMORY
    return False


def read_stamp(runtime_dir: Path, identity: str) -> int:
    """The uptime that was noted last in the runtime directory, 0 where there is none of this resume directory."""
    with contextlib.suppress(OSError, Damaged, msgspec.MsgspecError):
        stamp = msgspec.json.decode(read(runtime_dir / STAMP), type=Stamp)
        if stamp.resume_dir == identity:
            return stamp.uptime_s
    return 0


def write_stamp(runtime_dir: Path, stamp: Stamp) -> None:
    """Notes the uptime; durable only for as long as the machine runs. Raises OSError."""
    temporary = runtime_dir / f"{STAMP}.tmp"
    flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK
    fd = os.open(temporary, flags, 0o600)
    try:
        os.write(fd, msgspec.json.encode(stamp))
    finally:
        os.close(fd)
    temporary.replace(runtime_dir / STAMP)


def delete_stamp(runtime_dir: Path) -> None:
    """The uptime is stored elsewhere. Raises OSError."""
    (runtime_dir / STAMP).unlink(missing_ok=True)
