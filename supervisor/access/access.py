"""Access: authentication and roles of clients on tcp. On local sockets, the files' modes decide.

A client is identified by its public key. The role of the key is looked up for each request, so a changed role takes
effect at once. When a key is removed, the client's connections are closed. Otherwise a subscriber would still receive
events.
"""

import asyncio
import errno
import itertools
import resource
import stat
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final, NamedTuple

import zmq

from protocol.wire.commands.kinds import Command, Mutation
from protocol.wire.commands.service.counter_commands import GetSpans
from protocol.wire.commands.service.log_commands import GetLog
from protocol.wire.errors import ErrorKind, OuzelError
from protocol.wire.key_file import Role, parse
from supervisor.access.authorized_keys import Authorized, AuthorizedKeys, read_file
from supervisor.access.refusals import Refusals
from supervisor.access.zap import Zap
from supervisor.concurrency.threads import in_thread
from supervisor.config.config import ApiConfig
from supervisor.log import logs
from supervisor.transport.connections import CONNECTIONS_MAX, Connections, limit
from supervisor.transport.descriptors import Ends, ends_of, shut_down
from supervisor.transport.loop_socket import Sender
from supervisor.transport.sockets import offer_tcp

LOOK_S: Final = 1.0
"""The interval between checks of the directory of keys."""

LOGGED_MAX: Final = 100
"""The maximum number of files that the log names."""

ADDRESSES: Final = 4
"""The number of addresses that clients connect to. Each of two sockets has a local address and an address on tcp."""

UNKNOWN_KEY: Final = "unknown key"
READ_ONLY: Final = "read-only key"
SUBSCRIBERS: Final = "subscribers"
TOO_MUCH: Final = "too many subscriptions"

Report = Callable[[str, str | None], None]


_PASSING: Final = frozenset(
    {
        *(errno.EADDRINUSE, errno.EADDRNOTAVAIL, errno.ENODEV, errno.ENETDOWN, errno.ENETUNREACH),
        *(errno.EIO, errno.ESTALE, errno.ETIMEDOUT),
        *(errno.EMFILE, errno.ENFILE, errno.ENOMEM, errno.ENOBUFS),
    }
)
"""Transient errors. The address is in use or does not exist yet, the disk fails, or resources are short."""


class UnusableAccess(Exception):
    """`[api]` cannot be served as configured. The message names the key of the configuration."""


class AccessNotYet(UnusableAccess):
    """`[api]` cannot be served now, but perhaps later."""


class _Met(NamedTuple):
    """An authenticated connection.

    The fields are the number of the handshake, the client's public key, and both addresses.
    """

    number: int
    user: str
    ends: Ends


