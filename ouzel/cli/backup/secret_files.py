"""Reads the configuration and the keys for a backup, and puts them back. Used only with `--with-secrets`.

A backup may name any path. So a restore writes only the files that the backup's own configuration names.
"""

import os
import stat
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from ouzel.cli.backup.archive import CONFIG, KEYS, Member
from ouzel.cli.backup.replacing import free_name, write

GATEWAY_ENVIRONMENT: Final = "gateway.env"
"""The file beside the configuration with the environment of the gateway's unit."""

_KEY: Final = ".key"
_NEW_MODE: Final = 0o600
_NEW_CONFIG_MODE: Final = 0o640
"""The mode of a new configuration. The gateway is in the daemon's group, and reads the file, too."""


class Secrets:
    """The secret files of a backup, collected while the backup is read.

    Args:
        config: the path at which the configuration is restored.
    """

    def __init__(self, config: Path) -> None:
        self._config = config
        self._files: dict[Path, bytes] = {}

    def add(self, member: Member) -> None:
        """Adds a file. Raises ValueError if the backup's configuration does not name the file."""
        if member.name == CONFIG:
            self._files[self._config] = member.content
            return
        content = self._files.get(self._config)
        path = Path("/", member.name.removeprefix(KEYS))
        if content is None or ".." in path.parts or not _names(_parsed(content), self._config, path):
            raise ValueError(f"its configuration does not name the file {path}")
        self._files[path] = member.content

    def replace(self, directory: Path) -> list[Path]:
        """Puts the files in place, one after the other. Returns the paths at which former files are kept.

        An existing file keeps its owner and its mode. A new file belongs to the owner of the resume directory. Raises
        OSError.
        """
        kept = []
        for path, content in self._files.items():
            if path.is_file():
                if path.read_bytes() == content:
                    continue
                former, status = free_name(path), path.stat()
                os.link(path, former)
                kept.append(former)
                write(path, content, stat.S_IMODE(status.st_mode), (status.st_uid, status.st_gid))
            else:
                path.parent.mkdir(mode=0o755, parents=True, exist_ok=True)
                owner = directory.stat()
                mode = _NEW_CONFIG_MODE if path == self._config else _NEW_MODE
                write(path, content, mode, (owner.st_uid, owner.st_gid))
        return kept


def secret_members(config: Path) -> Iterator[Member | str]:
    """The configuration, and the files with secrets that it names. A text says which file cannot be read."""
    try:
        content = config.read_bytes()
        parsed = _parsed(content)
    except (OSError, ValueError) as error:
        yield _problem(config, error)
        return
    yield Member(CONFIG, content)
    for path in sorted({*_files(parsed), *_authorized(parsed), config.absolute().with_name(GATEWAY_ENVIRONMENT)}):
        try:
            yield Member(f"{KEYS}{str(path).lstrip('/')}", path.read_bytes())
        except FileNotFoundError:
            if path.name != GATEWAY_ENVIRONMENT:
                yield f"{path}: the configuration names it, and it does not exist"
        except OSError as error:
            yield _problem(path, error)


def _parsed(content: bytes) -> Mapping[str, Any]:
    return tomllib.loads(content.decode("utf-8-sig"))


def _files(config: Mapping[str, Any]) -> Iterator[Path]:
    """The files that the configuration names."""
    named = [
        _section(config, "api").get("curve_secret_key_file"),
        *(_section(config, "gateway").get(key) for key in ("tls_certificate", "tls_key")),
        *(each.get("secret_file") for each in _section(config, "hooks").get("post", []) if isinstance(each, dict)),
    ]
    return (Path(each) for each in named if isinstance(each, str) and each.startswith("/"))


def _authorized(config: Mapping[str, Any]) -> Iterator[Path]:
    """The keys of authorized clients."""
    directory = _section(config, "api").get("authorized_keys_dir")
    if isinstance(directory, str) and directory.startswith("/"):
        yield from Path(directory).glob(f"*{_KEY}")


def _names(config: Mapping[str, Any], file: Path, path: Path) -> bool:
    directory = _section(config, "api").get("authorized_keys_dir")
    authorized = isinstance(directory, str) and path.parent == Path(directory) and path.suffix == _KEY
    return authorized or path in _files(config) or path == file.absolute().with_name(GATEWAY_ENVIRONMENT)


def _section(config: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    found = config.get(name, {})
    return found if isinstance(found, dict) else {}


def _problem(path: Path, error: OSError | ValueError) -> str:
    return f"{path}: {(error.strerror if isinstance(error, OSError) else None) or error}"
