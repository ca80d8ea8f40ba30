"""The mounts of save paths, and whether the sandbox covers a save path."""

from engine_proc.storage.homes import Homes


def test_a_path_is_not_covered_any_more_once_a_mount_covers_its_root() -> None:
    """The answer of an earlier call is not used after the mounts have changed."""
    homes = Homes({"/": "1:1"})
    homes.cover(["/data"])
    assert homes.covers("/data/films")
    homes.read({"/": "1:1", "/data": "1:2"})
    assert not homes.covers("/data/films")
    homes.read({"/": "1:1"})
    assert homes.covers("/data/films")


def test_other_covered_directories_change_the_answer() -> None:
    """The answer of an earlier call is not used for another sandbox."""
    homes = Homes({"/": "1:1"})
    assert homes.covers("/data/films"), "without a sandbox every path can be written"
    homes.cover(["/elsewhere"])
    assert not homes.covers("/data/films")
    homes.cover(["/elsewhere", "/data/"])
    assert homes.covers("/data/films")
