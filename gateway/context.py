"""The parts of the gateway that each face gets."""

from dataclasses import dataclass

from gateway.config.gateway_config import Config
from gateway.daemon.daemon import Daemon
from gateway.mirror.mirror import Mirror
from gateway.store.store import Store


@dataclass(frozen=True)
class Gateway:
    """The parts of a running gateway."""

    config: Config
    daemon: Daemon
    store: Store

    @property
    def mirror(self) -> Mirror:
        """The last known state of the daemon."""
        return self.daemon.mirror
