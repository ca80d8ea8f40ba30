"""Key pairs for clients on tcp, and for the daemon: made, and written so that nobody else can read the secret half."""

import os
from pathlib import Path
from typing import NamedTuple

import zmq

from protocol.host import private_dir
from protocol.wire.key_file import PUBLIC_SUFFIX, SECRET_SUFFIX, Role, is_name, public_file, secret_file


class KeyPair(NamedTuple):
    """What was made: the files, and the public key in Z85."""

    public_file: Path
    secret_file: Path
    public_key: str


def make(name: str, role: Role | None, directory: Path) -> KeyPair:
    """Makes `NAME.key` and `NAME.key_secret`, neither of which is there yet.

    Args:
        name: what the daemon's log calls the client.
        role: None for the daemon's own key.
        directory: made where it is missing.

    Raises:
        ValueError: the name cannot be one of files.
        FileExistsError: there is such a key already; it stays as it is.
        OSError: it cannot be written.
    """
    if not is_name(name):
        raise ValueError(f"{name!r} is not made of letters, digits and . _ @ -, beginning with one of the first two")
    public, secret = (key.decode("ascii") for key in zmq.curve_keypair())
    private_dir.make_shared(directory)
    pair = KeyPair(directory / f"{name}{PUBLIC_SUFFIX}", directory / f"{name}{SECRET_SUFFIX}", public)
    if pair.public_file.exists():
        raise FileExistsError(17, "it is there already, and stays as it is", str(pair.public_file))
    _write(pair.secret_file, secret_file(name, public, secret, role), 0o600)
    _write(pair.public_file, public_file(name, public, role), 0o644)
    return pair


def _write(path: Path, content: str, mode: int) -> None:
    """Makes a file that was not there; with its mode from the first moment on."""
    fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, mode)
    with open(fd, "w", encoding="ascii") as file:
        file.write(content)
        file.flush()
        os.fsync(fd)
