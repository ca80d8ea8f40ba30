"""Checks what the configuration alone does not show: the password's hash, the certificate, and the daemon on tcp."""

from gateway.access import password
from gateway.access.password import InvalidHash
from gateway.config.gateway_config import Config
from gateway.web.server import tls_context
from ouzel.client.server import Server
from protocol.configuration.config_problem import InvalidConfig, Problem


def check(config: Config) -> None:
    """Raises InvalidConfig or UnusableCertificate if the gateway would not start."""
    if config.gateway.password_hash is not None:
        try:
            password.check_hash(config.gateway.password_hash)
        except InvalidHash as error:
            raise InvalidConfig([Problem(message=str(error), key="gateway.password_hash")]) from error
    try:
        Server.named()
    except ValueError as error:
        raise InvalidConfig([Problem(message=str(error), variable="OUZEL_SERVER")]) from error
    tls_context(config)
