"""The metadata of a torrent: the facts in its info dictionary and its .torrent file that Ouzel stores.

It is part of the torrent's record, so fields are only ever added, each with a default.
"""

import sys
from collections.abc import Iterable
from typing import Final

import msgspec

TEXT_MAX: Final = 1000
"""The maximum length of a comment, and of the name of the program that made a torrent; a longer text is cut."""


class KnownMetadata(msgspec.Struct, frozen=True, kw_only=True, gc=False, omit_defaults=True):
    """The metadata of a torrent, stored in its record.

    Fields:
        name: the torrent's name.
        size: the size of all files except padding (BEP 47), in bytes.
        piece_length: the size of a piece in bytes.
        files: the number of files, without padding.
        pieces: the number of pieces; None in a record of a version that did not store it. Then the fields below are
            unknown, too.
        root: the content path (`content`) if it differs from the name. For most torrents both are equal.
        private: whether the torrent is private (BEP 27).
        comment, created_by: texts in the .torrent file, at most TEXT_MAX characters; empty for none.
        created_us: when the .torrent file was made, microseconds since 1970; None if the file does not say so.
    """

    name: str
    size: int
    piece_length: int
    files: int
    pieces: int | None = None
    root: str | None = None
    private: bool = False
    comment: str = ""
    created_by: str = ""
    created_us: int | None = None

    def __post_init__(self) -> None:
        """Shares the name of the program, which many torrents have in common, and drops a redundant `root`."""
        share = msgspec.structs.force_setattr
        share(self, "created_by", sys.intern(self.created_by))
        if self.root == self.name:
            share(self, "root", None)

    @property
    def content(self) -> str | None:
        """The path of the torrent's only file or of its root folder, relative to the save path.

        Empty if there is neither; None if the path is unknown.
        """
        if self.pieces is None:
            return None
        return self.name if self.root is None else self.root

    def joined(self, stored: "KnownMetadata | None") -> "KnownMetadata":
        """Returns this metadata. Missing texts and a missing time are taken from the stored metadata.

        The texts and the time are not in the info dictionary. So an engine that has only the info dictionary lacks
        them.
        """
        if stored is None or (stored.comment, stored.created_by, stored.created_us) == ("", "", None):
            return self
        return msgspec.structs.replace(
            self,
            comment=self.comment or stored.comment,
            created_by=self.created_by or stored.created_by,
            created_us=stored.created_us if self.created_us is None else self.created_us,
        )


def content_of(paths: Iterable[str]) -> str:
    """Returns the path of the only file, or the root folder that has all files; empty if there is neither.

    Args:
        paths: the paths of all files except padding files, as stored on disk, relative to the save path.
    """
    found = list(paths)
    if len(found) == 1:
        return found[0]
    roots = {path.partition("/")[0] for path in found}
    return roots.pop() if len(roots) == 1 else ""
