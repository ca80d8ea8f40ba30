"""Checks the user's name and password."""

import asyncio
import base64
import hashlib
import hmac
import secrets
from typing import Final

SCHEME: Final = "scrypt"
COST: Final = 2**14
BLOCK: Final = 8
PARALLEL: Final = 1
MEMORY_BYTES: Final = 64 * 1024 * 1024
"""The maximum memory of one check. A check with the cost above takes 16 MiB."""
SALT_BYTES: Final = 16
MADE_BYTES: Final = 12
MAX_BYTES: Final = 4096
"""The maximum length of a name or password. Hashing a longer text would take too long."""


class InvalidHash(ValueError):
    """The text does not have the form that `hashed` returns."""


def hashed(password: str) -> str:
    """Returns `scrypt$COST$BLOCK$PARALLEL$SALT$KEY`, with salt and key in base64."""
    salt = secrets.token_bytes(SALT_BYTES)
    key = _key(password, salt, COST, BLOCK, PARALLEL)
    return "$".join([SCHEME, str(COST), str(BLOCK), str(PARALLEL), _base64(salt), _base64(key)])


def matches(password: str, wanted: str) -> bool:
    """Whether a password matches a hash. Takes about 50 ms. Raises InvalidHash."""
    cost, block, parallel, salt, key = _parts(wanted)
    return hmac.compare_digest(_key(password, salt, cost, block, parallel), key)


def check_hash(text: str) -> None:
    """Raises InvalidHash if a text does not have the form that `hashed` returns."""
    cost, block, parallel, salt, _ = _parts(text)
    try:
        _key("", salt, cost, block, parallel)
    except ValueError as error:
        raise InvalidHash(str(error)) from error


def made() -> str:
    """Returns a new random password."""
    return secrets.token_urlsafe(MADE_BYTES)


class Credentials:
    """The name and the password of the only user.

    Some clients send the password with each request. The slow hash would delay each of these requests. So the object
    stores a keyed digest of the last correct password, and compares this digest first.

    Args:
        username: the user's name.
        password: the password; None if only its hash is known.
        password_hash: the hash; not used if the password is given.
    """

    def __init__(self, username: str, password: str | None, password_hash: str | None) -> None:
        self._username = username.encode()
        self._digest_key = secrets.token_bytes(32)
        self._known = None if password is None else self._digest(password)
        self._hash = None if password is not None else password_hash

    def known(self, username: str, password: str) -> bool:
        """Whether name and password are known to be correct. Does not compute the slow hash."""
        if self._known is None or not _short(username, password):
            return False
        right = hmac.compare_digest(self._digest(password), self._known)
        return hmac.compare_digest(_bytes(username), self._username) and right

    async def check(self, username: str, password: str) -> bool:
        """Whether name and password are correct. A wrong name takes the same time as a wrong password."""
        if self._hash is None or not _short(username, password):
            return self.known(username, password)
        right = await asyncio.to_thread(matches, password, self._hash)
        if right:
            self._known = self._digest(password)
        return hmac.compare_digest(_bytes(username), self._username) and right

    def _digest(self, password: str) -> bytes:
        return hashlib.blake2b(_bytes(password), key=self._digest_key).digest()


def _key(password: str, salt: bytes, cost: int, block: int, parallel: int) -> bytes:
    return hashlib.scrypt(_bytes(password), salt=salt, n=cost, r=block, p=parallel, maxmem=MEMORY_BYTES, dklen=32)


def _parts(text: str) -> tuple[int, int, int, bytes, bytes]:
    try:
        scheme, cost, block, parallel, salt, key = text.split("$")
        if scheme != SCHEME:
            raise InvalidHash(text)
        return int(cost), int(block), int(parallel), _bytes_of(salt), _bytes_of(key)
    except ValueError as error:
        raise InvalidHash("it is no hash that `ouzel-gateway --hash-password` prints") from error


def _short(*texts: str) -> bool:
    return all(len(text) <= MAX_BYTES for text in texts)


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")


def _base64(value: bytes) -> str:
    return base64.b64encode(value).decode()


def _bytes_of(text: str) -> bytes:
    return base64.b64decode(text, validate=True)
