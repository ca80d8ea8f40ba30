"""The keys that are authorized on tcp. Their directory has one file for each client, and is checked once a second.

A missing directory authorizes nobody. A damaged file affects no other file.
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
"""The maximum number of key files. Only the first files by name are read, because each check takes time for each file.
"""

DIRECTORY: Final = "directory"
"""The subject of a problem of the directory itself."""

FILES: Final = "files"
"""The subject of problems of single files."""

_LASTING: Final = frozenset({errno.ENOENT, errno.ELOOP, errno.EACCES, errno.EPERM, errno.ENXIO})
"""Errors of a file that are not transient. Such an error lasts until the file changes."""


class Client(NamedTuple):
    """An authorized client: the name of its file without the suffix, and its role."""

    name: str
    role: Role


class Authorized(NamedTuple):
    """The content of the directory.

    Fields:
        clients: the authorized clients, by public key (Z85).
        problems: the problems, by the name of the file. Invalid UTF-8 in a name is replaced.
    """

    clients: dict[str, Client]
    problems: dict[str, str]

    def reasons(self) -> dict[str, str]:
        """The reasons that `health` reports, by subject. All problems of files together are one reason."""
        found = {subject: text for subject, text in self.problems.items() if subject == DIRECTORY}
        files = [text for subject, text in self.problems.items() if subject != DIRECTORY]
        if files:
            found[FILES] = (
                files[0] if len(files) == 1 else f"{len(files)} key files have problems, the first: {files[0]}"
            )
        return found


class AuthorizedKeys:
    """Reads the directory of keys again when its content has changed. Calls block on the disk.

    Args:
        directory: contains the `NAME.key` files.
    """

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._shown = scrub(str(directory))
        self._stamp: object = None
        self._authorized = Authorized({}, {})
        self._passing = False
        """Whether a file could not be read because of a possibly transient error."""

    def read(self) -> Authorized:
        """Returns the current content of the directory."""
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
        """Returns a value that changes when a file is written, replaced or removed, or gets another mode."""
        mode = private_dir.check_dir(self._directory).st_mode
        found = []
        with os.scandir(self._directory) as entries:
            for entry in entries:
                if entry.name.endswith(PUBLIC_SUFFIX) and not entry.name.startswith("."):
                    try:
                        at = entry.stat()
                    except OSError:  # removed meanwhile, or a dangling link: `_read` reports the error
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
    """Reads a key file. Pipes and devices are refused, because reading them could block.

    Args:
        forbidden: bits that the mode of the file must not have.

    Raises:
        OSError: the file cannot be read, or another user could have written it.
        ValueError: the file is not a regular file, or its mode has a forbidden bit.
    """
    fd = private_dir.open_file(path)
    try:
        mode = os.fstat(fd).st_mode
        if not stat.S_ISREG(mode):
            raise ValueError("it is no regular file")
        if mode & forbidden:
            raise ValueError(
                f"its mode is {stat.S_IMODE(mode):04o}, and has to be {stat.S_IMODE(mode) & ~forbidden:04o}"
            )
        with open(fd, "rb", closefd=False) as file:  # of a folder's descriptor, it raises and does not close it
            return file.read(MAX_BYTES + 1)
    finally:
        os.close(fd)
