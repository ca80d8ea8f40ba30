"""The unit's state, and its hardening."""

import pytest

from ouzel.doctor.checks import systemd
from ouzel.doctor.finding import Status
from ouzel.doctor.target import Paths, Target

HEALTHY = {"LoadState": "loaded", "ActiveState": "active", "UnitFileState": "enabled", "NRestarts": "0"}
DIRECTORIES = ("/var/lib/ouzel/resume", "/run/ouzel", "/var/lib/ouzel")


def target(*roots: str) -> Target:
    """A daemon with these download roots."""
    return Target(config_file=None, paths=Paths(*DIRECTORIES, roots))


def test_an_active_unit_is_in_order() -> None:
    """One finding."""
    assert [each.status for each in systemd.state(HEALTHY)] == [Status.OK]


@pytest.mark.parametrize(
    ("change", "status", "word"),
    [
        ({"ActiveState": "failed", "ExecMainStatus": "78"}, Status.ERROR, "exit code 78"),
        ({"ActiveState": "inactive"}, Status.WARNING, "inactive"),
        ({"UnitFileState": "disabled"}, Status.WARNING, "not enabled"),
        ({"NRestarts": "40"}, Status.WARNING, "40 times"),
        ({"NeedDaemonReload": "yes"}, Status.WARNING, "changed"),
    ],
)
def test_a_problem_of_the_state_is_found(change: dict[str, str], status: Status, word: str) -> None:
    """With a remedy."""
    found = next(each for each in systemd.state(HEALTHY | change) if word in each.seen)
    assert found.status is status
    assert found.advice


@pytest.mark.parametrize(
    ("root", "hardening", "word"),
    [
        ("/home/ann/films", {"ProtectHome": "yes"}, "ProtectHome=yes"),
        ("/srv/films", {"ProtectSystem": "strict"}, "ProtectSystem=strict"),
        ("/usr/films", {"ProtectSystem": "full"}, "ProtectSystem=full"),
        ("/tmp/films", {"PrivateTmp": "yes"}, "PrivateTmp=yes"),
        ("/srv/films", {"InaccessiblePaths": "-/srv"}, "InaccessiblePaths="),
        ("/srv/films", {"ReadOnlyPaths": "/srv"}, "ReadOnlyPaths="),
    ],
)
def test_hardening_that_hides_a_root_is_found(root: str, hardening: dict[str, str], word: str) -> None:
    """The finding names the directive and the root."""
    [found] = systemd.clashes(target(root), HEALTHY | hardening)
    assert (found.status, found.subject) == (Status.ERROR, root)
    assert word in found.seen


@pytest.mark.parametrize(
    "hardening", [{"ProtectHome": "yes", "ProtectSystem": "full", "PrivateTmp": "yes"}, {"ProtectHome": "no"}]
)
def test_the_usual_hardening_is_in_order(hardening: dict[str, str]) -> None:
    """A root in /srv is visible."""
    assert [each.status for each in systemd.clashes(target("/srv/films"), hardening)] == [Status.OK]


def test_a_root_in_read_write_paths_is_a_bind_mount() -> None:
    """So a missing disk would look mounted."""
    hardening = {"ProtectSystem": "strict", "ReadWritePaths": "/srv/films"}
    found = list(systemd.clashes(target("/srv/films"), hardening))
    assert found[0].status is Status.WARNING
