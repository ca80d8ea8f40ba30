"""Key files: how the CURVE key of a client or of the daemon is stored on disk.

Key files are ZeroMQ certificates. ZeroMQ's libraries in many languages can read them. The metadata has the client's
role. `NAME.key` has the public key. `NAME.key_secret` has the public and the secret key. A line is `name = "value"`,
the name of a section, or a comment. Source: https://rfc.zeromq.org/spec/4 (ZPL) and the `zcert` class of CZMQ.
"""

import re
from enum import Enum
from typing import Final, NamedTuple

PUBLIC_SUFFIX: Final = ".key"
SECRET_SUFFIX: Final = ".key_secret"  # noqa: S105  # the name of a file, no secret
MAX_BYTES: Final = 4096
"""The maximum size of a key file. A valid key file has some 300 bytes."""

_Z85_KEY: Final = re.compile(r"[0-9a-zA-Z.\-:+=^!/*?&<>()\[\]{}@%$#]{40}")
_LINE: Final = re.compile(r'(?P<name>[\w./-]+)\s*=\s*(?:"(?P<double>[^"]*)"|\'(?P<single>[^\']*)\'|(?P<bare>\S+))')
_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._@-]{0,63}")


class Role(Enum):
    """The role of a client: `read` may read everything, `admin` may also change everything."""

    READ = "read"
    ADMIN = "admin"


class KeyFile(NamedTuple):
    """The content of a key file. Keys are encoded in Z85 (40 characters for 32 bytes).

    Only clients' keys have a role.
    """

    public_key: str
    secret_key: str | None = None
    role: Role | None = None


def is_key(text: str) -> bool:
    """Whether a text has the form of a key in Z85."""
    return _Z85_KEY.fullmatch(text) is not None


def is_name(text: str) -> bool:
    """Whether a text is a valid name of a key. The name is part of file names, and is logged."""
    return _NAME.fullmatch(text) is not None


def parse(content: bytes) -> KeyFile:
    """Parses a key file.

    Raises:
        ValueError: the content is not a key file. The message has the problem, but no part of a secret.
    """
    values: dict[str, str] = {}
    for line in _text(content).splitlines():
        stripped = line.strip()
        if not stripped or stripped.startswith("#") or "=" not in stripped:
            continue  # a comment, or the name of a section
        found = _LINE.fullmatch(stripped)
        if found is None:
            raise ValueError('a line of it is not name = "value"')
        if found["name"] in values:
            raise ValueError(f"{found['name']} is in it twice")
        values[found["name"]] = next(value for value in found.group("double", "single", "bare") if value is not None)
    public, secret, role = values.get("public-key"), values.get("secret-key"), values.get("role")
    if public is None:
        raise ValueError("there is no public-key in it")
    for name, key in (("public-key", public), ("secret-key", secret)):
        if key is not None and not is_key(key):
            raise ValueError(f"{name} is not 40 characters of Z85")
    if role is not None and role not in {each.value for each in Role}:
        raise ValueError(f'role is "{role[:20]}", and has to be "read" or "admin"')
    return KeyFile(public, secret, None if role is None else Role(role))


def public_file(name: str, public_key: str, role: Role | None) -> str:
    """The content of the file `NAME.key`."""
    use = (
        "Clients need its public-key to know the daemon by."
        if role is None
        else "It goes into the daemon's authorized_keys_dir; the role, read or admin, can be changed there."
    )
    return f"# Ouzel: the public half of a key. {use}\n{_body(name, public_key, role)}"


def secret_file(name: str, public_key: str, secret_key: str, role: Role | None) -> str:
    """The content of the file `NAME.key_secret`."""
    return (
        "# Ouzel: a SECRET key. It stays where it is used, and nobody else may read it.\n"
        f'{_body(name, public_key, role)}    secret-key = "{secret_key}"\n'
    )


def _text(content: bytes) -> str:
    if len(content) > MAX_BYTES:
        raise ValueError(f"it has more than {MAX_BYTES} bytes")
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError:
        raise ValueError("it is not text") from None


def _body(name: str, public_key: str, role: Role | None) -> str:
    said = "" if role is None else f'    role = "{role.value}"\n'
    return f'metadata\n    name = "{name}"\n{said}curve\n    public-key = "{public_key}"\n'
