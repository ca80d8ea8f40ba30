"""Restores a backup: verifies it, changes paths, and marks payload that has changed."""

import re
from collections.abc import Callable, Sequence
from typing import IO, Final, NamedTuple

import msgspec

from ouzel.cli.backup import marks
from ouzel.cli.backup.archive import PAYLOAD, RESUME_DIR, ArchiveReader, Manifest, Member, Unusable
from ouzel.cli.backup.batch import Batch
from ouzel.cli.backup.marks import Disks, PayloadMarks
from ouzel.cli.backup.outside import Outside
from ouzel.cli.backup.snapshot import SESSION, check_other
from ouzel.cli.backup.staging import Staging
from ouzel.cli.importing.moving import PathMap
from protocol.durable import doubted
from protocol.durable.format_version import FORMAT, FORMAT_FILE
from protocol.durable.integrity import Damaged, decode_record, encode_record, seal, unseal
from protocol.host.mounts import MountTable, mount_point_of
from protocol.wire.desired import DesiredTorrent
from protocol.wire.session.desired_session import DesiredSession

_FASTRESUME: Final = ".fastresume"
_OF_TORRENT: Final = re.compile(
    rf"({PAYLOAD}|{RESUME_DIR}fastresume/|{RESUME_DIR})(?P<torrent>[0-9a-f]{{40}}|[0-9a-f]{{64}})\.(json|torrent|fastresume)"
)
_MEMBERS_MAX: Final = 4
"""A torrent has payload marks, fast-resume data, a .torrent file and a record."""


class Restored(msgspec.Struct, frozen=True, kw_only=True):
    """The restored parts of one torrent.

    Fields:
        doubted: the number of files with pieces that are hashed first. None for all files.
    """

    torrent: str
    name: str
    save_path: str
    doubted: int | None


