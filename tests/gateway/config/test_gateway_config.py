"""The gateway reads its sections of the daemon's file, and its variables."""

from pathlib import Path

import hypothesis.strategies as st
import pytest
from hypothesis import given

from gateway.config.gateway_config import address_of, load
from protocol.configuration.config_problem import InvalidConfig

ENVIRONMENT = {"HOME": "/home/somebody", "XDG_RUNTIME_DIR": "/run/user/1000"}


@pytest.mark.parametrize(
    ("listen", "wanted"),
    [("127.0.0.1:8080", ("127.0.0.1", 8080)), ("[::1]:0", ("::1", 0)), ("localhost:65535", ("localhost", 65535))],
)
def test_addresses(listen: str, wanted: tuple[str, int]) -> None:
    """A host and a port. An IPv6 address is in brackets."""
    assert address_of(listen) == wanted


@pytest.mark.parametrize("listen", ["", ":1", "8080", "::1:8080", "a:", "a:65536", "a:-1", "a:8_0", "a:٣", "[]:1"])
def test_no_addresses(listen: str) -> None:
    """The error is one that the check expects."""
    with pytest.raises(ValueError, match=r".*"):
        address_of(listen)


@given(text=st.text("ab:[].019_- ٣"))
def test_any_text_as_an_address(text: str) -> None:
    """Any text is an address with a port, or a ValueError."""
    try:
        host, port = address_of(text)
    except ValueError:
        return
    assert host
    assert 0 <= port <= 65535


def test_other_sections_do_not_matter(tmp_path: Path) -> None:
    """Keys that only the daemon knows are not checked. Of `[paths]`, two keys count."""
    file = tmp_path / "ouzel.toml"
    file.write_text(
        '[paths]\nruntime_dir = "/run/a"\nstate_dir = "/var/a"\nresume_dir = 7\n'
        '[limits]\nnonsense = true\n[gateway]\nlisten = "[::1]:1"\n[gatewayx]\n'
    )
    config = load(file, ENVIRONMENT)
    assert (config.gateway.listen, config.runtime_dir, config.state_dir) == (
        "[::1]:1",
        Path("/run/a"),
        Path("/var/a/gateway"),
    )


def test_variables_override_the_file(tmp_path: Path) -> None:
    """So do those of the paths. Variables of the daemon alone are left out."""
    file = tmp_path / "ouzel.toml"
    file.write_text('[gateway]\nusername = "one"\n')
    variables = {"OUZEL_GATEWAY_USERNAME": "two", "OUZEL_PATHS_RUNTIME_DIR": "/run/b", "OUZEL_LIMITS_NONSENSE": "1"}
    config = load(file, {**ENVIRONMENT, **variables})
    assert (config.gateway.username, config.runtime_dir) == ("two", Path("/run/b"))


@pytest.mark.parametrize(
    ("section", "names"),
    [
        ('listen = "here"', "gateway.listen"),
        ('webui_dir = "relative"', "gateway.webui_dir"),
        ('tls_key = "/a"', "gateway.tls_certificate"),
        ('username = ""', "gateway.username"),
        ('usrname = "a"', "username"),
        ("ban_s = 0", "gateway.ban_s"),
        ('trusted_proxies = ["proxy"]', "gateway.trusted_proxies"),
        ('[traces]\nendpoint = "localhost:4318"', "traces.endpoint"),
        ('[traces]\nendpoint = "http://[x"', "traces.endpoint"),
        ("[traces]\nratio = 1.5", "traces.ratio"),
    ],
)
def test_wrong_keys_are_named(tmp_path: Path, section: str, names: str) -> None:
    """The error names the key, or the nearest right one."""
    file = tmp_path / "ouzel.toml"
    file.write_text(f"[gateway]\n{section}\n")
    with pytest.raises(InvalidConfig, match=names):
        load(file, ENVIRONMENT)
