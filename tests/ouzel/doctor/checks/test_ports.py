"""Command lines of gateways, and ports in settings."""

import pytest

from ouzel.doctor.checks import ports
from ouzel.doctor.finding import Status
from ouzel.doctor.target import Paths, Target


@pytest.mark.parametrize(
    ("line", "gateway"),
    [
        ("/opt/ouzel/bin/python -I /opt/ouzel/bin/ouzel-gateway --config x", True),
        ("python -I -m gateway", True),
        ("nginx: master process", False),
        ("docker run gateway", False),
    ],
)
def test_a_gateway_is_known_by_its_command_line(line: str, gateway: bool) -> None:
    """Any other program on its port is a problem."""
    assert ports.is_gateway(line.split()) is gateway


def test_reachability_is_not_known() -> None:
    """The advice names the port of the configuration."""
    interfaces = "0.0.0.0:6999,[::]:6999s"
    sections = {"engine": {"listen_interfaces": interfaces}}
    [found] = ports.reachable(Target(config_file=None, paths=Paths(None, None, None), sections=sections))
    assert found.status is Status.UNKNOWN
    assert "6999" in str(found.advice)
