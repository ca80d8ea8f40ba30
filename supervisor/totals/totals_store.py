"""Reads and writes the files of totals.

They are in `totals/` in the resume directory. Each shard has a small file.

All functions run in threads, and no request waits for these functions. A damaged file is put aside. Then the totals of
its torrents begin with the totals in their fast-resume data, or with 0.
"""

import contextlib
import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final, NamedTuple

import msgspec

from protocol.durable.durable import Change, commit, fsync_dir
from protocol.durable.integrity import Damaged, decode_record, encode_record, read
from protocol.durable.resume_dir import ResumeDir
from protocol.host import private_dir
from supervisor.store.damage import DamagedFile, put_aside_as
from supervisor.totals.totals import SESSION, SessionRecord, ShardRecord

STAMP: Final = "uptime"
"""The name of the stamp file. It is in a runtime directory in memory.

While all torrents are idle seeds, no other file stores the uptime.
"""
_IN_MEMORY: Final = frozenset({"tmpfs", "ramfs"})
_MOUNTINFO: Final = Path("/proc/self/mountinfo")


class Stamp(msgspec.Struct, frozen=True, kw_only=True):
    """The content of the stamp file. It has the uptime, and the identity of the resume directory
    (`ResumeDir.identity`).
    """

    resume_dir: str
    uptime_s: int


class Stored(NamedTuple):
    """The stored totals.

    Fields:
        session: the session's totals; None if none are stored.
        unread: the shards that cannot be read now. Ouzel does not write a shard before it has read the shard.
        damaged: the files that were put aside.
    """

    session: SessionRecord | None
    shards: dict[str, ShardRecord]
    unread: set[str]
    damaged: list[DamagedFile]


def read_all(directory: ResumeDir, only: Sequence[str] | None = None) -> Stored:
    """Reads all shards, or only the shards in `only`."""
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
    """The write that stores a record. A shard without torrents has no file."""
    empty = isinstance(record, ShardRecord) and not record.torrents
    return Change(directory.totals(shard), None if empty else encode_record(record))


def write(directory: ResumeDir, changes: Sequence[Change]) -> None:
    """Writes files durably as one group. Raises OSError. After an error, some files may be written."""
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
    """Whether a directory is on a file system in memory. A write there needs no disk."""
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
    """Reads the uptime of this resume directory from the stamp file. 0 if there is no stamp."""
    with contextlib.suppress(OSError, Damaged, msgspec.MsgspecError):
        stamp = msgspec.json.decode(read(runtime_dir / STAMP), type=Stamp)
        if stamp.resume_dir == identity:
            return stamp.uptime_s
    return 0


def write_stamp(runtime_dir: Path, stamp: Stamp) -> None:
    """Writes the stamp file. Only a restart of the machine deletes this file. Raises OSError."""
    temporary = runtime_dir / f"{STAMP}.tmp"
    flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK
    fd = os.open(temporary, flags, 0o600)
    try:
        os.write(fd, msgspec.json.encode(stamp))
    finally:
        os.close(fd)
    temporary.replace(runtime_dir / STAMP)


def delete_stamp(runtime_dir: Path) -> None:
    """Deletes the stamp file. Call `delete_stamp` once the uptime is stored in the session's shard. Raises OSError."""
    (runtime_dir / STAMP).unlink(missing_ok=True)
