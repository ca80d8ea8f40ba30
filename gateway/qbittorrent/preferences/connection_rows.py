"""The preferences of ports, connections, the proxy, the IP filter and announces. Pure."""

import re
from collections.abc import Mapping
from typing import Final

from gateway.qbittorrent.preferences.row import (
    UNLIMITED,
    Change,
    Row,
    Value,
    View,
    choice,
    fixed,
    inverse_unit,
    maximum,
    setting,
    switch,
)

_PORT: Final = re.compile(r":(\d+)(?=[a-z]*(?:,|$))")
"""The port in an entry of `listen_interfaces`."""
_PROXIES: Final = ("None", "SOCKS4", "SOCKS5", "SOCKS5", "HTTP", "HTTP")
"""The preference for each `proxy_type`. For SOCKS5 and HTTP, the second type sends a name and a password."""
_WITH_PASSWORD: Final = frozenset({3, 5})


def _listen_port(view: View) -> Value:
    found = _PORT.search(str(view.settings.get("listen_interfaces", "")))
    if found is not None:
        return int(found[1])
    return view.stats.session.listen_port if view.stats is not None else 0


def _write_port(wanted: Mapping[str, Value], change: Change) -> None:
    _listen_at(wanted["listen_port"], change)


def _write_random(wanted: Mapping[str, Value], change: Change) -> None:
    _listen_at(0 if wanted["random_port"] else wanted["listen_port"], change)


def _listen_at(port: int, change: Change) -> None:
    """Changes the port of all addresses on which libtorrent listens."""
    listening = str(change.view.settings.get("listen_interfaces", ""))
    change.settings["listen_interfaces"] = _PORT.sub(f":{port}", listening) or f"0.0.0.0:{port},[::]:{port}"


def _proxy_type(view: View) -> Value:
    value = view.settings.get("proxy_type")
    return _PROXIES[value] if isinstance(value, int) and 0 <= value < len(_PROXIES) else "None"


def _write_proxy(wanted: Mapping[str, Value], change: Change) -> None:
    kind = _PROXIES.index(wanted["proxy_type"]) if wanted["proxy_type"] in _PROXIES else 0
    change.settings["proxy_type"] = kind + (wanted["proxy_auth_enabled"] and kind + 1 in _WITH_PASSWORD)


def _outgoing_last(view: View) -> Value:
    first, number = view.settings.get("outgoing_port", 0), view.settings.get("num_outgoing_ports", 0)
    return int(first) + int(number) if first else 0


def _write_outgoing(wanted: Mapping[str, Value], change: Change) -> None:
    first, last = wanted["outgoing_ports_min"], wanted["outgoing_ports_max"]
    change.settings |= {"outgoing_port": first, "num_outgoing_ports": max(0, last - first)}


def _write_bans(wanted: Mapping[str, Value], change: Change) -> None:
    change.bans = tuple(filter(None, (each.strip() for each in wanted["banned_IPs"].split("\n"))))


LISTENING: Final = (
    Row("listen_port", _listen_port, _write_port),
    Row("random_port", lambda view: _listen_port(view) == 0, _write_random),
    fixed("ssl_enabled", False),
    fixed("ssl_listen_port", 0),
    setting("upnp", "enable_upnp", True, also="enable_natpmp"),
    setting("upnp_lease_duration", "upnp_lease_duration", 0),
    fixed("current_network_interface", ""),
    fixed("current_interface_name", ""),
    fixed("current_interface_address", ""),
    Row("outgoing_ports_min", lambda view: view.settings.get("outgoing_port", 0), _write_outgoing),
    Row("outgoing_ports_max", _outgoing_last, _write_outgoing),
    inverse_unit("peer_tos", "peer_dscp", 4, unit=4),
    setting("socket_send_buffer_size", "send_socket_buffer_size", 0),
    setting("socket_receive_buffer_size", "recv_socket_buffer_size", 0),
    setting("socket_backlog_size", "listen_queue_size", 30),
)
"""The preferences of ports and sockets."""

