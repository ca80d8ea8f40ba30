"""API keys: secrets that programs send instead of a login. The store has only hashes of the keys."""

import hashlib
import hmac
import secrets
import sqlite3
import time
from collections.abc import Callable
from typing import Final

import msgspec
import structlog

from gateway.access.sessions import Session
from gateway.store.store import Store

NAME: Final = "api_keys"
"""The name of the value in the store."""
KEY_BYTES: Final = 32
PREFIX: Final = "ouzel_"
REREAD_S: Final = 1.0
"""The time after which the keys are read again. Another process may have made or revoked a key."""


log = structlog.get_logger()


class ApiKey(msgspec.Struct, frozen=True):
    """A key, without its secret.

    Fields:
        digest: the SHA-256 of the secret, in hex. The secret is random, so no slow hash is needed.
        created_us: microseconds since 1970.
    """

    digest: str
    created_us: int


class ApiKeys:
    """The keys by name.

    Args:
        store: the open store.
        clock: returns monotonic seconds.
    """

    def __init__(self, store: Store, clock: Callable[[], float] = time.monotonic) -> None:
        self._store = store
        self._clock = clock
        self._keys: dict[str, ApiKey] = {}
        self._read_at = float("-inf")

    def names(self) -> dict[str, ApiKey]:
        """Returns the keys by name. If the store cannot be read, returns the last known keys."""
        now = self._clock()
        if now - self._read_at >= REREAD_S:
            self._read_at = now
            try:
                self._keys = msgspec.convert(self._store.reread(NAME, {}), dict[str, ApiKey])
            except (sqlite3.Error, msgspec.MsgspecError) as error:
                log.error("keys_not_read", problem=str(error))
        return self._keys

    def find(self, secret: str) -> Session | None:
        """The session of the key with this secret. None if no key has this secret. Each key has one session."""
        digest = _digest(secret)
        found = None
        for name, key in self.names().items():
            if hmac.compare_digest(key.digest, digest):
                found = Session(f"key-{name}")
        return found

    async def new(self, name: str) -> str:
        """Makes a key, and returns its secret. Raises KeyError if a key already has this name."""
        keys = dict(self.names())
        if name in keys:
            raise KeyError(name)
        secret = PREFIX + secrets.token_urlsafe(KEY_BYTES)
        await self._put({**keys, name: ApiKey(_digest(secret), time.time_ns() // 1000)})
        return secret

    async def revoke(self, name: str) -> None:
        """Removes a key. Raises KeyError if no key has this name."""
        keys = dict(self.names())
        del keys[name]
        await self._put(keys)

    async def _put(self, keys: dict[str, ApiKey]) -> None:
        await self._store.put(NAME, keys)
        self._keys = keys


def _digest(secret: str) -> str:
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()
