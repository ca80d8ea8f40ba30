from pathlib import Path

import msgspec
import pytest

from protocol.configuration.config_problem import InvalidConfig
from supervisor.commands.roots.roots_in_force import RootsInForce
from supervisor.config.config import Config, PathsConfig
from supervisor.config.config_changes import ConfigInForce


def config(*roots: Path) -> Config:
    """A configuration with these download roots."""
    return Config(
        paths=PathsConfig(
            resume_dir="/r", download_roots=[str(root) for root in roots], runtime_dir="/run", state_dir="/s"
        )
    )


def test_new_roots_are_the_next_engines_until_they_are_followed(tmp_path: Path) -> None:
    """The shared object stays the same. Missing roots are made."""
    one, two = tmp_path / "one", tmp_path / "two"
    one.mkdir()
    in_force = ConfigInForce(config(one))
    roots = RootsInForce(in_force, [])
    current = roots.current
    wanted = config(two)
    roots.prepare(wanted)
    assert two.is_dir()
    changed = [roots.changed]
    in_force.apply(wanted)
    changed.append(roots.changed)
    assert changed == [False, True]
    assert (roots.paths(), roots.wanted_paths()) == ([str(one)], [str(two)])
    roots.follow()
    assert roots.current is current
    assert (roots.paths(), roots.changed, current.default) == ([str(two)], False, str(two))


def test_a_configuration_with_the_same_roots_asks_no_disk(tmp_path: Path) -> None:
    """A disk that hangs does not delay a reload about something else."""
    in_force = ConfigInForce(config(tmp_path / "gone"))
    roots = RootsInForce(in_force, [])
    roots.prepare(msgspec.structs.replace(in_force.config))
    assert not (tmp_path / "gone").exists()


def test_a_root_that_cannot_be_made_refuses_the_configuration(tmp_path: Path) -> None:
    """The message names it by its place in the file."""
    file = tmp_path / "file"
    file.write_text("")
    roots = RootsInForce(ConfigInForce(config(tmp_path)), [])
    with pytest.raises(InvalidConfig, match=r"paths\.download_roots\[1\]: .*/file/below: "):
        roots.prepare(config(tmp_path, file / "below"))