CONNECTIONS: Final = (
    maximum("max_connec", "connections_limit", 500, unlimited=UNLIMITED),
    fixed("max_connec_per_torrent", 100),
    maximum("max_uploads", "unchoke_slots_limit", 20),
    fixed("max_uploads_per_torrent", 4),
    setting("connection_speed", "connection_speed", 30),
    setting("enable_multi_connections_from_same_ip", "allow_multiple_connections_per_ip", False),
    setting("block_peers_on_privileged_ports", "no_connect_privileged_ports", False),
    setting("peer_turnover", "peer_turnover", 4),
    setting("peer_turnover_cutoff", "peer_turnover_cutoff", 90),
    setting("peer_turnover_interval", "peer_turnover_interval", 300),
    setting("request_queue_size", "max_out_request_queue", 500),
    choice("upload_slots_behavior", "choking_algorithm", (0, 2), 0),
    setting("upload_choking_algorithm", "seed_choking_algorithm", 1),
    setting("send_buffer_watermark", "send_buffer_watermark", 500, unit=1024),
    setting("send_buffer_low_watermark", "send_buffer_low_watermark", 10, unit=1024),
    setting("send_buffer_watermark_factor", "send_buffer_watermark_factor", 50),
    switch("enable_upload_suggestions", "suggest_mode"),
)
"""The preferences of peers, and of the number of connections."""

PROXY: Final = (
    Row("proxy_type", _proxy_type, _write_proxy),
    Row("proxy_auth_enabled", lambda view: view.settings.get("proxy_type") in _WITH_PASSWORD, _write_proxy),
    setting("proxy_ip", "proxy_hostname", ""),
    setting("proxy_port", "proxy_port", 8080),
    setting("proxy_username", "proxy_username", ""),
    setting("proxy_password", "proxy_password", ""),
    setting("proxy_hostname_lookup", "proxy_hostnames", True),
    fixed("proxy_bittorrent", True),
    setting("proxy_peer_connections", "proxy_peer_connections", False),
    fixed("proxy_rss", True),
    fixed("proxy_misc", True),
    fixed("i2p_enabled", False),
    fixed("i2p_address", "127.0.0.1"),
    fixed("i2p_port", 7656),
    fixed("i2p_mixed_mode", False),
    fixed("i2p_inbound_quantity", 3),
    fixed("i2p_outbound_quantity", 3),
    fixed("i2p_inbound_length", 3),
    fixed("i2p_outbound_length", 3),
)
"""The preferences of the proxy, and of I2P, which Ouzel does not have."""

FILTER: Final = (
    Row("ip_filter_enabled", lambda view: view.stats is not None and view.stats.ip_filter is not None),
    Row("ip_filter_path", lambda view: view.stats.ip_filter.file if view.stats and view.stats.ip_filter else ""),
    setting("ip_filter_trackers", "apply_ip_filter_to_trackers", False),
    Row("banned_IPs", lambda view: "\n".join(view.bans), _write_bans),
)
"""The preferences of the IP filter and the banned addresses. Only the daemon's configuration sets the filter."""

ANNOUNCES: Final = (
    setting("announce_to_all_trackers", "announce_to_all_trackers", False),
    setting("announce_to_all_tiers", "announce_to_all_tiers", True),
    setting("announce_ip", "announce_ip", ""),
    setting("announce_port", "announce_port", 0),
    setting("max_concurrent_http_announces", "max_concurrent_http_announces", 50),
    setting("stop_tracker_timeout", "stop_tracker_timeout", 2),
    fixed("reannounce_when_address_changed", False),
    setting("validate_https_tracker_certificate", "validate_https_trackers", True),
    setting("ssrf_mitigation", "ssrf_mitigation", True),
    setting("idn_support_enabled", "allow_idna", False),
)
"""The preferences of announces to trackers."""
