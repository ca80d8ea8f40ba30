"""Problems of the configuration, named by key."""

from pathlib import Path

import pytest

from gateway import check
from gateway.config import gateway_config
from gateway.web.server import UnusableCertificate
from protocol.configuration.config_problem import InvalidConfig


@pytest.mark.parametrize(
    ("key", "names"),
    [
        ('password = ""', "gateway.password: is empty"),
        ('password = "a"\npassword_hash = "b"', "remove one of them"),
        ('password_hash = "b"', "gateway.password_hash"),
        ('trusted_proxies = ["proxy.home"]', "'proxy.home' is no address or network"),
        ('listen = "8080"', "ADDRESS:PORT"),
        ('tls_certificate = "/nowhere/c.pem"\ntls_key = "/nowhere/k.pem"', "/nowhere/c.pem"),
    ],
)
def test_a_wrong_configuration_is_named(tmp_path: Path, key: str, names: str) -> None:
    """The daemon leaves these keys to the gateway."""
    file = tmp_path / "ouzel.toml"
    file.write_text(f'[paths]\nstate_dir = "{tmp_path}/state"\nruntime_dir = "{tmp_path}/run"\n[gateway]\n{key}\n')
    with pytest.raises((InvalidConfig, UnusableCertificate)) as caught:
        check.check(gateway_config.load(file, {}))
    assert names in str(caught.value)
