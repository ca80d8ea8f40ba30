"""Problems of the configuration, named by key."""

from pathlib import Path

import pytest

from gateway import check
from gateway.config import gateway_config
from gateway.config.gateway_config import Config
from gateway.web.server import UnusableCertificate
from protocol.configuration.config_problem import InvalidConfig
from protocol.configuration.gateway_sections import TracesConfig


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


def test_traces_need_their_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    """If the key is given. Variables may be meant for other programs."""
    keyed, variables = Config(traces=TracesConfig(endpoint="http://a:1")), {check.TRACES_VARIABLES[0]: "http://a:1"}
    assert not check.is_traced(Config(), {})
    assert check.is_traced(Config(), variables)
    assert check.is_traced(keyed, {})
    monkeypatch.setattr(check, "TRACES_PACKAGE", "no_such_package.otlp")
    assert not check.is_traced(Config(), variables)
    with pytest.raises(InvalidConfig, match=r"traces.endpoint: .*pip install 'ouzel\[traces\]'"):
        check.is_traced(keyed, {})


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
