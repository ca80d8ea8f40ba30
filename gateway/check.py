"""Checks the password's hash and the certificate, which reading the configuration does not check."""

from gateway.access import password
from gateway.access.password import InvalidHash
from gateway.config.gateway_config import Config
from gateway.web.server import tls_context
from protocol.configuration.config_problem import InvalidConfig, Problem


def check(config: Config) -> None:
    """Raises InvalidConfig or UnusableCertificate if the gateway would not start."""
    if config.gateway.password_hash is not None:
        try:
            password.check_hash(config.gateway.password_hash)
        except InvalidHash as error:
            raise InvalidConfig([Problem(message=str(error), key="gateway.password_hash")]) from error
    tls_context(config)
