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


def test_a_folder_without_a_page_is_named(tmp_path: Path) -> None:
    """Archives of web interfaces for qBittorrent have their files in `public`."""
    file = tmp_path / "ouzel.toml"
    file.write_text(f'[paths]\nruntime_dir = "{tmp_path}/run"\n[gateway]\nwebui_dir = "{tmp_path}/ui"\n')
    config = gateway_config.load(file, {})
    with pytest.raises(InvalidConfig, match=r"gateway.webui_dir: '.*/ui' has no index.html$"):
        check.check_web_interfaces(config)
    (tmp_path / "ui" / "public").mkdir(parents=True)
    (tmp_path / "ui" / "public" / "index.html").touch()
    with pytest.raises(InvalidConfig, match=r"did you mean '.*/ui/public'\?$"):
        check.check_web_interfaces(config)
