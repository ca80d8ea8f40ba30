"""The files with secrets: keys, passwords, and the keys of authorized clients."""

import stat
from collections.abc import Iterator
from pathlib import Path

from ouzel.doctor.finding import Finding, denied, error, ok, warning
from ouzel.doctor.target import Target
from protocol.wire import key_file

_OTHERS_WRITE = stat.S_IWGRP | stat.S_IWOTH


def key_files(target: Target) -> Iterator[Finding]:
    """Whether secret keys can be read by others, and whether others can authorize clients."""
    named = {
        "api.curve_secret_key_file": target.value("api", "curve_secret_key_file"),
        "gateway.tls_key": target.value("gateway", "tls_key"),
    }
    files = {key: path for key, path in named.items() if isinstance(path, str)}
    for key, path in files.items():
        yield from _secret(key, path)
    if target.value("gateway", "password") is not None and target.config_file is not None:
        yield from _secret("gateway.password", str(target.config_file))
    directory = target.value("api", "authorized_keys_dir")
    if isinstance(directory, str):
        yield from _authorized(directory)
    if not files and not isinstance(directory, str):
        yield ok("no key files are configured")


def _secret(key: str, path: str) -> Iterator[Finding]:
    try:
        mode = Path(path).stat().st_mode
    except FileNotFoundError:
        yield error(f"{key}: {path} does not exist", "make the file, or remove the key from the configuration", path)
        return
    except OSError as problem:
        yield denied(path, problem, path)
        return
    shown = f"mode {stat.S_IMODE(mode):04o}"
    if mode & (stat.S_IROTH | stat.S_IWOTH):
        seen = f"everybody can read the secret of {key}: {shown}"
        yield error(seen, f"`chmod o-rwx {path}`, and make a new secret: the old one may be known", path)
    elif mode & stat.S_IWGRP:
        yield warning(f"the group can change the secret of {key}: {shown}", f"`chmod g-w {path}`", path)
    else:
        yield ok(f"the secret of {key} is private, {shown}", path)


def _authorized(directory: str) -> Iterator[Finding]:
    try:
        mode = Path(directory).stat().st_mode
        files = sorted(path for path in Path(directory).iterdir() if path.suffix == key_file.PUBLIC_SUFFIX)
    except FileNotFoundError:
        yield error(
            "api.authorized_keys_dir does not exist: no client on tcp is admitted", f"`mkdir {directory}`", directory
        )
        return
    except OSError as problem:
        yield denied(directory, problem, directory)
        return
    if mode & _OTHERS_WRITE:
        seen = f"others can authorize clients: its mode is {stat.S_IMODE(mode):04o}"
        yield error(seen, f"`chmod go-w {directory}`, and look at the keys in it", directory)
        return
    for path in files:
        try:
            key_file.parse(path.read_bytes()[: key_file.MAX_BYTES + 1])
        except OSError as problem:
            yield denied(str(path), problem, str(path))
        except ValueError as problem:
            yield warning(f"is no key file: {problem}", "make the key again by `ouzel keys new`", str(path))
    yield ok(f"{len(files)} keys of clients are in it", directory)
