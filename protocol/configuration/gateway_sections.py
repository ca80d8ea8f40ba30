"""The sections `[gateway]`, `[metrics]` and `[traces]`, which the gateway reads. The daemon only knows their keys."""

from typing import Annotated, Final, Literal

import msgspec

from protocol.configuration.config_section import Section


class GatewayConfig(Section, frozen=True, kw_only=True):
    """`[gateway]`: the HTTP interfaces.

    Fields:
        listen: the address and port, `127.0.0.1:8080` or `[::1]:8080`.
        username: the name of the only user.
        password: the password. If neither `password` nor `password_hash` is set, the gateway makes a password at its
            first start.
        password_hash: the password's hash, as `ouzel-gateway --hash-password` prints it.
        webui_dir: the absolute path of a web interface that is served at `/`; None for the built-in page.
        transmission_webui_dir: the absolute path of a web interface that is served at `/transmission/web/`.
        tls_certificate, tls_key: the absolute paths of PEM files. Set both keys or none.
        session_timeout_s: a session without requests ends after this time.
        max_failed_logins: after this number of failed logins, an address is banned; 0 never bans.
        ban_s: how long a ban lasts.
        allowed_hosts: host names by which browsers may reach the gateway. IP addresses and `localhost` are always
            allowed. `*` allows all names.
        trusted_proxies: the addresses of reverse proxies. The gateway believes the header `X-Forwarded-For` of these
            proxies.
        allow_private_urls: whether torrents may be fetched from addresses that are not public.
        state_dir: the absolute path of the gateway's own directory; None for `gateway` in the daemon's state directory.
    """

    listen: str = "127.0.0.1:8080"
    username: str = "admin"
    password: str | None = None
    password_hash: str | None = None
    webui_dir: str | None = None
    transmission_webui_dir: str | None = None
    tls_certificate: str | None = None
    tls_key: str | None = None
    session_timeout_s: Annotated[int, msgspec.Meta(ge=1)] = 3600
    max_failed_logins: Annotated[int, msgspec.Meta(ge=0)] = 5
    ban_s: Annotated[int, msgspec.Meta(ge=1)] = 3600
    allowed_hosts: list[str] = []
    trusted_proxies: list[str] = []
    allow_private_urls: bool = False
    state_dir: str | None = None


class MetricsConfig(Section, frozen=True, kw_only=True):
    """`[metrics]`: the listener for metrics.

    Fields:
        listen: the address and port; None for no metrics.
        token: if given, scrapes must send it in the header `Authorization: Bearer`.
        libtorrent: `chosen` exports a choice of libtorrent's counters. `all` exports all counters in addition.
        per_torrent: whether each of the first thousand torrents has series of its own.
    """

    listen: str | None = None
    token: str | None = None
    libtorrent: Literal["chosen", "all"] = "chosen"
    per_torrent: bool = False


class TracesConfig(Section, frozen=True, kw_only=True):
    """`[traces]`: the export of traces by OTLP over HTTP.

    Fields:
        endpoint: the address of a receiver, such as `http://127.0.0.1:4318`. None for the endpoint in the environment:
            `OTEL_EXPORTER_OTLP_ENDPOINT` or `OTEL_EXPORTER_OTLP_TRACES_ENDPOINT`. Without an endpoint there are no
            traces.
        ratio: the share of the requests that is traced. If a client sends a trace with a request, the client decides.
    """

    endpoint: str | None = None
    ratio: Annotated[float, msgspec.Meta(ge=0, le=1)] = 1.0


GATEWAY_SECTIONS: Final = {
    "gateway": GatewayConfig.__struct_fields__,
    "metrics": MetricsConfig.__struct_fields__,
    "traces": TracesConfig.__struct_fields__,
}
"""The keys of each section. The daemon accepts these keys, and does not check their values."""
