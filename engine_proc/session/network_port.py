"""The part of the session port that is about the network: its sockets, and the DHT (BEP 5)."""

from typing import Protocol


class NetworkPort(Protocol):
    """The calls of a libtorrent session about the network."""

    def reopen_sockets(self) -> None:
        """Opens and closes listening sockets as the present addresses and routes require. Renews port mappings."""
        ...

    def dht_state(self) -> bytes | None:
        """The state of the DHT: this node's id, and the nodes that it knows. None if it knows none. A round trip."""
        ...

    def load_dht(self, state: bytes) -> None:
        """Loads a state that `dht_state` has returned. The DHT starts from its nodes. An invalid state is ignored."""
        ...
