"""The configuration file: its sections, and the lines of its keys."""

import codecs
import os
import re
import stat
import tomllib
from pathlib import Path
from typing import Any, Final, NamedTuple

from protocol.configuration.config_problem import InvalidConfig, Problem

_NULL_DEVICE: Final = os.makedev(1, 3)
_UTF16: Final = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
_AT_LINE: Final = re.compile(r" ?\(at line (?P<line>\d+), column \d+\)")
_NAME: Final = r"[A-Za-z0-9_-]+|\"[^\"\n]*\"|'[^'\n]*'"
_HEADER: Final = re.compile(rf"\s*\[\[?\s*(?P<section>{_NAME})\s*(?:\.\s*(?P<key>{_NAME})\s*)?\]")
_KEY: Final = re.compile(rf"\s*(?P<first>{_NAME})\s*(?:\.\s*(?P<second>{_NAME})\s*)?[.=]")


class ConfigFile(NamedTuple):
    """A configuration file that is valid TOML.

    Fields:
        path: the path as it was given.
        text: the text of the file.
        content: the parsed text.
    """

    path: Path
    text: str
    content: dict[str, Any]

    @classmethod
    def read(cls, path: Path) -> "ConfigFile":
        """Reads and parses a file.

        A regular file without a section is refused. An editor may be about to write the file, or a full disk may have
        truncated it. With an empty file, the defaults would be in force. The defaults are less strict than most
        configurations.

        Raises:
            InvalidConfig: the file cannot be read. The cause is the OSError.
            InvalidConfig: the file is not TOML, or has no section.
            InvalidConfig: the path is not a regular file, and is not /dev/null.
        """
        try:
            raw, regular = _content(path)
        except OSError as error:
            raise _invalid(path, error.strerror or str(error)) from error
        text = _decoded(path, raw)
        try:
            content = tomllib.loads(text)
        except (ValueError, RecursionError) as error:  # not TOML, a number of thousands of digits, or nested too deep
            found = _AT_LINE.search(str(error))
            line = None if found is None else int(found["line"])
            raise _invalid(path, f"is not TOML: {_AT_LINE.sub('', str(error))}", line) from error
        if not content and regular:
            empty = "is empty" if not text.strip() else "has nothing but comments"
            problem = "like a truncated file; for the defaults write one section into it, such as [paths]"
            raise _invalid(path, f"{empty}, {problem}")
        return cls(path, text, content)

    def line_of(self, section: str, key: str | None = None) -> int | None:
        """Returns the line of a key. If the key is missing, returns the line of its section. If the section is missing,
        returns None.
        """
        current: str | None = None
        of_section: int | None = None
        for number, line in enumerate(self.text.splitlines(), start=1):
            if header := _HEADER.match(line):
                current = _bare(header["section"])
                names = [current, *([_bare(header["key"])] if header["key"] else [])]
            elif entry := _KEY.match(line):
                own = [_bare(entry[part]) for part in ("first", "second") if entry[part]]
                names = own if current is None else [current, *own]
            else:
                continue
            if names[0] != section:
                continue
            if of_section is None:
                of_section = number
            if key is not None and names[1:2] == [key]:
                return number
        return of_section


def _content(path: Path) -> tuple[bytes, bool]:
    """The content of a file, and whether the file is regular. The null device is not regular. Raises OSError."""
    fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)  # to open a pipe would block until it has a writer
    try:
        found = os.fstat(fd)
        regular = stat.S_ISREG(found.st_mode)
        if not regular and (not stat.S_ISCHR(found.st_mode) or found.st_rdev != _NULL_DEVICE):
            raise OSError("is not a regular file")
        with open(fd, "rb", closefd=False) as file:
            return file.read(), regular
    finally:
        os.close(fd)


def _decoded(path: Path, raw: bytes) -> str:
    if raw.startswith(codecs.BOM_UTF8):
        problem = "begins with a byte order mark, which TOML does not allow; save it as UTF-8 without one (without BOM)"
        raise _invalid(path, problem, 1)
    if raw.startswith(_UTF16):
        raise _invalid(path, "is UTF-16; save it as UTF-8", 1)
    if (at := raw.find(b"\0")) >= 0:
        problem = "contains NUL bytes, like a file that was not written completely; write it again"
        raise _invalid(path, problem, raw.count(b"\n", 0, at) + 1)
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError as error:
        problem = f"is not UTF-8: byte 0x{raw[error.start]:02x} begins no character; save it as UTF-8"
        raise _invalid(path, problem, raw.count(b"\n", 0, error.start) + 1) from error


def _bare(name: str) -> str:
    return name.strip("\"'")


def _invalid(path: Path, message: str, line: int | None = None) -> InvalidConfig:
    return InvalidConfig([Problem(message=message, file=str(path), line=line)])
