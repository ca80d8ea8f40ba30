"""The part of the session port about the network: sockets, the DHT (BEP 5), and libtorrent's own log."""

from typing import Protocol


class NetworkPort(Protocol):
    """The calls of a libtorrent session about the network."""

    def reopen_sockets(self) -> None:
        """Opens and closes listening sockets as the present addresses and routes require. Renews port mappings."""
        ...

    def log_messages(self, wanted: bool) -> None:
        """Begins or ends to log libtorrent's messages about the session and about torrents."""
        ...

    def dht_state(self) -> bytes | None:
        """The state of the DHT: this node's id, and the known nodes. None if no node is known. Waits for libtorrent."""
        ...

    def load_dht(self, state: bytes) -> None:
        """Loads a result of `dht_state`. The DHT starts from the state's nodes. Ignores an invalid state."""
        ...
