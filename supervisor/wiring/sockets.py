"""Binds the sockets of clients and engines, and constructs the event log and the publisher."""

import secrets
import time
from collections.abc import Callable, Sequence
from contextlib import AsyncExitStack
from functools import partial
from pathlib import Path

import zmq

from protocol.wire.endpoints import COMMANDS_SOCKET, ENGINE_SOCKET, EVENTS_SOCKET
from protocol.wire.events.event import LifecycleEvent
from supervisor.access.access import Access
from supervisor.config.config import ApiConfig
from supervisor.engine.process.engine_socket import EngineSocket
from supervisor.events.event_log import EventLog
from supervisor.events.event_logger import EventLogger
from supervisor.events.publisher import Publisher
from supervisor.log import logs
from supervisor.transport.sockets import bind, connect


class Sockets:
    """Binds the sockets of clients and engines, and constructs the publisher.

    Args:
        on_event: called with each published lifecycle event.
        closing: closes the sockets at the end.

    Fields:
        commands: the socket of clients' requests; `CommandParts.answer` begins to read it.
        connect: returns a new socket that is connected to `commands`, for the self-check.

    Raises:
        UnusableAccess: clients on tcp cannot be served as configured.
    """

    def __init__(
        self,
        api: ApiConfig,
        runtime_dir: Path,
        *,
        on_event: Sequence[Callable[[LifecycleEvent], None]],
        log: logs.Logger,
        closing: AsyncExitStack,
    ) -> None:
        self._on_event = on_event
        self._log = log
        context = zmq.Context()
        closing.callback(self._remove, runtime_dir)
        closing.callback(context.destroy, linger=0)
        self.connect: Callable[[], zmq.Socket[bytes]] = partial(connect, context, runtime_dir, COMMANDS_SOCKET)
        self.access = Access(api, context, log)
        closing.callback(self.access.close)
        xpub = bind(context, zmq.XPUB, runtime_dir, EVENTS_SOCKET, watch=self.access.watch)
        self.commands = bind(context, zmq.ROUTER, runtime_dir, COMMANDS_SOCKET, watch=self.access.watch)
        closing.callback(self.commands.close, linger=0)
        self.access.offer_tcp(xpub, "tcp_events")
        self.access.offer_tcp(self.commands, "tcp_commands")
        self.events = EventLog(secrets.token_hex(8))
        self.event_logger = EventLogger(log, began_us=time.time_ns() // 1000)
        self.publisher = Publisher(
            xpub,
            self.events,
            on_hung_up=self.access.subscriber_disconnected,
            met=self.access.record_sender,
            on_lifecycle=self._published,
        )
        closing.callback(self.publisher.close)
        self.engines = EngineSocket(bind(context, zmq.ROUTER, runtime_dir, ENGINE_SOCKET))
        closing.callback(self.engines.close)

    def gen(self) -> int:
        """The latest generation of an engine."""
        return self.publisher.gen

    def _published(self, event: LifecycleEvent) -> None:
        self.event_logger.log_event(event)
        for handle in self._on_event:
            handle(event)

    def _remove(self, runtime_dir: Path) -> None:
        for socket in (COMMANDS_SOCKET, EVENTS_SOCKET, ENGINE_SOCKET):
            try:
                (runtime_dir / socket).unlink(missing_ok=True)
            except OSError as error:  # the next supervisor replaces the socket
                self._log.warning("socket_not_removed", file=socket, problem=str(error))
