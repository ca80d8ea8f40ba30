"""The network of libtorrent's session: its sockets, the state of the DHT, and libtorrent's own log."""

import contextlib
from typing import Any, Final

import libtorrent

from engine_proc.libtorrent_adapter.alerts.libtorrent_alerts import ALERT_MASK
from engine_proc.libtorrent_adapter.alerts.libtorrent_log import LOG_MASK, NativeLog
from engine_proc.session import recorded
from engine_proc.session.session_port import FAULTS

lt: Any = libtorrent
"""Untyped: the binding's type stubs lack some calls."""

_DHT: Final = lt.save_state_flags_t.save_dht_state
_REOPEN: Final = lt.session.reopen_map_ports
_STATE: Final = b"dht state"
_NODES: Final = (b"nodes", b"nodes6")


class NetworkSession:
    """The part of the session that opens sockets, saves and loads the state of the DHT, and logs messages."""

    _session: Any
    _native_log: NativeLog

    @recorded.of_session
    def log_messages(self, wanted: bool) -> None:
        """Begins or ends to log libtorrent's messages."""
        if wanted is not self._native_log.on:
            self._native_log.on = wanted
            self._session.apply_settings({"alert_mask": ALERT_MASK | (LOG_MASK if wanted else 0)})

    @recorded.of_session
    def reopen_sockets(self) -> None:
        """Opens and closes listening sockets as the present addresses and routes require. Renews port mappings."""
        self._session.reopen_network_sockets(_REOPEN)

    @recorded.of_session
    def dht_state(self) -> bytes | None:
        """The state of the DHT; None if the DHT knows no nodes."""
        state: bytes = lt.write_session_params_buf(self._session.session_state(_DHT), _DHT)
        found = lt.bdecode(state)[_STATE]
        return state if any(found.get(nodes) for nodes in _NODES) else None

    @recorded.of_session
    def load_dht(self, state: bytes) -> None:
        """Loads the state of the DHT.

        Uses libtorrent's older call, because a new session ignores the DHT state in its `session_params`.
        """
        with contextlib.suppress(*FAULTS):
            self._session.load_state({_STATE: lt.bdecode(state)[_STATE]})
