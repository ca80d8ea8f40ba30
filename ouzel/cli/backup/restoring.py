"""Restores a backup: verifies it, changes paths, and marks payload that is not as it was."""

from collections.abc import Callable
from typing import IO, Final

import msgspec

from ouzel.cli.backup import marks
from ouzel.cli.backup.archive import PAYLOAD, RESUME_DIR, ArchiveReader, Manifest, Member, Unusable
from ouzel.cli.backup.marks import Disks, PayloadMarks
from ouzel.cli.backup.staging import Staging
from ouzel.cli.importing.moving import PathMap
from protocol.durable import doubted
from protocol.durable.format_version import FORMAT
from protocol.durable.integrity import Damaged, decode_record, encode_record, seal, unseal
from protocol.host.mounts import MountTable, mount_point_of
from protocol.wire.desired import DesiredTorrent
from protocol.wire.session.desired_session import DesiredSession

_FASTRESUME: Final = ".fastresume"
_RECORD: Final = ".json"
_ID_LENGTHS: Final = (40, 64)


class Restored(msgspec.Struct, frozen=True, kw_only=True):
    """What is restored of one torrent.

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
        path_map: the new path of a save path.
        tell: called with each torrent.
    """

    def __init__(self, path_map: PathMap, tell: Callable[[Restored], None]) -> None:
        self._map = path_map
        self._tell = tell
        self._disks = Disks()
        self._mounts = MountTable()
        self._torrent: list[Member] = []
        """The members of the current torrent. Its record comes last."""
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
            if member.name.startswith(PAYLOAD) or self._of_torrent(member.name):
                self._torrent.append(member)
                if _is_record(member.name):
                    self._finish_torrent()
            elif member.name.startswith(RESUME_DIR):
                self._put(self._other(member))
            else:
                raise Unusable(f"it has a member {member.name!r} that this version of Ouzel does not know")
        if self._torrent:
            raise Unusable("a torrent in it has no record")
        return reader.manifest

    def _of_torrent(self, name: str) -> bool:
        stem, _, suffix = name.rpartition("/")[2].rpartition(".")
        return len(stem) in _ID_LENGTHS and suffix in ("json", "torrent", "fastresume")

    def _finish_torrent(self) -> None:
        members, self._torrent = self._torrent, []
        try:
            desired, payload = decode_record(members[-1].content, DesiredTorrent), None
            for each in members:
                if each.name.startswith(PAYLOAD):
                    payload = msgspec.json.decode(each.content, type=PayloadMarks)
        except (Damaged, msgspec.MsgspecError) as error:
            raise Unusable(f"{members[-1].name}: {error}") from None
        after = self._mapped(desired)
        resumes = any(each.name.endswith(_FASTRESUME) for each in members)
        doubts = marks.doubts(payload, after.save_path, after.mount_point, self._disks) if resumes else []
        if after.seed_mode and (doubts or not resumes):
            # The client has guaranteed the files of that time.
            after = msgspec.structs.replace(after, seed_mode=False)
        for each in members:
            if each.name.endswith(_FASTRESUME):
                self._put(
                    each._replace(content=seal(doubted.mark(unseal(each.content), doubts)) if doubts else each.content)
                )
            elif each is members[-1]:
                self._put(each if after == desired else each._replace(content=encode_record(after)))
            elif not each.name.startswith(PAYLOAD):
                self._put(each)
        count = None if doubted.ALL in doubts else len(doubts)
        self._tell(Restored(torrent=after.torrent, name=after.name, save_path=after.save_path, doubted=count))

    def _mapped(self, desired: DesiredTorrent) -> DesiredTorrent:
        """The record with mapped paths. A mapped path is on the mount that is there now."""
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
        if member.name == f"{RESUME_DIR}format.json":
            _check_format(member)
        if member.name != f"{RESUME_DIR}session.json":
            return member
        try:
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


def _is_record(name: str) -> bool:
    return name.startswith(RESUME_DIR) and name.endswith(_RECORD)


def _check_format(member: Member) -> None:
    """Raises Unusable if a newer version of Ouzel has written the resume directory."""
    try:
        found = msgspec.json.decode(member.content, type=dict[str, object]).get("format")
    except msgspec.MsgspecError as error:
        raise Unusable(f"{member.name}: {error}") from None
    if isinstance(found, int) and found > FORMAT:
        problem = f"its resume directory has format {found}, and this version of Ouzel knows {FORMAT}"
        raise Unusable(f"{problem}; use a newer version")
