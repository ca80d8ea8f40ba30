"""Decides who may send requests, by passwords, sessions, API keys and bans."""

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
"""The session of all requests that have a password and no cookie."""
HASH_NAME: Final = "password_hash"
"""The name of a value in the store: the hash of the password that the gateway made at its first start."""

log = structlog.get_logger()


class Login(Enum):
    """The outcome of a login."""

    OK = "ok"
    WRONG = "wrong"
    BANNED = "banned"


@dataclass(frozen=True, slots=True)
class Admission:
    """The result of a check of a request's credentials.

    Fields:
        session: the session of the request. None if the credentials are missing or wrong.
        secret: the secret of the session, if the request has a cookie.
        banned: whether the request has a password and comes from a banned address.
    """

    session: Session | None = None
    secret: str | None = None
    banned: bool = False


class Access:
    """Decides who may send requests.

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
        """Checks a name and a password. A wrong login has a delayed result. Several wrong logins ban the address."""
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
        """Whether the header has a valid API key."""
        return self._session_of_key(authorization) is not None

    async def admit(self, origin: Origin, authorization: str, cookie: str) -> Admission:
        """Checks the credentials in the headers of a request."""
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
    """Returns the `Access`, and the password if this function has made the password.

    It makes a password if the configuration and the store have no password and no hash.
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
    """The name and the password in a `Basic` header. None if the header is malformed."""
    try:
        decoded = base64.b64decode(value.strip(), validate=True)
    except binascii.Error:
        return None
    name, colon, secret = decoded.decode("utf-8", "replace").partition(":")
    return (name, secret) if colon else None
