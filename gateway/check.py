"""Checks the password's hash, the certificate, the daemon on tcp, and the folders of web interfaces."""

from pathlib import Path
from typing import Final

from gateway.access import password
from gateway.access.password import InvalidHash
from gateway.config.gateway_config import Config
from gateway.web.server import tls_context
from ouzel.client.server import Server
from protocol.configuration.config_problem import InvalidConfig, Problem

PAGE: Final = "index.html"


def check(config: Config) -> None:
    """Raises InvalidConfig or UnusableCertificate if the gateway would not start."""
    if config.gateway.password_hash is not None:
        try:
            password.check_hash(config.gateway.password_hash)
        except InvalidHash as error:
            raise InvalidConfig([Problem(message=str(error), key="gateway.password_hash")]) from error
    check_server()
    tls_context(config)


def check_server() -> None:
    """Raises InvalidConfig if OUZEL_SERVER is wrong."""
    try:
        Server.named()
    except ValueError as error:
        raise InvalidConfig([Problem(message=str(error), variable="OUZEL_SERVER")]) from error


def check_web_interfaces(config: Config) -> None:
    """Raises InvalidConfig if the folder of a web interface has no page. The gateway starts without it, too."""
    for name in ("webui_dir", "transmission_webui_dir"):
        given = getattr(config.gateway, name)
        if given is not None and not (Path(given) / PAGE).is_file():
            inner = Path(given) / "public"
            hint = f"; did you mean {str(inner)!r}?" if (inner / PAGE).is_file() else ""
            raise InvalidConfig([Problem(message=f"{given!r} has no {PAGE}{hint}", key=f"gateway.{name}")])
