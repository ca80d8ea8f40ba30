"""The keys that may use the service over tcp: a directory with one file a client, looked at once a second.

What is not there authorizes nobody: a directory that is gone has no keys. A file that is damaged harms no other.
"""

import errno
import os
import stat
from pathlib import Path
from typing import Final, NamedTuple

from protocol.host import private_dir
from protocol.text.scrub import scrub
from protocol.wire.key_file import MAX_BYTES, PUBLIC_SUFFIX, Role, is_name, parse

FILES_MAX: Final = 10_000
"""More than that are not read, in the order of their names: each look costs a moment for each of them."""

DIRECTORY: Final = "directory"
"""The subject of a problem that all files share."""

FILES: Final = "files"
"""The subject of the problems of single files."""

_LASTING: Final = frozenset({errno.ENOENT, errno.ELOOP, errno.EACCES, errno.EPERM, errno.ENXIO})
"""Why a file cannot be read until something changes that each look sees."""


class Client(NamedTuple):
    """A client that may use the service: the name of its file without the suffix, and what it may do."""

    name: str
    role: Role


class Authorized(NamedTuple):
    """What a directory says.

    Fields:
        clients: by public key, in Z85.
        problems: what is wrong, by the name of the file; text that can be encoded, whatever the name's bytes are.
    """

    clients: dict[str, Client]
    problems: dict[str, str]

    def reasons(self) -> dict[str, str]:
        """What health says of them, by subject: of all files together one thing, however many there are."""
        found = {subject: text for subject, text in self.problems.items() if subject == DIRECTORY}
        files = [text for subject, text in self.problems.items() if subject != DIRECTORY]
        if files:
            found[FILES] = (
                files[0] if len(files) == 1 else f"{len(files)} key files have problems, the first: {files[0]}"
            )
        return found


class AuthorizedKeys:
    """Reads the directory anew when something in it has changed. Its calls wait for the disk.

    Args:
        directory: where `NAME.key` files are.
    """

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._shown = scrub(str(directory))
        self._stamp: object = None
        self._authorized = Authorized({}, {})
        self._passing = False
        """Whether a file could not be read for a reason that may be over without a change of the file."""

    def look(self) -> Authorized:
        """What the directory says now."""
        try:
            stamp = self._look()
            if stamp != self._stamp:
                self._passing = False
                self._authorized = self._read([name for name, *_ in stamp[1]])
                self._stamp = None if self._passing else stamp
        except OSError as error:
            self._stamp = None
            where = scrub(str(error.filename or self._directory))
            return Authorized({}, {DIRECTORY: f"{where}: {error.strerror}; nobody is authorized"})
        return self._authorized

    def _look(self) -> tuple[int, list[tuple[str, int, int, int, int, int]]]:
        """What changes when a file in it is written, replaced or removed, or may be read by others than before."""
        mode = private_dir.check_dir(self._directory).st_mode
        found = []
        with os.scandir(self._directory) as entries:
            for entry in entries:
                if entry.name.endswith(PUBLIC_SUFFIX) and not entry.name.startswith("."):
                    try:
                        at = entry.stat()
                    except OSError:  # removed meanwhile, or a link to nowhere: reading it will tell
                        found.append((entry.name, 0, 0, 0, 0, 0))
                    else:
                        found.append((entry.name, at.st_ino, at.st_size, at.st_mtime_ns, at.st_ctime_ns, at.st_mode))
        return mode, sorted(found)

    def _read(self, names: list[str]) -> Authorized:
        clients: dict[str, Client] = {}
        problems: dict[str, str] = {}
        if len(names) > FILES_MAX:
            problems[DIRECTORY] = f"{self._shown} has more than {FILES_MAX} keys; the others are ignored"
        for file in names[:FILES_MAX]:
            name, shown = file.removesuffix(PUBLIC_SUFFIX), scrub(file)
            try:
                if not is_name(name):
                    raise ValueError("its name is not made of letters, digits and . _ @ -, 64 at the most")
                key = parse(read_file(self._directory / file, forbidden=stat.S_IWOTH))
                if key.role is None:
                    raise ValueError('there is no role in it, role = "read" or role = "admin"')
            except OSError as error:
                self._passing = self._passing or error.errno not in _LASTING
                problems[shown] = f"{shown} is ignored: {error.strerror}"
            except ValueError as error:
                problems[shown] = f"{shown} is ignored: {error}"
            else:
                known = clients.get(key.public_key)
                if known is not None:
                    problems[shown] = f"{shown} has the same key as {known.name}{PUBLIC_SUFFIX}; the lesser role holds"
                if known is None or key.role is Role.READ:
                    clients[key.public_key] = Client(name, key.role)
        return Authorized(clients, problems)


def read_file(path: Path, *, forbidden: int) -> bytes:
    """The content of a key file, which is no pipe or device that would be waited for.

    Args:
        forbidden: bits of the mode that it must not have.

    Raises:
        OSError: it cannot be read, or somebody else could have written it.
        ValueError: it is no regular file, or its mode is wider than it may be.
    """
    fd = private_dir.open_file(path)
    with open(fd, "rb") as file:
        mode = os.fstat(fd).st_mode
        if not stat.S_ISREG(mode):
            raise ValueError("it is no regular file")
        if mode & forbidden:
            raise ValueError(
                f"its mode is {stat.S_IMODE(mode):04o}, and has to be {stat.S_IMODE(mode) & ~forbidden:04o}"
            )
        return file.read(MAX_BYTES + 1)