class Restorer:
    """Restores one backup.

    Args:
        path_map: returns the new path of a save path.
        tell: called with each torrent.
        outside: collects the files that are not in the resume directory. If None, they are only verified.
    """

    def __init__(self, path_map: PathMap, tell: Callable[[Restored], None], outside: Outside | None = None) -> None:
        self._map = path_map
        self._outside = outside or Outside(None, None)
        self._tell = tell
        self._disks = Disks()
        self._mounts = MountTable()
        self._torrent: list[Member] = []
        """The members of the current torrent. Its record comes last."""
        self._batch = Batch[_Torrent]()
        self._staging: Staging | None = None

    def restore(self, file: IO[bytes], staging: Staging | None) -> Manifest:
        """Reads a backup to its end. Puts its files into the staging directory.

        Args:
            staging: None for a dry run.

        Raises:
            Unusable: the backup is damaged, incomplete or too new.
            OSError: a file cannot be read or written.
        """
        self._staging = staging
        reader = ArchiveReader(file)
        for member in reader:
            found = _OF_TORRENT.fullmatch(member.name)
            if found is not None:
                self._torrent.append(member)
                self._check_torrent(found["torrent"])
                if member.name == f"{RESUME_DIR}{found['torrent']}.json":
                    self._finish_torrent()
            elif member.name.startswith(RESUME_DIR):
                self._put(self._other(member))
            elif not self._outside.add(member):
                raise Unusable(f"it has a member {member.name!r} that this version of Ouzel does not know")
        self._restore(self._batch.rest())
        if self._torrent:
            raise Unusable("a torrent in it has no record")
        return reader.manifest

    def _check_torrent(self, torrent: str) -> None:
        """Raises Unusable if the current torrent has too many members, or members of another torrent."""
        if any(torrent not in each.name for each in self._torrent):
            raise Unusable(f"a torrent before {torrent} in it has no record")
        if len(self._torrent) > _MEMBERS_MAX:
            raise Unusable(f"torrent {torrent} has too many files in it")

    def _finish_torrent(self) -> None:
        members, self._torrent = self._torrent, []
        try:
            found = _Torrent.of(members)
            if found.desired.torrent not in members[-1].name:
                raise Damaged(f"it is of torrent {found.desired.torrent!r}")
        except (Damaged, msgspec.MsgspecError, RecursionError) as error:
            raise Unusable(f"{members[-1].name}: {error}") from None
        for batch in self._batch.add(found, sum(len(each.content) for each in members)):
            self._restore(batch)

    def _restore(self, batch: Sequence["_Torrent"]) -> None:
        mapped = [self._mapped(each.desired) for each in batch]
        questions = [
            marks.question(each.marks, after.save_path, after.mount_point)
            for each, after in zip(batch, mapped, strict=True)
        ]
        for each, after, answer in zip(batch, mapped, self._disks.marks(questions), strict=True):
            self._restore_torrent(each, after, marks.doubts(each.marks, answer) if each.resume is not None else [])

    def _restore_torrent(self, torrent: "_Torrent", after: DesiredTorrent, doubts: Sequence[int]) -> None:
        if after.seed_mode and (doubts or torrent.resume is None):
            # The client has guaranteed the files of that time.
            after = msgspec.structs.replace(after, seed_mode=False)
        for each in torrent.members:
            if each.name.endswith(_FASTRESUME) and doubts and torrent.resume is not None:
                self._put(each._replace(content=seal(doubted.mark(torrent.resume, doubts))))
            elif each is torrent.members[-1] and after != torrent.desired:
                self._put(each._replace(content=encode_record(after)))
            elif not each.name.startswith(PAYLOAD):
                self._put(each)
        count = None if doubted.ALL in doubts else len(doubts)
        self._tell(Restored(torrent=after.torrent, name=after.name, save_path=after.save_path, doubted=count))

    def _mapped(self, desired: DesiredTorrent) -> DesiredTorrent:
        """The record with mapped paths. The mount point of a mapped path is its present mount point."""
        save_path = self._map(desired.save_path)
        move = desired.move
        if move is not None and self._map.covers(move.save_path):
            move = msgspec.structs.replace(
                move, save_path=self._map(move.save_path), mount_point=self._mount_point(self._map(move.save_path))
            )
        if not self._map.covers(desired.save_path):
            return msgspec.structs.replace(desired, move=move)
        return msgspec.structs.replace(
            desired, save_path=save_path, mount_point=self._mount_point(save_path), move=move
        )

    def _mount_point(self, path: str) -> str:
        return mount_point_of(path, self._mounts.current())

    def _other(self, member: Member) -> Member:
        name = member.name.removeprefix(RESUME_DIR)
        if name == FORMAT_FILE:
            _check_format(member)
        try:
            check_other(name, member.content)
            if name != SESSION:
                return member
            session = decode_record(member.content, DesiredSession)
        except Damaged as error:
            raise Unusable(f"{member.name}: {error}") from None
        categories = {
            name: msgspec.structs.replace(each, save_path=None if each.save_path is None else self._map(each.save_path))
            for name, each in session.categories.items()
        }
        if categories == session.categories:
            return member
        return member._replace(content=encode_record(msgspec.structs.replace(session, categories=categories)))

    def _put(self, member: Member) -> None:
        if self._staging is not None:
            self._staging.add(member.name.removeprefix(RESUME_DIR), member.content, member.modified)


class _Torrent(NamedTuple):
    """A torrent in a backup.

    Fields:
        members: the torrent's files. The record is the last file.
        desired: the decoded record.
        marks: the marks of its payload; None if there are none.
        resume: its fast-resume data without the trailer; None if there is none.
    """

    members: list[Member]
    desired: DesiredTorrent
    marks: PayloadMarks | None
    resume: bytes | None

    @classmethod
    def of(cls, members: list[Member]) -> "_Torrent":
        """Decodes the files. Raises Damaged, msgspec.MsgspecError, RecursionError."""
        found, resume = None, None
        for each in members:
            if each.name.startswith(PAYLOAD):
                found = msgspec.json.decode(each.content, type=PayloadMarks)
            elif each.name.endswith(_FASTRESUME):
                resume = unseal(each.content)
        return cls(members, decode_record(members[-1].content, DesiredTorrent), found, resume)


def _check_format(member: Member) -> None:
    """Raises Unusable if a newer version of Ouzel has written the resume directory."""
    try:
        found = msgspec.json.decode(member.content, type=dict[str, object]).get("format")
    except (msgspec.MsgspecError, RecursionError) as error:
        raise Unusable(f"{member.name}: {error}") from None
    if isinstance(found, int) and found > FORMAT:
        problem = f"its resume directory has format {found}, and this version of Ouzel knows {FORMAT}"
        raise Unusable(f"{problem}; use a newer version")
