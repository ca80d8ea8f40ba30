"""Decides who may send requests: passwords, sessions, API keys and bans together."""

import asyncio
import base64
import binascii
import time
from dataclasses import dataclass
from enum import Enum
from typing import Final

import structlog
from starlette.requests import cookie_parser

from gateway.access import origin, password
from gateway.access.api_keys import ApiKeys
from gateway.access.attempts import Attempts
from gateway.access.origin import Origin
from gateway.access.password import Credentials
from gateway.access.sessions import Session, Sessions
from gateway.store.store import Store
from protocol.configuration.gateway_sections import GatewayConfig

COOKIE: Final = "SID"
BASIC_SESSION: Final = Session("basic")
"""All requests with a password and without a cookie share this session."""
HASH_NAME: Final = "password_hash"
"""The name of the value in the store that has the hash of a password which was made at the first start."""

log = structlog.get_logger()


class Login(Enum):
    """The outcome of a login."""

    OK = "ok"
    WRONG = "wrong"
    BANNED = "banned"


@dataclass(frozen=True, slots=True)
class Admission:
    """What the credentials of a request give.

    Fields:
        session: None if they are missing or wrong.
        secret: the secret of the session, if a cookie named it.
        banned: whether the address is banned and tried a password again.
    """

    session: Session | None = None
    secret: str | None = None
    banned: bool = False


class Access:
    """All that decides on access.

    Args:
        config: the section of the configuration.
        store: the open store.
        credentials: the name and the password.

    Fields:
        trusted: the networks of trusted proxies.
        allowed_hosts: the names by which browsers may reach the gateway.
    """

    def __init__(self, config: GatewayConfig, store: Store, credentials: Credentials) -> None:
        self.trusted = origin.networks(config.trusted_proxies)
        self.allowed_hosts = config.allowed_hosts
        self.sessions = Sessions(config.session_timeout_s)
        self.keys = ApiKeys(store)
        self._attempts = Attempts(config.max_failed_logins, config.ban_s)
        self._credentials = credentials
        self._checking = asyncio.Semaphore(1)

    async def log_in(self, origin: Origin, username: str, password: str) -> Login:
        """Checks a name and a password. A wrong one is answered late, and the address is banned after some."""
        if self._attempts.banned(origin.address, time.monotonic()):
            return Login.BANNED
        if self._credentials.known(username, password):
            self._attempts.succeeded(origin.address)
            return Login.OK
        # One check at a time: each takes memory and a core, and many at once would pass the ban together.
        async with self._checking:
            if self._attempts.banned(origin.address, time.monotonic()):
                return Login.BANNED
            if await self._credentials.check(username, password):
                self._attempts.succeeded(origin.address)
                return Login.OK
            delay_s = self._attempts.failed(origin.address, time.monotonic())
        banned = self._attempts.banned(origin.address, time.monotonic())
        log.warning("login_failed", address=origin.address, banned=banned)
        await asyncio.sleep(delay_s)
        return Login.WRONG

    def begin_session(self) -> str:
        """Begins a session, and returns the value of its cookie."""
        return self.sessions.begin(time.monotonic())

    def has_key(self, authorization: str) -> bool:
        """Whether the header has a right API key."""
        return self._session_of_key(authorization) is not None

    async def admit(self, origin: Origin, authorization: str, cookie: str) -> Admission:
        """Returns what the headers of a request give."""
        scheme, _, value = authorization.strip().partition(" ")
        if (session := self._session_of_key(authorization)) is not None:
            return Admission(session)
        secret = cookie_parser(cookie).get(COOKIE)
        if secret is not None and (session := self.sessions.find(secret, time.monotonic())) is not None:
            return Admission(session, secret)
        if scheme.lower() == "basic" and (pair := _basic(value)) is not None:
            outcome = await self.log_in(origin, *pair)
            return Admission(BASIC_SESSION if outcome is Login.OK else None, banned=outcome is Login.BANNED)
        return Admission()

    def _session_of_key(self, authorization: str) -> Session | None:
        scheme, _, value = authorization.strip().partition(" ")
        return self.keys.find(value.strip()) if scheme.lower() == "bearer" else None


async def open_access(config: GatewayConfig, store: Store) -> tuple[Access, str | None]:
    """Returns the access, and the password if one was made now.

    A password is made if the configuration has none, and the store has no hash of one.
    """
    made = None
    password_hash = config.password_hash
    if config.password is None and password_hash is None:
        password_hash = store.get(HASH_NAME)
        if password_hash is None:
            made = password.made()
            password_hash = await asyncio.to_thread(password.hashed, made)
            await store.put(HASH_NAME, password_hash)
    return Access(config, store, Credentials(config.username, config.password, password_hash)), made


def _basic(value: str) -> tuple[str, str] | None:
    """The name and the password of a `Basic` header; None if it is malformed."""
    try:
        decoded = base64.b64decode(value.strip(), validate=True)
    except binascii.Error:
        return None
    name, colon, secret = decoded.decode("utf-8", "replace").partition(":")
    return (name, secret) if colon else None
