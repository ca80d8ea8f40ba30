"""The gateway's configuration, from the daemon's file and from the environment."""

import ipaddress
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

import msgspec

from protocol.configuration import config_environment
from protocol.configuration.config_file import ConfigFile
from protocol.configuration.config_keys import Given, converted
from protocol.configuration.config_problem import InvalidConfig
from protocol.configuration.config_section import Section
from protocol.configuration.gateway_sections import GATEWAY_SECTIONS, GatewayConfig, MetricsConfig, TracesConfig
from protocol.wire.endpoints import NoHome, default_runtime_dir, default_state_dir

_ENVIRONMENT: Final = (
    *(f"OUZEL_{section.upper()}_" for section in GATEWAY_SECTIONS),
    *(f"OUZEL_PATHS_{key}" for key in ("RUNTIME_DIR", "STATE_DIR")),
)
"""The prefixes of the environment variables that the gateway reads."""


class GatewayPaths(Section, frozen=True, kw_only=True):
    """The keys of `[paths]` that the gateway uses. None means the default."""

    runtime_dir: str | None = None
    state_dir: str | None = None


class Config(Section, frozen=True, kw_only=True):
    """The gateway's configuration."""

    gateway: GatewayConfig = GatewayConfig()
    metrics: MetricsConfig = MetricsConfig()
    traces: TracesConfig = TracesConfig()
    paths: GatewayPaths = GatewayPaths()

    @property
    def runtime_dir(self) -> Path:
        """The directory of the daemon's sockets. Raises NoHome if there is no default."""
        return Path(self.paths.runtime_dir) if self.paths.runtime_dir else default_runtime_dir(os.environ)

    @property
    def state_dir(self) -> Path:
        """The gateway's own directory. Raises NoHome if there is no default."""
        if self.gateway.state_dir:
            return Path(self.gateway.state_dir)
        return (Path(self.paths.state_dir) if self.paths.state_dir else default_state_dir()) / "gateway"


def load(file: Path | None, environ: Mapping[str, str] = os.environ) -> Config:
    """Reads and validates the configuration.

    Args:
        file: the daemon's TOML file. Without a file, all keys have their defaults.
        environ: the environment. Variables of other sections are ignored.

    Raises:
        InvalidConfig: the file cannot be read or is not TOML, or a key is wrong.
    """
    known = {**GATEWAY_SECTIONS, "paths": GatewayPaths.__struct_fields__}
    own = {name: value for name, value in environ.items() if _is_own(name)}
    source = None if file is None else ConfigFile.read(file)
    if source is not None:
        content = {name: table for name, table in source.content.items() if name in known}
        if isinstance(paths := content.get("paths"), dict):
            content["paths"] = {key: value for key, value in paths.items() if key in known["paths"]}
        source = source._replace(content=content)
    given = Given(source, config_environment.read(own, known), known)
    sections, problems = converted(given, Config)
    if problems:
        raise InvalidConfig(problems)
    config: Config = msgspec.convert(sections, Config)
    problems = [given.blame(key, message) for key, message in _check(config)]
    if problems:
        raise InvalidConfig(problems)
    return config


def address_of(listen: str) -> tuple[str, int]:
    """Splits `127.0.0.1:8080` or `[::1]:8080`. Raises ValueError."""
    host, _, port = listen.rpartition(":")
    if host.startswith("[") and host.endswith("]"):
        host = host[1:-1]
    elif ":" in host:
        raise ValueError(listen)
    if not host or not port.isascii() or not port.isdigit() or int(port) > 65535:
        raise ValueError(listen)
    return host, int(port)


def is_local(listen: str) -> bool:
    """Whether only this machine can connect to an address. Raises ValueError."""
    host, _ = address_of(listen)
    return host == "localhost" or host == "::1" or host.startswith("127.")


def _check(config: Config) -> Iterator[tuple[str, str]]:
    """Returns pairs of a key and its problem."""
    for key, listen in (("gateway.listen", config.gateway.listen), ("metrics.listen", config.metrics.listen)):
        if listen is not None:
            try:
                address_of(listen)
            except ValueError:
                yield key, f"{listen!r} is not ADDRESS:PORT, such as 127.0.0.1:8080 or [::1]:8080"
    for name in ("webui_dir", "transmission_webui_dir", "tls_certificate", "tls_key", "state_dir"):
        path = getattr(config.gateway, name)
        if path is not None and ("\0" in path or not Path(path).is_absolute()):
            yield f"gateway.{name}", f"{path!r} is not an absolute path"
    if (config.gateway.tls_certificate is None) != (config.gateway.tls_key is None):
        missing = "tls_key" if config.gateway.tls_key is None else "tls_certificate"
        yield f"gateway.{missing}", "missing: tls_certificate and tls_key belong together"
    if not config.gateway.username:
        yield "gateway.username", "is empty"
    if config.metrics.token is not None and not (config.metrics.token.isascii() and config.metrics.token.isprintable()):
        yield "metrics.token", "has other characters than printable ASCII"
    if config.traces.endpoint is not None and not _is_http(config.traces.endpoint):
        yield "traces.endpoint", f"{config.traces.endpoint!r} is no address such as http://127.0.0.1:4318"
    if config.metrics.token == "":
        yield "metrics.token", "is empty"
    if config.gateway.password == "":
        yield "gateway.password", "is empty"
    if config.gateway.password is not None and config.gateway.password_hash is not None:
        yield "gateway.password_hash", "is not used, since there is a password: remove one of them"
    for network in config.gateway.trusted_proxies:
        try:
            ipaddress.ip_network(network)
        except ValueError:
            yield "gateway.trusted_proxies", f"{network!r} is no address or network, such as 10.0.0.1 or 10.0.0.0/8"
    try:
        _ = config.runtime_dir, config.state_dir
    except NoHome as error:
        yield "paths.runtime_dir", str(error)


def _is_http(endpoint: str) -> bool:
    try:
        found = urlsplit(endpoint)
        return found.scheme in ("http", "https") and bool(found.hostname) and found.port != 0
    except ValueError:
        return False


def _is_own(variable: str) -> bool:
    return variable.upper().startswith(_ENVIRONMENT)
