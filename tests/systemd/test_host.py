from tools.systemd.host import TOOLS, refusal


def test_it_says_what_it_lacks() -> None:
    """With the remedy."""
    assert "this is Darwin" in (refusal(0, "Darwin", [], apt=True) or "")
    assert "sudo scripts/systemd-test" in (refusal(1000, "Linux", [], apt=True) or "")
    lacking = refusal(0, "Linux", list(TOOLS), apt=False) or ""
    assert "systemd-nspawn" in lacking
    assert "apt-get install debootstrap systemd-container util-linux" in lacking


def test_what_can_be_installed_is_no_reason() -> None:
    """Neither is anything that is there."""
    assert refusal(0, "Linux", list(TOOLS), apt=True) is None
    assert refusal(0, "Linux", [], apt=False) is None
