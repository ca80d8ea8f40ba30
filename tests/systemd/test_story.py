from tools.systemd import distribution
from tools.systemd.story import installation


def test_the_page_s_own_lines_are_what_is_run() -> None:
    """From the umask to the start; each line by itself, so that no failure goes unnoticed."""
    lines = installation((distribution.ROOT / "docs/systemd.md").read_text())
    assert (lines[0], lines[-1]) == ("umask 022", "systemctl enable --now ouzel")
    assert not any("&&" in line or ";" in line for line in lines)
    assert any("--require-hashes" in line for line in lines)


def test_what_the_installation_names_is_in_the_distribution() -> None:
    """Files and folders of the checkout."""
    lines = installation((distribution.ROOT / "docs/systemd.md").read_text())
    named = {
        word.partition("/")[0] for line in lines for word in line.split() if word.startswith(("packaging/", "requ"))
    }
    assert named == {"packaging", "requirements.txt"}
    assert named <= set(distribution.SOURCES)
