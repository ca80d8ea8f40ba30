"""Checks the configuration beyond the forms of its keys.

The password's hash, the certificate, the daemon on tcp, the extra `traces`, and the folders of web interfaces are
checked.
"""

import importlib.util
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from gateway.access import password
from gateway.access.password import InvalidHash
from gateway.config.gateway_config import Config
from gateway.web.server import tls_context
from ouzel.client.server import Server
from protocol.configuration.config_problem import InvalidConfig, Problem

PAGE: Final = "index.html"
TRACES_VARIABLES: Final = ("OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT")
TRACES_PACKAGE: Final = "opentelemetry.exporter.otlp.proto.http"


def check(config: Config) -> None:
    """Raises InvalidConfig or UnusableCertificate if the gateway would not start."""
    if config.gateway.password_hash is not None:
        try:
            password.check_hash(config.gateway.password_hash)
        except InvalidHash as error:
            raise InvalidConfig([Problem(message=str(error), key="gateway.password_hash")]) from error
    check_server()
    is_traced(config)
    tls_context(config)


def check_server() -> None:
    """Raises InvalidConfig if OUZEL_SERVER is wrong."""
    try:
        Server.named()
    except ValueError as error:
        raise InvalidConfig([Problem(message=str(error), variable="OUZEL_SERVER")]) from error


def is_traced(config: Config, environ: Mapping[str, str] = os.environ) -> bool:
    """Whether traces are exported.

    If the extra `traces` is not installed, OpenTelemetry's variables are ignored. They may be meant for other programs.

    Raises:
        InvalidConfig: `[traces] endpoint` is given, but the extra `traces` is not installed.
    """
    wanted = config.traces.endpoint is not None
    if not wanted and not any(environ.get(name) for name in TRACES_VARIABLES):
        return False
    try:
        return importlib.util.find_spec(TRACES_PACKAGE) is not None
    except ModuleNotFoundError as error:
        if wanted:
            problem = f"{error}; install the extra: pip install 'ouzel[traces]'"
            raise InvalidConfig([Problem(message=problem, key="traces.endpoint")]) from error
        return False


def check_web_interfaces(config: Config) -> None:
    """Raises InvalidConfig if the folder of a web interface has no page.

    The gateway itself starts even without the page.
    """
    for name in ("webui_dir", "transmission_webui_dir"):
        given = getattr(config.gateway, name)
        if given is not None and not (Path(given) / PAGE).is_file():
            inner = Path(given) / "public"
            hint = f"; did you mean {str(inner)!r}?" if (inner / PAGE).is_file() else ""
            raise InvalidConfig([Problem(message=f"{given!r} has no {PAGE}{hint}", key=f"gateway.{name}")])
