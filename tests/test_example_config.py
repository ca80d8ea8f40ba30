"""packaging/ouzel.toml has every key, and every default as it is."""

import re
from pathlib import Path
from typing import Any, Final

import libtorrent
import msgspec

from engine_proc.session.session_settings import DEFAULTS
from gateway.config import gateway_config
from protocol.configuration.gateway_sections import GatewayConfig, MetricsConfig, TracesConfig
from supervisor.config.config import LimitsConfig, RestartConfig, SandboxConfig, load

PACKAGING: Final = Path(__file__).parent.parent / "packaging"
EXAMPLE: Final = PACKAGING / "ouzel.toml"

lt: Any = libtorrent  # the type stubs do not describe the result


def test_it_has_every_key() -> None:
    """A new key of the configuration is there, too."""
    text = EXAMPLE.read_text()
    sections: dict[str, dict[str, Any]] = msgspec.to_builtins(load(EXAMPLE, {}))
    for section, keys in sections.items():
        assert f"\n[{section}]" in text
        for key in keys:
            assert re.search(rf"(?m)^(# )?{key} = ", text)


def test_it_has_the_defaults() -> None:
    """Those of limits and restarts; in [engine], libtorrent's."""
    config = load(EXAMPLE, {})
    assert (config.limits, config.restart) == (LimitsConfig(), RestartConfig())
    assert config.sandbox == SandboxConfig()
    assert config.engine == {name: lt.default_settings()[name] for name in config.engine}


def test_what_is_commented_out_is_ouzels(tmp_path: Path) -> None:
    """All of Ouzel's own defaults, with their values."""
    whole = tmp_path / EXAMPLE.name
    whole.write_text(re.sub(r"(?m)^# (\w+ = )", r"\1", EXAMPLE.read_text()))
    shown = load(EXAMPLE, {}).engine
    assert {name: value for name, value in load(whole, {}).engine.items() if name not in shown} == DEFAULTS


def test_it_has_every_key_of_the_gateway() -> None:
    """With the defaults, except for the directory that the gateway's unit makes."""
    shown = gateway_config.load(EXAMPLE, {}).gateway
    assert shown == msgspec.structs.replace(GatewayConfig(), state_dir="/var/lib/ouzel-gateway")
    section = EXAMPLE.read_text().partition("\n[gateway]")[2].partition("\n[metrics]")[0]
    keys = re.findall(r"(?m)^(?:# )?(\w+) = ", section)
    assert keys == list(GatewayConfig.__struct_fields__)
    unit = (PACKAGING / "ouzel-gateway.service").read_text()
    assert "\nStateDirectory=ouzel-gateway\n" in unit
    assert f"--config /etc/ouzel/{EXAMPLE.name}\n" in unit
    assert "u ouzel-gateway " in (PACKAGING / "ouzel.sysusers.conf").read_text()


def test_it_has_every_key_of_the_metrics() -> None:
    """With the defaults."""
    assert gateway_config.load(EXAMPLE, {}).metrics == MetricsConfig()
    section = EXAMPLE.read_text().partition("\n[metrics]")[2].partition("\n[traces]")[0]
    assert re.findall(r"(?m)^(?:# )?(\w+) = ", section) == list(MetricsConfig.__struct_fields__)


def test_it_has_every_key_of_the_traces() -> None:
    """With the defaults."""
    assert gateway_config.load(EXAMPLE, {}).traces == TracesConfig()
    section = EXAMPLE.read_text().partition("\n[traces]")[2]
    assert re.findall(r"(?m)^(?:# )?(\w+) = ", section) == list(TracesConfig.__struct_fields__)


def test_its_paths_are_what_the_unit_makes() -> None:
    """Below the unit's directories, and the root that tmpfiles makes."""
    paths = load(EXAMPLE, {}).paths
    unit = (PACKAGING / "ouzel.service").read_text()
    assert "\nStateDirectory=ouzel\n" in unit
    assert "\nRuntimeDirectory=ouzel\n" in unit
    assert f"--config /etc/ouzel/{EXAMPLE.name}\n" in unit
    assert (paths.runtime_dir, paths.state_dir, paths.resume_dir) == (
        "/run/ouzel",
        "/var/lib/ouzel",
        "/var/lib/ouzel/resume",
    )
    assert [f"d {root} " in (PACKAGING / "ouzel.tmpfiles.conf").read_text() for root in paths.download_roots] == [True]
