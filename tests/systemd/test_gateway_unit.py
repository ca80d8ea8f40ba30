from tools.systemd import distribution
from tools.systemd.gateway_unit import installation


def test_the_page_s_own_lines_are_what_is_run() -> None:
    """From the user to the password; what they name is in the distribution."""
    lines = installation((distribution.ROOT / "docs/gateway.md").read_text())
    assert lines[0].startswith("install ")
    assert lines[-2:] == ["systemctl enable --now ouzel-gateway", "journalctl -u ouzel-gateway --grep password"]
    assert not any("&&" in line or ";" in line for line in lines)
    named = {word for line in lines for word in line.split() if word.startswith("packaging/")}
    assert all((distribution.ROOT / word).is_file() for word in named)
