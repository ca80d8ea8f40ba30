"""The configuration file's changes come into force by themselves, without SIGHUP."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tools.rig.daemon import Daemon
from tools.rig.waiting import until

pytestmark = [pytest.mark.process]


@pytest.fixture
def limited(root: Path) -> Iterator[Daemon]:
    """A daemon with a limit in its configuration."""
    with Daemon(root / "d", limits={"upload_bps": 70_000}) as daemon:
        until(daemon.healthy, "healthy")
        yield daemon


def upload_limit(daemon: Daemon) -> int:
    """The session's upload limit in force."""
    return next(iter(daemon.client.snapshot())).settings.upload_bps


def replaced(daemon: Daemon, before: int, after: int) -> str:
    """The text of the file with another limit."""
    return daemon.config.read_text().replace(f"upload_bps = {before}", f"upload_bps = {after}")


def test_a_changed_file_is_in_force_by_itself(limited: Daemon) -> None:
    """However it was written: in place, replaced by rename, or as the target of a link that was switched."""
    file = limited.config
    file.write_text(replaced(limited, 70_000, 60_000))
    until(lambda: upload_limit(limited) == 60_000, "written in place")

    new = file.with_suffix(".new")
    new.write_text(replaced(limited, 60_000, 50_000))
    new.rename(file)
    until(lambda: upload_limit(limited) == 50_000, "replaced")

    elsewhere = file.parent / "elsewhere"
    elsewhere.mkdir()
    target = elsewhere / "config.toml"
    target.write_text(replaced(limited, 50_000, 40_000))
    link = file.with_suffix(".link")
    link.symlink_to(target)
    os.replace(link, file)
    until(lambda: upload_limit(limited) == 40_000, "a link instead")
    target.write_text(replaced(limited, 40_000, 30_000))
    until(lambda: upload_limit(limited) == 30_000, "the link's target has changed")


def test_a_wrong_file_changes_nothing_until_it_is_corrected(limited: Daemon) -> None:
    """Neither does a missing one."""
    good = limited.config.read_text()
    limited.config.write_text(good + "\n[limits]\n")
    until(lambda: any(each.component == "config" for each in limited.client.health().reasons), "refused")
    assert upload_limit(limited) == 70_000
    limited.config.write_text(good)
    until(lambda: not limited.client.health().reasons, "corrected")
    limited.config.unlink()
    limited.config.with_suffix(".new").write_text(good.replace("70000", "20000"))
    assert not limited.client.health().reasons
    limited.config.with_suffix(".new").rename(limited.config)
    until(lambda: upload_limit(limited) == 20_000, "it is back")