class Access:
    """Access control of the public sockets.

    Args:
        config: `[api]`.
        context: the ZeroMQ context of the sockets.
        log: the log for rejected peers. Each peer is logged at most once a minute.

    Raises:
        UnusableAccess: the daemon's own key cannot be read.
        AccessNotYet: the daemon's own key cannot be read now, but perhaps later.
    """

    def __init__(self, config: ApiConfig, context: "zmq.Context[zmq.Socket[bytes]]", log: logs.Logger) -> None:
        self._config = config
        self._log = log
        self._refusals = Refusals()
        self._most = self._limit()
        self._watched: list[Connections] = []
        self._met: dict[int, _Met] = {}
        """By descriptor: the last connection with this descriptor. That connection may be closed by now."""
        self._zap: Zap | None = None
        self._keys: AuthorizedKeys | None = None
        self._authorized = Authorized({}, {})
        self._logged: dict[str, str] = {}
        self._reported: dict[str, str] = {}
        if config.curve_secret_key_file is None or config.authorized_keys_dir is None:
            return  # without keys there are no tcp sockets, see config
        self._secret_key = read_secret_key(Path(config.curve_secret_key_file))
        self._keys = AuthorizedKeys(Path(config.authorized_keys_dir))
        self._authorized = self._keys.read()
        self._zap = Zap(context, self._admits)

    def watch(self, socket: zmq.Socket[bytes]) -> None:
        """Limits the connections of a public socket. Call `watch` before the socket is bound."""
        self._watched.append(Connections(socket, most=self._most, on_refused=self._refused))

    def offer_tcp(self, socket: zmq.Socket[bytes], key: str) -> None:
        """Binds a socket to the tcp address that this key of `[api]` configures, if any.

        Raises:
            UnusableAccess: the address cannot be bound.
            AccessNotYet: the address cannot be bound now, but perhaps later.
        """
        endpoint: str | None = getattr(self._config, key)
        if endpoint is None or self._zap is None:
            return
        if socket.getsockopt(zmq.TYPE) == zmq.XPUB:
            # XPUB reports each subscription with its sender, and not only the first one to a topic.
            socket.setsockopt(zmq.XPUB_VERBOSE, 1)
        try:
            bound = offer_tcp(socket, endpoint, self._secret_key)
        except zmq.ZMQError as error:
            raise _unusable(error.errno, f"api.{key}: {endpoint}: {error.strerror}") from error
        self._log.info("listening", socket=key, endpoint=bound, keys=len(self._authorized.clients))

    def record_sender(self, sender: Sender) -> None:
        """Records the connection that a message came from. If the client's key is no longer authorized, closes the
        connection.
        """
        if sender.user is None:
            return
        known = self._met.get(sender.fd)
        if known is not None and sender.number <= known.number:
            # The addresses of a connection are read once. When a queued message is handled, its connection may be
            # closed, and another connection may have got the descriptor. If so, the message has a lower handshake
            # number than that other connection.
            return
        ends = ends_of(sender.fd)
        if ends is None or not ends.local.startswith("tcp:"):
            return
        self._met[sender.fd] = _Met(sender.number, sender.user, ends)
        if sender.user not in self._authorized.clients:
            shut_down(sender.fd, ends)  # the connection was admitted before its key was removed

    def admit(self, sender: Sender, command: Command) -> None:
        """Checks that the sender's role permits a command. Raises OuzelError: NOT_PERMITTED."""
        if sender.user is None:
            return
        self.record_sender(sender)
        client = self._authorized.clients.get(sender.user)
        if client is None:
            raise OuzelError(ErrorKind.NOT_PERMITTED, "this key is not authorized any more")
        if client.role is Role.READ and isinstance(command, Mutation | GetLog | GetSpans):
            self._refused(client.name, READ_ONLY)
            limit = _limit_of(command)
            message = f'the key {client.name!r} has the role "read", which {limit}'
            raise OuzelError(ErrorKind.NOT_PERMITTED, message)

    async def run(self, report: Report) -> None:
        """Checks the directory of keys periodically. Runs until it is cancelled.

        Args:
            report: called with a subject and its problem, or with None once the problem is solved. The subject is the
                directory or its files.
        """
        if self._keys is None:
            return
        while True:
            first = dict(itertools.islice(self._authorized.problems.items(), LOGGED_MAX))
            for file, problem in first.items():
                if self._logged.get(file) != problem:
                    self._log.warning("key_ignored", file=file, problem=problem)
            reasons = self._authorized.reasons()
            for subject in {**self._reported, **reasons}:
                if reasons.get(subject) != self._reported.get(subject):
                    report(subject, reasons.get(subject))
            self._logged, self._reported = first, reasons
            await asyncio.sleep(LOOK_S)
            self._take(await in_thread(self._keys.read))

    def subscriber_disconnected(self) -> None:
        """Logs that a subscriber with too many subscriptions was disconnected. Logs this at most once a minute."""
        self._refused(SUBSCRIBERS, TOO_MUCH, event="subscriber_hung_up")

    def close(self) -> None:
        """Stops authentication and the limits.

        Call `close` after the sockets are closed, and before their context is closed.
        """
        for connections in self._watched:
            connections.close()
        if self._zap is not None:
            self._zap.close()

    def _limit(self) -> int:
        descriptors, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
        most = limit(2**31 if descriptors == resource.RLIM_INFINITY else descriptors, ADDRESSES)
        if most < CONNECTIONS_MAX:
            self._log.warning("few_descriptors", limit=descriptors, connections=most)
        return most

    def _take(self, authorized: Authorized) -> None:
        before, self._authorized = self._authorized.clients, authorized
        if before == authorized.clients:
            return
        names = sorted(client.name for client in authorized.clients.values())
        self._log.info(
            "keys_changed",
            authorized=len(names),
            removed=[client.name for key, client in before.items() if key not in authorized.clients],
        )
        for fd, met in self._met.items():
            if met.user not in authorized.clients:
                shut_down(fd, met.ends)

    def _admits(self, user: str, address: str) -> bool:
        if user in self._authorized.clients:
            return True
        self._refused(address, UNKNOWN_KEY, key=user)
        return False

    def _refused(self, subject: str, reason: str, *, event: str = "refused", **more: str) -> None:
        told = self._refusals.log_entry(subject, reason, time.monotonic())
        if told is not None:
            whom, untold = told
            self._log.warning(event, whom=whom, reason=reason, untold_before=untold, **more)


def _unusable(number: int | None, message: str) -> UnusableAccess:
    """The error to raise for this errno: AccessNotYet if the cause may be transient."""
    return AccessNotYet(message) if number in _PASSING else UnusableAccess(message)


def read_secret_key(path: Path) -> str:
    """Reads the daemon's own secret key. Raises UnusableAccess."""
    key = "api.curve_secret_key_file"
    try:
        found = parse(read_file(path, forbidden=stat.S_IRWXG | stat.S_IRWXO))
    except OSError as error:
        how = "; `ouzel keys new --server` makes one" if error.errno == errno.ENOENT else ""
        raise _unusable(error.errno, f"{key}: {error.filename or path}: {error.strerror}{how}") from error
    except ValueError as error:
        raise UnusableAccess(f"{key}: {path}: {error}") from error
    if found.secret_key is None:
        raise UnusableAccess(f"{key}: {path} has no secret-key; it is the file that ends in .key_secret")
    return found.secret_key


def _limit_of(command: Mutation | GetLog | GetSpans) -> str:
    """What the role `read` does not permit."""
    match command:
        case GetLog():
            return "does not read the log"
        case GetSpans():
            return "does not read spans"
        case _:
            return "changes nothing"
