"""Generates key pairs for clients on tcp and for the daemon. Nobody else can read the secret keys."""

import os
from pathlib import Path
from typing import NamedTuple

import zmq

from protocol.host import private_dir
from protocol.wire.key_file import PUBLIC_SUFFIX, SECRET_SUFFIX, Role, is_name, public_file, secret_file


class KeyPair(NamedTuple):
    """A generated key pair: its files, and the public key in Z85."""

    public_file: Path
    secret_file: Path
    public_key: str


def make(name: str, role: Role | None, directory: Path) -> KeyPair:
    """Generates a key pair, and creates `NAME.key` and `NAME.key_secret`.

    Args:
        name: the client's name in the daemon's log.
        role: what the key allows. None for the daemon's own key.
        directory: the directory for the files. It is created if it does not exist.

    Raises:
        ValueError: the name cannot be part of a file name.
        FileExistsError: one of the files exists already. It is not changed.
        OSError: a file cannot be written.
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
    """Creates a new file. The file has its mode from the beginning."""
    fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, mode)
    with open(fd, "w", encoding="ascii") as file:
        file.write(content)
        file.flush()
        os.fsync(fd)
